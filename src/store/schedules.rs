//! Which slot of each schedule was dealt with last.

use jiff::Timestamp;
use sqlx::Row as _;

use super::dialect::{Transaction, begin};
use super::{Store, StoreError, at, ms};

/// A slot that came due, with the one dealt with before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    pub schedule: String,
    pub previous: Timestamp,
    pub slot: Timestamp,
}

impl Store {
    /// The last slot of a schedule; one that was never seen begins at `now`, so that it does not fire for the past.
    pub async fn last_slot(&self, schedule: &str, now: Timestamp) -> Result<Timestamp, StoreError> {
        let mut tx = begin(&self.pool).await?;
        sqlx::query("INSERT INTO schedule (name, last_slot) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(schedule)
            .bind(ms(now))
            .execute(&mut *tx)
            .await?;
        let row =
            sqlx::query("SELECT last_slot FROM schedule WHERE name = $1").bind(schedule).fetch_one(&mut *tx).await?;
        tx.commit().await?;
        Ok(at(row.try_get(0)?))
    }

    /// Deals with a slot by passing over it. False where someone else already did.
    pub async fn pass_over(&self, slot: &Slot) -> Result<bool, StoreError> {
        let mut tx = begin(&self.pool).await?;
        let ours = claim(&mut tx, slot).await?;
        tx.commit().await?;
        Ok(ours)
    }
}

/// Advances a schedule by compare-and-set, inside the transaction that records what the slot was for.
pub(super) async fn claim(tx: &mut Transaction, slot: &Slot) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE schedule SET last_slot = $3 WHERE name = $1 AND last_slot = $2")
        .bind(slot.schedule.as_str())
        .bind(ms(slot.previous))
        .bind(ms(slot.slot))
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}
