//! Decides which channel is told what of one poll: now and together, later, or not at all.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::outgoing::SUMMARY;
use super::policy::{HeldBy, Hour, Policy, Sort};
use crate::judge::Severity;

/// One finding, as far as its way matters.
#[derive(Clone, Copy, Debug)]
pub struct News<'a> {
    /// The incident's name over its life; who was told of it is known by it.
    pub thread: Option<&'a str>,
    pub turn: NewsTurn,
    pub severity: Severity,
    /// The channels of its rule.
    pub tell: &'a [Arc<str>],
}

/// Where it stands in its incident's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewsTurn {
    Opened,
    Still,
    Over,
    /// It happened; nothing follows.
    Event,
}

/// That a channel was told of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub thread: String,
    pub channel: String,
    /// The cause of the message that told it; none while that is held back.
    pub cause: Option<String>,
    /// Why it is held back.
    pub held: Option<HeldBy>,
    /// What it was called there.
    pub title: String,
    /// When the incident was over, if it is.
    pub closed: Option<Timestamp>,
}

/// What is known before deciding: who was told of these incidents and of those told beside them, and each channel's hour.
#[derive(Clone, Debug, Default)]
pub struct Books {
    pub told: Vec<Told>,
    pub hours: HashMap<String, Hour>,
}

impl Books {
    fn of(&self, thread: Option<&str>, channel: &str) -> Option<&Told> {
        self.told.iter().find(|told| Some(told.thread.as_str()) == thread && told.channel == channel)
    }
}

/// How a message belongs to the one that it follows, where a channel can show that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thread {
    /// Under it.
    Reply,
    /// Under it, and shown to everyone beside.
    Broadcast,
    /// In its place.
    Edit,
}

impl Thread {
    pub const ALL: [Self; 3] = [Self::Reply, Self::Broadcast, Self::Edit];

    /// The word of its rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Broadcast => "broadcast",
            Self::Edit => "edit",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|thread| thread.word() == word)
    }
}

/// One message to one channel about one poll, or what waits for its summary. Numbers are places in the list of news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    pub channel: String,
    /// Now, as one message.
    pub now: Vec<usize>,
    /// The cause of the message that it follows, and how.
    pub follows: Option<String>,
    pub thread: Option<Thread>,
    /// Whether nothing goes on, with this, of what that one told the beginning of.
    pub ends: bool,
    pub held: Vec<(usize, HeldBy)>,
    /// The channel's hour after this.
    pub hour: Hour,
}

/// Decides for every channel that has to do with it, in the order in which the rules name them.
pub fn decide<'p>(
    news: &[News<'_>],
    books: &Books,
    policy: impl Fn(&str) -> Option<&'p Policy>,
    now: Timestamp,
) -> Vec<Decided> {
    let mut channels: Vec<&str> = Vec::new();
    let named = news.iter().flat_map(|news| news.tell.iter().map(|name| &**name));
    // Whoever heard that it began hears that it is over, on the list or not.
    for name in named.chain(books.told.iter().map(|told| told.channel.as_str())) {
        if !channels.contains(&name) {
            channels.push(name);
        }
    }
    channels
        .into_iter()
        .filter_map(|channel| Some(for_channel(channel, policy(channel)?, news, books, now)))
        .flatten()
        .collect()
}

