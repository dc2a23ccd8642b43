//! What a channel takes, and when: the least severity, quiet hours, and how much in an hour.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::Use;
use crate::judge::Severity;
use crate::schedule::{Stretch, Window};

/// The hour over which messages are counted: it begins with a message, and lasts this long.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What the operator wants for one channel.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// The least severity taken of findings.
    pub from: Severity,
    /// Whether it is told that something is over.
    pub resolved: bool,
    /// When it is told of nothing but what is critical or was asked for.
    pub quiet: Option<Window>,
    /// How many messages it is told in an hour before findings wait for a summary.
    pub cap: Option<u32>,
    /// The channel that is told when this one is down.
    pub fallback: Option<Arc<str>>,
    /// Whether what follows a message is put under it.
    pub threads: bool,
    /// How long nothing may use it before it is told that it still works.
    pub keep_alive: Option<SignedDuration>,
}

/// What is told, as far as its way matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Finding(Severity),
    /// By schedule; it is kept whole.
    Report,
    Notice,
}

/// Why something waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeldBy {
    /// The channel has its quiet hours.
    Quiet,
    /// It was told enough in this hour.
    Cap,
}

impl HeldBy {
    pub const ALL: [Self; 2] = [Self::Quiet, Self::Cap];

    /// The word of its rows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Cap => "cap",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|held| held.word() == word)
    }
}

/// How many messages a channel was told since its hour began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hour {
    pub from: Timestamp,
    pub told: u32,
}

impl Hour {
    /// The hour that counts now: the one given while it lasts, else a new one.
    pub fn current(last: Option<Self>, now: Timestamp) -> Self {
        // A clock that was set back begins a new one.
        last.filter(|hour| hour.from <= now && now < hour.to()).unwrap_or(Self { from: now, told: 0 })
    }

    pub fn to(self) -> Timestamp {
        self.from.checked_add(HOUR).unwrap_or(Timestamp::MAX)
    }
}

impl Policy {
    /// Why something has to wait, if it has to. What is critical never waits.
    pub fn holds(&self, sort: Sort, hour: Hour, now: Timestamp) -> Option<HeldBy> {
        if sort == Sort::Finding(Severity::Critical) {
            return None;
        }
        if self.quiet.as_ref().is_some_and(|quiet| quiet.contains(now)) {
            return Some(HeldBy::Quiet);
        }
        let enough = self.cap.is_some_and(|cap| hour.told >= cap);
        (enough && matches!(sort, Sort::Finding(_))).then_some(HeldBy::Cap)
    }

    /// Whether nothing has used the channel for so long that it should be. Nights are left alone.
    pub fn is_forgotten(&self, channel: &Use, now: Timestamp) -> bool {
        let idle = now.duration_since(channel.last());
        !channel.busy
            && self.keep_alive.is_some_and(|length| idle >= length)
            && !self.quiet.as_ref().is_some_and(|quiet| quiet.contains(now))
    }

