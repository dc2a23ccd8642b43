//! Say who is on at this moment, or look back and say how it was.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::join_all;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::notice::once;
use super::{Before, Digest, Report, ReportKind, Rooms, Site, discovery, look_back};
use crate::history::{Period, Span};
use crate::message::{self, Kind, KnownNames, Message, Occasion};
use crate::outbox::{Addressed, DeliveryId, NewDelivery};
use crate::qlik::{Qlik, TlsError};
use crate::schedule::Cron;
use crate::snapshot::{Snapshot, User};
use crate::store::{Slot, Store, StoreError};

/// The most missed reports that are counted.
const COUNTED: usize = 10_000;

/// A report, with its sites ready to be asked.
pub struct ReportJob {
    pub name: String,
    pub kind: ReportKind,
    pub sites: Vec<(Arc<Site>, Qlik)>,
    pub tell: Vec<Arc<str>>,
    pub cron: Cron,
    pub before: Option<Before>,
}

impl ReportJob {
    pub fn new(report: &Report) -> Result<Self, TlsError> {
        let sites = match report.kind {
            ReportKind::Who => {
                report.sites.iter().map(|site| Ok((site.clone(), Qlik::new(&site.qlik)?))).collect::<Result<_, _>>()?
            }
            // It looks into the store alone.
            ReportKind::Digest(_) => Vec::new(),
        };
        let (name, kind, tell) = (report.name.clone(), report.kind.clone(), report.tell.clone());
        Ok(Self { name, kind, sites, tell, cron: report.cron.clone(), before: report.before.clone() })
    }

    fn zone(&self) -> &TimeZone {
        self.cron.zone()
    }
}

/// Tells a report for a slot that came due. False where someone else did.
pub async fn report(rooms: &Rooms, job: &ReportJob, slot: &Slot) -> Result<bool, StoreError> {
    let deliveries = match &job.kind {
        ReportKind::Who => who(rooms, job, slot).await?,
        ReportKind::Digest(digest) => {
            let Some(deliveries) = digested(rooms, job, digest, slot).await? else {
                tracing::info!(report = job.name, "no whole period has passed since the last one");
                return rooms.store.pass_over(slot).await;
            };
            deliveries
        }
    };
    let desk = rooms.desk.lock().await;
    let outgoing = rooms.scheduled(deliveries).await?;
    let ours = rooms.store.record_report(slot, &outgoing, rooms.clock.now()).await?;
    drop(desk);
    tracing::info!(report = job.name, deliveries = outgoing.deliveries.len(), "report");
    rooms.courier.wake();
    Ok(ours)
}

async fn who(rooms: &Rooms, job: &ReportJob, slot: &Slot) -> Result<Vec<NewDelivery>, StoreError> {
    let now = rooms.clock.now();
    let looks = job.sites.iter().map(|(site, qlik)| discovery::look(&rooms.store, &site.name, qlik, now));
    let snapshots = join_all(looks).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let told = rooms.store.report_told(&slot.schedule, now).await?;
    let missed: Vec<Timestamp> = job.cron.between(told.last(), slot.slot).take(COUNTED).collect();
    let mut deliveries = Vec::new();
    for ((site, _), snapshot) in job.sites.iter().zip(&snapshots) {
        let names = names(&rooms.store, snapshot).await?;
        let occasion = match &job.before {
            None => Occasion::Scheduled { due: slot.slot, missed: missed.clone() },
            Some(Before { maintenance, lead }) => {
                let begins = slot.slot.checked_add(*lead).unwrap_or(slot.slot);
                Occasion::Before { due: slot.slot, missed: missed.clone(), maintenance: maintenance.clone(), begins }
            }
        };
        let link = site.link.as_deref();
        let mut message = message::who(snapshot, &occasion, Some(&job.name), link, &names, (now, job.zone()));
        rooms.note_pseudonyms(std::slice::from_mut(&mut message)).await?;
        let cause = format!("report:{}:{}:{}", job.name, slot.slot, site.name);
        let about = Addressed { cause: &cause, follows: None, kind: Kind::Who, urgent: false };
        deliveries.extend(rooms.deliveries(&message, &job.tell, &about, |_| true));
    }
    Ok(deliveries)
}

