//! Puts a message into a channel's own form, and brings it there.
//!
//! `format` thinks: message in, payload out, within the vendor's limits; it never fails, since a broken template falls back
//! to plain words. `send` touches: payload in, [`Outcome`] out; it never fails, since "again later" and "never" are answers.
//! Decides neither who is told nor when to try again.

use jiff::SignedDuration;

/// What came of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Delivered,
    Retry { after: Option<SignedDuration>, scope: Scope, maybe_taken: bool, why: String },
    Refused { why: String, degrade: bool },
    ChannelDown { why: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Delivery,
    Channel,
}
// TEMPORARY until the room is furnished
pub struct Payload;
impl Payload {
    pub fn title(&self) -> &str {
        ""
    }
    pub fn body(&self) -> &str {
        ""
    }
    pub fn plainer(&self) -> Option<&str> {
        None
    }
}
pub struct Channel;
impl Channel {
    pub fn name(&self) -> &str {
        ""
    }
    pub fn from_domain(&self) -> &str {
        ""
    }
    pub fn recipients(&self) -> Vec<String> {
        vec![]
    }
    pub async fn send(&self, _p: &Parcel<'_>) -> Outcome {
        Outcome::Delivered
    }
}
pub struct Parcel<'a> {
    pub body: &'a str,
    pub recipient: &'a str,
    pub message_id: &'a str,
    pub in_reply_to: Option<&'a str>,
    pub now: jiff::Timestamp,
}
