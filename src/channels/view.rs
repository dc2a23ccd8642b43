//! What a layout is given: the words of a message, its people as rows, and its links, ready to be laid out.

use std::borrow::Cow;

use serde::Serialize;

use super::drawn::{Drawn, Told};
use super::words::{Block, Words};
use crate::message::{
    Chart, Digest, EngineLine, Facts, Heat, Kind, Message, Moment, Named, Notice, Person, Reason, Severity, Silent,
    Since, Step, Trouble, clean,
};

/// The silent pairs that a message names one by one.
const MOST_SILENT: usize = 20;
/// The people that a message names which is not about them: nobody reads more of them on a phone.
const A_FEW: usize = 10;
/// The people whom an alert names to help; programs are told all.
const TO_HELP: usize = 15;
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
    /// Silent pairs, or engines, beyond those in `facts`.
    pub silent_more: usize,
    /// What it puts together, where `facts` are several.
    pub parts: Vec<Matter>,
    /// What its chart shows.
    pub chart: Option<Told>,
}

impl Matter {
    /// Cleans what the operator and the servers wrote, keeps links that are links, and cuts a long list of silent pairs.
    pub(super) fn of(message: &Message) -> Self {
        // Parts are taken one by one, so that no people get in, nor are copied.
        let (parts, mut facts) = match &message.facts {
            Facts::Several { parts } => (parts.iter().map(Self::of).collect(), Facts::Several { parts: Vec::new() }),
            facts => (Vec::new(), facts.clone()),
        };
        let silent_more = clean_facts(&mut facts);
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
            parts,
            chart: message.chart.as_ref().and_then(Told::of),
        }
    }

    /// How it looks, which is how much it matters, unless it is over.
    pub(super) fn mood(&self) -> Mood {
        let restart = |step| matches!(&self.facts, Facts::Notice(Notice::Restart(restart)) if restart.step == step);
        match (self.kind, self.severity) {
            (Kind::Resolved, _) => Mood::Good,
            (Kind::Notice, _) if restart(Step::Clear) => Mood::Good,
            (Kind::Notice, _) if matches!(&self.facts, Facts::Notice(Notice::ChannelWell { .. })) => Mood::Good,
            (_, Severity::Critical) => Mood::Critical,
            (_, Severity::Warning) => Mood::Warning,
            (_, Severity::Info) => Mood::Info,
        }
    }
}

/// Cleans every text that comes from elsewhere. Gives how many silent pairs it left out.
fn clean_facts(facts: &mut Facts) -> usize {
    let tidy = |text: &mut String| *text = clean(text);
    match facts {
        Facts::Unreachable { silent, trouble, .. } => {
            if let Trouble::Pair { proxy, .. } | Trouble::Proxy { proxy, .. } = trouble {
                tidy(proxy);
            }
            if let Trouble::Pair { prefix, .. } = trouble {
                tidy(prefix);
            }
            clean_silent(silent)
        }
        Facts::Who { silent, .. } => clean_silent(silent),
        Facts::Engines { engines, .. } => {
            let more = engines.len().saturating_sub(MOST_SILENT);
            engines.truncate(MOST_SILENT);
            for EngineLine { host, why, .. } in engines {
                tidy(host);
                why.iter_mut().for_each(tidy);
            }
            more
        }
        Facts::Test { channel }
        | Facts::Heartbeat { channel, .. }
        | Facts::Notice(Notice::ChannelWell { channel, .. }) => {
            tidy(channel);
            0
        }
        Facts::Notice(Notice::ChannelDown { channel, why, .. }) => {
            tidy(channel);
            tidy(why);
            0
        }
        Facts::Notice(Notice::LogOut(log_out)) => {
            log_out.because = log_out.because.as_deref().map(clean).filter(|because| !because.trim().is_empty());
            log_out.on.iter_mut().for_each(tidy);
            0
        }
        Facts::Notice(Notice::Restart(restart)) => {
            restart.because = restart.because.as_deref().map(clean).filter(|because| !because.trim().is_empty());
            clean_silent(&mut restart.silent)
        }
        Facts::Summary { entries, .. } => {
            for entry in entries {
                tidy(&mut entry.title);
                entry.site.iter_mut().chain(&mut entry.source).for_each(tidy);
            }
            0
        }
        Facts::Closed { title, incidents } => {
            incidents.iter_mut().map(|one| &mut one.title).chain([title]).for_each(tidy);
            0
        }
        Facts::Digest(digest) => {
            clean_digest(digest);
            0
        }
        Facts::Threshold { scope, .. }
        | Facts::Change { scope, .. }
        | Facts::Unusual { scope, .. }
        | Facts::Absence { scope, .. } => {
            tidy(&mut scope.part);
            0
        }
        Facts::Certificate { name, .. } => {
            tidy(name);
            0
        }
        Facts::Several { .. } | Facts::Stale { .. } | Facts::SignedIn { .. } | Facts::Sessions { .. } => 0,
    }
}

