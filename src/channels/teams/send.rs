//! Brings a card to a Teams flow, and reads what the flow makes of it.

use jiff::SignedDuration;
use serde_json::Value;

use super::Settings;
use crate::channels::{Outcome, Parcel, http};
use crate::message::clean;

pub(in crate::channels) async fn send(client: &http::Client, settings: &Settings, parcel: Parcel<'_>) -> Outcome {
    match client.post(settings.url(), parcel.body, parcel.now).await {
        Ok(answer) => judge_status(answer.status, answer.retry_after, &answer.body),
        Err(outcome) => outcome,
    }
}

/// What an answer means: <https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook>.
/// A good one says that the flow was started, and no more.
pub fn judge_status(status: u16, retry_after: Option<SignedDuration>, body: &str) -> Outcome {
    let json: Option<Value> = serde_json::from_str(body).ok();
    let error = json.as_ref().and_then(|json| json.get("error"));
    let part = |key| error.and_then(|error| error.get(key)).and_then(Value::as_str).unwrap_or_default();
    let (code, message) = (part("code"), part("message"));
    let why = match (code, message) {
        ("", "") => format!("the Teams flow answered {status}"),
        (code, "") => clean(&format!("the Teams flow answered {status}: {code}")),
        (code, message) => clean(&format!("the Teams flow answered {status}: {code} {message}")),
    };
    match (status, code) {
        (200..300, _) => Outcome::Delivered,
        (429, _) => Outcome::too_fast(retry_after, why),
        (500.. | 408, _) => Outcome::again(retry_after, why),
        (400.., "WorkflowNotFound" | "WorkflowTriggerIsNotEnabled") => Outcome::ChannelDown { why },
        (400 | 413 | 415 | 422, _) => Outcome::Refused { why, degrade: true },
        _ => Outcome::ChannelDown { why },
    }
}
