//! The facts of a message as JSON, for programs: what a webhook is sent, and what stands in each file.
//!
//! Within a version keys are added, never taken away nor given another meaning. `docs/webhook.md` tells how it is read, and
//! `docs/webhook.schema.json` is made from these types.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

use super::view::{Matter, People};
use super::words::Words;
use crate::message::{Chart, Facts, Kind, Moment, Named, Person, Reason, Severity};

/// The version of this form.
const VERSION: u32 = 1;

/// A message from headcount: what it says in words, and the facts behind them.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Message")]
pub(super) struct Document<'a> {
    /// The version of this form. Within a version keys are added, never taken away nor given another meaning.
    #[schemars(extend("const" = VERSION))]
    version: u32,
    /// `headcount.` and the kind of message.
    #[serde(rename = "type")]
    #[schemars(regex(pattern = r"^headcount\.[a-z]+$"))]
    of: String,
    /// When what it tells was so: RFC 3339, UTC.
    timestamp: &'a str,
    data: Data<'a>,
}

/// What it tells.
#[derive(Serialize, JsonSchema)]
struct Data<'a> {
    kind: Kind,
    severity: Severity,
    /// The headline: one line, without anybody's name.
    title: &'a str,
    /// All of it in words, without anybody's name.
    text: String,
    /// Why it is told, and why now.
    reason: &'a Reason,
    /// The site it is about, if it is about one.
    site: Option<&'a Named>,
    /// The rule or the report that it comes from.
    source: Option<&'a Named>,
    at: &'a Moment,
    facts: &'a Facts,
    /// Pairs that did not answer beyond those in `facts`.
    silent_more: usize,
    /// People: by name without case; where it is about how many are on, whoever has most sessions first; in a digest whoever was on
    /// longest first. All anonymous visitors together are one entry.
    people: Vec<&'a Person>,
    /// How many people were left out for want of room.
    people_more: usize,
    /// How many people the channel's `names: hidden` keeps back.
    people_hidden: usize,
    chart: Option<&'a Chart>,
    /// The messages that it puts together, where `facts` are about `several`.
    parts: Vec<Data<'a>>,
    /// How many of them were left out for want of room.
    parts_more: usize,
}

impl<'a> Document<'a> {
    /// The document that names so many people, and says how many more there are.
    pub(super) fn new(
        matter: &'a Matter,
        words: &'a Words,
        people: &'a People<'a>,
        chart: Option<&'a Chart>,
        shown: usize,
    ) -> Self {
        Self {
            version: VERSION,
            of: format!("headcount.{}", matter.kind.word()),
            timestamp: &matter.at.utc,
            data: Data::new(matter, words, people, chart, shown),
        }
    }
}

impl<'a> Data<'a> {
    fn new(
        matter: &'a Matter,
        words: &'a Words,
        people: &'a People<'a>,
        chart: Option<&'a Chart>,
        shown: usize,
    ) -> Self {
        let (persons, people_more, people_hidden) = people.persons(shown);
        let parts = matter.parts.iter().zip(&words.parts).zip(&people.parts);
        Self {
            kind: matter.kind,
            severity: matter.severity,
            title: &words.title,
            text: words.text(),
            reason: &matter.reason,
            site: matter.site.as_ref(),
            source: matter.source.as_ref(),
            at: &matter.at,
            facts: &matter.facts,
            silent_more: matter.silent_more,
            people: persons,
            people_more,
            people_hidden,
            chart,
            parts: parts.map(|((matter, words), people)| Self::new(matter, words, people, None, shown)).collect(),
            parts_more: words.more_parts,
        }
    }
}

/// The JSON Schema of what a webhook is sent.
pub fn schema() -> String {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let schema = generator.into_root_schema_for::<Document<'_>>();
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
