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

/// Waits until each is delivered, given up, or has failed once. Says what came of each.
pub(super) async fn see_through(rooms: &Rooms, ids: &[DeliveryId]) -> Result<Exit, Failure> {
    let lock = match rooms.store.lock() {
        Ok(lock) => Some(lock),
        Err(StoreError::Held(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let begun = rooms.clock.now();
    loop {
        if lock.is_some() {
            rooms.courier.deliver_only(ids).await?;
        }
        let now = rooms.clock.now();
        let waited = now.duration_since(begun);
        let mut open = false;
        for id in ids {
            if let Some(delivery) = rooms.store.delivery(*id).await? {
                let failed = delivery.last_error.is_some();
                let soon = delivery.due.duration_since(now) <= SOON && waited <= SOON;
                open |= delivery.state == DeliveryState::Pending && (!failed || soon);
            }
        }
        if !open || waited > PATIENCE {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    let mut exit = Exit::Done;
    for id in ids {
        if let Some(delivery) = rooms.store.delivery(*id).await?
            && !told(&delivery, lock.is_some())
        {
            exit = Exit::Failed;
        }
    }
    Ok(exit)
}

/// Says what came of one delivery. True when it was taken.
fn told(delivery: &Delivery, alone: bool) -> bool {
    let to = if delivery.recipient.is_empty() {
        format!("`{}`", delivery.channel)
    } else {
        format!("`{}` ({})", delivery.channel, output::shown(&delivery.recipient))
    };
    let why = output::shown(delivery.last_error.as_deref().unwrap_or("nobody has sent it yet"));
    match delivery.state {
        DeliveryState::Delivered => {
            output::say(&format!("{to} took it."));
            return true;
        }
        DeliveryState::Pending if alone => output::complain(&format!(
            "{to} did not take it: {why}. It waits in the outbox as {} until `headcount run` sends it",
            delivery.id.0
        )),
        DeliveryState::Pending => {
            output::complain(&format!(
                "{to} has not taken it yet: {why}. The daemon goes on trying; it is {} in the outbox",
                delivery.id.0
            ));
        }
        DeliveryState::GivenUp | DeliveryState::Dropped => output::complain(&format!("{to} did not take it: {why}")),
    }
    false
}
