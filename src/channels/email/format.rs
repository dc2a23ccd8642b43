//! A message as the parts of a mail.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::limits;
use crate::channels::format::Trouble;
use crate::channels::view::View;
use crate::channels::words::Words;
use crate::message::{Chart, clean_to};
use crate::render::{Engine, escaped, png};

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
    /// A chart as PNG, in base64: what the HTML shows by its content id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chart: Option<String>,
    /// The list of people where it was cut, as a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<String>,
}

/// A chart's content id, which the HTML names after `cid:`.
pub const CHART: &str = "chart@headcount";

/// A chart as PNG, in base64.
pub(in crate::channels) fn picture(engine: &Engine, chart: &Chart) -> Result<String, Trouble> {
    const FILE: &str = "chart.svg.j2";
    let drawn = png(&engine.chart(chart)?);
    let drawn = drawn.map_err(|what| Trouble::Limit { file: engine.file(FILE), what })?;
    Ok(BASE64.encode(drawn))
}

/// A mail with the list of people beside it.
pub(in crate::channels) fn with_people(body: String, people: String) -> String {
    match serde_json::from_str::<Parts>(&body) {
        Ok(parts) => written(&Parts { people: Some(people), ..parts }),
        Err(_) => body,
    }
}

/// The layouts' text and HTML.
pub(in crate::channels) fn dress(
    engine: &Engine,
    text: &str,
    html: &str,
    view: &View<'_>,
    (urgent, chart): (bool, Option<&str>),
) -> Result<String, Trouble> {
    let parts = Parts {
        subject: clean_to(view.title, limits::SUBJECT),
        text: engine.render(text, view)?,
        html: engine.render(html, view)?,
        urgent,
        chart: chart.map(str::to_owned),
        people: None,
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
    written(&Parts { subject: clean_to(&words.title, limits::SUBJECT), text, html, urgent, chart: None, people: None })
}

fn written(parts: &Parts) -> String {
    serde_json::json!(parts).to_string()
}
