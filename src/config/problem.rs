//! A mistake in the configuration: where, what, and what would be right.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use saphyr_parser::{Event, Parser};

/// One mistake of the operator's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub file: PathBuf,
    pub line: Option<usize>,
    /// The key, such as `rules.crowded.tell[0]`; empty when the whole file is meant.
    pub key: String,
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if self.key.is_empty() { write!(f, ": {}", self.what) } else { write!(f, ": `{}`: {}", self.key, self.what) }
    }
}

/// Every mistake that could be known at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl Problems {
    /// One mistake that the whole file is.
    pub(super) fn one(file: &Path, line: Option<usize>, key: impl Into<String>, what: impl Into<String>) -> Self {
        Self(vec![Problem { file: file.to_path_buf(), line, key: key.into(), what: what.into() }])
    }
}

/// Gathers mistakes of meaning by key, and gives them their lines.
pub(super) struct Gathered<'a> {
    file: &'a Path,
    lines: HashMap<String, usize>,
    problems: Vec<Problem>,
    /// What is no mistake, and can hardly be meant.
    notes: Vec<Problem>,
}

impl<'a> Gathered<'a> {
    pub(super) fn new(file: &'a Path, text: &str) -> Self {
        Self { file, lines: lines(text), problems: Vec::new(), notes: Vec::new() }
    }

    pub(super) fn add(&mut self, key: impl Into<String>, what: impl Into<String>) {
        let key = key.into();
        let problem = Problem { file: self.file.to_path_buf(), line: self.line(&key), what: what.into(), key };
        self.problems.push(problem);
    }

    /// Notes what is no mistake, and can hardly be meant.
    pub(super) fn note(&mut self, key: &str, what: impl Into<String>) {
        let problem =
            Problem { file: self.file.to_path_buf(), line: self.line(key), what: what.into(), key: key.to_owned() };
        self.notes.push(problem);
    }

    pub(super) fn notes(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.notes)
    }

    /// The value, or its mistake noted.
    pub(super) fn take<T, E: fmt::Display>(&mut self, key: &str, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(key, error.to_string());
                None
            }
        }
    }

    /// The line of a key, or of the nearest key around it that is written.
    fn line(&self, key: &str) -> Option<usize> {
        let mut key = key;
        loop {
            if let Some(line) = self.lines.get(key) {
                return Some(*line);
            }
            key = &key[..key.rfind(['.', '['])?];
        }
    }

    pub(super) fn finish<T>(mut self, value: Option<T>) -> Result<T, Problems> {
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ => {
                self.problems.sort_by_key(|problem| problem.line);
                Err(Problems(self.problems))
            }
        }
    }
}

/// The line of one key; of one that is given twice, the second.
pub(super) fn line_of(text: &str, key: &str) -> Option<usize> {
    lines(text).get(key).copied()
}

/// The line of every key and list item, by its path. Positions are gone once serde has read a file, so it is walked again.
fn lines(text: &str) -> HashMap<String, usize> {
    enum Inside {
        Map { at: String, key: Option<(String, usize)> },
        List { at: String, next: usize },
    }
    let mut found = HashMap::new();
    let mut stack: Vec<Inside> = Vec::new();
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else { break };
        let line = span.start.line();
        // A scalar where a map wants a key is that key; anything else is a value, whose path is known from what is around it.
        if let (Some(Inside::Map { key: key @ None, .. }), Event::Scalar(name, ..)) = (stack.last_mut(), &event) {
            *key = Some((name.to_string(), line));
            continue;
        }
        let starts =
            matches!(event, Event::Scalar(..) | Event::Alias(_) | Event::MappingStart(..) | Event::SequenceStart(..));
        let path = match stack.last_mut() {
            _ if !starts => String::new(),
            None => String::new(),
            Some(Inside::Map { at, key }) => {
                let (name, line) = key.take().unwrap_or_default();
                let path = if at.is_empty() { name } else { format!("{at}.{name}") };
                found.insert(path.clone(), line);
                path
            }
            Some(Inside::List { at, next }) => {
                let path = format!("{at}[{next}]");
                *next += 1;
                found.insert(path.clone(), line);
                path
            }
        };
        match event {
            Event::MappingStart(..) => stack.push(Inside::Map { at: path, key: None }),
            Event::SequenceStart(..) => stack.push(Inside::List { at: path, next: 0 }),
            Event::MappingEnd | Event::SequenceEnd => {
                stack.pop();
            }
            _ => {}
        }
    }
    found
}

/// ` (did you mean `crowded`?)` when a known name is near, or the known names, or nothing.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let near = known
        .iter()
        .map(|other| (strsim::damerau_levenshtein(&name.to_lowercase(), &other.to_lowercase()), *other))
        .filter(|(distance, other)| *distance <= 1 + other.chars().count() / 4)
        .min();
    match near {
        Some((_, other)) => format!("did you mean `{other}`?"),
        None if known.is_empty() => "there is none yet".to_owned(),
        None => format!("there is {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_line() {
        let found =
            lines("a: 1\nb:\n  c: [x, y]\n  d: {e: 2,\n      f: 3}\n# note\ng:\n- h: |\n    text\n  i: 4\n- j\n");
        for (key, line) in
            [("a", 1), ("b", 2), ("b.c", 3), ("b.c[1]", 3), ("b.d.e", 4), ("b.d.f", 5), ("g[0].i", 10), ("g[1]", 11)]
        {
            assert_eq!(found.get(key), Some(&line), "{key}");
        }
    }

    #[test]
    fn the_nearest_name_is_offered() {
        assert_eq!(nearest("opps", ["ops", "bosses"]), "did you mean `ops`?");
        assert_eq!(nearest("xyz", ["ops", "bosses"]), "there is `ops`, `bosses`");
        assert_eq!(nearest("xyz", []), "there is none yet");
    }
}
