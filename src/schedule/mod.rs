//! Says when a schedule comes due.
//!
//! [`Cron`] thinks: an expression in a time zone, its slots, the newest one missed. [`Window`] and [`Maintenance`] think: hours of days, and windows
//! that begin by a schedule. `ticker` touches: one tick a second, UTC.
//! What was dealt with last is the store's to know; what a slot is for is the daemon's.

mod cron;
mod maintenance;
mod ticker;
mod window;

pub use cron::{Cron, CronError};
pub use maintenance::Maintenance;
pub use ticker::{Ticker, TickerError};
pub use window::{Stretch, Window, WindowError};
