//! What a file may hold: enough for any site, and not so much that a disk fills with lists of people.

/// A file, text and facts together.
pub(in crate::channels) const BYTES: usize = 1_000_000;

/// Whether a file is small enough; if so, how much longer it could be.
pub(in crate::channels) fn check(body: &str) -> Result<usize, String> {
    let length = body.len();
    BYTES.checked_sub(length).ok_or_else(|| format!("the file has {length} bytes, more than {BYTES}"))
}
