//! Claims what is due, sends it, and records what came of it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::delivery::{Claimed, DeliveryId, Lane, Pause, Settled, settle};
use crate::channels::{Channel, ChannelKind, Parcel};
use crate::clock::Clock;
use crate::secret::Secret;
use crate::store::{Store, StoreError};

/// How long a claim lasts: longer than any send, which each channel ends within a minute.
const LEASE: SignedDuration = SignedDuration::from_secs(180);
/// How often the outbox is looked into without being woken: other commands put deliveries there too.
const LOOK: Duration = Duration::from_secs(1);

/// How many deliveries to one webhook or folder are sent one after the other and recorded together, and for how long at most:
/// as many may come twice where headcount dies meanwhile, and such receivers know what they have.
const RUN: u32 = 50;
const STRETCH: Duration = Duration::from_millis(200);

/// A pause that is worth a line in the log.
const LONG: SignedDuration = SignedDuration::from_mins(5);
/// How often strays are looked for, in seconds.
const STRAYS: i64 = 60;
/// How old a delivery to an unknown channel may grow.
const STRAY_AGE: SignedDuration = SignedDuration::from_hours(24);

/// A channel, and how patient to be with it.
pub struct Route {
    pub channel: Arc<Channel>,
    /// The least time between two messages.
    pub pace: Option<SignedDuration>,
    /// How old a delivery may grow.
    pub give_up: SignedDuration,
    /// Where it leads, secrets and all: whether that has changed is told by its hash.
    pub address: Vec<Secret>,
}

impl Route {
    /// Whether many may be sent in a row: nothing holds them back, and what comes twice is known by its id.
    fn takes_runs(&self) -> bool {
        self.pace.is_none() && matches!(self.channel.kind(), ChannelKind::Webhook | ChannelKind::File)
    }
}

/// Brings deliveries to their channels. Woken for speed, and looking by itself for truth.
pub struct Courier {
    store: Arc<Store>,
    clock: Clock,
    /// The state directory.
    state: PathBuf,
    routes: RwLock<HashMap<String, Arc<Route>>>,
    /// When each paced channel was last sent to.
    sent: Mutex<HashMap<String, Timestamp>>,
    /// When strays were looked for last, in seconds since 1970.
    strays: AtomicI64,
    wake: Notify,
    /// No further delivery is begun.
    stopping: AtomicBool,
}

impl Courier {
    pub fn new(store: Arc<Store>, clock: Clock, state: &Path, routes: impl IntoIterator<Item = Arc<Route>>) -> Self {
        let (state, routes) = (state.to_owned(), RwLock::new(by_name(routes)));
        Self {
            store,
            clock,
            state,
            routes,
            sent: Mutex::default(),
            strays: AtomicI64::new(i64::MIN / 2),
            wake: Notify::new(),
            stopping: AtomicBool::new(false),
        }
    }

    /// Takes other channels in the place of those it had; what is being sent is sent as it was begun.
    pub fn reroute(&self, routes: impl IntoIterator<Item = Arc<Route>>) {
        *self.routes.write().unwrap_or_else(PoisonError::into_inner) = by_name(routes);
        self.wake();
    }

    fn route(&self, channel: &str) -> Option<Arc<Route>> {
        self.routes.read().unwrap_or_else(PoisonError::into_inner).get(channel).cloned()
    }

