//! Says what there is to say, in facts.
//!
//! Takes findings and snapshots. Gives [`Message`]s: a severity, a reason, facts and a table of people, with names cleaned.
//! Thinks only: `now` and the time zone are arguments.
//! Words nothing (that is `templates/`), and knows no channel.

mod alert;
mod chart;
mod closed;
mod digest;
mod engine;
mod itself;
mod looked_back;
mod moment;
mod notice;
mod pseudonym;
pub mod sample;
mod several;
mod summary;
mod test;
mod trouble;
mod who;

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

pub use crate::clean::{clean, clean_to};
pub use crate::history::{Compared, Period};
pub use alert::alerts;
pub use chart::{Chart, Limit, Series};
pub use closed::{Closed, closed};
pub use digest::{
    Blind, Day, Digest, DigestEngine, DigestIncident, Heat, HeatRow, Missed, Over, Peak, Share, Usage, UsualHour,
    Watched,
};
pub use engine::EngineLine;
pub use itself::{channel_down, channel_well, heartbeat, summary};
pub use looked_back::{Crossed, LookedBack, digest};
pub use moment::{Moment, lasting};
pub use notice::{Active, LogOut, Notice, Restart, RestartNews, active, log_out, restart};
pub use pseudonym::{Pseudonyms, users};
pub use several::several;
pub use summary::{Entry, WhyHeld};
pub use test::test;
pub use who::{KnownNames, Occasion, everyone, people, who};

pub use crate::judge::{Bound, EngineMetric, Metric, Severity, Step, Turn};
pub use crate::snapshot::{CertificateOf, Counts, Coverage};

/// What sort of message it is; names the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Something is wrong, and has just become news.
    Alert,
    /// It is still wrong.
    Repeat,
    /// It is no longer wrong.
    Resolved,
    /// Who is on, at this moment.
    Who,
    /// How a site was used over a period.
    Digest,
    /// Something about a channel or a restart that people should know.
    Notice,
    /// A real message that tests a channel.
    Test,
    /// A sign of life in a channel that nothing else used.
    Heartbeat,
    /// What was held back or capped, counted.
    Summary,
}

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::Alert,
        Self::Repeat,
        Self::Resolved,
        Self::Who,
        Self::Digest,
        Self::Notice,
        Self::Test,
        Self::Heartbeat,
        Self::Summary,
    ];

    /// The word that names its templates and its row in the outbox.
    pub fn word(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Repeat => "repeat",
            Self::Resolved => "resolved",
            Self::Who => "who",
            Self::Digest => "digest",
            Self::Notice => "notice",
            Self::Test => "test",
            Self::Heartbeat => "heartbeat",
            Self::Summary => "summary",
        }
    }
}

/// One thing to tell, before any channel has put it into its own form.
#[derive(Clone, Debug)]
pub struct Message {
    pub kind: Kind,
    pub severity: Severity,
    pub reason: Reason,
    /// The site it is about; a test is about none.
    pub site: Option<Named>,
    /// The rule or the report that it comes from.
    pub source: Option<Named>,
    /// When it was so.
    pub at: Moment,
    pub facts: Facts,
    /// Everyone on, by name without case: as many as the numbers in `facts` count. Empty where it does not matter who is on.
    /// Where it is about how many there are, whoever has most sessions comes first; in a digest whoever was on longest.
    pub people: Vec<Person>,
    /// How a number went, where that helps.
    pub chart: Option<Chart>,
}

impl Message {
    /// Whether it is about how many are on, so that it helps to see who: whoever has most sessions first.
    pub(crate) fn helped_by_people(&self) -> bool {
        match &self.facts {
            // Of visitors without a name there is nobody to name.
            Facts::Threshold { metric, .. } | Facts::Change { metric, .. } | Facts::Unusual { metric, .. } => {
                *metric != Metric::Anonymous
            }
            Facts::Engines { .. } | Facts::Several { .. } => true,
            _ => false,
        }
    }

    /// Whether its people stand by how many sessions they have.
    fn is_ranked_by_sessions(&self) -> bool {
        self.helped_by_people() || matches!(self.facts, Facts::Sessions { .. })
    }
}

/// A thing of the configuration, with the operator's own link to it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Named {
    pub name: String,
    pub link: Option<String>,
}

/// Why it is told, and why now.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Reason {
    /// It began to hold, and has held as long as the rule asks.
    Opened { since: Moment, lasted: String },
    /// It still holds; `told` counts the messages before this one.
    Still { since: Moment, lasted: String, told: u32 },
    /// It is over.
    Resolved { since: Moment, until: Moment, lasted: String, peak: Option<Furthest> },
    /// It opened so often that it is not told each time any more, but when nothing has changed for `rest`.
    Flapping { since: Moment, times: u32, lasted: String, rest: String },
    /// It flapped until then, and nothing has changed for `rest` since.
    Calm { since: Moment, until: Moment, times: u32, lasted: String, rest: String },
    /// It happened; there is nothing to close.
    Event,
    /// A report came due; `late_by` says how late it is told, where headcount was down.
    Scheduled { due: Moment, late_by: Option<String> },
    /// A report came due that comes before a maintenance.
    Before { due: Moment, late_by: Option<String>, maintenance: String, begins: Moment },
    /// Somebody asked, perhaps before a restart at `planned`, for a reason of their own.
    Asked { planned: Option<Moment>, because: Option<String> },
}

