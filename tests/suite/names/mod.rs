//! That what anybody or anything is called does nothing: it is shown, cleaned, letter for letter, and nothing else changes.
//!
//! Every payload is read as its reader's program would, never compared with how headcount escapes.

mod data;
mod readers;

use std::collections::HashMap;

use headcount::channels::{Channel, ChannelKind, Names, Payload, Settings, format, webhook};
use headcount::clean::clean;
use headcount::message::{Facts, Message, Person, sample};
use headcount::render::Engine;
use headcount::secret::Secret;
use serde_json::Value;

use crate::support::gallery::{hostile, renamed};
use crate::support::hostile::{Hostile, LONGEST, NAMES};
use readers::Read;

/// A way that messages are put: a kind of channel, or one of the forms that are shipped for webhooks.
struct Way {
    word: &'static str,
    kind: ChannelKind,
    own: Option<Channel>,
}

impl Way {
    fn format(&self, message: &Message, engine: &Engine) -> Payload {
        match &self.own {
            Some(channel) => channel.format(message, engine),
            None => format(self.kind, message, engine, Names::Full),
        }
    }
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word)
    }
}

/// All ways in which people read a message; what programs are given is data, and has tests of its own.
fn ways() -> Vec<Way> {
    let kinds = ChannelKind::ALL.into_iter().filter(|kind| *kind != ChannelKind::Webhook);
    let own = [
        ("mattermost", include_str!("../../../config/webhook/mattermost.json.j2")),
        ("google-chat", include_str!("../../../config/webhook/google-chat.json.j2")),
        ("ntfy", include_str!("../../../config/webhook/ntfy.json.j2")),
    ];
    let shipped = own.into_iter().map(|(word, text)| {
        let template = webhook::Template::new(&format!("{word}.json.j2"), text).expect("a template");
        let url = Secret::new("https://hooks.example.com/x");
        let settings = webhook::Settings::new(url, None, Some(template), Some(100_000)).expect("settings");
        Way { word, kind: ChannelKind::Webhook, own: Some(Channel::new("chat", Settings::Webhook(settings))) }
    });
    kinds.map(|kind| Way { word: kind.word(), kind, own: None }).chain(shipped).collect()
}

/// Every form of a payload, read.
fn read(way: &Way, payload: &Payload) -> Vec<(String, Read)> {
    let forms = [("richest", Some(payload.body())), ("plainer", payload.plainer()), ("plainest", payload.plainest())];
    let mut all = Vec::new();
    for (form, body) in forms.into_iter().filter_map(|(form, body)| Some((form, body?))) {
        let value: Value = serde_json::from_str(body).expect("JSON");
        let part = |key: &str| value[key].as_str().expect("a part").to_owned();
        let lines = |text: &str| Read {
            runs: text.lines().map(|line| line.trim_matches(' ').to_owned()).collect(),
            ..Read::default()
        };
        let read = match way.word {
            "slack" => readers::slack(&value),
            "teams" => readers::teams(&value),
            "email" => {
                let subject = part("subject");
                assert!(!subject.contains(['\r', '\n']), "{subject}");
                all.push((format!("{form} text"), lines(&part("text"))));
                readers::page(&part("html"))
            }
            "file" => lines(&part("text")),
            // In place of a form that has no room or fails: words, as most chats take them.
            _ if form != "richest" => readers::words(&value),
            "mattermost" => readers::mattermost(&value),
            "google-chat" => readers::google_chat(&value),
            "ntfy" => readers::ntfy(&value),
            other => panic!("nobody reads {other}"),
        };
        all.push((form.to_owned(), read));
    }
    all
}

/// As a channel shows a name. Teams' flows may gather mentions from the text, so that one tag is broken there.
fn as_shown(kind: ChannelKind, name: &str) -> String {
    if kind != ChannelKind::Teams {
        return name.to_owned();
    }
    let mut shown = name.to_owned();
    for (tag, broken) in [("<at", "‹at"), ("</at", "‹/at"), ("<AT", "‹AT"), ("</AT", "‹/AT")] {
        shown = shown.replace(tag, broken);
    }
    shown
}

