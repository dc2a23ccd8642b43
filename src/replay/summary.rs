//! How often each rule would have spoken.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::judge::{Rule, Why};

/// A rule that speaks more often than this in a week is not listened to.
pub const MOST_A_WEEK: f64 = 20.0;

const WEEK: f64 = 7.0 * 86_400.0;

/// What one rule would have said over the whole of a history.
#[derive(Clone, Debug)]
pub struct Summary {
    pub rule: Arc<Rule>,
    /// Alerts and events: each a story of its own.
    pub openings: u64,
    pub repeats: u64,
    /// Every message of it, all-clears too.
    pub messages: u64,
}

impl Summary {
    pub fn new(rule: Arc<Rule>) -> Self {
        Self { rule, openings: 0, repeats: 0, messages: 0 }
    }

    pub fn count(&mut self, why: &Why) {
        self.messages += 1;
        match why {
            Why::Opened { .. } | Why::Flapping { .. } | Why::Event => self.openings += 1,
            Why::Still { .. } => self.repeats += 1,
            Why::Resolved { .. } | Why::Calm { .. } => {}
        }
    }

    /// Messages in a week, from a history of this length; one of less than a week is taken to be a whole one, since a
    /// single hour says nothing of the other hours.
    pub fn a_week(&self, from: Timestamp, to: Timestamp) -> f64 {
        let length = to.duration_since(from).max(SignedDuration::ZERO).as_secs_f64();
        self.messages as f64 * WEEK / length.max(WEEK)
    }

    pub fn speaks_too_often(&self, from: Timestamp, to: Timestamp) -> bool {
        self.a_week(from, to) > MOST_A_WEEK
    }
}
