//! Writes the mail to one recipient, from the parts that the store keeps. Thinks only.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lettre::Message;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};

use super::format::{CHART, Parts};
use super::{Settings, list};
use crate::channels::Parcel;

/// The longest name of a channel in a List-Id.
const LONGEST_LABEL: usize = 40;

/// The mail, with the headers that keep answering machines quiet and let readers thread and sort it.
pub(super) fn mail(settings: &Settings, channel: &str, parcel: Parcel<'_>) -> Result<Message, String> {
    let parts: Parts =
        serde_json::from_str(parcel.body).map_err(|error| format!("the stored mail is broken: {error}"))?;
    let known = settings.to.iter().find(|to| to.email.to_string() == parcel.recipient);
    let to: Mailbox = match known {
        Some(to) => to.clone(),
        None => parcel.recipient.parse().map_err(|error| format!("the recipient is no mail address: {error}"))?,
    };
    let mut mail = Message::builder()
        .from(settings.from.clone())
        .to(to)
        .date(SystemTime::from(parcel.now))
        .message_id(Some(bracketed(parcel.message_id)))
        .subject(parts.subject);
    if let Some(earlier) = parcel.in_reply_to {
        mail = mail.in_reply_to(bracketed(earlier)).references(bracketed(earlier));
    }
    // Exchange and Outlook keep together what has one topic, MS-OXCMAIL 2.2.3.2.6.
    if let Some(topic) = &parts.topic {
        mail = mail.raw_header(header("Thread-Topic", topic));
    }
    // RFC 3834, MS-OXCMAIL 2.1.3.2.20, and RFC 2919.
    mail = mail
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("X-Auto-Response-Suppress", "All"))
        .raw_header(header("List-Id", &list_id(channel, settings.from.email.domain())));
    if parts.urgent {
        mail = mail.raw_header(header("X-Priority", "1")).raw_header(header("Importance", "high"));
    }
    let Parts { text, html, chart, people, .. } = parts;
    let alternative = MultiPart::alternative().singlepart(SinglePart::plain(text));
    let body = match chart {
        None => alternative.singlepart(SinglePart::html(html)),
        Some(chart) => {
            let png = BASE64.decode(chart).map_err(|error| format!("the stored chart is broken: {error}"))?;
            let kind =
                ContentType::parse("image/png").map_err(|error| format!("the stored chart is broken: {error}"))?;
            let inline = Attachment::new_inline_with_name(CHART.to_owned(), "chart.png".to_owned()).body(png, kind);
            let related = MultiPart::related().singlepart(SinglePart::html(html)).singlepart(inline);
            alternative.multipart(related)
        }
    };
    let body = match people {
        None => body,
        Some(people) => {
            let kind = ContentType::parse("text/csv; charset=utf-8");
            let kind = kind.map_err(|error| format!("the list cannot be attached: {error}"))?;
            // As bytes: what is text may have its line ends changed on the way.
            let file = Attachment::new(list::NAME.to_owned()).body(people.into_bytes(), kind);
            MultiPart::mixed().multipart(body).singlepart(file)
        }
    };
    mail.multipart(body).map_err(|error| error.to_string())
}

/// What a reader's rules may sort by: `headcount <bosses.headcount.example.com>`. Whatever the channel is called, it is a name
/// of hosts, on one line.
fn list_id(channel: &str, domain: &str) -> String {
    let label: String = channel
        .chars()
        .take(LONGEST_LABEL)
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let label = label.trim_matches('-');
    let label = if label.is_empty() { "channel" } else { label };
    format!("headcount <{label}.headcount.{domain}>")
}

fn bracketed(id: &str) -> String {
    if id.starts_with('<') { id.to_owned() } else { format!("<{id}>") }
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::list_id;

    #[test]
    fn a_list_is_named_by_its_channel_whatever_that_is_called() {
        for (channel, name) in [
            ("bosses", "bosses"),
            ("On Call_2", "on-call-2"),
            ("a\r\nBcc: x@y", "a--bcc--x-y"),
            ("ледник", "channel"),
            ("", "channel"),
        ] {
            assert_eq!(list_id(channel, "example.com"), format!("headcount <{name}.headcount.example.com>"));
        }
    }
}
