//! Windows in which a site is worked on.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Cron, Stretch};

/// The most windows that are put together where each begins before the last one ends.
const FOLLOWED: usize = 1_000;

/// `patch: {site: prod, cron: "0 22 * * SUN", lasts: 2h}`: from each slot on, for so long by real time.
#[derive(Clone, Debug)]
pub struct Maintenance {
    pub name: Arc<str>,
    pub sites: Vec<Arc<str>>,
    pub cron: Cron,
    pub lasts: SignedDuration,
}

impl Maintenance {
    pub fn is_about(&self, site: &str) -> bool {
        self.sites.iter().any(|its| **its == *site)
    }

    /// Whether an instant is in a window: from its first instant on, and not at its end.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.begun(at).is_some()
    }

    /// The window around an instant, to the end of the last of those that follow each other without a break.
    pub fn stretch_at(&self, at: Timestamp) -> Option<Stretch> {
        let from = self.begun(at)?;
        let mut to = from.checked_add(self.lasts).ok()?;
        for _ in 0..FOLLOWED {
            match self.cron.newest_in(from, to) {
                Some(next) if next.checked_add(self.lasts).is_ok_and(|ends| ends > to) => {
                    to = next.checked_add(self.lasts).ok()?;
                }
                _ => break,
            }
        }
        Some(Stretch { from, to })
    }

    /// When the newest window that is not over began.
    fn begun(&self, at: Timestamp) -> Option<Timestamp> {
        self.cron.newest_in(at.checked_sub(self.lasts).ok()?, at)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn maintenance(cron: &str, hours: i64) -> Maintenance {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        Maintenance {
            name: "patch".into(),
            sites: vec!["prod".into()],
            cron: Cron::new(cron, &zone).unwrap(),
            lasts: SignedDuration::from_hours(hours),
        }
    }

    fn window(maintenance: &Maintenance, at: &str) -> String {
        let at: Timestamp = at.parse().unwrap();
        let found = maintenance.stretch_at(at);
        assert_eq!(found.is_some(), maintenance.contains(at));
        found.map_or(".".to_owned(), |found| format!("{} to {}", found.from, found.to))
    }

    #[test]
    fn a_window_begins_with_its_slot_and_ends_before_its_end() {
        let patch = maintenance("0 22 * * SUN", 2);
        for (at, expected) in [
            ("2026-04-19T19:59:59Z", "."),
            ("2026-04-19T20:00:00Z", "2026-04-19T20:00:00Z to 2026-04-19T22:00:00Z"),
            ("2026-04-19T21:59:59Z", "2026-04-19T20:00:00Z to 2026-04-19T22:00:00Z"),
            ("2026-04-19T22:00:00Z", "."),
            ("2026-04-20T20:30:00Z", "."),
        ] {
            assert_eq!(window(&patch, at), expected, "{at}");
        }
    }

    #[test]
    fn it_lasts_as_long_as_it_says_whatever_the_clocks_do() {
        // 01:00 is CET on both nights; two hours later it is 04:00 CEST, and 02:00 CET.
        let night = maintenance("0 1 * * SUN", 2);
        assert_eq!(window(&night, "2026-03-29T01:59:59Z"), "2026-03-29T00:00:00Z to 2026-03-29T02:00:00Z");
        assert_eq!(window(&night, "2026-03-29T02:00:00Z"), ".");
        let autumn = maintenance("0 1 * * SUN", 3);
        assert_eq!(window(&autumn, "2026-10-25T01:30:00Z"), "2026-10-24T23:00:00Z to 2026-10-25T02:00:00Z");
        // 02:30 does not come on that night: the window begins at the first instant after the gap.
        let skipped = maintenance("30 2 * * SUN", 1);
        assert_eq!(window(&skipped, "2026-03-29T01:00:00Z"), "2026-03-29T01:00:00Z to 2026-03-29T02:00:00Z");
        // 02:30 comes twice: there is one window, from the first.
        let twice = maintenance("30 2 * * SUN", 1);
        assert_eq!(window(&twice, "2026-10-25T00:30:00Z"), "2026-10-25T00:30:00Z to 2026-10-25T01:30:00Z");
        assert_eq!(window(&twice, "2026-10-25T01:30:00Z"), ".");
    }

    #[test]
    fn windows_that_follow_each_other_are_one() {
        let often = maintenance("0 22,23 * * SUN", 2);
        assert_eq!(window(&often, "2026-04-19T20:30:00Z"), "2026-04-19T20:00:00Z to 2026-04-19T23:00:00Z");
    }
}
