//! Brings what was promised to its channel.
//!
//! `policy` and `desk` think: who is told now, later, or not at all. `delivery` and `backoff` think: what a try's outcome
//! means, and when to try again. `courier` touches: it claims what is
//! due, sends it, and records what came of it. A delivery is pending, claimed for a while, and then delivered, pending again,
//! or given up; it is never lost in between, since a claim runs out.
//! Composes nothing, and knows no vendor.

mod address;
mod backoff;
mod courier;
mod delivery;
mod desk;
mod disguise;
mod letters;
mod outgoing;
mod policy;

pub use address::{Addressed, address, address_to, message_id};
pub use courier::{Courier, Route};
pub use delivery::{
    Attempt, Claimed, Delivery, DeliveryId, DeliveryState, Lane, NewDelivery, Pause, Settled, Sick, Use, settle,
};
pub use desk::{Books, Decided, News, NewsTurn, Thread, Told, decide};
pub use disguise::Disguise;
pub use letters::{Letter, Restarting, Unwritten, letters, not_again};
pub use outgoing::{Ended, Held, NewHeld, NewTold, Outgoing, Over, Release, SUMMARY, closing_cause};
pub use policy::{HeldBy, Hour, Policy, Sort};
