//! Slack, through an incoming webhook or with a bot's token.
//!
//! A message is one header, its sentences, its people and a line of context, all as rich text: no markup is parsed there, so
//! what people are called stays as it is. A webhook's message cannot be changed or answered later; a bot's can be both.

mod answer;
mod bot;
pub(super) mod format;
pub(super) mod limits;
mod send;
mod settings;

pub use answer::{Asked, judge_answer};
pub use send::judge_status;
pub(super) use send::{reach, send};
pub use settings::{Settings, Written, check_channel};
