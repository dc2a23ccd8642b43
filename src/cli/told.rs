//! Who is on, told: as a table, as lines, as JSON or as CSV, now or at another time.

use std::collections::HashMap;
use std::fmt::Write as _;

use comfy_table::CellAlignment;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::args::{GroupBy, Who, WhoFormat};
use super::exit::Failure;
use super::who::{counted, summary};
use super::{health, output};
use crate::message::{KnownNames, Person, people};
use crate::snapshot::{Counts, Coverage, Observation, Pair, Session, Snapshot, fold};

/// What was seen, and how it is asked for.
pub(super) struct Told<'a> {
    pub(super) at: Timestamp,
    pub(super) snapshots: &'a [Snapshot],
    pub(super) names: &'a KnownNames,
    pub(super) zone: &'a TimeZone,
    /// Whether people are listed; where the store has no names, they are counted alone.
    pub(super) listed: bool,
    pub(super) args: &'a Who,
}

/// A session, and where.
type On<'a> = (&'a Pair, &'a Session);

/// The people of one site, or of one part of it.
struct List {
    /// None where it is of the whole site.
    group: Option<String>,
    counts: Counts,
    people: Vec<Person>,
    anonymous: Option<Person>,
}

impl Told<'_> {
    /// Over all sites; none where nothing answered.
    pub(super) fn total(&self) -> Option<Counts> {
        let seen = self.snapshots.iter().any(|snapshot| snapshot.coverage().answered > 0);
        seen.then(|| match self.snapshots {
            [one] => one.counts(),
            // A user of two sites is one user.
            several => Counts::of(several.iter().flat_map(|snapshot| snapshot.sessions().map(|(_, session)| session))),
        })
    }

    pub(super) fn text(&self, format: WhoFormat) -> Result<String, Failure> {
        Ok(match format {
            WhoFormat::Json => self.json()?,
            WhoFormat::Plain => self.plain(),
            WhoFormat::Csv => self.csv(),
            WhoFormat::Table => self.table(),
        })
    }

    /// Beside a list of lines: a line of its own would be a person to whoever counts lines.
    pub(super) fn say_anonymous(&self, format: WhoFormat) {
        let anonymous = self.total().map_or(0, |total| total.anonymous);
        if format == WhoFormat::Plain && anonymous > 0 {
            output::say(&format!("and {}", output::count(anonymous, "anonymous session", "anonymous sessions")));
        }
    }

    fn list(&self, group: Option<String>, sessions: &[On<'_>]) -> List {
        let mut all = people(sessions.iter().copied(), self.names);
        let anonymous = all.pop_if(|person| person.anonymous);
        if !self.listed {
            all.clear();
        }
        List { group, counts: Counts::of(sessions.iter().map(|(_, session)| *session)), people: all, anonymous }
    }

    /// Everyone on one site in one list, or a list for each group, the largest first.
    fn lists(&self, snapshot: &Snapshot) -> Vec<List> {
        let all: Vec<_> = snapshot.sessions().collect();
        let Some(by) = self.args.group_by else { return vec![self.list(None, &all)] };
        let mut groups: HashMap<String, (String, Vec<On<'_>>)> = HashMap::new();
        for (pair, session) in all {
            let name = match by {
                GroupBy::VirtualProxy => &*pair.prefix,
                GroupBy::Proxy => &*pair.proxy,
                GroupBy::Directory if session.user.is_anonymous() => "(anonymous)",
                GroupBy::Directory => &*session.user.directory,
            };
            let key = if by == GroupBy::Directory { fold(name).collect() } else { name.to_owned() };
            groups.entry(key).or_insert_with(|| (name.to_owned(), Vec::new())).1.push((pair, session));
        }
        let mut lists: Vec<_> = groups.into_values().map(|(name, sessions)| self.list(Some(name), &sessions)).collect();
        lists.sort_by(|one, other| {
            (other.counts.users, other.counts.sessions, &one.group).cmp(&(
                one.counts.users,
                one.counts.sessions,
                &other.group,
            ))
        });
        lists
    }

    fn json(&self) -> Result<String, Failure> {
        let total = self.total();
        let answer = Answer {
            at: self.at.to_string(),
            sites: self.snapshots.iter().map(|snapshot| self.site(snapshot)).collect(),
            sessions: total.map(|counts| counts.sessions),
            users: total.map(|counts| counts.users),
            anonymous: total.map(|counts| counts.anonymous),
        };
        Ok(output::json(&answer)?)
    }

    fn site<'s>(&self, snapshot: &'s Snapshot) -> SiteAnswer<'s> {
        let coverage = snapshot.coverage();
        let counts = (coverage.answered > 0).then(|| snapshot.counts());
        let all: Vec<_> = snapshot.sessions().collect();
        let person = |person: Person| {
            let since = self.names.since(&person);
            PersonAnswer {
                directory: person.directory,
                id: person.id,
                name: person.name,
                sessions: person.sessions,
                on: person.on,
                since: since.map(|(at, _)| at.to_string()),
                at_least: since.map(|(_, at_least)| at_least),
            }
        };
        let group = |list: List| GroupAnswer {
            group: list.group.unwrap_or_default(),
            sessions: list.counts.sessions,
            users: list.counts.users,
            anonymous: list.counts.anonymous,
            people: list.people.into_iter().map(person).collect(),
        };
        SiteAnswer {
            site: snapshot.site(),
            coverage,
            sessions: counts.map(|counts| counts.sessions),
            users: counts.map(|counts| counts.users),
            anonymous: counts.map(|counts| counts.anonymous),
            pairs: snapshot.counted().map(PairAnswer::of).collect(),
            people: self.list(None, &all).people.into_iter().map(person).collect(),
            groups: self.args.group_by.map(|_| self.lists(snapshot).into_iter().map(group).collect()),
            engines: self.args.health.then(|| health::answers(snapshot)),
        }
    }

    fn plain(&self) -> String {
        let mut text = String::new();
        for list in self.snapshots.iter().flat_map(|snapshot| self.lists(snapshot)) {
            for person in &list.people {
                let user = output::shown(&format!("{}\\{}", person.directory, person.id));
                let _ = write!(text, "{user}\t{}\t{}", person.sessions, output::shown(&person.on.join(",")));
                if let Some(group) = &list.group {
                    let _ = write!(text, "\t{}", output::shown(group));
                }
                text.push('\n');
            }
        }
        text
    }

    fn csv(&self) -> String {
        let grouped = if self.args.group_by.is_some() { ",group" } else { "" };
        let mut text = format!("directory,id,name,sessions,on{grouped}\n");
        for list in self.snapshots.iter().flat_map(|snapshot| self.lists(snapshot)) {
            for person in &list.people {
                let cells = [&person.directory, &person.id, person.name.as_ref().unwrap_or(&String::new())]
                    .map(|cell| output::csv(cell));
                let on = output::csv(&person.on.join(";"));
                let _ = write!(text, "{},{},{on}", cells.join(","), person.sessions);
                if let Some(group) = &list.group {
                    let _ = write!(text, ",{}", output::csv(group));
                }
                text.push('\n');
            }
        }
        text
    }

    fn table(&self) -> String {
        let mut text = String::new();
        for snapshot in self.snapshots {
            for list in self.lists(snapshot) {
                if let Some(group) = &list.group {
                    let name = if group.is_empty() { "(default)".to_owned() } else { output::shown(group) };
                    let _ = writeln!(text, "{name}: {}.", counted(list.counts));
                }
                self.rows(&list, &mut text);
            }
            let _ = writeln!(text, "{}", summary(snapshot));
            text.push_str(&health::table(snapshot));
        }
        if let (true, Some(total)) = (self.snapshots.len() > 1, self.total()) {
            let partial = self.snapshots.iter().any(|snapshot| !snapshot.coverage().is_full());
            let _ = writeln!(text, "In all: {}{}.", if partial { "at least " } else { "" }, counted(total));
        }
        text
    }

    fn rows(&self, list: &List, text: &mut String) {
        if list.people.is_empty() && list.anonymous.is_none() {
            return;
        }
        let dated = list.people.iter().any(|person| self.names.since(person).is_some());
        let mut head = vec!["User", "Name", "Sessions", "On"];
        head.extend(dated.then_some("Since"));
        let mut table = output::table(&head);
        for person in list.people.iter().chain(&list.anonymous) {
            let user = if person.anonymous {
                "(anonymous)".to_owned()
            } else {
                output::shown(&format!("{}\\{}", person.directory, person.id))
            };
            let on: Vec<_> = person.on.iter().map(|on| if on.is_empty() { "(default)" } else { on.as_str() }).collect();
            let name = output::shown(person.name.as_deref().unwrap_or_default());
            let mut row = vec![user, name, person.sessions.to_string(), output::shown(&on.join(", "))];
            row.extend(dated.then(|| self.since(person)));
            table.add_row(row);
        }
        if let Some(column) = table.column_mut(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let _ = writeln!(text, "{table}");
    }

    /// `08:10`, with its day where that is another one; `at least 08:10` for whoever was there when somebody first looked.
    fn since(&self, person: &Person) -> String {
        let Some((since, at_least)) = self.names.since(person) else { return String::new() };
        let (since, at) = (since.to_zoned(self.zone.clone()), self.at.to_zoned(self.zone.clone()));
        let shown = if since.date() == at.date() { since.strftime("%H:%M") } else { since.strftime("%Y-%m-%d %H:%M") };
        format!("{}{shown}", if at_least { "at least " } else { "" })
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    at: String,
    sites: Vec<SiteAnswer<'a>>,
    sessions: Option<u64>,
    users: Option<u64>,
    anonymous: Option<u64>,
}

#[derive(Serialize)]
struct SiteAnswer<'a> {
    site: &'a str,
    coverage: Coverage,
    sessions: Option<u64>,
    users: Option<u64>,
    anonymous: Option<u64>,
    pairs: Vec<PairAnswer<'a>>,
    people: Vec<PersonAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<GroupAnswer>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    engines: Option<Vec<health::Answer>>,
}

