//! An engine of a site, and how it is.

use std::sync::Arc;

use jiff::Timestamp;

use super::Unseen;

/// One node's engine, and what it said of itself, or why it was not seen.
#[derive(Clone, Debug)]
pub struct Engine {
    /// Its host, with the port when that is not the usual one.
    pub host: Arc<str>,
    pub health: Result<Health, Unseen>,
}

/// What an engine said of itself; what its version does not tell is absent. Memory is in MB.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    pub version: Option<String>,
    pub started: Option<Timestamp>,
    pub memory_committed: Option<f64>,
    pub memory_allocated: Option<f64>,
    pub memory_free: Option<f64>,
    pub memory_total: Option<f64>,
    /// Percent, of all cores together.
    pub cpu: Option<f64>,
    /// Sessions of the engine, which are not the proxy's: how many are used at this moment, and how many there are.
    pub sessions_active: Option<u64>,
    pub sessions_total: Option<u64>,
    pub users_active: Option<u64>,
    pub users_total: Option<u64>,
    /// CPU or memory has been used up by more than 90 %.
    pub saturated: Option<bool>,
}
