//! Decides whether what was seen is news.
//!
//! Takes the rules, one snapshot, and what was known before it. Gives findings, in rule order.
//! Thinks only: no clock, no store, no channel; `now` is an argument.
//! Does not word anything; that is [`message`](crate::message)'s work.

mod change;
mod drain;
mod engine;
mod incident;
mod scope;
mod threshold;
mod unreachable;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use change::{Amount, Change};
pub use drain::{Drain, End, Step, Unchanged};
pub use engine::{EngineMetric, EngineThreshold};
pub(crate) use incident::cause;
pub use incident::{Incident, IncidentId, Peak, State};
pub use scope::{Over, Tally, Where};
pub use threshold::Threshold;
pub use unreachable::{Parts, Unreachable};

use incident::Found;
use scope::View;

use crate::schedule::Window;
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
    /// The most that any one user has.
    SessionsOfOneUser,
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
    pub fn of(self, tally: &Tally) -> u64 {
        match self {
            Self::Sessions => tally.counts.sessions,
            Self::Users => tally.counts.users,
            Self::Anonymous => tally.counts.anonymous,
            Self::SessionsOfOneUser => tally.most,
        }
    }

    /// Whether every snapshot has counted it already.
    pub(crate) fn is_plain(self) -> bool {
        matches!(self, Self::Sessions | Self::Users | Self::Anonymous)
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Users => "users",
            Self::Anonymous => "anonymous",
            Self::SessionsOfOneUser => "sessions_of_one_user",
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
    /// Whom and what it looks at.
    pub narrowed: Where,
    /// When it judges.
    pub during: Option<Window>,
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

    /// What it opens one incident each for.
    pub fn over(&self) -> Over {
        match self {
            Self::Threshold(threshold) => threshold.over,
            Self::Change(_) | Self::Engines(_) | Self::Unreachable(_) => Over::Site,
        }
    }

    /// What it counts, if it counts.
    fn metric(&self) -> Option<Metric> {
        match self {
            Self::Threshold(threshold) => Some(threshold.metric),
            Self::Change(change) => Some(change.metric),
            Self::Engines(_) | Self::Unreachable(_) => None,
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
    /// Each rule's incidents that are pending or open, at most one for each part, and its last event.
    pub incidents: Vec<Incident>,
    /// Readings with full coverage, as far back as the rules look.
    pub readings: Vec<PastReading>,
    /// The time between polls that the schedule asks for.
    pub interval: SignedDuration,
}

impl Past {
    fn incidents_of(&self, rule: &Rule) -> Vec<&Incident> {
        self.incidents.iter().filter(|incident| incident.rule == rule.name).collect()
    }
}

/// What one rule makes of one snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

impl FindingFacts {
    /// The number that is wrong, and on which side.
    fn measured(&self) -> Option<(u64, Bound)> {
        match self {
            Self::Threshold { value, bound, .. } | Self::Engines { value, bound, .. } => Some((*value, *bound)),
            Self::Change { .. } => None,
            Self::Unreachable { coverage } => Some((coverage.asked - coverage.answered, Bound::Above)),
        }
    }
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

/// What a rule looks at: the whole of a site, or one part of it.
struct Seen {
    at: Timestamp,
    tally: Tally,
    coverage: Coverage,
}

/// Judges one snapshot by every rule, in their order.
pub fn judge(rules: &[Arc<Rule>], snapshot: &Snapshot, counts: Counts, past: &Past) -> Judgement {
    let (site, at) = (snapshot.site(), snapshot.at());
    let mut judgement = Judgement::default();
    for rule in rules {
        let known = past.incidents_of(rule);
        let views = scope::views(rule.kind.over(), &rule.narrowed, rule.kind.metric(), snapshot, counts, &known);
        if snapshot.coverage().answered > 0 {
            withdraw(&known, &views, at, &mut judgement);
        }
        for View { part, coverage, tally } in views {
            let seen = Seen { at, tally, coverage };
            let before = known.iter().find(|incident| incident.part == part).copied();
            let (verdict, hold, facts) = match &rule.kind {
                RuleKind::Threshold(threshold) => (threshold.verdict(&seen), threshold.hold, threshold.facts(&seen)),
                RuleKind::Engines(engines) => {
                    (engines.verdict(snapshot.engines()), engines.hold, engines.facts(snapshot.engines()))
                }
                RuleKind::Unreachable(unreachable) => {
                    (unreachable.verdict(&seen), unreachable.hold, FindingFacts::Unreachable { coverage })
                }
                RuleKind::Change(change) => match change.verdict(&seen, &past.readings, before) {
                    None => continue,
                    Some(facts) => (Verdict::Happened, HoldFor::Polls(1), facts),
                },
            };
            let found = Found { part: part.as_ref(), verdict, hold, facts, before };
            incident::step(rule, site, at, found, past.interval, &mut judgement);
        }
    }
    judgement
}

/// Ends, without a word, the incidents of parts that are not there any more, such as a virtual proxy that was taken away.
fn withdraw(known: &[&Incident], views: &[View], at: Timestamp, judgement: &mut Judgement) {
    for gone in known.iter().filter(|incident| !views.iter().any(|view| view.part == incident.part)) {
        match gone.state {
            State::Pending => judgement.dropped.extend(gone.id),
            State::Open => {
                judgement.changed.push(Incident { state: State::Closed, closed: Some(at), ..(*gone).clone() });
            }
            State::Closed => {}
        }
    }
}

#[cfg(test)]
mod tests;