/// A pair with its counts, or with why it was not seen.
#[derive(Serialize)]
pub(super) struct PairAnswer<'a> {
    pub(super) proxy: &'a str,
    pub(super) prefix: &'a str,
    pub(super) sessions: Option<u64>,
    pub(super) users: Option<u64>,
    pub(super) error: Option<&'a str>,
}

impl<'a> PairAnswer<'a> {
    pub(super) fn of((pair, observation, counts): (&'a Pair, &'a Observation, Option<Counts>)) -> Self {
        let error = match observation {
            Observation::Seen(_) => None,
            Observation::Unseen(why) => Some(why.what.as_str()),
        };
        Self {
            proxy: &pair.proxy,
            prefix: &pair.prefix,
            sessions: counts.map(|counts| counts.sessions),
            users: counts.map(|counts| counts.users),
            error,
        }
    }
}

/// Since when is left out where it is not known; `at_least` says that it may have been for longer.
#[derive(Serialize)]
struct PersonAnswer {
    directory: String,
    id: String,
    name: Option<String>,
    sessions: u64,
    on: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_least: Option<bool>,
}

#[derive(Serialize)]
struct GroupAnswer {
    group: String,
    sessions: u64,
    users: u64,
    anonymous: u64,
    people: Vec<PersonAnswer>,
}
