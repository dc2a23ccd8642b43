//! What goes wrong in the month.

use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};

use super::dice::Dice;
use super::{PLACES, SECOND_NODE, Visit};

/// A day, counted from 0, with the time of its beginning and the time of its end.
type When = (i64, [i8; 2], [i8; 2]);

/// Places that are silent, and why.
const SILENT: [(When, Range<usize>, &str); 5] = [
    ((3, [10, 12], [10, 31]), 2..3, "timeout"),
    ((9, [3, 10], [3, 13]), 0..PLACES.len(), "server_error"),
    (RESTART, SECOND_NODE..PLACES.len(), "refused"),
    ((20, [14, 40], [14, 52]), 5..6, "reset"),
    ((27, [11, 40], [11, 42]), 1..2, "truncated"),
];
/// The second node is started anew: whoever was on it is not, and most come back within minutes.
const RESTART: When = (13, [14, 5], [14, 20]);
/// Nobody looked.
const AWAY: When = (17, [22, 0], [22, 47]);
/// The last minute, counted from the restart, in which somebody comes back.
const BACK_WITHIN: i64 = 12;

type Stretch = (Timestamp, Timestamp);

pub(super) struct Trouble {
    silent: Vec<(Stretch, Range<usize>, &'static str)>,
    restart: Option<Stretch>,
    away: Option<Stretch>,
}

impl Trouble {
    /// What of it falls within so many days.
    pub(super) fn of(first: Date, days: i64, zone: &TimeZone) -> Self {
        let stretch = |(day, from, to): When| {
            let time = |[hour, minute]: [i8; 2]| {
                let wall = first.saturating_add(day.days()).to_datetime(Time::constant(hour, minute, 0, 0));
                wall.to_zoned(zone.clone()).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
            };
            (day < days).then(|| (time(from), time(to)))
        };
        let silent =
            SILENT.into_iter().filter_map(|(when, places, why)| stretch(when).map(|stretch| (stretch, places, why)));
        Self { silent: silent.collect(), restart: stretch(RESTART), away: stretch(AWAY) }
    }

    /// Why a place is silent.
    pub(super) fn silent(&self, place: usize, at: Timestamp) -> Option<&'static str> {
        let silent =
            |(stretch, places, _): &&(Stretch, Range<usize>, &str)| within(*stretch, at) && places.contains(&place);
        self.silent.iter().find(silent).map(|(_, _, why)| *why)
    }

    pub(super) fn nobody_looks(&self, at: Timestamp) -> bool {
        self.away.is_some_and(|away| within(away, at))
    }

    /// Ends the sessions of the node that starts anew, and lets their people come back.
    pub(super) fn restart(&self, visits: &mut Vec<Visit>, dice: &mut Dice) {
        let Some((down, up)) = self.restart else { return };
        let mut back = Vec::new();
        for visit in visits.iter_mut().filter(|visit| visit.place >= SECOND_NODE) {
            if visit.from <= down && visit.to > down {
                let from = up + SignedDuration::from_mins(dice.around(0, BACK_WITHIN));
                if visit.to > from && dice.percent(85) {
                    back.push(Visit { id: dice.session(), from, ..visit.clone() });
                }
                visit.to = down;
            } else if visit.from > down && visit.from < up {
                visit.from = up;
            }
        }
        visits.extend(back);
    }
}

fn within((from, to): Stretch, at: Timestamp) -> bool {
    from <= at && at < to
}
