//! Times as they are typed: `HH:MM`, or `YYYY-MM-DDTHH:MM`.

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// Reads a time in the zone; one without a date is its next occurrence.
pub(super) fn next(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let wrong = || format!("`{text}` is no time: write `HH:MM`, such as `22:00`, or `YYYY-MM-DDTHH:MM`");
    if let Some((date, time)) = text.split_once('T') {
        if date.len() != 10 || time.len() != 5 {
            return Err(wrong());
        }
        let at: DateTime = format!("{text}:00").parse().map_err(|_| wrong())?;
        let at = at.to_zoned(zone.clone()).map_err(|_| wrong())?.timestamp();
        return if at > now { Ok(at) } else { Err(format!("`{text}` is over: write a time to come")) };
    }
    if text.len() != 5 {
        return Err(wrong());
    }
    let time: Time = format!("{text}:00").parse().map_err(|_| wrong())?;
    let today = now.to_zoned(zone.clone()).date();
    for days in 0..=1 {
        let day = today.checked_add(days.days()).map_err(|_| wrong())?;
        let at = day.to_datetime(time).to_zoned(zone.clone()).map_err(|_| wrong())?.timestamp();
        if at > now {
            return Ok(at);
        }
    }
    Err(wrong())
}

/// Reads a time in the zone that is over; one without a date is its last occurrence.
pub(super) fn last(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let wrong = || format!("`{text}` is no time: write `HH:MM`, such as `10:30`, or `YYYY-MM-DDTHH:MM`");
    let over = |at: Timestamp| {
        if at <= now { Ok(at) } else { Err(format!("`{text}` is still to come: write a time that is over")) }
    };
    if let Some((date, time)) = text.split_once('T') {
        if date.len() != 10 || time.len() != 5 {
            return Err(wrong());
        }
        let at: DateTime = format!("{text}:00").parse().map_err(|_| wrong())?;
        return over(at.to_zoned(zone.clone()).map_err(|_| wrong())?.timestamp());
    }
    if text.len() != 5 {
        return Err(wrong());
    }
    let time: Time = format!("{text}:00").parse().map_err(|_| wrong())?;
    let today = now.to_zoned(zone.clone()).date();
    for days in 0..=1 {
        let day = today.checked_sub(days.days()).map_err(|_| wrong())?;
        let at = day.to_datetime(time).to_zoned(zone.clone()).map_err(|_| wrong())?.timestamp();
        if at <= now {
            return Ok(at);
        }
    }
    Err(wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_its_next_occurrence() {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        let now: Timestamp = "2026-11-23T20:30:00Z".parse().unwrap();
        for (text, utc) in [
            ("22:00", "2026-11-23T21:00:00Z"),
            ("21:30", "2026-11-24T20:30:00Z"),
            ("06:00", "2026-11-24T05:00:00Z"),
            ("2026-12-24T15:00", "2026-12-24T14:00:00Z"),
        ] {
            assert_eq!(next(text, now, &zone).unwrap(), utc.parse().unwrap(), "{text}");
        }
        for wrong in
            ["", "25:00", "6:00", "22", "22:00:00", "2026-12-24", "2026-13-24T15:00", "tomorrow", "2026-11-23T21:00"]
        {
            assert!(next(wrong, now, &zone).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_that_is_over_is_its_last_occurrence() {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        let now: Timestamp = "2026-11-23T20:30:00Z".parse().unwrap();
        for (text, utc) in [
            ("21:30", "2026-11-23T20:30:00Z"),
            ("22:00", "2026-11-22T21:00:00Z"),
            ("2026-10-25T02:30", "2026-10-25T00:30:00Z"),
        ] {
            assert_eq!(last(text, now, &zone).unwrap(), utc.parse().unwrap(), "{text}");
        }
        for wrong in ["", "6:00", "yesterday", "2026-11-23", "2026-12-24T15:00"] {
            assert!(last(wrong, now, &zone).is_err(), "{wrong}");
        }
    }
}
