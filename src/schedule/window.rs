//! Hours of days in a time zone, such as nights and weekends.

use std::fmt;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// How far a stretch is followed, in days either way: a week with no break is followed no further.
const FOLLOWED: i64 = 8;

const DAYS: [(&str, Weekday); 7] = [
    ("MON", Weekday::Monday),
    ("TUE", Weekday::Tuesday),
    ("WED", Weekday::Wednesday),
    ("THU", Weekday::Thursday),
    ("FRI", Weekday::Friday),
    ("SAT", Weekday::Saturday),
    ("SUN", Weekday::Sunday),
];

/// Hours of days, by local wall time. Hours over midnight belong to the day on which they begin.
///
/// Its edges follow the clocks as fixed times of a schedule do: one that the spring change skips is the first instant after
/// the gap, one that the autumn change repeats is the first of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    days: [bool; 7],
    from: Time,
    /// Midnight is the end of a day here.
    to: Time,
    written: String,
    zone: TimeZone,
}

/// An unbroken time inside a window: from its first instant to the first one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub from: Timestamp,
    pub to: Timestamp,
}

/// Why it is no window.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    #[error("`{0}` is no list of days: write days in three letters, such as `MON-FRI` or `MON,WED,SAT-SUN`")]
    Days(String),
    #[error("`{0}` is no part of a day: write two times of day, such as `08:00-17:00`, or `20:00-07:00` over midnight")]
    Hours(String),
    #[error("`{0}` has no length: write `00:00-24:00` for a whole day")]
    Empty(String),
}

impl Window {
    /// Every day where no days are given, and whole days where no hours are.
    pub fn new(days: Option<&str>, hours: Option<&str>, zone: &TimeZone) -> Result<Self, WindowError> {
        let (days, hours) = (days.unwrap_or("MON-SUN").trim(), hours.unwrap_or("00:00-24:00").trim());
        let (from, to) = read_hours(hours)?;
        let written = format!("{} {hours}", days.to_ascii_uppercase());
        Ok(Self { days: read_days(days)?, from, to, written, zone: zone.clone() })
    }

    /// As it was written, such as `MON-FRI 20:00-07:00`.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether it covers the whole week, and so never ends.
    pub fn is_always(&self) -> bool {
        self.days == [true; 7] && self.from == self.to
    }

    pub fn contains(&self, at: Timestamp) -> bool {
        let today = self.date(at);
        [today.yesterday().ok(), Some(today)]
            .into_iter()
            .flatten()
            .filter_map(|day| self.on(day))
            .any(|stretch| stretch.from <= at && at < stretch.to)
    }

    /// The time around an instant that is in the window without a break, over adjoining days; a week at least where it never ends.
    pub fn stretch_at(&self, at: Timestamp) -> Option<Stretch> {
        if !self.contains(at) {
            return None;
        }
        let today = self.date(at);
        let mut found: Option<Stretch> = None;
        for offset in -FOLLOWED..=FOLLOWED {
            let day = today.checked_add(SignedDuration::from_hours(24 * offset)).ok();
            let Some(next) = day.and_then(|day| self.on(day)) else { continue };
            found = match found {
                Some(stretch) if next.from <= stretch.to => Some(Stretch { to: stretch.to.max(next.to), ..stretch }),
                Some(stretch) if at < stretch.to => break,
                _ => Some(next),
            };
        }
        found
    }

    /// Every stretch of it between two instants, each day's by itself, in order.
    pub fn stretches_in(&self, from: Timestamp, to: Timestamp) -> Vec<Stretch> {
        let first = self.date(from).yesterday().ok();
        std::iter::successors(first, |day| day.tomorrow().ok())
            .take_while(|day| *day <= self.date(to))
            .filter_map(|day| self.on(day))
            .map(|stretch| Stretch { from: stretch.from.max(from), to: stretch.to.min(to) })
            .filter(|stretch| stretch.from < stretch.to)
            .collect()
    }

    fn date(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    /// What begins on a day.
    fn on(&self, day: Date) -> Option<Stretch> {
        if !self.days[usize::from(day.weekday().to_monday_zero_offset().unsigned_abs())] {
            return None;
        }
        let last = if self.to <= self.from { day.tomorrow().ok()? } else { day };
        let (from, to) = (self.edge(day.to_datetime(self.from))?, self.edge(last.to_datetime(self.to))?);
        (from < to).then_some(Stretch { from, to })
    }

    fn edge(&self, local: DateTime) -> Option<Timestamp> {
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        if let AmbiguousOffset::Gap { .. } = ambiguous.offset() {
            let after = ambiguous.later().ok()?.checked_add(SignedDuration::from_nanos(1)).ok()?;
            return self.zone.preceding(after).next().map(|change| change.timestamp());
        }
        ambiguous.earlier().ok()
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

fn read_days(written: &str) -> Result<[bool; 7], WindowError> {
    let wrong = || WindowError::Days(written.to_owned());
    let place = |name: &str| DAYS.iter().position(|(day, _)| day.eq_ignore_ascii_case(name.trim())).ok_or_else(wrong);
    let mut days = [false; 7];
    for part in written.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (place(first)?, place(last)?);
        // `FRI-MON` goes over the end of the week.
        let length = (last + DAYS.len() - first) % DAYS.len();
        for day in first..=first + length {
            days[day % DAYS.len()] = true;
        }
    }
    Ok(days)
}

/// Hour and minute, such as `8:00` or `24:00`.
fn read_time(text: &str) -> Option<(i8, i8)> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<i8>().ok()).flatten();
    if hour.len() > 2 || minute.len() != 2 {
        return None;
    }
    Some((number(hour)?, number(minute)?))
}

