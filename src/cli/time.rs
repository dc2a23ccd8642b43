//! Times as they are typed: `HH:MM`, or `YYYY-MM-DDTHH:MM`.

use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::duration;

/// The longest that a restart is waited for.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Reads a time in the zone; one without a date is its next occurrence. One that its day does not have is a mistake.
pub(super) fn next(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let wrong = || format!("`{text}` is no time: write `HH:MM`, such as `22:00`, or `YYYY-MM-DDTHH:MM`");
    if let Some((date, time)) = text.split_once('T') {
        if date.len() != 10 || time.len() != 5 {
            return Err(wrong());
        }
        let at: DateTime = format!("{text}:00").parse().map_err(|_| wrong())?;
        let over = || format!("`{text}` is over: write a time to come");
        return occurrence(text, at, now, zone)?.ok_or_else(over);
    }
    if text.len() != 5 {
        return Err(wrong());
    }
    let time: Time = format!("{text}:00").parse().map_err(|_| wrong())?;
    let today = now.to_zoned(zone.clone()).date();
    for days in 0..=1 {
        let day = today.checked_add(days.days()).map_err(|_| wrong())?;
        if let Some(at) = occurrence(text, day.to_datetime(time), now, zone)? {
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

/// The instant of a local time that is still to come, if one is: of a time that the autumn change repeats the first of the two
/// that is. One that the spring change skips, and that would still be to come, is a mistake.
fn occurrence(text: &str, local: DateTime, now: Timestamp, zone: &TimeZone) -> Result<Option<Timestamp>, String> {
    let wrong = || format!("`{text}` cannot be told in this time zone");
    let times = zone.to_ambiguous_zoned(local);
    let gap = matches!(times.offset(), AmbiguousOffset::Gap { .. });
    let first = times.clone().compatible().map_err(|_| wrong())?;
    let last = times.later().map_err(|_| wrong())?;
    let coming = [first, last].into_iter().find(|time| time.timestamp() > now);
    match coming {
        Some(other) if gap => Err(format!(
            "`{}` does not exist on {}{}: the clocks go forward over it; did you mean `{}`?",
            local.strftime("%H:%M"),
            local.date(),
            zone.iana_name().map(|name| format!(" in {name}")).unwrap_or_default(),
            other.strftime("%H:%M")
        )),
        coming => Ok(coming.map(|time| time.timestamp())),
    }
}

/// Reads until when to wait: a time, or a length of time from now.
pub(super) fn deadline(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let at = if text.contains(':') || text.contains('T') {
        next(text, now, zone)?
    } else {
        let length = duration::parse(text).map_err(|_| {
            format!(
                "`{text}` is neither a time such as `22:00` or `2026-12-24T22:00`, nor a length of time such as `45m`"
            )
        })?;
        if length.is_zero() {
            return Err(format!(
                "`{text}` leaves nobody any time: write a length such as `45m`, or a time such as `22:00`"
            ));
        }
        now.checked_add(length).map_err(|_| format!("`{text}` is too long"))?
    };
    if at.duration_since(now) > LONGEST_WAIT {
        return Err(format!("`{text}` is more than a week away: wait for it later"));
    }
    Ok(at)
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

    #[test]
    fn a_time_that_the_day_does_not_have_is_no_time() {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        let at = |now: &str, text: &str| next(text, now.parse().unwrap(), &zone).map(|at| at.to_string());
        let skipped = at("2026-03-28T23:30:00Z", "02:30").unwrap_err();
        assert_eq!(
            skipped,
            "`02:30` does not exist on 2026-03-29 in Europe/Stockholm: the clocks go forward over it; did you mean `03:30`?"
        );
        assert!(at("2026-03-01T12:00:00Z", "2026-03-29T02:00").unwrap_err().contains("did you mean `03:00`?"));
        // The evening before it is tomorrow's, and the day after there is one again.
        assert!(at("2026-03-28T20:00:00Z", "02:30").is_err());
        assert_eq!(at("2026-03-29T12:00:00Z", "02:30").unwrap(), "2026-03-30T00:30:00Z");
        // Twice in autumn: the first of those to come.
        assert_eq!(at("2026-10-24T23:00:00Z", "02:30").unwrap(), "2026-10-25T00:30:00Z");
        assert_eq!(at("2026-10-25T00:45:00Z", "02:30").unwrap(), "2026-10-25T01:30:00Z");
        assert_eq!(at("2026-10-25T01:45:00Z", "02:30").unwrap(), "2026-10-26T01:30:00Z");
    }

    #[test]
    fn a_deadline_is_a_time_or_a_length_of_time() {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        let now: Timestamp = "2026-11-23T20:30:00Z".parse().unwrap();
        for (text, utc) in [
            ("22:00", "2026-11-23T21:00:00Z"),
            ("45m", "2026-11-23T21:15:00Z"),
            ("1h30m", "2026-11-23T22:00:00Z"),
            ("2026-11-24T06:00", "2026-11-24T05:00:00Z"),
            ("7d", "2026-11-30T20:30:00Z"),
        ] {
            assert_eq!(deadline(text, now, &zone).unwrap(), utc.parse().unwrap(), "{text}");
        }
        for (wrong, told) in [
            ("", "is neither a time"),
            ("soon", "is neither a time"),
            ("22", "is neither a time"),
            ("0m", "leaves nobody any time"),
            ("-5m", "is neither a time"),
            ("25:00", "is no time"),
            ("2026-11-23T21:00", "is over"),
            ("2025-11-23T21:00", "is over"),
            ("8d", "more than a week away"),
            ("2026-12-24T15:00", "more than a week away"),
            ("99999999d", "is neither a time"),
        ] {
            let error = deadline(wrong, now, &zone).unwrap_err();
            assert!(error.contains(told), "{wrong}: {error}");
        }
    }
}
