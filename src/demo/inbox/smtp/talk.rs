//! One connection to the mail server, command by command.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use super::super::super::wire::Tcp;
use super::codec::base64;
use super::{Security, SmtpFault, State, mail};

/// A line of a mail, with its CRLF (RFC 5321, 4.5.3.1.6).
const LONGEST_LINE: usize = 1000;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

struct Talk {
    stream: Box<dyn Stream>,
    /// Read, and not yet used.
    buffer: Vec<u8>,
    state: Arc<State>,
    fault: Option<SmtpFault>,
    secure: bool,
    greeted: bool,
    known: bool,
    envelope: Option<Envelope>,
}

#[derive(Default)]
struct Envelope {
    from: String,
    to: Vec<String>,
    eight_bit: bool,
    utf8: bool,
}

/// A line without its CRLF.
enum Line {
    Whole(Vec<u8>),
    TooLong,
    /// It holds a CR or an LF on its own.
    Bare,
}

/// What becomes of the connection after a command.
enum Next {
    Reply(u16, String),
    /// A reply of the server's strictness, kept as a refusal.
    Refuse(u16, &'static str),
    Data,
    StartTls,
    Quit,
}

/// Serves one connection to its end; how it ends is the caller's right.
pub(super) async fn talk(tcp: Tcp, state: Arc<State>, fault: Option<SmtpFault>) {
    let _ = try_talk(tcp, state, fault).await;
}

async fn try_talk(tcp: Tcp, state: Arc<State>, fault: Option<SmtpFault>) -> io::Result<()> {
    if matches!(fault, Some(SmtpFault::HangBeforeGreeting)) {
        let _held = tcp;
        return std::future::pending().await;
    }
    let implicit = matches!(state.options.security, Security::Implicit(_));
    let mut talk = Talk {
        stream: Box::new(tcp),
        buffer: Vec::new(),
        state,
        fault,
        secure: false,
        greeted: false,
        known: false,
        envelope: None,
    };
    if implicit {
        talk = talk.secured().await?;
    }
    if matches!(talk.fault, Some(SmtpFault::Status421)) {
        return talk.reply(421, "mail.example.test Service not available").await;
    }
    talk.reply(220, "mail.example.test ESMTP").await?;
    loop {
        let line = match talk.line().await? {
            Line::Whole(line) => String::from_utf8(line).ok(),
            Line::TooLong | Line::Bare => None,
        };
        let Some(line) = line.filter(|line| line.len() <= 510 && !line.contains('\0')) else {
            talk.refuse(500, "a command is too long, not UTF-8, or holds a bare CR or LF", "").await?;
            continue;
        };
        match talk.command(&line).await? {
            Next::Reply(code, text) => talk.reply(code, &text).await?,
            Next::Refuse(code, why) => talk.refuse(code, why, &line).await?,
            Next::StartTls => {
                talk.reply(220, "Ready to start TLS").await?;
                talk = talk.secured().await?;
            }
            Next::Data => {
                if !talk.data().await? {
                    return Ok(());
                }
            }
            Next::Quit => return talk.reply(221, "Bye").await,
        }
    }
}

impl Talk {
    async fn secured(self) -> io::Result<Self> {
        let config = self.state.tls.clone().expect("an identity is set where TLS is spoken");
        let stream = TlsAcceptor::from(config).accept(self.stream).await?;
        // All that was said in the clear is forgotten (RFC 3207, 4.2).
        Ok(Self { stream: Box::new(stream), secure: true, greeted: false, known: false, envelope: None, ..self })
    }

    async fn reply(&mut self, code: u16, text: &str) -> io::Result<()> {
        let lines: Vec<_> = text.split('\n').collect();
        let mut reply = String::new();
        for (at, line) in lines.iter().enumerate() {
            let separator = if at + 1 == lines.len() { " " } else { "-" };
            reply.extend([&code.to_string(), separator, line, "\r\n"]);
        }
        self.stream.write_all(reply.as_bytes()).await?;
        self.stream.flush().await
    }

