//! What repositories named, for as long as they are away, and what changed in it.

use jiff::Timestamp;
use sqlx::Row as _;

use super::dialect::begin;
use super::{Store, StoreError, at, ms};

/// How many changes of a site are kept.
const KEPT: i64 = 200;

/// A topology to keep.
pub struct Topology<'a> {
    pub site: &'a str,
    /// Where it was heard, and on whose behalf.
    pub repository: &'a str,
    pub at: Timestamp,
    pub body: &'a str,
    /// What appeared (true) or went.
    pub changes: &'a [(bool, String)],
}

/// Something that appeared in a site's topology, or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopologyChange {
    pub at: Timestamp,
    pub appeared: bool,
    pub what: String,
}

impl Store {
    /// What this very repository named last, if that was after `since`, and when.
    pub async fn topology(
        &self,
        site: &str,
        repository: &str,
        since: Option<Timestamp>,
    ) -> Result<Option<(String, Timestamp)>, StoreError> {
        let row = sqlx::query("SELECT body, at FROM topology WHERE site = $1 AND repository = $2 AND at > $3")
            .bind(site)
            .bind(repository)
            .bind(since.map_or(i64::MIN, ms))
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| Ok((row.try_get(0)?, at(row.try_get(1)?)))).transpose()
    }

    /// Keeps a topology with what changed in it, in place of the one before.
    pub async fn keep_topology(&self, kept: &Topology<'_>) -> Result<(), StoreError> {
        let mut tx = begin(&self.pool).await?;
        sqlx::query(
            "INSERT INTO topology (site, repository, at, body) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (site) DO UPDATE SET repository = excluded.repository, at = excluded.at, body = excluded.body",
        )
        .bind(kept.site)
        .bind(kept.repository)
        .bind(ms(kept.at))
        .bind(kept.body)
        .execute(&mut *tx)
        .await?;
        for (appeared, what) in kept.changes {
            sqlx::query("INSERT INTO topology_change (site, at, appeared, what) VALUES ($1, $2, $3, $4)")
                .bind(kept.site)
                .bind(ms(kept.at))
                .bind(i64::from(*appeared))
                .bind(what.as_str())
                .execute(&mut *tx)
                .await?;
        }
        if !kept.changes.is_empty() {
            sqlx::query(
                "DELETE FROM topology_change WHERE site = $1 AND id NOT IN \
                 (SELECT id FROM topology_change WHERE site = $1 ORDER BY id DESC LIMIT $2)",
            )
            .bind(kept.site)
            .bind(KEPT)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What appeared or went, newest first.
    pub async fn topology_changes(&self, site: &str, most: u32) -> Result<Vec<TopologyChange>, StoreError> {
        let rows =
            sqlx::query("SELECT at, appeared, what FROM topology_change WHERE site = $1 ORDER BY id DESC LIMIT $2")
                .bind(site)
                .bind(i64::from(most))
                .fetch_all(&self.pool)
                .await?;
        rows.iter()
            .map(|row| {
                Ok(TopologyChange {
                    at: at(row.try_get(0)?),
                    appeared: row.try_get::<i64, _>(1)? != 0,
                    what: row.try_get(2)?,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_topology_of_the_same_repository_is_kept_with_its_changes() {
        let folder = tempfile::TempDir::new().unwrap();
        let store = Store::open(&folder.path().join("headcount.db")).await.unwrap();
        let second = |number| Timestamp::from_second(number).unwrap();
        let keep = async |at, body: &str, changes: &[(bool, String)]| {
            let kept = Topology { site: "prod", repository: "sense:4242 as me", at: second(at), body, changes };
            store.keep_topology(&kept).await.unwrap();
        };
        keep(10, "one", &[]).await;
        keep(20, "two", &[(true, "hr".to_owned()), (false, "old".to_owned())]).await;
        let kept = Some(("two".to_owned(), second(20)));
        assert_eq!(store.topology("prod", "sense:4242 as me", None).await.unwrap(), kept);
        assert_eq!(store.topology("prod", "sense:4242 as me", Some(second(19))).await.unwrap(), kept);
        assert_eq!(store.topology("prod", "sense:4242 as me", Some(second(20))).await.unwrap(), None);
        assert_eq!(store.topology("prod", "sense:4242 as you", None).await.unwrap(), None);
        for number in 0..300 {
            keep(30, "three", &[(true, number.to_string())]).await;
        }
        let changes = store.topology_changes("prod", 1000).await.unwrap();
        assert_eq!((changes.len(), changes[0].what.as_str(), changes[0].at), (200, "299", second(30)));
        assert_eq!(store.topology_changes("other", 9).await.unwrap(), []);
        store.close().await;
    }
}
