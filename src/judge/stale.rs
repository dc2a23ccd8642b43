//! headcount itself, when it missed its checks.

use jiff::{SignedDuration, Timestamp};

use super::FindingFacts;
use crate::schedule::Cron;

/// `stale: {for: 10m}`: an event, told at the first poll after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    pub hold: SignedDuration,
}

/// The polls that came due and were not made before this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missed {
    /// The last poll that was made.
    pub from: Timestamp,
    pub polls: u64,
    /// How long too late this one is.
    pub late: SignedDuration,
    pub why: Option<Away>,
}

/// Why polls were missed, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// It was asked to stop, and started again.
    Stopped { from: Timestamp, to: Timestamp },
    /// It ended without being asked, and was started again.
    Killed { to: Timestamp },
    /// The machine went down, or was restarted, under it.
    Restarted { to: Timestamp },
    /// The machine slept.
    Asleep { length: SignedDuration },
    /// The clock was set ahead.
    ClockSet { ahead: SignedDuration },
    /// Another program held the store.
    StoreLocked,
    /// The store's disk was full.
    DiskFull,
    /// The store failed in another way.
    StoreFailed,
    /// One check was still at work when the next came due.
    Slow,
}

/// Something that befell headcount, as it is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    pub at: Timestamp,
    pub turn: LifeTurn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifeTurn {
    /// It started; `anew` where the machine had been started since the time before.
    Started {
        anew: bool,
    },
    Stopped,
    Slept {
        length: SignedDuration,
    },
    ClockSet {
        ahead: SignedDuration,
    },
    Troubled(Away),
}

impl Stale {
    pub(super) fn verdict(&self, missed: Option<&Missed>, at: Timestamp) -> Option<FindingFacts> {
        let missed = missed.filter(|missed| missed.polls > 0 && missed.late >= self.hold)?;
        Some(FindingFacts::Stale { from: missed.from, to: at, polls: missed.polls, why: missed.why })
    }
}

/// The polls that came due between two polls, by the schedule, or by the usual step where nobody knows it.
pub(super) fn missed(last: Timestamp, at: Timestamp, cron: Option<&Cron>, interval: SignedDuration) -> Option<Missed> {
    /// Two months of polls, one a minute.
    const COUNTED: usize = 90_000;
    // Most polls follow the last one at once, and need no look at the schedule.
    if at.duration_since(last) <= interval || !interval.is_positive() {
        return None;
    }
    let (first, polls) = if let Some(cron) = cron {
        (cron.next_after(last)?, cron.count_between(last, at, COUNTED) as u64)
    } else {
        let steps = (at.duration_since(last).as_millis() - 1) / interval.as_millis();
        (last.checked_add(interval).ok()?, u64::try_from(steps).unwrap_or(0))
    };
    (polls > 0).then(|| Missed { from: last, polls, late: at.duration_since(first) + interval, why: None })
}

/// What befell it since the last poll, oldest first, as one reason: the one that explains most.
pub fn why_away(life: &[Life]) -> Option<Away> {
    let started = life.iter().rev().find_map(|event| match event.turn {
        LifeTurn::Started { anew } => Some((event.at, anew)),
        _ => None,
    });
    if let Some((to, anew)) = started {
        let stopped = life.iter().find(|event| event.turn == LifeTurn::Stopped && event.at <= to);
        return Some(match stopped {
            Some(stopped) => Away::Stopped { from: stopped.at, to },
            None if anew => Away::Restarted { to },
            None => Away::Killed { to },
        });
    }
    let longest = life.iter().filter_map(|event| match event.turn {
        LifeTurn::Slept { length } => Some((length, Away::Asleep { length })),
        LifeTurn::ClockSet { ahead } => Some((ahead, Away::ClockSet { ahead })),
        _ => None,
    });
    if let Some((_, away)) = longest.max_by_key(|(length, _)| *length) {
        return Some(away);
    }
    life.iter().rev().find_map(|event| match event.turn {
        LifeTurn::Troubled(away) => Some(away),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_explains_most_is_the_reason() {
        let at = |minute: i64| Timestamp::from_second(1_770_000_000 + minute * 60).unwrap();
        let mins = SignedDuration::from_mins;
        let event = |minute, turn| Life { at: at(minute), turn };
        for (life, why) in [
            (vec![], None),
            (
                vec![event(1, LifeTurn::Stopped), event(9, LifeTurn::Started { anew: false })],
                Some(Away::Stopped { from: at(1), to: at(9) }),
            ),
            (
                vec![event(1, LifeTurn::Stopped), event(9, LifeTurn::Started { anew: true })],
                Some(Away::Stopped { from: at(1), to: at(9) }),
            ),
            (vec![event(9, LifeTurn::Started { anew: false })], Some(Away::Killed { to: at(9) })),
            (vec![event(9, LifeTurn::Started { anew: true })], Some(Away::Restarted { to: at(9) })),
            (
                vec![event(9, LifeTurn::Slept { length: mins(8) }), event(9, LifeTurn::Troubled(Away::Slow))],
                Some(Away::Asleep { length: mins(8) }),
            ),
            (
                vec![event(5, LifeTurn::Troubled(Away::StoreLocked)), event(9, LifeTurn::Troubled(Away::DiskFull))],
                Some(Away::DiskFull),
            ),
        ] {
            assert_eq!(why_away(&life), why, "{life:?}");
        }
    }
}