    async fn refuse(&mut self, code: u16, why: &str, line: &str) -> io::Result<()> {
        // A line may hold a password.
        let verb = line.split(' ').next().unwrap_or_default();
        self.state.refuse(format!("{verb}: {code} {why}"));
        self.reply(code, why).await
    }

    async fn line(&mut self) -> io::Result<Line> {
        let mut looked_at = 0;
        let end = loop {
            if let Some(at) = self.buffer[looked_at..].iter().position(|byte| *byte == b'\n') {
                break looked_at + at;
            }
            looked_at = self.buffer.len();
            if looked_at > self.state.options.size + (1 << 20) {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
        if line.len() > LONGEST_LINE {
            return Ok(Line::TooLong);
        }
        line.pop();
        if line.pop() != Some(b'\r') || line.contains(&b'\r') {
            return Ok(Line::Bare);
        }
        Ok(Line::Whole(line))
    }

    /// A line of a login, decoded; `None` if it is not base64.
    async fn secret(&mut self, prompt: &str) -> io::Result<Option<Vec<u8>>> {
        self.reply(334, prompt).await?;
        Ok(match self.line().await? {
            Line::Whole(line) => base64(&line),
            Line::TooLong | Line::Bare => None,
        })
    }

    async fn command(&mut self, line: &str) -> io::Result<Next> {
        let (verb, rest) = line.split_once(' ').map_or((line, None), |(verb, rest)| (verb, Some(rest)));
        let verb = verb.to_ascii_uppercase();
        let must_secure = matches!(self.state.options.security, Security::StartTls { required: true, .. });
        if must_secure && !self.secure && matches!(verb.as_str(), "MAIL" | "RCPT" | "DATA" | "AUTH") {
            return Ok(Next::Refuse(530, "5.7.0 Must issue a STARTTLS command first"));
        }
        Ok(match (verb.as_str(), rest) {
            ("EHLO" | "HELO", Some(domain)) if !domain.is_empty() && !domain.contains(' ') => {
                self.greeted = true;
                self.envelope = None;
                Next::Reply(250, if verb == "EHLO" { self.extensions() } else { "mail.example.test".to_owned() })
            }
            ("EHLO" | "HELO", _) => Next::Refuse(501, "5.5.4 A domain is missing"),
            ("NOOP", _) => Next::Reply(250, "OK".to_owned()),
            ("QUIT", None) => Next::Quit,
            ("RSET", None) => {
                self.envelope = None;
                Next::Reply(250, "OK".to_owned())
            }
            ("STARTTLS", None) => self.starttls(),
            ("AUTH", Some(rest)) => self.auth(rest).await?,
            ("MAIL", Some(rest)) => self.mail(rest),
            ("RCPT", Some(rest)) => self.recipient(rest),
            ("DATA", None) => match &self.envelope {
                Some(envelope) if !envelope.to.is_empty() => Next::Data,
                _ => Next::Refuse(503, "5.5.1 RCPT first"),
            },
            ("QUIT" | "RSET" | "STARTTLS" | "DATA", Some(_)) | ("AUTH" | "MAIL" | "RCPT", None) => {
                Next::Refuse(501, "5.5.4 Syntax error in parameters")
            }
            ("VRFY" | "EXPN" | "HELP" | "BDAT" | "ETRN", _) => Next::Refuse(502, "5.5.1 Not implemented"),
            _ => Next::Refuse(500, "5.5.1 Not known"),
        })
    }

    fn extensions(&self) -> String {
        let options = &self.state.options;
        let mut lines = vec!["mail.example.test".to_owned(), format!("SIZE {}", options.size), "8BITMIME".to_owned()];
        let may_secure = matches!(options.security, Security::StartTls { .. }) && !self.secure;
        if may_secure {
            lines.push("STARTTLS".to_owned());
        }
        if options.login.is_some() && !may_secure {
            lines.push(format!("AUTH {}", options.mechanisms.join(" ")));
        }
        if options.smtputf8 {
            lines.push("SMTPUTF8".to_owned());
        }
        lines.join("\n")
    }

    fn starttls(&self) -> Next {
        match self.state.options.security {
            Security::StartTls { .. } if self.secure => Next::Refuse(503, "5.5.1 TLS is spoken already"),
            // What comes in the clear behind the command could have been put there by anyone.
            Security::StartTls { .. } if !self.buffer.is_empty() => Next::Refuse(501, "5.5.4 Something follows"),
            Security::StartTls { .. } => Next::StartTls,
            _ => Next::Refuse(502, "5.5.1 Not implemented"),
        }
    }

    async fn auth(&mut self, rest: &str) -> io::Result<Next> {
        let Some(login) = self.state.options.login.clone() else {
            return Ok(Next::Refuse(502, "5.5.1 Not implemented"));
        };
        if !self.greeted || self.known || self.envelope.is_some() {
            return Ok(Next::Refuse(503, "5.5.1 Out of order"));
        }
        let (mechanism, initial) = rest.split_once(' ').map_or((rest, None), |(name, rest)| (name, Some(rest)));
        let initial = initial.map(|text| base64(text.as_bytes()));
        let mechanism = mechanism.to_ascii_uppercase();
        let right = match mechanism.as_str() {
            offered if !self.state.options.mechanisms.contains(&offered) => {
                return Ok(Next::Refuse(504, "5.5.4 No such mechanism"));
            }
            "XOAUTH2" => {
                let given = if let Some(given) = initial { given } else { self.secret("").await? };
                let token = self.state.kept().token.clone().unwrap_or(login.password);
                let right = given == Some(format!("user={}\x01auth=Bearer {token}\x01\x01", login.user).into_bytes());
                // A token that is refused is told in a question, which is to be answered with nothing.
                if !right && self.secret(REFUSED_TOKEN).await?.is_none_or(|answer| !answer.is_empty()) {
                    return Ok(Next::Refuse(501, "5.5.2 Not an empty line"));
                }
                right
            }
            "PLAIN" => {
                let given = if let Some(given) = initial { given } else { self.secret("").await? };
                let Some(given) = given else { return Ok(Next::Refuse(501, "5.5.2 Not base64")) };
                // An authorization identity may stand first; nobody here acts for another.
                given == [&[0], login.user.as_bytes(), &[0], login.password.as_bytes()].concat()
            }
            "LOGIN" => {
                let user = if let Some(user) = initial { user } else { self.secret("VXNlcm5hbWU6").await? };
                let password = self.secret("UGFzc3dvcmQ6").await?;
                let (Some(user), Some(password)) = (user, password) else {
                    return Ok(Next::Refuse(501, "5.5.2 Not base64"));
                };
                user == login.user.as_bytes() && password == login.password.as_bytes()
            }
            _ => return Ok(Next::Refuse(504, "5.5.4 No such mechanism")),
        };
        self.known = right;
        let (code, text) =
            if right { (235, "2.7.0 Welcome") } else { (535, "5.7.8 Authentication credentials invalid") };
        Ok(Next::Reply(code, text.to_owned()))
    }

    fn mail(&mut self, rest: &str) -> Next {
        let options = &self.state.options;
        if !self.greeted || self.envelope.is_some() {
            return Next::Refuse(503, "5.5.1 Out of order");
        }
        if options.login.is_some() && !self.known {
            return Next::Refuse(530, "5.7.0 Authentication required");
        }
        let Some((from, parameters)) = path(rest, "FROM:") else {
            return Next::Refuse(501, "5.1.7 Not `FROM:<address>`");
        };
        let mut envelope = Envelope { from: from.to_owned(), ..Envelope::default() };
        for parameter in parameters {
            match parameter.to_ascii_uppercase().as_str() {
                "BODY=8BITMIME" => envelope.eight_bit = true,
                "BODY=7BIT" => {}
                "SMTPUTF8" if options.smtputf8 => envelope.utf8 = true,
                size if size.strip_prefix("SIZE=").is_some_and(|size| size.parse::<usize>().is_ok()) => {
                    if size[5..].parse::<usize>().is_ok_and(|size| size > options.size) {
                        return Next::Refuse(552, "5.3.4 Too large");
                    }
                }
                _ => return Next::Refuse(555, "5.5.4 A parameter is not known"),
            }
        }
        if !(from.is_empty() || is_address(from, envelope.utf8)) {
            return Next::Refuse(501, "5.1.7 The sender is no address");
        }
        self.envelope = Some(envelope);
        Next::Reply(250, "2.1.0 OK".to_owned())
    }

    fn recipient(&mut self, rest: &str) -> Next {
        let Some(envelope) = &mut self.envelope else { return Next::Refuse(503, "5.5.1 MAIL first") };
        let Some((to, parameters)) = path(rest, "TO:") else {
            return Next::Refuse(501, "5.1.3 Not `TO:<address>`");
        };
        if !parameters.is_empty() {
            return Next::Refuse(555, "5.5.4 A parameter is not known");
        }
        if !is_address(to, envelope.utf8) {
            return Next::Refuse(501, "5.1.3 The recipient is no address");
        }
        if let Some(code) = self.state.reject_of(to) {
            let class = if code < 500 { "4.2.1" } else { "5.1.1" };
            return Next::Reply(code, format!("{class} <{to}>: Recipient address rejected"));
        }
        envelope.to.push(to.to_owned());
        Next::Reply(250, "2.1.5 OK".to_owned())
    }

    /// Reads the mail; whether the connection goes on.
    async fn data(&mut self) -> io::Result<bool> {
        self.reply(354, "End data with <CR><LF>.<CR><LF>").await?;
        let envelope = self.envelope.take().unwrap_or_default();
        let mut raw = Vec::new();
        let mut broken = None;
        loop {
            match self.line().await? {
                Line::Whole(line) if line == b"." => break,
                Line::Whole(line) => {
                    raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
                    raw.extend_from_slice(b"\r\n");
                }
                Line::TooLong => broken = Some("a line is longer than 998".to_owned()),
                Line::Bare => broken = Some("a bare CR or LF".to_owned()),
            }
        }
        if raw.len() > self.state.options.size {
            self.refuse(552, "5.3.4 Too large", "DATA").await?;
            return Ok(true);
        }
        if let Some(why) = broken.or_else(|| mail::fault(&raw, envelope.eight_bit || envelope.utf8, envelope.utf8)) {
            self.refuse(550, &format!("5.6.0 {why}"), "DATA").await?;
            return Ok(true);
        }
        let take = || {
            let raw = String::from_utf8(raw).expect("it was checked");
            self.state.take(envelope.from, envelope.to, raw);
        };
        match self.fault {
            Some(SmtpFault::HangAfterData) => std::future::pending().await,
            Some(SmtpFault::Reject554AfterData) => self.reply(554, "5.7.1 Message rejected").await?,
            Some(SmtpFault::CutAfterData) => {
                take();
                return Ok(false);
            }
            _ => {
                take();
                self.reply(250, "2.0.0 OK: queued").await?;
            }
        }
        Ok(true)
    }
}

/// `{"status":"401","schemes":"bearer"}`.
const REFUSED_TOKEN: &str = "eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIn0=";

/// The address in `FROM:<address> PARAMETER…`, and the parameters. No space may stand within the first.
fn path<'a>(rest: &'a str, keyword: &str) -> Option<(&'a str, Vec<&'a str>)> {
    let start = rest.get(..keyword.len())?;
    let (address, after) = rest[keyword.len()..].strip_prefix('<')?.split_once('>')?;
    let well_formed = start.eq_ignore_ascii_case(keyword) && (after.is_empty() || after.starts_with(' '));
    well_formed.then(|| (address, after.split(' ').filter(|parameter| !parameter.is_empty()).collect()))
}

fn is_address(address: &str, utf8: bool) -> bool {
    let wrong =
        |character: char| character.is_whitespace() || character.is_control() || "<>,;:\\\"".contains(character);
    let domain_is_wrong = |domain: &str| domain.is_empty() || domain.split('.').any(str::is_empty);
    (utf8 || address.is_ascii())
        && !address.contains(wrong)
        && address.rsplit_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && local.len() <= 64 && !local.contains('@') && !domain_is_wrong(domain)
        })
}
