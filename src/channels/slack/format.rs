//! A message as Slack's blocks.

use serde_json::{Value, json};

use super::limits;
use crate::channels::format::{Trouble, parse};
use crate::channels::view::{Mood, View};
use crate::channels::words::Words;
use crate::render::Engine;

/// Where the search for what fits begins; as short as names come, no more have room.
pub(in crate::channels) const MOST_PEOPLE: usize = 400;

/// The layout's blocks, with the words beside them: they are the notification, and all that a screen reader reads.
pub(in crate::channels) fn dress(
    engine: &Engine,
    file: &str,
    view: &View<'_>,
    words: &Words,
) -> Result<String, Trouble> {
    let mut layout = parse(file, &engine.render(file, view)?)?;
    let message = envelope(&notification(words, view.mood), layout.get_mut("blocks").map(Value::take));
    limits::check(&message).map_err(|what| Trouble::Limit { file: file.to_owned(), what })?;
    Ok(message.to_string())
}

/// The words alone.
pub(in crate::channels) fn plain(words: &Words, mood: Mood) -> String {
    envelope(&notification(words, mood), None).to_string()
}

fn envelope(text: &str, blocks: Option<Value>) -> Value {
    let mut message = json!({"text": text, "unfurl_links": false, "unfurl_media": false});
    if let Some(blocks) = blocks {
        message["blocks"] = blocks;
    }
    message
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
