//! Puts words in the place of somebody's name in texts that are made already: bodies that wait, titles, what is held back.
//!
//! Thinks only. A body is JSON, whose texts may be HTML, Markdown or CSV: a name is found through their escapes and whatever the
//! case, as `DIRECTORY\id`, as a display name, in neighbouring cells, and as a value of its own.

use serde_json::Value;

use crate::snapshot::fold;

/// Fewer letters of a name that was cut short say nothing.
const TELLS: usize = 2;
/// Keys of a body that say how it is laid out, and never who somebody is.
const LAYOUT: [&str; 10] =
    ["type", "style", "color", "weight", "size", "spacing", "kind", "severity", "$schema", "version"];

/// Somebody, and what stands in their place.
pub struct Disguise {
    /// What they are found by, each with what is put there.
    names: Vec<(Vec<char>, String)>,
    /// Where their id stands alone.
    directory: String,
    id: String,
    words: String,
    shown_directory: String,
}

impl Disguise {
    /// `name` is what they are called beside directory and id; `words` and `shown_directory` are shown in their place.
    pub fn new(directory: &str, id: &str, name: Option<&str>, shown_directory: &str, words: &str) -> Self {
        let lower = |text: &str| fold(text).collect::<Vec<char>>();
        let mut names = Vec::new();
        let joined = |directory: &str, id: &str, by: &str| {
            if directory.is_empty() { id.to_owned() } else { format!("{directory}{by}{id}") }
        };
        for by in ["\\", ",", ";", "\t", "/"] {
            names.push((lower(&joined(directory, id, by)), joined(shown_directory, words, by)));
        }
        if let Some(name) = name.map(str::trim).filter(|name| name.chars().count() > 1) {
            names.push((lower(name), words.to_owned()));
        }
        Self {
            names,
            directory: fold(directory).collect(),
            id: fold(id).collect(),
            words: words.to_owned(),
            shown_directory: shown_directory.to_owned(),
        }
    }

    /// Whether a text in lower case may name them: a quick look, before a long one.
    pub fn may_be_in(&self, lower: &str) -> bool {
        self.directory.chars().any(|c| !c.is_alphanumeric()) || lower.contains(&self.directory)
    }

    /// The text without the name; none where it is not in it.
    pub fn apply(&self, text: &str) -> Option<String> {
        if text.trim_start().starts_with(['{', '['])
            && let Ok(mut value) = serde_json::from_str::<Value>(text)
        {
            return self.value(&mut value, None).then(|| value.to_string());
        }
        self.text(text)
    }

    fn is_id(&self, text: &str) -> bool {
        !self.id.is_empty() && fold(text.trim()).eq(self.id.chars())
    }

    fn value(&self, value: &mut Value, key: Option<&str>) -> bool {
        match value {
            Value::String(text) => {
                let alone = key.is_none_or(|key| !LAYOUT.contains(&key)) && self.is_id(text);
                let other = if alone { Some(self.words.clone()) } else { self.text(text) };
                other.map(|other| *text = other).is_some()
            }
            // Each of them is looked at, whatever came of the ones before.
            Value::Array(values) => values.iter_mut().map(|value| u32::from(self.value(value, key))).sum::<u32>() > 0,
            Value::Object(fields) => {
                let text = |key| fields.get(key).and_then(Value::as_str);
                let id = text("id").is_some_and(|id| self.is_id(id));
                let theirs = text("directory").map(|directory| fold(directory).eq(self.directory.chars()));
                if id && theirs == Some(true) {
                    fields.insert("directory".to_owned(), self.shown_directory.clone().into());
                    fields.insert("id".to_owned(), self.words.clone().into());
                    fields.get_mut("name").into_iter().for_each(|name| *name = Value::Null);
                    return true;
                }
                // Somebody else has the same id elsewhere.
                let spared = |key: &str| id && theirs == Some(false) && key == "id";
                let fields = fields.iter_mut().filter(|(key, _)| !spared(key));
                fields.map(|(key, value)| u32::from(self.value(value, Some(key)))).sum::<u32>() > 0
            }
            _ => false,
        }
    }

    /// A text with each place of the name replaced.
    fn text(&self, text: &str) -> Option<String> {
        let mut changed = None;
        for (name, words) in &self.names {
            let now = changed.as_deref().unwrap_or(text);
            if let Some(other) = replaced(now, name, words) {
                changed = Some(other);
            }
        }
        changed
    }
}

/// One character as it is read, with where it stands as it is written.
struct Read {
    lower: Vec<char>,
    from: usize,
    to: usize,
}

/// Reads through the escapes of HTML; everything else stands for itself.
fn read(text: &str) -> Vec<Read> {
    let mut all = Vec::with_capacity(text.len());
    let mut from = 0;
    while let Some(c) = text[from..].chars().next() {
        let (c, length) = (c == '&').then(|| entity(&text[from..])).flatten().unwrap_or((c, c.len_utf8()));
        all.push(Read { lower: c.to_lowercase().collect(), from, to: from + length });
        from += length;
    }
    all
}

/// The character that an entity such as `&amp;` or `&#39;` stands for, and its length.
fn entity(text: &str) -> Option<(char, usize)> {
    let (name, _) = text.get(1..)?.split_once(';').filter(|(name, _)| name.len() <= 8)?;
    let number = |digits: &str, base| u32::from_str_radix(digits, base).ok().and_then(char::from_u32);
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "bsol" => '\\',
        _ => match name.strip_prefix('#')?.strip_prefix(['x', 'X']) {
            Some(digits) => number(digits, 16)?,
            None => number(&name[1..], 10)?,
        },
    };
    Some((c, name.len() + 2))
}

