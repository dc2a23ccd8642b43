//! Which reports were told, and when.

use jiff::Timestamp;
use sqlx::Row as _;

use super::dialect::{Transaction, begin};
use super::schedules::{self, Slot};
use super::{Store, StoreError, at, ms, routing};
use crate::outbox::Outgoing;

/// What is known of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportTold {
    /// When it was first known.
    pub since: Timestamp,
    /// The last slot that it was told for.
    pub told: Option<Timestamp>,
}

impl ReportTold {
    /// From when on slots were missed that came due and were not told.
    pub fn last(&self) -> Timestamp {
        self.told.unwrap_or(self.since)
    }
}

impl Store {
    /// What is known of a report, by the name of its schedule; one that was never seen is known from `now` on.
    pub async fn report_told(&self, schedule: &str, now: Timestamp) -> Result<ReportTold, StoreError> {
        let mut tx = begin(&self.pool).await?;
        sqlx::query("INSERT INTO report_told (name, since) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(schedule)
            .bind(ms(now))
            .execute(&mut *tx)
            .await?;
        let row = sqlx::query("SELECT since, told FROM report_told WHERE name = $1")
            .bind(schedule)
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(ReportTold { since: at(row.try_get(0)?), told: row.try_get::<Option<i64>, _>(1)?.map(at) })
    }

    /// Commits a report: its slot dealt with, and its deliveries promised. False where someone else did.
    pub async fn record_report(&self, slot: &Slot, outgoing: &Outgoing, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = begin(&self.pool).await?;
        if !schedules::claim(&mut tx, slot).await? {
            return Ok(false);
        }
        tell(&mut tx, slot, now).await?;
        routing::write(&mut tx, outgoing, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

async fn tell(tx: &mut Transaction, slot: &Slot, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO report_told (name, since, told) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET told = excluded.told",
    )
    .bind(slot.schedule.as_str())
    .bind(ms(now))
    .bind(ms(slot.slot))
    .execute(&mut **tx)
    .await?;
    Ok(())
}
