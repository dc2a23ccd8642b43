//! Brings a message to Slack, and reads what a webhook makes of it.

use jiff::SignedDuration;
use serde_json::Value;

use super::settings::Way;
use super::{Settings, bot};
use crate::channels::{Outcome, Parcel, Scope, http};
use crate::message::clean;

pub(in crate::channels) async fn send(client: &http::Client, settings: &Settings, parcel: Parcel<'_>) -> Outcome {
    match &settings.way {
        Way::Bot(bot) => bot::send(client, bot, parcel).await,
        Way::Webhook { url } => match client.post(url, parcel.body, parcel.now).await {
            Ok(answer) => judge_status(answer.status, answer.retry_after, &answer.body),
            Err(outcome) => outcome,
        },
    }
}

/// Whether Slack can be reached, and lets the bot in. Sends nothing.
pub(in crate::channels) async fn reach(client: &http::Client, settings: &Settings) -> Result<String, String> {
    match &settings.way {
        Way::Bot(bot) => bot::reach(client, bot).await,
        Way::Webhook { url } => client.reach(url).await,
    }
}

/// What an answer means: <https://api.slack.com/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks>. The text
/// decides before the status does; only 200 with `ok` is success.
pub fn judge_status(status: u16, retry_after: Option<SignedDuration>, body: &str) -> Outcome {
    if status == 200 && body == "ok" {
        return Outcome::Delivered;
    }
    let json: Option<Value> = serde_json::from_str(body).ok();
    let word = json.as_ref().and_then(|json| json.get("error")).and_then(Value::as_str).unwrap_or(body.trim());
    let why = match word {
        "" => format!("Slack answered {status}"),
        word => clean(&format!("Slack answered {status}: {word}")),
    };
    match (status, word) {
        // <https://docs.slack.dev/apis/web-api/rate-limits>: the whole hook is to wait.
        (429, _) => {
            let in_body = json.as_ref().and_then(|json| json.get("retry_after")).and_then(Value::as_i64);
            Outcome::too_fast(retry_after.or(in_body.map(http::wait)), why)
        }
        (500.. | 408, _) => Outcome::again(retry_after, why),
        // A page from something in between, perhaps: nobody knows whether Slack saw it.
        (..300, _) => Outcome::Retry { after: None, scope: Scope::Delivery, maybe_taken: true, why },
        (
            400..,
            "invalid_token"
            | "action_prohibited"
            | "posting_to_general_channel_denied"
            | "channel_not_found"
            | "channel_is_archived"
            | "no_service"
            | "no_service_id"
            | "no_team"
            | "no_active_hooks",
        ) => Outcome::ChannelDown { why },
        (400 | 413 | 415 | 422, _) => Outcome::Refused { why, degrade: true },
        _ => Outcome::ChannelDown { why },
    }
}
