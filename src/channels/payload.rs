//! A message in a channel's own form.

use std::fmt;

/// A message in a channel's own form, within the channel's limits: to hold one means that it was rendered and checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    body: String,
    plainer: Vec<String>,
    title: String,
}

impl Payload {
    /// `plainer` are forms to fall back on, each plainer than the one before; no more than two are ever asked for.
    pub(super) fn new(body: String, plainer: Vec<String>, title: String) -> Self {
        Self { body, plainer, title }
    }

    /// The same with another body, which is within the limits, too.
    pub(super) fn with_body(self, body: String) -> Self {
        Self { body, ..self }
    }

    /// What is sent.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// What is sent, once, in place of a body that the vendor refused.
    pub fn plainer(&self) -> Option<&str> {
        self.plainer.first().map(String::as_str)
    }

    /// What is sent, once, where that is refused too.
    pub fn plainest(&self) -> Option<&str> {
        self.plainer.get(1).map(String::as_str)
    }

    /// The first line, without anybody's name: for listings and logs.
    pub fn title(&self) -> &str {
        &self.title
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({:?}, {} bytes)", self.title, self.body.len())
    }
}
