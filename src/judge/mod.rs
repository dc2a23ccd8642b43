//! Decides whether what was seen is news.
//!
//! Takes the rules, one snapshot, and what was known before it. Gives findings, in rule order.
//! Thinks only: no clock, no store, no channel; `now` is an argument.
//! Does not word anything; that is [`message`](crate::message)'s work.

mod absence;
mod certificate;
mod change;
mod crowd;
mod damp;
mod drain;
mod engine;
mod incident;
mod memory;
mod scope;
mod silence;
mod stale;
mod telling;
mod threshold;
mod unreachable;
mod unusual;
mod watch;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use absence::Absence;
pub use certificate::Expiry;
pub use change::{Amount, Change};
pub use crowd::{Crowd, Who};
pub use damp::{Damp, Flap, Flapping};
pub use drain::{Drain, End, Step, Unchanged};
pub use engine::{EngineMetric, EngineThreshold};
pub(crate) use incident::cause;
pub use incident::{Incident, IncidentId, Peak, State, newest_events};
pub use memory::{Changes, Hour, Keep, Measured, Memory, Place, Run};
pub use scope::{Over, Tally, Where};
pub use silence::{Silence, names};
pub use stale::{Away, Life, LifeTurn, Missed, Stale, why_away};
pub use threshold::Threshold;
pub use unreachable::{Parts, Unreachable};
pub use unusual::{Unusual, Usual};
pub use watch::{Climb, Watch, Watched, When};

pub(crate) use crowd::BACK;

use incident::Found;
use scope::View;
use telling::Telling;

use crate::hex;
use crate::schedule::{Cron, Maintenance, Window};
use crate::snapshot::{Certificate, Counts, Coverage, Snapshot};

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
    /// Users who were not there at the poll before, and have not come back after a short while.
    Joined,
    /// Users who were there at the poll before.
    Left,
}

/// On which side of its limit a number is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    Above,
    Below,
}

/// Which way a number moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
            Self::Joined => tally.joined,
            Self::Left => tally.left,
        }
    }

    /// Whether every snapshot has counted it already.
    pub(crate) fn is_plain(self) -> bool {
        matches!(self, Self::Sessions | Self::Users | Self::Anonymous)
    }

    /// Whether it is told by who was on at the poll before.
    pub(crate) fn is_movement(self) -> bool {
        matches!(self, Self::Joined | Self::Left)
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Users => "users",
            Self::Anonymous => "anonymous",
            Self::SessionsOfOneUser => "sessions_of_one_user",
            Self::Joined => "joined",
            Self::Left => "left",
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
    /// From how many openings on it flaps.
    pub damp: Option<Damp>,
}

impl Rule {
    /// Tells one wording of it from another, as far as judging goes: whom it tells, and how, does not matter.
    fn form(&self) -> String {
        let judged = format!("{:?} {:?} {:?}", self.kind, self.narrowed, self.during);
        hex::encode(&Sha256::digest(judged)[..8])
    }
}