/// So many people, each called as given in directory, id and name.
fn people(names: &[&str]) -> Vec<Person> {
    let person = |name: &&str| Person {
        directory: clean(name),
        id: clean(name),
        name: Some(clean(name)),
        sessions: 1,
        on: vec!["hr".to_owned()],
        anonymous: false,
        since: None,
        connected: None,
        pseudonym: None,
    };
    names.iter().map(person).collect()
}

/// The same message with other people, in its parts too.
fn among(mut message: Message, people: &[Person]) -> Message {
    if !message.people.is_empty() {
        let (since, connected) =
            message.people.first().map(|one| (one.since.clone(), one.connected.clone())).expect("one");
        message.people = people.to_vec();
        for person in &mut message.people {
            (person.since, person.connected) = (since.clone(), connected.clone());
        }
    }
    if let Facts::Several { parts } = &mut message.facts {
        // Whom one part alone is about; the list of who is on belongs to the whole.
        for part in parts.iter_mut().take(1) {
            part.people = people.to_vec();
        }
    }
    message
}

#[test]
fn there_are_names_enough_and_each_is_cleaned_as_it_should_be() {
    assert!(NAMES.len() >= 45, "{}", NAMES.len());
    for Hostile { given, shown } in NAMES {
        assert_eq!(clean(given), *shown);
        assert_eq!(clean(shown), *shown, "cleaning twice is cleaning once");
    }
    assert_eq!(clean(&"å".repeat(LONGEST + 5)), "å".repeat(LONGEST));
}

#[test]
fn people_s_names_are_shown_letter_for_letter_and_change_nothing_else() {
    let engine = Engine::embedded();
    let ways = ways();
    let mut kinds = 0;
    for (sample, message) in sample::all() {
        if among(message.clone(), &[]).people.len() == message.people.len()
            && !matches!(message.facts, Facts::Several { .. })
        {
            continue;
        }
        kinds += 1;
        let mut known: HashMap<(&str, usize), Vec<(String, Read)>> = HashMap::new();
        for names in NAMES.chunks(8) {
            let shown: Vec<_> = names.iter().map(|name| name.shown).collect();
            let hostile = among(message.clone(), &people(&names.iter().map(|name| name.given).collect::<Vec<_>>()));
            let harmless = ["anna", "bo", "cecilia", "david", "eva", "filip", "gunilla", "hans"];
            let harmless = among(message.clone(), &people(&harmless[..names.len()]));
            for way in &ways {
                let kind = way.kind;
                let hostile = read(way, &way.format(&hostile, &engine));
                let harmless =
                    known.entry((way.word, names.len())).or_insert_with(|| read(way, &way.format(&harmless, &engine)));
                assert_eq!(hostile.len(), harmless.len(), "{way} {sample}: a form more or less");
                for ((form, hostile), (_, harmless)) in hostile.into_iter().zip(harmless) {
                    let told = format!("{way} {sample} {form}");
                    assert_eq!(hostile.skeleton, harmless.skeleton, "{told}: {shown:?} change what it is made of");
                    assert_eq!(hostile.links, harmless.links, "{told}");
                    assert_eq!(hostile.markup, harmless.markup, "{told}: a name where markup is read");
                    assert_eq!(hostile.runs.len(), harmless.runs.len(), "{told}: a line more or less");
                    // The plainest form names nobody.
                    if harmless.whole().contains("anna") {
                        for name in &shown {
                            names_them(
                                &told,
                                &hostile,
                                &as_shown(kind, &format!("{name}\\{name}")),
                                &as_shown(kind, name),
                            );
                        }
                    }
                }
            }
        }
    }
    assert!(kinds >= 8, "only {kinds} samples name anybody");
}

