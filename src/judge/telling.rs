//! What becomes news of an incident's turns: told now, held while a silence or a maintenance lasts, or damped where it flaps.

use std::sync::Arc;

use jiff::Timestamp;

use super::damp::{Flap, Flapping, Opening};
use super::incident::{Incident, State, cause};
use super::{Finding, FindingFacts, Judgement, Rule, Why};

/// One rule about one part, with all that bears on whether it speaks.
pub(super) struct Telling<'a> {
    pub rule: &'a Arc<Rule>,
    pub at: Timestamp,
    pub facts: FindingFacts,
    /// Whether a silence or a maintenance holds it.
    pub held: bool,
    /// An incident that is over, of which that waits to be told.
    pub owed: Option<&'a Incident>,
    /// How often it opened, where the rule is damped.
    pub flap: Option<Flap>,
    pub judgement: &'a mut Judgement,
}

impl Telling<'_> {
    fn say(&mut self, why: Why, incident: Incident) {
        let (rule, facts) = (self.rule.clone(), self.facts.clone());
        self.judgement.findings.push(Finding { rule, why, facts, incident });
    }

    /// Remembers an incident without a word.
    pub(super) fn keep(&mut self, incident: Incident) {
        self.judgement.changed.push(incident);
    }

    fn keep_flap(&mut self) {
        self.judgement.flaps.extend(self.flap.clone());
    }

    fn tell(&mut self, mut incident: Incident, why: Why) {
        incident.held = false;
        incident.tell(self.at);
        self.keep(incident.clone());
        self.say(why, incident);
    }

    /// What is told now takes the place of an end that nobody was told of.
    fn supersede(&mut self) {
        if let Some(owed) = self.owed.take() {
            self.keep(Incident { held: false, ..owed.clone() });
        }
    }

    /// It has happened. What happens while it is held has come and gone.
    pub(super) fn event(&mut self, incident: Incident) {
        if self.held { self.keep(incident) } else { self.tell(incident, Why::Event) }
    }

    /// It has opened.
    pub(super) fn opened(&mut self, incident: Incident) {
        let opening = match (self.rule.damp, &mut self.flap) {
            (Some(damp), Some(flap)) => flap.open(damp, self.at),
            _ => Opening::Single,
        };
        if opening == Opening::Flaps {
            self.flaps(&incident);
            self.keep(incident);
            self.keep_flap();
            return;
        }
        self.keep_flap();
        if self.held {
            self.keep(incident);
        } else {
            self.tell_opened(incident);
        }
    }

    fn tell_opened(&mut self, mut incident: Incident) {
        let since = incident.since;
        if let Some(owed) = self.owed {
            // It ended while it was held, and has come again: to those who heard of it nothing has ended, it is still so.
            self.supersede();
            incident.cause.clone_from(&owed.cause);
            incident.told = owed.told;
            return self.tell(incident, Why::Still { since, told: owed.told });
        }
        self.tell(incident, Why::Opened { since });
    }

    /// Tells that it flaps, once.
    fn flaps(&mut self, incident: &Incident) {
        let at = self.at;
        let Some(flapping) = self.flap.as_mut().and_then(|flap| flap.flapping.as_mut()) else { return };
        if self.held || flapping.cause.is_some() {
            return;
        }
        let told = cause(&incident.site, &incident.rule, incident.part.as_deref(), at);
        flapping.cause = Some(told.clone());
        let (since, times) = (flapping.since, flapping.times);
        self.supersede();
        let rest = self.rest();
        self.say(Why::Flapping { since, times, rest }, Incident { cause: Some(told), ..incident.clone() });
    }

    fn rest(&self) -> jiff::SignedDuration {
        self.rule.damp.map(|damp| damp.within).unwrap_or_default()
    }

    /// It is open, as it was before. `due` is whether it is time to say it again.
    pub(super) fn still(&mut self, before: &Incident, mut incident: Incident, due: bool) {
        if let (Some(damp), Some(flap)) = (self.rule.damp, &mut self.flap)
            && flap.flapping.is_some()
        {
            if flap.rested(damp, self.at).is_some() {
                // It came, and did not go any more: it is an incident like any other.
                flap.flapping = None;
                self.keep_flap();
            } else {
                let known = flap.clone();
                self.flaps(&incident);
                if self.flap.as_ref() != Some(&known) {
                    self.keep_flap();
                }
                if incident != *before {
                    self.keep(incident);
                }
                return;
            }
        }
        if self.held {
            // What was told before is told again when that is over, and what was not is told then.
            incident.held = incident.told > 0;
        } else if incident.told == 0 {
            return self.tell_opened(incident);
        } else if incident.held || due {
            let (since, told) = (incident.since, incident.told);
            return self.tell(incident, Why::Still { since, told });
        }
        if incident != *before {
            self.keep(incident);
        }
    }

    /// It is over. What nobody was told of ends without a word.
    pub(super) fn closed(&mut self, incident: Incident) {
        if self.flap.as_mut().is_some_and(|flap| flap.close(self.at)) {
            self.keep_flap();
        }
        if incident.told == 0 {
            self.keep(Incident { held: false, ..incident });
        } else if self.held {
            self.keep(Incident { held: true, ..incident });
        } else {
            self.tell_closed(incident);
        }
    }

    fn tell_closed(&mut self, incident: Incident) {
        let until = incident.closed.unwrap_or(self.at);
        let since = incident.since;
        self.tell(incident, Why::Resolved { since, until });
    }

    /// It came to nothing before it opened.
    pub(super) fn drop(&mut self, pending: &Incident) {
        self.judgement.dropped.extend(pending.id);
    }

    /// It ends without a word, since its rule is another one by now.
    pub(super) fn withdrawn(&mut self, incident: Incident) {
        if self.flap.as_mut().is_some_and(|flap| flap.close(self.at)) {
            self.keep_flap();
        }
        self.keep(Incident { held: false, ..incident });
    }

    /// It is not so, and was not so before: what waited to be told is told, and what flapped may be calm.
    pub(super) fn calm(&mut self, clear: bool) {
        if self.held {
            return;
        }
        if let Some(owed) = self.owed.take() {
            self.tell_closed(owed.clone());
        }
        let (Some(damp), Some(flap), true) = (self.rule.damp, &mut self.flap, clear) else { return };
        let before = flap.clone();
        if let Some(Flapping { since, times, last, cause }) = flap.rested(damp, self.at) {
            flap.flapping = None;
            let (site, rule, part) = (flap.site.clone(), flap.rule.clone(), flap.part.clone());
            if cause.is_some() {
                let rest = self.at.duration_since(last);
                let over = Incident {
                    state: State::Closed,
                    closed: Some(self.at),
                    cause,
                    ..Incident::begin(&site, &rule, part.as_ref(), since)
                };
                self.say(Why::Calm { since, until: last, times, rest }, over);
            }
        }
        if self.flap.as_ref() != Some(&before) {
            self.keep_flap();
        }
    }
}
