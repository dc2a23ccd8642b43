//! What a mail may hold, so that any server takes it and any reader opens it.

use serde_json::Value;

use super::format::Parts;
use crate::channels::Used;

/// The longest subject, in characters.
pub(super) const SUBJECT: usize = 200;
/// The whole mail before it is encoded, without what is attached: servers refuse megabytes.
const BYTES: usize = 256 * 1024;

/// Gmail hides what is beyond, behind a link: <https://github.com/hteumeuleu/email-bugs/issues/41>.
const CLIPPED: usize = 102 * 1024;

/// What a mail uses of its limits.
pub(super) fn used(parts: &Value) -> Vec<Used> {
    let text = |part: &str| parts[part].as_str().unwrap_or_default();
    vec![
        Used::new("characters of subject", text("subject").chars().count(), SUBJECT),
        Used::new("bytes before Gmail clips", text("html").len(), CLIPPED),
        Used::new("bytes of text and HTML", text("subject").len() + text("text").len() + text("html").len(), BYTES),
    ]
}

pub(super) fn check(parts: &Parts) -> Result<(), String> {
    if parts.subject.trim().is_empty() || parts.text.trim().is_empty() || parts.html.trim().is_empty() {
        return Err("a part is empty".to_owned());
    }
    if parts.subject.chars().count() > SUBJECT || parts.subject.chars().any(char::is_control) {
        return Err(format!("the subject is not one line of {SUBJECT} characters"));
    }
    if parts.html.len() > CLIPPED {
        return Err(format!("the HTML has {} bytes, and what is beyond {CLIPPED} Gmail hides", parts.html.len()));
    }
    let length = parts.subject.len() + parts.text.len() + parts.html.len();
    if length > BYTES {
        return Err(format!("the mail has {length} bytes, more than {BYTES}"));
    }
    Ok(())
}
