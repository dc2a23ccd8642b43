//! Judge and record a poll of the past, which somebody else made. Nobody is told.

use jiff::{SignedDuration, Timestamp};

use super::Check;
use crate::judge;
use crate::outbox::Outgoing;
use crate::snapshot::Snapshot;
use crate::store::{Poll, Recorded, Slot, Store, StoreError};

/// A poll of the past, the one before it, and the time between polls that the schedule asked for.
pub struct PastPoll<'a> {
    pub snapshot: &'a Snapshot,
    pub previous: Option<Timestamp>,
    pub interval: SignedDuration,
}

/// Writes what a daemon would have written, had it made this poll.
pub async fn remember(store: &Store, check: &Check, poll: &PastPoll<'_>) -> Result<Recorded, StoreError> {
    let PastPoll { snapshot, previous, interval } = *poll;
    let (site, at) = (&check.site.name, snapshot.at());
    let schedule = check.schedule();
    let previous = match previous {
        Some(previous) => previous,
        None => store.last_slot(&schedule, at.checked_sub(interval).unwrap_or(Timestamp::MIN)).await?,
    };
    let looks_back = check.rules.iter().filter_map(|rule| rule.kind.looks_back()).max();
    let past = store.past(site, at, looks_back, interval).await?;
    let counts = snapshot.counts();
    let judgement = judge::judge(&check.rules, snapshot, counts, &past);
    let slot = Slot { schedule, previous, slot: at };
    let (judgement, rules, outgoing) = (&judgement, &check.rules, &Outgoing::default());
    store.record(&Poll { snapshot, counts, rules, judgement, outgoing, slot: &slot, interval }).await
}
