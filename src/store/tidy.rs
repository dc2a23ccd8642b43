//! Forgetting by age: what is older than it may be kept is deleted, in short transactions, and its space given back.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sqlx::{QueryBuilder, Row as _};

use super::aggregate::steps::Stored;
use super::dialect::{self, Db, begin};
use super::{Store, StoreError, at, hours, ms};

/// How many rows go in one transaction: it takes some milliseconds, and a poll waits no longer.
const BATCH: i64 = 500;
/// How many pages are given back at a time.
const PAGES: u32 = 256;

/// How long each kind of thing is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Sessions that ended, and the people who had no others.
    pub sessions: SignedDuration,
    /// What was shown: counts alone.
    pub readings: SignedDuration,
    /// What was delivered, dropped or given up.
    pub deliveries: SignedDuration,
    /// Readings as they were; older ones become hours.
    pub readings_full: SignedDuration,
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Default for Keep {
    fn default() -> Self {
        let days = |days: i32| DAY * days;
        Self { sessions: days(90), readings: days(400), deliveries: days(30), readings_full: days(35) }
    }
}

/// What a tidying did, in rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tidied {
    pub sessions: u64,
    pub people: u64,
    pub readings: u64,
    pub deliveries: u64,
    /// Hours that readings became.
    pub hours: u64,
}

/// Whose readings: a pair's, or those of a site as a whole.
#[derive(Clone)]
struct Source {
    site: String,
    pair: Option<i64>,
}

impl Store {
    /// Deletes what is older than it is kept, folds readings into the hours of the zone's clock, and gives the space back.
    pub async fn tidy(&self, keep: &Keep, now: Timestamp, zone: &TimeZone) -> Result<Tidied, StoreError> {
        let before = |age: SignedDuration| ms(now.checked_sub(age).unwrap_or(Timestamp::MIN));
        let mut tidied = Tidied::default();
        let settled = before(keep.deliveries);
        tidied.deliveries = self
            .delete("delivery", &|sql| {
                sql.push("state <> 'pending' AND settled < ").push_bind(settled);
                // What opened an incident that is not over yet is still to be answered.
                sql.push(
                    " AND NOT (receipt IS NOT NULL AND (EXISTS (SELECT 1 FROM told t JOIN incident i ON i.cause = t.thread \
                     WHERE t.channel = delivery.channel AND t.cause = delivery.cause AND (i.state <> 'closed' OR i.held = 1)) \
                     OR EXISTS (SELECT 1 FROM delivery p WHERE p.state = 'pending' AND p.channel = delivery.channel AND p.in_reply_to = delivery.message_id)))",
                );
            })
            .await?;
        let sources = self.sources().await?;
        let ended = before(keep.sessions);
        for pair in sources.iter().filter_map(|source| source.pair) {
            tidied.sessions += self
                .delete("span", &|sql| {
                    sql.push("pair = ").push_bind(pair).push(" AND ended < ").push_bind(ended);
                })
                .await?;
        }
        if tidied.sessions > 0 {
            self.keep_from(ended).await?;
        }
        tidied.people = self
            .delete("person", &|sql| {
                sql.push("NOT EXISTS (SELECT 1 FROM span WHERE span.person = person.id)");
            })
            .await?;
        let unused = before(keep.sessions);
        sqlx::query("DELETE FROM pseudonym WHERE used < $1 AND words NOT IN (SELECT user_id FROM person)")
            .bind(unused)
            .execute(&self.pool)
            .await?;
        for source in &sources {
            let (readings, hours) = self.fold(source, before(keep.readings_full), zone).await?;
            tidied.readings += readings;
            tidied.hours += hours;
            let old = before(keep.readings);
            for table in ["reading", "hour"] {
                tidied.readings += self
                    .delete(table, &|sql| {
                        of(sql, source);
                        sql.push(" AND \"to\" < ").push_bind(old);
                    })
                    .await?;
            }
        }
        // Engines are no source of sessions: a site that is polled no more has them all the same.
        let old = before(keep.readings);
        tidied.readings += self
            .delete("engine", &|sql| {
                sql.push("\"from\" < ").push_bind(old);
            })
            .await?;
        self.reclaim().await?;
        Ok(tidied)
    }

