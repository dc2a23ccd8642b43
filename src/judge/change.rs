//! A number that moved a long way in a short time.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::crowd::BACK;
use super::{FindingFacts, Incident, Metric, Over, Past, PastReading, Rule, Seen, Tally, Turn};

/// `change: {metric: sessions, falls: 50%, within: 5m, at_least: 20}`: an event, told once and never closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub metric: Metric,
    pub turn: Turn,
    pub amount: Amount,
    pub within: SignedDuration,
    /// The least size of the change.
    pub at_least: u64,
    pub over: Over,
}

/// How far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    Number(u64),
    /// Of the number that it is compared with.
    Percent(u64),
}

/// A number that is compared with: the same over a stretch of polls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    from: Timestamp,
    to: Timestamp,
    value: u64,
    asked: u64,
}

impl Change {
    /// How far back its numbers are wanted: a rise is compared with what there was before a restart, too.
    pub(super) fn looks_back(&self) -> SignedDuration {
        match self.turn {
            Turn::Falls => self.within,
            Turn::Rises => self.within + BACK,
        }
    }

    /// The numbers of a part that it compares with: of the whole they are the site's readings, of others they were remembered.
    pub(super) fn before(&self, rule: &Rule, part: Option<&Arc<str>>, known: &Past) -> Vec<Before> {
        if self.over == Over::Site && !rule.narrowed.narrows() && self.metric.is_plain() {
            let before = |reading: &PastReading| {
                let tally = Tally { counts: reading.counts, ..Tally::default() };
                Before { from: reading.from, to: reading.to, value: self.metric.of(&tally), asked: reading.asked }
            };
            return known.readings.iter().map(before).collect();
        }
        let runs = known.memory.runs_of(rule, part);
        let before = runs.iter().map(|run| Before { from: run.from, to: run.to, value: run.value, asked: run.asked });
        if self.over != Over::Directory {
            return before.collect();
        }
        // Before anybody of it was first seen, nobody was on.
        let first = runs.first().map(|run| run.from);
        let polls = known.memory.runs_of(rule, None).iter().filter(|run| first.is_none_or(|first| run.from < first));
        let nobody = polls.map(|run| {
            let last = first.and_then(|first| first.checked_sub(known.interval).ok());
            let to = last.map_or(run.to, |last| run.to.min(last.max(run.from)));
            Before { from: run.from, to, value: 0, asked: run.asked }
        });
        nobody.chain(before).collect()
    }

    /// From when on its numbers can be compared. `since` is so for the site, a part of which was silent until then; what looks at
    /// a part that was seen at every poll goes back as far as that.
    pub(super) fn comparable(
        &self,
        rule: &Rule,
        before: &[Before],
        since: Option<Timestamp>,
        (at, interval): (Timestamp, SignedDuration),
    ) -> Option<Timestamp> {
        if self.over == Over::Site && !rule.narrowed.narrows() {
            return since;
        }
        let step = interval + interval / 2;
        let mut unbroken = at;
        for before in before.iter().rev() {
            if unbroken.duration_since(before.to) > step {
                break;
            }
            unbroken = unbroken.min(before.from);
        }
        since.map(|since| since.min(unbroken))
    }

    /// What happened, if it did, and was not told within the last `within`. Nothing before `since` can be compared with; `falls`
    /// are those that were told.
    pub(super) fn verdict(
        &self,
        seen: &Seen,
        before: &[Before],
        since: Option<Timestamp>,
        events: &[&Incident],
        (interval, falls): (SignedDuration, &[Timestamp]),
    ) -> Option<FindingFacts> {
        let quiet = |since| (SignedDuration::ZERO..self.within).contains(&seen.at.duration_since(since));
        if events.iter().any(|event| event.is_event() && quiet(event.since)) {
            return None;
        }
        // A part may be fewer only because the rest was not seen.
        if self.turn == Turn::Falls && !seen.coverage.is_full() {
            return None;
        }
        let window = before
            .iter()
            .filter(|before| seen.at.duration_since(before.to) <= self.within && before.to < seen.at)
            .filter(|before| since.is_none_or(|since| before.to >= since))
            // A site that was asked about more pairs then, or fewer, is no measure for now.
            .filter(|before| before.asked == seen.coverage.asked);
        let to = self.metric.of(&seen.tally);
        let (from, by) = match self.turn {
            Turn::Falls => window.map(|before| before.value).max().map(|high| (high, high.saturating_sub(to)))?,
            Turn::Rises => {
                let low = window.min_by_key(|before| before.value)?;
                let low = back(before, low, interval, falls).map_or(low.value, |high| high.max(low.value));
                (low, to.saturating_sub(low))
            }
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

/// What there was before the restart, or the mass logout, that made it so low: those who come back are no rise of their own.
/// `falls` are the falls that were told.
fn back(before: &[Before], low: &Before, interval: SignedDuration, falls: &[Timestamp]) -> Option<u64> {
    let step = interval + interval / 2;
    let lately = |at: Timestamp| (SignedDuration::ZERO..BACK).contains(&low.from.duration_since(at));
    let silence = before.windows(2).filter(|pair| pair[1].to <= low.to && lately(pair[0].to));
    let silence = silence.filter(|pair| pair[1].from.duration_since(pair[0].to) > step).map(|pair| pair[0].value).max();
    let fell = falls.iter().filter(|fell| lately(**fell) || (low.from..=low.to).contains(*fell));
    let fell = fell.filter_map(|fell| before.iter().rfind(|before| before.to < *fell)).map(|before| before.value).max();
    silence.max(fell)
}
