//! Lets go of what was held back: one summary for each channel whose quiet hours, or whose full hour, are over.

use jiff::{SignedDuration, Timestamp};

use super::{Place, Rooms};
use crate::message::{self, Entry, Kind, Moment, WhyHeld};
use crate::outbox::{Addressed, Held, HeldBy, Hour, NewHeld, Outgoing, Release, SUMMARY, address};
use crate::schedule::Stretch;
use crate::store::StoreError;

/// The most lines that a summary has; the rest is counted.
const LINES: usize = 40;
/// How long what was held back for a channel that is not configured any more is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Tells what waited long enough. True where anything was put into the outbox.
pub async fn release(rooms: &Rooms) -> Result<bool, StoreError> {
    let holding = rooms.store.holding().await?;
    if holding.is_empty() {
        return Ok(false);
    }
    let _desk = rooms.desk.lock().await;
    let now = rooms.clock.now();
    let hours = rooms.store.hours().await?;
    let mut released = false;
    for (channel, by, first) in holding {
        let hour = hours.get(&channel).copied();
        let Some(place) = rooms.channels.get(&channel) else {
            abandon(rooms, &channel, by, first, now).await?;
            continue;
        };
        if let Some(stretch) = place.policy.release(by, first, hour, now) {
            let held = rooms.store.held(&channel, by).await?;
            let release = summary(rooms, place, &held, by, stretch, hour, now);
            rooms.store.release(&release, now).await?;
            tracing::info!(channel, held = held.len(), "told what was held back ({})", by.word());
            released = true;
        }
    }
    if released {
        rooms.courier.wake();
    }
    Ok(released)
}

/// The summary of what was held back, and what is noted with it. Without lines, what was kept whole is let go of alone.
fn summary(
    rooms: &Rooms,
    place: &Place,
    held: &[Held],
    by: HeldBy,
    stretch: Stretch,
    hour: Option<Hour>,
    now: Timestamp,
) -> Release {
    let channel = place.channel.name.clone();
    let up_to = held.last().map_or(0, |held| held.id);
    let cause = format!("{SUMMARY}{channel}:{}:{up_to}", by.word());
    let entries = entries(rooms, held);
    let mut outgoing = Outgoing::default();
    if !entries.is_empty() {
        let moment = |at| Moment::new(at, &rooms.zone);
        let (from, to) = (moment(stretch.from), moment(stretch.to));
        let why = match by {
            HeldBy::Quiet => WhyHeld::Quiet { from, to },
            HeldBy::Cap => WhyHeld::Capped { per_hour: place.policy.cap.unwrap_or(0).into(), from, to },
        };
        let message = message::summary(why, held.len() as u64, entries, LINES, moment(now));
        let about = Addressed { cause: &cause, follows: None, kind: Kind::Summary, urgent: false };
        outgoing.deliveries = address(&place.channel.format(&message, &rooms.engine), &place.channel, &about);
        let hour = Hour::current(hour, now);
        outgoing.hours.push((channel.clone(), Hour { told: hour.told.saturating_add(1), ..hour }));
    }
    Release { channel, held: by, up_to, cause, outgoing }
}

/// One line for each incident that began, with when it was over, or that was still so, the last time; all else in its own line,
/// in order.
fn entries(rooms: &Rooms, held: &[Held]) -> Vec<Entry> {
    let begins = |kind| matches!(kind, Kind::Alert);
    let listed = |thread: Option<&str>, before: i64| {
        thread.is_some()
            && held
                .iter()
                .any(|held| held.id < before && begins(held.line.kind) && held.line.thread.as_deref() == thread)
    };
    let said_again = |line: &NewHeld, after: i64| {
        let same = |held: &&Held| held.line.thread.is_some() && held.line.thread == line.thread;
        line.kind == Kind::Repeat && held.iter().filter(same).any(|held| held.id > after)
    };
    held.iter()
        .filter(|held| !said_again(&held.line, held.id))
        // Its end, and that it was still so, are told in the line that tells its beginning.
        .filter(|held| begins(held.line.kind) || !listed(held.line.thread.as_deref(), held.id))
        .map(|held| Entry {
            at: Moment::new(held.line.at, &rooms.zone),
            kind: held.line.kind,
            severity: held.line.severity,
            site: held.line.site.clone(),
            source: held.line.source.clone(),
            title: held.line.title.clone(),
            closed: held.closed.filter(|_| begins(held.line.kind)).map(|at| Moment::new(at, &rooms.zone)),
        })
        .collect()
}

/// What was held back for a channel that nobody configured again is given up, aloud.
async fn abandon(
    rooms: &Rooms,
    channel: &str,
    held: HeldBy,
    first: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    if now.duration_since(first) < KEPT {
        return Ok(());
    }
    let lines = rooms.store.held(channel, held).await?;
    let up_to = lines.last().map_or(0, |held| held.id);
    let release =
        Release { channel: channel.to_owned(), held, up_to, cause: String::new(), outgoing: Outgoing::default() };
    rooms.store.release(&release, now).await?;
    tracing::error!(
        channel,
        lost = lines.len(),
        "given up what was held back for a channel that is not configured any more"
    );
    Ok(())
}
