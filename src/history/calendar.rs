//! Whole days, weeks and months of a zone's calendar, with their 23 and 25 hours.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a digest looks back over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    Day,
    /// From Monday to Sunday.
    Week,
    Month,
}

impl Period {
    /// The first day of the period that a day is in.
    fn first_of(self, day: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Week => shifted(day, -i64::from(day.weekday().to_monday_zero_offset())),
            Self::Month => day.first_of_month(),
        }
    }

    /// The first day of the period after the one that begins on `first`.
    fn after(self, first: Date) -> Date {
        match self {
            Self::Day => shifted(first, 1),
            Self::Week => shifted(first, 7),
            Self::Month => shifted(first.last_of_month(), 1),
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

/// A day so many days later; the calendar's ends are out of anybody's reach.
fn shifted(day: Date, days: i64) -> Date {
    day.checked_add(days.days()).unwrap_or(day)
}

/// The first instant of a day, which is not midnight where the clocks skip that.
pub fn start_of(day: Date, zone: &TimeZone) -> Timestamp {
    day.to_zoned(zone.clone()).map_or(Timestamp::MIN, |zoned| zoned.timestamp())
}

/// Whole periods that follow each other, one at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    pub period: Period,
    /// The first day, and the day after the last one.
    pub first: Date,
    pub end: Date,
}

impl Span {
    /// The one period that a day is in.
    pub fn around(period: Period, day: Date) -> Self {
        let first = period.first_of(day);
        Self { period, first, end: period.after(first) }
    }

    /// The last one that was whole at an instant.
    pub fn last_before(period: Period, now: Timestamp, zone: &TimeZone) -> Self {
        let this = Self::around(period, now.to_zoned(zone.clone()).date());
        Self::around(period, shifted(this.first, -1))
    }

    /// Every period that became whole after one instant and by another; none where none did.
    pub fn whole_between(period: Period, after: Timestamp, by: Timestamp, zone: &TimeZone) -> Option<Self> {
        let begins = |at: Timestamp| Self::around(period, at.to_zoned(zone.clone()).date()).first;
        let (first, end) = (begins(after), begins(by));
        (first < end).then_some(Self { period, first, end })
    }

    /// The newest of its periods, so many at most.
    #[must_use]
    pub fn newest(&self, most: usize) -> Self {
        let each = self.each();
        let first = each[each.len().saturating_sub(most)].first;
        Self { first, ..*self }
    }

    pub fn last_day(&self) -> Date {
        shifted(self.end, -1)
    }

    pub fn days(&self) -> impl Iterator<Item = Date> + use<> {
        let end = self.end;
        std::iter::successors(Some(self.first), |day| Some(shifted(*day, 1))).take_while(move |day| *day < end)
    }

    /// Each day of it by itself.
    pub fn by_day(&self) -> Vec<Self> {
        self.days().map(|day| Self::around(Period::Day, day)).collect()
    }

    /// Each of its periods by itself.
    pub fn each(&self) -> Vec<Self> {
        let mut each = vec![Self::around(self.period, self.first)];
        while let Some(last) = each.last().filter(|last| last.end < self.end) {
            each.push(Self::around(self.period, last.end));
        }
        each
    }

    pub fn is_one(&self) -> bool {
        self.period.after(self.first) >= self.end
    }

    /// The period before; that of several would be none that anybody thinks in.
    pub fn before(&self) -> Option<Self> {
        self.is_one().then(|| Self::around(self.period, shifted(self.first, -1)))
    }

    /// What it is usually like: the same days of the week before, the week four weeks before, or the same month a year before.
    pub fn usual(&self) -> Option<Self> {
        let days = match self.period {
            Period::Day => -7,
            Period::Week => -28,
            Period::Month => {
                let first = self.first.checked_sub(1.year()).ok()?;
                return Some(Self { first, end: self.end.checked_sub(1.year()).ok()?, ..*self });
            }
        };
        Some(Self { first: shifted(self.first, days), end: shifted(self.end, days), ..*self })
    }

    pub fn from(&self, zone: &TimeZone) -> Timestamp {
        start_of(self.first, zone)
    }

    /// The first instant after it.
    pub fn to(&self, zone: &TimeZone) -> Timestamp {
        start_of(self.end, zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("Europe/Stockholm").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn told(span: Option<Span>) -> String {
        span.map_or_else(String::new, |span| format!("{}..{}", span.first, span.last_day()))
    }

    #[test]
    fn a_report_covers_every_period_that_became_whole() {
        for (period, after, by, covers) in [
            (Period::Day, "2026-11-19T07:00:00+01:00", "2026-11-20T07:00:00+01:00", "2026-11-19..2026-11-19"),
            (Period::Day, "2026-11-20T07:00:00+01:00", "2026-11-23T07:00:00+01:00", "2026-11-20..2026-11-22"),
            (Period::Day, "2026-11-23T07:00:00+01:00", "2026-11-23T12:00:00+01:00", ""),
            (Period::Day, "2026-11-22T23:59:59+01:00", "2026-11-23T00:00:00+01:00", "2026-11-22..2026-11-22"),
            (Period::Week, "2026-11-16T07:00:00+01:00", "2026-11-23T07:00:00+01:00", "2026-11-16..2026-11-22"),
            (Period::Week, "2026-11-11T07:00:00+01:00", "2026-11-22T07:00:00+01:00", "2026-11-09..2026-11-15"),
            (Period::Month, "2026-01-31T07:00:00+01:00", "2026-02-01T07:00:00+01:00", "2026-01-01..2026-01-31"),
            (Period::Month, "2026-01-01T07:00:00+01:00", "2026-03-01T07:00:00+01:00", "2026-01-01..2026-02-28"),
        ] {
            assert_eq!(told(Span::whole_between(period, at(after), at(by), &zone())), covers, "{after} to {by}");
        }
    }

    #[test]
    fn periods_are_as_long_as_the_clocks_make_them() {
        for (day, hours) in [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)] {
            let span = Span::around(Period::Day, day.parse().unwrap());
            assert_eq!(span.to(&zone()).duration_since(span.from(&zone())).as_hours(), hours, "{day}");
        }
        let march = Span::around(Period::Month, "2026-03-15".parse().unwrap());
        assert_eq!(march.to(&zone()).duration_since(march.from(&zone())).as_hours(), 31 * 24 - 1);
    }

    #[test]
    fn what_it_is_set_beside() {
        let monday = Span::around(Period::Day, "2026-11-23".parse().unwrap());
        assert_eq!([told(monday.before()), told(monday.usual())], ["2026-11-22..2026-11-22", "2026-11-16..2026-11-16"]);
        let three = Span { first: "2026-11-20".parse().unwrap(), ..monday };
        assert_eq!([told(three.before()), told(three.usual())], ["", "2026-11-13..2026-11-16"]);
        assert_eq!((three.each().len(), three.newest(2).first), (4, "2026-11-22".parse().unwrap()));
        let week = Span::around(Period::Week, "2026-11-22".parse().unwrap());
        assert_eq!([told(week.before()), told(week.usual())], ["2026-11-09..2026-11-15", "2026-10-19..2026-10-25"]);
        let march = Span::around(Period::Month, "2026-03-31".parse().unwrap());
        assert_eq!([told(march.before()), told(march.usual())], ["2026-02-01..2026-02-28", "2025-03-01..2025-03-31"]);
        let leap = Span::around(Period::Month, "2028-02-29".parse().unwrap());
        assert_eq!(told(leap.usual()), "2027-02-01..2027-02-28");
        assert_eq!(
            told(Some(Span::last_before(Period::Month, at("2026-03-01T00:00:00+01:00"), &zone()))),
            "2026-02-01..2026-02-28"
        );
    }
}
