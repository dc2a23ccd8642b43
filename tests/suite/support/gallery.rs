//! The messages: every sample, and what is longer, larger and worse than any sample.

use headcount::message::{
    Counts, Facts, KnownNames, Message, Named, Notice, Occasion, Person, Reason, Silent, sample, who,
};
use headcount::secret::Secret;
use headcount::snapshot::{Observation, Pair, Session, Snapshot, User};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::hostile::{LONGEST, NAMES};

/// A message, and the people whom it should show, as they should be shown: those who can be told from each other.
pub(crate) struct Shown {
    pub(crate) name: String,
    pub(crate) message: Message,
    pub(crate) people: Vec<String>,
}

/// All of it, or the quick part: the samples and the worst of names.
pub(crate) fn gallery(all_of_it: bool) -> Vec<Shown> {
    let mut all: Vec<Shown> = sample::all()
        .into_iter()
        .map(|(name, message)| Shown { name: name.to_owned(), message, people: Vec::new() })
        .collect();
    for shown in &mut all {
        if shown.name == "who_nasty" || shown.name == "who" {
            shown.people = shown.message.people.iter().filter(|one| !one.anonymous).map(said).collect();
        }
    }
    all.push(hostile());
    if !all_of_it {
        return all;
    }
    let names = || NAMES.iter().map(|name| name.shown);
    for (at, (name, message)) in sample::all().into_iter().enumerate() {
        // Each sample in names that differ from those of the next.
        let message = renamed(message, &mut names().cycle().skip(7 * at).map(str::to_owned));
        all.push(Shown { name: format!("hostile_{name}"), message, people: Vec::new() });
    }
    for (name, message) in sample::all() {
        let message = renamed(message, &mut std::iter::repeat("\"\\😀<&".repeat(LONGEST / 5)));
        all.push(Shown { name: format!("long_{name}"), message, people: Vec::new() });
    }
    for (name, count, one) in [
        ("huge_ascii", 50_000, "somebody.with.a.name"),
        ("huge_wide", 6_000, "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀"),
        ("huge_escaped", 5_000, "\"\\\"\\\"\\\"\\\"\\\"\\<&>"),
        ("huge_combining", 2_000, "Z\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}"),
    ] {
        all.push(Shown { name: name.to_owned(), message: crowd(count, one), people: Vec::new() });
    }
    all
}

/// How one person is called in every list.
fn said(person: &Person) -> String {
    match (person.directory.as_str(), person.id.as_str()) {
        ("", id) => id.to_owned(),
        (directory, id) => format!("{directory}\\{id}"),
    }
}

/// Who is on a site where everybody has a hostile name, as it comes from Qlik.
pub(crate) fn hostile() -> Shown {
    let session = |n: usize, directory: &str, id: &str, name: &str| Session {
        id: Secret::new(format!("session-{n}")),
        user: User { directory: directory.into(), id: id.into(), name: Some(name.into()) },
    };
    let of_people = NAMES.iter().enumerate().map(|(n, name)| session(n, "CORP", name.given, name.given));
    let of_directories = NAMES.iter().enumerate().map(|(n, name)| session(1000 + n, name.given, "anna", ""));
    let pair = |prefix: &str| Pair { proxy: "sense".into(), prefix: prefix.into() };
    let pairs = vec![
        (pair("hr"), Observation::Seen(of_people.collect())),
        (pair("<b>"), Observation::Seen(of_directories.collect())),
    ];
    let at = Timestamp::from_second(1_795_417_800).expect("a time");
    let snapshot = Snapshot::new("prod".into(), at, pairs, |_| false);
    let occasion = Occasion::Asked { planned: None, because: Some("<!channel> *now* {{ 7*7 }}".to_owned()) };
    let message = who(&snapshot, &occasion, None, None, &KnownNames::default(), (at, &TimeZone::UTC));
    let people = NAMES.iter().flat_map(|name| [format!("CORP\\{}", name.shown), format!("{}\\anna", name.shown)]);
    Shown { name: "hostile_everybody".to_owned(), people: people.collect(), message }
}

