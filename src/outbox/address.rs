//! Addresses payloads: who gets which, under which name.

use ring::digest;

use super::NewDelivery;
use crate::channels::{Channel, Payload};
use crate::hex;
use crate::message::Kind;

/// What one payload is about.
#[derive(Clone, Debug)]
pub struct Addressed<'a> {
    /// The stable name of what is told.
    pub cause: &'a str,
    /// The cause of the message that this one follows, where there is one.
    pub follows: Option<&'a str>,
    pub kind: Kind,
    pub urgent: bool,
}

/// One delivery for each recipient of the channel.
pub fn address(payload: &Payload, channel: &Channel, about: &Addressed<'_>) -> Vec<NewDelivery> {
    channel.recipients().iter().map(|recipient| address_to(payload, channel, recipient, about)).collect()
}

/// A delivery to one recipient, whether the channel has it or may write to it.
pub fn address_to(payload: &Payload, channel: &Channel, recipient: &str, about: &Addressed<'_>) -> NewDelivery {
    let id = |cause: &str| message_id(cause, &channel.name, channel.from_domain());
    NewDelivery {
        cause: about.cause.to_owned(),
        channel: channel.name.clone(),
        recipient: recipient.to_owned(),
        kind: about.kind.word(),
        form: channel.kind().word(),
        title: payload.title().to_owned(),
        body: payload.body().to_owned(),
        plainer: payload.plainer().map(str::to_owned),
        plainest: payload.plainest().map(str::to_owned),
        message_id: id(about.cause),
        in_reply_to: about.follows.filter(|first| *first != about.cause).map(id),
        thread: None,
        held: None,
        urgent: about.urgent,
    }
}

/// `<32 hex of SHA-256(cause, channel)@domain>`: the same over tries, restarts and instances.
pub fn message_id(cause: &str, channel: &str, domain: &str) -> String {
    let hash = digest::digest(&digest::SHA256, format!("{cause}\n{channel}").as_bytes());
    format!("<{}@{domain}>", hex::encode(&hash.as_ref()[..16]))
}

#[cfg(test)]
mod tests {
    use super::message_id;

    #[test]
    fn a_message_id_is_stable_and_tells_channels_apart() {
        let one = message_id("poll:prod:2026-03-29T06:00:00Z:crowded", "bosses", "example.com");
        assert_eq!(one, message_id("poll:prod:2026-03-29T06:00:00Z:crowded", "bosses", "example.com"));
        assert_ne!(one, message_id("poll:prod:2026-03-29T06:00:00Z:crowded", "ops", "example.com"));
        assert!(one.len() == 1 + 32 + "@example.com>".len() && one.starts_with('<'));
    }
}
