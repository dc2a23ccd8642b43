//! How much of each limit a payload uses, for people to see.

use serde_json::Value;

use super::{ChannelKind, email, file, slack, teams, webhook};

/// One limit, and what is used of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    pub what: &'static str,
    pub used: usize,
    pub most: usize,
}

impl Used {
    pub(super) fn new(what: &'static str, used: usize, most: usize) -> Self {
        Self { what, used, most }
    }
}

/// What a body uses of its channel's limits.
pub fn used(kind: ChannelKind, body: &str) -> Vec<Used> {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    match kind {
        ChannelKind::Slack => slack::limits::used(&value),
        ChannelKind::Teams => teams::limits::used(&value),
        ChannelKind::Email => email::used(&value),
        ChannelKind::Webhook => vec![Used::new("bytes", body.len(), webhook::limits::BYTES)],
        ChannelKind::File => vec![Used::new("bytes", body.len(), file::limits::BYTES)],
    }
}
