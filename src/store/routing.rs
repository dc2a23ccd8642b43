//! Who was told of what, what is held back, and how much each channel was told.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::{QueryBuilder, Row as _};

use super::dialect::{Db, Row, Transaction, begin};
use super::spans::ROWS;
use super::{Store, StoreError, at, ms, outbox};
use crate::judge::Severity;
use crate::message::Kind;
use crate::outbox::{Books, DeliveryId, Held, HeldBy, Hour, NewHeld, Outgoing, Release, Told};

/// Writes what goes out and what is noted beside. Gives the deliveries that are new.
pub(super) async fn write(
    tx: &mut Transaction,
    outgoing: &Outgoing,
    now: Timestamp,
) -> Result<Vec<DeliveryId>, StoreError> {
    let ids = outbox::enqueue(tx, &outgoing.deliveries, now).await?;
    for held in &outgoing.held {
        sqlx::query(
            "INSERT INTO held (channel, cause, held, at, kind, severity, site, source, title, thread) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (cause, channel) DO NOTHING",
        )
        .bind(held.channel.as_str())
        .bind(held.cause.as_str())
        .bind(held.held.word())
        .bind(ms(held.at))
        .bind(held.kind.word())
        .bind(held.severity.word())
        .bind(held.site.as_deref())
        .bind(held.source.as_deref())
        .bind(held.title.as_str())
        .bind(held.thread.as_deref())
        .execute(&mut **tx)
        .await?;
    }
    for told in &outgoing.told {
        sqlx::query(
            "INSERT INTO told (thread, channel, cause, title, since) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (thread, channel) DO NOTHING",
        )
        .bind(told.thread.as_str())
        .bind(told.channel.as_str())
        .bind(told.cause.as_deref())
        .bind(told.title.as_str())
        .bind(ms(told.since))
        .execute(&mut **tx)
        .await?;
    }
    for (thread, at) in &outgoing.calm {
        sqlx::query("UPDATE told SET calm = $2 WHERE thread = $1")
            .bind(thread.as_str())
            .bind(ms(*at))
            .execute(&mut **tx)
            .await?;
    }
    for (channel, hour) in &outgoing.hours {
        sqlx::query(
            "INSERT INTO channel_use (name, since, hour_from, hour_told) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (name) DO UPDATE SET hour_from = excluded.hour_from, hour_told = excluded.hour_told",
        )
        .bind(channel.as_str())
        .bind(ms(now))
        .bind(ms(hour.from))
        .bind(i64::from(hour.told))
        .execute(&mut **tx)
        .await?;
    }
    Ok(ids)
}

impl Store {
    /// Who was told of these incidents and of those told beside them, and each channel's hour.
    pub async fn books(&self, threads: &[&str]) -> Result<Books, StoreError> {
        let mut books = Books::default();
        for chunk in threads.chunks(ROWS) {
            let mut sql = QueryBuilder::<Db>::new(
                "SELECT t.thread, t.channel, t.cause, t.title, \
                 coalesce(t.calm, (SELECT CASE WHEN count(*) = count(i.closed) AND sum(i.held) = 0 THEN max(i.closed) END FROM incident i WHERE i.cause = t.thread)) AS closed, \
                 (SELECT min(h.held) FROM held h WHERE h.thread = t.thread AND h.channel = t.channel) AS held FROM told t \
                 WHERE EXISTS (SELECT 1 FROM told o WHERE o.channel = t.channel AND (o.thread = t.thread OR o.cause = t.cause) AND o.thread IN (",
            );
            let mut list = sql.separated(", ");
            for thread in chunk {
                list.push_bind(*thread);
            }
            sql.push(")) ORDER BY t.thread, t.channel");
            for row in sql.build().fetch_all(&self.pool).await? {
                let told = told(&row)?;
                if !books.told.contains(&told) {
                    books.told.push(told);
                }
            }
        }
        books.hours = self.hours().await?;
        Ok(books)
    }

