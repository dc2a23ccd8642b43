//! A mail as it arrived, and as a reader's program takes it apart.

use tokio::time::Instant;

use super::codec::{base64, decoded, quoted_printable, words};

/// One mail that was taken.
#[derive(Clone, Debug)]
pub struct Mail {
    /// From 1, in the order of arrival.
    pub number: usize,
    pub at: Instant,
    /// The envelope's sender; empty for the null sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// The whole mail, with CRLF, without the dots that the protocol adds.
    pub raw: String,
    /// Unfolded, in order, not yet decoded.
    pub headers: Vec<(String, String)>,
}

/// One part of a mail that holds content, not further parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// In lower case, without parameters.
    pub content_type: String,
    /// Without the angle brackets; what `cid:` names.
    pub content_id: Option<String>,
    pub file_name: Option<String>,
    /// `attachment`, `inline`, or empty.
    pub disposition: String,
    /// As it was before it was encoded.
    pub content: Vec<u8>,
    charset: String,
}

impl Part {
    pub fn text(&self) -> String {
        decoded(&self.charset, &self.content)
    }
}

impl Mail {
    /// A header's value in full, decoded; the first one of that name in any case.
    pub fn header(&self, name: &str) -> Option<String> {
        find(&self.headers, name).map(words)
    }

    /// The readable part for a reader without HTML; empty when there is none.
    pub fn text(&self) -> String {
        self.body("text/plain")
    }

    pub fn html(&self) -> String {
        self.body("text/html")
    }

    fn body(&self, content_type: &str) -> String {
        let parts = self.parts();
        let found = parts.iter().find(|part| part.content_type == content_type && part.disposition != "attachment");
        found.map(Part::text).unwrap_or_default()
    }

    /// All parts with content, in order.
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        take_apart(&self.raw, &mut parts);
        parts
    }
}

/// The headers of a mail or a part, unfolded.
pub(super) fn headers(text: &str) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in head_and_body(text).0.split("\r\n").filter(|line| !line.is_empty()) {
        match headers.last_mut() {
            Some((_, value)) if line.starts_with([' ', '\t']) => value.push_str(line),
            _ => {
                let (name, value) = line.split_once(':').unwrap_or((line, ""));
                headers.push((name.to_owned(), value.trim().to_owned()));
            }
        }
    }
    headers
}

pub(super) fn head_and_body(text: &str) -> (&str, &str) {
    // A part may begin with the empty line: it has no headers.
    text.strip_prefix("\r\n").map_or_else(|| text.split_once("\r\n\r\n").unwrap_or((text, "")), |body| ("", body))
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn take_apart(text: &str, parts: &mut Vec<Part>) {
    let headers = headers(text);
    let body = head_and_body(text).1;
    let content_type = find(&headers, "Content-Type").unwrap_or("text/plain");
    let kind = first(content_type);
    if let Some(boundary) = parameter(content_type, "boundary").filter(|_| kind.starts_with("multipart/")) {
        let delimiter = format!("\r\n--{boundary}");
        // The line break before a delimiter belongs to it; the first may stand at the very beginning.
        let body = format!("\r\n{body}");
        for part in body.split(&delimiter).skip(1).take_while(|part| !part.starts_with("--")) {
            take_apart(part.split_once("\r\n").map_or("", |(_, part)| part), parts);
        }
        return;
    }
    let encoding = find(&headers, "Content-Transfer-Encoding").unwrap_or("7bit").trim().to_lowercase();
    let content = match encoding.as_str() {
        "base64" => base64(body.as_bytes()).unwrap_or_default(),
        "quoted-printable" => quoted_printable(body.as_bytes()),
        _ => body.as_bytes().to_vec(),
    };
    let disposition = find(&headers, "Content-Disposition").unwrap_or_default();
    let file_name = parameter(disposition, "filename").or_else(|| parameter(content_type, "name"));
    let content_id = find(&headers, "Content-ID").map(|id| id.trim_matches(['<', '>']).to_owned());
    parts.push(Part {
        content_type: kind,
        content_id,
        file_name: file_name.map(|name| words(&name)),
        disposition: first(disposition),
        content,
        charset: parameter(content_type, "charset").unwrap_or_default(),
    });
}

/// What is before the parameters.
fn first(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_lowercase()
}

fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|parameter| {
        let (found, value) = parameter.split_once('=')?;
        found.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// Why a mail is refused, if it is.
pub(super) fn fault(raw: &[u8], eight_bit: bool, utf8: bool) -> Option<String> {
    let Ok(text) = std::str::from_utf8(raw) else { return Some("the mail is not UTF-8".to_owned()) };
    if raw.contains(&0) {
        return Some("a NUL in the mail".to_owned());
    }
    let (head, body) = head_and_body(text);
    if !head.is_ascii() && !utf8 {
        return Some("a header is not ASCII".to_owned());
    }
    if !body.is_ascii() && !eight_bit {
        return Some("an 8-bit body without BODY=8BITMIME".to_owned());
    }
    if let Some(line) = head.split("\r\n").find(|line| !line.starts_with([' ', '\t']) && !is_field(line)) {
        return Some(format!("`{line}` is no header"));
    }
    let headers = headers(text);
    for name in ["From", "Date", "Message-ID"] {
        if find(&headers, name).is_none_or(str::is_empty) {
            return Some(format!("no {name}"));
        }
    }
    for name in ["From", "Sender", "Reply-To", "To", "Cc", "Message-ID", "In-Reply-To", "References", "Subject", "Date"]
    {
        if headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).count() > 1 {
            return Some(format!("{name} occurs twice"));
        }
    }
    let id = find(&headers, "Message-ID").unwrap_or_default();
    let id = id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).and_then(|id| id.split_once('@'));
    if id.is_none_or(|(left, right)| left.is_empty() || right.is_empty() || right.contains(['@', '<', '>', ' '])) {
        return Some("the Message-ID is not `<left@right>`".to_owned());
    }
    None
}

fn is_field(line: &str) -> bool {
    line.split_once(':').is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()))
}
