//! Watches the machine under headcount: whether it slept, and whether its clock was set ahead.

use jiff::{SignedDuration, Timestamp};

use super::Rooms;
use crate::judge::{Life, LifeTurn};
use crate::store::StoreError;

/// What is shorter makes nothing stale.
const SHORT: SignedDuration = SignedDuration::from_secs(30);

/// What the clocks showed when it was last looked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lookout {
    last: Option<(Timestamp, SignedDuration, SignedDuration)>,
}

/// Notes what befell the machine since it was last looked.
pub async fn lookout(rooms: &Rooms, watch: &mut Lookout) -> Result<(), StoreError> {
    let (now, up, slept) = (rooms.clock.now(), rooms.clock.up(), rooms.clock.slept());
    let Some((then, up_then, slept_then)) = watch.last.replace((now, up, slept)) else { return Ok(()) };
    let length = slept - slept_then;
    if length > SHORT {
        tracing::warn!("the machine was asleep for {}", crate::duration::show(length));
        rooms.store.note_life(&Life { at: now, turn: LifeTurn::Slept { length } }).await?;
    }
    let ahead = now.duration_since(then) - (up - up_then);
    if ahead > SHORT {
        tracing::warn!("the clock was set ahead by {}", crate::duration::show(ahead));
        rooms.store.note_life(&Life { at: now, turn: LifeTurn::ClockSet { ahead } }).await?;
    }
    Ok(())
}