    /// Says that something may be due.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Sends until told to stop; then lets sends in hand end, for as long as `grace`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken, grace: Duration) {
        let mut sending = JoinSet::new();
        let mut failing: Option<&'static str> = None;
        while !stop.is_cancelled() {
            // A claim that is let go of half way is released by the next start.
            let claimed = tokio::select! {
                () = stop.cancelled() => break,
                claimed = self.claim(None) => claimed,
            };
            match claimed {
                Ok(claimed) => {
                    failing = None;
                    for claimed in claimed {
                        sending.spawn(self.clone().deliver(claimed, true));
                    }
                }
                Err(error) if failing == Some(error.kind()) => {}
                Err(error) => {
                    failing = Some(error.kind());
                    tracing::error!(%error, "cannot look into the outbox; deliveries wait");
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                Some(_) = sending.join_next(), if !sending.is_empty() => {}
                () = self.wake.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        self.stopping.store(true, Ordering::Relaxed);
        let rest = async { while sending.join_next().await.is_some() {} };
        if tokio::time::timeout(grace, rest).await.is_err() {
            tracing::warn!(
                "stopped while a delivery was being sent; it is sent again after the next start, and may come twice"
            );
        }
    }

    /// One turn of the crank: sends what is due until nothing is. Gives how many tries were made.
    pub async fn deliver_due(self: &Arc<Self>) -> Result<usize, StoreError> {
        self.deliver_claims(None).await
    }

    /// Sends these deliveries and no others, once, if they are due.
    pub async fn deliver_only(self: &Arc<Self>, ids: &[DeliveryId]) -> Result<usize, StoreError> {
        self.deliver_claims(Some(ids)).await
    }

    async fn deliver_claims(self: &Arc<Self>, only: Option<&[DeliveryId]>) -> Result<usize, StoreError> {
        let mut tries = 0;
        loop {
            let claimed = self.claim(only).await?;
            if claimed.is_empty() {
                return Ok(tries);
            }
            tries += claimed.len();
            let mut sending = JoinSet::new();
            for claimed in claimed {
                sending.spawn(self.clone().deliver(claimed, only.is_none()));
            }
            while sending.join_next().await.is_some() {}
        }
    }

    async fn claim(&self, only: Option<&[DeliveryId]>) -> Result<Vec<Claimed>, StoreError> {
        let now = self.clock.now();
        if only.is_none() {
            self.give_up_strays(now).await?;
        }
        self.store.claim(now, LEASE, only, |lane| self.may_send(lane, now)).await
    }

    /// Gives up what was promised to a channel, or to a recipient of it, that is not configured any more, once it is old.
    async fn give_up_strays(&self, now: Timestamp) -> Result<(), StoreError> {
        let looked = self.strays.swap(now.as_second(), Ordering::Relaxed);
        if (0..STRAYS).contains(&(now.as_second() - looked)) {
            return Ok(());
        }
        for stray in self.store.lanes().await? {
            let route = self.route(&stray.channel);
            let fits = route.as_ref().is_some_and(|route| {
                route.channel.kind().word() == stray.form && route.channel.takes(&stray.recipient)
            });
            let give_up = route.map_or(STRAY_AGE, |route| route.give_up);
            if !fits && now.duration_since(stray.oldest) >= give_up {
                let deliveries = self.store.give_up_lane(&stray, now).await?;
                tracing::error!(
                    channel = stray.channel,
                    deliveries,
                    "given up deliveries to a channel or a recipient that is not configured any more; see `headcount outbox list`"
                );
            }
        }
        Ok(())
    }

    /// Whether a channel is known, and its pace lets it be sent to now; if so, it counts as sent to.
    fn may_send(&self, lane: &Lane, now: Timestamp) -> bool {
        let Some(route) = self.route(&lane.channel) else { return false };
        // What was made for Slack means nothing to Teams, and who was taken off a list gets nothing more.
        if route.channel.kind().word() != lane.form || !route.channel.takes(&lane.recipient) {
            return false;
        }
        let Some(pace) = route.pace else { return true };
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back must not silence a channel.
        let ready = sent.get(&lane.channel).is_none_or(|last| now.duration_since(*last) >= pace || now < *last);
        if ready {
            sent.insert(lane.channel.clone(), now);
        }
        ready
    }

    /// Records what came of tries. Where the store fails, it is asked again until the lease ends: the messages have left.
    async fn record(
        &self,
        done: &[(&Claimed, Settled, Timestamp)],
        untried: &[Claimed],
        lease: Timestamp,
    ) -> Result<usize, StoreError> {
        loop {
            match self.store.settle_run(done, untried).await {
                Err(error) if self.clock.now() < lease => {
                    let id = done.first().map(|(claimed, ..)| claimed.id.0);
                    tracing::warn!(delivery.id = id, %error, "cannot record the outcome of a delivery yet");
                    tokio::time::sleep(LOOK).await;
                }
                done => return done,
            }
        }
    }

    /// Notes where a channel led that is down, so that it is tried at once when it leads elsewhere.
    async fn note_address(&self, route: &Route, settled: &Settled) {
        if matches!(settled, Settled::Later { pause: Some(Pause::Down), .. }) {
            let hash = self.store.address_hash(&route.address);
            if let Err(error) = self.store.note_address(&route.channel.name, &hash).await {
                tracing::debug!(channel = route.channel.name, %error, "cannot note where the channel led");
            }
        }
    }

    /// Sends a delivery, and, `in_a_row`, those behind it as long as each is taken; then records all of it at once.
    async fn deliver(self: Arc<Self>, claimed: Claimed, in_a_row: bool) {
        let Some(route) = self.route(&claimed.channel) else { return };
        let mut run = vec![claimed];
        if in_a_row && route.takes_runs() {
            match self.store.claim_behind(&run[0], RUN - 1, self.clock.now(), LEASE).await {
                Ok(behind) => run.extend(behind),
                Err(error) => tracing::debug!(%error, "cannot look at what is behind a delivery; it is sent alone"),
            }
        }
        let begun = tokio::time::Instant::now();
        let mut done: Vec<(&Claimed, Settled, Timestamp)> = Vec::with_capacity(run.len());
        for claimed in &run {
            if !done.is_empty() && (begun.elapsed() >= STRETCH || self.stopping.load(Ordering::Relaxed)) {
                break;
            }
            let settled = self.attempt(&route, claimed).await;
            let now = self.clock.now();
            log(claimed, &settled, now);
            let taken = matches!(settled, Settled::Delivered { .. });
            done.push((claimed, settled, now));
            if !taken {
                break;
            }
        }
        let id = run[0].id.0;
        match self.record(&done, &run[done.len()..], run[0].lease).await {
            Ok(ours) => {
                if ours < done.len() {
                    tracing::warn!(delivery.id = id, "the lease had run out before the outcome was recorded");
                }
                if let Some((_, settled, _)) = done.last() {
                    self.note_address(&route, settled).await;
                }
            }
            Err(error) => tracing::error!(
                delivery.id = id, %error,
                "cannot record the outcome of a delivery; it is tried again when its lease has run out"
            ),
        }
    }

    /// One try at one delivery.
    async fn attempt(&self, route: &Route, claimed: &Claimed) -> Settled {
        let parcel = Parcel {
            body: &claimed.body,
            recipient: &claimed.recipient,
            message_id: &claimed.message_id,
            in_reply_to: claimed.in_reply_to.as_deref(),
            belongs: claimed.belongs(),
            now: self.clock.now(),
            state: &self.state,
        };
        let outcome = route.channel.send(parcel).await;
        settle(claimed, &outcome, route.give_up, self.clock.now())
    }
}

fn by_name(routes: impl IntoIterator<Item = Arc<Route>>) -> HashMap<String, Arc<Route>> {
    routes.into_iter().map(|route| (route.channel.name.clone(), route)).collect()
}

/// Says once what is news: a first failure, a channel that goes down, giving up, and coming through after failures.
fn log(claimed: &Claimed, settled: &Settled, now: Timestamp) {
    let (id, channel, attempt) = (claimed.id.0, claimed.channel.as_str(), claimed.attempt);
    match settled {
        Settled::Delivered { .. } if attempt > 1 => {
            tracing::info!(delivery.id = id, channel, attempt, "delivered at last");
        }
        Settled::Delivered { .. } => tracing::debug!(delivery.id = id, channel, attempt, "delivered"),
        Settled::Needless { why } => {
            tracing::info!(delivery.id = id, channel, attempt, why, "a message that is over was not changed to say so");
        }
        Settled::GivenUp { why, .. } => {
            tracing::error!(
                delivery.id = id,
                channel,
                attempt,
                why,
                "given up a delivery; see `headcount outbox list`"
            );
        }
        Settled::Degraded { why } => {
            tracing::warn!(
                delivery.id = id,
                channel,
                attempt,
                why,
                "refused; sending it once more in its plainer form"
            );
        }
        Settled::Later { pause: Some(Pause::Down), why, .. } if claimed.channel_failures == 0 => {
            tracing::error!(
                delivery.id = id,
                channel,
                why,
                "the channel is down; its messages are kept and tried again"
            );
        }
        Settled::Later { why, due, pause: Some(_), .. } if due.duration_since(now) > LONG => {
            tracing::warn!(delivery.id = id, channel, attempt, why, until = %due, "the channel asked for a long pause");
        }
        Settled::Later { why, .. } if attempt == 1 => {
            tracing::warn!(delivery.id = id, channel, attempt, why, "not delivered yet; trying again");
        }
        Settled::Later { why, .. } => {
            tracing::debug!(delivery.id = id, channel, attempt, why, "not delivered yet; trying again");
        }
    }
}
