//! A number that moved a long way in a short time.

use jiff::{SignedDuration, Timestamp};

use super::{FindingFacts, Incident, Metric, PastReading, Seen, Tally, Turn};

/// `change: {metric: sessions, falls: 50%, within: 5m, at_least: 20}`: an event, told once and never closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub metric: Metric,
    pub turn: Turn,
    pub amount: Amount,
    pub within: SignedDuration,
    /// The least size of the change.
    pub at_least: u64,
}

/// How far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    Number(u64),
    /// Of the number that it is compared with.
    Percent(u64),
}

impl Change {
    /// What happened, if it did, and was not told within the last `within`.
    pub(super) fn verdict(
        &self,
        seen: &Seen,
        readings: &[PastReading],
        since: Option<Timestamp>,
        last: Option<&Incident>,
    ) -> Option<FindingFacts> {
        let quiet = |since| (SignedDuration::ZERO..self.within).contains(&seen.at.duration_since(since));
        if last.is_some_and(|event| event.is_event() && quiet(event.since)) {
            return None;
        }
        // A part may be fewer only because the rest was not seen.
        if self.turn == Turn::Falls && !seen.coverage.is_full() {
            return None;
        }
        let window = readings
            .iter()
            .filter(|reading| seen.at.duration_since(reading.to) <= self.within && reading.to < seen.at)
            .filter(|reading| since.is_none_or(|since| reading.to >= since))
            // A site that was asked about more pairs then, or fewer, is no measure for now.
            .filter(|reading| reading.asked == seen.coverage.asked)
            .map(|reading| self.metric.of(&Tally { counts: reading.counts, ..Tally::default() }));
        let to = self.metric.of(&seen.tally);
        let (from, by) = match self.turn {
            Turn::Falls => window.max().map(|high| (high, high.saturating_sub(to)))?,
            Turn::Rises => window.min().map(|low| (low, to.saturating_sub(low)))?,
        };
        let enough = match self.amount {
            Amount::Number(number) => by >= number,
            // From nothing, any rise is more than any percentage.
            Amount::Percent(percent) => u128::from(by) * 100 >= u128::from(from) * u128::from(percent),
        };
        if by == 0 || by < self.at_least || !enough {
            return None;
        }
        Some(FindingFacts::Change {
            metric: self.metric,
            turn: self.turn,
            from,
            to,
            by,
            // To the nearest whole one: 8 of 11 are 73 %.
            percent: (from > 0).then(|| (by * 100 + from / 2) / from),
            within: self.within,
            coverage: seen.coverage,
        })
    }
}
