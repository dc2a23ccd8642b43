//! headcount tells who is on a client-managed Qlik Sense site.

pub mod channels;
pub mod clock;
pub mod judge;
pub mod message;
pub mod render;
pub mod secret;
pub mod snapshot;
