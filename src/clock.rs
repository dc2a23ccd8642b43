//! Tells the time.
//!
//! Gives the present instant in whole milliseconds, the resolution that the store keeps.
//! The one place that asks the operating system; every other room is given `now`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's own clock.
    System,
    /// A clock that stands still until it is set; milliseconds since 1970. For tests.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that shows `start` until [`Clock::set`] is called.
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(start.as_millisecond())))
    }

    /// The present instant, in whole milliseconds.
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the place that the lint points to")]
            Self::System => whole_milliseconds(Timestamp::now().as_millisecond()),
            Self::Manual(ms) => whole_milliseconds(ms.load(Ordering::SeqCst)),
        }
    }

    /// Sets a manual clock; the system's clock is left alone.
    pub fn set(&self, to: Timestamp) {
        if let Self::Manual(ms) = self {
            ms.store(to.as_millisecond(), Ordering::SeqCst);
        }
    }
}

/// An instant from milliseconds since 1970, held inside what can be told as a date.
pub fn whole_milliseconds(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { Timestamp::MIN } else { Timestamp::MAX })
}