fn read_hours(written: &str) -> Result<(Time, Time), WindowError> {
    let wrong = || WindowError::Hours(written.to_owned());
    let (from, to) = written.split_once('-').ok_or_else(wrong)?;
    let (from, to) = (read_time(from).ok_or_else(wrong)?, read_time(to).ok_or_else(wrong)?);
    let to = if to == (24, 0) { (0, 0) } else { to };
    let clock = |(hour, minute)| Time::new(hour, minute, 0, 0).map_err(|_| wrong());
    // Only `00:00-24:00` may begin and end on the same time of day.
    let whole = from == (0, 0) && to == (0, 0) && written.ends_with("24:00");
    let (from, to) = (clock(from)?, clock(to)?);
    if from == to && !whole {
        return Err(WindowError::Empty(written.to_owned()));
    }
    Ok((from, to))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("Europe/Stockholm").unwrap()
    }

    fn window(days: &str, hours: &str) -> Window {
        Window::new(Some(days), Some(hours), &zone()).unwrap()
    }

    /// An instant with its offset written, since some local times come twice.
    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn stretch(window: &Window, text: &str) -> Option<String> {
        let local = |at: Timestamp| at.to_zoned(zone()).strftime("%a %d %H:%M %Z").to_string();
        window.stretch_at(at(text)).map(|found| format!("{} to {}", local(found.from), local(found.to)))
    }

    #[test]
    fn hours_belong_to_the_day_on_which_they_begin() {
        let nights = window("MON-FRI", "20:00-07:00");
        for (text, inside) in [
            ("2026-11-23T19:59:59+01:00", false), // Monday
            ("2026-11-23T20:00:00+01:00", true),
            ("2026-11-24T06:59:59+01:00", true),
            ("2026-11-24T07:00:00+01:00", false),
            ("2026-11-23T03:00:00+01:00", false), // the night from Sunday
            ("2026-11-28T03:00:00+01:00", true),  // the night from Friday
            ("2026-11-28T21:00:00+01:00", false), // Saturday
        ] {
            assert_eq!(nights.contains(at(text)), inside, "{text}");
            assert_eq!(nights.stretch_at(at(text)).is_some(), inside, "{text}");
        }
    }

    #[test]
    fn adjoining_days_are_one_stretch() {
        assert_eq!(
            stretch(&window("SAT-SUN", "00:00-24:00"), "2026-11-29T12:00:00+01:00").unwrap(),
            "Sat 28 00:00 CET to Mon 30 00:00 CET"
        );
        assert_eq!(
            stretch(&window("FRI-MON", "00:00-24:00"), "2026-11-28T12:00:00+01:00").unwrap(),
            "Fri 27 00:00 CET to Tue 01 00:00 CET"
        );
        assert_eq!(
            stretch(&window("MON-FRI,SUN", "20:00-07:00"), "2026-11-29T23:00:00+01:00").unwrap(),
            "Sun 29 20:00 CET to Mon 30 07:00 CET"
        );
        let always = window("MON-SUN", "00:00-24:00");
        let found = always.stretch_at(at("2026-11-29T23:00:00+01:00")).unwrap();
        assert!(always.is_always() && found.to.duration_since(found.from) > SignedDuration::from_hours(14 * 24));
        assert!(!window("MON-SUN", "20:00-07:00").is_always() && !window("MON-SAT", "00:00-24:00").is_always());
    }

    #[test]
    fn the_clocks_move_its_edges_as_they_move_a_fixed_time() {
        // On 29 March 2026 02:00 becomes 03:00; on 25 October 03:00 becomes 02:00.
        let nights = window("MON-SUN", "22:00-06:00");
        let spring = nights.stretch_at(at("2026-03-29T00:30:00Z")).unwrap();
        assert_eq!(spring.to.duration_since(spring.from), SignedDuration::from_hours(7));
        let autumn = nights.stretch_at(at("2026-10-25T00:30:00Z")).unwrap();
        assert_eq!(autumn.to.duration_since(autumn.from), SignedDuration::from_hours(9));
        // An edge that is skipped is the first instant after the gap.
        assert_eq!(
            stretch(&window("SUN", "02:30-04:00"), "2026-03-29T01:30:00Z").unwrap(),
            "Sun 29 03:00 CEST to Sun 29 04:00 CEST"
        );
        assert_eq!(
            stretch(&window("SUN", "01:00-02:00"), "2026-03-29T00:30:00Z").unwrap(),
            "Sun 29 01:00 CET to Sun 29 03:00 CEST"
        );
        assert!(
            !window("SUN", "02:10-02:50").contains(at("2026-03-29T01:00:00Z")),
            "there is no such time on that day"
        );
        // One that comes twice is the first of the two.
        assert_eq!(
            stretch(&window("SUN", "00:00-02:30"), "2026-10-24T23:00:00Z").unwrap(),
            "Sun 25 00:00 CEST to Sun 25 02:30 CEST"
        );
        assert!(!window("SUN", "00:00-02:30").contains(at("2026-10-25T01:15:00Z")), "02:15 CET is past its end");
        assert_eq!(
            stretch(&window("SUN", "02:30-04:00"), "2026-10-25T01:15:00Z").unwrap(),
            "Sun 25 02:30 CEST to Sun 25 04:00 CET"
        );
        // Where midnight itself is skipped, the day begins at one.
        let beirut = TimeZone::get("Asia/Beirut").unwrap();
        let days = Window::new(Some("SUN"), None, &beirut).unwrap();
        let sunday = days.stretch_at(at("2025-03-30T12:00:00Z")).unwrap();
        assert_eq!((sunday.from, sunday.to), (at("2025-03-29T22:00:00Z"), at("2025-03-30T21:00:00Z")));
    }

    #[test]
    fn every_stretch_between_two_instants() {
        let told = |window: &Window, from: &str, to: &str| -> Vec<String> {
            let local = |at: Timestamp| at.to_zoned(zone()).strftime("%a %H:%M").to_string();
            let all = window.stretches_in(at(from), at(to));
            all.iter().map(|stretch| format!("{} {}", local(stretch.from), local(stretch.to))).collect()
        };
        let office = window("MON-FRI", "08:00-17:00");
        let days = told(&office, "2026-11-20T00:00:00+01:00", "2026-11-24T00:00:00+01:00");
        assert_eq!(days, ["Fri 08:00 Fri 17:00", "Mon 08:00 Mon 17:00"]);
        let nights = window("MON-SUN", "20:00-07:00");
        let days = told(&nights, "2026-11-21T00:00:00+01:00", "2026-11-22T00:00:00+01:00");
        assert_eq!(days, ["Sat 00:00 Sat 07:00", "Sat 20:00 Sun 00:00"]);
    }

    #[test]
    fn what_is_no_window_is_said() {
        let zone = zone();
        for days in ["", "MONDAY", "MON-", "-FRI", "MON FRI", "0-5", "weekdays", "MON,,TUE"] {
            assert_eq!(Window::new(Some(days), None, &zone), Err(WindowError::Days(days.to_owned())));
        }
        for hours in [
            "",
            "8-17",
            "08:00",
            "08:00-25:00",
            "08:60-09:00",
            "08:00-17:00-18:00",
            "24:00-07:00",
            "8:0-9:0",
            "+8:00-9:00",
        ] {
            assert_eq!(Window::new(None, Some(hours), &zone), Err(WindowError::Hours(hours.to_owned())));
        }
        for hours in ["08:00-08:00", "00:00-00:00"] {
            assert_eq!(Window::new(None, Some(hours), &zone), Err(WindowError::Empty(hours.to_owned())));
        }
        let fine = Window::new(Some("mon-fri, Sun"), Some("8:00-24:00"), &zone).unwrap();
        assert_eq!(fine.as_str(), "MON-FRI, SUN 8:00-24:00");
        assert!(fine.contains(at("2026-11-29T23:59:00+01:00")) && !fine.contains(at("2026-11-28T12:00:00+01:00")));
    }

    proptest! {
        #[test]
        fn a_stretch_holds_its_instant_and_ends_where_the_window_does(second in 1_700_000_000_i64..1_900_000_000, which in 0_usize..4) {
            let (days, hours) = [("MON-FRI", "20:00-07:00"), ("SAT-SUN", "00:00-24:00"), ("MON-SUN", "02:15-02:45"), ("SUN", "01:30-03:30")][which];
            let window = window(days, hours);
            let now = Timestamp::from_second(second).unwrap();
            let found = window.stretch_at(now);
            prop_assert_eq!(found.is_some(), window.contains(now));
            if let Some(found) = found {
                let tick = SignedDuration::from_secs(1);
                prop_assert!(found.from <= now && now < found.to);
                prop_assert!(window.contains(found.from) && window.contains(found.to - tick));
                prop_assert!(!window.contains(found.to) && !window.contains(found.from - tick));
            }
        }
    }
}
