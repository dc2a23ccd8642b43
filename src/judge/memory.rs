//! What is remembered from poll to poll beside incidents and readings: who is on, numbers of parts, and what was usual.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::crowd::{Crowd, Who};
use super::watch::Climb;
use super::{Judgement, Rule};
use crate::snapshot::Snapshot;

/// A rule, and the part that it is about; none is the whole.
pub type Place = (Arc<str>, Option<Arc<str>>);

/// What a rule counted of one part at a poll that showed all of it.
#[derive(Clone, Debug)]
pub struct Measured {
    pub rule: Arc<str>,
    pub part: Option<Arc<str>>,
    pub value: u64,
    /// Of how many pairs.
    pub asked: u64,
    pub keep: Keep,
}

/// What becomes of a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It is compared with for so long.
    For(SignedDuration),
    /// It is part of what was usual in the hour that began then, which is known for so long.
    InHour(Timestamp, SignedDuration),
}

/// The same number over a stretch of polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub from: Timestamp,
    pub to: Timestamp,
    pub value: u64,
    pub asked: u64,
}

/// What was seen in one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hour {
    pub lowest: u64,
    pub highest: u64,
    /// How much of it the polls speak for.
    pub seen: SignedDuration,
}

impl Hour {
    /// With one more poll, which speaks until the next.
    fn with(self, value: u64, step: SignedDuration) -> Self {
        let (lowest, highest) = (self.lowest.min(value), self.highest.max(value));
        Self { lowest, highest, seen: self.seen + step.min(SignedDuration::from_hours(1)) }
    }
}

/// What the rules of a site remember.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// None where no rule wants to know.
    pub crowd: Option<Crowd>,
    pub runs: HashMap<Place, Vec<Run>>,
    pub hours: HashMap<Place, BTreeMap<Timestamp, Hour>>,
    /// Who is near the limit of a rule about sessions of one user.
    pub climbs: HashMap<(Arc<str>, Who), Climb>,
}

/// What changed in it, for a store.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub runs: Vec<(Place, Run)>,
    pub hours: Vec<(Place, Timestamp, Hour)>,
    pub climbs: Vec<(Arc<str>, Who, Option<Climb>)>,
    /// Of a rule's runs only those are kept that ended within this: others are too old, or from before the clock was set back.
    pub kept_runs: Vec<(Arc<str>, RangeInclusive<Timestamp>)>,
    /// What is older than this may be forgotten.
    pub old_hours: Vec<(Arc<str>, Timestamp)>,
}

impl Memory {
    /// Takes over what a poll showed, and what the rules made of it.
    pub fn after(
        &mut self,
        rules: &[Arc<Rule>],
        snapshot: &Snapshot,
        judgement: &Judgement,
        interval: SignedDuration,
    ) -> Changes {
        let at = snapshot.at();
        let mut changes = Changes::default();
        if rules.iter().any(|rule| rule.kind.looks_at_people()) {
            self.crowd.get_or_insert_default().after(snapshot);
        } else {
            self.crowd = None;
        }
        for Measured { rule, part, value, asked, keep } in &judgement.measured {
            let place = (rule.clone(), part.clone());
            match *keep {
                Keep::For(length) => {
                    let back_to = at.checked_sub(length).unwrap_or(Timestamp::MIN);
                    if !changes.kept_runs.iter().any(|(name, _)| name == rule) {
                        changes.kept_runs.push((rule.clone(), back_to..=at));
                    }
                    let longest = interval * 2 + SignedDuration::from_secs(60);
                    let goes_on = |to: Timestamp| (SignedDuration::ZERO..=longest).contains(&at.duration_since(to));
                    let runs = self.runs.entry(place.clone()).or_default();
                    let goes_on =
                        runs.last().is_some_and(|run| (run.value, run.asked) == (*value, *asked) && goes_on(run.to));
                    if !goes_on {
                        runs.push(Run { from: at, to: at, value: *value, asked: *asked });
                    }
                    if let Some(run) = runs.last_mut() {
                        run.to = at;
                        changes.runs.push((place, *run));
                    }
                }
                Keep::InHour(begins, length) => {
                    let hours = self.hours.entry(place.clone()).or_default();
                    if !hours.contains_key(&begins) {
                        let back_to = begins.checked_sub(length).unwrap_or(Timestamp::MIN);
                        hours.retain(|hour, _| *hour >= back_to);
                        changes.old_hours.push((rule.clone(), back_to));
                    }
                    let empty = Hour { lowest: *value, highest: *value, seen: SignedDuration::ZERO };
                    let hour = hours.get(&begins).copied().unwrap_or(empty).with(*value, interval);
                    hours.insert(begins, hour);
                    changes.hours.push((place, begins, hour));
                }
            }
        }
        for (rule, kept) in &changes.kept_runs {
            for (_, runs) in self.runs.iter_mut().filter(|((name, _), _)| name == rule) {
                runs.retain(|run| kept.contains(&run.to));
            }
        }
        self.runs.retain(|_, runs| !runs.is_empty());
        for (rule, who, climb) in &judgement.climbs {
            let key = (rule.clone(), who.clone());
            match climb {
                Some(climb) => drop(self.climbs.insert(key, *climb)),
                None => drop(self.climbs.remove(&key)),
            }
        }
        changes.climbs.clone_from(&judgement.climbs);
        changes
    }

    /// The parts that a rule has numbers of.
    pub(super) fn parts_of<'a>(&'a self, rule: &'a Rule) -> impl Iterator<Item = &'a Arc<str>> {
        let places = self.runs.keys().chain(self.hours.keys());
        places.filter(|(name, _)| *name == rule.name).filter_map(|(_, part)| part.as_ref())
    }

    pub(super) fn runs_of(&self, rule: &Rule, part: Option<&Arc<str>>) -> &[Run] {
        self.runs.get(&(rule.name.clone(), part.cloned())).map_or(&[], Vec::as_slice)
    }
}
