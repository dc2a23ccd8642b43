//! Says when a schedule comes due.
//!
//! [`Cron`] thinks: an expression in a time zone, its slots, the newest one missed. [`Window`] thinks: hours of days. `ticker` touches: one tick a second, UTC.
//! What was dealt with last is the store's to know; what a slot is for is the daemon's.

mod cron;
mod ticker;
mod window;

pub use cron::{Cron, CronError};
pub use ticker::{Ticker, TickerError};
pub use window::{Stretch, Window, WindowError};
