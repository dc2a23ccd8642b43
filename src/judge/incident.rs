//! The life of a finding that lasts: pending, open, told again, closed.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::telling::Telling;
use super::{Bound, HoldFor, Rule, Verdict};

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
    /// The part of the site that it is about; none is the whole.
    pub part: Option<Arc<str>>,
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
    /// What was furthest from right.
    pub peak: Option<Peak>,
    /// Whether something of it waits to be told until a silence or a maintenance is over: that it is still open, or its end.
    pub held: bool,
    /// Which wording of its rule it was last judged by.
    pub form: Option<String>,
}

/// The last event of each rule and part, of incidents that stand with the newest first: it is remembered however old it is, since
/// a clock may be set back.
pub fn newest_events(incidents: &[Incident]) -> Vec<Option<IncidentId>> {
    let mut newest: Vec<&Incident> = Vec::new();
    for incident in incidents.iter().filter(|incident| incident.is_event()) {
        if !newest.iter().any(|known| known.rule == incident.rule && known.part == incident.part) {
            newest.push(incident);
        }
    }
    newest.iter().map(|incident| incident.id).collect()
}

/// The number that was furthest from what is right, and when it was first seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peak {
    pub value: u64,
    pub at: Timestamp,
}

impl Incident {
    pub(super) fn begin(site: &Arc<str>, rule: &Arc<str>, part: Option<&Arc<str>>, at: Timestamp) -> Self {
        Self {
            id: None,
            site: site.clone(),
            rule: rule.clone(),
            part: part.cloned(),
            state: State::Pending,
            since: at,
            last_shown: at,
            polls: 0,
            opened: None,
            told_at: None,
            told: 0,
            closed: None,
            cause: None,
            peak: None,
            held: false,
            form: None,
        }
    }

    /// Notes what it shows now, where that is further from right than before.
    fn show(&mut self, at: Timestamp, shown: Option<(u64, Bound)>) {
        self.last_shown = at;
        let Some((value, bound)) = shown else { return };
        let further = self.peak.is_none_or(|peak| match bound {
            Bound::Above => value > peak.value,
            Bound::Below => value < peak.value,
        });
        if further {
            self.peak = Some(Peak { value, at });
        }
    }

    /// Whether it was over as it happened.
    pub fn is_event(&self) -> bool {
        self.state == State::Closed && self.opened == self.closed
    }

    /// Whether a poll to come needs it: it lasts, or it was an event, or its end is still to be told.
    pub fn is_remembered(&self) -> bool {
        self.state != State::Closed || self.is_event() || self.held
    }

    /// Whether its rule was another one when it was last judged.
    fn is_of_another_form(&self, rule: &Rule) -> bool {
        self.form.as_ref().is_some_and(|form| *form != rule.form())
    }

    /// A clock that was set back neither repeats it at once nor silences it: what lies in the time to come is now.
    fn set_back(&mut self, at: Timestamp) {
        self.since = self.since.min(at);
        self.last_shown = self.last_shown.min(at);
        self.told_at = self.told_at.map(|told_at| told_at.min(at));
        if let Some(peak) = &mut self.peak {
            peak.at = peak.at.min(at);
        }
    }

    pub(super) fn tell(&mut self, at: Timestamp) {
        self.told_at = Some(at);
        // The all-clear is the end of the telling, not one more of it.
        if self.closed.is_none() || self.is_event() {
            self.told += 1;
        }
        if self.cause.is_none() {
            self.cause = Some(cause(&self.site, &self.rule, self.part.as_deref(), at));
        }
    }
}

/// The stable name of what one rule found at one poll, of the whole of a site or of a part of it.
pub(crate) fn cause(site: &str, rule: &str, part: Option<&str>, at: Timestamp) -> String {
    match part {
        None => format!("poll:{site}:{at}:{rule}"),
        Some(part) => format!("poll:{site}:{at}:{rule}:{part}"),
    }
}

