//! What was known before a poll.

use jiff::{SignedDuration, Timestamp};
use sqlx::Row as _;

use super::{Store, StoreError, at, ms};
use crate::judge::{Past, PastReading};
use crate::snapshot::{Counts, User, fold};

impl Store {
    /// What the rules of a site compare with, `looks_back` from `now`.
    pub async fn past(
        &self,
        site: &str,
        now: Timestamp,
        looks_back: Option<SignedDuration>,
        interval: SignedDuration,
    ) -> Result<Past, StoreError> {
        let back_to = now.checked_sub(looks_back.unwrap_or(SignedDuration::ZERO)).unwrap_or(Timestamp::MIN);
        let incidents = self.live_incidents(site, back_to).await?;
        let readings = if looks_back.is_some() { self.full_readings(site, back_to).await? } else { Vec::new() };
        Ok(Past { incidents, readings, interval })
    }

    async fn full_readings(&self, site: &str, back_to: Timestamp) -> Result<Vec<PastReading>, StoreError> {
        let rows = sqlx::query(
            "SELECT \"from\", \"to\", sessions, users, anonymous FROM site_reading \
             WHERE site = $1 AND \"to\" >= $2 AND answered = asked ORDER BY \"to\"",
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