    /// From when to when what waits was held back, once it is to wait no longer. `first` is when the first of it was held.
    pub fn release(&self, held: HeldBy, first: Timestamp, hour: Option<Hour>, now: Timestamp) -> Option<Stretch> {
        // What was capped does not come at night either.
        if self.quiet.as_ref().is_some_and(|quiet| quiet.contains(now)) {
            return None;
        }
        match held {
            HeldBy::Quiet => {
                let hours = self.quiet.as_ref().and_then(|quiet| quiet.stretch_at(first));
                // The configuration may have changed since.
                Some(hours.filter(|hours| hours.to <= now).unwrap_or(Stretch { from: first, to: now }))
            }
            HeldBy::Cap => {
                let hour = hour.filter(|hour| hour.from <= first && first < hour.to());
                match hour {
                    Some(hour) if self.cap.is_some() && hour.from <= now && now < hour.to() => None,
                    Some(hour) => Some(Stretch { from: hour.from, to: hour.to().min(now) }),
                    None => Some(Stretch { from: first, to: now }),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-{text}:00Z").parse().unwrap()
    }

    fn policy(cap: Option<u32>) -> Policy {
        let quiet = Window::new(None, Some("20:00-07:00"), &TimeZone::UTC).unwrap();
        Policy { cap, quiet: Some(quiet), ..Policy::default() }
    }

    #[test]
    fn who_waits_and_why() {
        use HeldBy::{Cap, Quiet};
        let hour = |told| Hour { from: at("23T12:00"), told };
        for (what, told, when, held) in [
            (Sort::Finding(Severity::Warning), 0, "23T12:30", None),
            (Sort::Finding(Severity::Warning), 3, "23T12:30", Some(Cap)),
            (Sort::Finding(Severity::Info), 9, "23T12:30", Some(Cap)),
            (Sort::Finding(Severity::Critical), 9, "23T12:30", None),
            (Sort::Report, 9, "23T12:30", None),
            (Sort::Notice, 9, "23T12:30", None),
            (Sort::Finding(Severity::Warning), 0, "23T20:00", Some(Quiet)),
            (Sort::Finding(Severity::Warning), 9, "23T20:00", Some(Quiet)),
            (Sort::Finding(Severity::Critical), 9, "24T03:00", None),
            (Sort::Report, 0, "24T06:59", Some(Quiet)),
            (Sort::Notice, 0, "24T06:59", Some(Quiet)),
            (Sort::Report, 0, "24T07:00", None),
        ] {
            assert_eq!(policy(Some(3)).holds(what, hour(told), at(when)), held, "{what:?} {told} {when}");
            assert_eq!(policy(None).holds(what, hour(told), at(when)), held.filter(|held| *held == Quiet));
        }
    }

    #[test]
    fn a_channel_that_nothing_uses_is_forgotten() {
        let alive = Policy { keep_alive: Some(SignedDuration::from_hours(48)), ..policy(None) };
        let used =
            |used: Option<&str>, busy| Use { channel: "ops".into(), since: at("20T12:00"), used: used.map(at), busy };
        for (channel, now, forgotten) in [
            (used(None, false), "22T11:59", false),
            (used(None, false), "22T12:00", true),
            (used(None, false), "22T21:00", false),
            (used(Some("21T12:00"), false), "22T13:00", false),
            (used(Some("21T12:00"), false), "23T12:00", true),
            (used(Some("21T12:00"), true), "23T12:00", false),
        ] {
            assert_eq!(alive.is_forgotten(&channel, at(now)), forgotten, "{channel:?} {now}");
        }
        assert!(!policy(None).is_forgotten(&used(None, false), at("30T12:00")));
    }

    #[test]
    fn an_hour_begins_with_a_message() {
        let hour = Hour { from: at("23T12:10"), told: 4 };
        for (when, told) in [("23T12:10", 4), ("23T13:09", 4), ("23T13:10", 0), ("23T12:09", 0)] {
            assert_eq!(Hour::current(Some(hour), at(when)).told, told, "{when}");
        }
        assert_eq!(Hour::current(None, at("23T12:00")), Hour { from: at("23T12:00"), told: 0 });
    }

    #[test]
    fn what_waits_comes_when_its_time_is_over() {
        let hour = Some(Hour { from: at("23T12:10"), told: 3 });
        let stretch = |from: &str, to: &str| Some(Stretch { from: at(from), to: at(to) });
        let release = |policy: &Policy, held, first: &str, now: &str| policy.release(held, at(first), hour, at(now));
        let both = policy(Some(3));
        assert_eq!(release(&both, HeldBy::Quiet, "23T21:00", "24T06:59"), None);
        assert_eq!(release(&both, HeldBy::Quiet, "23T21:00", "24T07:00"), stretch("23T20:00", "24T07:00"));
        // headcount was down over the end.
        assert_eq!(release(&both, HeldBy::Quiet, "23T21:00", "24T11:00"), stretch("23T20:00", "24T07:00"));
        // Two nights without a chance to tell.
        assert_eq!(release(&both, HeldBy::Quiet, "22T21:00", "24T06:00"), None);
        let awake = Policy { quiet: None, ..policy(Some(3)) };
        assert_eq!(release(&awake, HeldBy::Quiet, "23T21:00", "23T22:00"), stretch("23T21:00", "23T22:00"));

        assert_eq!(release(&both, HeldBy::Cap, "23T12:30", "23T13:09"), None);
        assert_eq!(release(&both, HeldBy::Cap, "23T12:30", "23T13:10"), stretch("23T12:10", "23T13:10"));
        assert_eq!(release(&both, HeldBy::Cap, "23T12:30", "23T21:00"), None, "and not at night");
        assert_eq!(release(&policy(None), HeldBy::Cap, "23T12:30", "23T12:40"), stretch("23T12:10", "23T12:40"));
        assert_eq!(both.release(HeldBy::Cap, at("23T12:30"), None, at("23T12:40")), stretch("23T12:30", "23T12:40"));
    }
}
