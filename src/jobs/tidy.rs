//! Forget what is older than it may be kept.

use super::Rooms;
use crate::store::{Keep, Slot, StoreError};

/// Tidies the store for a slot that came due. False where someone else did.
pub async fn tidy(rooms: &Rooms, keep: &Keep, slot: &Slot) -> Result<bool, StoreError> {
    let tidied = rooms.store.tidy(keep, rooms.clock.now(), &rooms.zone).await?;
    tracing::info!(
        sessions = tidied.sessions,
        people = tidied.people,
        readings = tidied.readings,
        hours = tidied.hours,
        deliveries = tidied.deliveries,
        "tidied the store"
    );
    rooms.store.pass_over(slot).await
}
