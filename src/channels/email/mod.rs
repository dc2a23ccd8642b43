//! E-mail, through an SMTP server: one mail for each recipient, as text and as HTML.
//!
//! A payload holds the mail's parts; the mail itself is made when it is sent, since it names its recipient and its moment.

pub(super) mod format;
mod limits;
pub(super) mod list;
mod mail;
mod reply;
pub(super) mod send;
mod settings;
mod token;

pub use format::CHART;
pub use reply::{Stage, judge_reply};
pub use settings::{
    Addresses, Login, MailPeopleWritten, OAuth2Written, Secrets, Settings, Smtp, SmtpWritten, Tls, Written,
};

use jiff::Timestamp;

use super::{Belongs, Parcel, Used};

/// What a mail uses of its limits.
pub(super) fn used(parts: &serde_json::Value) -> Vec<Used> {
    limits::used(parts)
}

/// The whole mail as it would be sent, between addresses that nobody has.
pub fn example(body: &str, now: Timestamp) -> Result<String, String> {
    let address = |name: &str| format!("{name}@example.com").parse().map_err(|error| format!("{name}: {error}"));
    let smtp = Smtp { host: "mail.example.com".to_owned(), port: 587, tls: Tls::Starttls, login: None };
    let settings =
        Settings { from: address("headcount")?, to: vec![address("reader")?], smtp, mail_people: Vec::new() };
    let parcel = Parcel {
        body,
        recipient: "reader@example.com",
        message_id: "00000000000000000000000000000000@example.com",
        in_reply_to: None,
        belongs: Belongs::Alone,
        now,
        state: std::path::Path::new(""),
    };
    Ok(String::from_utf8_lossy(&mail::mail(&settings, "preview", parcel)?.formatted()).into_owned())
}

/// A mail as text, which begins with its subject.
pub(super) fn words(payload: &super::Payload) -> String {
    match serde_json::from_str::<format::Parts>(payload.body()) {
        Ok(parts) if parts.text.starts_with(&parts.subject) => parts.text,
        Ok(parts) => format!("{}\n\n{}", parts.subject, parts.text),
        Err(_) => payload.title().to_owned(),
    }
}

/// Whether a stored mail is within the limits.
#[cfg(test)]
pub(super) fn check(body: &str) -> Result<(), String> {
    limits::check(&serde_json::from_str(body).map_err(|error| error.to_string())?)
}
