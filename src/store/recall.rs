//! What the store remembers of a site, given back page by page in the order in which it was written.

use jiff::Timestamp;
use sqlx::Row as _;

use super::dialect::Row;
use super::{Store, StoreError, aggregate, at, ms};
use crate::hex;
use crate::secret::Secret;
use crate::snapshot::{Counts, Pair, User};

/// Rows in one page: few enough to be nothing in memory, many enough that asking costs little.
const PAGE: i64 = 5_000;

/// What one pair, or with no pair the site, showed over a stretch of polls.
#[derive(Clone, Debug)]
pub struct RecalledReading {
    pub id: i64,
    pub pair: Option<Pair>,
    pub from: Timestamp,
    pub to: Timestamp,
    pub polls: u64,
    pub counts: Option<Counts>,
    /// The word for why it was not seen.
    pub why: Option<String>,
}

/// One session from its beginning to its end. Its id is the store's own.
#[derive(Clone, Debug)]
pub struct RecalledSession {
    pub id: i64,
    pub pair: Pair,
    pub session: Secret,
    /// None is an anonymous visitor.
    pub user: Option<User>,
    pub began: Timestamp,
    /// Whether it may have begun before: it was there when somebody first looked.
    pub at_least: bool,
    /// The first poll that did not have it any more.
    pub ended: Option<Timestamp>,
}

const SESSIONS: &str = "SELECT span.id, proxy, prefix, session, directory, CASE WHEN user_id = '' THEN 'hidden-' || person.id ELSE user_id END AS user_id, name, began, ended, at_least \
     FROM span JOIN pair ON pair.id = span.pair LEFT JOIN person ON person.id = span.person WHERE site = $1";

impl Store {
    /// The first and the last poll of a site that is remembered as it was: what is older stands in hours alone.
    pub async fn remembered(&self, site: &str) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
        let row = sqlx::query(
            "SELECT min(\"from\"), max(\"to\") FROM reading WHERE site = $1 AND pair IS NULL AND \"from\" >= \
             (SELECT coalesce(max(\"from\" + length), 0) FROM hour WHERE site = $1 AND pair IS NULL)",
        )
        .bind(site)
        .fetch_one(&self.pool)
        .await?;
        let time = |column: usize| row.try_get::<Option<i64>, _>(column).map(|ms| ms.map(at));
        Ok(time(0)?.zip(time(1)?))
    }

    /// The first poll of any of some sites that anything is known of, in old readings that became hours too.
    pub async fn begins(&self, sites: &[&str]) -> Result<Option<Timestamp>, StoreError> {
        let mut first: Option<i64> = None;
        for site in sites {
            first = [first, aggregate::begins(&self.pool, site).await?].into_iter().flatten().min();
        }
        Ok(first.map(at))
    }

    /// The row before the first reading that reaches `from`.
    pub async fn reading_before(&self, site: &str, from: Timestamp) -> Result<i64, StoreError> {
        let row = sqlx::query("SELECT coalesce(min(id), 0) FROM reading WHERE site = $1 AND \"to\" >= $2")
            .bind(site)
            .bind(ms(from))
            .fetch_one(&self.pool)
            .await?;
        Ok(row.try_get::<i64, _>(0)? - 1)
    }

    /// The readings after a row, in their order: a page of them, empty at the end.
    pub async fn readings_after(&self, site: &str, id: i64) -> Result<Vec<RecalledReading>, StoreError> {
        let rows = sqlx::query(
            "SELECT reading.id, proxy, prefix, \"from\", \"to\", polls, sessions, users, anonymous, why \
             FROM reading LEFT JOIN pair ON pair.id = reading.pair \
             WHERE reading.site = $1 AND reading.id > $2 ORDER BY reading.id LIMIT $3",
        )
        .bind(site)
        .bind(id)
        .bind(PAGE)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(reading).collect()
    }

    /// The sessions that were open at an instant.
    pub async fn sessions_at(&self, site: &str, then: Timestamp) -> Result<Vec<RecalledSession>, StoreError> {
        let sql = format!("{SESSIONS} AND began <= $2 AND (ended IS NULL OR ended > $2) ORDER BY span.id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(site).bind(ms(then)).fetch_all(&self.pool).await?;
        rows.iter().map(session).collect()
    }

    /// The sessions that began later, after a row, in their order: a page of them, empty at the end.
    pub async fn sessions_after(
        &self,
        site: &str,
        then: Timestamp,
        id: i64,
    ) -> Result<Vec<RecalledSession>, StoreError> {
        let sql = format!("{SESSIONS} AND began > $2 AND span.id > $3 ORDER BY span.id LIMIT $4");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(site).bind(ms(then)).bind(id).bind(PAGE);
        query.fetch_all(&self.pool).await?.iter().map(session).collect()
    }
}

fn reading(row: &Row) -> Result<RecalledReading, StoreError> {
    let count = |column: usize| row.try_get::<Option<i64>, _>(column).map(|n| n.map(i64::unsigned_abs));
    let counts = match (count(6)?, count(7)?, count(8)?) {
        (Some(sessions), Some(users), Some(anonymous)) => Some(Counts { sessions, users, anonymous }),
        _ => None,
    };
    let pair = match (row.try_get::<Option<String>, _>(1)?, row.try_get::<Option<String>, _>(2)?) {
        (Some(proxy), Some(prefix)) => Some(Pair { proxy: proxy.into(), prefix: prefix.into() }),
        _ => None,
    };
    Ok(RecalledReading {
        id: row.try_get(0)?,
        pair,
        from: at(row.try_get(3)?),
        to: at(row.try_get(4)?),
        polls: count(5)?.unwrap_or(1),
        counts,
        why: row.try_get(9)?,
    })
}

fn session(row: &Row) -> Result<RecalledSession, StoreError> {
    let text = |column: usize| row.try_get::<Option<String>, _>(column);
    let user = match (text(4)?, text(5)?) {
        (Some(directory), Some(id)) => {
            Some(User { directory: directory.into(), id: id.into(), name: text(6)?.map(Into::into) })
        }
        _ => None,
    };
    Ok(RecalledSession {
        id: row.try_get(0)?,
        pair: Pair { proxy: row.try_get::<String, _>(1)?.into(), prefix: row.try_get::<String, _>(2)?.into() },
        session: Secret::new(hex::encode(&row.try_get::<Vec<u8>, _>(3)?)),
        user,
        began: at(row.try_get(7)?),
        at_least: row.try_get(9)?,
        ended: row.try_get::<Option<i64>, _>(8)?.map(at),
    })
}
