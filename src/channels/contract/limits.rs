//! That limits are kept whatever people are called, and that nobody is lost from the count.

use proptest::prelude::*;
use serde_json::Value;

use super::super::{ChannelKind, Names, email, file, format, slack, teams, webhook};
use super::{PLAIN, json, sample, shown};
use crate::channels::Payload;
use crate::message::{Counts, Facts, Message, Person, clean};
use crate::render::Engine;

/// Whether the vendor would take it; the same checks that `format` makes, run on what it gave.
fn taken(kind: ChannelKind, body: &str) -> Result<(), String> {
    let value: Value = serde_json::from_str(body).unwrap();
    match kind {
        // A message of text alone has no blocks to check.
        ChannelKind::Slack if value.get("blocks").is_none() => {
            let length = value["text"].as_str().unwrap().encode_utf16().count();
            if (1..=4000).contains(&length) { Ok(()) } else { Err(format!("{length} characters")) }
        }
        ChannelKind::Slack => slack::limits::check(&value).map(drop),
        ChannelKind::Teams => teams::limits::check(&value).map(drop),
        ChannelKind::Email => email::check(body),
        ChannelKind::Webhook => webhook::limits::check(body, webhook::limits::BYTES).map(drop),
        ChannelKind::File => file::limits::check(body).map(drop),
    }
}

fn crowd(names: impl Iterator<Item = String>) -> Message {
    let people: Vec<Person> = names
        .map(|id| Person {
            directory: "CORP".to_owned(),
            name: Some(id.clone()),
            id,
            sessions: 1,
            on: vec![String::new(), "hr".to_owned()],
            anonymous: false,
            since: None,
            connected: None,
            pseudonym: None,
        })
        .collect();
    let users = people.len() as u64;
    let mut message = sample("who");
    if let Facts::Who { counts, .. } = &mut message.facts {
        *counts = Some(Counts { sessions: users, users, anonymous: 0 });
    }
    message.people = people;
    message
}

/// How many people a body lists, and how many more it says there are.
fn listed(body: &str, id: &str) -> (usize, usize) {
    let more = body.find("and ").and_then(|_| {
        let numbers = body.match_indices("and ").filter_map(|(at, _)| {
            let rest = &body[at + 4..];
            let number = rest.split_once(" more")?.0;
            number.parse::<usize>().ok()
        });
        numbers.last()
    });
    (body.matches(id).count(), more.unwrap_or(0))
}

/// How many people a payload says that it leaves out.
fn left_out(kind: ChannelKind, payload: &Payload) -> usize {
    let value = json(payload);
    match kind {
        ChannelKind::Webhook => usize::try_from(value["data"]["people_more"].as_u64().unwrap()).unwrap(),
        ChannelKind::File => listed(&value["text"].to_string(), "CORP").1,
        _ => listed(&value.to_string(), "CORP").1,
    }
}

#[test]
fn nobody_is_lost_from_the_count() {
    for kind in ChannelKind::ALL {
        for size in [1_usize, 29, 30, 31, 100, 500, 501, 5000] {
            let message = crowd((0..size).map(|n| format!("person{n:04}")));
            let payload = shown(kind, &message);
            assert!(!payload.body().contains(PLAIN));
            taken(kind, payload.body()).unwrap();
            let value = json(&payload);
            let body = match kind {
                ChannelKind::Email | ChannelKind::File => value["text"].to_string(),
                _ => value.to_string(),
            };
            // Both tell the same, to people and to programs.
            if let Some(data) = value.get("data").or_else(|| value["facts"].get("data")) {
                let people = data["people"].as_array().unwrap().len();
                assert_eq!(people + usize::try_from(data["people_more"].as_u64().unwrap()).unwrap(), size, "{kind}");
                if kind == ChannelKind::Webhook {
                    assert_eq!(people, size, "{kind} shows only {people} of {size}");
                    continue;
                }
            }
            let (people, more) = listed(&body, "CORP\\\\\\\\person");
            let (people, more) = if people == 0 { listed(&body, "CORP\\\\person") } else { (people, more) };
            assert_eq!(people + more, size, "{kind} {size}: {people} + {more}");
            let least = match kind {
                ChannelKind::Slack => 150,
                ChannelKind::Teams => 90,
                ChannelKind::Email => 500,
                ChannelKind::Webhook | ChannelKind::File => 3000,
            };
            assert!(people >= size.min(least), "{kind} shows only {people} of {size}");
        }
    }
}

