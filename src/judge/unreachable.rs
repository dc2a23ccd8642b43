//! A site, or a part of it, that does not answer.

use super::{HoldFor, Seen, Verdict};

/// `unreachable: {for: 2m, parts: any}`: one incident a site, whichever of its pairs are silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreachable {
    pub parts: Parts,
    pub hold: HoldFor,
}

/// How much of a site must be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts {
    /// At least one pair.
    Any,
    /// Every pair.
    All,
}

impl Unreachable {
    pub(super) fn verdict(&self, seen: &Seen) -> Verdict {
        let silent = match self.parts {
            Parts::Any => !seen.coverage.is_full(),
            Parts::All => seen.coverage.answered == 0,
        };
        if silent { Verdict::Holds } else { Verdict::Clear }
    }
}