/// So many people with long names, all of them different.
pub(crate) fn crowd(count: usize, name: &str) -> Message {
    let person = |n: usize| Person {
        directory: "CORP".to_owned(),
        id: format!("{n:05}{name}"),
        name: Some(format!("{name} {n}")),
        sessions: 1 + (n as u64 % 3),
        on: vec![String::new(), "hr".to_owned()],
        anonymous: false,
        since: None,
        connected: None,
        pseudonym: None,
    };
    let mut message = sample::all().into_iter().find(|(known, _)| *known == "who").expect("a sample").1;
    message.people = (0..count).map(person).collect();
    if let Facts::Who { counts, .. } = &mut message.facts {
        let sessions = message.people.iter().map(|person| person.sessions).sum();
        *counts = Some(Counts { sessions, users: count as u64, anonymous: 0 });
    }
    message
}

/// Calls everything in a message by other names, in turn: site, rule, proxies, prefixes, channels, reasons, titles.
pub(crate) fn renamed(mut message: Message, names: &mut dyn Iterator<Item = String>) -> Message {
    for named in [&mut message.site, &mut message.source].into_iter().flatten() {
        rename(&mut named.name, names);
        let Named { link, .. } = named;
        *link = link.take().map(|link| format!("{link}?q={}", "<b>\"'&amp;x=1 ".replace(' ', "%20")));
    }
    if let Reason::Asked { because: Some(because), .. } = &mut message.reason {
        rename(because, names);
    }
    let silent_ones = |silent: &mut Vec<Silent>, names: &mut dyn Iterator<Item = String>| {
        for Silent { proxy, prefix, why } in silent {
            for text in [proxy, prefix, why] {
                rename(text, names);
            }
        }
    };
    match &mut message.facts {
        Facts::Unreachable { silent, .. } | Facts::Who { silent, .. } => silent_ones(silent, names),
        Facts::Test { channel }
        | Facts::Heartbeat { channel, .. }
        | Facts::Notice(Notice::ChannelWell { channel, .. }) => rename(channel, names),
        Facts::Notice(Notice::ChannelDown { channel, why, .. }) => {
            rename(channel, names);
            rename(why, names);
        }
        Facts::Notice(Notice::Restart(restart)) => {
            restart.because.iter_mut().for_each(|because| rename(because, names));
            silent_ones(&mut restart.silent, names);
        }
        Facts::Summary { entries, .. } => {
            for entry in entries {
                rename(&mut entry.title, names);
                entry.site.iter_mut().chain(&mut entry.source).for_each(|name| rename(name, names));
            }
        }
        Facts::Closed { title, incidents } => {
            rename(title, names);
            for one in incidents {
                rename(&mut one.title, names);
            }
        }
        Facts::Digest(digest) => {
            digest.sites.iter_mut().for_each(|name| rename(name, names));
            let shares = digest.by_site.iter_mut().chain(&mut digest.by_virtual_proxy).chain(&mut digest.by_directory);
            shares.for_each(|share| rename(&mut share.name, names));
            digest.over.iter_mut().for_each(|over| rename(&mut over.rule, names));
            for incident in &mut digest.incidents {
                rename(&mut incident.site, names);
                rename(&mut incident.rule, names);
            }
        }
        Facts::Several { parts } => {
            for part in parts {
                *part = renamed(part.clone(), names);
            }
        }
        _ => {}
    }
    if let Some(chart) = &mut message.chart {
        rename(&mut chart.title, names);
        rename(&mut chart.unit, names);
        chart.series.iter_mut().for_each(|series| rename(&mut series.name, names));
        chart.limits.iter_mut().for_each(|limit| rename(&mut limit.name, names));
    }
    for person in message.people.iter_mut().filter(|person| !person.anonymous) {
        rename(&mut person.directory, names);
        rename(&mut person.id, names);
        person.name.iter_mut().chain(&mut person.on).for_each(|name| rename(name, names));
    }
    message
}

fn rename(text: &mut String, names: &mut dyn Iterator<Item = String>) {
    if let Some(name) = names.next() {
        *text = name;
    }
}
