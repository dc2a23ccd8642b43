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
    /// The subject of the mail that it follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
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

/// A mail that follows one with this subject. Gmail and others keep a conversation together only where the subject stays the same
/// but for `Re:` and what stands in brackets (RFC 5256, base subject), so the state goes there: whoever reads subjects alone sees
/// that it is over, and the numbers of now are the mail's first line.
pub(in crate::channels) fn following(body: &str, state: &str, first: &str) -> Option<String> {
    let parts: Parts = serde_json::from_str(body).ok()?;
    let topic = clean_to(first, limits::SUBJECT);
    let subject = clean_to(&format!("[{state}] {topic}"), limits::SUBJECT);
    Some(written(&Parts { subject, topic: Some(topic), ..parts }))
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
        topic: None,
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
    let subject = clean_to(&words.title, limits::SUBJECT);
    written(&Parts { subject, topic: None, text, html, urgent, chart: None, people: None })
}

fn written(parts: &Parts) -> String {
    serde_json::json!(parts).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_keeps_the_subject_behind_its_state() {
        let parts = Parts {
            subject: "prod: 175 users, no longer more than 200".to_owned(),
            topic: None,
            text: "x".to_owned(),
            html: "x".to_owned(),
            urgent: false,
            chart: None,
            people: None,
        };
        let followed = following(&written(&parts), "Resolved", "prod: 217 users, more than 200").unwrap();
        let followed: Parts = serde_json::from_str(&followed).unwrap();
        assert_eq!(followed.subject, "[Resolved] prod: 217 users, more than 200");
        assert_eq!(followed.topic.as_deref(), Some("prod: 217 users, more than 200"));
        let followed = following(&written(&parts), "Resolved", &format!("a\r\nBcc: x{}", "å".repeat(300))).unwrap();
        let followed: Parts = serde_json::from_str(&followed).unwrap();
        assert!(limits::check(&followed).is_ok(), "{}", followed.subject);
    }
}
