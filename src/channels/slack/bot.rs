//! Posts and edits as a bot, through Slack's Web API: <https://docs.slack.dev/reference/methods/chat.postMessage>.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::{Answered, Asked, judge_answer, of_the_token};
use super::settings::Bot;
use crate::channels::{Belongs, Outcome, Parcel, http};
use crate::message::clean;

/// The colour of what is over, where the message has none of its own.
const GREEN: &str = "#2e7d32";
/// Without this nothing can be posted; apps of old have a scope that holds it.
const SCOPE: &str = "chat:write";
const OF_OLD: [&str; 2] = ["bot", "chat:write:bot"];

pub(super) async fn send(client: &http::Client, bot: &Bot, parcel: Parcel<'_>) -> Outcome {
    let Ok(message) = serde_json::from_str::<Value>(parcel.body) else {
        return Outcome::Refused { why: "the message is no JSON".to_owned(), degrade: true };
    };
    match parcel.belongs {
        Belongs::Instead { receipt } => match receipt.and_then(place) {
            Some((channel, ts)) => {
                let edited = edited(message, channel, ts);
                call(client, bot, "chat.update", Asked::Edit, &edited, parcel.now).await
            }
            None => Outcome::Gone { why: "what it should change was not posted with the bot's token".to_owned() },
        },
        Belongs::Under { receipt, beside } => match receipt.and_then(place) {
            Some((channel, ts)) => {
                let mut reply = message.clone();
                reply["channel"] = channel.into();
                reply["thread_ts"] = ts.into();
                if beside {
                    reply["reply_broadcast"] = true.into();
                }
                match call(client, bot, "chat.postMessage", Asked::Reply, &reply, parcel.now).await {
                    // Somebody deleted it, or the bot posts elsewhere by now: it is told all the same.
                    Outcome::Gone { .. } => post(client, bot, message, parcel.now).await,
                    outcome => outcome,
                }
            }
            None => post(client, bot, message, parcel.now).await,
        },
        Belongs::Alone => post(client, bot, message, parcel.now).await,
    }
}

async fn post(client: &http::Client, bot: &Bot, mut message: Value, now: Timestamp) -> Outcome {
    message["channel"] = bot.channel.as_str().into();
    call(client, bot, "chat.postMessage", Asked::Post, &message, now).await
}

/// What is changed of a posted message: its coloured box and its notification. Blocks that are left out stay as they were, so that
/// nothing that was told is taken back: <https://docs.slack.dev/reference/methods/chat.update>.
fn edited(mut message: Value, channel: &str, ts: &str) -> Value {
    let text = message["text"].take();
    let blocks = message["blocks"].take();
    let boxed = match (blocks, message["attachments"].take()) {
        (Value::Array(mut blocks), Value::Array(mut attachments)) if !attachments.is_empty() => {
            if let Value::Array(context) = attachments[0]["blocks"].take() {
                blocks.extend(context);
            }
            attachments[0]["blocks"] = blocks.into();
            attachments[0]["fallback"] = text.clone();
            Value::Array(attachments)
        }
        _ => json!([{"color": GREEN, "fallback": text, "text": text}]),
    };
    json!({"channel": channel, "ts": ts, "text": text, "attachments": boxed})
}

async fn call(client: &http::Client, bot: &Bot, method: &str, asked: Asked, body: &Value, now: Timestamp) -> Outcome {
    let address = http::method(&bot.api, method);
    let outcome = match client.call(&address, &bot.token, body.to_string(), now).await {
        Ok(answer) => judge_answer(asked, &bot.channel, answer.status, answer.retry_after, &answer.body),
        Err(outcome) => outcome,
    };
    outcome.hiding(|why| http::hide(&address, &bot.token, &why))
}

/// Whether the token is known, and may post. Gives whose it is.
pub(super) async fn reach(client: &http::Client, bot: &Bot) -> Result<String, String> {
    let address = http::method(&bot.api, "auth.test");
    let host = http::host(&bot.api)?;
    let hide = |why: &str| http::hide(&address, &bot.token, why);
    let answer = client
        .call(&address, &bot.token, "{}".to_owned(), Timestamp::UNIX_EPOCH)
        .await
        .map_err(|outcome| hide(&format!("{host}: {}", outcome.why().unwrap_or_default())))?;
    let said: Answered = serde_json::from_str(&answer.body)
        .map_err(|_| format!("{host}: it answered {}, and not in Slack's words: is `api_url` right?", answer.status))?;
    if !said.error.is_empty() {
        let advice = of_the_token(&said).map_or_else(String::new, |advice| format!(": {advice}"));
        return Err(hide(&clean(&format!("Slack answered {}{advice}", said.error))));
    }
    let writes = |scope: &str| scope == SCOPE || OF_OLD.contains(&scope);
    if answer.scopes.is_some_and(|scopes| !scopes.split(',').map(str::trim).any(writes)) {
        return Err(format!(
            "the app lacks the scope `{SCOPE}`: add it under OAuth & Permissions, and install the app anew"
        ));
    }
    let named = |name: &Option<String>| clean(name.as_deref().unwrap_or("?"));
    Ok(hide(&format!("`{}` of the workspace `{}`", named(&said.user), named(&said.team))))
}

/// The channel and the message that a receipt names.
fn place(receipt: &str) -> Option<(&str, &str)> {
    receipt.split_once('/').filter(|(channel, ts)| !channel.is_empty() && !ts.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_leaves_the_blocks_and_says_its_own_in_the_coloured_box() {
        let message = json!({"text": "over", "unfurl_links": false, "blocks": [{"type": "a"}],
            "attachments": [{"color": "#2e7d32", "blocks": [{"type": "b"}]}]});
        assert_eq!(
            edited(message, "C1", "1.2"),
            json!({"channel": "C1", "ts": "1.2", "text": "over",
                "attachments": [{"color": "#2e7d32", "fallback": "over", "blocks": [{"type": "a"}, {"type": "b"}]}]})
        );
        assert_eq!(
            edited(json!({"text": "over"}), "C1", "1.2"),
            json!({"channel": "C1", "ts": "1.2", "text": "over",
                "attachments": [{"color": "#2e7d32", "fallback": "over", "text": "over"}]})
        );
    }

    #[test]
    fn a_receipt_is_a_channel_and_a_message() {
        assert_eq!(place("C012/1405894322.002768"), Some(("C012", "1405894322.002768")));
        assert_eq!([place(""), place("C012"), place("/1.2"), place("C012/")], [None; 4]);
    }
}