    /// Deletes rows in batches. Gives how many.
    async fn delete(&self, table: &str, which: &(dyn Fn(&mut QueryBuilder<Db>) + Sync)) -> Result<u64, StoreError> {
        let mut deleted = 0;
        loop {
            let mut sql = QueryBuilder::<Db>::new("DELETE FROM ");
            sql.push(table).push(" WHERE id IN (SELECT id FROM ").push(table).push(" WHERE ");
            which(&mut sql);
            sql.push(" ORDER BY id LIMIT ").push(BATCH.to_string()).push(")");
            let mut tx = begin(&self.pool).await?;
            let done = sql.build().execute(&mut *tx).await?.rows_affected();
            tx.commit().await?;
            deleted += done;
            if done < BATCH.unsigned_abs() {
                return Ok(deleted);
            }
        }
    }

    /// Notes that of what was before `from` sessions are missing.
    async fn keep_from(&self, from: i64) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO kept (what, \"from\") VALUES ('span', $1) \
             ON CONFLICT (what) DO UPDATE SET \"from\" = excluded.\"from\" WHERE excluded.\"from\" > kept.\"from\"",
        )
        .bind(from)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn sources(&self) -> Result<Vec<Source>, StoreError> {
        let rows = sqlx::query("SELECT site, id FROM pair UNION ALL SELECT DISTINCT site, NULL FROM pair")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| Ok(Source { site: row.try_get(0)?, pair: row.try_get(1)? })).collect()
    }

    /// Makes hours of one source's fully answered readings that ended before `old`. Gives how many readings went, and how many
    /// hours came.
    async fn fold(&self, source: &Source, old: i64, zone: &TimeZone) -> Result<(u64, u64), StoreError> {
        let (mut readings, mut came, mut after) = (0, 0, 0);
        loop {
            let mut sql = QueryBuilder::<Db>::new("SELECT * FROM reading WHERE ");
            of(&mut sql, source);
            sql.push(" AND id > ").push_bind(after).push(" ORDER BY id LIMIT ").push(BATCH.to_string());
            let rows = sql.build().fetch_all(&self.pool).await?;
            let mut batch: Vec<(i64, Stored)> = Vec::with_capacity(rows.len());
            for row in &rows {
                batch.push((row.try_get("id")?, Stored::reading(row)?));
            }
            // How long the last one speaks is known from the next: it is left for the next batch, or for another day.
            let whole = batch.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
            let ends: Vec<i64> =
                (0..batch.len()).map(|i| batch[i].1.until(batch.get(i + 1).map(|(_, next)| next.from))).collect();
            let ready = ends.iter().take_while(|end| **end <= old).count();
            let ready = if whole { ready } else { ready.min(batch.len() - 1) };
            if ready == 0 {
                return Ok((readings, came));
            }
            let offset = |instant: i64| i64::from(zone.to_offset(at(instant)).seconds()) * 1000;
            let folded = hours::fold(batch[..ready].iter().map(|(_, stored)| stored).zip(ends), offset);
            let gone: Vec<i64> =
                batch[..ready].iter().filter(|(_, stored)| stored.is_full()).map(|(id, _)| *id).collect();
            if !gone.is_empty() {
                let mut tx = begin(&self.pool).await?;
                hours::insert(&mut tx, (&source.site, source.pair), &folded).await?;
                let mut sql = QueryBuilder::<Db>::new("DELETE FROM reading WHERE id IN (");
                super::aggregate::list(&mut sql, &gone);
                sql.push(")").build().execute(&mut *tx).await?;
                tx.commit().await?;
            }
            readings += gone.len() as u64;
            came += folded.len() as u64;
            after = batch[ready - 1].0;
        }
    }

    /// Gives free pages back to the disk, and empties the log that still has what was deleted; false where that has to wait.
    pub(super) async fn reclaim(&self) -> Result<bool, StoreError> {
        while dialect::give_back(&self.pool, PAGES).await? {}
        dialect::empty_log(&self.pool).await
    }
}

