//! A made month: who is on a make-believe site, minute by minute, for as many days as are asked for.
//!
//! Eight virtual proxies on two nodes, some 2,000 people at the busiest, 6,000 sessions a day over the week: office hours,
//! quiet weekends, anonymous visits, newcomers, a node that restarts, proxies that stay silent, a bot that was away. The same
//! seed and the same days make the same month, wherever it is made.

mod cast;
mod day;
mod dice;
mod trouble;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

pub use cast::Person;

use dice::Dice;
use trouble::Trouble;

/// The virtual proxies, each with the node that it is on.
pub const PLACES: [(&str, &str); 8] = [
    ("sense1.example.com", ""),
    ("sense1.example.com", "hr"),
    ("sense1.example.com", "sales"),
    ("sense1.example.com", "finance"),
    ("sense2.example.com", "board"),
    ("sense2.example.com", "logistics"),
    ("sense2.example.com", "service"),
    ("sense2.example.com", "public"),
];
/// Where anonymous visitors go.
const PUBLIC: usize = 7;
/// The first place of the second node.
const SECOND_NODE: usize = 4;

/// The month while it goes on.
pub struct Month {
    seed: u64,
    zone: TimeZone,
    first: Date,
    days: i64,
    /// The day that its visits were made for last.
    day: i64,
    people: Vec<Person>,
    /// Those to come today, the next one last.
    to_come: Vec<Visit>,
    on: [Vec<Visit>; PLACES.len()],
    trouble: Trouble,
    now: Timestamp,
    end: Timestamp,
}

/// One session, from one minute until another.
#[derive(Clone, Debug)]
pub struct Visit {
    pub id: String,
    /// One of the month's people; none is an anonymous visitor.
    pub person: Option<u32>,
    place: usize,
    from: Timestamp,
    to: Timestamp,
}

/// What one look at the site shows.
pub struct Look<'a> {
    pub at: Timestamp,
    pub places: [Seen<'a>; PLACES.len()],
    people: &'a [Person],
}

impl Look<'_> {
    /// Whose session it is; an anonymous visitor is nobody.
    pub fn person(&self, visit: &Visit) -> Option<&Person> {
        visit.person.map(|person| &self.people[person as usize])
    }
}

/// What one place answers, or why it does not: a word such as `timeout`.
#[derive(Clone, Copy)]
pub enum Seen<'a> {
    On(&'a [Visit]),
    Silent(&'static str),
}

impl Month {
    /// So many whole days of a zone's calendar from the first one on.
    pub fn new(seed: u64, first: Date, days: u16, zone: &TimeZone) -> Self {
        let days = i64::from(days);
        let midnight = |day: i64| day::midnight(first, day, zone);
        let (now, end) = (midnight(0), midnight(days));
        Self {
            seed,
            zone: zone.clone(),
            first,
            days,
            day: -1,
            people: cast::people(&mut Dice::new(seed, u64::MAX), days),
            to_come: Vec::new(),
            on: Default::default(),
            trouble: Trouble::of(first, days, zone),
            now,
            end,
        }
    }

    /// When the next look is, unless nobody looks then.
    pub fn begins(&self) -> Timestamp {
        self.now
    }

    /// Keeps to a part of it.
    pub fn only(&mut self, from: Timestamp, to: Timestamp) {
        while self.now < from {
            self.pass();
        }
        self.end = to.min(self.end);
    }

    /// The next minute at which somebody looked; none at the end.
    pub fn next_look(&mut self) -> Option<Look<'_>> {
        while self.trouble.nobody_looks(self.now) {
            self.pass();
        }
        if self.now >= self.end {
            return None;
        }
        self.pass();
        let at = self.now.checked_sub(1.minute()).unwrap_or(self.now);
        let mut places = [Seen::On(&[]); PLACES.len()];
        for (place, seen) in places.iter_mut().enumerate() {
            *seen = match self.trouble.silent(place, at) {
                Some(why) => Seen::Silent(why),
                None => Seen::On(&self.on[place]),
            };
        }
        Some(Look { at, places, people: &self.people })
    }

    /// Lets who comes and goes at this minute do so, and goes on to the next.
    fn pass(&mut self) {
        let now = self.now;
        if self.day < self.days && now >= day::midnight(self.first, self.day + 1, &self.zone) {
            self.day += 1;
            let mut visits = day::visits(self);
            visits.append(&mut self.to_come);
            visits.sort_by(|one, other| (other.from, &other.id).cmp(&(one.from, &one.id)));
            self.to_come = visits;
        }
        for on in &mut self.on {
            on.retain(|visit| visit.to > now);
        }
        while let Some(visit) = self.to_come.pop_if(|visit| visit.from <= now) {
            if visit.to > now {
                self.on[visit.place].push(visit);
            }
        }
        self.now = now.checked_add(1.minute()).unwrap_or(self.end);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn october(seed: u64, days: u16) -> Month {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        Month::new(seed, jiff::civil::date(2026, 10, 1), days, &zone)
    }

    #[test]
    fn it_is_as_large_as_it_says() {
        let mut month = october(1, 31);
        let (mut polls, mut silent, mut most, mut sessions) = (0, 0, 0, 0);
        let mut people = HashSet::new();
        while let Some(look) = month.next_look() {
            polls += 1;
            let mut on: HashSet<u32> = HashSet::new();
            for seen in look.places {
                let Seen::On(visits) = seen else {
                    silent += 1;
                    continue;
                };
                sessions += visits.iter().filter(|visit| visit.from == look.at).count();
                // Often enough for the highest, and quick.
                if polls % 15 == 0 {
                    on.extend(visits.iter().filter_map(|visit| visit.person));
                }
            }
            most = most.max(on.len());
            people.extend(on);
        }
        // 31 days of which one has 25 hours, without the 47 minutes that nobody looked.
        assert_eq!(polls, 31 * 1440 + 60 - 47);
        let sessions = sessions / 31;
        assert!((1_950..=2_100).contains(&most) && (5_800..=6_200).contains(&sessions), "{most}, {sessions} a day");
        assert!((2_700..=3_200).contains(&people.len()), "{} people", people.len());
        assert!((80..=300).contains(&silent), "{silent} times silent");
    }

    #[test]
    fn a_seed_makes_the_same_days_each_time_and_another_makes_others() {
        let all = |seed| {
            let (mut month, mut seen) = (october(seed, 1), Vec::new());
            while let Some(look) = month.next_look() {
                for places in look.places {
                    if let Seen::On(visits) = places {
                        seen.push(visits.iter().map(|visit| visit.id.clone()).collect::<Vec<_>>());
                    }
                }
            }
            seen
        };
        let once = all(1);
        assert!(once == all(1) && once != all(2));
    }
}
