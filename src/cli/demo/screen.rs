//! Narration and messages on a terminal, or in a pipe.

use std::io::{self, IsTerminal as _};

use super::super::args::Color;
use super::super::output;
use crate::config::load;
use crate::demo::page::{Block, blocks};
use crate::demo::story::{Inbox, Message};

/// The widest that text is written.
const WIDEST: usize = 80;
/// The longest message that is shown whole; the page has all of it.
const HIGHEST: usize = 24;

const BOLD: &str = "1";
const DIM: &str = "2";

pub(super) struct Screen {
    color: bool,
    width: usize,
}

impl Screen {
    pub(super) fn new(color: Color) -> Self {
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => io::stdout().is_terminal() && load::environment("NO_COLOR").is_none(),
        };
        let terminal = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
        Self { color, width: terminal.unwrap_or(WIDEST).clamp(40, WIDEST) }
    }

    pub(super) fn title(&self, text: &str) -> io::Result<()> {
        line(&self.paint(BOLD, text))
    }

    /// A line that says what happens, with the time before it.
    pub(super) fn narrate(&self, time: &str, text: &str) -> io::Result<()> {
        let mut lines = vec![String::new()];
        for (at, line) in wrapped(text, self.width - 10).iter().enumerate() {
            let margin = if at == 0 { self.paint(DIM, time) } else { " ".repeat(8) };
            lines.push(format!("{margin}  {}", self.paint(BOLD, line)));
        }
        line(&lines.join("\n"))
    }

    /// One message, as its reader would see it.
    pub(super) fn message(&self, message: &Message) -> io::Result<()> {
        let mark = match message.inbox {
            Inbox::Slack => "35",
            Inbox::Teams => "34",
            Inbox::Mail => "33",
        };
        let label = message.inbox.label();
        let rule = "─".repeat(self.width.saturating_sub(columns(label) + columns(&message.at) + 7));
        let mut body: Vec<_> =
            wrapped(&shown(&message.title), self.width - 4).iter().map(|line| self.paint(BOLD, line)).collect();
        body.extend(self.body(&message.text));
        if body.len() > HIGHEST {
            let more = body.split_off(HIGHEST).len();
            body.push(self.paint(DIM, &format!("… and {more} more lines")));
        }
        let bar = self.paint(mark, "│");
        let mut lines =
            vec![String::new(), format!("  {}", self.paint(mark, &format!("┌─ {label} {rule} {}", message.at)))];
        lines.extend(body.iter().map(|line| format!("  {bar} {line}").trim_end().to_owned()));
        lines.push(format!("  {}", self.paint(mark, "└─")));
        line(&lines.join("\n"))
    }

    fn body(&self, text: &str) -> Vec<String> {
        let width = self.width - 4;
        let mut lines = Vec::new();
        for block in blocks(text) {
            match block {
                Block::Line(line) => lines.extend(wrapped(&shown(&line), width)),
                Block::Item(item) => {
                    let wrapped = wrapped(&shown(&item), width - 2);
                    lines.extend(
                        wrapped
                            .iter()
                            .enumerate()
                            .map(|(at, line)| format!("{} {line}", if at == 0 { '•' } else { ' ' })),
                    );
                }
                Block::Button(label, _) => lines.push(self.paint("7", &format!(" {} ", shown(&label)))),
                Block::Table(rows) => lines.extend(aligned(&rows, width)),
            }
        }
        lines
    }

    fn paint(&self, how: &str, text: &str) -> String {
        if self.color {
            format!("\u{1b}[{how}m{text}\u{1b}[0m")
        } else if how == "7" {
            format!("[{}]", text.trim())
        } else {
            text.to_owned()
        }
    }
}

/// A line, as it is.
pub(super) fn line(text: &str) -> io::Result<()> {
    output::print(&format!("{text}\n"))
}

fn shown(text: &str) -> String {
    output::cut(text, 2000)
}

/// How many columns text takes, about: most signs of the emoji planes take two.
fn columns(text: &str) -> usize {
    text.chars().map(|c| if c >= '\u{1f000}' { 2 } else { 1 }).sum()
}

/// Text in lines of at most so many columns, broken between words where that can be.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut word = word.to_owned();
        let line = lines.last().map_or(0, |line| columns(line));
        if line > 0 && line + 1 + columns(&word) > width {
            lines.push(String::new());
        } else if line > 0 {
            word.insert(0, ' ');
        }
        for c in word.chars() {
            if lines.last().is_some_and(|line| columns(line) >= width) {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                line.push(c);
            }
        }
    }
    lines
}

/// The rows of a table, with each column as wide as its widest cell; what is too wide is cut in the first.
fn aligned(rows: &[Vec<String>], width: usize) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut rows: Vec<Vec<_>> = rows.iter().map(|row| row.iter().map(|cell| output::shown(cell)).collect()).collect();
    let widest = |rows: &[Vec<String>], at: usize| {
        rows.iter().filter_map(|row| row.get(at)).map(|cell| columns(cell)).max().unwrap_or(0)
    };
    let all = |rows: &[Vec<String>]| (0..count).map(|at| widest(rows, at) + 3).sum::<usize>().saturating_sub(3);
    let gap = if all(&rows) > width { 1 } else { 3 };
    let excess = all(&rows).saturating_sub(width + (3 - gap) * count.saturating_sub(1));
    let first = widest(&rows, 0).saturating_sub(excess).max(4);
    for cell in rows.iter_mut().filter_map(|row| row.first_mut()).filter(|cell| columns(cell) > first) {
        *cell = output::cut(cell, first - 1);
    }
    let widths: Vec<_> = (0..count).map(|at| widest(&rows, at)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let cells = cells.map(|(cell, width)| format!("{cell}{}", " ".repeat(width - columns(cell))));
        cells.collect::<Vec<_>>().join(&" ".repeat(gap)).trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrapped("🔴 ab cd", 6), ["🔴 ab", "cd"]);
        assert_eq!(wrapped("", 6), [""]);
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["User".to_owned(), "On".into()], vec!["Åsa".into(), "hr".into()], vec!["x".into()]];
        assert_eq!(aligned(&rows, 80), ["User   On", "Åsa    hr", "x"]);
        let rows = [vec!["a long name".to_owned(), "hr".into()]];
        assert_eq!(aligned(&rows, 14), ["a long name hr"]);
        assert_eq!(aligned(&rows, 10), ["a long… hr"]);
    }
}
