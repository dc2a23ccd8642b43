//! Puts a message into a channel's form, cutting the list of people until it fits. Never fails.

use super::view::{Matter, Mood, People, View};
use super::words::{Cut, Words};
use super::{ChannelKind, Names, Payload, email, slack, teams};
use crate::message::{Chart, Kind, Message, sample};
use crate::render::{Engine, TemplateError};

/// Why a layout cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("template {0}")]
    Template(#[from] TemplateError),
    #[error("template `{file}` gives no JSON: its output breaks off at line {line}")]
    NotJson { file: String, line: usize },
    #[error("template `{file}` gives what the channel does not take: {what}")]
    Limit { file: String, what: String },
}

/// A message in the form of a channel: within its limits, whatever the templates do.
pub fn format(kind: ChannelKind, message: &Message, engine: &Engine, names: Names) -> Payload {
    let (payload, trouble) = formatted(kind, message, engine, names);
    if let Some(trouble) = trouble {
        let message = message.kind.word();
        tracing::warn!(channel.kind = kind.word(), message.kind = message, "{trouble}; sent in plain words");
    }
    payload
}

/// The first line of a message, in the words that every channel shares.
pub fn headline(message: &Message, engine: &Engine) -> String {
    Words::of(&Matter::of(message), engine).0.title
}

/// Puts every sample into every form, and tells each template that fails: before a real message meets it.
pub fn rehearse(engine: &Engine) -> Vec<String> {
    let mut told = Vec::new();
    for (_, message) in sample::all() {
        for kind in ChannelKind::ALL {
            let trouble = formatted(kind, &message, engine, Names::Shown).1.map(|trouble| trouble.to_string());
            told.extend(trouble.filter(|trouble| !told.contains(trouble)));
        }
    }
    told
}

fn formatted(kind: ChannelKind, message: &Message, engine: &Engine, names: Names) -> (Payload, Option<Trouble>) {
    let matter = Matter::of(message);
    let people = People::of(message, names == Names::Hidden);
    let (words, failed) = Words::of(&matter, engine);
    let title = words.title.clone();
    let left_out = (!people.is_empty()).then_some("The list of people is left out of this plain form.");
    let plainer = (kind != ChannelKind::Email).then(|| plain(kind, &words, &matter, left_out.into_iter()));
    let dressed = match failed {
        Some(error) => Err(Trouble::Template(error)),
        None => fit(kind, &matter, &words, &people, message.chart.as_ref(), engine),
    };
    match dressed {
        Ok(body) => (Payload::new(body, plainer, title), None),
        Err(trouble) => {
            let excuse = format!("This message is in plain words, because a template failed: {trouble}.");
            let body = plain(kind, &words, &matter, left_out.into_iter().chain([excuse.as_str()]));
            (Payload::new(body, plainer, title), Some(trouble))
        }
    }
}

/// How much of the words is told, from everything to the least: what is too long for a channel is cut in these steps.
const STEPS: [Cut; 4] = [
    Cut { items: 30, rows: 40, parts: 30, blocks: true },
    Cut { items: 10, rows: 12, parts: 20, blocks: true },
    Cut { items: 3, rows: 5, parts: 10, blocks: true },
    Cut { items: 1, rows: 0, parts: 5, blocks: false },
];

/// Tells as much as the channel has room for: shorter lists first, then fewer people.
fn fit(
    kind: ChannelKind,
    matter: &Matter,
    words: &Words,
    people: &People<'_>,
    chart: Option<&Chart>,
    engine: &Engine,
) -> Result<String, Trouble> {
    let mut trouble = None;
    for step in STEPS {
        let words = words.cut(step);
        match fit_people(kind, matter, &words, people, chart, engine) {
            Err(limit @ Trouble::Limit { .. }) => trouble = trouble.or(Some(limit)),
            done => return done,
        }
    }
    Err(trouble.unwrap_or_else(|| unreachable!("there is at least one step")))
}

/// Shows as many people as the channel has room for.
fn fit_people(
    kind: ChannelKind,
    matter: &Matter,
    words: &Words,
    people: &People<'_>,
    chart: Option<&Chart>,
    engine: &Engine,
) -> Result<String, Trouble> {
    let dress = |shown: usize| {
        let view = View::new(matter, words, people, chart, shown);
        let file = |ending| format!("{}/{}.{ending}.j2", kind.word(), matter.kind.word());
        match kind {
            ChannelKind::Slack => slack::format::dress(engine, &file("json"), &view, words),
            ChannelKind::Teams => teams::format::dress(engine, &file("json"), &view, words),
            ChannelKind::Email => email::format::dress(engine, &file("txt"), &file("html"), &view, urgent(matter)),
        }
    };
    let most = match kind {
        ChannelKind::Slack => slack::format::MOST_PEOPLE,
        ChannelKind::Teams => teams::format::MOST_PEOPLE,
        ChannelKind::Email => email::format::MOST_PEOPLE,
    };
    let in_parts = people.parts.iter().map(People::users).max().unwrap_or(0);
    let mut too_many = people.users().max(in_parts).min(most);
    let trouble = match dress(too_many) {
        Err(trouble @ Trouble::Limit { .. }) if too_many > 0 => trouble,
        done => return done,
    };
    let (mut fits, mut best) = (0, Err(trouble));
    while fits + 1 < too_many || best.is_err() {
        let middle = usize::midpoint(fits, too_many);
        match dress(middle) {
            Ok(body) => (fits, best) = (middle, Ok(body)),
            // Not even without anybody: it is not the people that are too much.
            Err(trouble) if middle == 0 => return Err(trouble),
            Err(_) => too_many = middle,
        }
    }
    best
}

/// The words alone, in the channel's envelope, with no template.
fn plain<'a>(kind: ChannelKind, words: &Words, matter: &Matter, notes: impl Iterator<Item = &'a str>) -> String {
    let mut words = words.clone();
    words.lines.extend(notes.map(str::to_owned));
    match kind {
        ChannelKind::Slack => slack::format::plain(&words, matter.mood()),
        ChannelKind::Teams => teams::format::plain(&words, matter.mood()),
        ChannelKind::Email => email::format::plain(&words, urgent(matter)),
    }
}

/// Whether a mail should be marked as important.
fn urgent(matter: &Matter) -> bool {
    matches!(matter.kind, Kind::Alert | Kind::Repeat) && matter.mood() == Mood::Critical
}

/// What a template gave, as JSON.
pub(super) fn parse(file: &str, text: &str) -> Result<serde_json::Value, Trouble> {
    serde_json::from_str(text).map_err(|error| Trouble::NotJson { file: file.to_owned(), line: error.line() })
}
