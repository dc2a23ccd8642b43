//! A message as a file: its text, and its facts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::limits;
use crate::channels::document::Document;
use crate::channels::format::{Dressed, Trouble};
use crate::channels::view::{Row, View};
use crate::channels::words::Words;
use crate::render::Engine;

/// Where the search for what fits begins; as short as names come, no more have room.
pub(in crate::channels) const MOST_PEOPLE: usize = 5_000;

/// What a file is made of.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parts {
    /// The moment it tells of, by which files are in order.
    pub at: String,
    pub kind: String,
    pub text: String,
    pub facts: Value,
}

/// The layout's text, and the facts.
pub(in crate::channels) fn dress(
    engine: &Engine,
    file: &str,
    view: &View<'_>,
    document: &Document<'_>,
) -> Result<Dressed, Trouble> {
    let text = engine.render(file, view)?;
    let body = written(view.kind.word(), &view.at.utc, text, document);
    let room = limits::check(&body).map_err(|what| Trouble::Limit { file: file.to_owned(), what })?;
    Ok(Dressed { body, plainer: None, room: Some(room), cut: view.is_cut() })
}

/// The bytes that one person takes, in the text and among the facts.
pub(in crate::channels) fn row_length(row: &Row<'_>) -> usize {
    const BETWEEN: usize = 260;
    let places: usize = row.on.iter().map(|prefix| 2 * prefix.len() + 8).sum();
    BETWEEN + 2 * (row.who.len() + row.name.map_or(0, str::len)) + places
}

/// The words alone, and the facts without people.
pub(in crate::channels) fn plain(words: &Words, document: &Document<'_>, kind: &str, at: &str) -> String {
    written(kind, at, words.text(), document)
}

fn written(kind: &str, at: &str, text: String, document: &Document<'_>) -> String {
    let facts = serde_json::to_value(document).unwrap_or_default();
    let parts = Parts { at: at.to_owned(), kind: kind.to_owned(), text, facts };
    serde_json::to_string(&parts).unwrap_or_default()
}
