//! Who is on, as a message.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::alert::silent;
use super::{Facts, Kind, Message, Moment, Named, Person, Reason, Severity, Since, clean, clean_to, digest, lasting};
use crate::snapshot::{Folded, Pair, Session, Snapshot, User, person_key};

/// The longest reason that is repeated, in characters.
const LONGEST_REASON: usize = 500;
/// A report that is told so much later than it was due says so.
const WORTH_SAYING: SignedDuration = SignedDuration::from_secs(60);

/// Why it is told who is on.
#[derive(Clone, Debug)]
pub enum Occasion {
    /// A report came due. `missed` are those before it that were never told, oldest first.
    Scheduled { due: Timestamp, missed: Vec<Timestamp> },
    /// A report came due so long before a maintenance.
    Before { due: Timestamp, missed: Vec<Timestamp>, maintenance: Arc<str>, begins: Timestamp },
    /// Somebody asked, perhaps before a restart, for a reason of their own.
    Asked { planned: Option<Timestamp>, because: Option<String> },
}

/// What the store knows of people: what they are called whom a site did not name, and since when they are on. Found whatever
/// the case. `Debug` is masked.
#[derive(Default)]
pub struct KnownNames {
    names: HashMap<String, String>,
    since: HashMap<String, (Timestamp, bool)>,
}

impl KnownNames {
    pub fn add(&mut self, user: &User, name: String) {
        self.names.insert(cleaned(user), name);
    }

    /// Since when somebody is on; true where they were there before anybody looked, so that it may be for longer.
    pub fn add_since(&mut self, user: &User, since: Timestamp, at_least: bool) {
        let known = self.since.entry(cleaned(user)).or_insert((since, at_least));
        *known = (*known).min((since, at_least));
    }

    pub fn extend(&mut self, more: Self) {
        self.names.extend(more.names);
        self.since.extend(more.since);
    }

    /// Since when somebody on a list is on, where that is known.
    pub fn since(&self, person: &Person) -> Option<(Timestamp, bool)> {
        self.since.get(&person_key(&person.directory, &person.id)).copied()
    }
}

impl std::fmt::Debug for KnownNames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KnownNames({}, {})", self.names.len(), self.since.len())
    }
}

/// How somebody stands in a list, where names are cleaned.
fn cleaned(user: &User) -> String {
    person_key(&clean(&user.directory), &clean(&user.id))
}

/// Who is on a site. `names` gives what the store knows of people whom the site did not name.
pub fn who(
    snapshot: &Snapshot,
    occasion: &Occasion,
    source: Option<&str>,
    link: Option<&str>,
    names: &KnownNames,
    (now, zone): (Timestamp, &TimeZone),
) -> Message {
    let coverage = snapshot.coverage();
    let reason = match occasion {
        Occasion::Scheduled { due, .. } => {
            let late = now.duration_since(*due);
            Reason::Scheduled { due: Moment::new(*due, zone), late_by: (late >= WORTH_SAYING).then(|| lasting(late)) }
        }
        Occasion::Before { due, maintenance, begins, .. } => {
            let late = now.duration_since(*due);
            Reason::Before {
                due: Moment::new(*due, zone),
                late_by: (late >= WORTH_SAYING).then(|| lasting(late)),
                maintenance: clean(maintenance),
                begins: Moment::new(*begins, zone),
            }
        }
        Occasion::Asked { planned, because } => Reason::Asked {
            planned: planned.map(|at| Moment::new(at, zone)),
            because: because.as_deref().map(|text| clean_to(text, LONGEST_REASON)),
        },
    };
    let (missed, more_missed) = match occasion {
        Occasion::Scheduled { missed, .. } | Occasion::Before { missed, .. } => digest::missed(missed, zone),
        Occasion::Asked { .. } => (Vec::new(), 0),
    };
    let mut people = people(snapshot.sessions(), names);
    for person in &mut people {
        person.since = names.since(person).map(|(at, at_least)| Since { at: Moment::new(at, zone), at_least });
    }
    Message {
        kind: Kind::Who,
        severity: Severity::Info,
        reason,
        site: Some(Named { name: snapshot.site().to_string(), link: link.map(str::to_owned) }),
        source: source.map(|name| Named { name: name.to_owned(), link: None }),
        at: Moment::new(snapshot.at(), zone),
        facts: Facts::Who {
            counts: (coverage.answered > 0).then(|| snapshot.counts()),
            silent: silent(snapshot),
            coverage,
            missed,
            more_missed,
        },
        people,
        chart: None,
    }
}

