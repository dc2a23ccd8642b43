//! Holds what must not be shown.
//!
//! A [`Secret`] prints as `***` everywhere; [`Secret::expose`] is called at a few known doors only
//! (`channels/http.rs`, `channels/email/send.rs` and `token.rs`, `channels/webhook/sign.rs`, `qlik/pfx`, `store/key.rs`).

use std::fmt;

/// A text that never reaches a log, an error, a page or a `Debug`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(Box<str>);

impl Secret {
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text itself. Each caller is a door that the house knows of.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
