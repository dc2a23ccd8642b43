//! What Slack's Web API takes of a bot: who it is, what it may do, and where; the words with which it refuses the rest.
//!
//! <https://docs.slack.dev/reference/methods/chat.postMessage>, `chat.update`, `auth.test`.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::check::At;
use super::slack::{self, Refusal};

/// A workspace, and the app in it whose bot posts.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// `xoxb-…`; another one is not known.
    pub token: String,
    /// The word with which the token is refused, though it is known: `token_revoked`, `account_inactive`.
    pub refused: Option<&'static str>,
    pub scopes: Vec<&'static str>,
    pub channels: Vec<Channel>,
    /// The word with which every edit is refused.
    pub edits: Option<&'static str>,
    posts: Vec<Post>,
    taken: usize,
}

/// One channel of a workspace.
#[derive(Clone, Debug)]
pub struct Channel {
    pub id: &'static str,
    /// Without `#`.
    pub name: &'static str,
    pub public: bool,
    /// Whether the bot was invited.
    pub member: bool,
    pub archived: bool,
}

/// A message as the channel shows it now.
#[derive(Clone, Debug)]
pub struct Post {
    pub channel: &'static str,
    pub ts: String,
    pub thread: Option<String>,
    /// Shown in the channel though it is in a thread.
    pub broadcast: bool,
    pub edited: bool,
    /// What it says: `text`, `blocks` and `attachments`.
    pub message: Value,
}

impl Workspace {
    /// With the public channel `#ops`, and the private one `#board`; the bot was invited to neither.
    pub fn new(token: &str) -> Self {
        let channel = |id, name, public| Channel { id, name, public, member: false, archived: false };
        Self {
            token: token.to_owned(),
            refused: None,
            scopes: vec!["chat:write", "chat:write.public"],
            channels: vec![channel("C00000OPS", "ops", true), channel("C0000BOARD", "board", false)],
            edits: None,
            posts: Vec::new(),
            taken: 0,
        }
    }

    /// What the channels show, oldest first.
    pub fn posts(&self) -> &[Post] {
        &self.posts
    }

    /// Takes a message away, as somebody who may do that would.
    pub fn delete(&mut self, ts: &str) {
        self.posts.retain(|post| post.ts != ts);
    }

    pub(super) fn scopes(&self) -> String {
        self.scopes.join(",")
    }

    /// Answers one call: what the real one would say, and why, where that is a refusal. The answer says `ok`, whatever its status.
    pub(super) fn call(
        &mut self,
        method: &str,
        headers: &BTreeMap<String, String>,
        raw: &[u8],
    ) -> (Value, Option<String>) {
        match self.called(method, headers, raw) {
            Ok(answer) => (answer, None),
            Err((word, why)) => {
                let mut answer = json!({"ok": false, "error": word});
                if word == "missing_scope" {
                    answer["needed"] = "chat:write".into();
                    answer["provided"] = self.scopes().into();
                }
                (answer, Some(format!("{method}: {word}: {why}")))
            }
        }
    }

    fn called(&mut self, method: &str, headers: &BTreeMap<String, String>, raw: &[u8]) -> Result<Value, Refusal> {
        let header = |name: &str| headers.get(name).map_or("", String::as_str);
        let bearer = header("authorization").strip_prefix("Bearer ").unwrap_or_default();
        if bearer.is_empty() {
            return Err(("not_authed", "no bearer".to_owned()));
        }
        if bearer != self.token {
            return Err(("invalid_auth", "another token".to_owned()));
        }
        if let Some(word) = self.refused {
            return Err((word, "the token is no good any more".to_owned()));
        }
        let content_type = header("content-type").to_lowercase().replace(' ', "");
        if content_type != "application/json;charset=utf-8" {
            return Err(("invalid_form_data", format!("the content type is `{content_type}`")));
        }
        let body: Value = serde_json::from_slice(raw).map_err(|why| ("invalid_json", why.to_string()))?;
        if !body.is_object() {
            return Err(("json_not_object", "no object".to_owned()));
        }
        match method {
            "auth.test" => {
                Ok(json!({"ok": true, "url": "https://example.slack.com/", "team": "Example", "user": "headcount",
                "team_id": "T0000TEAM", "user_id": "U0000USER", "bot_id": "B00000BOT", "is_enterprise_install": false}))
            }
            "chat.postMessage" => self.post(&body),
            "chat.update" => self.update(&body),
            _ => Err(("unknown_method", method.to_owned())),
        }
    }