/// One kind of rule, one file.
#[derive(Clone, Debug)]
pub enum RuleKind {
    Threshold(Threshold),
    /// A threshold of what engines say, not of who is on.
    Engines(EngineThreshold),
    Change(Change),
    Unreachable(Unreachable),
    Stale(Stale),
    Unusual(Unusual),
    Watch(Watch),
    Absence(Absence),
    Certificate(Expiry),
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
            Self::Stale(_) => "stale",
            Self::Unusual(_) => "unusual",
            Self::Watch(_) => "watch",
            Self::Absence(_) => "absence",
            Self::Certificate(_) => "certificate",
        }
    }

    /// Whether what it finds is over as it happens.
    pub fn is_event(&self) -> bool {
        matches!(self, Self::Change(_) | Self::Stale(_) | Self::Watch(_))
    }

    /// What it opens one incident each for.
    pub fn over(&self) -> Over {
        match self {
            Self::Threshold(threshold) => threshold.over,
            Self::Change(change) => change.over,
            Self::Unusual(unusual) => unusual.over,
            _ => Over::Site,
        }
    }

    /// What it counts, if it counts.
    fn metric(&self) -> Option<Metric> {
        match self {
            Self::Threshold(threshold) => Some(threshold.metric),
            Self::Change(change) => Some(change.metric),
            Self::Unusual(unusual) => Some(unusual.metric),
            _ => None,
        }
    }

    /// How far back it compares with single readings, if it does.
    pub fn looks_back(&self) -> Option<SignedDuration> {
        match self {
            Self::Change(change) => Some(change.looks_back()),
            _ => None,
        }
    }

    /// How long before a poll it must have watched, to judge it as it would.
    pub fn lead(&self) -> Option<SignedDuration> {
        match self {
            Self::Unusual(unusual) => Some(unusual.looks_back()),
            // As far back as sessions are kept by default.
            Self::Watch(Watch::SignsIn { when: When::FirstEver, .. }) => Some(SignedDuration::from_hours(90 * 24)),
            _ => self.looks_back(),
        }
    }

    /// Whether it wants to know who was on before.
    pub(crate) fn looks_at_people(&self) -> bool {
        matches!(self, Self::Watch(Watch::SignsIn { .. })) || self.metric().is_some_and(Metric::is_movement)
    }

    /// What becomes of a number that it counted.
    fn keeps(&self, whole: bool, at: Timestamp) -> Option<Keep> {
        /// A directory that nobody was on for longer is forgotten.
        const DAY: SignedDuration = SignedDuration::from_hours(24);
        match self {
            Self::Change(change) if !whole || !change.metric.is_plain() => Some(Keep::For(change.looks_back())),
            Self::Threshold(threshold) if threshold.over == Over::Directory && threshold.bound == Bound::Below => {
                Some(Keep::For(DAY))
            }
            Self::Unusual(unusual) => Some(Keep::InHour(unusual.hour(at), unusual.looks_back())),
            _ => None,
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
    /// Each rule's incidents that are pending or open, at most one for each part, its events, and those of which something is
    /// still to be told; the newest first.
    pub incidents: Vec<Incident>,
    /// Readings with full coverage, as far back as the rules look.
    pub readings: Vec<PastReading>,
    /// The time between polls that the schedule asks for.
    pub interval: SignedDuration,
    /// What nobody wants told for now.
    pub silences: Vec<Silence>,
    /// Whether the site is worked on in a window of its `maintenance`.
    pub maintenance: bool,
    /// The last poll that was made, whatever it saw.
    pub last_poll: Option<Timestamp>,
    /// The polls between that one and this that came due and were not made.
    pub missed: Option<Missed>,
    /// The rules that have opened lately, of those that are damped.
    pub flaps: Vec<Flap>,
    /// Who is on, numbers of parts, and what was usual.
    pub memory: Arc<Memory>,
    /// When the last incident of a rule about silence ended: what was counted before is no measure for what is counted after.
    pub blind_until: Option<Timestamp>,
}

impl Past {
    /// Notes what the schedules of a site say of the moment of a poll.
    pub fn note_schedules(&mut self, at: Timestamp, cron: Option<&Cron>, maintenance: &[Arc<Maintenance>]) {
        self.maintenance = maintenance.iter().any(|window| window.contains(at));
        self.missed = self.last_poll.and_then(|last| stale::missed(last, at, cron, self.interval));
    }

    /// Whether what a rule has to tell waits.
    fn holds(&self, site: &str, rule: &Rule) -> bool {
        self.maintenance || self.silences.iter().any(|silence| silence.covers(site, &rule.name))
    }

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
    /// It is back to where it closes, and was so at `until`.
    Resolved { since: Timestamp, until: Timestamp },
    /// It has opened `times` times since then, too often to be told each time: it is told again when nothing has changed for `rest`.
    Flapping { since: Timestamp, times: u32, rest: SignedDuration },
    /// It flapped until then, and nothing has changed since, for `rest`.
    Calm { since: Timestamp, until: Timestamp, times: u32, rest: SignedDuration },
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
            Self::Flapping { .. } => "flapping",
            Self::Calm { .. } => "calm",
            Self::Event => "event",
        }
    }
}

