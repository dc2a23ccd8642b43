//! The encodings of mail: base64, quoted-printable, and encoded words in headers.

/// Base64 with padding; white space is skipped, as in a mail's body. `None` if it is anything else.
pub(super) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if !digits.len().is_multiple_of(4) {
        return None;
    }
    let padding = digits.iter().rev().take_while(|byte| **byte == b'=').count();
    let (digits, mut bytes) = (&digits[..digits.len() - padding], Vec::new());
    if padding > 2 {
        return None;
    }
    for group in digits.chunks(4) {
        let mut bits = 0u32;
        for at in 0..4 {
            let value = match group.get(at).copied().unwrap_or(b'A') {
                byte @ b'A'..=b'Z' => byte - b'A',
                byte @ b'a'..=b'z' => byte - b'a' + 26,
                byte @ b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    Some(bytes)
}

/// RFC 2045, 6.7. What is not well encoded is left as it is.
pub(super) fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, after) {
            (b'=', [b'\r', b'\n', after @ ..] | [b'\n', after @ ..]) => after,
            (b'=', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(hex(*high) << 4 | hex(*low));
                after
            }
            _ => {
                bytes.push(*first);
                after
            }
        };
    }
    bytes
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// A header's value with its encoded words read (RFC 2047); white space between two of them is not part of the text.
pub(super) fn words(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value;
    let mut after_word = false;
    while let Some(start) = rest.find("=?") {
        let before = &rest[..start];
        let Some((word, length)) = word(&rest[start..]) else {
            text.push_str(&rest[..start + 2]);
            rest = &rest[start + 2..];
            after_word = false;
            continue;
        };
        if !(after_word && before.trim().is_empty()) {
            text.push_str(before);
        }
        text.push_str(&word);
        rest = &rest[start + length..];
        after_word = true;
    }
    text + rest
}

/// The text of an encoded word, and how long it was.
fn word(text: &str) -> Option<(String, usize)> {
    let mut parts = text.strip_prefix("=?")?.splitn(4, '?');
    let (charset, encoding, content) = (parts.next()?, parts.next()?, parts.next()?);
    parts.next()?.strip_prefix('=')?;
    let length = 2 + charset.len() + 1 + encoding.len() + 1 + content.len() + 2;
    let bytes = match encoding {
        "B" | "b" => base64(content.as_bytes())?,
        "Q" | "q" => quoted_printable(content.replace('_', " ").as_bytes()),
        _ => return None,
    };
    Some((decoded(charset, &bytes), length))
}

/// Bytes as text: UTF-8, or Latin-1 where that is said.
pub(super) fn decoded(charset: &str, bytes: &[u8]) -> String {
    if charset.eq_ignore_ascii_case("iso-8859-1") {
        bytes.iter().copied().map(char::from).collect()
    } else {
        String::from_utf8_lossy(bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_or_refused() {
        for (text, bytes) in [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9v\r\nYmE=\r\n", "fooba")] {
            assert_eq!(base64(text.as_bytes()).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
        assert_eq!(base64(b"+/8A"), Some(vec![0xfb, 0xff, 0]));
        for wrong in ["Zg", "Z===", "Z*==", "Zg==Zg==", "Zm9v="] {
            assert_eq!(base64(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn quoted_printable_is_read() {
        assert_eq!(quoted_printable(b"a=3Db =C3=\r\n=a5 =zz ="), "a=b å =zz =".as_bytes());
    }

    #[test]
    fn encoded_words_are_read() {
        for (value, expected) in [
            ("plain", "plain"),
            ("=?utf-8?b?w6U=?= =?utf-8?B?w6Q=?= b", "åä b"),
            ("a =?UTF-8?Q?=C3=A5_b?=", "a å b"),
            ("=?iso-8859-1?q?=e5?=", "å"),
            ("=?broken", "=?broken"),
            ("=?utf-8?x?a?= =?utf-8?q?b?=", "=?utf-8?x?a?= b"),
        ] {
            assert_eq!(words(value), expected);
        }
    }
}
