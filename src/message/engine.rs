//! How the engines are, as facts.

use schemars::JsonSchema;
use serde::Serialize;

use super::clean;
use crate::snapshot::Snapshot;

/// One engine; what it did not say is absent. Memory is in MB.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EngineLine {
    pub host: String,
    pub saturated: Option<bool>,
    pub memory_free: Option<u64>,
    /// Percent.
    pub cpu: Option<u64>,
    pub users_active: Option<u64>,
    /// Why it was not seen.
    pub why: Option<String>,
}

/// The engines of a snapshot that were asked.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "they are no less than 0")]
pub(super) fn lines(snapshot: &Snapshot) -> Vec<EngineLine> {
    let line = |engine: &crate::snapshot::Engine| {
        let health = engine.health.as_ref().ok();
        let whole = |number: Option<f64>| number.map(|number| number as u64);
        EngineLine {
            host: clean(&engine.host),
            saturated: health.and_then(|health| health.saturated),
            memory_free: whole(health.and_then(|health| health.memory_free)),
            cpu: whole(health.and_then(|health| health.cpu)),
            users_active: health.and_then(|health| health.users_active),
            why: engine.health.as_ref().err().map(|why| clean(&why.what)),
        }
    };
    snapshot.engines().iter().map(line).collect()
}
