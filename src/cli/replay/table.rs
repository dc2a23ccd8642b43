//! A replay as an operator reads it: the messages, then each rule, then what is to be known of it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Course, Played};
use crate::cli::incidents::rule_and_part;
use crate::cli::output::{self, count};
use crate::replay::MOST_A_WEEK;

fn time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M:%S").to_string()
}

pub(super) fn messages(played: &Played, zone: &TimeZone) -> String {
    if played.told.is_empty() {
        return "Nothing would have been told.\n".to_owned();
    }
    let mut table = output::table(&["When", "Kind", "Rule", "Severity", "To", "What"]);
    for told in &played.told {
        table.add_row([
            time(told.at, zone),
            told.kind.to_owned(),
            rule_and_part(&told.rule, told.part.as_deref()),
            told.severity.to_owned(),
            if told.tell.is_empty() { "(nobody)".to_owned() } else { output::shown(&told.tell.join(", ")) },
            output::shown(&told.reason),
        ]);
    }
    format!("{table}\n")
}

pub(super) fn summary(course: &Course, played: &Played, zone: &TimeZone) -> String {
    let Some((first, last)) = played.stretch else { return "There was no poll.\n".to_owned() };
    let mut table = output::table(&["Rule", "Openings", "Repeats", "Messages", "A week"]);
    for summary in &played.summaries {
        table.add_row([
            output::shown(&summary.rule.name),
            summary.openings.to_string(),
            summary.repeats.to_string(),
            summary.messages.to_string(),
            rate(summary.a_week(first, last)),
        ]);
    }
    for column in 1..=4 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
    }
    format!(
        "{}: {} from {} to {} {}, {} of them with every virtual proxy answering.\n{table}\n",
        output::shown(&course.site),
        count(played.polls, "poll", "polls"),
        time(first, zone),
        time(last, zone),
        last.to_zoned(zone.clone()).strftime("%Z"),
        played.full,
    )
}

fn rate(a_week: f64) -> String {
    if a_week > 0.0 && a_week < 10.0 { format!("{a_week:.1}") } else { format!("{a_week:.0}") }
}

/// What is to be known of it, and what could not be.
pub(super) fn notes(played: &Played) -> Vec<String> {
    let mut notes = Vec::new();
    let Some((first, last)) = played.stretch else { return vec!["There was no poll.".to_owned()] };
    for summary in played.summaries.iter().filter(|its| its.speaks_too_often(first, last)) {
        notes.push(format!(
            "headcount: the rule `{}` would have spoken {} times a week; more than {MOST_A_WEEK:.0} are not read: let it hold for longer (`for`), or move where it opens and closes apart (`clear`)",
            output::shown(&summary.rule.name),
            rate(summary.a_week(first, last)),
        ));
    }
    if played.forgotten > 0 {
        notes.push(format!(
            "headcount: of {} the store no longer knows everyone who was on; rules about people, users and sessions may have told more",
            count(played.forgotten, "poll", "polls")
        ));
    }
    if played.unknown.set_back > 0 {
        notes.push(format!(
            "headcount: {} left out, because the clock was set back meanwhile and their order is lost",
            count(played.unknown.set_back, "poll is", "polls are")
        ));
    }
    if played.unknown.spread > 0 {
        notes.push(format!(
            "headcount: {} stood in stretches in which others were missed; when exactly each was is not known, so they are spread evenly",
            count(played.unknown.spread, "poll", "polls")
        ));
    }
    notes
}