#[test]
fn the_longest_names_fit() {
    let message = crowd((0..5000).map(|_| "😀".repeat(200)));
    for kind in ChannelKind::ALL {
        let payload = shown(kind, &message);
        assert!(!payload.body().contains(PLAIN), "{kind}");
        taken(kind, payload.body()).unwrap();
        let more = left_out(kind, &payload);
        assert!((1..5000).contains(&more), "{kind}: {more}");
    }
}

#[test]
fn fifty_thousand_people_fit() {
    let message = crowd((0..50_000).map(|n| format!("{n:05} {}", "å".repeat(44))));
    for kind in ChannelKind::ALL {
        let payload = shown(kind, &message);
        assert!(!payload.body().contains(PLAIN), "{kind}");
        taken(kind, payload.body()).unwrap();
        let more = left_out(kind, &payload);
        let most = if matches!(kind, ChannelKind::Webhook | ChannelKind::File) { 7_000 } else { 1_000 };
        assert!((50_000 - most..50_000).contains(&more), "{kind}: {more} left out");
    }
}

#[test]
fn the_longest_words_fit() {
    for kind in ChannelKind::ALL {
        for (name, mut message) in crate::message::sample::all() {
            let long = "\"😀".repeat(200);
            for named in [&mut message.site, &mut message.source].into_iter().flatten() {
                named.name.clone_from(&long);
                named.link = Some(format!("https://example.com/{}", "x".repeat(2900)));
            }
            if let Facts::Unreachable { silent, .. } | Facts::Who { silent, .. } = &mut message.facts {
                for one in silent {
                    (one.proxy, one.prefix, one.why) = (long.clone(), long.clone(), long.clone());
                }
            }
            let payload = shown(kind, &message);
            taken(kind, payload.body()).unwrap_or_else(|what| panic!("{kind} {name}: {what}"));
            for plainer in payload.plainer().into_iter().chain(payload.plainest()) {
                taken(kind, plainer).unwrap_or_else(|what| panic!("{kind} {name}, plainer: {what}"));
            }
        }
    }
}

#[test]
fn hidden_names_are_in_no_form() {
    let engine = Engine::embedded();
    for kind in ChannelKind::ALL {
        let payload = format(kind, &sample("who"), &engine, Names::Hidden);
        let all = format!("{}{:?}{}", payload.body(), (payload.plainer(), payload.plainest()), payload.title());
        for name in ["anna", "Andersson", "o'brien", "svc_reload"] {
            assert!(!all.contains(name), "{kind}: {all}");
        }
        let said = kind == ChannelKind::Webhook && all.contains("\"people_hidden\":7");
        assert!(all.contains("7 users") && (said || all.contains("Names are not shown")), "{kind}: {all}");
    }
}

#[test]
fn pseudonyms_take_the_place_of_names_in_every_form() {
    let engine = Engine::embedded();
    for kind in ChannelKind::ALL {
        let mut message = sample("who");
        let words = ["calm-otter", "brave-heron", "keen-lynx", "mild-fern", "neat-plum", "wise-robin", "warm-star"];
        let users = message.people.iter_mut().filter(|person| !person.anonymous);
        for (person, words) in users.zip(words) {
            person.pseudonym = Some(words.to_owned());
        }
        let payload = format(kind, &message, &engine, Names::Pseudonym);
        let all = format!("{}{:?}{}", payload.body(), (payload.plainer(), payload.plainest()), payload.title());
        for name in ["anna", "Andersson", "o'brien", "svc_reload"] {
            assert!(!all.contains(name), "{kind}: {all}");
        }
        assert!(words.iter().all(|words| payload.body().contains(words)), "{kind}: {all}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_names_fit(
        names in proptest::collection::vec(".{0,250}", 0..120),
        site in ".{0,250}",
        because in proptest::option::of(".{0,250}"),
        partial in any::<bool>(),
    ) {
        let mut message = crowd(names.iter().map(|name| clean(name)));
        if let Some(named) = &mut message.site {
            named.name = site;
        }
        message.reason = crate::message::Reason::Asked { planned: None, because };
        if let Facts::Who { coverage, .. } = &mut message.facts {
            coverage.answered -= u64::from(partial);
        }
        let engine = Engine::embedded();
        for kind in ChannelKind::ALL {
            let payload = format(kind, &message, &engine, Names::Full);
            prop_assert!(!payload.body().contains(PLAIN), "{}", payload.body());
            prop_assert_eq!(taken(kind, payload.body()), Ok(()));
            prop_assert!(!payload.title().contains('\n'));
        }
    }
}
