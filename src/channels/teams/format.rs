//! A message as an Adaptive Card.

use serde_json::{Value, json};

use super::limits;
use crate::channels::drawn::Limits;
use crate::channels::format::{Dressed, Trouble, laid_out};
use crate::channels::view::{Mood, Row, View};
use crate::channels::words::Words;
use crate::render::{Engine, short};

/// Where the search for what fits begins; as short as names come, no more have room.
pub(in crate::channels) const MOST_PEOPLE: usize = 250;

/// What Teams draws of a chart; a line may have gaps. More points than these would crowd out the rest of the card.
pub(in crate::channels) const CHART: Limits = Limits { points: 48, series: 6, label: 40, gaps: true };

/// How much the lines of a plain card take, as the limit counts them; the rest is for its title, and for where it comes from.
const PLAIN: usize = 20_000;
/// The longest of its lines, and what each takes beside its text.
const PLAIN_LINE: usize = 300;
const PLAIN_EMPTY: usize = 140;

/// The layout's card in its envelope.
pub(in crate::channels) fn dress(
    engine: &Engine,
    file: &str,
    view: &View<'_>,
    words: &Words,
) -> Result<Dressed, Trouble> {
    let card = laid_out(engine, file, view)?;
    let message = envelope(card, words);
    let room = limits::check(&message).map_err(|what| Trouble::Limit { file: engine.file(file), what })?;
    Ok(Dressed { body: message.to_string(), plainer: None, room: Some(room), cut: view.is_cut() })
}

/// The bytes of one person's line on a card, as the limit counts them: the texts, and what holds them.
pub(in crate::channels) fn row_length(row: &Row<'_>) -> usize {
    const LINE: &str = r#"{"inlines":[{"text":"","type":"TextRun"},{"isSubtle":true,"text":"","type":"TextRun"},{"isSubtle":true,"text":"","type":"TextRun"}],"spacing":"Medium","type":"RichTextBlock"},"#;
    // What stands between the texts, such as ` · 12 sessions`, with marks that are not ASCII.
    const BETWEEN: usize = 80;
    let length = text_length;
    let places: usize = row.on.iter().map(|prefix| length(prefix).max(7) + 2).sum();
    limits::escaped_length(LINE)
        + BETWEEN
        + length(&row.who)
        + row.name.map_or(0, length)
        + places
        + row.connected.map_or(0, length)
}

/// The words alone, on a card that any client shows.
pub(in crate::channels) fn plain(words: &Words, mood: Mood) -> String {
    let run = |text: &str, weight: &str| json!({"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": short(text, PLAIN_LINE), "weight": weight}]});
    let told = words.text();
    // Between the title and where it comes from, as many lines as there is room for.
    let lines: Vec<&str> = told.lines().skip(1).filter(|line| !line.is_empty() && *line != words.meta).collect();
    let mut room = PLAIN;
    let fits = |line: &&&str| {
        let length = text_length(&short(line, PLAIN_LINE)) + PLAIN_EMPTY;
        let fits = length <= room;
        room = room.saturating_sub(length);
        fits
    };
    let shown = lines.iter().take_while(fits).count();
    let more = (shown < lines.len()).then(|| format!("and {} more lines", lines.len() - shown));
    let body: Vec<Value> = [run(&format!("{} {}", mood.emoji(), words.title), "Bolder")]
        .into_iter()
        .chain(lines[..shown].iter().map(|line| run(line, "Default")))
        .chain(more.map(|more| run(&more, "Default")))
        .chain([run(&words.meta, "Default")])
        .collect();
    envelope(json!({"type": "AdaptiveCard", "version": "1.5", "body": body}), words).to_string()
}

/// How long a text is on an escaped card: what JSON escapes is escaped once more.
fn text_length(text: &str) -> usize {
    limits::escaped_length(text) + 2 * text.matches(['"', '\\']).count()
}

/// What a flow takes that begins "when a Teams webhook request is received". `summary` is the notification.
fn envelope(mut card: Value, words: &Words) -> Value {
    disarm(&mut card);
    let mut summary = Value::String(short(&words.title, 300));
    disarm(&mut summary);
    json!({
        "type": "message",
        "summary": summary,
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": card,
        }],
    })
}

/// Breaks `<at>`: nothing is mentioned without an entity, but some flows gather entities from the text.
fn disarm(value: &mut Value) {
    match value {
        Value::String(text) => {
            while let Some(at) = find_tag(text) {
                text.replace_range(at..=at, "‹");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(disarm),
        Value::Object(fields) => fields.values_mut().for_each(disarm),
        _ => {}
    }
}

fn find_tag(text: &str) -> Option<usize> {
    text.match_indices('<').map(|(at, _)| at).find(|at| {
        let rest = text[at + 1..].trim_start_matches('/').as_bytes();
        rest.len() >= 2 && rest[..2].eq_ignore_ascii_case(b"at")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mention_tags_are_broken_and_all_else_stays() {
        let mut text = json!("<at>Everyone</at> <AT id=1> a<b <a> é<at");
        disarm(&mut text);
        assert_eq!(text, json!("‹at>Everyone‹/at> ‹AT id=1> a<b <a> é‹at"));
    }
}
