//! Slack, through an incoming webhook.
//!
//! A message is one header, its sentences, its people and a line of context, all as rich text: no markup is parsed there, so
//! what people are called stays as it is. A webhook's message cannot be changed or answered later.

pub(super) mod format;
pub(super) mod limits;
pub(super) mod send;
mod settings;

pub use send::judge_status;
pub use settings::{Settings, Written};
