//! Bytes as lower-case hexadecimal, and back. A leaf.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

pub(crate) fn encode(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// Exactly `N` bytes, or none.
pub(crate) fn decode<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() == 2 * N)?;
    let mut bytes = [0_u8; N];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        assert_eq!(encode(&[0, 1, 0xab, 0xff]), "0001abff");
        assert_eq!(decode::<2>(b"AbfF"), Some([0xab, 0xff]));
        assert_eq!(decode::<2>(b"abf"), None);
        assert_eq!(decode::<2>("å00".as_bytes()), None);
    }
}