/// Everyone on, once each, by directory and id without case; anonymous visitors together at the end.
pub fn people<'a>(sessions: impl Iterator<Item = (&'a Pair, &'a Session)>, names: &KnownNames) -> Vec<Person> {
    let mut found: Vec<Person> = Vec::new();
    let mut rows: HashMap<Folded<'a>, usize> = HashMap::new();
    let mut anonymous: Option<Person> = None;
    let person = |directory: &str, id: &str, anonymous| Person {
        directory: clean(directory),
        id: clean(id),
        name: None,
        sessions: 0,
        on: Vec::new(),
        anonymous,
        since: None,
        connected: None,
        pseudonym: None,
    };
    for (pair, session) in sessions {
        let user = &session.user;
        let row = if user.is_anonymous() {
            anonymous.get_or_insert_with(|| person("", "", true))
        } else {
            let row = *rows.entry(user.folded()).or_insert_with(|| {
                found.push(person(&user.directory, &user.id, false));
                found.len() - 1
            });
            let row = &mut found[row];
            if row.name.is_none() {
                row.name = user.name.as_deref().map(clean).filter(|name| !name.trim().is_empty());
            }
            row
        };
        row.sessions += 1;
        if !row.on.iter().any(|prefix| **prefix == *pair.prefix) {
            row.on.push(clean(&pair.prefix));
        }
    }
    let key = |person: &Person| person_key(&person.directory, &person.id);
    for person in found.iter_mut().filter(|person| person.name.is_none()) {
        if !names.names.is_empty() {
            person.name = names.names.get(&key(person)).map(|name| clean(name));
        }
    }
    found.sort_by_cached_key(key);
    for person in found.iter_mut().chain(&mut anonymous) {
        person.on.sort();
    }
    found.extend(anonymous);
    found
}

/// Everyone on a site, whoever has most sessions first: the one list of a message that tells several things of it.
pub fn everyone(snapshot: &Snapshot, names: &KnownNames) -> Vec<Person> {
    let mut people = people(snapshot.sessions(), names);
    most_sessions_first(&mut people);
    people
}

/// Puts whoever has most sessions first, and leaves the others by name; anonymous visitors stay at the end.
pub(super) fn most_sessions_first(people: &mut [Person]) {
    people.sort_by_key(|person| (person.anonymous, Reverse(person.sessions)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use crate::snapshot::Observation;

    fn session(directory: &str, id: &str, name: Option<&str>) -> Session {
        let user = User { directory: directory.into(), id: id.into(), name: name.map(Into::into) };
        Session { id: Secret::new("s"), user }
    }

    #[test]
    fn people_are_listed_once_as_first_received() {
        let pair = |prefix: &str| Pair { proxy: "sense".into(), prefix: prefix.into() };
        let pairs = vec![
            (
                pair("hr"),
                Observation::Seen(vec![
                    session("CORP", "Zoe", None),
                    session("CORP", "anna", None),
                    session("corp", "ANNA", Some("Anna A")),
                    session("NONE", "anonymous1", None),
                ]),
            ),
            (pair(""), Observation::Seen(vec![session("Corp", "Anna", None), session("none", "Anonymous2", None)])),
        ];
        let snapshot = Snapshot::new("prod".into(), Timestamp::UNIX_EPOCH, pairs, |_| false);
        let mut names = KnownNames::default();
        names.add(&User { directory: "corp".into(), id: "Z\u{200b}OE\u{7}".into(), name: None }, "Zoe Z".to_owned());
        let listed: Vec<_> = people(snapshot.sessions(), &names)
            .into_iter()
            .map(|p| (format!("{}\\{}", p.directory, p.id), p.name, p.sessions, p.on.join(",")))
            .collect();
        let row = |who: &str, name: Option<&str>, sessions, on: &str| {
            (who.to_owned(), name.map(str::to_owned), sessions, on.to_owned())
        };
        assert_eq!(
            listed,
            [
                row("CORP\\anna", Some("Anna A"), 3, ",hr"),
                row("CORP\\Zoe", Some("Zoe Z"), 1, "hr"),
                row("\\", None, 2, ",hr")
            ]
        );
        let counts = snapshot.counts();
        assert_eq!((counts.sessions, counts.users, counts.anonymous), (6, 2, 2));
    }
}
