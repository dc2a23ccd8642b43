//! headcount tells who is on a client-managed Qlik Sense site.

pub mod channels;
pub mod jobs;
pub mod judge;
pub mod message;
pub mod outbox;
pub mod qlik;
pub mod render;
pub mod schedule;
pub mod snapshot;
pub mod store;

pub mod cli;
pub mod config;
pub mod daemon;

#[cfg(feature = "demo")]
pub mod demo;

pub mod clean;
pub mod clock;
pub mod duration;
mod hex;
pub mod secret;
pub mod telemetry;
