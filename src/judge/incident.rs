//! The life of a finding that lasts: pending, open, told again, closed.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Finding, FindingFacts, HoldFor, Judgement, Rule, Seen, Verdict, Why};

/// The store's name for an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IncidentId(pub i64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It holds, but not yet for as long as the rule asks.
    Pending,
    Open,
    /// It is over; an event is over as it happens.
    Closed,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// A finding that lasts, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// None until the store has it.
    pub id: Option<IncidentId>,
    pub site: Arc<str>,
    pub rule: Arc<str>,
    pub state: State,
    /// The first poll that showed it.
    pub since: Timestamp,
    /// The last poll that showed it.
    pub last_shown: Timestamp,
    /// How many polls in a row showed it before it opened.
    pub polls: u32,
    pub opened: Option<Timestamp>,
    /// When it was last told, and how often.
    pub told_at: Option<Timestamp>,
    pub told: u32,
    pub closed: Option<Timestamp>,
    /// The cause of its first message; later ones are threaded under it.
    pub cause: Option<String>,
}

impl Incident {
    fn begin(site: &Arc<str>, rule: &Rule, at: Timestamp) -> Self {
        Self {
            id: None,
            site: site.clone(),
            rule: rule.name.clone(),
            state: State::Pending,
            since: at,
            last_shown: at,
            polls: 0,
            opened: None,
            told_at: None,
            told: 0,
            closed: None,
            cause: None,
        }
    }

    /// Whether it was over as it happened.
    pub fn is_event(&self) -> bool {
        self.state == State::Closed && self.opened == self.closed
    }

    fn tell(&mut self, at: Timestamp) {
        self.told_at = Some(at);
        // The all-clear is the end of the telling, not one more of it.
        if self.closed.is_none() || self.is_event() {
            self.told += 1;
        }
        if self.cause.is_none() {
            self.cause = Some(cause(&self.site, &self.rule, at));
        }
    }
}

/// The stable name of what one rule found at one poll.
pub(crate) fn cause(site: &str, rule: &str, at: Timestamp) -> String {
    format!("poll:{site}:{at}:{rule}")
}

/// Takes one rule's incident one snapshot further.
#[expect(clippy::too_many_arguments, reason = "one call, from `judge`, with what it has at hand")]
pub(super) fn step(
    rule: &Arc<Rule>,
    site: &Arc<str>,
    verdict: &Verdict,
    hold: HoldFor,
    facts: FindingFacts,
    before: Option<&Incident>,
    seen: &Seen,
    interval: SignedDuration,
    judgement: &mut Judgement,
) {
    let at = seen.at;
    let live = before.filter(|incident| incident.state != State::Closed);
    let mut tell = |mut incident: Incident, why: Why| {
        incident.tell(at);
        judgement.changed.push(incident.clone());
        judgement.findings.push(Finding { rule: rule.clone(), why, facts, incident });
    };
    match (verdict, live.map(|incident| incident.state)) {
        (Verdict::Happened, _) => {
            let event = Incident {
                state: State::Closed,
                opened: Some(at),
                closed: Some(at),
                polls: 1,
                ..Incident::begin(site, rule, at)
            };
            tell(event, Why::Event);
        }
        (Verdict::Holds, None | Some(State::Pending | State::Closed)) => {
            let mut incident = match live {
                Some(pending) if !gap_too_long(pending, at, hold, interval) => pending.clone(),
                // The old row is taken over: what was pending begins anew.
                Some(pending) => Incident { id: pending.id, ..Incident::begin(site, rule, at) },
                None => Incident::begin(site, rule, at),
            };
            incident.last_shown = at;
            incident.polls = incident.polls.saturating_add(1);
            let long_enough = match hold {
                HoldFor::Lasting(length) => at.duration_since(incident.since) >= length,
                HoldFor::Polls(polls) => incident.polls >= polls,
            };
            if long_enough {
                let since = incident.since;
                tell(Incident { state: State::Open, opened: Some(at), ..incident }, Why::Opened { since });
            } else {
                judgement.changed.push(incident);
            }
        }
        (Verdict::Holds | Verdict::Between, Some(State::Open)) => {
            let Some(open) = live else { return };
            let mut incident = open.clone();
            if *verdict == Verdict::Holds {
                incident.last_shown = at;
            }
            let due = match (rule.repeat, incident.told_at) {
                // A clock that was set back must not silence it.
                (Some(repeat), Some(told_at)) => at.duration_since(told_at) >= repeat || at < told_at,
                _ => false,
            };
            if due {
                let (since, told) = (incident.since, incident.told);
                tell(incident, Why::Still { since, told });
            }
        }
        (Verdict::Clear, Some(State::Open)) => {
            let Some(open) = live else { return };
            let since = open.since;
            tell(Incident { state: State::Closed, closed: Some(at), ..open.clone() }, Why::Resolved { since });
        }
        (Verdict::Clear | Verdict::Between, Some(State::Pending)) => {
            judgement.dropped.extend(live.and_then(|pending| pending.id));
        }
        (Verdict::Unknown, _) | (Verdict::Clear | Verdict::Between, None | Some(State::Closed)) => {}
    }
}

/// Whether what was pending went unseen for so long that it must begin anew: longer than it has to hold, and longer than
/// the schedule's own step, since a rule with a short `for` on a slow schedule would otherwise never open.
fn gap_too_long(pending: &Incident, at: Timestamp, hold: HoldFor, interval: SignedDuration) -> bool {
    let step = interval + interval / 2;
    let longest = match hold {
        HoldFor::Lasting(length) => length.max(step),
        HoldFor::Polls(polls) => step.saturating_mul(i32::try_from(polls).unwrap_or(i32::MAX)),
    };
    at.duration_since(pending.last_shown) > longest || at < pending.since
}
