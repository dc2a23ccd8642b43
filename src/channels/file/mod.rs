//! Files: each message is one, in a folder of this machine.
//!
//! A file is text to read, and below a line of its own the same facts as JSON, as a webhook is sent them. Its name begins with
//! the moment that it tells of, and ends with what is the same for every try: what is written again takes its own place.

pub(super) mod format;
pub(super) mod limits;
pub(super) mod send;
mod settings;

pub use send::judge_error;
pub use settings::{Settings, Written};

/// A stored file as it is written; nothing where it is none.
pub fn shown(body: &str) -> String {
    serde_json::from_str(body).map_or_else(|_| String::new(), |parts| send::whole(&parts))
}
