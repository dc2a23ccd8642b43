//! Lengths of time as the configuration writes them: `90s`, `5m`, `4h`, `2d`, `1h30m`. A leaf.

use jiff::SignedDuration;

/// What a length of time looks like, for error sentences.
pub const LOOKS: &str = "write a length of time such as `90s`, `5m`, `4h` or `2d`";

const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Reads a length of time in whole seconds, or says what would be right.
pub fn parse(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("`{text}` is no length of time: {LOOKS}");
    let mut seconds: i64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: i64 = rest[..digits].parse().map_err(|_| wrong())?;
        let unit = rest[digits..].chars().next().ok_or_else(wrong)?;
        let (_, size) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        seconds = number.checked_mul(*size).and_then(|more| seconds.checked_add(more)).ok_or_else(wrong)?;
        rest = &rest[digits + unit.len_utf8()..];
    }
    if seconds > 3_660 * 86_400 {
        return Err(format!("`{text}` is longer than ten years: {LOOKS}"));
    }
    Ok(SignedDuration::from_secs(seconds))
}

/// The shortest spelling that [`parse`] reads back.
pub fn show(length: SignedDuration) -> String {
    let mut seconds = length.as_secs().max(0);
    if seconds == 0 {
        return if length.as_millis() > 0 { format!("{}ms", length.as_millis()) } else { "0s".to_owned() };
    }
    let mut text = String::new();
    for (name, size) in UNITS {
        if seconds >= size {
            text.push_str(&(seconds / size).to_string());
            text.push(name);
            seconds %= size;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_shown() {
        for (text, seconds, shown) in [
            ("90s", 90, "1m30s"),
            ("5m", 300, "5m"),
            ("4h", 14400, "4h"),
            ("2d", 172_800, "2d"),
            ("1h30m", 5400, "1h30m"),
            ("0s", 0, "0s"),
        ] {
            let length = parse(text).unwrap();
            assert_eq!((length.as_secs(), show(length).as_str()), (seconds, shown));
        }
        for wrong in ["", "5", "m", "5 m", "-5m", "5min", "1.5h", "99999999999999999999s", "9999999d", "5µ"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
