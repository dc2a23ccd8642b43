//! A restart that waits for people to leave: what to say when, and when the waiting is over.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use crate::secret::Secret;
use crate::snapshot::{Observation, Pair, Snapshot, User, person_key};

/// Before the deadline, those who are still on are told so many minutes ahead.
const REMINDERS: [i64; 3] = [15, 5, 1];
/// A reminder that would follow the announcement this closely is left out.
const TOO_SOON: SignedDuration = SignedDuration::from_mins(1);

/// The steps of a restart, as they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It is planned, and people may be on.
    Planned,
    /// People are still on.
    StillOn,
    /// Nobody is on any more, or few enough.
    Clear,
    /// Its time has come, and people are still on.
    Overdue,
    /// It does not take place, or nobody waits for it any more.
    CalledOff,
}

/// How the waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Few enough are on, and all of the site was seen.
    Clear,
    /// Too many are on.
    StillOn,
    /// Few enough were seen, but not all of the site was.
    Blind,
}

/// A restart that waits until at most `until` are on, or the deadline has come.
#[derive(Clone, Debug)]
pub struct Drain {
    until: u64,
    deadline: Timestamp,
    announced: bool,
    /// Minutes of the reminders to come.
    reminders: Vec<i64>,
}

impl Drain {
    pub fn new(until: u64, deadline: Timestamp) -> Self {
        Self { until, deadline, announced: false, reminders: REMINDERS.to_vec() }
    }

    pub fn until(&self) -> u64 {
        self.until
    }

    pub fn deadline(&self) -> Timestamp {
        self.deadline
    }

    /// What a look comes to: what is told now, if anything, and whether the waiting is over. `on` is a lower bound unless
    /// all was seen, so that a part that was not seen is never clear.
    pub fn look(&mut self, on: u64, all_seen: bool, now: Timestamp) -> (Option<Step>, Option<End>) {
        let left = self.deadline.duration_since(now);
        if all_seen && on <= self.until {
            return (Some(Step::Clear), Some(End::Clear));
        }
        if left <= SignedDuration::ZERO {
            let over = if on > self.until { End::StillOn } else { End::Blind };
            return (Some(Step::Overdue), Some(over));
        }
        if !self.announced {
            self.announced = true;
            self.reminders.retain(|minutes| SignedDuration::from_mins(*minutes) < left - TOO_SOON);
            return (Some(Step::Planned), None);
        }
        // Of several whose time has come meanwhile, one is enough.
        let before = self.reminders.len();
        self.reminders.retain(|minutes| SignedDuration::from_mins(*minutes) < left);
        ((self.reminders.len() < before).then_some(Step::StillOn), None)
    }

    /// When to look next: after `every`, at the next reminder, or at the deadline, whichever comes first.
    pub fn next_look(&self, now: Timestamp, every: SignedDuration) -> Timestamp {
        let after = now.checked_add(every).unwrap_or(self.deadline);
        let reminder =
            self.reminders.first().and_then(|m| self.deadline.checked_sub(SignedDuration::from_mins(*m)).ok());
        let next = reminder.map_or(after, |reminder| after.min(reminder)).min(self.deadline);
        // A moment that has gone by is now.
        next.max(now)
    }
}

/// Since when each person's sessions have been the same ones. Nothing else tells of a session whether anybody sits before it.
#[derive(Default)]
pub struct Unchanged {
    people: HashMap<String, (HashSet<Held>, Timestamp)>,
    looked: bool,
}

/// One session of a pair.
#[derive(PartialEq, Eq, Hash, Clone)]
struct Held(Pair, Secret);

impl Unchanged {
    /// Takes a look further. `known` says of people at the first look when the newest of their sessions began.
    pub fn see(&mut self, snapshot: &Snapshot, known: &HashMap<String, Timestamp>) {
        let mut seen: HashMap<String, HashSet<Held>> = HashMap::new();
        for (pair, session) in snapshot.sessions().filter(|(_, session)| !session.user.is_anonymous()) {
            seen.entry(person_key(&session.user.directory, &session.user.id))
                .or_default()
                .insert(Held(pair.clone(), session.id.clone()));
        }
        // What was on a pair that does not answer is taken to be there still.
        let silent: HashSet<&Pair> = snapshot
            .pairs()
            .iter()
            .filter(|(_, observation)| matches!(observation, Observation::Unseen(_)))
            .map(|(pair, _)| pair)
            .collect();
        for (person, (before, _)) in &self.people {
            let kept: Vec<_> = before.iter().filter(|Held(pair, _)| silent.contains(pair)).cloned().collect();
            if !kept.is_empty() {
                seen.entry(person.clone()).or_default().extend(kept);
            }
        }
        let first = !std::mem::replace(&mut self.looked, true);
        self.people = seen
            .into_iter()
            .map(|(person, sessions)| {
                let since = match self.people.get(&person) {
                    Some((before, since)) if *before == sessions => *since,
                    None if first => known.get(&person).copied().unwrap_or(snapshot.at()).min(snapshot.at()),
                    _ => snapshot.at(),
                };
                (person, (sessions, since))
            })
            .collect();
    }

