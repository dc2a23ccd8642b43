//! E-mail, through an SMTP server: one mail for each recipient, as text and as HTML.
//!
//! A payload holds the mail's parts; the mail itself is made when it is sent, since it names its recipient and its moment.

pub(super) mod format;
mod limits;
mod mail;
mod reply;
pub(super) mod send;
mod settings;
mod token;

pub use reply::{Stage, judge_reply};
pub use settings::{Addresses, Login, OAuth2Written, Secrets, Settings, Smtp, SmtpWritten, Tls, Written};

/// Whether a stored mail is within the limits.
#[cfg(test)]
pub(super) fn check(body: &str) -> Result<(), String> {
    limits::check(&serde_json::from_str(body).map_err(|error| error.to_string())?)
}
