//! A message as Slack's blocks.

use serde_json::{Value, json};

use super::limits;
use crate::channels::drawn::Limits;
use crate::channels::format::{Dressed, Trouble, laid_out};
use crate::channels::view::{Mood, Row, View};
use crate::channels::words::Words;
use crate::render::{Engine, short};

/// Where the search for what fits begins; as short as names come, no more have room.
pub(in crate::channels) const MOST_PEOPLE: usize = 400;

/// What Slack draws of a chart; every line has a value at every point.
pub(in crate::channels) const CHART: Limits =
    Limits { points: limits::POINTS, series: limits::SERIES, label: limits::LABEL, gaps: false };

/// The layout's blocks, with the words beside them: they are the notification, and all that a screen reader reads.
pub(in crate::channels) fn dress(
    engine: &Engine,
    file: &str,
    view: &View<'_>,
    words: &Words,
) -> Result<Dressed, Trouble> {
    let layout = laid_out(engine, file, view)?;
    let message = envelope(&notification(words, view.mood), layout);
    let room = limits::check(&message).map_err(|what| Trouble::Limit { file: engine.file(file), what })?;
    let plainer = plainer(&message, words.chart.as_deref()).map(|plainer| plainer.to_string());
    Ok(Dressed { body: message.to_string(), plainer, room: Some(room), cut: view.is_cut() })
}

/// The text of one person's row, with what stands between the parts of it in the longer of its two forms.
pub(in crate::channels) fn row_length(row: &Row<'_>) -> usize {
    const BETWEEN: usize = 30;
    let length = |text: &str| text.encode_utf16().count();
    let on: usize = row.on.iter().map(|prefix| length(prefix).max(7) + 2).sum();
    length(&row.who) + row.name.map_or(0, length) + on + row.connected.map_or(0, length) + BETWEEN
}

/// The words alone.
pub(in crate::channels) fn plain(words: &Words, mood: Mood) -> String {
    envelope(&notification(words, mood), Value::Null).to_string()
}

fn envelope(text: &str, mut layout: Value) -> Value {
    // No escape exists for `*`, `_`, `~`, a back-tick or a `>` that begins a line; without `mrkdwn` none of them is read,
    // <https://docs.slack.dev/reference/methods/chat.postMessage>. Blocks say for themselves what is read in them.
    let mut message = json!({"text": text, "mrkdwn": false, "unfurl_links": false, "unfurl_media": false});
    for key in ["blocks", "attachments"] {
        if let Some(part) = layout.get_mut(key) {
            message[key] = part.take();
        }
    }
    message
}

/// The same message without the blocks that Slack has brought out last, which a workspace may not know yet: a table becomes a
/// list, a chart what it shows in words. None where there are none of them, or where that would be too long.
fn plainer(message: &Value, chart: Option<&str>) -> Option<Value> {
    let newest = |block: &Value| matches!(block["type"].as_str(), Some("table" | "data_visualization"));
    let blocks = message["blocks"].as_array()?;
    if !blocks.iter().any(newest) {
        return None;
    }
    let plain = |block: &Value| match block["type"].as_str() {
        Some("table") => listed(block),
        Some("data_visualization") => chart.map(|told| rich(&[section(&[run(told)])])),
        _ => Some(block.clone()),
    };
    let mut message = message.clone();
    message["blocks"] = blocks.iter().filter_map(plain).collect();
    limits::check(&message).is_ok().then_some(message)
}

/// A table as a list: the head first, then one item for each row, its cells beside each other as they were.
fn listed(table: &Value) -> Option<Value> {
    let rows = table["rows"].as_array()?;
    let items = rows.iter().map(|row| {
        let mut runs = Vec::new();
        for cell in row.as_array().into_iter().flatten() {
            if !runs.is_empty() {
                runs.push(run(" · "));
            }
            match cell.get("text").and_then(Value::as_str) {
                Some(text) => runs.push(run(text)),
                None => runs.extend(cell["elements"].as_array().into_iter().flatten().flat_map(|element| {
                    element["elements"].as_array().into_iter().flatten().cloned().collect::<Vec<_>>()
                })),
            }
        }
        section(&runs)
    });
    Some(rich(&[json!({"type": "rich_text_list", "style": "bullet", "elements": items.collect::<Vec<_>>()})]))
}

fn rich(elements: &[Value]) -> Value {
    json!({"type": "rich_text", "elements": elements})
}

fn section(runs: &[Value]) -> Value {
    json!({"type": "rich_text_section", "elements": runs})
}

fn run(text: &str) -> Value {
    json!({"type": "text", "text": short(text, limits::TEXT)})
}

fn notification(words: &Words, mood: Mood) -> String {
    escaped(&format!("{} {}", mood.emoji(), words.text()), limits::NOTIFICATION)
}

/// Disarms what Slack reads as a mention or a link, <https://docs.slack.dev/messaging/formatting-message-text>, and cuts
/// between characters rather than in the middle of an escape.
fn escaped(text: &str, longest: usize) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut left = longest - 1;
    for c in text.chars() {
        let mut buffer = [0; 4];
        let one = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            c => c.encode_utf8(&mut buffer),
        };
        let length = one.encode_utf16().count();
        if length > left {
            escaped.push('…');
            break;
        }
        left -= length;
        escaped.push_str(one);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn mentions_are_disarmed_and_escapes_stay_whole() {
        assert_eq!(escaped("<!channel> & co", 100), "&lt;!channel&gt; &amp; co");
        assert_eq!(escaped("ab<", 6), "ab…");
        assert_eq!(escaped("ab<", 7), "ab&lt;");
    }
}
