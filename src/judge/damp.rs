//! A rule that opens again and again: told once that it flaps, then nothing until it is calm, which is told once.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

/// `damp: {openings: 4, within: 30m}`: so many openings within so long are flapping, and as long without any is calm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damp {
    pub openings: u32,
    pub within: SignedDuration,
}

/// How often one rule opened on one part of a site, as far as it matters for what comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flap {
    pub site: Arc<str>,
    pub rule: Arc<str>,
    pub part: Option<Arc<str>>,
    /// The openings that may make it flap, oldest first; none once it does.
    pub openings: Vec<Timestamp>,
    /// While it flaps: its first opening, and how many there have been since.
    pub flapping: Option<Flapping>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flapping {
    pub since: Timestamp,
    pub times: u32,
    /// When it last opened or closed.
    pub last: Timestamp,
    /// The cause of the message that told it; none while that was held.
    pub cause: Option<String>,
}

/// What an opening means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// It is an opening like any other.
    Single,
    /// It flaps, as of now or since before.
    Flaps,
}

impl Flap {
    pub(super) fn new(site: &Arc<str>, rule: &Arc<str>, part: Option<&Arc<str>>) -> Self {
        Self { site: site.clone(), rule: rule.clone(), part: part.cloned(), openings: Vec::new(), flapping: None }
    }

    pub fn is_of(&self, rule: &str, part: Option<&str>) -> bool {
        *self.rule == *rule && self.part.as_deref() == part
    }

    /// Whether there is nothing to remember of it.
    pub fn is_nothing(&self) -> bool {
        self.openings.is_empty() && self.flapping.is_none()
    }

    /// Counts an opening.
    pub(super) fn open(&mut self, damp: Damp, at: Timestamp) -> Opening {
        if let Some(flapping) = &mut self.flapping {
            flapping.times = flapping.times.saturating_add(1);
            flapping.last = at;
            return Opening::Flaps;
        }
        // One that lies in the time to come was noted before the clock was set back.
        self.openings.retain(|opened| *opened <= at && at.duration_since(*opened) <= damp.within);
        self.openings.push(at);
        let times = u32::try_from(self.openings.len()).unwrap_or(u32::MAX);
        if times < damp.openings {
            return Opening::Single;
        }
        let since = self.openings[0];
        self.openings.clear();
        self.flapping = Some(Flapping { since, times, last: at, cause: None });
        Opening::Flaps
    }

    /// Notes that it closed. True where that is to be remembered.
    pub(super) fn close(&mut self, at: Timestamp) -> bool {
        let Some(flapping) = &mut self.flapping else { return false };
        flapping.last = at;
        true
    }

    /// The flapping, where nothing has opened or closed for long enough that it is over.
    pub(super) fn rested(&mut self, damp: Damp, at: Timestamp) -> Option<Flapping> {
        let flapping = self.flapping.as_mut()?;
        // A clock that was set back begins the rest anew.
        flapping.last = flapping.last.min(at);
        (at.duration_since(flapping.last) >= damp.within).then(|| flapping.clone())
    }
}
