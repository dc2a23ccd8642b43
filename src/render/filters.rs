//! What templates may do to a value.

use minijinja::{Environment, Error, Value};

pub(super) fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter("count", |n: u64, noun: &str| count(n, noun));
    environment.add_filter("short", |text: &str, longest: usize| short(text, longest));
    environment.add_filter("places", |on: Vec<String>| places(&on));
    environment.add_filter("cell", |text: &str| cell(text));
    environment.add_filter("spoken", |rows: Vec<Vec<String>>, head: Vec<String>, right: Vec<bool>| {
        spoken(&rows, &head, &right)
    });
    environment.add_filter("clock", |moment: Value, now: Value| clock(&moment, &now));
    environment.add_filter("unmarked", |text: &str| unmarked(text));
    environment.add_filter("grouped", grouped);
    environment.add_filter("shades", |cells: Vec<Option<u64>>, most: u64| shades(&cells, most));
    environment.add_filter("tint", |cell: Option<u64>, most: u64| tint(cell, most));
    environment.add_filter("ended", |text: &str| ended(text));
    environment.add_filter("markdown", |text: &str| markdown(text));
    environment.add_filter("html", |text: &str| html(text));
}

/// Text as text, between the tags of HTML and within quotes.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// `no users`, `1 user`, `2 users`, `3 virtual proxies`.
fn count(n: u64, noun: &str) -> String {
    match (n, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (0, None) => format!("no {noun}s"),
        (_, None) => format!("{n} {noun}s"),
        (0, Some(stem)) => format!("no {stem}ies"),
        (_, Some(stem)) => format!("{n} {stem}ies"),
    }
}

/// Cut to so many UTF-16 units, which is how the strictest of the vendors counts; what is cut ends in `…`.
pub(crate) fn short(text: &str, longest: usize) -> String {
    if text.encode_utf16().count() <= longest {
        return text.to_owned();
    }
    let mut left = longest.saturating_sub(1);
    let mut cut: String = text
        .chars()
        .take_while(|c| {
            let fits = c.len_utf16() <= left;
            left = left.saturating_sub(c.len_utf16());
            fits
        })
        .collect();
    cut.push('…');
    cut
}

/// The time of a moment, with its day where that is another one than now, and the year where that is another one.
fn clock(moment: &Value, now: &Value) -> Result<String, Error> {
    let day = |moment: &Value| moment.get_attr("date").map(|day| day.to_string());
    let (time, day, today) = (moment.get_attr("time")?, day(moment)?, day(now)?);
    if day == today {
        return Ok(time.to_string());
    }
    let year = |day: &str| day.rsplit_once(' ').map(|(day, year)| (day.to_owned(), year.to_owned()));
    match (year(&day), year(&today)) {
        (Some((short, year)), Some((_, this))) if year == this => Ok(format!("{time} {short}")),
        _ => Ok(format!("{time} {day}")),
    }
}

/// Keeps a text in one cell of a table of words.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|")
}

/// Each row of a table as a sentence, numbers with the head of their column: `hr: people 12, sessions 40`.
pub(crate) fn spoken(rows: &[Vec<String>], head: &[String], right: &[bool]) -> Vec<String> {
    let sentence = |row: &Vec<String>| {
        let mut cells = head.iter().zip(row).zip(right).filter(|((_, cell), _)| !cell.is_empty());
        let first = cells.next().map(|((_, cell), _)| cell.as_str()).unwrap_or_default();
        let rest: Vec<_> = cells
            .map(|((head, cell), right)| if *right { format!("{} {cell}", head.to_lowercase()) } else { cell.clone() })
            .collect();
        if rest.is_empty() { first.to_owned() } else { format!("{first}: {}", rest.join(", ")) }
    };
    rows.iter().map(sentence).collect()
}

/// Whether no channel can read markup in a text, neither within it nor from how it begins.
fn unmarked(text: &str) -> bool {
    let listed = text.starts_with(['-', '+', '•'])
        || text.split_once(['.', ')']).is_some_and(|(number, rest)| {
            !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) && rest.starts_with(' ')
        });
    !listed && !text.contains(['*', '_', '~', '`', '<', '>', '&', '[', ']', '(', '@', '#', '\\', '/'])
}

/// `1,437`: a number that is easy to read.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// One mark for each number, the higher the more; a dot where there is none.
fn shades(cells: &[Option<u64>], most: u64) -> String {
    const MARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let mark = |n: u64| MARKS[usize::try_from(n * 7 / most.max(1)).unwrap_or(7).min(7)];
    cells.iter().map(|cell| cell.map_or('·', mark)).collect()
}

/// A colour between white and blue, the darker the more; grey where there is no number.
fn tint(cell: Option<u64>, most: u64) -> String {
    const FULL: [u64; 3] = [0x1d, 0x5f, 0xa8];
    let Some(n) = cell else { return "#e9ebef".to_owned() };
    let most = most.max(1);
    let [red, green, blue] = FULL.map(|full| 255 - (255 - full) * n.min(most) / most);
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// The prefixes that somebody is on; nothing for the default virtual proxy alone.
fn places(on: &[String]) -> String {
    match on {
        [only] if only.is_empty() => String::new(),
        _ => on.iter().map(|prefix| if prefix.is_empty() { "default" } else { prefix }).collect::<Vec<_>>().join(", "),
    }
}

/// What to put after a name so that what follows stays behind it: a left-to-right mark after Hebrew, Arabic and their like.
fn ended(text: &str) -> &'static str {
    let leftward = |c| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}');
    if text.contains(leftward) { "\u{200e}" } else { "" }
}