/// What the rule saw.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// A number unlike what is usual.
    Unusual {
        metric: Metric,
        value: u64,
        usual: Usual,
        coverage: Coverage,
    },
    /// Nobody was on; or somebody is again.
    Absence {
        counts: Counts,
        coverage: Coverage,
    },
    /// These signed in.
    SignedIn {
        when: When,
        people: Vec<Watched>,
        coverage: Coverage,
    },
    /// These have as many sessions as they may, or one fewer.
    Sessions {
        limit: u64,
        people: Vec<Watched>,
        coverage: Coverage,
    },
    /// This is good until then.
    Certificate {
        certificate: Certificate,
    },
    /// headcount missed so many polls between two.
    Stale {
        from: Timestamp,
        to: Timestamp,
        polls: u64,
        why: Option<Away>,
    },
}

impl FindingFacts {
    /// The number that is wrong, and on which side.
    fn measured(&self) -> Option<(u64, Bound)> {
        match self {
            Self::Threshold { value, bound, .. } | Self::Engines { value, bound, .. } => Some((*value, *bound)),
            Self::Unusual { value, usual, .. } if *value > usual.highest => Some((*value, Bound::Above)),
            Self::Unusual { value, .. } => Some((*value, Bound::Below)),
            Self::Change { .. }
            | Self::Stale { .. }
            | Self::Absence { .. }
            | Self::SignedIn { .. }
            | Self::Sessions { .. }
            | Self::Certificate { .. } => None,
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
    /// What was counted and is to be remembered.
    pub measured: Vec<Measured>,
    /// Who came near a limit, or is far from it again.
    pub climbs: Vec<(Arc<str>, Who, Option<Climb>)>,
    /// How often damped rules opened, where that is new.
    pub flaps: Vec<Flap>,
    /// Now, where an incident of a rule about silence ended.
    pub blind_until: Option<Timestamp>,
}

/// What a rule looks at: the whole of a site, or one part of it.
struct Seen {
    at: Timestamp,
    tally: Tally,
    coverage: Coverage,
}

/// What a rule makes of the whole of a site, or of one part of it.
struct Answer {
    part: Option<Arc<str>>,
    verdict: Verdict,
    hold: HoldFor,
    facts: FindingFacts,
    /// Whether it is time to say it again, where the rule has a time of its own for that.
    again: Option<bool>,
}

impl Answer {
    fn of(part: Option<Arc<str>>, verdict: Verdict, hold: HoldFor, facts: FindingFacts) -> Self {
        Self { part, verdict, hold, facts, again: None }
    }

    /// Of what has just happened.
    fn event(part: Option<Arc<str>>, facts: FindingFacts) -> Self {
        Self::of(part, Verdict::Happened, HoldFor::Polls(1), facts)
    }
}

/// Judges one snapshot by every rule, in their order.
pub fn judge(rules: &[Arc<Rule>], snapshot: &Snapshot, counts: Counts, past: &Past) -> Judgement {
    let (site, at) = (snapshot.site(), snapshot.at());
    let mut judgement = Judgement::default();
    let since = comparable_since(rules, past, at);
    let falls = falls(rules, past);
    for rule in rules {
        let known = past.incidents_of(rule);
        let answers = match &rule.kind {
            RuleKind::Certificate(expiry) => {
                let of = |(part, certificate): (Arc<str>, &Certificate)| {
                    let live = known.iter().find(|it| it.part.as_ref() == Some(&part) && it.state == State::Open);
                    let again = Some(expiry.is_due(certificate, live.copied(), at));
                    let (verdict, facts) = expiry.verdict(certificate, at);
                    Answer { again, ..Answer::of(Some(part), verdict, HoldFor::Polls(1), facts) }
                };
                certificate::parts(snapshot).into_iter().map(of).collect()
            }
            RuleKind::Watch(watch) => {
                let facts = watch.verdict(rule, snapshot, &past.memory, &mut judgement);
                facts.into_iter().map(|facts| Answer::event(None, facts)).collect()
            }
            RuleKind::Stale(stale) => {
                let facts = stale.verdict(past.missed.as_ref(), at);
                facts.into_iter().map(|facts| Answer::event(None, facts)).collect()
            }
            _ => {
                let views = scope::views(rule, snapshot, counts, &known, past);
                if snapshot.coverage().answered > 0 {
                    withdraw(&known, &views, at, &mut judgement);
                }
                measure(rule, &views, at, past, &mut judgement);
                let mut answers = Vec::with_capacity(views.len());
                for View { part, coverage, tally } in views {
                    let seen = Seen { at, tally, coverage };
                    answers.extend(answer(rule, part, &seen, snapshot, &known, past, (since, &falls)));
                }
                answers
            }
        };
        for Answer { part, verdict, hold, facts, again } in answers {
            let of_part = known.iter().filter(|incident| incident.part == part).copied();
            let live = of_part.clone().find(|incident| incident.state != State::Closed);
            let owed = of_part.clone().find(|incident| incident.state == State::Closed && incident.held);
            let flap = flap(rule, site, part.as_ref(), past, &mut judgement);
            let (interval, waits) = (past.interval, past.holds(site, rule));
            let found = Found { part: part.as_ref(), verdict, hold, live, interval, again };
            let judgement = &mut judgement;
            incident::step(site, &found, Telling { rule, at, facts, held: waits, owed, flap, judgement });
        }
    }
    let over = |incident: &Incident| incident.closed == Some(at) && incident.opened.is_some();
    judgement.blind_until = judgement.changed.iter().any(|it| over(it) && is_about_silence(rules, it)).then_some(at);
    judgement
}

/// What a rule that looks at numbers makes of one part.
fn answer(
    rule: &Rule,
    part: Option<Arc<str>>,
    seen: &Seen,
    snapshot: &Snapshot,
    known: &[&Incident],
    before: &Past,
    (since, falls): (Option<Timestamp>, &[Timestamp]),
) -> Option<Answer> {
    let (verdict, hold, facts) = match &rule.kind {
        RuleKind::Threshold(threshold) => (threshold.verdict(seen), threshold.hold, threshold.facts(seen)),
        RuleKind::Engines(engines) => {
            (engines.verdict(snapshot.engines()), engines.hold, engines.facts(snapshot.engines()))
        }
        RuleKind::Unreachable(unreachable) => {
            (unreachable.verdict(seen), unreachable.hold, FindingFacts::Unreachable { coverage: seen.coverage })
        }
        RuleKind::Absence(absence) => (Absence::verdict(seen), absence.hold, Absence::facts(seen)),
        RuleKind::Unusual(unusual) => {
            let hours = before.memory.hours.get(&(rule.name.clone(), part.clone()));
            let (verdict, facts) = unusual.verdict(seen, hours)?;
            (verdict, unusual.hold, facts)
        }
        RuleKind::Change(change) => {
            let events: Vec<_> = known.iter().filter(|it| it.part == part && it.is_event()).copied().collect();
            let numbers = change.before(rule, part.as_ref(), before);
            let facts = change.verdict(
                seen,
                &numbers,
                change.comparable(rule, &numbers, since, (seen.at, before.interval)),
                &events,
                (before.interval, falls),
            )?;
            return Some(Answer::event(part, facts));
        }
        RuleKind::Watch(_) | RuleKind::Stale(_) | RuleKind::Certificate(_) => return None,
    };
    Some(Answer::of(part, verdict, hold, facts))
}

/// Notes the numbers that a rule wants to know later, of what was seen whole.
fn measure(rule: &Rule, views: &[View], at: Timestamp, past: &Past, judgement: &mut Judgement) {
    let over = rule.kind.over();
    let whole = over == Over::Site && !rule.narrowed.narrows();
    let (Some(metric), Some(keep)) = (rule.kind.metric(), rule.kind.keeps(whole, at)) else { return };
    let mut note = |part: Option<Arc<str>>, value, asked| {
        judgement.measured.push(Measured { rule: rule.name.clone(), part, value, asked, keep });
    };
    for View { part, coverage, tally } in views.iter().filter(|view| view.coverage.is_full()) {
        let value = metric.of(tally);
        // A directory that nobody was on for long enough is one no more.
        let forgotten = matches!(keep, Keep::For(_))
            && over == Over::Directory
            && value == 0
            && past.memory.runs_of(rule, part.as_ref()).iter().all(|run| run.value == 0);
        if !forgotten {
            note(part.clone(), value, coverage.asked);
        }
    }
    // That a poll was made: a directory that was not there then had nobody on.
    if let (Keep::For(_), Over::Directory, Some(view)) = (keep, over, views.first())
        && view.coverage.is_full()
    {
        note(None, 0, view.coverage.asked);
    }
}

/// When falls were told.
fn falls(rules: &[Arc<Rule>], past: &Past) -> Vec<Timestamp> {
    let is_fall = |incident: &&Incident| {
        let is_fall = |rule: &&Arc<Rule>| {
            rule.name == incident.rule && matches!(&rule.kind, RuleKind::Change(change) if change.turn == Turn::Falls)
        };
        incident.is_event() && rules.iter().any(|rule| is_fall(&rule))
    };
    past.incidents.iter().filter(is_fall).map(|incident| incident.since).collect()
}

fn is_about_silence(rules: &[Arc<Rule>], incident: &Incident) -> bool {
    rules.iter().any(|rule| rule.name == incident.rule && matches!(rule.kind, RuleKind::Unreachable(_)))
}

/// From when on counts can be compared: who is gone after a site was silent for so long that it was told is the same incident,
/// and so are those who come back.
fn comparable_since(rules: &[Arc<Rule>], past: &Past, at: Timestamp) -> Option<Timestamp> {
    let blind = |it: &Incident| it.state == State::Open && is_about_silence(rules, it);
    if past.incidents.iter().any(blind) { Some(at) } else { past.blind_until.filter(|until| *until <= at) }
}

/// How often a damped rule has opened; of one that is not damped any more, that is forgotten.
fn flap(
    rule: &Rule,
    site: &Arc<str>,
    part: Option<&Arc<str>>,
    before: &Past,
    judgement: &mut Judgement,
) -> Option<Flap> {
    let known = before.flaps.iter().find(|flap| flap.is_of(&rule.name, part.map(|part| &**part)));
    let nothing = || Flap::new(site, &rule.name, part);
    if rule.damp.is_some() {
        return Some(known.cloned().unwrap_or_else(nothing));
    }
    judgement.flaps.extend(known.map(|_| nothing()));
    None
}

/// Ends, without a word, the incidents of parts that are not there any more, such as a virtual proxy that was taken away.
fn withdraw(known: &[&Incident], views: &[View], at: Timestamp, judgement: &mut Judgement) {
    for gone in known.iter().filter(|incident| !views.iter().any(|view| view.part == incident.part)) {
        match gone.state {
            State::Pending => judgement.dropped.extend(gone.id),
            State::Open => {
                let (state, closed) = (State::Closed, Some(at));
                judgement.changed.push(Incident { state, closed, held: false, ..(*gone).clone() });
            }
            State::Closed if gone.held => judgement.changed.push(Incident { held: false, ..(*gone).clone() }),
            State::Closed => {}
        }
    }
}

#[cfg(test)]
mod tests;