/// What one rule makes of the whole of a site, or of one part of it.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub part: Option<&'a Arc<str>>,
    pub verdict: Verdict,
    pub hold: HoldFor,
    /// The incident that is pending or open.
    pub live: Option<&'a Incident>,
    /// The time between polls that the schedule asks for.
    pub interval: SignedDuration,
    /// Whether it is time to say it again, where that is not for `repeat` to say.
    pub again: Option<bool>,
}

/// Takes one rule's incident one snapshot further.
pub(super) fn step(site: &Arc<str>, found: &Found<'_>, mut telling: Telling<'_>) {
    let Found { part, verdict, hold, live, interval, again } = *found;
    let (rule, at) = (telling.rule, telling.at);
    let shown = telling.facts.measured();
    let hours = rule.during.as_ref().map(|during| during.stretch_at(at));
    let is_open = live.is_some_and(|it| it.state == State::Open);
    // Out of its hours nothing begins and nothing is said again. What is open is followed to its end, whenever that is.
    let verdict = match (hours, verdict) {
        (Some(None), Verdict::Happened) => return,
        (Some(None), Verdict::Holds | Verdict::Between) if is_open => Verdict::Unknown,
        (Some(None), Verdict::Holds | Verdict::Between) => Verdict::Clear,
        (_, verdict) => verdict,
    };
    // What lasted through the night is not said again as its hours begin, but once it has held for as long in them.
    let rested = match (hours.flatten(), hold) {
        (Some(stretch), HoldFor::Lasting(length)) => at.duration_since(stretch.from) < length,
        _ => false,
    };
    match (verdict, live) {
        (Verdict::Happened, _) => {
            let event = Incident {
                state: State::Closed,
                opened: Some(at),
                closed: Some(at),
                polls: 1,
                ..Incident::begin(site, &rule.name, part, at)
            };
            telling.event(event);
        }
        (Verdict::Holds | Verdict::Between, Some(open)) if is_open => {
            let mut incident = Incident { form: Some(rule.form()), ..open.clone() };
            incident.set_back(at);
            if verdict == Verdict::Holds {
                incident.show(at, shown);
            }
            let due = match (rule.repeat, incident.told_at) {
                (Some(repeat), Some(told_at)) => !rested && at.duration_since(told_at) >= repeat,
                _ => false,
            };
            telling.still(open, incident, again.unwrap_or(due));
        }
        (Verdict::Clear, Some(open)) if is_open => {
            let mut closed = Incident { state: State::Closed, closed: Some(at), ..open.clone() };
            closed.set_back(at);
            // By another rule than the one that opened it: nobody asked whether that would be over.
            if open.is_of_another_form(rule) { telling.withdrawn(closed) } else { telling.closed(closed) }
        }
        (Verdict::Holds, pending) => {
            let mut incident = match pending {
                Some(pending) if !gap_too_long(pending, at, hold, interval) && !pending.is_of_another_form(rule) => {
                    pending.clone()
                }
                // The old row is taken over: what was pending begins anew.
                Some(pending) => Incident { id: pending.id, ..Incident::begin(site, &rule.name, part, at) },
                None => Incident::begin(site, &rule.name, part, at),
            };
            incident.form = Some(rule.form());
            incident.show(at, shown);
            incident.polls = incident.polls.saturating_add(1);
            let long_enough = match hold {
                HoldFor::Lasting(length) => at.duration_since(incident.since) >= length,
                HoldFor::Polls(polls) => incident.polls >= polls,
            };
            if long_enough {
                telling.opened(Incident { state: State::Open, opened: Some(at), ..incident });
            } else {
                telling.keep(incident);
            }
        }
        (Verdict::Clear | Verdict::Between, pending) => {
            if let Some(pending) = pending {
                telling.drop(pending);
            }
            telling.calm(verdict == Verdict::Clear);
        }
        (Verdict::Unknown, _) => {}
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