    /// Since when somebody's sessions are as they are.
    pub fn since(&self, directory: &str, id: &str) -> Option<Timestamp> {
        let user = User { directory: directory.into(), id: id.into(), name: None };
        self.people.get(&person_key(&user.directory, &user.id)).map(|(_, since)| *since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{Session, Unseen, UnseenKind};

    fn at(time: &str) -> Timestamp {
        format!("2026-03-02T{time}Z").parse().unwrap()
    }

    /// `7` is a full view, `7?` a part of one, `?` none at all.
    fn seen_of(seen: &str) -> (u64, bool) {
        (seen.trim_end_matches('?').parse().unwrap_or(0), !seen.ends_with('?'))
    }

    #[test]
    fn what_is_said_when() {
        use End::{Blind, StillOn};
        use Step::{Clear, Overdue, Planned};
        type Told = (Option<Step>, Option<End>);
        type Story<'a> = &'a [(&'a str, &'a str, Told)];
        let still: Told = (Some(Step::StillOn), None);
        let nothing: Told = (None, None);
        // Until how many, the deadline, and each look: when, what was seen, what is said.
        let stories: &[(u64, &str, Story<'_>)] = &[
            // Nobody is on from the start: nothing is announced.
            (0, "22:00:00", &[("21:00:00", "0", (Some(Clear), Some(End::Clear)))]),
            // People leave one by one.
            (
                0,
                "22:00:00",
                &[
                    ("21:00:00", "3", (Some(Planned), None)),
                    ("21:00:15", "3", nothing),
                    ("21:44:59", "2", nothing),
                    ("21:45:00", "2", still),
                    ("21:45:15", "2", nothing),
                    ("21:55:00", "1", still),
                    ("21:59:00", "1", still),
                    ("21:59:15", "1", nothing),
                    ("21:59:30", "0", (Some(Clear), Some(End::Clear))),
                ],
            ),
            // Nobody leaves.
            (
                0,
                "22:00:00",
                &[
                    ("21:50:00", "3", (Some(Planned), None)),
                    ("21:55:00", "3", still),
                    ("22:00:00", "3", (Some(Overdue), Some(StillOn))),
                ],
            ),
            // The last one leaves with the deadline.
            (
                0,
                "22:00:00",
                &[("21:59:00", "1", (Some(Planned), None)), ("22:00:01", "0", (Some(Clear), Some(End::Clear)))],
            ),
            // Few enough.
            (
                2,
                "22:00:00",
                &[("21:50:00", "3", (Some(Planned), None)), ("21:50:15", "2", (Some(Clear), Some(End::Clear)))],
            ),
            // A part of the site is never clear, and at the end what was seen decides.
            (
                0,
                "22:00:00",
                &[
                    ("21:58:30", "0?", (Some(Planned), None)),
                    ("21:58:45", "?", nothing),
                    ("22:00:00", "0?", (Some(Overdue), Some(Blind))),
                ],
            ),
            (
                0,
                "22:00:00",
                &[("21:58:30", "2", (Some(Planned), None)), ("22:00:00", "1?", (Some(Overdue), Some(StillOn)))],
            ),
            (
                5,
                "22:00:00",
                &[("21:58:30", "6", (Some(Planned), None)), ("22:00:00", "5?", (Some(Overdue), Some(Blind)))],
            ),
            (
                0,
                "22:00:00",
                &[("21:58:30", "2", (Some(Planned), None)), ("22:00:00", "?", (Some(Overdue), Some(Blind)))],
            ),
            // No reminder within a minute of the announcement, and one for several whose time went by.
            (
                0,
                "22:00:00",
                &[
                    ("21:44:00", "1", (Some(Planned), None)),
                    ("21:45:00", "1", nothing),
                    ("21:59:30", "1", still),
                    ("21:59:45", "1", nothing),
                ],
            ),
            // The clock was set back: what was told is not told again.
            (
                0,
                "22:00:00",
                &[
                    ("21:30:00", "1", (Some(Planned), None)),
                    ("21:45:00", "1", still),
                    ("21:40:00", "1", nothing),
                    ("21:45:30", "1", nothing),
                ],
            ),
        ];
        for (until, deadline, looks) in stories {
            let mut drain = Drain::new(*until, at(deadline));
            for (time, seen, told) in *looks {
                let (on, all_seen) = seen_of(seen);
                assert_eq!(drain.look(on, all_seen, at(time)), *told, "{until} by {deadline}: {time} {seen}");
            }
        }
    }

    #[test]
    fn the_next_look_is_the_next_thing_to_happen() {
        let mut drain = Drain::new(0, at("22:00:00"));
        drain.look(3, true, at("21:00:00"));
        let quarter = SignedDuration::from_secs(15);
        let hour = SignedDuration::from_hours(1);
        for (now, every, next) in [
            ("21:00:00", quarter, "21:00:15"),
            ("21:00:00", hour, "21:45:00"),
            ("21:44:50", quarter, "21:45:00"),
            ("21:45:10", quarter, "21:45:10"),
            ("21:59:50", quarter, "21:59:50"),
        ] {
            assert_eq!(drain.next_look(at(now), every), at(next), "{now}");
        }
        drain.look(3, true, at("21:59:10"));
        assert_eq!(drain.next_look(at("21:59:50"), quarter), at("22:00:00"));
    }

    #[test]
    fn sessions_that_stay_the_same_are_known_by_since_when() {
        let pair = |prefix: &str| Pair { proxy: "sense".into(), prefix: prefix.into() };
        let sessions = |told: &[(&str, &str)]| {
            let session = |(user, id): &(&str, &str)| Session {
                id: Secret::new(*id),
                user: User { directory: "CORP".into(), id: (*user).into(), name: None },
            };
            Observation::Seen(told.iter().map(session).collect())
        };
        let silent = Observation::Unseen(Unseen {
            kind: UnseenKind::Timeout,
            tried: String::new(),
            what: String::new(),
            advice: String::new(),
        });
        let look = |time: &str, one: Observation, other: Observation| {
            Snapshot::new("prod".into(), at(time), vec![(pair(""), one), (pair("hr"), other)], |_| false)
        };
        let mut unchanged = Unchanged::default();
        let known = HashMap::from([("corp\\anna".to_owned(), at("20:00:00")), ("corp\\cy".to_owned(), at("23:00:00"))]);
        let mut see = |time: &str, one: Observation, other: Observation| {
            unchanged.see(&look(time, one, other), &known);
            let since = |id: &str| unchanged.since("corp", id).map(|at| at.strftime("%H:%M").to_string());
            [since("Anna"), since("bo"), since("cy")].map(Option::unwrap_or_default).join(" ")
        };
        let (anna, bo) = (("ANNA", "a1"), ("bo", "b1"));
        // Known from before; not known, so since the first look; and a clock that was set back.
        assert_eq!(see("21:00:00", sessions(&[anna, bo]), sessions(&[("cy", "c1")])), "20:00 21:00 21:00");
        assert_eq!(see("21:01:00", sessions(&[bo, anna]), sessions(&[("cy", "c1")])), "20:00 21:00 21:00");
        // A second session, and one that took the place of another.
        assert_eq!(
            see("21:02:00", sessions(&[anna, bo, ("bo", "b2")]), sessions(&[("cy", "c2")])),
            "20:00 21:02 21:02"
        );
        // What is not seen has not changed.
        assert_eq!(see("21:03:00", sessions(&[anna, bo, ("bo", "b2")]), silent), "20:00 21:02 21:02");
        assert_eq!(see("21:04:00", sessions(&[anna]), sessions(&[("cy", "c2")])), "20:00  21:02");
        // Whoever comes anew is here since then, whatever is known of before.
        assert_eq!(see("21:05:00", sessions(&[]), sessions(&[])), "  ");
        assert_eq!(see("21:06:00", sessions(&[anna]), sessions(&[])), "21:06  ");
    }
}
