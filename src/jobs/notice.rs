//! What somebody asked to be told: a test, or who is on.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::accounts::addresses;
use super::{Rooms, Site, discovery, names};
use crate::channels::Channel;
use crate::message::{self, Kind, Occasion};
use crate::outbox::{self, Addressed, DeliveryId, Letter, NewDelivery, Restarting};
use crate::qlik::Qlik;
use crate::render::Engine;
use crate::snapshot::{Snapshot, Unseen};
use crate::store::{Store, StoreError};

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

/// What is written to whom, and why that is not known of all of them, if it is not.
pub struct Letters {
    pub letters: Vec<Letter>,
    pub trouble: Option<Unseen>,
}

/// To whom of those who are on a channel may write of a restart, and has not yet. With `keep` their addresses are remembered.
pub async fn letters(
    store: Option<&Store>,
    qlik: &Qlik,
    snapshot: &Snapshot,
    channel: &Channel,
    restarting: &Restarting<'_>,
    keep: bool,
    now: Timestamp,
) -> Result<Letters, StoreError> {
    let addresses = addresses(store, qlik, snapshot, keep, now).await?;
    let people = message::people(snapshot.sessions(), &addresses.names);
    let mut letters = outbox::letters(
        people,
        restarting,
        // Without a store nothing is written, and nobody was written to.
        |person| store.map(|store| store.mark_of(&person.directory, &person.id)).unwrap_or_default(),
        |who| addresses.of.get(who).cloned(),
        |address| channel.may_write_to(address),
    );
    if let Some(store) = store {
        let causes: Vec<_> = letters.iter().map(|letter| letter.cause.clone()).collect();
        outbox::not_again(&mut letters, &store.told_causes(&causes).await?);
    }
    Ok(Letters { letters, trouble: addresses.trouble })
}

/// One mail for each of them who is written to, in words for nobody else.
pub fn mail_people(
    letters: &[Letter],
    channel: &Channel,
    engine: &Engine,
    restarting: &Restarting<'_>,
    at: (Timestamp, &TimeZone),
) -> Vec<NewDelivery> {
    let written = letters.iter().filter_map(|letter| letter.to.as_ref().ok().map(|to| (letter, to)));
    let mail = |(letter, to): (&Letter, &String)| {
        let told = (restarting.planned, restarting.because);
        let message = message::log_out(restarting.site, &letter.person, told, at);
        let about = Addressed { cause: &letter.cause, follows: None, kind: Kind::Notice, urgent: false };
        outbox::address_to(&channel.format(&message, engine), channel, to, &about)
    };
    written.map(mail).collect()
}

/// A name for something that somebody asked for: asking twice is meant twice.
pub(super) fn once(now: Timestamp) -> String {
    let mut bytes = [0_u8; 4];
    // Without randomness the time alone must do; two askers in one millisecond would then be one.
    let _ = SystemRandom::new().fill(&mut bytes);
    format!("{now}:{:08x}", u32::from_le_bytes(bytes))
}