/// A text that Markdown shows letter for letter: each mark has a back-slash, and nobody is mentioned, nor is an emoji named,
/// since an invisible character stands behind what begins them.
fn markdown(text: &str) -> String {
    const JOINER: char = '\u{2060}';
    let mut safe = String::with_capacity(text.len() + 8);
    let mut number = true;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '-' | '!' | '|' | '~' | '>'
            | '$' => {
                safe.extend(['\\', c]);
            }
            // At the beginning it would number a list.
            '.' if number && !safe.is_empty() => safe.push_str("\\."),
            '.' if safe.ends_with("www") => safe.extend([JOINER, c]),
            // A mention, an entity, and what Slack's messages have in their place.
            '@' | '&' | '<' => safe.extend([c, JOINER]),
            // An emoji, or an address.
            ':' if rest.peek().is_some_and(|next| !next.is_ascii_digit() && *next != ' ') => safe.extend([c, JOINER]),
            c => safe.push(c),
        }
        number &= c.is_ascii_digit();
    }
    safe
}

/// A text that HTML shows letter for letter.
fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_mentions_do_nothing() {
        for (text, safe) in [
            ("CORP\\anna", "CORP\\\\anna"),
            ("*b* _i_ [x](y)", "\\*b\\* \\_i\\_ \\[x\\]\\(y\\)"),
            ("@channel :tada:", "@\u{2060}channel :\u{2060}tada:"),
            ("<!channel>", "<\u{2060}\\!channel\\>"),
            ("at 10:40: www.x", "at 10:40: www\u{2060}.x"),
            ("1. item", "1\\. item"),
            ("v1.2", "v1.2"),
        ] {
            assert_eq!(markdown(text), safe);
        }
        assert_eq!(html("<b>&\"'"), "&lt;b&gt;&amp;&quot;&#39;");
    }

    #[test]
    fn numbers_agree_with_their_nouns() {
        assert_eq!(
            [(0, "user"), (1, "user"), (2, "user"), (1, "virtual proxy"), (3, "virtual proxy")]
                .map(|(n, noun)| count(n, noun)),
            ["no users", "1 user", "2 users", "1 virtual proxy", "3 virtual proxies"]
        );
    }

    #[test]
    fn large_numbers_are_grouped_and_many_are_marks() {
        assert_eq!([7, 999, 1000, 44_640, 1_234_567].map(grouped), ["7", "999", "1,000", "44,640", "1,234,567"]);
        assert_eq!(shades(&[Some(0), Some(1), None, Some(70), Some(35)], 70), "▁▁·█▄");
        assert_eq!(shades(&[Some(0), None], 0), "▁·");
        assert_eq!(
            [None, Some(0), Some(4), Some(8)].map(|cell| tint(cell, 8)),
            ["#e9ebef", "#ffffff", "#8eafd4", "#1d5fa8"]
        );
    }

    #[test]
    fn a_text_without_markup_is_known() {
        for (text, plain) in [
            ("412", true),
            ("217 at 10:40", true),
            ("10:00-11:00, 206 at once", true),
            ("−3 %; 31 more than the day before", true),
            ("1. item", false),
            ("- item", false),
            ("*bold*", false),
            ("[x](https://x)", false),
            ("@here", false),
            ("CORP\\anna", false),
        ] {
            assert_eq!(unmarked(text), plain, "{text}");
        }
    }

    #[test]
    fn a_time_names_its_day_only_where_it_must() {
        let moment = |time: &str, date: &str| minijinja::context! { time => time, date => date };
        let now = moment("08:10", "Mon 5 Jan 2026");
        for (time, date, told) in [
            ("07:00", "Mon 5 Jan 2026", "07:00"),
            ("22:00", "Sun 4 Jan 2026", "22:00 Sun 4 Jan"),
            ("22:00", "Wed 31 Dec 2025", "22:00 Wed 31 Dec 2025"),
        ] {
            assert_eq!(clock(&moment(time, date), &now).unwrap(), told);
        }
    }

    #[test]
    fn cells_and_their_sentences() {
        assert_eq!(cell("a|b\\c"), "a\\|b\\\\c");
        let text = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let rows = [text(&["hr", "12", "busy", "40"]), text(&["", "", "", ""])];
        let told = spoken(&rows, &text(&["Proxy", "People", "State", "Sessions"]), &[false, true, false, true]);
        assert_eq!(told, ["hr: people 12, busy, sessions 40", ""]);
    }

    #[test]
    fn a_cut_is_seen_and_never_splits_a_character() {
        assert_eq!(short("anna", 4), "anna");
        assert_eq!(short("annabel", 4), "ann…");
        assert_eq!(short("😀😀😀", 4), "😀…");
        assert_eq!(short("😀😀😀", 5), "😀😀…");
    }

    #[test]
    fn a_name_written_leftward_ends_before_its_numbers() {
        assert_eq!([ended("anna"), ended("李伟"), ended("שלום"), ended("x فاطمة")], ["", "", "\u{200e}", "\u{200e}"]);
    }

    #[test]
    fn the_default_virtual_proxy_is_named_only_beside_others() {
        assert_eq!(places(&[String::new()]), "");
        assert_eq!(places(&[String::new(), "hr".into()]), "default, hr");
        assert_eq!(places(&[]), "");
    }
}
