//! Microsoft Teams, through the webhook of a Workflows flow.
//!
//! A message is an Adaptive Card 1.5 whose text is in rich text runs alone: those know no Markdown on any client. The flow
//! answers 202 before it has posted anything, so a card is checked hard before it is sent.

pub(super) mod format;
pub(super) mod limits;
pub(super) mod send;
mod settings;

pub use send::judge_status;
pub use settings::{Settings, Written};
