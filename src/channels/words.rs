//! The wording of a message, the same in every channel: a title, sentences, and blocks that each channel lays out in its own way.
//!
//! A words template gives lines of text. The first is the title; how each other one begins says what it is:
//!
//! ```text
//! A sentence.
//! - an item of a list
//! # A heading
//! = label | value
//! = label | value | how that compares
//! | head | head |        the first row of a table names its columns
//! | cell | cell |
//! ` a line of a picture in characters, which is nothing to be read aloud
//! @ what stands above the list of people, if there is one
//! ```
//!
//! Data that goes into a fact or a cell passes the filter `cell`, so that a bar in it divides nothing.

use serde::Serialize;

use super::plain;
use super::view::Matter;
use crate::render::{Engine, TemplateError, spoken};

/// The messages put together that are worded; further ones are counted.
const MOST_PARTS: usize = 30;
/// So many of them have their facts beside them; of more, a sentence each has to do.
const FEW_PARTS: usize = 3;

/// What a message says, without anybody's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// One short line: the headline, the notification, the subject.
    pub title: String,
    /// The sentences before the first block that is more than a sentence or an item.
    pub lines: Vec<String>,
    /// The items of the list that belongs to them, such as the pairs that did not answer.
    pub items: Vec<String>,
    /// Items that were left out for want of room.
    pub more_items: usize,
    /// Everything from there on, in its order.
    pub blocks: Vec<Block>,
    /// What stands above its people.
    pub people: Option<String>,
    /// What its chart shows, for those who do not see it.
    pub chart: Option<String>,
    /// How much it matters, where it comes from, when it was so.
    pub meta: String,
    /// The wording of the messages that it puts together.
    pub parts: Vec<Words>,
    /// Parts that were left out for want of room.
    pub more_parts: usize,
}

/// A piece of wording that a channel lays out in its own way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "block", rename_all = "snake_case")]
pub(super) enum Block {
    Line { text: String },
    Items { items: Vec<String>, more: usize },
    Heading { text: String },
    Facts { facts: Vec<Fact> },
    Table(Table),
    Picture { lines: Vec<String> },
}

/// A label and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Fact {
    pub label: String,
    pub value: String,
    /// How the value compares; often empty.
    pub note: String,
}

/// A small table; every row is as wide as its head.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Table {
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// Whether a column holds numbers, and so stands to the right.
    pub right: Vec<bool>,
    /// How wide each column wants to be beside the others, by its longest cell.
    pub widths: Vec<usize>,
    /// Rows that were left out for want of room.
    pub more: usize,
}

/// How much of the words there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    pub items: usize,
    pub rows: usize,
    pub parts: usize,
    /// Whether headings, facts and tables are told at all.
    pub blocks: bool,
    /// Whether a chart is drawn; where it is not, it is told in words.
    pub chart: bool,
}

impl Words {
    /// Words a message through `templates/words/`, or plainly where those fail; then the failure is told too.
    pub(super) fn of(matter: &Matter, engine: &Engine) -> (Self, Option<TemplateError>) {
        let mut failed = None;
        let mut parts = Vec::with_capacity(matter.parts.len());
        for part in matter.parts.iter().take(MOST_PARTS) {
            let (mut words, error) = Self::of(part, engine);
            words.drop_site(matter);
            if matter.parts.len() > FEW_PARTS {
                words.blocks.retain(|block| !matches!(block, Block::Facts { .. }));
            }
            parts.push(words);
            failed = failed.or(error);
        }
        let mut words = match Self::rendered(matter, engine) {
            Ok(words) => words,
            Err(error) => {
                failed = failed.or(Some(error));
                plain::words(matter)
            }
        };
        words.more_parts = matter.parts.len() - parts.len();
        words.parts = parts;
        (words, failed)
    }

    fn rendered(matter: &Matter, engine: &Engine) -> Result<Self, TemplateError> {
        let word = if matter.parts.is_empty() { matter.kind.word() } else { "several" };
        let name = format!("words/{word}.txt.j2");
        let text = engine.render(&name, matter)?;
        let meta = engine.render("words/meta.txt.j2", matter)?;
        let mut words = Self { meta: one_line(&meta), ..Self::default() };
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        match lines.next() {
            Some(title) => title.clone_into(&mut words.title),
            None => return Err(TemplateError::Render { file: name, line: 1, what: "it says nothing".to_owned() }),
        }
        lines.for_each(|line| words.add(line));
        words.blocks.iter_mut().for_each(Block::align);
        if matter.chart.is_some() {
            words.chart = Some(one_line(&engine.render("words/chart.txt.j2", matter)?)).filter(|told| !told.is_empty());
        }
        Ok(words)
    }

