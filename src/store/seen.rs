//! What people answered when they were asked whether they saw a test: a channel can take a message and lose it later.

use jiff::Timestamp;
use sqlx::Row as _;

use super::{Store, StoreError, at, ms};

/// What somebody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub at: Timestamp,
    pub seen: bool,
}

impl Store {
    /// Notes whether the last test of a channel was seen. `address` is the hash of where it leads.
    pub async fn note_seen(&self, channel: &str, address: &str, answer: Answer) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO channel_seen (name, settings, at, seen) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (name) DO UPDATE SET settings = excluded.settings, at = excluded.at, seen = excluded.seen",
        )
        .bind(channel)
        .bind(address)
        .bind(ms(answer.at))
        .bind(answer.seen)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What was answered last, unless the channel leads elsewhere now.
    pub async fn seen(&self, channel: &str, address: &str) -> Result<Option<Answer>, StoreError> {
        let row = sqlx::query("SELECT at, seen FROM channel_seen WHERE name = $1 AND settings = $2")
            .bind(channel)
            .bind(address)
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| Ok(Answer { at: at(row.try_get(0)?), seen: row.try_get(1)? })).transpose()
    }
}
