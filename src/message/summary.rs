//! What was held back: over quiet hours, or because a channel had its fill.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Kind, Moment, Severity};

/// Why messages were held back.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "held", rename_all = "snake_case")]
pub enum WhyHeld {
    /// The channel had its quiet hours.
    Quiet { from: Moment, to: Moment },
    /// There were more than so many in an hour.
    Capped { per_hour: u64, from: Moment, to: Moment },
}

/// One message that was held back.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Entry {
    pub at: Moment,
    pub kind: Kind,
    pub severity: Severity,
    pub site: Option<String>,
    /// The rule or the report that it comes from.
    pub source: Option<String>,
    /// The title that it would have had.
    pub title: String,
    /// When it was over, where that is known.
    pub closed: Option<Moment>,
}
