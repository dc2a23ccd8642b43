//! Instants and lengths of time as people read them.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// An instant, in the configuration's time zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Moment {
    /// RFC 3339, UTC.
    pub utc: String,
    /// Such as `Mon 23 Nov 2026`.
    pub date: String,
    /// Such as `08:10`.
    pub time: String,
    /// Such as `CET`.
    pub zone: String,
}

impl Moment {
    pub fn new(at: Timestamp, zone: &TimeZone) -> Self {
        let local = at.to_zoned(zone.clone());
        Self {
            utc: at.to_string(),
            date: local.strftime("%a %-d %b %Y").to_string(),
            time: local.strftime("%H:%M").to_string(),
            zone: local.strftime("%Z").to_string(),
        }
    }
}

/// A length of time in at most two units: `45 s`, `2 min`, `1 h 25 min`, `3 d 4 h`.
pub fn lasting(length: SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    let (large, small) = match seconds {
        0..60 => return format!("{seconds} s"),
        60..3600 => ((seconds / 60, "min"), (seconds % 60, "s")),
        3600..86400 => ((seconds / 3600, "h"), (seconds % 3600 / 60, "min")),
        _ => ((seconds / 86400, "d"), (seconds % 86400 / 3600, "h")),
    };
    if small.0 == 0 {
        format!("{} {}", large.0, large.1)
    } else {
        format!("{} {} {} {}", large.0, large.1, small.0, small.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read_in_two_units() {
        for (seconds, shown) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (125, "2 min 5 s"),
            (5100, "1 h 25 min"),
            (86400, "1 d"),
            (273_600, "3 d 4 h"),
        ] {
            assert_eq!(lasting(SignedDuration::from_secs(seconds)), shown);
        }
    }

    #[test]
    fn a_moment_is_local() {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        let moment = Moment::new("2026-03-29T01:30:00Z".parse().unwrap(), &zone);
        assert_eq!(
            (moment.date.as_str(), moment.time.as_str(), moment.zone.as_str()),
            ("Sun 29 Mar 2026", "03:30", "CEST")
        );
    }
}
