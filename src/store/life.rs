//! What befell headcount itself.

use jiff::{SignedDuration, Timestamp};
use sqlx::Row as _;

use super::dialect::begin;
use super::{Store, StoreError, at, ms};
use crate::judge::{Life, LifeTurn};

impl Store {
    /// Notes a start. `boot` names the machine's own start, where that is known.
    pub async fn note_start(&self, boot: Option<&str>, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = begin(&self.pool).await?;
        let last = sqlx::query("SELECT boot FROM life WHERE boot IS NOT NULL ORDER BY id DESC LIMIT 1")
            .fetch_optional(&mut *tx)
            .await?;
        let before = last.map(|row| row.try_get::<String, _>(0)).transpose()?;
        let anew = before.zip(boot).is_some_and(|(before, boot)| before != boot);
        sqlx::query("INSERT INTO life (at, turn, boot) VALUES ($1, $2, $3)")
            .bind(ms(now))
            .bind(if anew { "started anew" } else { "started" })
            .bind(boot)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Notes what befell a running headcount; troubles of the store are for its memory alone.
    pub async fn note_life(&self, life: &Life) -> Result<(), StoreError> {
        let (turn, length) = match life.turn {
            LifeTurn::Started { .. } | LifeTurn::Troubled(_) => return Ok(()),
            LifeTurn::Stopped => ("stopped", None),
            LifeTurn::Slept { length } => ("slept", Some(length)),
            LifeTurn::ClockSet { ahead } => ("clock set", Some(ahead)),
        };
        sqlx::query("INSERT INTO life (at, turn, length) VALUES ($1, $2, $3)")
            .bind(ms(life.at))
            .bind(turn)
            .bind(length.map(|length| i64::try_from(length.as_millis()).unwrap_or(i64::MAX)))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// What befell it after an instant, oldest first.
    pub async fn life_since(&self, since: Timestamp) -> Result<Vec<Life>, StoreError> {
        let rows = sqlx::query("SELECT at, turn, length FROM life WHERE at > $1 ORDER BY id")
            .bind(ms(since))
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                let length = SignedDuration::from_millis(row.try_get::<Option<i64>, _>(2)?.unwrap_or(0));
                let turn = match row.try_get::<String, _>(1)?.as_str() {
                    "started" => LifeTurn::Started { anew: false },
                    "started anew" => LifeTurn::Started { anew: true },
                    "slept" => LifeTurn::Slept { length },
                    "clock set" => LifeTurn::ClockSet { ahead: length },
                    _ => LifeTurn::Stopped,
                };
                Ok(Life { at: at(row.try_get(0)?), turn })
            })
            .collect()
    }
}
