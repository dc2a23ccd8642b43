//! Plays the past: the same judge over polls that were recorded.
//!
//! Takes rules, and polls one after the other: read from a recorded [`History`], or given back by the store.
//! Gives what would have been told at each, and a [`Summary`] of each rule.
//! Thinks only: whoever plays hands in the lines or the polls. Writes nothing, sends nothing, words nothing.

mod fold;
mod rebuilt;
mod recorded;
mod summary;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

pub use rebuilt::{Excluded, Rebuilt, RebuiltPoll, Step, Unknown};
pub use recorded::{History, HistoryError, RecordedPoll};
pub use summary::{MOST_A_WEEK, Summary};

use crate::judge::{self, Crowd, Finding, Past, Rule};
use crate::schedule::{Cron, Maintenance};
use crate::snapshot::{Observation, Pair, Snapshot, User};

/// A judge at work on the past of one site.
pub struct Player {
    site: Arc<str>,
    rules: Vec<Arc<Rule>>,
    maintenance: Vec<Arc<Maintenance>>,
    cron: Option<Cron>,
    past: Past,
    next_incident: i64,
}

impl Player {
    /// `maintenance` are the windows of the site; `cron` says when polls were due, where that is known.
    pub fn new(site: Arc<str>, rules: Vec<Arc<Rule>>, maintenance: Vec<Arc<Maintenance>>, cron: Option<Cron>) -> Self {
        Self { site, rules, maintenance, cron, past: Past::default(), next_incident: 1 }
    }

    /// How long before the first poll that matters the playing should begin, so that what was open by then is known.
    pub fn lead(&self) -> SignedDuration {
        /// What lasts longer than this is told again anyway.
        const AT_LEAST: SignedDuration = SignedDuration::from_hours(24);
        self.rules.iter().filter_map(|rule| rule.kind.lead()).fold(AT_LEAST, SignedDuration::max)
    }

    /// Judges one poll, and remembers of it what the daemon would. Gives what was seen, and what would have been told.
    pub fn play(
        &mut self,
        at: Timestamp,
        pairs: Vec<(Pair, Observation)>,
        excluded: impl Fn(&User) -> bool,
        interval: SignedDuration,
    ) -> (Snapshot, Vec<Finding>) {
        let snapshot = Snapshot::new(self.site.clone(), at, pairs, excluded);
        let counts = snapshot.counts();
        self.past.interval = interval;
        if self.past.memory.crowd.is_none() && self.rules.iter().any(|rule| rule.kind.looks_at_people()) {
            // As a store has it that remembers nothing.
            Arc::make_mut(&mut self.past.memory).crowd = Some(Crowd::default());
        }
        self.past.note_schedules(at, self.cron.as_ref(), &self.maintenance);
        let judgement = judge::judge(&self.rules, &snapshot, counts, &self.past);
        fold::after(&mut self.past, &self.rules, &snapshot, &judgement, &mut self.next_incident);
        (snapshot, judgement.findings)
    }
}
