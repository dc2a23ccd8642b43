//! What a layout is given: the words of a message, its people as rows, and its links, ready to be laid out.

use std::borrow::Cow;

use serde::Serialize;

use super::words::Words;
use crate::message::{Facts, Kind, Message, Moment, Named, Person, Reason, Severity, Silent, clean};

/// The silent pairs that a message names one by one.
const MOST_SILENT: usize = 20;
/// The longest link; Slack takes no longer one.
const LONGEST_LINK: usize = 3000;

/// A message without its people, as the wording is given it. So no wording can hold anybody's name.
#[derive(Clone, Serialize)]
pub(super) struct Matter {
    pub kind: Kind,
    pub severity: Severity,
    pub reason: Reason,
    pub site: Option<Named>,
    pub source: Option<Named>,
    pub at: Moment,
    pub facts: Facts,
    /// Silent pairs beyond those in `facts`.
    pub silent_more: usize,
}

impl Matter {
    /// Cleans what the operator and the servers wrote, keeps links that are links, and cuts a long list of silent pairs.
    pub(super) fn of(message: &Message) -> Self {
        let mut facts = message.facts.clone();
        let mut silent_more = 0;
        match &mut facts {
            Facts::Unreachable { silent, .. } | Facts::Who { silent, .. } => {
                silent_more = silent.len().saturating_sub(MOST_SILENT);
                silent.truncate(MOST_SILENT);
                for Silent { proxy, prefix, why } in silent {
                    *proxy = clean(proxy);
                    *prefix = clean(prefix);
                    *why = clean(why);
                }
            }
            Facts::Test { channel } => *channel = clean(channel),
            Facts::Threshold { .. } | Facts::Change { .. } => {}
        }
        let mut reason = message.reason.clone();
        if let Reason::Asked { because, .. } = &mut reason {
            *because = because.as_deref().map(clean).filter(|because| !because.trim().is_empty());
        }
        Self {
            kind: message.kind,
            severity: message.severity,
            reason,
            site: message.site.as_ref().map(named),
            source: message.source.as_ref().map(named),
            at: message.at.clone(),
            facts,
            silent_more,
        }
    }

    /// How it looks, which is how much it matters, unless it is over.
    pub(super) fn mood(&self) -> Mood {
        match (self.kind, self.severity) {
            (Kind::Resolved, _) => Mood::Good,
            (_, Severity::Critical) => Mood::Critical,
            (_, Severity::Warning) => Mood::Warning,
            (_, Severity::Info) => Mood::Info,
        }
    }
}

fn named(named: &Named) -> Named {
    let link = named.link.clone().filter(|link| is_link(link));
    Named { name: clean(&named.name), link }
}

/// Only what opens a page: `http` or `https`, with a host, and not endless.
fn is_link(link: &str) -> bool {
    link.encode_utf16().count() <= LONGEST_LINK
        && reqwest::Url::parse(link).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// How a message looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mood {
    Critical,
    Warning,
    Info,
    Good,
}

impl Mood {
    pub(super) fn emoji(self) -> &'static str {
        match self {
            Self::Critical => "🔴",
            Self::Warning => "🟠",
            Self::Info => "🔵",
            Self::Good => "🟢",
        }
    }
}

/// One person, ready to be shown; all anonymous visitors are one row.
#[derive(Clone, Serialize)]
pub(super) struct Row<'a> {
    pub who: Cow<'a, str>,
    pub name: Option<&'a str>,
    pub sessions: u64,
    pub on: &'a [String],
    pub anonymous: bool,
}

impl<'a> Row<'a> {
    fn of(person: &'a Person) -> Self {
        let who = match (person.directory.as_str(), person.id.as_str()) {
            ("", "") => Cow::Borrowed("(no name)"),
            ("", id) => Cow::Borrowed(id),
            (directory, id) => Cow::Owned(format!("{directory}\\{id}")),
        };
        let name = person.name.as_deref().filter(|name| !name.trim().is_empty());
        Self { who, name, sessions: person.sessions, on: &person.on, anonymous: person.anonymous }
    }
}

/// The people of a message, before any are left out.
pub(super) struct People<'a> {
    users: Vec<Row<'a>>,
    anonymous: Vec<Row<'a>>,
    hidden: bool,
}

impl<'a> People<'a> {
    pub(super) fn of(message: &'a Message, hidden: bool) -> Self {
        let (anonymous, users) = message.people.iter().map(Row::of).partition(|row| row.anonymous);
        Self { users, anonymous, hidden }
    }

    /// How many there are to show, the row of anonymous visitors not counted.
    pub(super) fn users(&self) -> usize {
        if self.hidden { 0 } else { self.users.len() }
    }
}

/// Everything a layout may show.
#[derive(Serialize)]
pub(super) struct View<'a> {
    pub kind: Kind,
    pub mood: Mood,
    pub emoji: &'static str,
    pub title: &'a str,
    pub lines: &'a [String],
    pub items: &'a [String],
    pub meta: &'a str,
    pub site: Option<&'a Named>,
    pub source: Option<&'a Named>,
    /// Those shown, the row of anonymous visitors last.
    people: Vec<Row<'a>>,
    /// How many users are left out for want of room.
    pub more: usize,
    /// How many people the channel's `names: hidden` keeps back.
    hidden: usize,
    /// Whether anybody is shown who is on another virtual proxy than the default one.
    placed: bool,
}

impl<'a> View<'a> {
    /// The view that shows so many users, and says how many more there are.
    pub(super) fn new(matter: &'a Matter, words: &'a Words, people: &'a People<'a>, shown: usize) -> Self {
        let mut rows: Vec<Row<'a>> = people.users.iter().take(shown).cloned().collect();
        if !people.hidden {
            rows.extend(people.anonymous.iter().cloned());
        }
        let mood = matter.mood();
        Self {
            kind: matter.kind,
            mood,
            emoji: mood.emoji(),
            title: &words.title,
            lines: &words.lines,
            items: &words.items,
            meta: &words.meta,
            site: matter.site.as_ref(),
            source: matter.source.as_ref(),
            more: people.users().saturating_sub(shown),
            hidden: if people.hidden { people.users.len() } else { 0 },
            placed: rows.iter().any(|row| row.on.iter().any(|prefix| !prefix.is_empty())),
            people: rows,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_link;

    #[test]
    fn only_pages_are_linked() {
        for (link, fine) in [
            ("https://sense.example.com/qmc", true),
            ("http://10.0.0.5/x?y#z", true),
            ("javascript:alert(1)", false),
            ("file:///etc/passwd", false),
            ("sense.example.com", false),
            ("", false),
        ] {
            assert_eq!(is_link(link), fine, "{link}");
        }
        assert!(!is_link(&format!("https://a/{}", "x".repeat(3000))));
    }
}
