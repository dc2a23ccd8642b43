//! Webhooks of any make: the facts of a message as documented JSON, signed, or the operator's own template.
//!
//! The signature is that of Standard Webhooks, made over what is sent at each try; the id stays the same over all of them.

pub(super) mod format;
pub(super) mod limits;
pub(super) mod send;
mod settings;
mod sign;
mod template;

pub use send::judge_status;
pub use settings::{Settings, Written};
pub use sign::Keys;
pub use template::Template;
