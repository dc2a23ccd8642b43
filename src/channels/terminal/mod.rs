//! A message for a terminal, or for a pipe: columns of plain characters, with nothing that steers.

mod chart;

use unicode_width::UnicodeWidthStr as _;

use super::view::{Matter, Row};
use super::words::{Block, Fact, Table, Words};
use crate::message::Message;
use crate::render::Engine;

/// Where values stand behind their labels, at most.
const LABEL: usize = 22;

/// Everything that a message says, in so many columns.
pub fn terminal(message: &Message, engine: &Engine, width: usize) -> String {
    let matter = Matter::of(message);
    let (words, _) = Words::of(&matter, engine);
    let mut lines = Vec::new();
    wrap(&words.title, width, 0, &mut lines);
    lines.push(String::new());
    for line in &words.lines {
        wrap(line, width, 0, &mut lines);
    }
    listed(&words.items, words.more_items, width, &mut lines);
    if let Some(chart) = &message.chart {
        lines.push(String::new());
        lines.extend(chart::lines(chart, width));
    }
    for block in &words.blocks {
        lay_out(block, width, &mut lines);
    }
    if !message.people.is_empty() {
        lines.push(String::new());
        if let Some(title) = &words.people {
            wrap(title, width, 0, &mut lines);
        }
        people(message, width, &mut lines);
    }
    lines.push(String::new());
    wrap(&words.meta, width, 0, &mut lines);
    let mut text = String::new();
    for line in lines {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn lay_out(block: &Block, width: usize, lines: &mut Vec<String>) {
    match block {
        Block::Line { text } => wrap(text, width, 0, lines),
        Block::Items { items, more } => listed(items, *more, width, lines),
        Block::Heading { text } => {
            lines.push(String::new());
            wrap(text, width, 0, lines);
        }
        Block::Facts { facts } => {
            lines.push(String::new());
            let label = facts.iter().map(|fact| fact.label.width()).max().unwrap_or(0).min(LABEL);
            for fact in facts {
                self::fact(fact, label, width, lines);
            }
        }
        Block::Table(table) => columns(table, width, lines),
        Block::Picture { lines: picture } => lines.extend(picture.iter().cloned()),
    }
}

fn listed(items: &[String], more: usize, width: usize, lines: &mut Vec<String>) {
    for item in items {
        wrap(&format!("- {item}"), width, 2, lines);
    }
    if more > 0 {
        lines.push(format!("- and {more} more"));
    }
}

fn fact(fact: &Fact, label: usize, width: usize, lines: &mut Vec<String>) {
    let note = if fact.note.is_empty() { String::new() } else { format!("; {}", fact.note) };
    let told = format!("{}  {}{note}", padded(&fact.label, label, false), fact.value);
    wrap(&told, width, label + 2, lines);
}

/// A table, its last columns cut where it would be too wide.
fn columns(table: &Table, width: usize, lines: &mut Vec<String>) {
    let rows = || std::iter::once(&table.head).chain(&table.rows);
    let widest = |at: usize| rows().filter_map(|row| row.get(at)).map(|cell| cell.width()).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..table.head.len()).map(widest).collect();
    let all = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
    if let Some(first) = widths.first_mut() {
        // Names may be as long as they like; numbers are short.
        *first = first.saturating_sub(all.saturating_sub(width)).max(8);
    }
    for row in rows() {
        let cells =
            row.iter().zip(&widths).zip(&table.right).map(|((cell, width), right)| padded(cell, *width, *right));
        lines.push(cut(&cells.collect::<Vec<_>>().join("  "), width));
    }
    if table.more > 0 {
        lines.push(format!("and {} more", table.more));
    }
}

/// Whoever the message names, with how long they were on where it ranks them.
fn people(message: &Message, width: usize, lines: &mut Vec<String>) {
    let rows: Vec<Row<'_>> = message.people.iter().map(Row::of).collect();
    let ranked = rows.iter().any(|row| row.connected.is_some());
    let head = ["User", "Name", "Sessions", if ranked { "Connected" } else { "Virtual proxy" }];
    let place = |row: &Row<'_>| {
        let shown = |prefix: &String| if prefix.is_empty() { "default".to_owned() } else { prefix.clone() };
        row.on.iter().map(shown).collect::<Vec<_>>().join(", ")
    };
    let cells = rows.iter().map(|row| {
        let who = if row.anonymous { "anonymous visitors" } else { &row.who };
        let last = row.connected.map_or_else(|| place(row), str::to_owned);
        vec![who.to_owned(), row.name.unwrap_or_default().to_owned(), row.sessions.to_string(), last]
    });
    let right = vec![false, false, true, ranked];
    columns(
        &Table { head: head.map(str::to_owned).to_vec(), rows: cells.collect(), right, ..Table::default() },
        width,
        lines,
    );
}

fn padded(text: &str, width: usize, right: bool) -> String {
    let text = cut(text, width);
    let space = " ".repeat(width.saturating_sub(text.width()));
    if right { format!("{space}{text}") } else { format!("{text}{space}") }
}

fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    for c in text.chars() {
        cut.push(c);
        if cut.width() + 1 > width {
            cut.pop();
            break;
        }
    }
    cut.push('…');
    cut
}

/// Breaks a text between words; what goes on stands so far in.
fn wrap(text: &str, width: usize, within: usize, lines: &mut Vec<String>) {
    let mut line = String::new();
    // What stands before the first word, and between label and value, stays as it is.
    let (head, rest) = text.split_at(text.char_indices().nth(within).map_or(0, |(at, _)| at));
    line.push_str(head);
    let mut empty = true;
    for word in rest.split(' ') {
        if !empty && line.width() + 1 + word.width() > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(within)));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push(line);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::sample;

    #[test]
    fn no_line_is_wider_than_asked() {
        let engine = Engine::embedded();
        for (name, message) in sample::all() {
            for width in [60, 80] {
                for line in terminal(&message, &engine, width).lines() {
                    // One word alone may be longer than any line.
                    assert!(line.width() <= width || !line.trim().contains(' '), "{name}, {width}: {line}");
                }
            }
        }
    }

    #[test]
    fn a_week_in_a_terminal() {
        let (_, week) = sample::all().into_iter().find(|(name, _)| *name == "digest_week").unwrap();
        insta::assert_snapshot!(terminal(&week, &Engine::embedded(), 80));
        let (_, day) = sample::all().into_iter().find(|(name, _)| *name == "digest_ranked").unwrap();
        insta::assert_snapshot!("a_day_in_a_terminal", terminal(&day, &Engine::embedded(), 80));
    }
}
