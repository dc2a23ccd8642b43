//! The message that tries a channel.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Facts, Kind, Message, Moment, Reason, Severity};

/// A test of one channel; whoever reads it is asked to say that it came.
pub fn test(channel: &str, now: Timestamp, zone: &TimeZone) -> Message {
    Message {
        kind: Kind::Test,
        severity: Severity::Info,
        reason: Reason::Asked { planned: None, because: None },
        site: None,
        source: None,
        at: Moment::new(now, zone),
        facts: Facts::Test { channel: channel.to_owned() },
        people: Vec::new(),
        chart: None,
    }
}
