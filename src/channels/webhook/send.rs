//! Brings a message to a webhook, and reads what the receiver makes of it.

use jiff::SignedDuration;

use super::Settings;
use crate::channels::{Outcome, Parcel, http};
use crate::message::clean;

pub(in crate::channels) async fn send(client: &http::Client, settings: &Settings, parcel: Parcel<'_>) -> Outcome {
    let id = id(parcel.message_id);
    let timestamp = parcel.now.as_second();
    let mut headers = vec![("webhook-id", id.clone()), ("webhook-timestamp", timestamp.to_string())];
    if let Some(first) = parcel.in_reply_to {
        headers.push(("headcount-follows", self::id(first)));
    }
    if let Some(keys) = settings.keys() {
        headers.push(("webhook-signature", keys.sign(&id, timestamp, parcel.body)));
    }
    match client.post_with(settings.url(), parcel.body, &headers, parcel.now).await {
        Ok(answer) => judge_status(answer.status, answer.retry_after, &answer.body),
        Err(outcome) => outcome,
    }
}

/// The same for every try: by it a receiver knows what it has taken already.
fn id(message_id: &str) -> String {
    let hash = message_id.trim_start_matches('<').split('@').next().unwrap_or_default();
    format!("msg_{hash}")
}

/// What an answer means: any of the 2xx is success, and 410 asks for no more,
/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>. Other refusals may be of
/// this message (400, 413, 415, 422), or of whoever sends it: then somebody has to see to the channel.
pub fn judge_status(status: u16, retry_after: Option<SignedDuration>, body: &str) -> Outcome {
    let said = body.trim();
    let why = match (status, said) {
        (410, _) => "the webhook answered 410: its receiver wants no more".to_owned(),
        // A page says nothing that a line can hold.
        (_, said) if said.is_empty() || said.starts_with('<') => format!("the webhook answered {status}"),
        (_, said) => clean(&format!("the webhook answered {status}: {said}")),
    };
    match status {
        200..300 => Outcome::Delivered,
        429 => Outcome::too_fast(retry_after, why),
        408 | 425 | 500.. => Outcome::again(retry_after, why),
        400 | 413 | 415 | 422 => Outcome::Refused { why, degrade: true },
        _ => Outcome::ChannelDown { why },
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_id_is_the_same_for_every_try() {
        assert_eq!(super::id("<0123abcd@example.com>"), "msg_0123abcd");
    }
}
