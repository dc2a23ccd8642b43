//! The bot as a value: start, a turn of the crank, stop in order.
//!
//! Takes a configuration. Holds the store's lock, the schedules and the courier.
//! Each tick it asks every schedule whether a slot has come due, and lets the job for it run; a check never overlaps itself.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::config::{ChannelSpec, Config};
use crate::jobs::{self, Lookout, Place, Pulse, ReportJob, Rooms, Watch};
use crate::judge::{Away, Life, LifeTurn, Severity};
use crate::outbox::{Courier, Route};
use crate::qlik::TlsError;
use crate::render::{Engine, TemplateError};
use crate::schedule::{Cron, CronError, Ticker, TickerError};
use crate::store::{Keep, Recorded, Slot, Store, StoreError, StoreLock};

/// How old a check's slot may be and still be polled for: what was so then is not what is so now.
const FRESH: SignedDuration = SignedDuration::from_secs(5);
/// How far ahead of the clock a last slot may be before the clock is taken to have been set back.
const SET_BACK: SignedDuration = SignedDuration::from_secs(60);
/// How long a schedule rests after the store failed it.
const REST: SignedDuration = SignedDuration::from_secs(10);
/// How long jobs and deliveries in hand may take to end; a stop is promised within 10 s.
const GRACE: Duration = Duration::from_secs(8);
/// How long the store may take to close after that.
const CLOSING: Duration = Duration::from_secs(1);
/// How often, and after how long, a start asks again for a lock that somebody holds.
const LOCK_TRIES: u32 = 10;
const LOCK_WAIT: Duration = Duration::from_millis(300);
/// When the store is tidied: a quiet hour, and no full one.
const TIDY: &str = "41 3 * * *";
/// The most missed slots that are counted.
const COUNTED: usize = 1_000;
/// How long it is known who was told of an incident that is over.
const TOLD_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Why the bot could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("site `{site}`: {source}")]
    Site { site: String, source: TlsError },
    #[error(transparent)]
    Ticker(#[from] TickerError),
    #[error(transparent)]
    Cron(#[from] CronError),
    #[error("`store` has changed, which takes a restart")]
    Moved,
    #[error("the courier, which sends what is due, ended in a panic: see the log, and report it")]
    Courier,
}

/// The running bot.
pub struct Daemon {
    rooms: Arc<Rooms>,
    schedules: Vec<Arc<Schedule>>,
    database: PathBuf,
    lookout: tokio::sync::Mutex<Lookout>,
    _lock: StoreLock,
}

/// One thing that is done by the clock.
struct Schedule {
    name: String,
    cron: Cron,
    work: Work,
    /// Shared with the schedule that it takes the place of after a reload, whose work may still go on.
    state: Arc<Mutex<ScheduleState>>,
}

struct ScheduleState {
    /// The last slot that was dealt with, as the store has it.
    last: Timestamp,
    /// The slot that is being worked on.
    in_hand: Option<Timestamp>,
    /// The last slot that was told to be skipped, so that it is said once.
    skipped: Option<Timestamp>,
    /// Not before then: the store failed it.
    rests_until: Option<Timestamp>,
}

enum Work {
    Check(Box<Watch>),
    Report {
        job: Box<ReportJob>,
        late: SignedDuration,
    },
    /// Forgetting what is old.
    Tidy(Keep),
}

/// Opens what a command needs beside a daemon: the rooms, without the lock.
pub async fn rooms(config: &Config, state: &Path, clock: Clock) -> Result<Arc<Rooms>, StartError> {
    let engine = Engine::new(config.templates.as_deref())?;
    let store = Arc::new(Store::open(&state.join(&config.database)).await?.naming(config.names));
    let courier = Arc::new(Courier::new(store.clone(), clock.clone(), state, routes(config)));
    let (channels, zone) = (places(config), config.time_zone.clone());
    let pulse = pulse(config, &clock, None);
    Ok(Arc::new(Rooms { store, clock, engine, courier, channels, zone, pulse, desk: Arc::default() }))
}

fn routes(config: &Config) -> impl Iterator<Item = Arc<Route>> {
    config.channels.iter().map(|spec| {
        let (channel, address) = (spec.channel.clone(), spec.address.clone());
        Arc::new(Route { channel, pace: spec.pace, give_up: spec.give_up, address })
    })
}

fn pulse(config: &Config, clock: &Clock, before: Option<&Pulse>) -> Option<Arc<Pulse>> {
    config.ping.as_ref().map(|ping| Arc::new(Pulse::new(ping.clone(), clock.clone(), before)))
}

fn places(config: &Config) -> HashMap<String, Place> {
    let place = |spec: &ChannelSpec| Place { channel: spec.channel.clone(), policy: spec.policy.clone() };
    config.channels.iter().map(|spec| (spec.channel.name.clone(), place(spec))).collect()
}

/// The lock, waited for a little: a command that sends its own deliveries holds it for a moment.
async fn lock(store: &Store) -> Result<StoreLock, StoreError> {
    for _ in 0..LOCK_TRIES {
        if let Ok(lock) = store.lock() {
            return Ok(lock);
        }
        tokio::time::sleep(LOCK_WAIT).await;
    }
    store.lock()
}

/// Everything that is done by the clock; one that was running goes on where it stands.
async fn schedules(
    rooms: &Rooms,
    config: &Config,
    running: &[Arc<Schedule>],
) -> Result<Vec<Arc<Schedule>>, StartError> {
    let mut schedules = Vec::new();
    for check in &config.checks {
        let site = &check.site.name;
        let watch = Watch::new(check).map_err(|source| StartError::Site { site: site.to_string(), source })?;
        let work = Work::Check(Box::new(watch));
        schedules.push(Schedule::new(rooms, running, check.schedule(), check.cron.clone(), work).await?);
    }
    for report in &config.reports {
        let site = || report.sites.iter().map(|site| &*site.name).collect::<Vec<_>>().join(", ");
        let job = ReportJob::new(report).map_err(|source| StartError::Site { site: site(), source })?;
        let work = Work::Report { job: Box::new(job), late: report.late };
        let name = format!("report:{}", report.name);
        rooms.store.report_told(&name, rooms.clock.now()).await?;
        schedules.push(Schedule::new(rooms, running, name, report.cron.clone(), work).await?);
    }
    let daily = Cron::new(TIDY, &config.time_zone)?;
    schedules.push(Schedule::new(rooms, running, "tidy".to_owned(), daily, Work::Tidy(config.keep)).await?);
    Ok(schedules)
}

/// Says what should be known of a configuration, and lets go of what is not in it any more.
async fn settle_in(rooms: &Rooms, config: &Config) -> Result<(), StoreError> {
    let now = rooms.clock.now();
    for note in &config.notes {
        tracing::warn!("{note}");
    }
    for site in config.sites.iter().filter(|site| site.qlik.is_insecure()) {
        tracing::warn!(site = &*site.name, "`trust: {{insecure: true}}`: whoever answers is believed to be the proxy");
    }
    for site in &config.sites {
        if let Some(wrong) = site.qlik.identity.out_of_date(rooms.clock.now()) {
            tracing::warn!(site = &*site.name, "{wrong}");
        }
    }
    if config.templates.is_some() {
        for failing in crate::channels::rehearse(&rooms.engine) {
            tracing::warn!(failing, "a template fails on a sample message; plain words would be sent in its place");
        }
    }
    for spec in &config.channels {
        for failing in spec.channel.rehearse_own(&rooms.engine) {
            let channel = spec.channel.name.as_str();
            tracing::warn!(
                channel,
                failing,
                "its template fails on a sample message; plain words would be sent in its place"
            );
        }
    }
    let watched: Vec<(&str, &str, &str, Severity)> = config
        .checks
        .iter()
        .flat_map(|check| {
            check.rules.iter().map(|rule| (&*check.site.name, &*rule.name, rule.kind.word(), rule.severity))
        })
        .collect();
    let sites: Vec<&str> = config.checks.iter().map(|check| &*check.site.name).collect();
    rooms.store.leave_sites(&sites, now).await?;
    for (site, rule) in rooms.store.withdraw_incidents(&watched, now).await? {
        tracing::info!(site, rule, "closed an incident that no rule watches any more");
    }
    let names: Vec<&str> = config.channels.iter().map(|spec| spec.channel.name.as_str()).collect();
    rooms.store.know_channels(&names, now).await?;
    rooms.store.forget_told(now.checked_sub(TOLD_KEPT).unwrap_or(Timestamp::MIN)).await
}

/// Lets go of what waits for channels that lead elsewhere now. The courier must know that already: it may look at any moment.
async fn lift_moved(rooms: &Rooms, config: &Config) -> Result<(), StoreError> {
    let now = rooms.clock.now();
    for spec in &config.channels {
        let hash = rooms.store.address_hash(&spec.address);
        if rooms.store.lift_if_moved(&spec.channel.name, &hash, now).await? {
            let channel = spec.channel.name.as_str();
            tracing::info!(
                channel,
                "the channel was put aside, and has other settings now: its messages are tried at once"
            );
        }
    }
    Ok(())
}

impl Daemon {
    /// Takes the store's lock and makes everything ready. No site is asked: one that is down must not stop a start.
    pub async fn start(config: &Config, state: &Path, clock: Clock) -> Result<Self, StartError> {
        let rooms = rooms(config, state, clock).await?;
        let lock = lock(&rooms.store).await?;
        let now = rooms.clock.now();
        let released = rooms.store.release_claims().await?;
        if released > 0 {
            tracing::info!(
                released,
                "deliveries that were being sent when headcount died are sent again, and may come twice"
            );
        }
        rooms.store.drop_old_tests(now).await?;
        let renamed = rooms.store.adopt_names(now).await?;
        if renamed > 0 {
            tracing::info!(
                renamed,
                names = config.names.word(),
                "people who were stored are called otherwise from now on"
            );
        }
        rooms.store.note_start(rooms.clock.boot().as_deref(), now).await?;
        let schedules = schedules(&rooms, config, &[]).await?;
        settle_in(&rooms, config).await?;
        lift_moved(&rooms, config).await?;
        Ok(Self {
            rooms,
            schedules,
            database: config.database.clone(),
            lookout: tokio::sync::Mutex::default(),
            _lock: lock,
        })
    }

    pub fn rooms(&self) -> &Arc<Rooms> {
        &self.rooms
    }

    /// Takes another configuration in the place of the one it has: whole, or, where it cannot be used, not at all. What is at
    /// work ends as it began, and no slot is lost.
    pub async fn reload(&mut self, config: &Config) -> Result<(), StartError> {
        if config.database != self.database || config.names != self.rooms.store.names() {
            return Err(StartError::Moved);
        }
        let old = &self.rooms;
        let rooms = Arc::new(Rooms {
            store: old.store.clone(),
            clock: old.clock.clone(),
            engine: Engine::new(config.templates.as_deref())?,
            courier: old.courier.clone(),
            channels: places(config),
            zone: config.time_zone.clone(),
            pulse: pulse(config, &old.clock, old.pulse.as_deref()),
            desk: old.desk.clone(),
        });
        let schedules = schedules(&rooms, config, &self.schedules).await?;
        settle_in(&rooms, config).await?;
        rooms.courier.reroute(routes(config));
        (self.rooms, self.schedules) = (rooms, schedules);
        if let Err(error) = lift_moved(&self.rooms, config).await {
            tracing::warn!(%error, "a channel that was put aside and has other settings now is not tried at once");
        } else {
            self.rooms.courier.wake();
        }
        Ok(())
    }

    /// Runs until told to stop; then finishes what is in hand, within the grace.
    pub async fn run(self, stop: CancellationToken) -> Result<(), StartError> {
        // A sender that is gone: no other configuration ever comes.
        self.run_reloading(stop, mpsc::channel(1).1).await
    }

    /// As [`Daemon::run`], with other configurations to come.
    pub async fn run_reloading(
        mut self,
        stop: CancellationToken,
        mut configs: mpsc::Receiver<Config>,
    ) -> Result<(), StartError> {
        let mut ticker = Ticker::start().await?;
        let tracker = TaskTracker::new();
        let mut courier = tokio::spawn(self.rooms.courier.clone().run(stop.clone(), GRACE));
        tracing::info!(checks = self.checks(), reports = self.reports(), "headcount is running");
        let mut ended = None;
        // What is still being called at the end is let go of.
        let mut calling = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                done = &mut courier => {
                    ended = Some(done);
                    break;
                }
                () = ticker.tick() => {}
            }
            // Between two ticks alone: a schedule whose slot was just taken must not be lost half way.
            if let Ok(config) = configs.try_recv() {
                match self.reload(&config).await {
                    Ok(()) => {
                        let (checks, reports) = (self.checks(), self.reports());
                        tracing::info!(checks, reports, "the configuration was read again");
                    }
                    Err(error) => {
                        tracing::error!(%error, "the configuration cannot be used; the one before it goes on");
                    }
                }
            }
            tokio::select! {
                () = stop.cancelled() => break,
                due = async { self.routine().await; self.due().await } => {
                    for (schedule, slot) in due {
                        tracker.spawn(schedule.fire(self.rooms.clone(), slot));
                    }
                    while calling.try_join_next().is_some() {}
                    if let Some(pulse) = self.rooms.pulse.clone().filter(|pulse| pulse.is_due()) {
                        calling.spawn(async move { pulse.call().await });
                    }
                }
            }
        }
        let deadline = tokio::time::Instant::now() + GRACE;
        stop.cancel();
        ticker.stop().await;
        tracker.close();
        if tokio::time::timeout_at(deadline, tracker.wait()).await.is_err() {
            tracing::warn!("stopped in the middle of a poll; nothing of it was recorded");
        }
        if ended.is_none() {
            ended = tokio::time::timeout_at(deadline + CLOSING, courier).await.ok();
        }
        let stopped = Life { at: self.rooms.clock.now(), turn: LifeTurn::Stopped };
        let closing = async {
            if let Err(error) = self.rooms.store.note_life(&stopped).await {
                tracing::warn!(%error, "cannot note that headcount was asked to stop");
            }
            self.rooms.store.close().await;
        };
        if tokio::time::timeout_at(deadline + CLOSING, closing).await.is_err() {
            tracing::warn!("the store was still at work; what it had not committed did not happen");
        }
        if matches!(ended, Some(Err(_))) {
            return Err(StartError::Courier);
        }
        tracing::info!("headcount has stopped");
        Ok(())
    }

    /// One turn of the crank: runs what is due at this moment to its end, and sends what is due.
    pub async fn turn(&self) -> Result<(), StoreError> {
        jobs::release(&self.rooms).await?;
        let mut jobs = JoinSet::new();
        for (schedule, slot) in self.due().await {
            jobs.spawn(schedule.fire(self.rooms.clone(), slot));
        }
        while jobs.join_next().await.is_some() {}
        jobs::closings(&self.rooms).await?;
        if let Some(pulse) = self.rooms.pulse.as_ref().filter(|pulse| pulse.is_due()) {
            pulse.call().await;
        }
        self.rooms.courier.deliver_due().await?;
        // What became of the channels is news in its turn.
        if jobs::upkeep(&self.rooms).await? {
            self.rooms.courier.deliver_due().await?;
        }
        Ok(())
    }

    /// What is looked after each second beside the schedules.
    async fn routine(&self) {
        if let Err(error) = jobs::lookout(&self.rooms, &mut *self.lookout.lock().await).await {
            tracing::error!(%error, "cannot note what befell this machine");
        }
        if let Err(error) = jobs::release(&self.rooms).await {
            tracing::error!(%error, "cannot tell what was held back; it waits");
        }
        if let Err(error) = jobs::closings(&self.rooms).await {
            tracing::error!(%error, "cannot say of what was posted that it is over; it is said later");
        }
        if let Err(error) = jobs::upkeep(&self.rooms).await {
            tracing::error!(%error, "cannot look after the channels");
        }
    }

    fn checks(&self) -> usize {
        self.schedules.iter().filter(|schedule| matches!(schedule.work, Work::Check(_))).count()
    }

    fn reports(&self) -> usize {
        self.schedules.iter().filter(|schedule| matches!(schedule.work, Work::Report { .. })).count()
    }

    /// The schedules with a slot to work on, each claimed for this process. Old slots are passed over on the way.
    async fn due(&self) -> Vec<(Arc<Schedule>, Slot)> {
        let now = self.rooms.clock.now();
        let mut due = Vec::new();
        for schedule in &self.schedules {
            if schedule.is_at_work(now) {
                continue;
            }
            let Some(slot) = schedule.slot_due(now) else { continue };
            let age = now.duration_since(slot.slot);
            let oldest = match &schedule.work {
                Work::Check(_) => FRESH,
                Work::Report { late, .. } => FRESH.max(*late),
                // It is done at the next start, where headcount was down.
                Work::Tidy(_) => SignedDuration::MAX,
            };
            if age > oldest {
                schedule.miss(&self.rooms.store, &slot, now).await;
            } else {
                schedule.state().in_hand = Some(slot.slot);
                due.push((schedule.clone(), slot));
            }
        }
        due
    }
}

