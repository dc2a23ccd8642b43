//! What a look comes to, in lines as wide as there is room.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::super::{output, who};
use crate::jobs::{Draining, Looked};
use crate::message::{Person, active, lasting};

/// `4 users and 1 anonymous session in 6 sessions`, or that it is not known.
pub(super) fn on(looked: &Looked) -> String {
    let (counts, coverage) = (looked.snapshot.counts(), looked.snapshot.coverage());
    let silent = coverage.asked - coverage.answered;
    let not_all =
        format!("{silent} of {} did not answer", output::count(coverage.asked, "virtual proxy", "virtual proxies"));
    let short = "proxies may be missing from the repository's list";
    match (coverage.answered, coverage.is_full()) {
        (_, true) if looked.unlisted && counts.sessions == 0 => format!("nobody was seen, but {short}"),
        (_, true) if looked.unlisted => format!("at least {} on, and {short}", who::counted(counts)),
        (0, false) => "who is on is not known: no virtual proxy answered".to_owned(),
        (_, true) if counts.sessions == 0 => "nobody is on".to_owned(),
        (_, true) => format!("{} on", who::counted(counts)),
        (_, false) if counts.sessions == 0 => format!("nobody is on where it answered, but {not_all}"),
        (_, false) => format!("at least {} on, and {not_all}", who::counted(counts)),
    }
}

/// How many, for a limit: users and anonymous sessions.
pub(super) fn number(looked: &Looked) -> u64 {
    let counts = looked.snapshot.counts();
    counts.users + counts.anonymous
}

/// One person: who, with how many sessions, where, and since when nothing of that has changed.
pub(super) fn row(person: &Person, now: Timestamp) -> [String; 4] {
    let who = if person.anonymous {
        "(anonymous)".to_owned()
    } else {
        output::shown(&format!("{}\\{}", person.directory, person.id))
    };
    let on: Vec<_> = person.on.iter().map(|on| if on.is_empty() { "(default)" } else { on.as_str() }).collect();
    let since = person.since.as_ref().and_then(|since| since.at.utc.parse::<Timestamp>().ok());
    let unchanged = since.map(|since| format!("unchanged {}", short(now.duration_since(since)))).unwrap_or_default();
    [
        who,
        output::shown(person.name.as_deref().unwrap_or_default()),
        format!("{} on {}", output::count(person.sessions, "session", "sessions"), output::shown(&on.join(", "))),
        unchanged,
    ]
}

/// `45 s`, `31 min`, `2 h`: in one unit.
fn short(length: SignedDuration) -> String {
    let whole = lasting(length);
    let mut words = whole.split(' ');
    format!("{} {}", words.next().unwrap_or_default(), words.next().unwrap_or_default())
}

/// The people as aligned lines, no wider than `width`; those who have not changed for longest last, since they may be closed
/// browsers.
pub(super) fn rows(people: &[Person], now: Timestamp, width: usize, most: usize) -> Vec<String> {
    let mut people: Vec<&Person> = people.iter().collect();
    let since = |person: &Person| person.since.as_ref().map(|since| since.at.utc.clone()).unwrap_or_default();
    people.sort_by_key(|person| std::cmp::Reverse(since(person)));
    let more = people.len().saturating_sub(most);
    let shown = if more > 0 { most.saturating_sub(1) } else { most };
    let rows: Vec<[String; 4]> = people.iter().take(shown).map(|person| row(person, now)).collect();
    let widest = |column: usize| rows.iter().map(|row| row[column].width()).max().unwrap_or(0);
    // Whoever has a long name does not push out of sight how long they have been still.
    let room = width.saturating_sub(2 + 6 + widest(3));
    // Who it is comes first, and a column too narrow to be read is none.
    let readable = |width: usize| if width < 6 { 0 } else { width };
    let who = widest(0).min((room * 2 / 5).max(room.min(20)));
    let name = readable(widest(1).min(room.saturating_sub(who) / 2));
    let place = readable(widest(2).min(room.saturating_sub(who + name)));
    let mut lines: Vec<String> = rows
        .iter()
        .map(|[id, called, on, still]| {
            let mut line = format!("  {}", fitted(id, who));
            for (cell, width) in [(called, name), (on, place)].into_iter().filter(|(_, width)| *width > 0) {
                let _ = write!(line, "  {}", fitted(cell, width));
            }
            let _ = write!(line, "  {still}");
            line.trim_end().to_owned()
        })
        .collect();
    let left_out = people.len() - rows.len();
    if left_out > 0 {
        lines.push(format!("  … and {left_out} more"));
    }
    lines
}

/// Text in exactly so many columns: filled up, or cut.
fn fitted(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let fill = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(fill))
}

/// Text in at most so many columns.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let mut cut = String::new();
    for c in text.chars() {
        let columns = c.width().unwrap_or(0);
        if columns > left {
            break;
        }
        left -= columns;
        cut.push(c);
    }
    cut.push('…');
    cut
}

/// Why the list may be longer than there are people before it: what the engines count, and how long a closed browser lingers.
pub(super) fn doubts(looked: &Looked, draining: &Draining) -> Vec<String> {
    if number(looked) == 0 {
        return Vec::new();
    }
    let mut lines = Vec::new();
    if let Some(active) = active(&looked.snapshot) {
        let least = if active.coverage.is_full() { "" } else { "at least " };
        let total: Option<u64> = looked
            .snapshot
            .engines()
            .iter()
            .filter_map(|engine| engine.health.as_ref().ok())
            .map(|health| health.users_total)
            .sum();
        let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
        lines.push(format!("The engines count {least}{}{of} users who do something now.", active.users));
    }
    let idle = draining.idle().map_or_else(|| "until it times out".to_owned(), |idle| format!("for {idle} min"));
    lines.push(format!("A closed browser stays on the list {idle}."));
    lines
}

/// A moment on the clock, with its day where that is not today.
pub(super) fn clock(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let form = if at.date() == now.date() { "%H:%M" } else { "%a %H:%M" };
    at.strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Moment, Since};

    fn person(id: &str, name: &str, since: &str) -> Person {
        let at = Moment::new(since.parse().unwrap(), &TimeZone::UTC);
        Person {
            directory: "CORP".to_owned(),
            id: id.to_owned(),
            name: Some(name.to_owned()),
            sessions: 1,
            on: vec![String::new(), "hr".to_owned()],
            anonymous: false,
            since: Some(Since { at, at_least: false }),
            connected: None,
            pseudonym: None,
        }
    }

    #[test]
    fn whoever_moved_last_is_first_and_every_line_fits() {
        let people = [
            person("anna", "Anna Andersson", "2026-03-02T20:00:00Z"),
            person(&"x".repeat(90), "李伟李伟李伟李伟李伟李伟李伟李伟李伟", "2026-03-02T20:59:00Z"),
            person("cy", "", "2026-03-02T20:30:00Z"),
        ];
        let now: Timestamp = "2026-03-02T21:00:00Z".parse().unwrap();
        for width in [40, 60, 80, 200] {
            let lines = rows(&people, now, width, 10);
            assert!(lines.iter().all(|line| line.width() <= width), "{width}: {lines:#?}");
            assert!(lines[0].contains("xxx") && lines[0].ends_with("unchanged 1 min"), "{lines:#?}");
            assert!(lines[1].contains("cy") && lines[2].ends_with("unchanged 1 h"), "{lines:#?}");
        }
        assert_eq!(rows(&people, now, 80, 2)[1], "  … and 2 more");
        assert_eq!(cut("李伟李伟", 5), "李伟…");
    }
}
