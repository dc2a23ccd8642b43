//! Reads what Slack's Web API makes of a bot's message. Errors come as words in a good answer, with status 200:
//! <https://docs.slack.dev/reference/methods/chat.postMessage#errors>, <https://docs.slack.dev/reference/methods/chat.update#errors>.

use jiff::SignedDuration;
use serde::Deserialize;

use crate::channels::{Outcome, Scope, http};
use crate::message::clean;

/// What Slack was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A message of its own.
    Post,
    /// One under another.
    Reply,
    /// One in the place of another.
    Edit,
}

/// As much of an answer as matters.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Answered {
    ok: Option<bool>,
    pub error: String,
    /// Of a scope that is missing.
    needed: Option<String>,
    channel: Option<String>,
    ts: Option<String>,
    retry_after: Option<i64>,
    /// What a token belongs to.
    pub user: Option<String>,
    pub team: Option<String>,
}

/// What an answer means. `channel` is the operator's word for where it should go.
pub fn judge_answer(
    asked: Asked,
    channel: &str,
    status: u16,
    retry_after: Option<SignedDuration>,
    body: &str,
) -> Outcome {
    let said: Option<Answered> = serde_json::from_str(body).ok();
    match said {
        Some(said) if said.ok == Some(true) && status == 200 => match (&said.channel, &said.ts) {
            (Some(channel), Some(ts)) => Outcome::Posted { receipt: format!("{channel}/{ts}") },
            _ => Outcome::Delivered,
        },
        Some(said) if said.ok == Some(false) && !said.error.is_empty() => {
            let after = retry_after.or(said.retry_after.map(http::wait));
            judge_word(asked, channel, status, after, &said)
        }
        _ => judge_status(status, retry_after),
    }
}

/// An answer that is none of Slack's: a page from something in between, perhaps.
fn judge_status(status: u16, retry_after: Option<SignedDuration>) -> Outcome {
    let why = format!("Slack answered {status}, and not in its own words");
    match status {
        429 => Outcome::too_fast(retry_after, why),
        408 | 500.. => Outcome::again(retry_after, why),
        // Nobody knows whether Slack saw it.
        ..300 => Outcome::Retry { after: None, scope: Scope::Delivery, maybe_taken: true, why },
        413 => Outcome::Refused { why, degrade: true },
        _ => Outcome::ChannelDown {
            why: format!("{why}: is `api_url` right, and does a gateway or a proxy let it through?"),
        },
    }
}

fn judge_word(asked: Asked, channel: &str, status: u16, after: Option<SignedDuration>, said: &Answered) -> Outcome {
    let word = &*said.error;
    let told = |advice: &str| clean(&format!("Slack answered {word}: {advice}"));
    let bare = || clean(&format!("Slack answered {word}"));
    if let Some(advice) = of_the_token(said) {
        return Outcome::ChannelDown { why: told(&advice) };
    }
    match (asked, word) {
        (_, "ratelimited" | "rate_limited" | "message_limit_exceeded") => Outcome::too_fast(after, bare()),
        _ if status == 429 => Outcome::too_fast(after, bare()),
        // Some of it may have been done before that was said.
        (_, "internal_error" | "fatal_error") => {
            Outcome::Retry { after, scope: Scope::Delivery, maybe_taken: asked != Asked::Edit, why: bare() }
        }
        (_, "service_unavailable" | "request_timeout" | "team_added_to_org" | "update_failed") => {
            Outcome::again(after, bare())
        }
        (_, word) if of_the_message(word) => Outcome::Refused { why: bare(), degrade: true },
        (Asked::Edit, "message_not_found" | "edit_window_closed" | "cant_update_message") => {
            Outcome::Gone { why: told("the message can be changed no more") }
        }
        (Asked::Reply, "thread_not_found" | "message_not_found" | "cannot_reply_to_message") => {
            Outcome::Gone { why: told("the message can be answered no more") }
        }
        (asked, word) => match of_the_channel(word, channel) {
            // Where that one stands may be another channel than the one that is configured now, which shows its own state.
            Some(advice) if asked != Asked::Post => Outcome::Gone { why: told(&advice) },
            Some(advice) => Outcome::ChannelDown { why: told(&advice) },
            None if status >= 500 || status == 408 => Outcome::again(after, bare()),
            None => {
                Outcome::ChannelDown { why: told("look for that word in Slack's documentation of chat.postMessage") }
            }
        },
    }
}

/// What to do about a token, where it is the token's fault.
pub(super) fn of_the_token(said: &Answered) -> Option<String> {
    const ANEW: &str = "install the app anew (OAuth & Permissions), and give its new Bot User OAuth Token";
    Some(match &*said.error {
        "not_authed" => {
            "no token arrived there: does something on the way take the Authorization header out?".to_owned()
        }
        "invalid_auth" => format!("it does not know the token, or not from this machine's address; {ANEW}"),
        "token_revoked" | "token_expired" => format!("the token is good no more; {ANEW}"),
        "account_inactive" | "user_removed_from_team" => format!("the token's bot or workspace is gone; {ANEW}"),
        "missing_scope" => {
            let needed = said.needed.as_deref().unwrap_or("chat:write");
            format!("the app lacks the scope `{needed}`: add it under OAuth & Permissions, and install the app anew")
        }
        "not_allowed_token_type" | "no_permission" => {
            "the token may not do that: give the app's Bot User OAuth Token, with the scope `chat:write`".to_owned()
        }
        "access_denied"
        | "team_access_not_granted"
        | "ekm_access_denied"
        | "accesslimited"
        | "org_login_required"
        | "two_factor_setup_required"
        | "enterprise_is_restricted" => "the workspace does not let the app in: ask its administrators".to_owned(),
        _ => return None,
    })
}

/// What to do about a channel, where it is the channel's fault.
fn of_the_channel(word: &str, channel: &str) -> Option<String> {
    Some(match word {
        "channel_not_found" => {
            format!(
                "it knows no channel `{channel}`, or the bot may not see it: correct `channel`, or invite the bot there"
            )
        }
        "not_in_channel" => {
            format!("the bot is not in `{channel}`: invite it there, or give the app the scope `chat:write.public`")
        }
        "is_archived" => format!("`{channel}` is archived: bring it back, or give another `channel`"),
        "user_not_found" | "user_disabled" | "messages_tab_disabled" | "cannot_dm_bot" => {
            format!("it takes no messages for `{channel}`: give another `channel`")
        }
        word if word.starts_with("restricted_action") || word.starts_with("channel_type_not_supported") => {
            format!("the bot may not post in `{channel}`: have that allowed there, or give another `channel`")
        }
        _ => return None,
    })
}

/// Whether a word says that the message is what is wrong.
fn of_the_message(word: &str) -> bool {
    matches!(
        word,
        "msg_too_long"
            | "msg_blocks_too_long"
            | "invalid_blocks"
            | "invalid_blocks_format"
            | "invalid_attachments"
            | "too_many_attachments"
            | "no_text"
            | "invalid_arguments"
            | "invalid_arg_name"
            | "invalid_array_arg"
            | "invalid_charset"
            | "invalid_form_data"
            | "invalid_post_type"
            | "missing_post_type"
            | "invalid_json"
            | "json_not_object"
            | "attachment_payload_limit_exceeded"
            | "slack_connect_blocked_file_type"
    )
}
