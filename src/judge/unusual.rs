//! A number unlike that of the same weekday and hour in the weeks before.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::memory::Hour;
use super::{FindingFacts, HoldFor, Metric, Over, Rule, Seen, Verdict};

/// `unusual: {metric: users, by: 4, at_least: 20, weeks: 4}`
///
/// What is usual lies between the median of the hour's lowest numbers and the median of its highest ones. What lies beyond is
/// unusual once it is further off than `by` times their median absolute deviation, and than `at_least`.
#[derive(Clone, Debug, PartialEq)]
pub struct Unusual {
    pub metric: Metric,
    pub by: f64,
    /// The least difference that is worth telling.
    pub at_least: u64,
    /// How many weeks are looked at.
    pub weeks: u32,
    pub hold: HoldFor,
    pub over: Over,
    pub zone: TimeZone,
}

/// What usual would have been: no fewer, and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usual {
    pub lowest: u64,
    pub highest: u64,
    /// How many weeks it was learnt from.
    pub weeks: u64,
}

/// The part of an hour that must have been seen for it to count.
const SEEN: SignedDuration = SignedDuration::from_mins(30);
/// Where it opens times this is where it closes, so that it does not waver about one number.
const CLOSES: f64 = 0.75;

/// What the weeks before say of an hour.
struct Learnt {
    usual: Usual,
    /// How far off is unusual, below and above.
    off: (f64, f64),
}

impl Unusual {
    /// The beginning of the hour of an instant, by local time.
    pub(super) fn hour(&self, at: Timestamp) -> Timestamp {
        let local = at.to_zoned(self.zone.clone());
        let into = SignedDuration::new(
            i64::from(local.minute()) * 60 + i64::from(local.second()),
            i32::from(local.millisecond()) * 1_000_000
                + i32::from(local.microsecond()) * 1000
                + i32::from(local.nanosecond()),
        );
        at.checked_sub(into).unwrap_or(at)
    }

    /// Whether a site's readings hold the numbers that it wants.
    pub(crate) fn looks_at_readings(&self, rule: &Rule) -> bool {
        self.over == Over::Site && !rule.narrowed.narrows() && self.metric.is_plain()
    }

    /// Adds what was so over a stretch of time to each hour of it.
    pub(crate) fn learn_stretch(
        &self,
        hours: &mut BTreeMap<Timestamp, Hour>,
        (from, to): (Timestamp, Timestamp),
        (lowest, highest): (u64, u64),
    ) {
        let mut begins = self.hour(from);
        while begins < to {
            let ends = begins + SignedDuration::from_hours(1);
            let seen = to.min(ends).duration_since(from.max(begins));
            let hour = hours.entry(begins).or_insert(Hour { lowest, highest, seen: SignedDuration::ZERO });
            *hour = Hour {
                lowest: hour.lowest.min(lowest),
                highest: hour.highest.max(highest),
                seen: hour.seen + seen.max(SignedDuration::ZERO),
            };
            begins = ends;
        }
    }

    /// How far back hours are worth keeping.
    pub(crate) fn looks_back(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * 7 * i64::from(self.weeks) + 25)
    }

    /// So many weeks must be known: three of four, and never fewer than two.
    fn enough(&self) -> usize {
        let weeks = usize::try_from(self.weeks).unwrap_or(usize::MAX);
        weeks.saturating_mul(3).div_ceil(4).max(2)
    }

    fn learn(&self, at: Timestamp, hours: &BTreeMap<Timestamp, Hour>) -> Option<Learnt> {
        let local = self.hour(at).to_zoned(self.zone.clone()).datetime();
        let before = |week: u32| {
            let then = local.checked_sub(i64::from(week).weeks()).ok()?.to_zoned(self.zone.clone()).ok()?;
            hours.get(&then.timestamp()).filter(|hour| hour.seen >= SEEN)
        };
        let known: Vec<&Hour> = (1..=self.weeks).filter_map(before).collect();
        if known.len() < self.enough() {
            return None;
        }
        let (lowest, low_spread) = median_and_deviation(&known.iter().map(|hour| hour.lowest).collect::<Vec<_>>());
        let (highest, high_spread) = median_and_deviation(&known.iter().map(|hour| hour.highest).collect::<Vec<_>>());
        let off = |spread: f64| (self.by * spread.max(1.0)).max(self.at_least as f64);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "medians of counts")]
        let usual = Usual { lowest: lowest.floor() as u64, highest: highest.ceil() as u64, weeks: known.len() as u64 };
        Some(Learnt { usual, off: (off(low_spread), off(high_spread)) })
    }

    /// None where too little is known of this hour.
    pub(super) fn verdict(
        &self,
        seen: &Seen,
        hours: Option<&BTreeMap<Timestamp, Hour>>,
    ) -> Option<(Verdict, FindingFacts)> {
        let Learnt { usual, off } = self.learn(seen.at, hours?)?;
        let value = self.metric.of(&seen.tally);
        let above = value.saturating_sub(usual.highest) as f64;
        let below = usual.lowest.saturating_sub(value) as f64;
        let full = seen.coverage.is_full();
        let verdict = match () {
            () if above > 0.0 && above >= off.1 => Verdict::Holds,
            // What was seen of a part is a lower bound.
            () if !full => Verdict::Unknown,
            () if below > 0.0 && below >= off.0 => Verdict::Holds,
            () if above < off.1 * CLOSES && below < off.0 * CLOSES => Verdict::Clear,
            () => Verdict::Between,
        };
        let facts = FindingFacts::Unusual { metric: self.metric, value, usual, coverage: seen.coverage };
        Some((verdict, facts))
    }
}

/// The median, and the median of how far the numbers are from it.
fn median_and_deviation(numbers: &[u64]) -> (f64, f64) {
    let middle = median(numbers.iter().map(|number| *number as f64).collect());
    (middle, median(numbers.iter().map(|number| (*number as f64 - middle).abs()).collect()))
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let half = numbers.len() / 2;
    match numbers.len() {
        0 => 0.0,
        n if n % 2 == 1 => numbers[half],
        _ => f64::midpoint(numbers[half - 1], numbers[half]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_numbers_and_how_far_they_are_from_it() {
        assert_eq!(median_and_deviation(&[24, 22, 48, 23]), (23.5, 1.0));
        assert_eq!(median_and_deviation(&[5, 5, 100]), (5.0, 0.0));
        assert_eq!(median_and_deviation(&[7]), (7.0, 0.0));
        assert_eq!(median_and_deviation(&[]), (0.0, 0.0));
    }
}
