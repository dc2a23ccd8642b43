//! Look at this moment, and say who is on.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::join_all;
use jiff::tz::TimeZone;

use super::{Report, Rooms, Site, discovery};
use crate::message::{self, Kind, KnownNames, Occasion};
use crate::outbox::Addressed;
use crate::qlik::{Qlik, TlsError};
use crate::snapshot::{Snapshot, User};
use crate::store::{Slot, Store, StoreError};

/// A report, with its sites ready to be asked.
pub struct ReportJob {
    pub name: String,
    pub sites: Vec<(Arc<Site>, Qlik)>,
    pub tell: Vec<Arc<str>>,
    pub zone: TimeZone,
}

impl ReportJob {
    pub fn new(report: &Report) -> Result<Self, TlsError> {
        let sites =
            report.sites.iter().map(|site| Ok((site.clone(), Qlik::new(&site.qlik)?))).collect::<Result<_, _>>()?;
        Ok(Self { name: report.name.clone(), sites, tell: report.tell.clone(), zone: report.cron.zone().clone() })
    }
}

/// Tells who is on now, for a slot that came due. False where someone else did.
pub async fn report(rooms: &Rooms, job: &ReportJob, slot: &Slot) -> Result<bool, StoreError> {
    let now = rooms.clock.now();
    let looks = job.sites.iter().map(|(site, qlik)| discovery::look(&rooms.store, &site.name, qlik, now));
    let snapshots = join_all(looks).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut deliveries = Vec::new();
    for ((site, _), snapshot) in job.sites.iter().zip(&snapshots) {
        let names = names(&rooms.store, snapshot).await?;
        let occasion = Occasion::Scheduled { due: slot.slot };
        let link = site.link.as_deref();
        let mut message = message::who(snapshot, &occasion, Some(&job.name), link, &names, (now, &job.zone));
        rooms.note_pseudonyms(std::slice::from_mut(&mut message)).await?;
        let cause = format!("report:{}:{}:{}", job.name, slot.slot, site.name);
        let about = Addressed { cause: &cause, follows: None, kind: Kind::Who, urgent: false };
        deliveries.extend(rooms.deliveries(&message, &job.tell, &about, |_| true));
    }
    let desk = rooms.desk.lock().await;
    let outgoing = rooms.scheduled(deliveries).await?;
    let ours = rooms.store.record_report(slot, &outgoing, now).await?;
    drop(desk);
    tracing::info!(report = job.name, deliveries = outgoing.deliveries.len(), "report");
    rooms.courier.wake();
    Ok(ours)
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
