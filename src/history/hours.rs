//! Hours: the usual ones of a day, those of a week, the working ones, and all of them as a line.

use std::collections::HashMap;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::compare::{Set, mean};
use super::{Period, Span};
use crate::schedule::Window;
use crate::store::aggregate::{Hour, Usage};

/// How much of an hour must have been seen for it to be called the quietest or the busiest.
const ENOUGH: f64 = 0.5;

/// The working hours of a span.
pub fn working(span: &Span, window: &Window, zone: &TimeZone) -> Vec<(Timestamp, Timestamp)> {
    window.stretches_in(span.from(zone), span.to(zone)).iter().map(|stretch| (stretch.from, stretch.to)).collect()
}

/// The hours of the day with the most and the fewest users, on average.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UsualHours {
    /// The hour as the clock shows it where it begins, and how many.
    pub busiest: Option<(i8, f64)>,
    pub quietest: Option<(i8, f64)>,
}

/// The busiest and the quietest hour of the day, each hour with its mean over all days.
pub fn usual_hours(usage: &Usage, zone: &TimeZone) -> UsualHours {
    let mut by_hour: Vec<Vec<&Hour>> = vec![Vec::new(); 24];
    for hour in usage.hours.iter().filter(|hour| is_seen_enough(hour)) {
        by_hour[usize::from(local(hour.from, zone).hour().unsigned_abs())].push(hour);
    }
    let mut usual = UsualHours::default();
    for (hour, all) in (0_i8..).zip(&by_hour) {
        let Some(mean) = mean(all.iter().copied()) else { continue };
        if usual.busiest.is_none_or(|(_, most)| mean > most) {
            usual.busiest = Some((hour, mean));
        }
        if usual.quietest.is_none_or(|(_, least)| mean < least) {
            usual.quietest = Some((hour, mean));
        }
    }
    usual
}

fn is_seen_enough(hour: &Hour) -> bool {
    hour.seen.as_secs_f64() >= ENOUGH * hour.to.duration_since(hour.from).as_secs_f64()
}

fn local(at: Timestamp, zone: &TimeZone) -> DateTime {
    zone.to_datetime(at)
}

/// The hours of a week, from Monday 00:00 on: how many users were on in each, on average.
pub type Heat = [[Option<f64>; 24]; 7];

pub fn heat(usage: &Usage, zone: &TimeZone) -> Heat {
    let mut cells: Vec<Vec<&Hour>> = vec![Vec::new(); 7 * 24];
    for hour in &usage.hours {
        let at = local(hour.from, zone);
        let day = usize::from(at.weekday().to_monday_zero_offset().unsigned_abs());
        cells[day * 24 + usize::from(at.hour().unsigned_abs())].push(hour);
    }
    let mut heat = Heat::default();
    for (at, hours) in cells.iter().enumerate() {
        heat[at / 24][at % 24] = mean(hours.iter().copied());
    }
    heat
}

/// The most users over time, and what they were before: one value for each hour, or for each day of a month.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// When each place begins, by the clock, and whether the clock shows that time for the second time.
    pub places: Vec<(DateTime, bool)>,
    pub now: Vec<Option<u64>>,
    /// The same weekdays and hours so many days before; empty where nothing of that was seen.
    pub before: Vec<Option<u64>>,
    pub days_before: i32,
}

