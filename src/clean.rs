//! Cleans what people and servers are called, once. A leaf: every room may use it.

/// The longest name shown, in characters.
const LONGEST_NAME: usize = 200;

/// A text from outside, made safe to show on one line: control, bidi and newline characters removed, cut at 200 characters.
pub fn clean(text: &str) -> String {
    clean_to(text, LONGEST_NAME)
}

/// As [`clean`], cut at another length.
pub fn clean_to(text: &str, longest: usize) -> String {
    text.chars().filter(|c| !is_unsafe(*c)).take(longest).collect()
}

/// A cell of CSV: no formula, quoted where it must be.
pub fn csv_cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    let text = format!("{guard}{text}");
    if text.contains([',', '"', '\n', '\r', '\t']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// Characters that end a line, hide or reorder text, or steer a terminal.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn a_name_is_cleaned_letter_for_letter() {
        for (given, shown) in [
            ("anna", "anna"),
            ("a\r\nBcc: evil", "aBcc: evil"),
            ("\u{202e}gnp.exe", "gnp.exe"),
            ("x\u{1b}[31mred", "x[31mred"),
            ("<!channel> *b* `c` @here", "<!channel> *b* `c` @here"),
            ("\u{2028}a\u{2066}b\u{200f}", "ab"),
        ] {
            assert_eq!(clean(given), shown);
        }
        assert_eq!(clean(&"å".repeat(300)).chars().count(), 200);
    }
}
