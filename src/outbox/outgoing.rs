//! What comes of telling something, written in the transaction that records why.

use jiff::Timestamp;

use super::{HeldBy, Hour, NewDelivery};
use crate::judge::Severity;
use crate::message::Kind;

/// How the causes of summaries begin.
pub const SUMMARY: &str = "summary:";

/// The cause of the change that says of the message with this cause that it is over.
pub fn closing_cause(cause: &str) -> String {
    format!("closed:{cause}")
}

/// What goes out, what is held back, and what is noted beside.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    pub deliveries: Vec<NewDelivery>,
    pub held: Vec<NewHeld>,
    pub told: Vec<NewTold>,
    /// What flapped and is calm, each with since when.
    pub calm: Vec<(String, Timestamp)>,
    /// The hours of the channels that were told something.
    pub hours: Vec<(String, Hour)>,
}

/// One line of a summary to come.
#[derive(Clone, Debug)]
pub struct NewHeld {
    pub channel: String,
    /// The cause that its message would have had.
    pub cause: String,
    pub held: HeldBy,
    pub at: Timestamp,
    pub kind: Kind,
    pub severity: Severity,
    pub site: Option<String>,
    pub source: Option<String>,
    pub title: String,
    /// The incident that it is about.
    pub thread: Option<String>,
}

/// A line of a summary, as it was kept.
#[derive(Clone, Debug)]
pub struct Held {
    pub id: i64,
    pub line: NewHeld,
    /// When its incident was over, if it is.
    pub closed: Option<Timestamp>,
}

/// That a channel is told of an incident; in no message yet where that is held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTold {
    pub thread: String,
    pub channel: String,
    pub cause: Option<String>,
    pub title: String,
    /// When it began.
    pub since: Timestamp,
}

/// A message of a channel that can change it, all of whose incidents are over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    pub channel: String,
    pub cause: String,
    /// The title that it has.
    pub title: String,
    pub severity: Severity,
    /// What it told the beginning of, in the order in which it was told.
    pub incidents: Vec<Ended>,
}

/// One incident that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub title: String,
    pub since: Timestamp,
    pub until: Timestamp,
}

/// A summary that takes the place of what was held back.
#[derive(Clone, Debug)]
pub struct Release {
    pub channel: String,
    pub held: HeldBy,
    /// The newest line that it has; those after it wait for the next one.
    pub up_to: i64,
    /// The cause of the summary, by which what it tells is known to be told.
    pub cause: String,
    pub outgoing: Outgoing,
}

impl From<Vec<NewDelivery>> for Outgoing {
    fn from(deliveries: Vec<NewDelivery>) -> Self {
        Self { deliveries, ..Self::default() }
    }
}
