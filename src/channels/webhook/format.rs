//! A message as a webhook's JSON.

use serde::Serialize;
use serde_json::json;

use super::{Template, limits};
use crate::channels::document::Document;
use crate::channels::format::{Dressed, Trouble, parse};
use crate::channels::view::{Mood, Row, View};
use crate::channels::words::Words;
use crate::render::{Engine, short};

/// Where the search for what fits begins; as short as names come, no more have room.
pub(in crate::channels) const MOST_PEOPLE: usize = 10_000;

/// What a template of the operator's is given: what each layout is, and all the words as one text.
#[derive(Serialize)]
struct Given<'a> {
    #[serde(flatten)]
    view: &'a View<'a>,
    text: String,
}

/// The documented JSON; `cut` says whether people are left out of it.
pub(in crate::channels) fn dress(document: &Document<'_>, most: usize, cut: bool) -> Result<Dressed, Trouble> {
    let body = serde_json::to_string(document).unwrap_or_default();
    let room = limits::check(&body, most).map_err(|what| Trouble::Limit { file: "webhook".to_owned(), what })?;
    Ok(Dressed { body, plainer: None, room: Some(room), cut })
}

/// The operator's own form.
pub(in crate::channels) fn dress_own(
    engine: &Engine,
    template: &Template,
    view: &View<'_>,
    words: &Words,
    most: usize,
) -> Result<Dressed, Trouble> {
    let file = &*template.name;
    let given = Given { view, text: words.text() };
    let message = parse(file, &engine.render_text(file, &template.text, given)?)?;
    let body = message.to_string();
    let room = limits::check(&body, most).map_err(|what| Trouble::Limit { file: file.to_owned(), what })?;
    Ok(Dressed { body, plainer: None, room: Some(room), cut: view.is_cut() })
}

/// The bytes that one person takes among the facts.
pub(in crate::channels) fn row_length(row: &Row<'_>) -> usize {
    const KEYS: usize = 105;
    let places: usize = row.on.iter().map(|prefix| prefix.len() + 3).sum();
    KEYS + row.who.len() + row.name.map_or(0, str::len) + places
}

/// The documented JSON, without people.
pub(in crate::channels) fn plain(document: &Document<'_>) -> String {
    serde_json::to_string(document).unwrap_or_default()
}

/// The words alone, as most chats take them, in place of the operator's own form.
pub(in crate::channels) fn plain_own(words: &Words, mood: Mood, most: usize) -> String {
    // What reads it is not known: most chats mention after an `@`, and Slack's like within `<`.
    let whole = format!("{} {}", mood.emoji(), words.text()).replace('@', "@\u{2060}").replace('<', "<\u{2060}");
    let mut longest = most;
    loop {
        let body = json!({"text": short(&whole, longest)}).to_string();
        // What is escaped takes more bytes than it has characters.
        if body.len() <= most || longest < 20 {
            return body;
        }
        longest = longest * 3 / 4;
    }
}