/// The line of a span, with that of a week before behind it, or of four weeks before for a month.
pub fn course(set: &Set, zone: &TimeZone) -> Course {
    let by_day = set.now.span.period == Period::Month;
    let days_before = if by_day { 28 } else { 7 };
    // What lies so many days before is a period of its own, or, for a month, partly in the month itself.
    let behind = [set.usual.as_ref().filter(|_| set.now.span.period == Period::Day), set.before.as_ref()];
    let behind = behind.into_iter().flatten().map(|looked| &looked.usage).chain([&set.now.usage]);
    let mut then: HashMap<(Date, i8), Option<u64>> = HashMap::new();
    for usage in behind {
        for hour in &usage.hours {
            let at = local(hour.from, zone);
            let most = then.entry((at.date(), if by_day { 0 } else { at.hour() })).or_default();
            *most = (*most).max(hour.users.max);
        }
    }
    let mut course = Course { days_before, ..Course::default() };
    for hour in &set.now.usage.hours {
        let at = local(hour.from, zone);
        let place = if by_day { at.date().to_datetime(jiff::civil::Time::midnight()) } else { at };
        if by_day && course.places.last().is_some_and(|(last, _)| *last == place) {
            if let Some(most) = course.now.last_mut() {
                *most = (*most).max(hour.users.max);
            }
            continue;
        }
        let again = course.places.last().is_some_and(|(last, _)| *last >= place);
        course.places.push((place, again));
        course.now.push(hour.users.max);
        let earlier = at.date().checked_sub(days_before.days()).unwrap_or(at.date());
        course.before.push(then.get(&(earlier, if by_day { 0 } else { at.hour() })).copied().flatten());
    }
    if course.before.iter().all(Option::is_none) {
        course.before.clear();
    }
    course
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Looked;
    use crate::store::aggregate::Spread;
    use jiff::SignedDuration;

    fn zone() -> TimeZone {
        TimeZone::get("Europe/Stockholm").unwrap()
    }

    /// A day whose every hour has as many users as `users` says.
    fn day(day: &str, users: impl Fn(i8) -> Option<u64>) -> Looked {
        let span = Span::around(Period::Day, day.parse().unwrap());
        let hour = SignedDuration::from_hours(1);
        let hours = std::iter::successors(Some(span.from(&zone())), |at| Some(*at + hour));
        let hours = hours.take_while(|at| *at < span.to(&zone())).map(|from| {
            let number = users(local(from, &zone()).hour());
            let users = Spread { min: number, mean: number.map(|number| number as f64), max: number };
            let seen = if number.is_some() { hour } else { SignedDuration::ZERO };
            Hour { from, to: from + hour, users, seen, ..Hour::default() }
        });
        Looked { span, usage: Usage { hours: hours.collect(), ..Usage::default() }, due: Vec::new() }
    }

    fn set(now: Looked, usual: Option<Looked>) -> Set {
        Set { now, before: None, usual }
    }

    #[test]
    fn the_usual_hours_are_of_what_was_seen() {
        let looked = day("2026-11-23", |hour| (hour != 3).then(|| u64::from((12 - hour).unsigned_abs())));
        let usual = usual_hours(&looked.usage, &zone());
        assert_eq!((usual.busiest, usual.quietest), (Some((0, 12.0)), Some((12, 0.0))));
        assert_eq!(usual_hours(&day("2026-11-23", |_| None).usage, &zone()), UsualHours::default());
    }

    #[test]
    fn a_line_follows_the_clock_where_that_jumps() {
        // 23 hours, with 24 of a week before behind them.
        let spring = set(
            day("2026-03-29", |hour| Some(u64::from(hour.unsigned_abs()))),
            Some(day("2026-03-22", |hour| Some(100 + u64::from(hour.unsigned_abs())))),
        );
        let spring = course(&spring, &zone());
        assert_eq!(
            (spring.now.len(), spring.now[2], spring.before[2], spring.before[22]),
            (23, Some(3), Some(103), Some(123))
        );
        // 25 hours, of which one comes twice.
        let autumn = set(
            day("2026-10-25", |hour| Some(u64::from(hour.unsigned_abs()))),
            Some(day("2026-10-18", |hour| (hour != 5).then_some(1))),
        );
        let autumn = course(&autumn, &zone());
        let again: Vec<usize> =
            autumn.places.iter().enumerate().filter(|(_, (_, again))| *again).map(|(at, _)| at).collect();
        assert_eq!((autumn.now.len(), again), (25, vec![3]));
        assert_eq!((autumn.before[3], autumn.before[6]), (Some(1), None));
        assert!(course(&set(day("2026-10-25", |_| Some(1)), None), &zone()).before.is_empty());
    }

    #[test]
    fn the_hours_of_a_week() {
        let heat =
            heat(&day("2026-10-25", |hour| (hour != 9).then_some(u64::from(hour.unsigned_abs()))).usage, &zone());
        assert_eq!((heat[6][2], heat[6][9], heat[6][10], heat[0][10]), (Some(2.0), None, Some(10.0), None));
    }
}