fn of(sql: &mut QueryBuilder<Db>, source: &Source) {
    match source.pair {
        Some(pair) => sql.push("pair = ").push_bind(pair),
        None => sql.push("pair IS NULL AND site = ").push_bind(source.site.clone()),
    };
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tempfile::TempDir;

    use super::super::tests::{delivery, open, record, snapshot, time};
    use super::*;
    use crate::outbox::Settled;

    const KEEP: Keep = Keep { sessions: DAY, readings: DAY, deliveries: DAY, readings_full: DAY };

    /// The files in which some bytes stand.
    fn found(folder: &Path, bytes: &str) -> Vec<String> {
        std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| std::fs::read(path).unwrap().windows(bytes.len()).any(|window| window == bytes.as_bytes()))
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect()
    }

    #[tokio::test]
    async fn what_is_deleted_is_nowhere_in_the_files_and_its_space_is_given_back() {
        let folder = TempDir::new().unwrap();
        let state = folder.path().join("state");
        let store = open(&folder).await;
        let many: Vec<String> = (0..3000).map(|i| format!("colleague{i}:s{i}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).chain(["Xenocrates:x1"]).collect();
        let mail = crate::outbox::NewDelivery {
            title: "Xenocrates is on".into(),
            body: "Xenocrates".repeat(5000),
            ..delivery("old", "ops")
        };
        record(&store, &snapshot(0, &[("", Some(&many))]), &[mail, delivery("waits", "bosses")]).await.unwrap();
        record(&store, &snapshot(60, &[("", Some(&["anna:s"]))]), &[]).await.unwrap();
        let lease = SignedDuration::from_secs(60);
        let claimed = store.claim(time(61), lease, None, |lane| lane.channel == "ops").await.unwrap();
        assert!(store.settle(&claimed[0], &Settled::Delivered { receipt: None }, time(62)).await.unwrap());
        assert!(!found(&state, "Xenocrates").is_empty(), "it was there");

        let soon = store.tidy(&KEEP, time(86_400), &TimeZone::UTC).await.unwrap();
        assert_eq!(soon, Tidied::default(), "nothing is old enough");
        let size = std::fs::metadata(state.join("headcount.db")).unwrap().len();
        let tidied = store.tidy(&KEEP, time(2 * 86_400), &TimeZone::UTC).await.unwrap();
        assert_eq!((tidied.sessions, tidied.people, tidied.deliveries), (3001, 3001, 1));
        assert_eq!(found(&state, "Xenocrates"), Vec::<String>::new());
        assert_eq!(found(&state, "colleague"), Vec::<String>::new());
        let after = std::fs::metadata(state.join("headcount.db")).unwrap().len();
        assert!(after < size / 2, "{after} of {size} bytes are left");
        assert_eq!(std::fs::metadata(state.join("headcount.db-wal")).unwrap().len(), 0);
        assert_eq!(store.deliveries(true, 10).await.unwrap().len(), 1, "what waits is kept, however old");

        // The store goes on, with what is in memory.
        record(&store, &snapshot(3 * 86_400, &[("", Some(&["anna:s", "bo:t"]))]), &[]).await.unwrap();
        assert!(!found(&state, "Name of anna").is_empty());
    }

    #[tokio::test]
    async fn a_store_from_before_space_was_given_back_is_written_anew_once() {
        let folder = TempDir::new().unwrap();
        let store = open(&folder).await;
        // As it was made then.
        for sql in ["PRAGMA auto_vacuum = NONE", "VACUUM"] {
            sqlx::query(sql).execute(&store.pool).await.unwrap();
        }
        store.close().await;
        let store = open(&folder).await;
        let many: Vec<String> = (0..3000).map(|i| format!("colleague{i}:s{i}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        record(&store, &snapshot(0, &[("", Some(&many))]), &[]).await.unwrap();
        record(&store, &snapshot(60, &[("", Some(&[]))]), &[]).await.unwrap();
        let mode = async || -> i64 { sqlx::query("PRAGMA auto_vacuum").fetch_one(&store.pool).await.unwrap().get(0) };
        assert_eq!(mode().await, 0);
        store.tidy(&KEEP, time(2 * 86_400), &TimeZone::UTC).await.unwrap();
        assert_eq!(mode().await, 2);
        // As small as a store that saw nothing but one poll of nobody.
        let other = TempDir::new().unwrap();
        let fresh = open(&other).await;
        record(&fresh, &snapshot(60, &[("", Some(&[]))]), &[]).await.unwrap();
        fresh.reclaim().await.unwrap();
        let size = |folder: &TempDir| std::fs::metadata(folder.path().join("state/headcount.db")).unwrap().len();
        // Within a page: what is left, hours and since when sessions are kept, is not what the fresh one holds.
        let fresh = size(&other) + 4096;
        assert!(size(&folder) <= fresh, "{} bytes, and {fresh} of a fresh store and a page", size(&folder));
        assert_eq!(found(&folder.path().join("state"), "colleague"), Vec::<String>::new());
    }
}
