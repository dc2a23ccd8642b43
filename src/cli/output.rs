//! Printing: results whole and at once, complaints on standard error, and nothing from outside that steers a terminal.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::clean::csv_cell;
use crate::qlik;

/// The longest text from outside that is shown, in characters.
const LONGEST: usize = 200;

/// Writes a result. A reader that has had enough, such as `head`, is no failure.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// A moment as listings show it, with its zone.
pub(super) fn moment(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

/// Writes a sentence to standard error.
pub(super) fn say(text: &str) {
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes to standard error as it is, such as a line that the next one is written over.
#[cfg(feature = "demo")]
pub(super) fn tell(text: &str) {
    let _ = write!(io::stderr().lock(), "{text}");
}

/// Writes what went wrong.
pub(super) fn complain(text: &str) {
    say(&format!("headcount: {text}"));
}

/// Says of each client certificate that is out of date that it is, once: whoever asks may want to know before.
pub(super) fn complain_of_dates<'a>(sites: impl IntoIterator<Item = &'a qlik::Settings>, now: Timestamp) {
    let mut said: Vec<String> = Vec::new();
    for wrong in sites.into_iter().filter_map(|site| site.identity.out_of_date(now)) {
        if !said.contains(&wrong) {
            // A file may be far down; the date comes after it.
            complain(&cut(&wrong, 1000));
            said.push(wrong);
        }
    }
}

/// Text from outside: control and bidi characters escaped, cut at 200 characters.
pub(super) fn shown(text: &str) -> String {
    cut(text, LONGEST)
}

/// As [`shown`], cut at another length.
pub(super) fn cut(text: &str, longest: usize) -> String {
    let mut shown = String::with_capacity(text.len());
    for (i, c) in text.chars().enumerate() {
        if i == longest {
            shown.push('…');
            break;
        }
        if steers(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// Whether a character moves a cursor, ends a line or turns text around.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One JSON document on one line, with every steering character escaped, which JSON itself asks of few.
pub(super) fn json(value: &impl Serialize) -> io::Result<String> {
    let plain = serde_json::to_string(value)?;
    let mut escaped = String::with_capacity(plain.len() + 1);
    for c in plain.chars() {
        if steers(c) {
            // All of them are in the basic plane; writing to a String does not fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped.push('\n');
    Ok(escaped)
}

/// A cell of CSV: no formula, quoted where it must be.
pub(super) fn csv(cell: &str) -> String {
    let mut text = String::new();
    for c in cell.chars().take(LONGEST) {
        if steers(c) && !matches!(c, '\t' | '\r' | '\n') { text.extend(c.escape_default()) } else { text.push(c) }
    }
    csv_cell(&text)
}

/// A table that keeps to the width of the terminal.
pub(super) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    if let Some((width, _)) = terminal_size::terminal_size_of(io::stdout()) {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.0);
    }
    table.set_header(header.to_vec());
    table
}

/// `Mon 2026-11-23`, in a zone.
pub(super) fn day(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%a %Y-%m-%d").to_string()
}

/// `1 session`, `2 sessions`.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_steers() {
        assert_eq!(shown("a\u{1b}[2Jb\r\n\u{202e}c\u{9b}"), "a\\u{1b}[2Jb\\r\\n\\u{202e}c\\u{9b}");
        assert_eq!(shown(&"x".repeat(300)).chars().count(), 201);
        let text = json(&["a\u{1b}\u{9b}\u{202e}å"]).unwrap();
        assert_eq!(text, "[\"a\\u001b\\u009b\\u202eå\"]\n");
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), ["a\u{1b}\u{9b}\u{202e}å"]);
    }

    #[test]
    fn no_cell_is_a_formula() {
        for (given, cell) in [
            ("anna", "anna"),
            ("=cmd()", "'=cmd()"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\tx", "\"'\tx\""),
            ("a,\"b\"", "\"a,\"\"b\"\"\""),
        ] {
            assert_eq!(csv(given), cell);
        }
    }
}
