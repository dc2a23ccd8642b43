//! Messages about any number of people, and whether a payload counts all of them. Shared by the tests and the benches.

use headcount::channels::{ChannelKind, Names, Payload, format};
use headcount::message::{Counts, Facts, Message, Notice, Person, clean};
use headcount::render::Engine;

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

/// Whether a channel lists people for people to read, and so cuts the list where it has no room.
pub(crate) fn lists(kind: ChannelKind) -> bool {
    matches!(kind.word(), "slack" | "teams" | "email")
}

/// Whether every form is within its limits, and counts everybody in the message: those listed, and how many more.
pub(crate) fn holds(kind: ChannelKind, message: &Message, engine: &Engine) -> Result<usize, String> {
    let payload = format(kind, message, engine, Names::Full);
    let told = |form: &str, why: String| format!("{kind} {}, {form}: {why}", payload.title());
    if payload.body().contains("in plain words") {
        return Err(told("richest", payload.body().chars().take(300).collect()));
    }
    for (form, body) in forms(&payload) {
        limits::check(kind.word(), body).map_err(|why| told(form, why))?;
    }
    let mut least = usize::MAX;
    for (form, text) in texts(kind, &payload) {
        let listed = (0..message.people.len().min(1000)).filter(|n| text.contains(&format!("§{n:05}§"))).count();
        // Somebody may be called this, too: the count stands in words of its own.
        let more = text.rsplit("and ").find_map(|rest| rest.split_once(" more user")?.0.parse::<usize>().ok());
        let counted = listed + more.unwrap_or(0);
        if counted != message.people.len() {
            return Err(told(form, format!("{listed} listed and {more:?} more, of {}", message.people.len())));
        }
        least = least.min(listed);
    }
    Ok(least)
}

fn forms(payload: &Payload) -> impl Iterator<Item = (&'static str, &str)> {
    let all = [("richest", Some(payload.body())), ("plainer", payload.plainer()), ("plainest", payload.plainest())];
    all.into_iter().filter_map(|(form, body)| Some((form, body?)))
}

/// The texts in which people are listed.
fn texts(kind: ChannelKind, payload: &Payload) -> Vec<(&'static str, String)> {
    if kind != ChannelKind::Email {
        return vec![("richest", payload.body().to_owned())];
    }
    let parts: serde_json::Value = serde_json::from_str(payload.body()).unwrap_or_default();
    ["text", "html"].map(|part| (part, parts[part].as_str().unwrap_or_default().to_owned())).to_vec()
}