    fn add(&mut self, line: &str) {
        let (mark, rest) = match line.split_once(' ') {
            Some((mark, rest)) => (mark, rest.trim()),
            None => ("", line),
        };
        match (mark, self.blocks.last_mut()) {
            ("@", _) => self.people = Some(rest.to_owned()),
            ("#", _) => self.blocks.push(Block::Heading { text: rest.to_owned() }),
            ("=", last) => {
                let mut cells = cells(rest).into_iter();
                let mut next = || cells.next().unwrap_or_default();
                let fact = Fact { label: next(), value: next(), note: cells.collect::<Vec<_>>().join(" ") };
                match last {
                    Some(Block::Facts { facts }) => facts.push(fact),
                    _ => self.blocks.push(Block::Facts { facts: vec![fact] }),
                }
            }
            ("|", last) => {
                let mut cells = cells(rest.strip_suffix('|').unwrap_or(rest));
                if let Some(Block::Table(table)) = last {
                    cells.resize(table.head.len(), String::new());
                    table.rows.push(cells);
                } else {
                    self.blocks.push(Block::Table(Table { head: cells, ..Table::default() }));
                }
            }
            ("`", last) => {
                // What stands above what is said by the spaces before it.
                let line = line.get(2..).unwrap_or_default().to_owned();
                match last {
                    Some(Block::Picture { lines }) => lines.push(line),
                    _ => self.blocks.push(Block::Picture { lines: vec![line] }),
                }
            }
            ("-", None) => self.items.push(rest.to_owned()),
            ("-", Some(Block::Items { items, .. })) => items.push(rest.to_owned()),
            ("-", Some(_)) => self.blocks.push(Block::Items { items: vec![rest.to_owned()], more: 0 }),
            (_, None) => self.lines.push(line.to_owned()),
            (_, Some(_)) => self.blocks.push(Block::Line { text: line.to_owned() }),
        }
    }

    /// Takes the site off the title of a part: the whole has named it.
    fn drop_site(&mut self, whole: &Matter) {
        let Some(site) = &whole.site else { return };
        if let Some(rest) = self.title.strip_prefix(&site.name).and_then(|rest| rest.strip_prefix(": ")) {
            self.title = rest.to_owned();
        }
    }

    /// The words as far as there is room for them; what is left out is counted.
    pub(super) fn cut(&self, cut: Cut) -> Self {
        let mut words = self.clone();
        words.more_parts += words.parts.len().saturating_sub(cut.parts);
        words.parts.truncate(cut.parts);
        words.parts = words.parts.iter().map(|part| part.cut(cut)).collect();
        words.more_items += words.items.len().saturating_sub(cut.items);
        words.items.truncate(cut.items);
        if !cut.blocks {
            words.blocks.clear();
        }
        for block in &mut words.blocks {
            match block {
                Block::Items { items, more } => {
                    *more += items.len().saturating_sub(cut.items);
                    items.truncate(cut.items);
                }
                Block::Table(table) => {
                    table.more += table.rows.len().saturating_sub(cut.rows);
                    table.rows.truncate(cut.rows);
                }
                Block::Line { .. } | Block::Heading { .. } | Block::Facts { .. } | Block::Picture { .. } => {}
            }
        }
        words
    }

    /// All of it as text: sentences, a list, what else there is, and where it comes from.
    pub(super) fn text(&self) -> String {
        let mut lines = Vec::new();
        self.tell(&mut lines);
        lines.push(self.meta.clone());
        lines.join("\n")
    }

    fn tell(&self, told: &mut Vec<String>) {
        told.push(self.title.clone());
        told.extend(self.lines.iter().cloned());
        told.extend(bulleted(&self.items, self.more_items));
        told.extend(self.chart.clone());
        // A heading at the end is that of the people, whom the words do not name.
        let ([blocks @ .., Block::Heading { .. }] | blocks) = self.blocks.as_slice();
        for block in blocks {
            block.tell(told);
        }
        for part in &self.parts {
            told.push(String::new());
            part.tell(told);
        }
        if self.more_parts > 0 {
            told.push(format!("and {} more", self.more_parts));
        }
    }
}

