//! The people of a message as a file, for where a mail shows only some of them.

use std::collections::HashSet;
use std::fmt::Write as _;

use crate::clean::csv_cell;
use crate::message::Person;

/// What the file is called.
pub(in crate::channels) const NAME: &str = "people.csv";
/// Its longest, in bytes; as base64 it is a third longer, and mail servers refuse some ten million bytes.
const LONGEST: usize = 7_000_000;

/// Everyone once, in the order in which they come: whoever is on a list before is left out of the next. Within one list people whose
/// cleaned names are alike are different people. What has no room is counted in the last line.
pub(in crate::channels) fn csv(lists: &[Vec<&Person>]) -> String {
    let mut known = HashSet::new();
    let mut people: Vec<&Person> = Vec::new();
    for list in lists {
        let key = |person: &&Person| (person.directory.clone(), person.id.clone(), person.anonymous);
        let fresh: Vec<&Person> = list.iter().copied().filter(|person| !known.contains(&key(person))).collect();
        known.extend(fresh.iter().map(key));
        people.extend(fresh);
    }
    let dated = people.iter().any(|person| person.since.is_some());
    let ranked = people.iter().any(|person| person.connected.is_some());
    // Without the mark at its beginning, Excel takes it for another encoding.
    let mut text = String::from("\u{feff}directory,id,name,sessions,on");
    text.push_str(if dated { ",since" } else { "" });
    text.push_str(if ranked { ",connected" } else { "" });
    text.push_str("\r\n");
    let width = 5 + usize::from(dated) + usize::from(ranked);
    for (at, person) in people.iter().enumerate() {
        let id = if person.anonymous { "(anonymous)" } else { &person.id };
        let sessions = person.sessions.to_string();
        let on = person.on.join(";");
        let mut cells = vec![&person.directory, id, person.name.as_deref().unwrap_or_default(), &sessions, &on];
        let since = person.since.as_ref().map_or("", |since| since.at.utc.as_str());
        cells.extend(dated.then_some(since));
        cells.extend(ranked.then(|| person.connected.as_deref().unwrap_or_default()));
        let row = cells.into_iter().map(csv_cell).collect::<Vec<_>>().join(",");
        if text.len() + row.len() > LONGEST {
            // As wide as any other row, for readers that want them alike. A String takes all that is written.
            let _ = write!(text, "and {} more{}\r\n", people.len() - at, ",".repeat(width - 1));
            break;
        }
        text.push_str(&row);
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Facts, sample};

    #[test]
    fn everyone_is_there_once_and_no_cell_is_a_formula() {
        let message = sample::all().into_iter().find(|(name, _)| *name == "who_nasty").unwrap().1;
        assert!(matches!(message.facts, Facts::Who { .. }));
        let list: Vec<&Person> = message.people.iter().collect();
        let text = csv(&[list.clone(), list.clone()]);
        assert_eq!(text.lines().count(), 1 + list.len());
        let alike = csv(&[vec![list[0], list[0]]]);
        assert_eq!(alike.lines().count(), 3, "two whose cleaned names are alike are two");
        assert!(text.contains("DOMAIN,'=cmd(),'=cmd(),1,<i>\r\n"), "{text}");
        assert!(text.contains("\"\"\"quoted\"\" \\ 'single'\""), "{text}");
    }

    #[test]
    fn what_has_no_room_is_counted() {
        let one = sample::all().into_iter().find(|(name, _)| *name == "who_one").unwrap().1.people.remove(0);
        let many: Vec<Person> =
            (0..40_000).map(|n| Person { id: format!("{n} {}", "å".repeat(90)), ..one.clone() }).collect();
        let text = csv(&[many.iter().collect()]);
        assert!(text.len() <= LONGEST + 30);
        let last = text.lines().last().unwrap();
        let more: usize = last.strip_prefix("and ").unwrap().strip_suffix(" more,,,,").unwrap().parse().unwrap();
        assert_eq!(text.lines().count() - 2 + more, 40_000);
    }
}