/// Somebody is named: who they are by itself or at the beginning of a line, and what they are called after it.
fn names_them(told: &str, read: &Read, who: &str, name: &str) {
    let bare = |run: &str| run.replace('\u{200e}', "");
    let by_itself = read.runs.iter().any(|run| *run == who);
    let in_a_line = || read.runs.iter().any(|run| bare(run).starts_with(&format!("{who} ({name}), ")));
    // A notification on a phone says who it is, and no more.
    if told.starts_with("ntfy") {
        let shown = read.runs.iter().any(|run| run.starts_with(&format!("{who}, ")));
        return assert!(shown, "{told}: {who:?} is not shown in {:#?}", read.runs);
    }
    assert!(by_itself || in_a_line(), "{told}: {who:?} is not shown in {:#?}", read.runs);
    let called = read.runs.iter().any(|run| {
        let run = bare(run);
        run.trim_matches(' ') == name.trim_matches(' ') || run.contains(&format!("({name})"))
    });
    assert!(called, "{told}: {name:?} is not shown in {:#?}", read.runs);
}

#[test]
fn what_sites_rules_proxies_and_reasons_are_called_is_shown_and_does_nothing() {
    let engine = Engine::embedded();
    let ways = ways();
    let mut shown_somewhere = 0;
    for (sample, message) in sample::all() {
        // One of each form of wording; the others differ in numbers.
        if ![
            "alert_blind",
            "alert_crowded",
            "resolved_blind_partly",
            "who_before_restart",
            "who_partial",
            "digest",
            "digest_days",
            "notice_restart",
            "notice_channel_down",
            "notice_channel_well",
            "test",
            "heartbeat",
            "summary",
            "alert_several_mixed",
        ]
        .contains(&sample)
        {
            continue;
        }
        for Hostile { given, shown } in NAMES {
            // Everything is called by this one name.
            let message = renamed(message.clone(), &mut std::iter::repeat((*given).to_owned()));
            for way in &ways {
                let kind = way.kind;
                let payload = way.format(&message, &engine);
                assert!(!payload.title().contains(['\r', '\n']), "{}", payload.title());
                let shown = as_shown(kind, shown);
                for (form, read) in read(way, &payload) {
                    let told = format!("{way} {sample} {form} {shown:?}");
                    let mut whole = read.whole();
                    for markup in &read.markup {
                        // Facts and the notification are read as markup: what would be any is shown elsewhere, or escaped.
                        if kind == ChannelKind::Slack {
                            whole.push_str(&readers::unescaped(markup));
                        } else {
                            whole.push_str(&markup.replace("**", ""));
                        }
                    }
                    assert!(whole.contains(&*shown), "{told}: not in {whole}");
                    shown_somewhere += 1;
                    for link in &read.links {
                        let known = ["https://sense.example.com/", "https://wiki.example.com/"];
                        assert!(known.iter().any(|known| link.starts_with(known)), "{told}: a link to {link}");
                    }
                    if kind == ChannelKind::Teams {
                        // A fact has bold marks of ours, and no other markup.
                        for fact in &read.markup {
                            assert!(
                                !fact.replacen("**", "", 2).contains(['*', '_', '[', '<', '`', '~']),
                                "{told}: {fact}"
                            );
                        }
                    }
                }
            }
        }
    }
    assert!(shown_somewhere > 3000, "{shown_somewhere}");
}

#[test]
fn a_whole_site_of_hostile_people_and_directories_is_shown() {
    let engine = Engine::embedded();
    let hostile = hostile();
    for way in ways() {
        let kind = way.kind;
        let payload = way.format(&hostile.message, &engine);
        let (_, read) = read(&way, &payload).into_iter().next().expect("a form");
        let missing: Vec<_> = hostile
            .people
            .iter()
            .filter(|who| {
                let who = as_shown(kind, who);
                !read.runs.iter().any(|run| *run == who || run.starts_with(&who))
            })
            .collect();
        // A table or a list has room for a hundred at least.
        let whole = read.whole();
        let more = whole.split("and ").find_map(|rest| rest.split_once(" more user")?.0.parse::<usize>().ok());
        assert_eq!(missing.len(), more.unwrap_or(0), "{way}: {missing:?}");
        assert!(missing.len() < 40, "{way}: {missing:?}");
    }
}
