//! Who comes on one day, when, and for how long.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::dice::Dice;
use super::{Month, PUBLIC, Visit};

/// How many of a hundred people come on a working day, and on another.
const WORKING: [usize; 5] = [63, 64, 63, 62, 56];
const WEEKEND: usize = 22;

/// The first instant of a day.
pub(super) fn midnight(first: Date, day: i64, zone: &TimeZone) -> Timestamp {
    at(first, day, 0, zone)
}

/// A minute of a day by the wall clock; beyond midnight it is one of the next day.
fn at(first: Date, day: i64, minute: i64, zone: &TimeZone) -> Timestamp {
    let wall =
        first.to_datetime(jiff::civil::Time::midnight()).saturating_add(day.days()).saturating_add(minute.minutes());
    wall.to_zoned(zone.clone()).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

/// The visits that begin on the month's current day.
pub(super) fn visits(month: &Month) -> Vec<Visit> {
    let day = month.day;
    let mut dice = Dice::new(month.seed, day.unsigned_abs());
    let mut made = Making { month, visits: Vec::new() };
    let weekday = month.first.saturating_add(day.days()).weekday();
    let share = match weekday {
        Weekday::Saturday | Weekday::Sunday => WEEKEND,
        working => WORKING[usize::try_from(working.to_monday_zero_offset()).unwrap_or(0)],
    };
    let works = share > WEEKEND;
    for (person, who) in (0_u32..).zip(&month.people) {
        let there =
            if who.on_leave { day == 0 || day == month.days - 1 } else { (who.days.0..who.days.1).contains(&day) };
        // Rolled for everyone, so that nobody's day hangs on another's.
        let mut own = Dice::new(dice.roll(), u64::from(person));
        if there && (who.on_leave || own.percent(share)) {
            if works { office(&mut made, &mut own, person) } else { weekend(&mut made, &mut own, person) }
        }
    }
    for _ in 0..if works { 260 } else { 120 } {
        let from = dice.around(6 * 60, 22 * 60);
        let length = dice.around(2, 40);
        made.visit(&mut dice, None, PUBLIC, (from, from + length));
    }
    let Making { mut visits, .. } = made;
    month.trouble.restart(&mut visits, &mut dice);
    visits
}

struct Making<'a> {
    month: &'a Month,
    visits: Vec<Visit>,
}

impl Making<'_> {
    fn visit(&mut self, dice: &mut Dice, person: Option<u32>, place: usize, (from, to): (i64, i64)) {
        let Month { first, day, zone, .. } = self.month;
        let instant = |minute| at(*first, *day, minute, zone);
        self.visits.push(Visit { id: dice.session(), person, place, from: instant(from), to: instant(to) });
    }

    /// At the place that a person uses most, or at their other one.
    fn own(&mut self, dice: &mut Dice, person: u32, time: (i64, i64)) {
        let places = self.month.people[person as usize].places;
        let place = places[usize::from(dice.percent(15))];
        self.visit(dice, Some(person), place, time);
    }
}

/// From the morning on, one session after another, with a break for lunch; now and then a second one beside it.
fn office(made: &mut Making<'_>, dice: &mut Dice, person: u32) {
    let comes = dice.around(6 * 60 + 40, 9 * 60 + 20);
    let goes = comes + dice.around(7 * 60, 9 * 60 + 30);
    let lunch = dice.around(11 * 60 + 20, 13 * 60);
    let mut from = comes;
    while from < goes - 20 {
        let mut to = (from + dice.around(70, 330)).min(goes);
        let mut gap = dice.around(3, 25);
        if from < lunch && to > lunch - 15 && dice.percent(80) {
            (to, gap) = (lunch, dice.around(25, 55));
        }
        if to > from {
            made.own(dice, person, (from, to));
            if dice.percent(32) {
                let beside = from + dice.around(5, 60);
                let length = dice.around(10, 120);
                made.own(dice, person, (beside, beside + length));
            }
        }
        from = to.max(from) + gap;
    }
    // A few look once more in the evening.
    if dice.percent(4) {
        let from = dice.around(18 * 60, 23 * 60);
        let length = dice.around(5, 90);
        made.own(dice, person, (from, from + length));
    }
}

fn weekend(made: &mut Making<'_>, dice: &mut Dice, person: u32) {
    for _ in 0..=dice.below(4) {
        let from = dice.around(7 * 60, 22 * 60);
        let length = dice.around(10, 100);
        made.own(dice, person, (from, from + length));
    }
}