    /// The hour of each channel that has one.
    pub async fn hours(&self) -> Result<HashMap<String, Hour>, StoreError> {
        let rows = sqlx::query("SELECT name, hour_from, hour_told FROM channel_use WHERE hour_from IS NOT NULL")
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                let told = u32::try_from(row.try_get::<i64, _>(2)?).unwrap_or(u32::MAX);
                Ok((row.try_get(0)?, Hour { from: at(row.try_get(1)?), told }))
            })
            .collect()
    }

    /// The channels for which something is held back, why, and since when.
    pub async fn holding(&self) -> Result<Vec<(String, HeldBy, Timestamp)>, StoreError> {
        let rows = sqlx::query(
            "SELECT channel, held, min(at) FROM (SELECT channel, held, at FROM held UNION ALL \
             SELECT channel, held, created AS at FROM delivery WHERE held IS NOT NULL AND state = 'pending') x \
             GROUP BY channel, held ORDER BY channel, held DESC",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let word: String = row.try_get(1)?;
                let held = HeldBy::from_word(&word).ok_or_else(|| StoreError::Other(format!("held by `{word}`")))?;
                Ok((row.try_get(0)?, held, at(row.try_get(2)?)))
            })
            .collect()
    }

    /// The lines that a channel's summary would have, oldest first.
    pub async fn held(&self, channel: &str, held: HeldBy) -> Result<Vec<Held>, StoreError> {
        let rows = sqlx::query(
            "SELECT h.id, channel, h.cause, held, at, h.kind, h.severity, h.site, source, title, thread, \
             (SELECT min(i.closed) FROM incident i WHERE i.cause = h.thread AND i.state = 'closed' AND i.closed > i.opened) AS closed \
             FROM held h WHERE channel = $1 AND held = $2 ORDER BY h.id",
        )
        .bind(channel)
        .bind(held.word())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| line(row, held)).collect()
    }

    /// Puts a summary in the place of what was held back, and lets go of what was kept whole.
    pub async fn release(&self, release: &Release, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = begin(&self.pool).await?;
        sqlx::query(
            "UPDATE delivery SET held = NULL, created = $3, due = $3 WHERE channel = $1 AND held = $2 AND state = 'pending'",
        )
        .bind(release.channel.as_str())
        .bind(release.held.word())
        .bind(ms(now))
        .execute(&mut *tx)
        .await?;
        write(&mut tx, &release.outgoing, now).await?;
        sqlx::query(
            "UPDATE told SET cause = $4 WHERE channel = $1 AND cause IS NULL AND thread IN \
             (SELECT thread FROM held WHERE channel = $1 AND held = $2 AND id <= $3)",
        )
        .bind(release.channel.as_str())
        .bind(release.held.word())
        .bind(release.up_to)
        .bind(release.cause.as_str())
        .execute(&mut *tx)
        .await?;
        sqlx::query("DELETE FROM held WHERE channel = $1 AND held = $2 AND id <= $3")
            .bind(release.channel.as_str())
            .bind(release.held.word())
            .bind(release.up_to)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Forgets who was told of incidents that were over before then.
    pub async fn forget_told(&self, before: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM told WHERE calm < $1 OR thread IN (SELECT cause FROM incident WHERE state = 'closed' AND closed < $1)",
        )
        .bind(ms(before))
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

fn told(row: &Row) -> Result<Told, StoreError> {
    Ok(Told {
        thread: row.try_get("thread")?,
        channel: row.try_get("channel")?,
        cause: row.try_get("cause")?,
        held: row.try_get::<Option<String>, _>("held")?.and_then(|word| HeldBy::from_word(&word)),
        title: row.try_get("title")?,
        closed: row.try_get::<Option<i64>, _>("closed")?.map(at),
    })
}

fn line(row: &Row, held: HeldBy) -> Result<Held, StoreError> {
    let (kind, severity): (String, String) = (row.try_get("kind")?, row.try_get("severity")?);
    let known = [Severity::Info, Severity::Warning, Severity::Critical];
    Ok(Held {
        id: row.try_get("id")?,
        line: NewHeld {
            channel: row.try_get("channel")?,
            cause: row.try_get("cause")?,
            held,
            at: at(row.try_get("at")?),
            kind: Kind::ALL
                .into_iter()
                .find(|known| known.word() == kind)
                .ok_or_else(|| StoreError::Other(format!("a held message of the kind `{kind}`")))?,
            severity: known.into_iter().find(|known| known.word() == severity).unwrap_or_default(),
            site: row.try_get("site")?,
            source: row.try_get("source")?,
            title: row.try_get("title")?,
            thread: row.try_get("thread")?,
        },
        closed: row.try_get::<Option<i64>, _>("closed")?.map(at),
    })
}