impl Read {
    fn is(&self, c: char) -> bool {
        self.lower == [c]
    }

    fn is_space(&self) -> bool {
        self.lower.iter().all(|c| c.is_whitespace())
    }

    /// What may stand between two letters of a name, put there so that nobody reads markup or breaks a line badly.
    fn is_dress(&self) -> bool {
        matches!(
            self.lower[..],
            ['\\' | '"' | '\'' | '`' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}']
        )
    }

    /// Whether a name that stands before or after this one goes on in it.
    fn goes_on(&self) -> bool {
        self.lower.iter().any(|c| c.is_alphanumeric() || *c == '_')
    }
}

/// Each place of a name in lower case replaced by words; none where there is none.
fn replaced(text: &str, name: &[char], words: &str) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    let read = read(text);
    let (mut other, mut written, mut at) = (String::new(), 0, 0);
    while at < read.len() {
        let begins = at == 0 || !read[at - 1].goes_on();
        match begins.then(|| end_of(&read, at, name)).flatten() {
            Some(end) => {
                other.push_str(&text[written..read[at].from]);
                other.push_str(words);
                written = read[end - 1].to;
                at = end;
            }
            None => at += 1,
        }
    }
    (written > 0).then(|| other + &text[written..])
}

/// Where a name that begins here ends: whole, or cut short by an ellipsis once it says something.
fn end_of(read: &[Read], from: usize, name: &[char]) -> Option<usize> {
    let (mut at, mut known) = (from, 0);
    let tells = name.iter().position(|c| *c == '\\').map_or(TELLS + 1, |by| by + 1 + TELLS);
    while known < name.len() {
        let next = read.get(at)?;
        if name[known..].starts_with(&next.lower) {
            known += next.lower.len();
        } else if name[known] == ' ' && next.is_space() {
            while read.get(at + 1).is_some_and(Read::is_space) {
                at += 1;
            }
            known += 1;
        } else if next.is('…') && known >= tells {
            return Some(at + 1);
        } else if at == from || !next.is_dress() {
            return None;
        }
        at += 1;
    }
    let part_of_more = match read.get(at) {
        None => false,
        // A full stop, a hyphen or an at sign ends a sentence, or goes on.
        Some(next) if ['.', '-', '@'].iter().any(|c| next.is(*c)) => read.get(at + 1).is_some_and(Read::goes_on),
        Some(next) => next.goes_on(),
    };
    (!part_of_more).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anna() -> Disguise {
        Disguise::new("CORP", "anna.lind", Some("Anna O'Lind"), "CORP", "calm-otter")
    }

    #[test]
    fn a_name_is_found_however_it_is_written() {
        for (text, other) in [
            ("CORP\\anna.lind is on", "CORP\\calm-otter is on"),
            ("corp\\ANNA.Lind, 2 sessions.", "CORP\\calm-otter, 2 sessions."),
            ("CORP\\\\anna\\.lind", "CORP\\calm-otter"),
            (
                "<bdi>CORP\\anna.lind</bdi><br><bdi>Anna O&#39;Lind</bdi>",
                "<bdi>CORP\\calm-otter</bdi><br><bdi>calm-otter</bdi>",
            ),
            ("(Anna\n   O&#x27;Lind)", "(calm-otter)"),
            ("CORP\\an\u{200b}na.lind", "CORP\\calm-otter"),
            ("directory,id,name\nCORP,anna.lind,Anna O'Lind\n", "directory,id,name\nCORP,calm-otter,calm-otter\n"),
            ("\"CORP\",\"anna.lind\"", "\"CORP,calm-otter\""),
            ("on: CORP\\anna.li…", "on: CORP\\calm-otter"),
            (r#"{"text":"anna.lind"}"#, r#"{"text":"calm-otter"}"#),
            (r#"{"text":"CORP\\\\anna.lind"}"#, r#"{"text":"CORP\\calm-otter"}"#),
            (r#"{"a":[{"text":"Anna O'Lind","type":"text"}]}"#, r#"{"a":[{"text":"calm-otter","type":"text"}]}"#),
            (
                r#"{"people":[{"directory":"CORP","id":"anna.lind","name":"Anna"},{"directory":"X","id":"anna.lind","name":null}]}"#,
                r#"{"people":[{"directory":"CORP","id":"calm-otter","name":null},{"directory":"X","id":"anna.lind","name":null}]}"#,
            ),
        ] {
            assert_eq!(anna().apply(text).as_deref(), Some(other), "{text}");
        }
    }

    #[test]
    fn others_keep_their_names() {
        for text in [
            "CORP\\anna.lindqvist is on",
            "CORP\\anna.lind-berg",
            "CORP\\anna.lind@x.example",
            "XCORP\\anna.lind",
            "Joanna O'Lind",
            "CORP",
            "2 sessions on hr",
            "CORP\\a…",
            "",
        ] {
            assert_eq!(anna().apply(text), None, "{text}");
        }
        let text = Disguise::new("CORP", "text", None, "CORP", "calm-otter");
        assert_eq!(text.apply(r#"{"type":"text","text":"hello"}"#), None);
        assert_eq!(
            text.apply(r#"{"type":"text","text":"text"}"#).as_deref(),
            Some(r#"{"text":"calm-otter","type":"text"}"#)
        );
    }
}
