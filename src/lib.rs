//! headcount tells who is on a client-managed Qlik Sense site.

pub mod channels;
pub mod clean;
pub mod clock;
pub mod duration;
pub mod judge;
pub mod message;
pub mod outbox;
pub mod qlik;
pub mod render;
pub mod schedule;
pub mod secret;
pub mod snapshot;
pub mod store;
