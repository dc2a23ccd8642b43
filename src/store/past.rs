//! What was known before a poll.

use jiff::{SignedDuration, Timestamp};
use sqlx::Row as _;

use super::spans::OpenSpans;
use super::{Store, StoreError, at, ms};
use crate::judge::{Incident, IncidentId, Past, PastReading, State};
use crate::snapshot::{Counts, User, fold};

/// What is known of one site without asking the database: written by each poll that was committed.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) open: Option<OpenSpans>,
    pub(super) past: Option<Known>,
}

/// A site's incidents and readings, as far back as was ever asked.
pub(super) struct Known {
    looks_back: SignedDuration,
    incidents: Vec<Incident>,
    readings: Vec<PastReading>,
}

impl Known {
    /// What is known once a poll is committed. `full` is what it saw, if it saw all.
    pub(super) fn after(
        mut self,
        now: Timestamp,
        dropped: &[IncidentId],
        changed: Vec<Incident>,
        full: Option<Counts>,
    ) -> Self {
        let back_to = now.checked_sub(self.looks_back).unwrap_or(Timestamp::MIN);
        let gone = |incident: &Incident| {
            incident.id.is_some_and(|id| dropped.contains(&id))
                || changed.iter().any(|other| other.id == incident.id)
                || (incident.is_event() && incident.since < back_to)
        };
        self.incidents.retain(|incident| !gone(incident));
        for incident in changed {
            if incident.state != State::Closed || incident.is_event() {
                self.incidents.insert(0, incident);
            }
        }
        self.readings.retain(|reading| reading.to >= back_to);
        if let Some(counts) = full {
            match self.readings.last_mut() {
                Some(last) if last.counts == counts => last.to = now,
                _ => self.readings.push(PastReading { from: now, to: now, counts }),
            }
        }
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
        let mut memory = self.memory.lock().await;
        let known = memory.entry(site.into()).or_default();
        let past = match known.past.take() {
            Some(past) if past.looks_back >= looks_back => past,
            _ => {
                let back_to = now.checked_sub(looks_back).unwrap_or(Timestamp::MIN);
                let incidents = self.live_incidents(site, back_to).await?;
                let readings = self.full_readings(site, back_to).await?;
                Known { looks_back, incidents, readings }
            }
        };
        let past = known.past.insert(past);
        Ok(Past { incidents: past.incidents.clone(), readings: past.readings.clone(), interval })
    }

    async fn full_readings(&self, site: &str, back_to: Timestamp) -> Result<Vec<PastReading>, StoreError> {
        let rows = sqlx::query(
            "SELECT \"from\", \"to\", sessions, users, anonymous FROM reading \
             WHERE site = $1 AND pair IS NULL AND \"to\" >= $2 AND answered = asked ORDER BY \"to\"",
        )
        .bind(site)
        .bind(ms(back_to))
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let count = |column: usize| row.try_get::<i64, _>(column).map(i64::unsigned_abs);
                Ok(PastReading {
                    from: at(row.try_get(0)?),
                    to: at(row.try_get(1)?),
                    counts: Counts { sessions: count(2)?, users: count(3)?, anonymous: count(4)? },
                })
            })
            .collect()
    }

    /// The display name that the store has for a user.
    pub async fn name_of(&self, user: &User) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT name FROM person WHERE directory_key = $1 AND id_key = $2")
            .bind(fold(&user.directory).collect::<String>())
            .bind(fold(&user.id).collect::<String>())
            .fetch_optional(&self.pool)
            .await?;
        row.map_or(Ok(None), |row| Ok(row.try_get(0)?))
    }
}
