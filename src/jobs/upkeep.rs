//! Looks after the channels: tells a fallback that one is down or well again, and gives a sign of life where nothing else does.

use jiff::Timestamp;

use super::{Place, Rooms};
use crate::message::{self, Kind, Message};
use crate::outbox::{Addressed, Hour, NewHeld, Outgoing, Sick, Sort, address};
use crate::store::StoreError;

/// Tells what has become of channels since it was last looked. True where anything was put into the outbox.
pub async fn upkeep(rooms: &Rooms) -> Result<bool, StoreError> {
    let told = fallbacks(rooms).await?;
    let alive = signs_of_life(rooms).await?;
    if told || alive {
        rooms.courier.wake();
    }
    Ok(told || alive)
}

async fn fallbacks(rooms: &Rooms) -> Result<bool, StoreError> {
    let mut told = false;
    for sick in rooms.store.sick().await? {
        // Down and told: nothing is news until it is well.
        if sick.told.is_some() && sick.well.is_none() {
            continue;
        }
        let policy = rooms.channels.get(&sick.channel).map(|place| &place.policy);
        let fallback = policy.and_then(|policy| policy.fallback.as_ref()).and_then(|name| rooms.channels.get(&**name));
        let Some(fallback) = fallback else {
            if sick.well.is_some() {
                rooms.store.tell_sick(&sick, &Outgoing::default(), rooms.clock.now()).await?;
            }
            continue;
        };
        let _desk = rooms.desk.lock().await;
        let now = rooms.clock.now();
        let outgoing = notice(rooms, fallback, &sick, now).await?;
        rooms.store.tell_sick(&sick, &outgoing, now).await?;
        told = true;
    }
    Ok(told)
}

/// That a channel is down or well, to its fallback: at once, or in the summary after its quiet hours.
async fn notice(rooms: &Rooms, fallback: &Place, sick: &Sick, now: Timestamp) -> Result<Outgoing, StoreError> {
    let Sick { channel, since, why, waiting, .. } = sick;
    let at = (now, &rooms.zone);
    let down = format!("down:{channel}:{since}");
    let (message, cause, follows) = match sick.well {
        None => (message::channel_down(channel, *since, why, *waiting, at), down, None),
        Some(_) => {
            (message::channel_well(channel, *since, *waiting, at), format!("well:{channel}:{since}"), Some(down))
        }
    };
    let name = &fallback.channel.name;
    let hour = Hour::current(rooms.store.hours().await?.get(name).copied(), now);
    let payload = fallback.channel.format(&message, &rooms.engine);
    let mut outgoing = Outgoing::default();
    if let Some(held) = fallback.policy.holds(Sort::Notice, hour, now) {
        let Message { kind, severity, .. } = message;
        let title = payload.title().to_owned();
        let channel = name.clone();
        let (site, source, thread) = (None, None, None);
        outgoing.held.push(NewHeld { channel, cause, held, at: now, kind, severity, site, source, title, thread });
    } else {
        let about = Addressed { cause: &cause, follows: follows.as_deref(), kind: Kind::Notice, urgent: false };
        outgoing.deliveries = address(&payload, &fallback.channel, &about);
        outgoing.hours.push((name.clone(), Hour { told: hour.told.saturating_add(1), ..hour }));
    }
    Ok(outgoing)
}

/// One short message to each channel that nothing has used for as long as it says.
async fn signs_of_life(rooms: &Rooms) -> Result<bool, StoreError> {
    if rooms.channels.values().all(|place| place.policy.keep_alive.is_none()) {
        return Ok(false);
    }
    let now = rooms.clock.now();
    let mut told = false;
    for channel in rooms.store.uses().await? {
        let Some(place) = rooms.channels.get(&channel.channel) else { continue };
        if !place.policy.is_forgotten(&channel, now) {
            continue;
        }
        let last = channel.last();
        let idle = now.duration_since(last);
        let message = message::heartbeat(&channel.channel, idle, channel.used.is_none(), (now, &rooms.zone));
        let cause = format!("heartbeat:{}:{last}", channel.channel);
        let about = Addressed { cause: &cause, follows: None, kind: Kind::Heartbeat, urgent: false };
        let deliveries = address(&place.channel.format(&message, &rooms.engine), &place.channel, &about);
        told |= !rooms.store.enqueue(&deliveries, now).await?.is_empty();
    }
    Ok(told)
}
