//! Changes what was posted about incidents that are all over by now, so that it says so in its own place.
//!
//! Looks at what is so rather than at what has just become so: whatever ended an incident, its rule's taking away too, and whenever
//! headcount was not running meanwhile, the message is changed once.

use super::Rooms;
use crate::message::{self, Moment};
use crate::outbox::{Addressed, NewDelivery, Thread, address, closing_cause};
use crate::store::StoreError;

/// Promises the changes. True where anything was put into the outbox.
pub async fn closings(rooms: &Rooms) -> Result<bool, StoreError> {
    let mut promised = false;
    for place in rooms.channels.values().filter(|place| place.policy.threads) {
        let channel = &place.channel;
        for over in rooms.store.over(&channel.name).await? {
            let now = rooms.clock.now();
            let moment = |at| Moment::new(at, &rooms.zone);
            let closed = over.incidents.iter().map(|one| {
                let lasted = message::lasting(one.until.duration_since(one.since));
                message::Closed { title: one.title.clone(), since: moment(one.since), until: moment(one.until), lasted }
            });
            let message = message::closed(over.title.clone(), over.severity, closed.collect(), moment(now));
            let (kind, cause) = (message.kind, closing_cause(&over.cause));
            let about = Addressed { cause: &cause, follows: Some(&over.cause), kind, urgent: false };
            let deliveries: Vec<_> = address(&channel.format(&message, &rooms.engine), channel, &about)
                .into_iter()
                .map(|new| NewDelivery { thread: Some(Thread::Edit), ..new })
                .collect();
            promised |= !rooms.store.close_message(&over, &deliveries, now).await?.is_empty();
        }
    }
    if promised {
        rooms.courier.wake();
    }
    Ok(promised)
}