impl Schedule {
    async fn new(
        rooms: &Rooms,
        running: &[Arc<Self>],
        name: String,
        cron: Cron,
        work: Work,
    ) -> Result<Arc<Self>, StoreError> {
        let state = if let Some(running) = running.iter().find(|schedule| schedule.name == name) {
            running.state.clone()
        } else {
            let last = rooms.store.last_slot(&name, rooms.clock.now()).await?;
            Arc::new(Mutex::new(ScheduleState { last, in_hand: None, skipped: None, rests_until: None }))
        };
        Ok(Arc::new(Self { name, cron, work, state }))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, ScheduleState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot_due(&self, now: Timestamp) -> Option<Slot> {
        let mut state = self.state();
        if state.rests_until.is_some_and(|until| now < until && until.duration_since(now) <= REST) {
            return None;
        }
        state.rests_until = None;
        // A clock that was set back behind the last slot must not silence the schedule until it has caught up.
        let after = if state.last > now + SET_BACK { now - FRESH } else { state.last };
        let slot = self.cron.newest_in(after, now)?;
        Some(Slot { schedule: self.name.clone(), previous: state.last, slot })
    }

    /// Whether a slot is being worked on. One that comes due meanwhile is skipped, and that is said once.
    fn is_at_work(&self, now: Timestamp) -> bool {
        let mut state = self.state();
        let Some(in_hand) = state.in_hand else { return false };
        if let Some(slot) = self.cron.newest_in(in_hand, now)
            && state.skipped.replace(slot) != Some(slot)
        {
            tracing::warn!(schedule = self.name, %slot, "skipped: the one before it is still at work");
            self.trouble(Away::Slow, now);
        }
        true
    }

    /// Passes over slots that came due while headcount was down, or too busy.
    async fn miss(&self, store: &Store, slot: &Slot, now: Timestamp) {
        let missed = 1 + self.cron.count_between(slot.previous, slot.slot, COUNTED);
        match store.pass_over(slot).await {
            Ok(_) => {
                let said = self.state().skipped == Some(slot.slot);
                self.state().last = slot.slot;
                if matches!(self.work, Work::Report { .. }) {
                    tracing::warn!(schedule = self.name, missed, slot = %slot.slot, "missed, and too late to be told now");
                } else if !said {
                    tracing::info!(schedule = self.name, missed, slot = %slot.slot, "missed while headcount was down or at work");
                }
            }
            Err(error) => self.rest(&error, now),
        }
    }

    fn rest(&self, error: &StoreError, now: Timestamp) {
        self.trouble(error.away(), now);
        tracing::error!(schedule = self.name, %error, "nothing was recorded");
        self.state().rests_until = now.checked_add(REST).ok();
    }

    /// Keeps in mind why a check may be missed.
    fn trouble(&self, away: Away, now: Timestamp) {
        if let Work::Check(watch) = &self.work {
            watch.note(Life { at: now, turn: LifeTurn::Troubled(away) });
        }
    }

    /// Does the work of one slot.
    async fn fire(self: Arc<Self>, rooms: Arc<Rooms>, slot: Slot) {
        // Whatever happens, a panic too, the schedule is free again.
        let mut free = Free { schedule: &self, now: rooms.clock.now(), done: false };
        let done = match &self.work {
            Work::Check(watch) => {
                let interval = self.cron.step_at(slot.slot);
                jobs::poll(&rooms, watch, &slot, interval).await.map(|recorded| recorded != Recorded::AlreadyDone)
            }
            Work::Report { job, .. } => {
                let skipped = self.cron.count_between(slot.previous, slot.slot, COUNTED);
                if skipped > 0 {
                    tracing::warn!(schedule = self.name, skipped, "older slots were missed; only the newest is told");
                }
                jobs::report(&rooms, job, &slot).await
            }
            Work::Tidy(keep) => jobs::tidy(&rooms, keep, &slot).await,
        };
        free.done = true;
        match done {
            Ok(true) => self.state().last = slot.slot,
            // Someone else moved it on: read where it stands.
            Ok(false) => match rooms.store.last_slot(&self.name, slot.slot).await {
                Ok(last) => self.state().last = last,
                Err(error) => self.rest(&error, rooms.clock.now()),
            },
            Err(error) => self.rest(&error, rooms.clock.now()),
        }
        // What was seen is recorded, and the next poll need not wait: a name more or less changes nothing of it.
        drop(free);
        if let Work::Check(watch) = &self.work
            && let Err(error) = jobs::learn_names(&rooms, watch).await
        {
            tracing::warn!(site = &*watch.site.name, %error, "cannot keep what people are called");
        }
    }
}

/// Frees a schedule at the end of its work; after a panic it rests first.
struct Free<'a> {
    schedule: &'a Schedule,
    now: Timestamp,
    done: bool,
}

impl Drop for Free<'_> {
    fn drop(&mut self) {
        let mut state = self.schedule.state();
        state.in_hand = None;
        if !self.done {
            state.rests_until = self.now.checked_add(REST).ok();
        }
    }
}
