//! E-mail, through an SMTP server: one mail for each recipient, as text and as HTML.
//!
//! A payload holds the mail's parts; the mail itself is made when it is sent, since it names its recipient and its moment.

pub(super) mod format;
mod limits;
pub(super) mod send;
mod settings;

pub use send::judge_reply;
pub use settings::{Addresses, Settings, Smtp, SmtpWritten, Tls, Written};

/// Whether a stored mail is within the limits.
#[cfg(test)]
pub(super) fn check(body: &str) -> Result<(), String> {
    limits::check(&serde_json::from_str(body).map_err(|error| error.to_string())?)
}
