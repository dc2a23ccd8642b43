//! Messages about any number of people, and whether a payload counts all of them. Shared by the tests and the benches.

use std::collections::HashSet;

use headcount::channels::{Channel, ChannelKind, Names, Payload, Settings, format, webhook};
use headcount::message::{Counts, Facts, Message, Notice, Person, clean};
use headcount::render::Engine;
use headcount::secret::Secret;

use super::limits;

/// The same message about these people, each marked so that they can be counted whatever they are called.
pub(crate) fn about(mut message: Message, names: &[String], count: usize) -> Message {
    let called = |n: usize| if names.is_empty() { "" } else { &names[n % names.len()] };
    message.people = (0..count)
        .map(|n| Person {
            directory: clean(called(n + 1)),
            id: clean(&format!("§{n:05}§{}", called(n))),
            name: Some(clean(called(n + 2))).filter(|name| !name.is_empty()),
            sessions: 1,
            on: vec![String::new(), clean(called(n + 3))],
            anonymous: false,
            since: None,
            connected: None,
            pseudonym: None,
        })
        .collect();
    let users = count as u64;
    let counted = Counts { sessions: users, users, anonymous: 0 };
    match &mut message.facts {
        Facts::Who { counts, .. } => *counts = counts.map(|_| counted),
        Facts::Notice(Notice::Restart(restart)) => restart.counts = restart.counts.map(|_| counted),
        _ => {}
    }
    message
}

/// A form that messages are put into, and how long it may be.
pub(crate) struct Form {
    word: String,
    kind: ChannelKind,
    own: Option<Channel>,
    /// The most bytes, where the operator or the receiver sets them.
    most: usize,
}

impl Form {
    fn of(kind: ChannelKind) -> Self {
        let most = if kind == ChannelKind::Webhook { 1_000_000 } else { usize::MAX };
        Self { word: kind.word().to_owned(), kind, own: None, most }
    }

    /// Whether a payload is within the limits, whatever is tried; false where it is in plain words for want of room.
    pub(crate) fn check(&self, payload: &Payload) -> Result<bool, String> {
        let told = |part: &str, why: String| format!("{self} {}, {part}: {why}", payload.title());
        let plain = payload.body().contains("in plain words");
        if plain && self.own.is_none() {
            return Err(told("richest", payload.body().chars().take(300).collect()));
        }
        for (part, body) in forms(payload) {
            limits::check(self.kind.word(), body).map_err(|why| told(part, why))?;
            if body.len() > self.most {
                return Err(told(part, format!("{} bytes, more than {}", body.len(), self.most)));
            }
        }
        Ok(!plain)
    }

    pub(crate) fn format(&self, message: &Message, engine: &Engine) -> Payload {
        match &self.own {
            Some(channel) => channel.format(message, engine),
            None => format(self.kind, message, engine, Names::Full),
        }
    }
}

impl std::fmt::Display for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.word)
    }
}

/// Every kind of channel, and webhooks in each of the shipped forms, with the limits that those name and with the least.
pub(crate) fn every_form() -> Vec<Form> {
    let own = [
        ("mattermost", include_str!("../../../config/webhook/mattermost.json.j2"), 7_500),
        ("google-chat", include_str!("../../../config/webhook/google-chat.json.j2"), 30_000),
        ("ntfy", include_str!("../../../config/webhook/ntfy.json.j2"), 4_000),
        ("ntfy", include_str!("../../../config/webhook/ntfy.json.j2"), 2_500),
    ];
    let shipped = own.into_iter().map(|(name, text, most)| {
        let template = webhook::Template::new(&format!("{name}.json.j2"), text).expect("a template");
        let url = Secret::new("https://hooks.example.com/x");
        let settings = webhook::Settings::new(url, None, Some(template), Some(most)).expect("settings");
        let channel = Channel::new("chat", Settings::Webhook(settings));
        Form { word: format!("{name} of {most} bytes"), kind: ChannelKind::Webhook, own: Some(channel), most }
    });
    ChannelKind::ALL.into_iter().map(Form::of).chain(shipped).collect()
}

/// Whether every form is within its limits, and counts everybody in the message: those listed, and how many more. A form of the
/// operator's own that has no room even for the words falls back on as many of them as there is room for.
pub(crate) fn holds(form: &Form, message: &Message, engine: &Engine) -> Result<usize, String> {
    let payload = form.format(message, engine);
    let told = |part: &str, why: String| format!("{form} {}, {part}: {why}", payload.title());
    if !form.check(&payload)? {
        return Ok(0);
    }
    let mut least = usize::MAX;
    for (part, text) in texts(form, &payload) {
        let listed = listed(&text, message.people.len());
        // Somebody may be called this, too: the count stands in words of its own.
        let more = text.rsplit("and ").find_map(|rest| rest.split_once(" more user")?.0.parse::<usize>().ok());
        let counted = listed + more.unwrap_or(0);
        if counted != message.people.len() {
            return Err(told(part, format!("{listed} listed and {more:?} more, of {}", message.people.len())));
        }
        least = least.min(listed);
    }
    Ok(least)
}

/// How many of so many marks are in a text.
fn listed(text: &str, count: usize) -> usize {
    let marked = |at: usize| {
        let (digits, rest) = text.get(at + '§'.len_utf8()..)?.split_at_checked(5)?;
        let mark = rest.starts_with('§') && digits.bytes().all(|digit| digit.is_ascii_digit());
        digits.parse::<usize>().ok().filter(|n| mark && *n < count)
    };
    text.match_indices('§').filter_map(|(at, _)| marked(at)).collect::<HashSet<_>>().len()
}

fn forms(payload: &Payload) -> impl Iterator<Item = (&'static str, &str)> {
    let all = [("richest", Some(payload.body())), ("plainer", payload.plainer()), ("plainest", payload.plainest())];
    all.into_iter().filter_map(|(form, body)| Some((form, body?)))
}

/// The texts in which people are listed. What programs are given counts those left out in a key of its own.
fn texts(form: &Form, payload: &Payload) -> Vec<(&'static str, String)> {
    let parts: serde_json::Value = serde_json::from_str(payload.body()).unwrap_or_default();
    match form.kind {
        ChannelKind::Slack | ChannelKind::Teams => return vec![("richest", payload.body().to_owned())],
        ChannelKind::Webhook if form.own.is_some() => return vec![("own", payload.body().to_owned())],
        ChannelKind::Webhook | ChannelKind::File => {
            let document = if form.kind == ChannelKind::File { &parts["facts"] } else { &parts };
            let (data, more) = (&document["data"], &document["data"]["people_more"]);
            let mut texts = vec![("facts", format!("{} and {more} more user", data["people"]))];
            if let Some(text) = parts["text"].as_str() {
                texts.push(("text", text.to_owned()));
            }
            return texts;
        }
        ChannelKind::Email => {}
    }
    ["text", "html"].map(|part| (part, parts[part].as_str().unwrap_or_default().to_owned())).to_vec()
}
