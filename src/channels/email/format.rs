//! A message as the parts of a mail.

use serde::{Deserialize, Serialize};

use super::limits;
use crate::channels::format::Trouble;
use crate::channels::view::View;
use crate::channels::words::Words;
use crate::message::clean_to;
use crate::render::{Engine, escaped};

/// The most people that a mail lists.
pub(in crate::channels) const MOST_PEOPLE: usize = 500;

/// What a mail is made of.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parts {
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Whether it is marked as important.
    pub urgent: bool,
}

/// The layouts' text and HTML.
pub(in crate::channels) fn dress(
    engine: &Engine,
    text: &str,
    html: &str,
    view: &View<'_>,
    urgent: bool,
) -> Result<String, Trouble> {
    let parts = Parts {
        subject: clean_to(view.title, limits::SUBJECT),
        text: engine.render(text, view)?,
        html: engine.render(html, view)?,
        urgent,
    };
    limits::check(&parts).map_err(|what| Trouble::Limit { file: engine.file(html), what })?;
    Ok(written(&parts))
}

/// The words alone.
pub(in crate::channels) fn plain(words: &Words, urgent: bool) -> String {
    let text = words.text();
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"><body><pre style=\"white-space:pre-wrap\">{}</pre></body></html>",
        escaped(&text)
    );
    written(&Parts { subject: clean_to(&words.title, limits::SUBJECT), text, html, urgent })
}

fn written(parts: &Parts) -> String {
    serde_json::json!(parts).to_string()
}
