//! That everything is over which a message told the beginning of: said in that message's own place.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Facts, Kind, Message, Moment, Reason, Severity};

/// One incident that is over.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Closed {
    /// The title that told its beginning.
    pub title: String,
    pub since: Moment,
    pub until: Moment,
    pub lasted: String,
}

/// `title` is the one of the message whose incidents these are.
pub fn closed(title: String, severity: Severity, incidents: Vec<Closed>, at: Moment) -> Message {
    Message {
        kind: Kind::Resolved,
        severity,
        reason: Reason::Event,
        site: None,
        source: None,
        at,
        facts: Facts::Closed { title, incidents },
        people: Vec::new(),
        chart: None,
    }
}
