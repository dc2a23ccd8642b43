//! Decides whether what was seen is news.
//!
//! Takes the rules, one snapshot, and what was known before it. Gives findings, in rule order.
//! Thinks only: no clock, no store, no channel; `now` is an argument.
//! Does not word anything; that is [`message`](crate::message)'s work.

mod change;
mod engine;
mod incident;
mod threshold;
mod unreachable;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use change::{Amount, Change};
pub use engine::{EngineMetric, EngineThreshold};
pub(crate) use incident::cause;
pub use incident::{Incident, IncidentId, State};
pub use threshold::Threshold;
pub use unreachable::{Parts, Unreachable};

use crate::snapshot::{Counts, Coverage, Snapshot};

/// How much it matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    #[default]
    Warning,
    Critical,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    Sessions,
    Users,
    Anonymous,
}

/// On which side of its limit a number is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    Above,
    Below,
}

/// Which way a number moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    Rises,
    Falls,
}

impl Metric {
    pub fn of(self, counts: Counts) -> u64 {
        match self {
            Self::Sessions => counts.sessions,
            Self::Users => counts.users,
            Self::Anonymous => counts.anonymous,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Users => "users",
            Self::Anonymous => "anonymous",
        }
    }
}

/// What the operator wants told.
#[derive(Clone, Debug)]
pub struct Rule {
    pub name: Arc<str>,
    pub kind: RuleKind,
    pub severity: Severity,
    /// The channels to tell.
    pub tell: Vec<Arc<str>>,
    /// How long an open incident is left before it is told again; none is never.
    pub repeat: Option<SignedDuration>,
    pub link: Option<String>,
}

/// One kind of rule, one file.
#[derive(Clone, Debug)]
pub enum RuleKind {
    Threshold(Threshold),
    /// A threshold of what engines say, not of who is on.
    Engines(EngineThreshold),
    Change(Change),
    Unreachable(Unreachable),
}

impl RuleKind {
    /// Whether it needs the health of the engines.
    pub fn looks_at_engines(&self) -> bool {
        matches!(self, Self::Engines(_))
    }

    pub fn word(&self) -> &'static str {
        match self {
            Self::Threshold(_) | Self::Engines(_) => "threshold",
            Self::Change(_) => "change",
            Self::Unreachable(_) => "unreachable",
        }
    }

    /// How far back it compares, if it does.
    pub fn looks_back(&self) -> Option<SignedDuration> {
        match self {
            Self::Change(change) => Some(change.within),
            Self::Threshold(_) | Self::Engines(_) | Self::Unreachable(_) => None,
        }
    }
}

/// How long something must hold before it opens an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldFor {
    /// From the first poll that shows it; zero is that poll.
    Lasting(SignedDuration),
    /// So many polls in a row.
    Polls(u32),
}

/// What a site's full readings said over a stretch of polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastReading {
    pub from: Timestamp,
    pub to: Timestamp,
    pub counts: Counts,
    /// How many pairs it was of.
    pub asked: u64,
}

/// What was known before the snapshot.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Each rule's incident that is pending or open, or its last event.
    pub incidents: Vec<Incident>,
    /// Readings with full coverage, as far back as the rules look.
    pub readings: Vec<PastReading>,
    /// The time between polls that the schedule asks for.
    pub interval: SignedDuration,
}

impl Past {
    fn incident_of(&self, rule: &Rule) -> Option<&Incident> {
        self.incidents.iter().find(|incident| incident.rule == rule.name)
    }
}

/// What one rule makes of one snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is so.
    Holds,
    /// It is not so any more, but not yet back to where it closes.
    Between,
    /// It is not so.
    Clear,
    /// Not enough was seen to say.
    Unknown,
    /// It has just happened; there is nothing to close.
    Happened,
}

/// A rule's answer about one snapshot, with its reason.
#[derive(Clone, Debug)]
pub struct Finding {
    pub rule: Arc<Rule>,
    pub why: Why,
    pub facts: FindingFacts,
    /// The incident after this finding.
    pub incident: Incident,
}

/// Why it is told now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It has held as long as the rule asks; `since` is the first poll that showed it.
    Opened { since: Timestamp },
    /// It still holds, and was last told so long ago; `told` counts the messages before this one.
    Still { since: Timestamp, told: u32 },
    /// It is back to where it closes.
    Resolved { since: Timestamp },
    /// It has happened.
    Event,
}

impl Why {
    /// The word that listings use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened { .. } => "alert",
            Self::Still { .. } => "repeat",
            Self::Resolved { .. } => "resolved",
            Self::Event => "event",
        }
    }
}

/// What the rule saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingFacts {
    Threshold {
        metric: Metric,
        bound: Bound,
        limit: u64,
        clear: u64,
        value: u64,
        coverage: Coverage,
    },
    Engines {
        metric: EngineMetric,
        bound: Bound,
        limit: u64,
        clear: u64,
        value: u64,
        coverage: Coverage,
    },
    Change {
        metric: Metric,
        turn: Turn,
        from: u64,
        to: u64,
        by: u64,
        percent: Option<u64>,
        within: SignedDuration,
        coverage: Coverage,
    },
    /// The silent pairs are those of the snapshot.
    Unreachable {
        coverage: Coverage,
    },
}

/// What comes of judging: what to tell, and what to remember.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    pub findings: Vec<Finding>,
    /// Incidents that are new or have changed, findings' own among them.
    pub changed: Vec<Incident>,
    /// Pending incidents that came to nothing.
    pub dropped: Vec<IncidentId>,
}

/// The numbers that rules look at, counted once.
struct Seen {
    at: Timestamp,
    counts: Counts,
    coverage: Coverage,
}

/// Judges one snapshot by every rule, in their order.
pub fn judge(rules: &[Arc<Rule>], snapshot: &Snapshot, counts: Counts, past: &Past) -> Judgement {
    let seen = Seen { at: snapshot.at(), counts, coverage: snapshot.coverage() };
    let mut judgement = Judgement::default();
    for rule in rules {
        let before = past.incident_of(rule);
        let (verdict, hold, facts) = match &rule.kind {
            RuleKind::Threshold(threshold) => (threshold.verdict(&seen), threshold.hold, threshold.facts(&seen)),
            RuleKind::Engines(engines) => {
                (engines.verdict(snapshot.engines()), engines.hold, engines.facts(snapshot.engines()))
            }
            RuleKind::Unreachable(unreachable) => {
                (unreachable.verdict(&seen), unreachable.hold, FindingFacts::Unreachable { coverage: seen.coverage })
            }
            RuleKind::Change(change) => match change.verdict(&seen, &past.readings, before) {
                None => continue,
                Some(facts) => (Verdict::Happened, HoldFor::Polls(1), facts),
            },
        };
        incident::step(rule, snapshot.site(), &verdict, hold, facts, before, &seen, past.interval, &mut judgement);
    }
    judgement
}

#[cfg(test)]
mod tests;
