//! Wait until a site is empty enough for a restart, and tell how it goes.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::notice::once;
use super::{Rooms, Site, discovery, names};
use crate::judge::{Drain, End, Step, Unchanged};
use crate::message::{self, Kind, Message, Person, RestartNews};
use crate::outbox::{Addressed, DeliveryId};
use crate::qlik::{Doubt, Qlik, TlsError};
use crate::snapshot::Snapshot;
use crate::store::StoreError;

/// One restart that is waited for.
pub struct Draining {
    site: Arc<Site>,
    qlik: Qlik,
    tell: Vec<Arc<str>>,
    because: Option<String>,
    drain: Drain,
    unchanged: Unchanged,
    /// When people's sessions began, as far as the store knew when the waiting began.
    known: Option<HashMap<String, Timestamp>>,
    /// What every message about it is named by.
    name: String,
    told: u32,
    last: Option<Snapshot>,
}

/// What one look came to.
pub struct Looked {
    pub snapshot: Snapshot,
    /// Who is on, each with since when their sessions are the same ones.
    pub people: Vec<Person>,
    /// Whether proxies may be there that no list names, so that whoever is on them was not seen.
    pub unlisted: bool,
    pub said: Option<Step>,
    pub ids: Vec<DeliveryId>,
    pub over: Option<End>,
}

impl Draining {
    pub fn new(
        site: Arc<Site>,
        tell: Vec<Arc<str>>,
        because: Option<String>,
        drain: Drain,
        now: Timestamp,
    ) -> Result<Self, TlsError> {
        let qlik = Qlik::new(&site.qlik)?;
        let name = format!("drain:{}:{}", site.name, once(now));
        let unchanged = Unchanged::default();
        Ok(Self { site, qlik, tell, because, drain, unchanged, known: None, name, told: 0, last: None })
    }

    pub fn qlik(&self) -> &Qlik {
        &self.qlik
    }

    pub fn deadline(&self) -> Timestamp {
        self.drain.deadline()
    }

    pub fn until(&self) -> u64 {
        self.drain.until()
    }

    pub fn next_look(&self, now: Timestamp, every: SignedDuration) -> Timestamp {
        self.drain.next_look(now, every)
    }

    /// Whether anybody was told that it is planned.
    pub fn is_announced(&self) -> bool {
        self.told > 0
    }

    /// How long a session of the site lasts that nobody uses, in minutes: the longest of its virtual proxies.
    pub fn idle(&self) -> Option<u32> {
        let known = self.qlik.known()?;
        known.topology.proxies.iter().flat_map(|proxy| &proxy.virtual_proxies).filter_map(|one| one.idle).max()
    }

    fn unlisted(&self) -> bool {
        self.qlik.doubts().iter().any(Doubt::is_of_proxies)
    }

    /// Looks who is on, and puts into the outbox what is to be told of it.
    pub async fn look(&mut self, rooms: &Rooms) -> Result<Looked, StoreError> {
        let snapshot = discovery::look_closely(&rooms.store, &self.site.name, &self.qlik, rooms.clock.now()).await?;
        if self.known.is_none() {
            let users: Vec<_> = snapshot.sessions().map(|(_, session)| &session.user).collect();
            self.known = Some(rooms.store.newest_sessions(&self.site.name, &users, snapshot.at()).await?);
        }
        self.unchanged.see(&snapshot, self.known.get_or_insert_default());
        let counts = snapshot.counts();
        // What was asked for is so at the end of the asking.
        let unlisted = self.unlisted();
        let all_seen = snapshot.coverage().is_full() && !unlisted;
        let (said, over) = self.drain.look(counts.users + counts.anonymous, all_seen, rooms.clock.now());
        let names = names(&rooms.store, &snapshot).await?;
        let mut people = message::people(snapshot.sessions(), &names);
        for person in &mut people {
            if let Some(since) = self.unchanged.since(&person.directory, &person.id) {
                // Only the store can know that nobody was there before.
                let at_least = names.since(person).is_none_or(|(_, at_least)| at_least);
                person.since = Some(message::Since { at: message::Moment::new(since, &rooms.zone), at_least });
            }
        }
        let ids = match said {
            Some(step) => self.tell(rooms, step, &snapshot, people.clone()).await?,
            None => Vec::new(),
        };
        self.last = Some(snapshot.clone());
        Ok(Looked { snapshot, people, unlisted, said, ids, over })
    }

    /// Says that nobody waits any more, to whoever was told that somebody does.
    pub async fn call_off(&mut self, rooms: &Rooms) -> Result<Vec<DeliveryId>, StoreError> {
        match (self.is_announced(), self.last.take()) {
            (true, Some(snapshot)) => self.tell(rooms, Step::CalledOff, &snapshot, Vec::new()).await,
            _ => Ok(Vec::new()),
        }
    }

    async fn tell(
        &mut self,
        rooms: &Rooms,
        step: Step,
        snapshot: &Snapshot,
        people: Vec<Person>,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        let news = RestartNews {
            step,
            planned: self.drain.deadline(),
            because: self.because.as_deref(),
            until: self.drain.until(),
            idle: self.idle(),
            unlisted: self.unlisted(),
        };
        let now = rooms.clock.now();
        let mut message: Message =
            message::restart(&news, snapshot, people, self.site.link.as_deref(), (now, &rooms.zone));
        rooms.note_pseudonyms(std::slice::from_mut(&mut message)).await?;
        let cause = format!("{}:{}", self.name, self.told);
        let first = format!("{}:0", self.name);
        self.told += 1;
        let about = Addressed { cause: &cause, follows: Some(&first), kind: Kind::Notice, urgent: false };
        let deliveries = rooms.deliveries(&message, &self.tell, &about, |_| true);
        rooms.store.enqueue(&deliveries, now).await
    }
}
