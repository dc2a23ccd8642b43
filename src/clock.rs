//! Tells the time.
//!
//! Gives the present instant in whole milliseconds, the resolution that the store keeps.
//! The one place that asks the operating system; every other room is given `now`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};

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

    /// How long the machine has been up, asleep or awake, whatever its clock was set to. A manual clock is never asleep.
    pub fn up(&self) -> SignedDuration {
        match self {
            Self::System => since_boot(ClockId::Boottime),
            Self::Manual(ms) => SignedDuration::from_millis(ms.load(Ordering::SeqCst)),
        }
    }

    /// How long the machine has slept since it was started.
    pub fn slept(&self) -> SignedDuration {
        match self {
            Self::System => since_boot(ClockId::Boottime) - since_boot(ClockId::Monotonic),
            Self::Manual(_) => SignedDuration::ZERO,
        }
    }

    /// A name for this start of the machine.
    pub fn boot(&self) -> Option<String> {
        match self {
            Self::System => {
                let id = std::fs::read("/proc/sys/kernel/random/boot_id").ok()?;
                Some(String::from_utf8(id).ok()?.trim().to_owned()).filter(|id| !id.is_empty())
            }
            Self::Manual(_) => None,
        }
    }

    /// Sets a manual clock; the system's clock is left alone.
    pub fn set(&self, to: Timestamp) {
        if let Self::Manual(ms) = self {
            ms.store(to.as_millisecond(), Ordering::SeqCst);
        }
    }
}

fn since_boot(clock: ClockId) -> SignedDuration {
    let time = clock_gettime(clock);
    SignedDuration::new(time.tv_sec, i32::try_from(time.tv_nsec).unwrap_or(0))
}

/// An instant from milliseconds since 1970, held inside what can be told as a date.
pub fn whole_milliseconds(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { Timestamp::MIN } else { Timestamp::MAX })
}
