//! headcount tells who is on a client-managed Qlik Sense site.

pub mod schedule;
pub mod jobs;
pub mod qlik;
pub mod snapshot;
pub mod judge;
pub mod message;
pub mod render;
pub mod channels;
pub mod outbox;
pub mod store;

pub mod cli;
pub mod config;
pub mod daemon;

pub mod clean;
pub mod clock;
pub mod duration;
pub mod secret;
pub mod telemetry;
