//! See one site, judge it, say what is news.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::tell::Found;
use super::{Check, Discovery, Rooms, Site};
use crate::judge::{self, Judgement, Life, Past, Rule};
use crate::message;
use crate::qlik::{AskEngines, Qlik, TlsError};
use crate::schedule::{Cron, Maintenance};
use crate::snapshot::{Counts, Pair, Snapshot, UnseenKind};
use crate::store::{Poll, Recorded, Slot, Store, StoreError};

/// One site under watch: how to ask it, and the rules to judge by.
pub struct Watch {
    pub site: Arc<Site>,
    pub qlik: Qlik,
    pub rules: Vec<Arc<Rule>>,
    pub maintenance: Vec<Arc<Maintenance>>,
    /// Whether a digest tells how the engines were.
    digested: bool,
    cron: Cron,
    /// What was said of its topology.
    discovery: Discovery,
    /// What was silent at the last poll, so that a log says what changed and not what lasts.
    silent: Mutex<HashMap<Pair, UnseenKind>>,
    /// Why checks may have been missed, since the last one that was recorded.
    troubles: Mutex<Vec<Life>>,
    /// The same of engines.
    silent_engines: Mutex<HashMap<Arc<str>, UnseenKind>>,
    /// Held by whoever learns what people are called: until when the repository is left alone, since it did not say, and why.
    pub(super) naming: tokio::sync::Mutex<Option<(Timestamp, UnseenKind)>>,
}

impl Watch {
    pub fn new(check: &Check) -> Result<Self, TlsError> {
        Ok(Self {
            site: check.site.clone(),
            qlik: Qlik::new(&check.site.qlik)?,
            rules: check.rules.clone(),
            maintenance: check.maintenance.clone(),
            digested: check.engines,
            cron: check.cron.clone(),
            troubles: Mutex::default(),
            discovery: Discovery::default(),
            silent: Mutex::default(),
            silent_engines: Mutex::default(),
            naming: tokio::sync::Mutex::default(),
        })
    }

    /// For a look of which nothing is kept: what digests alone want is not asked for.
    pub fn unrecorded(check: &Check) -> Result<Self, TlsError> {
        Ok(Self { digested: false, ..Self::new(check)? })
    }

    /// A rule needs to know how the engines are; a digest can do without those that are out of reach.
    fn asks_engines(&self) -> AskEngines {
        match (self.rules.iter().any(|rule| rule.kind.looks_at_engines()), self.digested) {
            (true, _) => AskEngines::Always,
            (false, true) => AskEngines::Gently,
            (false, false) => AskEngines::Not,
        }
    }

    /// Keeps in mind why a check may be missed.
    pub fn note(&self, life: Life) {
        /// A store that fails for days fails again and again.
        const MOST: usize = 100;
        let mut troubles = self.troubles();
        if troubles.len() == MOST {
            troubles.remove(0);
        }
        troubles.push(life);
    }

