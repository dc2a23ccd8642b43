//! A site that nobody is on.

use super::{FindingFacts, HoldFor, Seen, Verdict};

/// `absence: {for: 30m}`: neither users nor anonymous visitors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absence {
    pub hold: HoldFor,
}

impl Absence {
    pub(super) fn verdict(seen: &Seen) -> Verdict {
        match seen.tally.counts.sessions {
            0 if seen.coverage.is_full() => Verdict::Holds,
            // Nobody can say who is on what was not seen.
            0 => Verdict::Unknown,
            // Whoever was seen is there, however little was seen.
            _ => Verdict::Clear,
        }
    }

    pub(super) fn facts(seen: &Seen) -> FindingFacts {
        FindingFacts::Absence { counts: seen.tally.counts, coverage: seen.coverage }
    }
}