fn clean_digest(digest: &mut Digest) {
    let tidy = |text: &mut String| *text = clean(text);
    let Digest {
        sites,
        days,
        by_site,
        by_virtual_proxy,
        by_directory,
        over,
        incidents,
        watched,
        engines,
        engines_unasked,
        ..
    } = digest;
    sites.iter_mut().chain(engines_unasked).for_each(tidy);
    for engine in days.iter_mut().flat_map(|day| &mut day.engines).chain(engines) {
        tidy(&mut engine.host);
        engine.site.iter_mut().for_each(tidy);
    }
    for share in by_site.iter_mut().chain(by_virtual_proxy).chain(by_directory) {
        tidy(&mut share.name);
    }
    for over in over {
        tidy(&mut over.rule);
        over.site.iter_mut().for_each(tidy);
    }
    for incident in incidents {
        tidy(&mut incident.site);
        tidy(&mut incident.rule);
    }
    let stretches = days.iter_mut().flat_map(|day| &mut day.watched.blind).chain(&mut watched.blind);
    for blind in stretches {
        tidy(&mut blind.site);
    }
}

fn clean_silent(silent: &mut Vec<Silent>) -> usize {
    let more = silent.len().saturating_sub(MOST_SILENT);
    silent.truncate(MOST_SILENT);
    for Silent { proxy, prefix, why } in silent {
        for text in [proxy, prefix, why] {
            *text = clean(text);
        }
    }
    more
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
    pub since: Option<&'a Since>,
    pub connected: Option<&'a str>,
}

impl<'a> Row<'a> {
    pub(super) fn of(person: &'a Person) -> Self {
        let who = match (person.directory.as_str(), person.id.as_str()) {
            ("", "") => Cow::Borrowed("(no name)"),
            ("", id) => Cow::Borrowed(id),
            (directory, id) => Cow::Owned(format!("{directory}\\{id}")),
        };
        Self {
            who,
            name: person.name.as_deref().filter(|name| !name.trim().is_empty()),
            sessions: person.sessions,
            on: &person.on,
            anonymous: person.anonymous,
            since: person.since.as_ref(),
            connected: person.connected.as_deref(),
        }
    }
}

/// The people of a message, before any are left out.
pub(super) struct People<'a> {
    users: Vec<&'a Person>,
    anonymous: Vec<&'a Person>,
    hidden: bool,
    /// Whether they are beside the matter, and only help.
    help: bool,
    /// The most that are shown: everyone where they are what it is about, some where they only help.
    most: usize,
    /// Those of each part, where it puts several together.
    pub parts: Vec<People<'a>>,
}

impl<'a> People<'a> {
    /// With `all`, as many as there is room for are shown, even where they only help.
    pub(super) fn of(message: &'a Message, hidden: bool, all: bool) -> Self {
        let (anonymous, users) = message.people.iter().partition(|person| person.anonymous);
        let most = match message.facts {
            Facts::Who { .. } | Facts::Notice(_) => usize::MAX,
            Facts::Digest(_) => A_FEW,
            _ if all => usize::MAX,
            _ => TO_HELP,
        };
        let parts = match &message.facts {
            Facts::Several { parts } => {
                parts.iter().map(|part| Self { most: A_FEW, ..Self::of(part, hidden, all) }).collect()
            }
            _ => Vec::new(),
        };
        Self { users, anonymous, hidden, help: message.helped_by_people(), most, parts }
    }

    /// How many there are to show, the row of anonymous visitors not counted.
    pub(super) fn users(&self) -> usize {
        if self.hidden { 0 } else { self.users.len().min(self.most) }
    }

    /// Whether anybody is named, here or in a part.
    pub(super) fn is_empty(&self) -> bool {
        self.users.is_empty() && self.anonymous.is_empty() && self.parts.iter().all(Self::is_empty)
    }

