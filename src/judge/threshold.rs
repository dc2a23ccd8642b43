//! A number beyond its bound.

use super::{Bound, FindingFacts, HoldFor, Metric, Over, Seen, Verdict};

/// `threshold: {metric: users, above: 200, clear: 180, for: 3m}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold {
    pub metric: Metric,
    pub bound: Bound,
    /// Opens beyond this number.
    pub limit: u64,
    /// Closes at this number, or on its good side.
    pub clear: u64,
    pub hold: HoldFor,
    pub over: Over,
}

impl Threshold {
    pub(super) fn verdict(&self, seen: &Seen) -> Verdict {
        let value = self.metric.of(&seen.tally);
        let full = seen.coverage.is_full();
        match self.bound {
            // What was seen of a part is a lower bound: it can be too many, but neither few enough nor too few.
            Bound::Above if value > self.limit => Verdict::Holds,
            _ if !full => Verdict::Unknown,
            Bound::Above if value <= self.clear => Verdict::Clear,
            Bound::Below if value < self.limit => Verdict::Holds,
            Bound::Below if value >= self.clear => Verdict::Clear,
            Bound::Above | Bound::Below => Verdict::Between,
        }
    }

    pub(super) fn facts(&self, seen: &Seen) -> FindingFacts {
        FindingFacts::Threshold {
            metric: self.metric,
            bound: self.bound,
            limit: self.limit,
            clear: self.clear,
            value: self.metric.of(&seen.tally),
            coverage: seen.coverage,
        }
    }
}
