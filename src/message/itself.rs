//! What headcount says of its channels: that one is down or well, that one still works, and what was held back from one.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Entry, Facts, Kind, Message, Moment, Notice, Reason, Severity, WhyHeld, clean, lasting};

/// What was held back, oldest first; entries beyond `most` are counted.
pub fn summary(why: WhyHeld, count: u64, mut entries: Vec<Entry>, most: usize, at: Moment) -> Message {
    let severity = entries.iter().map(|entry| entry.severity).max().unwrap_or(Severity::Info);
    let more = entries.len().saturating_sub(most) as u64;
    entries.truncate(most);
    of_itself(Kind::Summary, severity, Facts::Summary { why, count, entries, more }, at)
}

/// A channel takes nothing any more; so many messages wait for it.
pub fn channel_down(channel: &str, since: Timestamp, why: &str, waiting: u64, at: (Timestamp, &TimeZone)) -> Message {
    let (now, zone) = at;
    let since = Moment::new(since, zone);
    let notice = Notice::ChannelDown { channel: channel.to_owned(), since, why: clean(why), waiting };
    of_itself(Kind::Notice, Severity::Warning, Facts::Notice(notice), Moment::new(now, zone))
}

/// It takes messages again; so many go out now.
pub fn channel_well(channel: &str, since: Timestamp, waiting: u64, (now, zone): (Timestamp, &TimeZone)) -> Message {
    let lasted = lasting(now.duration_since(since));
    let notice = Notice::ChannelWell { channel: channel.to_owned(), since: Moment::new(since, zone), lasted, waiting };
    of_itself(Kind::Notice, Severity::Info, Facts::Notice(notice), Moment::new(now, zone))
}

/// Nothing has used a channel for so long; `first` where nothing ever has.
pub fn heartbeat(channel: &str, idle: SignedDuration, first: bool, (now, zone): (Timestamp, &TimeZone)) -> Message {
    let facts = Facts::Heartbeat { channel: channel.to_owned(), quiet_for: lasting(idle), first };
    of_itself(Kind::Heartbeat, Severity::Info, facts, Moment::new(now, zone))
}

fn of_itself(kind: Kind, severity: Severity, facts: Facts, at: Moment) -> Message {
    Message {
        kind,
        severity,
        reason: Reason::Event,
        site: None,
        source: None,
        at,
        facts,
        people: Vec::new(),
        chart: None,
    }
}