    fn may_write(&self) -> Result<(), Refusal> {
        if self.scopes.contains(&"chat:write") { Ok(()) } else { Err(("missing_scope", "chat:write".to_owned())) }
    }

    fn post(&mut self, body: &Value) -> Result<Value, Refusal> {
        self.may_write()?;
        let only = &[
            "channel",
            "text",
            "blocks",
            "attachments",
            "thread_ts",
            "reply_broadcast",
            "mrkdwn",
            "unfurl_links",
            "unfurl_media",
        ];
        let at = arguments(body, only)?;
        let channel = self.channel(string(&at, "channel")?, true)?;
        check(body)?;
        let thread = at.get("thread_ts").map(|_| string(&at, "thread_ts")).transpose()?;
        if let Some(ts) = thread
            && !self.posts.iter().any(|post| post.channel == channel && post.ts == ts && post.thread.is_none())
        {
            return Err(("thread_not_found", ts.to_owned()));
        }
        let broadcast = body["reply_broadcast"].as_bool().unwrap_or(false);
        if broadcast && thread.is_none() {
            return Err(("invalid_arguments", "a broadcast of no reply".to_owned()));
        }
        // No two have the same, as in every channel.
        self.taken += 1;
        let ts = format!("1772434800.{:06}", self.taken);
        let message = json!({"text": body["text"], "blocks": body["blocks"], "attachments": body["attachments"]});
        let thread = thread.map(str::to_owned);
        self.posts.push(Post { channel, ts: ts.clone(), thread, broadcast, edited: false, message: message.clone() });
        // It says all of it once more.
        Ok(json!({"ok": true, "channel": channel, "ts": ts, "message": message}))
    }

    fn update(&mut self, body: &Value) -> Result<Value, Refusal> {
        self.may_write()?;
        let at = arguments(body, &["channel", "ts", "text", "blocks", "attachments"])?;
        let channel = self.channel(string(&at, "channel")?, false)?;
        let ts = string(&at, "ts")?;
        if let Some(word) = self.edits {
            return Err((word, ts.to_owned()));
        }
        let Some(post) = self.posts.iter_mut().find(|post| post.channel == channel && post.ts == ts) else {
            return Err(("message_not_found", ts.to_owned()));
        };
        check(body)?;
        // What is left out stays.
        for key in ["text", "blocks", "attachments"] {
            if !body[key].is_null() {
                post.message[key] = body[key].clone();
            }
        }
        post.edited = true;
        Ok(json!({"ok": true, "channel": channel, "ts": ts, "text": body["text"], "message": post.message}))
    }

    /// The ID of a channel that may be posted into; `by_name` where it may be given by its name, too.
    fn channel(&self, given: &str, by_name: bool) -> Result<&'static str, Refusal> {
        let name = given.strip_prefix('#').filter(|_| by_name);
        let found = self.channels.iter().find(|one| one.id == given || Some(one.name) == name);
        match found {
            Some(one) if one.archived => Err(("is_archived", given.to_owned())),
            Some(one) if one.member || one.public && self.scopes.contains(&"chat:write.public") => Ok(one.id),
            Some(one) if one.public => Err(("not_in_channel", given.to_owned())),
            _ => Err(("channel_not_found", given.to_owned())),
        }
    }
}

fn arguments<'a>(body: &'a Value, only: &[&str]) -> Result<At<'a>, Refusal> {
    let at = At::new(body, "arguments");
    at.only(only).map_err(|why| ("invalid_arguments", why))?;
    at.may("reply_broadcast", |flag| flag.boolean()).map_err(|why| ("invalid_arguments", why))?;
    Ok(at)
}

fn string<'a>(at: &At<'a>, key: &str) -> Result<&'a str, Refusal> {
    let value = at.require(key).map_err(|why| ("invalid_arguments", why))?;
    value.string().map_err(|why| ("invalid_arguments", why))
}

/// What it says has the limits of a webhook's message.
fn check(body: &Value) -> Result<(), Refusal> {
    slack::check(body)
        .map_err(|(word, why)| if word == "invalid_payload" { ("invalid_arguments", why) } else { (word, why) })
}