impl Block {
    /// Finds the columns of numbers, and how wide each one is, now that all of them are there.
    fn align(&mut self) {
        let Self::Table(table) = self else { return };
        let number = |cell: &String| cell.starts_with(|c: char| c.is_ascii_digit() || "–−+-<>".contains(c));
        let longest = |at: usize| {
            let cells = table.rows.iter().map(|row| &row[at]).chain([&table.head[at]]);
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0).clamp(4, 40)
        };
        table.widths = (0..table.head.len()).map(longest).collect();
        table.right = (0..table.head.len()).map(|at| at > 0 && table.rows.iter().all(|row| number(&row[at]))).collect();
    }

    /// As lines that read well aloud: each row of a table is a sentence of its own.
    fn tell(&self, told: &mut Vec<String>) {
        match self {
            Self::Line { text } => told.push(text.clone()),
            Self::Picture { .. } => {}
            Self::Items { items, more } => told.extend(bulleted(items, *more)),
            Self::Heading { text } => told.push(format!("{text}:")),
            Self::Facts { facts } => {
                told.extend(facts.iter().map(|Fact { label, value, note }| match note.as_str() {
                    "" => format!("{label}: {value}"),
                    note => format!("{label}: {value}; {note}"),
                }));
            }
            Self::Table(table) => {
                told.extend(bulleted(&spoken(&table.rows, &table.head, &table.right), table.more));
            }
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn bulleted(items: &[String], more: usize) -> impl Iterator<Item = String> + '_ {
    let more = (more > 0).then(|| format!("• and {more} more"));
    items.iter().map(|item| format!("• {item}")).chain(more)
}

/// The cells of a row, divided at each bar that no backslash takes for itself.
fn cells(text: &str) -> Vec<String> {
    let (mut cells, mut cell, mut taken) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '\\' if !taken => {
                taken = true;
                continue;
            }
            '|' if !taken => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
        taken = false;
    }
    cells.push(cell);
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Words {
        let mut words = Words::default();
        text.lines().for_each(|line| words.add(line));
        words.blocks.iter_mut().for_each(Block::align);
        words
    }

    #[test]
    fn how_a_line_begins_says_what_it_is() {
        let words = parsed(
            "One.\nTwo.\n- item\n# Head\n= Peak | 12 | more | than 9\n= Mean | 3\nThree.\n- more\n| A | B |\n| x \\| y | 1 |\n| \\\\ |",
        );
        assert_eq!((words.lines.len(), words.items.as_slice()), (2, ["item".to_owned()].as_slice()));
        let [
            Block::Heading { text },
            Block::Facts { facts },
            Block::Line { .. },
            Block::Items { .. },
            Block::Table(table),
        ] = words.blocks.as_slice()
        else {
            panic!("{:?}", words.blocks)
        };
        let Fact { label, value, note } = &facts[0];
        assert_eq!([text, label, value, note], ["Head", "Peak", "12", "more than 9"]);
        assert_eq!(facts.len(), 2);
        assert_eq!(table.rows, [["x | y", "1"], ["\\", ""]]);
        assert_eq!((table.right.as_slice(), table.widths.as_slice()), (&[false, false][..], &[5, 4][..]));
        assert!(words.text().contains("• x | y: 1\n• \\"), "{}", words.text());
        assert!(!parsed("One.\n# Connected longest").text().contains("longest"));
    }

    #[test]
    fn what_is_cut_is_counted() {
        let words = parsed("- a\n- b\n- c\n# h\n- d\n- e\n| A |\n| 1 |\n| 2 |").cut(Cut {
            items: 1,
            rows: 1,
            parts: 1,
            blocks: true,
            chart: true,
        });
        let text = words.text();
        for told in ["• a\n• and 2 more", "• d\n• and 1 more", "• 1\n• and 1 more"] {
            assert!(text.contains(told), "{told}: {text}");
        }
        assert!(words.cut(Cut { items: 1, rows: 1, parts: 1, blocks: false, chart: false }).blocks.is_empty());
    }
}
