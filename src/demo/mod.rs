//! Plays the other side of the wire: a make-believe Qlik Sense site, and inboxes for what headcount sends.
//!
//! Takes what should be true of the outside (who is connected, what is broken). Gives real sockets on loopback that speak the
//! real protocols, refuse what the real ones refuse, and remember what they were asked.
//! Knows none of headcount's other rooms, so that a mistake there cannot agree with a mistake here.
//! Never listens anywhere but on 127.0.0.1, and ends its tasks when it is dropped.

pub mod certificates;
pub mod inbox;
pub mod month;
pub mod page;
pub mod site;
pub mod story;
mod wire;
