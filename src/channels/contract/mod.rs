//! What every channel promises, over every kind of channel and every sample.

mod forms;
mod limits;
mod names;
#[cfg(feature = "demo")]
mod proxies;
mod sends;
mod statuses;
mod variables;
mod webhooks;

use serde_json::Value;

use super::{ChannelKind, Names, Payload, format};
use crate::message::{Message, sample};
use crate::render::Engine;

/// How every message that fell back to plain words says so.
const PLAIN: &str = "in plain words";

fn sample(name: &str) -> Message {
    sample::all().into_iter().find(|(known, _)| *known == name).unwrap().1
}

fn shown(kind: ChannelKind, message: &Message) -> Payload {
    format(kind, message, &Engine::embedded(), Names::Full)
}

fn json(payload: &Payload) -> Value {
    serde_json::from_str(payload.body()).unwrap()
}