/// Who is on a site at this moment, as a report that somebody asked for. Also whether all of it was seen.
pub async fn who_now(rooms: &Rooms, report: &Report, site: &Site, qlik: &Qlik) -> Result<(Message, bool), StoreError> {
    let now = rooms.clock.now();
    let snapshot = discovery::look(&rooms.store, &site.name, qlik, now).await?;
    let names = names(&rooms.store, &snapshot).await?;
    let occasion = Occasion::Asked { planned: None, because: None };
    let at = (now, report.cron.zone());
    let message = message::who(&snapshot, &occasion, Some(&report.name), site.link.as_deref(), &names, at);
    Ok((message, snapshot.coverage().is_full()))
}

/// Puts a report that somebody asked for into the outbox: asking twice is meant twice.
pub async fn send_report(
    rooms: &Rooms,
    report: &Report,
    messages: &mut [Message],
) -> Result<Vec<DeliveryId>, StoreError> {
    let now = rooms.clock.now();
    rooms.note_pseudonyms(messages).await?;
    let mut deliveries = Vec::new();
    for message in messages {
        let cause = format!("report:{}:asked:{}", report.name, once(now));
        let about = Addressed { cause: &cause, follows: None, kind: message.kind, urgent: false };
        deliveries.extend(rooms.deliveries(message, &report.tell, &about, |_| true));
    }
    rooms.store.enqueue(&deliveries, now).await
}

/// Every whole period since the last one that was told; none where there is none.
async fn digested(
    rooms: &Rooms,
    job: &ReportJob,
    digest: &Digest,
    slot: &Slot,
) -> Result<Option<Vec<NewDelivery>>, StoreError> {
    let (now, zone) = (rooms.clock.now(), job.zone());
    let told = rooms.store.report_told(&slot.schedule, now).await?;
    let span = match (Span::whole_between(digest.period, told.last(), slot.slot, zone), told.told) {
        (Some(span), _) => span.newest(most(digest.period)),
        // A report that is new has something to tell.
        (None, None) => Span::last_before(digest.period, slot.slot, zone),
        (None, Some(_)) => return Ok(None),
    };
    let missed = job.cron.between(told.last(), slot.slot).take(COUNTED).collect();
    let named = (job.name.as_str(), digest);
    let mut message = look_back(&rooms.store, named, span, Some(slot.slot), missed, (now, zone)).await?;
    rooms.note_pseudonyms(std::slice::from_mut(&mut message)).await?;
    let cause = format!("report:{}:{}..{}", job.name, span.first, span.last_day());
    let about = Addressed { cause: &cause, follows: None, kind: Kind::Digest, urgent: false };
    Ok(Some(rooms.deliveries(&message, &job.tell, &about, |_| true)))
}

/// How many periods one digest tells at most, after headcount was away for long.
fn most(period: Period) -> usize {
    match period {
        Period::Day => 31,
        Period::Week | Period::Month => 12,
    }
}

/// What the store knows of people: what they are called whom the site did not name, and since when they are on.
pub async fn names(store: &Store, snapshot: &Snapshot) -> Result<KnownNames, StoreError> {
    let mut names = KnownNames::default();
    let mut on = HashMap::new();
    for (_, session) in snapshot.sessions() {
        let user = &session.user;
        if !user.is_anonymous() {
            let known: &mut &User = on.entry(user.folded()).or_insert(user);
            if known.name.is_none() {
                *known = user;
            }
        }
    }
    let on: Vec<_> = on.into_values().collect();
    let nameless: Vec<_> = on.iter().copied().filter(|user| user.name.is_none()).collect();
    for (user, name) in store.names_of(&nameless).await? {
        names.add(user, name);
    }
    for (user, since, at_least) in store.since(snapshot.site(), &on, snapshot.at()).await? {
        names.add_since(user, since, at_least);
    }
    Ok(names)
}
