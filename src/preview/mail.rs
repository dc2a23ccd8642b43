//! A mail as a reader shows it: its HTML in a frame in which nothing runs, on white and on dark, and its text.

use jiff::Timestamp;
use serde_json::Value;

use crate::channels::email;
use crate::render::escaped;

/// The query by which a mail turns dark.
const DARK: &str = "(prefers-color-scheme: dark)";
const BOTH: &str = "content=\"light dark\"";

/// The mail's HTML as it looks on white or on dark, whatever the reader of the page prefers.
pub(super) fn frame(parts: &Value, dark: bool) -> String {
    let html = parts["html"].as_str().unwrap_or_default();
    let (query, scheme) = if dark { ("all", "content=\"dark\"") } else { ("not all", "content=\"light\"") };
    let html = html.replace(DARK, query).replace(BOTH, scheme);
    let chart = parts["chart"].as_str().map(|chart| format!("data:image/png;base64,{chart}"));
    let html = html.replace(&format!("cid:{}", email::CHART), chart.as_deref().unwrap_or_default());
    let name = if dark { "The mail on dark" } else { "The mail on white" };
    // Nothing in a sandbox can say how high it is: the page's script looks, and without it this is about right.
    let text = parts["text"].as_str().unwrap_or_default();
    let height = 240 + 30 * text.lines().count().min(30);
    format!(
        "<iframe sandbox=\"allow-same-origin\" loading=\"lazy\" title=\"{name}\" style=\"height:{height}px\" srcdoc=\"{}\"></iframe>\n",
        escaped(&html)
    )
}

/// The whole mail as it would be sent, from and to nobody.
pub(super) fn source(body: &str, now: Timestamp) -> String {
    email::example(body, now).unwrap_or_else(|why| why)
}
