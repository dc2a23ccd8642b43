//! Brings what was promised to its channel.
//!
//! `delivery` and `backoff` think: what a try's outcome means, and when to try again. `courier` touches: it claims what is
//! due, sends it, and records what came of it. A delivery is pending, claimed for a while, and then delivered, pending again,
//! or given up; it is never lost in between, since a claim runs out.
//! Composes nothing, and knows no vendor.

mod address;
mod backoff;
mod courier;
mod delivery;

pub use address::{Addressed, address, message_id};
pub use courier::{Courier, Route};
pub use delivery::{Attempt, Claimed, Delivery, DeliveryId, DeliveryState, Lane, NewDelivery, Settled, settle};
