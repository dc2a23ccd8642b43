//! What was known before a poll.

use jiff::{SignedDuration, Timestamp};
use sqlx::Row as _;
use std::sync::Arc;

use super::engines::Stretches;
use super::polls::follows;
use super::spans::OpenSpans;
use super::{Store, StoreError, at, ms};
use crate::judge::{self, Flap, Incident, Judgement, Past, PastReading, newest_events};
use crate::snapshot::{Counts, User};

/// What is known of one site without asking the database: written by each poll that was committed.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) open: Option<OpenSpans>,
    pub(super) past: Option<Known>,
    pub(super) of_rules: Option<Arc<judge::Memory>>,
    pub(super) engines: Option<Stretches>,
    /// What it was read at; of another generation it is of no use.
    pub(super) generation: i64,
}

/// A site's incidents and readings, as far back as was ever asked.
pub(super) struct Known {
    looks_back: SignedDuration,
    incidents: Vec<Incident>,
    readings: Vec<PastReading>,
    last_poll: Option<Timestamp>,
    flaps: Vec<Flap>,
    blind_until: Option<Timestamp>,
}

impl Known {
    /// What is known once a poll is committed. `full` is what it saw, if it saw all.
    pub(super) fn after(
        mut self,
        now: Timestamp,
        judgement: &Judgement,
        changed: Vec<Incident>,
        full: Option<(Counts, u64)>,
        interval: SignedDuration,
    ) -> Self {
        let back_to = now.checked_sub(self.looks_back).unwrap_or(Timestamp::MIN);
        let gone = |incident: &Incident| {
            incident.id.is_some_and(|id| judgement.dropped.contains(&id))
                || changed.iter().any(|other| other.id == incident.id)
        };
        let old = |incident: &Incident| incident.is_event() && incident.since < back_to;
        let newest = newest_events(&self.incidents);
        self.incidents.retain(|incident| !gone(incident) && (!old(incident) || newest.contains(&incident.id)));
        for incident in changed {
            if incident.is_remembered() {
                self.incidents.insert(0, incident);
            }
        }
        if self.last_poll.is_some_and(|last| now < last) {
            self.readings.clear();
        }
        self.readings.retain(|reading| reading.to >= back_to);
        if let Some((counts, asked)) = full {
            // As the rows are: what was not seen whole comes between.
            let goes_on = |last: &PastReading| Some(last.to) == self.last_poll && follows(last.to, now, interval);
            match self.readings.last_mut() {
                Some(last) if last.counts == counts && last.asked == asked && goes_on(last) => last.to = now,
                _ => self.readings.push(PastReading { from: now, to: now, counts, asked }),
            }
        }
        self.last_poll = Some(now);
        for flap in &judgement.flaps {
            self.flaps.retain(|known| !known.is_of(&flap.rule, flap.part.as_deref()));
            self.flaps.extend(Some(flap.clone()).filter(|flap| !flap.is_nothing()));
        }
        self.blind_until = self.blind_until.max(judgement.blind_until);
        self
    }
}

impl Store {
    /// What the rules of a site compare with, `looks_back` from `now`.
    pub async fn past(
        &self,
        site: &str,
        now: Timestamp,
        looks_back: Option<SignedDuration>,
        interval: SignedDuration,
    ) -> Result<Past, StoreError> {
        let looks_back = looks_back.unwrap_or(SignedDuration::ZERO);
        let generation = self.generation().await?;
        let mut memory = self.memory.lock().await;
        let known = memory.entry(site.into()).or_default();
        if known.generation != generation {
            *known = Memory { generation, ..Memory::default() };
        }
        let past = match known.past.take() {
            Some(past) if past.looks_back >= looks_back => past,
            _ => {
                let back_to = now.checked_sub(looks_back).unwrap_or(Timestamp::MIN);
                let incidents = self.live_incidents(site, back_to).await?;
                let readings = self.full_readings(site, back_to).await?;
                let last_poll = self.last_poll(site).await?;
                let flaps = self.flaps(site).await?;
                let blind_until = self.blind_until(site).await?;
                Known { looks_back, incidents, readings, last_poll, flaps, blind_until }
            }
        };
        let past = known.past.insert(past);
        let (incidents, readings) = (past.incidents.clone(), past.readings.clone());
        let (last_poll, flaps, blind_until) = (past.last_poll, past.flaps.clone(), past.blind_until);
        drop(memory);
        // Commands set them beside a running daemon: they are read at each poll.
        let silences = self.silences(now).await?;
        Ok(Past { incidents, readings, interval, silences, last_poll, flaps, blind_until, ..Past::default() })
    }

    async fn last_poll(&self, site: &str) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query("SELECT \"to\" FROM reading WHERE site = $1 AND pair IS NULL ORDER BY id DESC LIMIT 1")
            .bind(site)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?.map(at))
    }

    /// What full readings said since then, in the order in which they were made. What was seen before the clock was set back
    /// is no measure for what is seen after.
    async fn full_readings(&self, site: &str, back_to: Timestamp) -> Result<Vec<PastReading>, StoreError> {
        let rows = sqlx::query(
            "SELECT \"from\", \"to\", sessions, users, anonymous, asked, answered FROM reading \
             WHERE site = $1 AND pair IS NULL AND id >= \
             (SELECT min(id) FROM reading WHERE site = $1 AND pair IS NULL AND \"to\" >= $2) ORDER BY id",
        )
        .bind(site)
        .bind(ms(back_to))
        .fetch_all(&self.pool)
        .await?;
        let mut readings = Vec::new();
        let mut last = Timestamp::MIN;
        for row in &rows {
            let count = |column: usize| row.try_get::<Option<i64>, _>(column).map(|n| n.unwrap_or(0).unsigned_abs());
            let (from, to) = (at(row.try_get(0)?), at(row.try_get(1)?));
            if from < last {
                readings.clear();
            }
            last = to;
            let asked = count(5)?;
            if count(6)? == asked && to >= back_to {
                let counts = Counts { sessions: count(2)?, users: count(3)?, anonymous: count(4)? };
                readings.push(PastReading { from, to, counts, asked });
            }
        }
        Ok(readings)
    }

    /// The display names that the store has for these users, each given once.
    pub async fn names_of<'a>(&self, users: &[&'a User]) -> Result<Vec<(&'a User, String)>, StoreError> {
        self.told_of(users, "name", &|sql| {
            sql.push("name IS NOT NULL");
        })
        .await
    }
}
