//! What a receiver is taken to take: few servers take more than a megabyte unless they were told to.

/// The whole body, where the configuration says nothing else.
pub(in crate::channels) const BYTES: usize = 1_000_000;
/// The least that a message in plain words has room in, which tells more than its headline.
pub(in crate::channels) const LEAST: usize = 1_000;

/// Whether a body is short enough; if so, how much longer it could be.
pub(in crate::channels) fn check(body: &str, most: usize) -> Result<usize, String> {
    let length = body.len();
    most.checked_sub(length).ok_or_else(|| format!("the message has {length} bytes, more than {most}"))
}
