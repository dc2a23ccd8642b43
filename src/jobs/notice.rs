//! What somebody asked to be told: a test, or who is on.

use std::sync::Arc;

use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::{Rooms, Site, discovery, names};
use crate::message::{self, Kind, Occasion};
use crate::outbox::{Addressed, DeliveryId};
use crate::qlik::Qlik;
use crate::snapshot::Snapshot;
use crate::store::StoreError;

/// Puts a test of one channel into the outbox, ahead of its queue.
pub async fn test(rooms: &Rooms, channel: &Arc<str>) -> Result<Vec<DeliveryId>, StoreError> {
    let now = rooms.clock.now();
    let message = message::test(channel, now, &rooms.zone);
    let cause = format!("test:{channel}:{}", once(now));
    let about = Addressed { cause: &cause, follows: None, kind: Kind::Test, urgent: true };
    let deliveries = rooms.deliveries(&message, [channel], &about, |_| true);
    rooms.store.enqueue(&deliveries, now).await
}

/// Puts who is on a site now into the outbox, for some channels. Gives what was seen, too.
pub async fn announce(
    rooms: &Rooms,
    site: &Site,
    qlik: &Qlik,
    tell: &[Arc<str>],
    occasion: &Occasion,
) -> Result<(Snapshot, Vec<DeliveryId>), StoreError> {
    let now = rooms.clock.now();
    let snapshot = discovery::look(&rooms.store, &site.name, qlik, now).await?;
    let names = names(&rooms.store, &snapshot).await?;
    let mut message = message::who(&snapshot, occasion, None, site.link.as_deref(), &names, (now, &rooms.zone));
    rooms.note_pseudonyms(std::slice::from_mut(&mut message)).await?;
    let cause = format!("announce:{}:{}", site.name, once(now));
    let about = Addressed { cause: &cause, follows: None, kind: Kind::Who, urgent: false };
    let deliveries = rooms.deliveries(&message, tell, &about, |_| true);
    let ids = rooms.store.enqueue(&deliveries, now).await?;
    Ok((snapshot, ids))
}

/// A name for something that somebody asked for: asking twice is meant twice.
pub(super) fn once(now: Timestamp) -> String {
    let mut bytes = [0_u8; 4];
    // Without randomness the time alone must do; two askers in one millisecond would then be one.
    let _ = SystemRandom::new().fill(&mut bytes);
    format!("{now}:{:08x}", u32::from_le_bytes(bytes))
}
