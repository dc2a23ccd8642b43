//! Numbers beside what they were before.

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use super::Span;
use crate::schedule::Cron;
use crate::store::aggregate::{Blind, BlindWhy, Hour, Usage};

/// A number, the period before, and what it usually is: the same weekday last week, the week four weeks before, or the same month
/// of the year before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Compared {
    pub now: Option<u64>,
    pub before: Option<u64>,
    pub last_week: Option<u64>,
}

/// What the store gave of one span.
#[derive(Clone, Debug)]
pub struct Looked {
    pub span: Span,
    pub usage: Usage,
    /// How many polls were due, for each site.
    pub due: Vec<u64>,
}

impl Looked {
    /// What the store gave, with the polls that each site's schedule asked for. Where nothing was due, nothing was missed.
    pub fn new(span: Span, mut usage: Usage, schedules: &[Option<&Cron>], zone: &TimeZone) -> Self {
        let (from, to) = (span.from(zone), span.to(zone));
        let due = schedules.iter().map(|cron| cron.map_or(0, |cron| cron.count_in(from, to))).collect();
        for (site, cron) in usage.coverage.iter_mut().zip(schedules) {
            let due_in = |blind: &Blind| {
                let before = blind.from.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(blind.from);
                cron.and_then(|cron| cron.next_after(before)).filter(|slot| *slot < blind.to)
            };
            site.blind.retain_mut(|blind| match (blind.why, due_in(blind)) {
                (BlindWhy::NotPolled, None) => false,
                (BlindWhy::NotPolled, Some(slot)) => {
                    blind.from = slot;
                    true
                }
                _ => true,
            });
        }
        Self { span, usage, due }
    }

    /// Whether anything was seen of it at all.
    pub fn is_seen(&self) -> bool {
        self.usage.coverage.iter().any(|site| site.answered + site.partly > 0)
    }

    /// Polls that saw all, and polls that were due.
    pub fn polls(&self) -> (u64, u64) {
        let coverage = &self.usage.coverage;
        let seen = coverage.iter().map(|site| site.answered).sum();
        // A schedule that was changed since may have been denser then.
        (seen, coverage.iter().zip(&self.due).map(|(site, due)| site.polls.max(*due)).sum())
    }

    /// Whether enough was seen to compare with: a day of which an hour was seen says nothing about another.
    fn can_be_compared(&self) -> bool {
        let (seen, due) = self.polls();
        let partly: u64 = self.usage.coverage.iter().map(|site| site.partly).sum();
        self.is_seen() && 2 * (seen + partly) >= due
    }

    /// A number of it, where anything was seen.
    pub fn number(&self, of: impl FnOnce(&Usage) -> Option<u64>) -> Option<u64> {
        if self.is_seen() { of(&self.usage) } else { None }
    }

    /// How many were on in working hours, on average over the time that was seen.
    pub fn average(&self) -> Option<f64> {
        mean(self.usage.stretches.iter())
    }
}

/// The mean of users over some stretches, each weighted by how long all of it was seen.
pub(super) fn mean<'a>(hours: impl Iterator<Item = &'a Hour>) -> Option<f64> {
    let (mut sum, mut time) = (0.0, 0.0);
    for hour in hours {
        if let Some(mean) = hour.users.mean {
            let seen = hour.seen.as_secs_f64();
            (sum, time) = (sum + mean * seen, time + seen);
        }
    }
    (time > 0.0).then(|| sum / time)
}

/// A span, and what it is set beside.
#[derive(Clone, Debug)]
pub struct Set {
    pub now: Looked,
    pub before: Option<Looked>,
    pub usual: Option<Looked>,
}

impl Set {
    /// A number, and what it was.
    pub fn compared(&self, of: impl Fn(&Looked) -> Option<u64>) -> Compared {
        let then = |looked: &Option<Looked>| looked.as_ref().filter(|looked| looked.can_be_compared()).and_then(&of);
        Compared { now: of(&self.now), before: then(&self.before), last_week: then(&self.usual) }
    }

    /// As [`Set::compared`], of a number of people or sessions: there is one wherever anything was seen, and its sessions are kept.
    pub fn counted(&self, of: impl Fn(&Usage) -> u64) -> Compared {
        self.compared(|looked| looked.number(|usage| (!usage.forgotten).then(|| of(usage))))
    }
}