    /// Everyone, list by list, those of parts too; nobody where they are kept back.
    pub(super) fn everyone(&self) -> Vec<Vec<&'a Person>> {
        let all = |people: &Self| people.users.iter().chain(&people.anonymous).copied().collect();
        std::iter::once(self).chain(&self.parts).filter(|_| !self.hidden).map(all).collect()
    }

    /// How many rows there is room for, each as long as the channel counts it; at most so many.
    pub(super) fn fitting(&self, most: usize, room: usize, length: impl Fn(&Row<'a>) -> usize) -> usize {
        let anonymous: usize = self.anonymous.iter().map(|person| length(&Row::of(person))).sum();
        let mut room = room.saturating_sub(anonymous);
        let fits = |person: &&&'a Person| {
            let length = length(&Row::of(person));
            let fits = length <= room;
            room = room.saturating_sub(length);
            fits
        };
        self.users.iter().take(most).take_while(fits).count()
    }

    /// So many people as they are, anonymous visitors last; how many more there are, and how many are kept back.
    pub(super) fn persons(&self, most: usize) -> (Vec<&'a Person>, usize, usize) {
        if self.hidden {
            return (Vec::new(), 0, self.users.len());
        }
        let most = most.min(self.most);
        let people = self.users.iter().take(most).chain(&self.anonymous).copied().collect();
        (people, self.users.len().saturating_sub(most), 0)
    }

    fn shown(&self, most: usize) -> Shown<'a> {
        if self.hidden {
            // That they are not named is said where they are what it is about.
            let hidden = if self.help { 0 } else { self.users.len() };
            return Shown { hidden, ..Shown::default() };
        }
        let most = most.min(self.most);
        let people: Vec<Row<'a>> =
            self.users.iter().take(most).chain(&self.anonymous).map(|person| Row::of(person)).collect();
        Shown {
            more: self.users.len().saturating_sub(most),
            hidden: 0,
            placed: people.iter().any(|row| row.on.iter().any(|prefix| !prefix.is_empty())),
            dated: people.iter().any(|row| row.since.is_some()),
            ranked: people.iter().any(|row| row.connected.is_some()),
            people,
        }
    }
}

/// The people whom a layout shows.
#[derive(Default, Serialize)]
pub(super) struct Shown<'a> {
    /// The row of anonymous visitors last.
    people: Vec<Row<'a>>,
    /// How many users are left out for want of room.
    more: usize,
    /// How many people the channel's `names: hidden` keeps back.
    hidden: usize,
    /// Whether anybody is shown who is on another virtual proxy than the default one.
    placed: bool,
    /// Whether it is known since when anybody is on.
    dated: bool,
    /// Whether it is known for how long anybody was on.
    ranked: bool,
}

/// Everything a layout may show.
#[derive(Serialize)]
pub(super) struct View<'a> {
    pub kind: Kind,
    pub severity: Severity,
    pub mood: Mood,
    pub emoji: &'static str,
    pub title: &'a str,
    pub lines: &'a [String],
    pub items: &'a [String],
    pub more_items: usize,
    pub blocks: &'a [Block],
    /// What stands above the people.
    pub people_title: Option<&'a str>,
    pub meta: &'a str,
    pub site: Option<&'a Named>,
    pub source: Option<&'a Named>,
    pub at: &'a Moment,
    pub parts: Vec<View<'a>>,
    pub more_parts: usize,
    /// The chart as the message gives it, and as the channel draws it itself.
    pub chart: Option<&'a Chart>,
    pub drawn: Option<&'a Drawn>,
    /// What it shows, in words.
    pub chart_told: Option<&'a str>,
    /// The hours of a week, as numbers: mail colours them.
    pub heat: Option<&'a Heat>,
    /// The file with all the people, where a mail's list is cut.
    pub attached: Option<&'a str>,
    #[serde(flatten)]
    pub shown: Shown<'a>,
}

impl<'a> View<'a> {
    /// The view that shows so many users, and says how many more there are.
    pub(super) fn new(
        matter: &'a Matter,
        words: &'a Words,
        people: &'a People<'a>,
        (chart, drawn): (Option<&'a Chart>, Option<&'a Drawn>),
        shown: usize,
    ) -> Self {
        let mood = matter.mood();
        let parts = matter.parts.iter().zip(&words.parts).zip(&people.parts);
        Self {
            kind: matter.kind,
            severity: matter.severity,
            mood,
            emoji: mood.emoji(),
            title: &words.title,
            lines: &words.lines,
            items: &words.items,
            more_items: words.more_items,
            blocks: &words.blocks,
            people_title: words.people.as_deref(),
            meta: &words.meta,
            site: matter.site.as_ref(),
            source: matter.source.as_ref(),
            at: &matter.at,
            parts: parts
                .map(|((matter, words), people)| View::new(matter, words, people, (None, None), shown))
                .collect(),
            more_parts: words.more_parts,
            chart,
            drawn,
            chart_told: words.chart.as_deref(),
            heat: match &matter.facts {
                Facts::Digest(digest) => digest.heat.as_ref(),
                _ => None,
            },
            attached: None,
            shown: people.shown(shown),
        }
    }

    /// Whether anybody is left out for want of room, here or in a part.
    pub(super) fn is_cut(&self) -> bool {
        self.shown.more > 0 || self.parts.iter().any(View::is_cut)
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