    fn troubles(&self) -> MutexGuard<'_, Vec<Life>> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Polls a site for a slot that came due. Only the bot's own memory can fail it; all else is something to record and to tell.
pub async fn poll(rooms: &Rooms, watch: &Watch, slot: &Slot, interval: SignedDuration) -> Result<Recorded, StoreError> {
    let (snapshot, counts, judgement) = observe_and_judge(Some(&rooms.store), watch, slot.slot, interval).await?;
    watch.discovery.note(&rooms.store, &watch.site.name, &watch.qlik).await?;
    log(watch, &snapshot, counts);
    let link = watch.site.link.as_deref();
    let (mut messages, everyone) = if judgement.findings.is_empty() {
        (Vec::new(), Vec::new())
    } else {
        let names = super::names(&rooms.store, &snapshot).await?;
        let messages = message::alerts(&judgement.findings, &snapshot, &names, link, &rooms.zone);
        (messages, message::everyone(&snapshot, &names))
    };
    rooms.note_pseudonyms(&mut messages).await?;
    let everyone = rooms.with_pseudonyms(everyone).await?;
    let causes: Vec<_> = judgement
        .findings
        .iter()
        .map(|finding| {
            judge::cause(&watch.site.name, &finding.rule.name, finding.incident.part.as_deref(), snapshot.at())
        })
        .collect();
    let desk = rooms.desk.lock().await;
    let (site, findings) = (&*watch.site.name, &judgement.findings);
    let outgoing = rooms
        .tell_findings(&Found {
            site,
            at: snapshot.at(),
            findings,
            messages: &messages,
            everyone: &everyone,
            causes: &causes,
        })
        .await?;
    let (snapshot, judgement, rules) = (&snapshot, &judgement, &watch.rules);
    let recorded =
        rooms.store.record(&Poll { snapshot, counts, rules, judgement, outgoing: &outgoing, slot, interval }).await?;
    drop(desk);
    watch.troubles().clear();
    if recorded == Recorded::AlreadyDone {
        return Ok(recorded);
    }
    if let Some(pulse) = rooms.pulse.as_ref().filter(|_| snapshot.coverage().answered > 0) {
        pulse.beat();
    }
    for finding in &judgement.findings {
        let (site, rule) = (&*watch.site.name, &*finding.rule.name);
        let severity = finding.rule.severity.word();
        tracing::info!(site, rule, severity, "{}", finding.why.word());
    }
    if !outgoing.deliveries.is_empty() {
        rooms.courier.wake();
    }
    Ok(recorded)
}

/// The first half of a poll, which `headcount poll` shows without recording it.
pub async fn observe_and_judge(
    store: Option<&Store>,
    watch: &Watch,
    at: Timestamp,
    interval: SignedDuration,
) -> Result<(Snapshot, Counts, Judgement), StoreError> {
    let looks_back = watch.rules.iter().filter_map(|rule| rule.kind.looks_back()).max();
    let mut past = match store {
        Some(store) => store.past(&watch.site.name, at, looks_back, interval).await?,
        None => Past { interval, ..Past::default() },
    };
    if let Some(store) = store {
        past.memory = store.memory_of(&watch.site.name, &watch.rules, at).await?;
    }
    past.note_schedules(at, Some(&watch.cron), &watch.maintenance);
    if let (Some(store), Some(missed)) = (store, &mut past.missed) {
        let mut life = store.life_since(missed.from).await?;
        life.extend_from_slice(&watch.troubles());
        missed.why = judge::why_away(&life);
    }
    if let Some(store) = store {
        super::recall(store, &watch.site.name, &watch.qlik).await?;
    }
    let snapshot = watch.qlik.observe_with(at, watch.asks_engines()).await;
    let counts = snapshot.counts();
    let judgement = judge::judge(&watch.rules, &snapshot, counts, &past);
    Ok((snapshot, counts, judgement))
}

/// Says what became silent, what changed its reason, and what answers again; nothing of what stays as it was.
fn log(watch: &Watch, snapshot: &Snapshot, counts: Counts) {
    let site = &*watch.site.name;
    let mut before = watch.silent.lock().unwrap_or_else(PoisonError::into_inner);
    let mut now = HashMap::new();
    for (pair, why) in snapshot.silent() {
        now.insert(pair.clone(), why.kind);
        if before.remove(pair) != Some(why.kind) {
            let (proxy, prefix) = (&*pair.proxy, &*pair.prefix);
            tracing::warn!(site, proxy, prefix, tried = why.tried, "not seen: {}; {}", why.what, why.advice);
        }
    }
    for pair in before.keys() {
        let (proxy, prefix) = (&*pair.proxy, &*pair.prefix);
        tracing::info!(site, proxy, prefix, "seen again");
    }
    *before = now;
    log_engines(watch, snapshot);
    let coverage = snapshot.coverage();
    if coverage.answered == 0 {
        tracing::debug!(site, asked = coverage.asked, "polled; nothing was seen");
    } else {
        let (answered, asked) = (coverage.answered, coverage.asked);
        let Counts { sessions, users, anonymous } = counts;
        tracing::debug!(site, answered, asked, sessions, users, anonymous, "polled");
    }
}

fn log_engines(watch: &Watch, snapshot: &Snapshot) {
    let site = &*watch.site.name;
    let mut before = watch.silent_engines.lock().unwrap_or_else(PoisonError::into_inner);
    for engine in snapshot.engines() {
        let host = &*engine.host;
        match &engine.health {
            Ok(_) if before.remove(&engine.host).is_some() => tracing::info!(site, engine = host, "seen again"),
            Ok(_) => {}
            Err(why) if before.insert(engine.host.clone(), why.kind) == Some(why.kind) => {}
            Err(why) if watch.asks_engines() == AskEngines::Gently => {
                // Nobody asked for it by name.
                let (what, advice) = (&why.what, &why.advice);
                tracing::info!(site, engine = host, tried = why.tried, "not seen, for digests alone: {what}; {advice}");
            }
            Err(why) => {
                tracing::warn!(site, engine = host, tried = why.tried, "not seen: {}; {}", why.what, why.advice);
            }
        }
    }
}
