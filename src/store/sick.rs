//! Channels that are down, and those that nothing uses.

use jiff::Timestamp;
use sqlx::Row as _;

use super::dialect::{Row, Transaction, begin};
use super::{Store, StoreError, at, ms, routing};
use crate::outbox::{Outgoing, Pause, Sick, Use};
use crate::secret::Secret;

impl Store {
    /// The channels that are down, and those that are well again and whose fallbacks do not know yet.
    pub async fn sick(&self) -> Result<Vec<Sick>, StoreError> {
        let rows = sqlx::query(
            "SELECT name, down_since, why, told_down, well, settings, \
             (SELECT count(DISTINCT d.cause) FROM delivery d WHERE d.channel = c.name AND d.state = 'pending' AND d.held IS NULL AND NOT d.urgent) AS waiting \
             FROM channel c WHERE down_since IS NOT NULL ORDER BY name",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(sick).collect()
    }

    /// Commits that a channel's fallback is told: that it is down, or, where it is well, that it is well.
    pub async fn tell_sick(&self, sick: &Sick, outgoing: &Outgoing, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = begin(&self.pool).await?;
        routing::write(&mut tx, outgoing, now).await?;
        let sql = if sick.well.is_some() {
            "DELETE FROM channel WHERE name = $1 AND well IS NOT NULL AND $2 = $2"
        } else {
            "UPDATE channel SET told_down = $2 WHERE name = $1 AND well IS NULL"
        };
        sqlx::query(sql).bind(sick.channel.as_str()).bind(ms(now)).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Where a channel leads, as a hash that tells nothing without the key.
    pub fn address_hash(&self, address: &[Secret]) -> String {
        self.key.hash_all(address)
    }

    /// Notes where a channel led when it went down.
    pub async fn note_address(&self, channel: &str, hash: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE channel SET settings = $2 WHERE name = $1 AND down_since IS NOT NULL")
            .bind(channel)
            .bind(hash)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Lets a channel that was put aside be tried at once if it leads elsewhere now. True if so.
    pub async fn lift_if_moved(&self, channel: &str, hash: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = begin(&self.pool).await?;
        let done = sqlx::query(
            "UPDATE channel SET paused_until = $3, failures = 0, asked = 0, settings = $2 \
             WHERE name = $1 AND down_since IS NOT NULL AND well IS NULL AND settings <> $2",
        )
        .bind(channel)
        .bind(hash)
        .bind(ms(now))
        .execute(&mut *tx)
        .await?;
        let moved = done.rows_affected() > 0;
        if moved {
            hasten(&mut tx, channel, now).await?;
        }
        tx.commit().await?;
        Ok(moved)
    }

    /// Begins to count, from now, how long channels are left alone that were never known before.
    pub async fn know_channels(&self, names: &[&str], now: Timestamp) -> Result<(), StoreError> {
        let mut tx = begin(&self.pool).await?;
        for name in names {
            sqlx::query("INSERT INTO channel_use (name, since) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
                .bind(*name)
                .bind(ms(now))
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// How channels were used, and whether something is on its way to each.
    pub async fn uses(&self) -> Result<Vec<Use>, StoreError> {
        let rows = sqlx::query(
            "SELECT name, since, used, EXISTS (SELECT 1 FROM delivery d WHERE d.channel = u.name AND \
             (d.state = 'pending' OR (d.kind = 'heartbeat' AND d.created >= coalesce(u.used, u.since)))) AS busy FROM channel_use u",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Use {
                    channel: row.try_get(0)?,
                    since: at(row.try_get(1)?),
                    used: row.try_get::<Option<i64>, _>(2)?.map(at),
                    busy: row.try_get(3)?,
                })
            })
            .collect()
    }
}

/// A channel took something: whatever was wrong with it is over, and its messages wait no longer.
pub(super) async fn took(tx: &mut Transaction, channel: &str, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO channel_use (name, since, used) VALUES ($1, $2, $2) ON CONFLICT (name) DO UPDATE SET used = excluded.used",
    )
    .bind(channel)
    .bind(ms(now))
    .execute(&mut **tx)
    .await?;
    let well = sqlx::query(
        "UPDATE channel SET well = $2, paused_until = $2, failures = 0, asked = 0 \
         WHERE name = $1 AND down_since IS NOT NULL AND well IS NULL",
    )
    .bind(channel)
    .bind(ms(now))
    .execute(&mut **tx)
    .await?;
    if well.rows_affected() > 0 {
        hasten(tx, channel, now).await?;
    }
    // A fallback that was told is told again before the row goes. A pause that is not over is another recipient's.
    sqlx::query(
        "DELETE FROM channel WHERE name = $1 AND told_down IS NULL AND (well IS NOT NULL OR paused_until <= $2)",
    )
    .bind(channel)
    .bind(ms(now))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A channel waits as a whole. A pause that it asked for is never made shorter. What fails while it waits already was under way with
/// what failed first, as mails to several recipients are, and is no further failure.
pub(super) async fn pause(
    tx: &mut Transaction,
    channel: &str,
    pause: Pause,
    until: Timestamp,
    why: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO channel (name, paused_until, down_since, failures, why, asked) VALUES ($1, $2, $3, 1, $4, $5) \
         ON CONFLICT (name) DO UPDATE SET \
         paused_until = CASE WHEN channel.asked = 1 AND channel.paused_until > excluded.paused_until THEN channel.paused_until ELSE excluded.paused_until END, \
         asked = CASE WHEN channel.asked = 1 AND channel.paused_until > excluded.paused_until THEN 1 ELSE excluded.asked END, \
         down_since = coalesce(channel.down_since, excluded.down_since), failures = channel.failures + CASE WHEN channel.paused_until > $6 THEN 0 ELSE 1 END, why = excluded.why, \
         well = CASE WHEN excluded.down_since IS NULL THEN channel.well END",
    )
    .bind(channel)
    .bind(ms(until))
    .bind((pause == Pause::Down).then(|| ms(now)))
    .bind(why)
    .bind(i64::from(pause == Pause::Asked))
    .bind(ms(now))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What waited for a channel alone is due now.
async fn hasten(tx: &mut Transaction, channel: &str, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE delivery SET due = $2 WHERE channel = $1 AND state = 'pending' AND claimed_until IS NULL AND due > $2",
    )
    .bind(channel)
    .bind(ms(now))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn sick(row: &Row) -> Result<Sick, StoreError> {
    let time = |name| row.try_get::<Option<i64>, _>(name).map(|ms| ms.map(at));
    Ok(Sick {
        channel: row.try_get("name")?,
        since: at(row.try_get("down_since")?),
        why: row.try_get::<Option<String>, _>("why")?.unwrap_or_default(),
        address: row.try_get("settings")?,
        told: time("told_down")?,
        well: time("well")?,
        waiting: row.try_get::<i64, _>("waiting")?.unsigned_abs(),
    })
}