/// What is so.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Facts {
    /// A number beyond its bound, or back within it. `clear` is where it closes; `on` are all who are on where it was counted.
    Threshold {
        metric: Metric,
        bound: Bound,
        limit: u64,
        clear: u64,
        value: u64,
        on: Option<Counts>,
        scope: Scope,
        coverage: Coverage,
    },
    /// A number of the engines beyond its bound, or back within it; `coverage` is of the engines, `on` are all who are on.
    Engines {
        metric: EngineMetric,
        bound: Bound,
        limit: u64,
        clear: u64,
        value: u64,
        on: Option<Counts>,
        coverage: Coverage,
        engines: Vec<EngineLine>,
    },
    /// A number that moved from `from` to `to`. `percent` is of `from`, absent when that is 0.
    Change {
        metric: Metric,
        turn: Turn,
        from: u64,
        to: u64,
        by: u64,
        percent: Option<u64>,
        within: String,
        on: Option<Counts>,
        scope: Scope,
        coverage: Coverage,
    },
    /// Pairs that did not answer; none when they all do again.
    Unreachable { silent: Vec<Silent>, trouble: Trouble, coverage: Coverage },
    /// A number unlike those of the weeks before: usual are `lowest` to `highest`.
    Unusual {
        metric: Metric,
        bound: Bound,
        value: u64,
        lowest: u64,
        highest: u64,
        weeks: u64,
        on: Option<Counts>,
        scope: Scope,
        coverage: Coverage,
    },
    /// Nobody is on; or somebody is again.
    Absence { users: u64, anonymous: u64, scope: Scope, coverage: Coverage },
    /// So many people signed in, for the first time ever or once more.
    SignedIn { count: u64, first_ever: bool },
    /// People with as many sessions as they may have, or with one fewer; `most` is what one of them has.
    Sessions { limit: u64, at_limit: u64, near: u64, most: u64 },
    /// A certificate that is good until then, for so long yet.
    Certificate { of: CertificateOf, name: String, until: Moment, left: String, expired: bool },
    /// headcount missed its checks between two polls.
    Stale { from: Moment, to: Moment, lasted: String, polls: u64, because: Option<Away> },
    /// Who is on. Counts are absent when nothing answered, and a lower bound while the coverage is not full.
    Who {
        counts: Option<Counts>,
        silent: Vec<Silent>,
        coverage: Coverage,
        /// Reports that were never sent, oldest first; `more_missed` came due after them.
        missed: Vec<Missed>,
        more_missed: u64,
    },
    /// A channel is tried.
    Test { channel: String },
    /// Findings of one poll, told together: each part is a message of its own, and a site, a reason and people of its own.
    Several {
        /// Each channel is given them beside these facts, without their people.
        #[serde(skip)]
        parts: Vec<Message>,
    },
    /// About a channel or a restart.
    Notice(Notice),
    /// A channel was used by nothing for so long; `first` when it was never used at all.
    Heartbeat { channel: String, quiet_for: String, first: bool },
    /// So many messages were held back. Those of one incident are one entry, oldest first; `more` are beyond the entries.
    Summary { why: WhyHeld, count: u64, entries: Vec<Entry>, more: u64 },
    /// Everything is over that a message told the beginning of, whose title this is: it is changed to say so, where a channel can
    /// change what it has sent.
    Closed { title: String, incidents: Vec<Closed> },
    /// How sites were used over a period.
    Digest(Box<Digest>),
}

/// Why headcount missed its checks.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "away", rename_all = "snake_case")]
pub enum Away {
    Stopped { from: Moment, to: Moment },
    Killed { to: Moment },
    Restarted { to: Moment },
    Asleep { length: String },
    ClockSet { ahead: String },
    StoreLocked,
    DiskFull,
    StoreFailed,
    Slow,
}

/// What silent pairs have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Trouble {
    /// Nothing more than that they are silent.
    #[default]
    Several,
    /// The machine that headcount runs on has no way out.
    OwnNetwork,
    /// No name can be looked up from here, of one host or of several.
    Names { hosts: u64 },
    /// A certificate is not accepted.
    Certificate,
    /// One pair of several on a proxy.
    Pair { proxy: String, prefix: String },
    /// One proxy of several, all of it.
    Proxy { proxy: String, pairs: u64 },
    /// Everything.
    Site,
}

/// Where a number was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Scope {
    /// The kind of part, `proxy`, `virtual_proxy` or `directory`, and its name, cleaned; none is the whole site.
    pub over: Option<&'static str>,
    pub part: String,
    /// Whether the rule looks at some people or virtual proxies alone.
    pub narrowed: bool,
}

/// The number that was furthest from what is right.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Furthest {
    pub value: u64,
    pub at: Moment,
}

/// A pair that did not answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Silent {
    pub proxy: String,
    /// Empty for the default virtual proxy.
    pub prefix: String,
    /// Why, in few words, cleaned.
    pub why: String,
}

/// One person on, with names cleaned. All anonymous visitors together are one row, with an empty directory and id.
#[derive(Clone, Serialize, JsonSchema)]
pub struct Person {
    pub directory: String,
    pub id: String,
    /// The display name, where known.
    pub name: Option<String>,
    pub sessions: u64,
    /// The prefixes that the person is on; empty text for the default virtual proxy.
    pub on: Vec<String>,
    pub anonymous: bool,
    /// Since when, where that is known.
    pub since: Option<Since>,
    /// How long in all, where a report ranks people by it.
    pub connected: Option<String>,
    /// What whoever may not see names is shown in their place.
    #[serde(skip)]
    pub pseudonym: Option<String>,
}

/// Since when somebody is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Since {
    pub at: Moment,
    /// They were there when watching began, and may have been on for longer.
    pub at_least: bool,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Person(***, {} sessions)", self.sessions)
    }
}
