//! Every message in every form, on one page that needs nothing else.
//!
//! Takes messages and templates. Gives a page on which each message is drawn as its reader would see it, from the very payload
//! that would be sent, with how much of each limit it uses beside it; and the payloads, to be tried elsewhere.
//! Thinks only: sends nothing, and decides nothing.

mod chart;
mod mail;
mod page;
mod slack;
mod teams;

use jiff::Timestamp;
use serde_json::Value;

use crate::channels::{self, ChannelKind, Names, Payload, Used};
use crate::message::Message;
use crate::render::Engine;

/// A message to be shown, by a name of its own.
pub struct Shown {
    pub name: String,
    pub message: Message,
}

/// What the page says of itself.
pub struct About {
    /// Whose messages, in a sentence.
    pub whose: String,
    /// Which templates, in a sentence.
    pub templates: String,
    pub now: Timestamp,
}

/// The page, and what belongs to it.
pub struct Preview {
    pub page: String,
    /// Every payload as a file: its place beside the page, and what is in it.
    pub files: Vec<(String, String)>,
    /// What is wrong with templates, each once.
    pub troubles: Vec<String>,
}

/// One message in one form.
struct Form<'a> {
    kind: ChannelKind,
    message: &'a Message,
    payload: Payload,
    trouble: Option<String>,
    used: Vec<Used>,
}

impl<'a> Form<'a> {
    fn of(kind: ChannelKind, message: &'a Message, engine: &Engine) -> Self {
        let (payload, trouble) = channels::attempt(kind, message, engine, Names::Full);
        let used = channels::used(kind, payload.body());
        Self { kind, message, payload, trouble, used }
    }

    /// A body as JSON; every channel's is.
    fn json(body: &str) -> Value {
        serde_json::from_str(body).unwrap_or_default()
    }
}

/// Puts messages into the forms of channels, and all of them onto one page.
pub fn preview(messages: &[Shown], kinds: &[ChannelKind], engine: &Engine, about: &About) -> Preview {
    let mut files = Vec::new();
    let mut troubles: Vec<String> = Vec::new();
    let mut sheets = Vec::with_capacity(messages.len());
    for shown in messages {
        let forms: Vec<_> = kinds.iter().map(|kind| Form::of(*kind, &shown.message, engine)).collect();
        for form in &forms {
            troubles.extend(form.trouble.clone().filter(|trouble| !troubles.contains(trouble)));
            let (ending, text) = match form.kind {
                ChannelKind::Email => ("eml", mail::source(form.payload.body(), about.now)),
                ChannelKind::Slack | ChannelKind::Teams | ChannelKind::Webhook => ("json", pretty(form.payload.body())),
                ChannelKind::File => ("txt", channels::file::shown(form.payload.body())),
            };
            files.push((format!("{}/{}.{ending}", form.kind, shown.name), text));
        }
        sheets.push((shown, forms));
    }
    Preview { page: page::page(&sheets, about), files, troubles }
}

fn pretty(body: &str) -> String {
    serde_json::to_string_pretty(&Form::json(body)).unwrap_or_else(|_| body.to_owned())
}
