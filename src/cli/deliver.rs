//! Seeing deliveries through that a command put into the outbox: by itself where no daemon runs, by watching where one does.

use std::time::Duration;

use jiff::SignedDuration;

use super::exit::{Exit, Failure};
use super::output;
use crate::jobs::Rooms;
use crate::outbox::{Delivery, DeliveryId, DeliveryState};
use crate::store::StoreError;

/// How long a command waits for its deliveries: longer than one send may take.
const PATIENCE: SignedDuration = SignedDuration::from_secs(75);
/// How long a failed try without a daemon may wait for the next one.
const SOON: SignedDuration = SignedDuration::from_secs(10);
const LOOK: Duration = Duration::from_millis(200);

/// What becomes of a delivery that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsent {
    /// It stays in the outbox.
    Waits,
    /// It is dropped: a test that comes tomorrow, when nobody looks for it any more, would only puzzle.
    Dropped,
}

/// What came of one delivery.
pub(super) struct Came {
    pub(super) id: DeliveryId,
    pub(super) taken: bool,
    /// Whether it is still to be sent.
    pub(super) waits: bool,
    /// Whether nobody else sends it: no daemon holds the lock.
    pub(super) alone: bool,
    pub(super) channel: String,
    pub(super) said: String,
}

/// Waits until each is delivered, given up, or has failed once. Says what came of each.
pub(super) async fn see_through(rooms: &Rooms, ids: &[DeliveryId], unsent: Unsent) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    for came in settle(rooms, ids, unsent).await? {
        if came.taken {
            output::say(&came.said);
        } else {
            output::complain(&came.said);
            exit = Exit::Failed;
        }
    }
    Ok(exit)
}

/// The same, said by the caller.
pub(super) async fn settle(rooms: &Rooms, ids: &[DeliveryId], unsent: Unsent) -> Result<Vec<Came>, Failure> {
    let begun = rooms.clock.now();
    let mut lock = None;
    loop {
        // Asked for again each time: who holds it may be another command, and end before it has sent this.
        if lock.is_none() {
            lock = match rooms.store.lock() {
                Ok(lock) => Some(lock),
                Err(StoreError::Held(_)) => None,
                Err(error) => return Err(error.into()),
            };
        }
        if lock.is_some() {
            rooms.courier.deliver_only(ids).await?;
        }
        let now = rooms.clock.now();
        let waited = now.duration_since(begun);
        let mut open = false;
        for id in ids {
            if let Some(delivery) = rooms.store.delivery(*id).await? {
                let waits = delivery.channel_waits.as_ref().map(|(until, _)| *until).filter(|until| *until > now);
                // A test goes ahead of what waits, where a daemon sends it; nothing else does.
                let held = waits.is_some() && (lock.is_some() || unsent == Unsent::Waits);
                let failed = delivery.last_error.is_some() || held;
                let due = waits.map_or(delivery.due, |until| delivery.due.max(until));
                let soon = due.duration_since(now) <= SOON && waited <= SOON;
                open |= delivery.state == DeliveryState::Pending && (!failed || soon);
            }
        }
        if !open || waited > PATIENCE {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    let mut all = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(delivery) = rooms.store.delivery(*id).await? {
            let waits = delivery.state == DeliveryState::Pending;
            let (taken, said) = told(&delivery, lock.is_some(), unsent);
            if unsent == Unsent::Dropped && waits {
                rooms.store.drop_delivery(*id, rooms.clock.now()).await?;
            }
            let (alone, channel) = (lock.is_some(), delivery.channel.clone());
            all.push(Came { id: *id, taken, waits, alone, channel, said });
        }
    }
    Ok(all)
}

/// Whether it was taken, and what to say of it.
fn told(delivery: &Delivery, alone: bool, unsent: Unsent) -> (bool, String) {
    let to = if delivery.recipient.is_empty() {
        format!("`{}`", delivery.channel)
    } else {
        format!("`{}` ({})", delivery.channel, output::shown(&delivery.recipient))
    };
    let why = match (&delivery.last_error, &delivery.channel_waits) {
        (Some(error), _) => output::shown(error),
        (None, Some((_, why))) => format!("the channel is left alone for a while, since {}", output::shown(why)),
        (None, None) => "nobody has sent it yet".to_owned(),
    };
    let said = match delivery.state {
        DeliveryState::Delivered => format!("{to} took it."),
        DeliveryState::Pending if unsent == Unsent::Dropped => {
            format!("{to} did not take it: {why}. It is not tried again")
        }
        DeliveryState::Pending if alone => format!(
            "{to} did not take it: {why}. It waits in the outbox as {} until `headcount run` sends it",
            delivery.id.0
        ),
        DeliveryState::Pending => format!(
            "{to} has not taken it yet: {why}. The daemon goes on trying; it is {} in the outbox",
            delivery.id.0
        ),
        DeliveryState::GivenUp | DeliveryState::Dropped => format!("{to} did not take it: {why}"),
    };
    (delivery.state == DeliveryState::Delivered, said)
}
