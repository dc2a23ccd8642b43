//! A cron expression in a time zone.

use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

/// How far ahead a schedule is looked for, and so how rare it may be: a leap day, over a century's end.
const NEXT: usize = 3;

/// Local wall time by rule, such as `0 7 * * MON-FRI` in Europe/Stockholm.
#[derive(Clone, Debug)]
pub struct Cron {
    written: String,
    slots: croner::Cron,
    zone: TimeZone,
    /// How long before each slot of the expression it fires, by real time.
    ahead: SignedDuration,
}

/// Why an expression is none.
#[derive(Debug, thiserror::Error)]
pub enum CronError {
    #[error(
        "`{written}` is no cron expression ({why}): write minute, hour, day of month, month and day of week, such as `0 7 * * MON-FRI`"
    )]
    Bad { written: String, why: String },
    #[error("`{written}` never comes: there is no such day")]
    Never { written: String },
}

impl Cron {
    /// Five fields, or six with seconds first. Day of month and day of week are joined by "or", as in Vixie cron.
    pub fn new(written: &str, zone: &TimeZone) -> Result<Self, CronError> {
        let slots = CronParser::builder()
            .seconds(Seconds::Optional)
            .year(Year::Disallowed)
            .dom_and_dow(false)
            .build()
            .parse(written)
            .map_err(|error| CronError::Bad { written: written.to_owned(), why: error.to_string() })?;
        let found = Self { written: written.to_owned(), slots, zone: zone.clone(), ahead: SignedDuration::ZERO };
        // The parser takes 30 February; only a search shows that it never comes.
        let anywhere = Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH);
        if found.next_after(anywhere).is_none() {
            return Err(CronError::Never { written: written.to_owned() });
        }
        Ok(found)
    }

    /// The same, so long before each of its slots.
    #[must_use]
    pub fn ahead_of(self, lead: SignedDuration) -> Self {
        let written = format!("{} before {}", crate::duration::show(lead), self.written);
        Self { written, ahead: self.ahead + lead, ..self }
    }

    pub fn as_str(&self) -> &str {
        &self.written
    }

    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The first slot after an instant.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let local = self.local(after)?;
        let slot = self.slots.find_next_occurrence(&local, false).ok()?;
        self.fires(&slot)
    }

    /// An instant as the expression has it, and when a slot of the expression fires.
    fn local(&self, at: Timestamp) -> Option<Zoned> {
        at.checked_add(self.ahead).ok().map(|at| at.to_zoned(self.zone.clone()))
    }

    fn fires(&self, slot: &Zoned) -> Option<Timestamp> {
        slot.timestamp().checked_sub(self.ahead).ok()
    }

    /// The next three slots, in the schedule's own zone.
    pub fn next_firings(&self, now: Timestamp) -> Vec<Zoned> {
        std::iter::successors(self.next_after(now), |slot| self.next_after(*slot))
            .take(NEXT)
            .map(|slot| slot.to_zoned(self.zone.clone()))
            .collect()
    }

    /// The newest slot in `(after, now]`, if there is one.
    pub fn newest_in(&self, after: Timestamp, now: Timestamp) -> Option<Timestamp> {
        if now <= after {
            return None;
        }
        let local = self.local(now)?;
        let slot = self.fires(&self.slots.find_previous_occurrence(&local, true).ok()?)?;
        (slot > after && slot <= now).then_some(slot)
    }

    /// The slots in `(after, before)`, in order.
    pub fn between(&self, after: Timestamp, before: Timestamp) -> impl Iterator<Item = Timestamp> {
        let next = |slot: &Timestamp| self.next_after(*slot);
        std::iter::successors(self.next_after(after), next).take_while(move |slot| *slot < before)
    }

    /// How many slots lie in `(after, before)`, counted up to `most`.
    pub fn count_between(&self, after: Timestamp, before: Timestamp, most: usize) -> usize {
        self.between(after, before).take(most).count()
    }

    /// How many slots lie in `[from, to)`. Days of 24 hours are alike, so that those of a month need not be walked through.
    pub fn count_in(&self, from: Timestamp, to: Timestamp) -> u64 {
        const DAY: SignedDuration = SignedDuration::from_hours(24);
        let walk = |from: Timestamp, to: Timestamp| {
            let before = from.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(from);
            self.count_between(before, to, usize::MAX) as u64
        };
        let pattern = &self.slots.pattern;
        let hours = (0..24).filter(|hour| pattern.hour_match(*hour).unwrap_or(false)).count();
        let minutes = (0..60).filter(|minute| pattern.minute_match(*minute).unwrap_or(false)).count();
        let seconds = (0..60).filter(|second| pattern.second_match(*second).unwrap_or(false)).count();
        let mut count = 0;
        let mut begins = from;
        while begins < to {
            let next = self.zone.to_datetime(begins).date().tomorrow().and_then(|day| day.to_zoned(self.zone.clone()));
            let ends = next.map_or(to, |next| next.timestamp()).min(to);
            if ends.duration_since(begins) == DAY {
                let before = begins.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(begins);
                let comes = self.next_after(before).is_some_and(|slot| slot < ends);
                count += if comes { (hours * minutes * seconds) as u64 } else { 0 };
            } else {
                count += walk(begins, ends);
            }
            begins = ends;
        }
        count
    }

    /// The time between slots around this one: the shorter of the steps before and after it, since a schedule may rest at night.
    pub fn step_at(&self, slot: Timestamp) -> SignedDuration {
        let local = self.local(slot);
        let before = local.and_then(|local| self.slots.find_previous_occurrence(&local, false).ok());
        let before = before.and_then(|before| self.fires(&before)).map(|before| slot.duration_since(before));
        let after = self.next_after(slot).map(|after| after.duration_since(slot));
        before.into_iter().chain(after).min().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cron(written: &str) -> Cron {
        Cron::new(written, &TimeZone::get("Europe/Stockholm").unwrap()).unwrap()
    }

    fn slots(written: &str, from: &str, to: &str) -> Vec<String> {
        let (cron, to): (_, Timestamp) = (cron(written), to.parse().unwrap());
        std::iter::successors(cron.next_after(from.parse().unwrap()), |slot| cron.next_after(*slot))
            .take_while(|slot| *slot <= to)
            .map(|slot| slot.to_zoned(cron.zone.clone()).strftime("%d %H:%M %Z").to_string())
            .collect()
    }

    #[test]
    fn a_fixed_time_fires_once_a_day_whatever_the_clocks_do() {
        assert_eq!(
            slots("30 2 * * *", "2026-03-28T00:00:00Z", "2026-03-30T12:00:00Z"),
            ["28 02:30 CET", "29 03:00 CEST", "30 02:30 CEST"]
        );
        assert_eq!(
            slots("30 2 * * *", "2026-10-24T00:00:00Z", "2026-10-26T12:00:00Z"),
            ["24 02:30 CEST", "25 02:30 CEST", "26 02:30 CET"]
        );
        assert_eq!(slots("0 7 * * MON-FRI", "2026-10-23T06:00:00Z", "2026-10-27T00:00:00Z"), ["26 07:00 CET"]);
    }

    #[test]
    fn a_repeating_time_follows_real_time() {
        assert_eq!(
            slots("*/30 * * * *", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"),
            ["25 02:30 CEST", "25 02:00 CET", "25 02:30 CET", "25 03:00 CET"]
        );
    }

    #[test]
    fn what_fires_ahead_fires_so_long_before_whatever_the_clocks_do() {
        let ahead = cron("0 3 * * *").ahead_of(SignedDuration::from_mins(90));
        assert_eq!(ahead.as_str(), "1h30m before 0 3 * * *");
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (after, slot) in [
            ("2026-03-27T12:00:00Z", "2026-03-28T00:30:00Z"),
            // 03:00 CEST is an hour and a half after 00:30 CET: the hour between does not exist.
            ("2026-03-28T12:00:00Z", "2026-03-28T23:30:00Z"),
            ("2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
        ] {
            assert_eq!(ahead.next_after(at(after)), Some(at(slot)), "{after}");
            assert_eq!(ahead.newest_in(at(after), at(slot)), Some(at(slot)));
            assert_eq!(ahead.newest_in(at(after), at(slot) - SignedDuration::from_millis(1)), None);
        }
        assert_eq!(ahead.step_at(at("2026-03-28T00:30:00Z")), SignedDuration::from_hours(23));
    }

    #[test]
    fn days_are_joined_by_or() {
        assert_eq!(
            slots("0 12 13 * FRI", "2026-11-05T00:00:00Z", "2026-11-21T00:00:00Z"),
            ["06 12:00 CET", "13 12:00 CET", "20 12:00 CET"]
        );
        assert_eq!(
            slots("0 12 14 * FRI", "2026-11-10T00:00:00Z", "2026-11-16T00:00:00Z"),
            ["13 12:00 CET", "14 12:00 CET"]
        );
    }

    #[test]
    fn what_is_no_schedule_is_said() {
        let zone = TimeZone::UTC;
        for bad in [
            "",
            "* * * *",
            "61 * * * *",
            "0 0 30 2 *",
            "@every 5m",
            "0 7 * * MONDAY",
            "hourly",
            "* * * * * * *",
            "0 0 7 * * * 2027",
        ] {
            assert!(Cron::new(bad, &zone).is_err(), "{bad}");
        }
        for good in ["@daily", "*/10 * * * * *", "0 7 * * MON-FRI", "0 0 29 2 *", "0 12 L * *"] {
            assert!(Cron::new(good, &zone).is_ok(), "{good}");
        }
    }

    #[test]
    fn only_the_newest_missed_slot_counts() {
        let cron = cron("0 7 * * *");
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (monday, thursday) = (at("2026-11-23T06:00:00Z"), at("2026-11-26T05:59:59Z"));
        assert_eq!(cron.newest_in(monday, thursday), Some(at("2026-11-25T06:00:00Z")));
        assert_eq!(cron.count_between(monday, at("2026-11-25T06:00:00Z"), 100), 1);
        assert_eq!(cron.newest_in(thursday, thursday), None);
        assert_eq!(cron.newest_in(at("2026-11-25T06:00:00Z"), thursday), None);
        assert_eq!(cron.step_at(monday), SignedDuration::from_hours(24));
        let office = super::tests::cron("*/10 7-17 * * MON-FRI");
        assert_eq!(office.step_at(monday), SignedDuration::from_mins(10), "not the whole weekend");
    }

    #[test]
    fn slots_are_counted_as_they_come() {
        for (from, to) in [
            ("2026-03-27T23:00:00Z", "2026-03-31T22:00:00Z"),
            ("2026-10-23T22:00:00Z", "2026-10-27T23:00:00Z"),
            ("2026-11-23T06:00:00Z", "2026-11-25T06:01:00Z"),
        ] {
            let (from, to): (Timestamp, Timestamp) = (from.parse().unwrap(), to.parse().unwrap());
            for written in [
                "* * * * *",
                "*/5 * * * *",
                "*/10 7-17 * * MON-FRI",
                "0 7 * * *",
                "30 2 * * *",
                "0 0 28 * SUN",
                "*/30 * * * * *",
            ] {
                let cron = cron(written);
                let before = from - SignedDuration::from_nanos(1);
                let walked = cron.count_between(before, to, usize::MAX) as u64;
                assert_eq!(cron.count_in(from, to), walked, "{written}, {from}");
            }
        }
        let minutes = |from: &str, to: &str| cron("* * * * *").count_in(from.parse().unwrap(), to.parse().unwrap());
        assert_eq!(minutes("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"), 23 * 60);
        assert_eq!(minutes("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"), 25 * 60);
    }

    proptest! {
        #[test]
        fn next_is_after_now_and_found_again_from_behind(second in 1_700_000_000_i64..1_900_000_000, which in 0_usize..5) {
            let cron = cron(["*/5 * * * *", "30 2 * * *", "0 7 * * MON-FRI", "15 2,3 * * SUN", "0 0 1 * *"][which]);
            let now = Timestamp::from_second(second).unwrap();
            let next = cron.next_after(now).unwrap();
            prop_assert!(next > now);
            prop_assert_eq!(cron.newest_in(now, next), Some(next));
            let just_before = next - SignedDuration::from_secs(1);
            prop_assert_eq!(cron.newest_in(now, just_before), None);
        }
    }
}