fn for_channel(channel: &str, policy: &Policy, news: &[News<'_>], books: &Books, now: Timestamp) -> Vec<Decided> {
    let mut hour = Hour::current(books.hours.get(channel).copied(), now);
    let told = |index: usize| books.of(news[index].thread, channel);
    let takes = |index: &usize| {
        let piece = &news[*index];
        match piece.turn {
            NewsTurn::Over => policy.resolved && told(*index).is_some(),
            _ => piece.severity >= policy.from && piece.tell.iter().any(|name| **name == *channel),
        }
    };
    let mut together = Vec::new();
    let mut held = Vec::new();
    for index in (0..news.len()).filter(takes) {
        let severity = news[index].severity;
        // What follows something that still waits to be told waits with it, and so does not come before it.
        let waits = told(index).filter(|told| told.cause.is_none()).and_then(|told| told.held);
        let alone = policy.holds(Sort::Finding(severity), Hour { told: 0, ..hour }, now);
        match waits.or(alone) {
            Some(by) => held.push((index, by)),
            None => together.push(index),
        }
    }
    // The rest is one message, or one under each that it follows, and comes at once if anything in it has to.
    let mut decided = Vec::new();
    for mut together in grouped(together, policy, |index| told(index).and_then(|told| told.cause.as_deref())) {
        let most = together.iter().map(|index| news[*index].severity).max();
        if let Some(by) = most.and_then(|most| policy.holds(Sort::Finding(most), hour, now)) {
            held.extend(together.drain(..).map(|index| (index, by)));
            continue;
        }
        let causes: Vec<_> = together.iter().map(|index| told(*index).and_then(|told| told.cause.clone())).collect();
        let follows = causes.iter().flatten().next().cloned();
        let of_one = follows.as_ref().filter(|first| causes.iter().all(|cause| cause.as_ref() == Some(first)));
        let ends = of_one.is_some_and(|cause| is_over(channel, cause, news, books));
        // What is changed to say that it is over says so to everyone; a summary stays as it is.
        let thread =
            of_one.map(|cause| if ends && !cause.starts_with(SUMMARY) { Thread::Reply } else { Thread::Broadcast });
        hour.told = hour.told.saturating_add(1);
        let held = Vec::new();
        decided.push(Decided { channel: channel.to_owned(), now: together, follows, thread, ends, held, hour });
    }
    if !held.is_empty() {
        held.sort_unstable();
        match decided.first_mut() {
            Some(first) => first.held = held,
            None => decided.push(Decided {
                channel: channel.to_owned(),
                now: Vec::new(),
                follows: None,
                thread: None,
                ends: false,
                held,
                hour,
            }),
        }
    }
    decided
}

/// What is told as one message: all of it, or, where a channel has threads, what follows the same message, in order.
fn grouped<'a>(together: Vec<usize>, policy: &Policy, follows: impl Fn(usize) -> Option<&'a str>) -> Vec<Vec<usize>> {
    let mut groups: Vec<(Option<&str>, Vec<usize>)> = Vec::new();
    for index in together {
        let cause = if policy.threads { follows(index) } else { None };
        match groups.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, group)) => group.push(index),
            None => groups.push((cause, vec![index])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Whether nothing goes on, with this news, of what a message told the beginning of.
fn is_over(channel: &str, cause: &str, news: &[News<'_>], books: &Books) -> bool {
    let over = |thread: &str| news.iter().any(|news| news.turn == NewsTurn::Over && news.thread == Some(thread));
    let mut beside = books.told.iter().filter(|told| told.channel == channel && told.cause.as_deref() == Some(cause));
    beside.all(|told| told.closed.is_some() || over(&told.thread))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::schedule::Window;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-23T{text}:00Z").parse().unwrap()
    }

    fn policies() -> HashMap<&'static str, Policy> {
        let plain = Policy { resolved: true, ..Policy::default() };
        let plain = Policy { from: Severity::Info, ..plain };
        let quiet = Window::new(None, Some("20:00-22:00"), &TimeZone::UTC).unwrap();
        HashMap::from([
            ("ops", plain.clone()),
            ("bosses", Policy { from: Severity::Critical, ..plain.clone() }),
            ("sleepy", Policy { quiet: Some(quiet), ..plain.clone() }),
            ("capped", Policy { cap: Some(2), ..plain.clone() }),
            ("deaf", Policy { resolved: false, ..plain.clone() }),
            ("bot", Policy { threads: true, ..plain.clone() }),
            ("capped-bot", Policy { threads: true, cap: Some(2), ..plain }),
        ])
    }

    /// `opened crowded warning ops,bosses`
    fn read(line: &str) -> (NewsTurn, String, Severity, Vec<Arc<str>>) {
        let words: Vec<_> = line.split(' ').collect();
        let turn = match words[0] {
            "opened" => NewsTurn::Opened,
            "still" => NewsTurn::Still,
            "over" => NewsTurn::Over,
            _ => NewsTurn::Event,
        };
        let severity = match words[2] {
            "info" => Severity::Info,
            "critical" => Severity::Critical,
            _ => Severity::Warning,
        };
        (turn, words[1].to_owned(), severity, words[3].split(',').map(Into::into).collect())
    }

    /// `crowded ops in:c1`, `crowded ops held`, `crowded ops in:c1 closed`
    fn told(line: &str) -> Told {
        let words: Vec<_> = line.split(' ').collect();
        Told {
            thread: words[0].to_owned(),
            channel: words[1].to_owned(),
            cause: words[2].strip_prefix("in:").map(str::to_owned),
            held: (words[2] == "held").then_some(HeldBy::Cap),
            title: String::new(),
            closed: words.get(3).map(|_| at("11:00")),
        }
    }

    /// What is decided, a message a line: `ops: now 0 1, follows c1 as reply, held 2 by quiet`.
    fn decided(news: &[&str], books: &[&str], now: &str) -> Vec<String> {
        let policies = policies();
        let hours = ["capped", "capped-bot"];
        let hours = hours.map(|name| (name.to_owned(), Hour { from: at("12:00"), told: 1 })).into();
        let books = Books { told: books.iter().map(|line| told(line)).collect(), hours };
        let read: Vec<_> = news.iter().map(|line| read(line)).collect();
        let news: Vec<_> = read
            .iter()
            .map(|(turn, thread, severity, tell)| News { thread: Some(thread), turn: *turn, severity: *severity, tell })
            .collect();
        decide(&news, &books, |name| policies.get(name), at(now))
            .into_iter()
            .map(|decided| {
                let mut line = format!("{}:", decided.channel);
                let list = |numbers: &[usize]| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
                if !decided.now.is_empty() {
                    let _ = write!(line, " now {}", list(&decided.now));
                }
                if let Some(cause) = decided.follows {
                    let how = decided.thread.map_or("mail", Thread::word);
                    let _ = write!(line, ", follows {cause} as {how}");
                }
                for (index, by) in decided.held {
                    let _ = write!(line, " held {index} by {}", by.word());
                }
                line
            })
            .collect()
    }

    #[test]
    fn findings_of_one_poll_are_one_message_for_each_channel() {
        let news =
            ["opened crowded warning ops,bosses", "opened blind critical ops,bosses", "event logout info bosses"];
        assert_eq!(decided(&news, &[], "12:00"), ["ops: now 0 1", "bosses: now 1"]);
        assert_eq!(decided(&["opened crowded info ops,gone"], &[], "12:00"), ["ops: now 0"]);
    }

    #[test]
    fn the_all_clear_goes_to_those_who_were_told_and_to_nobody_else() {
        let over = ["over crowded warning ops,bosses"];
        assert_eq!(decided(&over, &[], "12:00"), Vec::<String>::new());
        assert_eq!(
            decided(&over, &["crowded bosses in:c1"], "12:00"),
            ["bosses: now 0, follows c1 as reply"],
            "told when it was critical, or before `from` was set"
        );
        assert_eq!(decided(&over, &["crowded gone in:c1"], "12:00"), Vec::<String>::new());
        assert_eq!(decided(&over, &["crowded deaf in:c1"], "12:00"), Vec::<String>::new());
        assert_eq!(
            decided(&over, &["crowded sleepy held"], "12:00"),
            ["sleepy: held 0 by cap"],
            "it does not come before the summary that tells what it ends"
        );
    }

    #[test]
    fn what_follows_one_message_is_threaded_under_it() {
        let group = ["crowded ops in:c1", "blind ops in:c1"];
        assert_eq!(
            decided(&["over crowded warning ops"], &group, "12:00"),
            ["ops: now 0, follows c1 as broadcast"],
            "the message that it is under still says that something is wrong"
        );
        assert_eq!(
            decided(&["over crowded warning ops", "over blind critical ops"], &group, "12:00"),
            ["ops: now 0 1, follows c1 as reply"],
            "the message that it is under will say so itself"
        );
        assert_eq!(
            decided(&["over blind critical ops"], &["crowded ops in:c1 closed", "blind ops in:c1"], "12:00"),
            ["ops: now 0, follows c1 as reply"]
        );
        assert_eq!(
            decided(&["still crowded warning ops", "over blind critical ops"], &group, "12:00"),
            ["ops: now 0 1, follows c1 as broadcast"]
        );
        assert_eq!(
            decided(&["over crowded warning ops"], &["crowded ops in:summary:ops:quiet:7"], "12:00"),
            ["ops: now 0, follows summary:ops:quiet:7 as broadcast"],
            "a summary is not changed"
        );
        // What opens is not put under something older; a mail still says what it follows.
        assert_eq!(
            decided(&["opened logout warning ops", "over crowded warning ops"], &["crowded ops in:c1"], "12:00"),
            ["ops: now 0 1, follows c1 as mail"]
        );
        let two = ["crowded ops in:c1", "blind ops in:c2"];
        assert_eq!(
            decided(&["over crowded warning ops", "over blind critical ops"], &two, "12:00"),
            ["ops: now 0 1, follows c1 as mail"]
        );
    }

    #[test]
    fn where_there_are_threads_each_message_is_followed_by_its_own() {
        let two = ["crowded bot in:c1", "blind bot in:c2", "nobody bot in:c2"];
        let news =
            ["over crowded warning bot", "opened logout warning bot", "over blind critical bot", "event owl info bot"];
        assert_eq!(
            decided(&news, &two, "12:00"),
            ["bot: now 0, follows c1 as reply", "bot: now 1 3", "bot: now 2, follows c2 as broadcast"]
        );
        // Each of them counts.
        let two = ["crowded capped-bot in:c1", "blind capped-bot in:c2", "nobody capped-bot in:c2"];
        let news = news.map(|line| line.replace(" bot", " capped-bot"));
        let news: Vec<_> = news.iter().map(String::as_str).collect();
        assert_eq!(
            decided(&news, &two, "12:00"),
            [
                "capped-bot: now 0, follows c1 as reply held 1 by cap held 3 by cap",
                "capped-bot: now 2, follows c2 as broadcast"
            ]
        );
    }

    #[test]
    fn quiet_hours_hold_all_but_what_is_critical() {
        let news = ["opened crowded warning sleepy,ops", "opened blind critical sleepy", "event logout info sleepy"];
        assert_eq!(decided(&news, &[], "20:00"), ["sleepy: now 1 held 0 by quiet held 2 by quiet", "ops: now 0"]);
        assert_eq!(decided(&news, &[], "22:00"), ["sleepy: now 0 1 2", "ops: now 0"]);
    }

    #[test]
    fn a_full_hour_holds_what_is_not_critical_and_a_message_counts_once() {
        let two = ["opened crowded warning capped", "opened logout info capped"];
        assert_eq!(decided(&two, &[], "12:30"), ["capped: now 0 1"], "the second message of the hour");
        let policies = policies();
        let books = |told| Books {
            told: Vec::new(),
            hours: HashMap::from([("capped".to_owned(), Hour { from: at("12:00"), told })]),
        };
        let tell = ["capped".into()];
        let piece = |severity| News { thread: Some("t"), turn: NewsTurn::Opened, severity, tell: &tell };
        let decided = |told, news: &[News<'_>]| {
            let decided = decide(news, &books(told), |name| policies.get(name), at("12:30")).remove(0);
            (decided.now.len(), decided.held.len(), decided.hour.told)
        };
        assert_eq!(decided(1, &[piece(Severity::Warning), piece(Severity::Info)]), (2, 0, 2));
        assert_eq!(decided(2, &[piece(Severity::Warning), piece(Severity::Info)]), (0, 2, 2));
        assert_eq!(decided(2, &[piece(Severity::Critical)]), (1, 0, 3));
        assert_eq!(
            decided(2, &[piece(Severity::Critical), piece(Severity::Info)]),
            (2, 0, 3),
            "it costs nothing to come along"
        );
    }
}
