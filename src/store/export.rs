//! What is remembered, page by page, for other programs.

use jiff::Timestamp;
use sqlx::Row as _;

use super::dialect::Row;
use super::{Store, StoreError, at, ms};

/// Rows in one page: few enough to be nothing in memory.
const PAGE: i64 = 1_000;

/// One session. Nobody's where it is an anonymous visitor's.
#[derive(Clone, Debug)]
pub struct SessionRow {
    pub id: i64,
    pub proxy: String,
    pub prefix: String,
    pub person: Option<(String, String, Option<String>)>,
    pub began: Timestamp,
    /// It was there when somebody first looked.
    pub at_least: bool,
    pub last_seen: Option<Timestamp>,
    pub ended: Option<Timestamp>,
}

/// What one pair, or the site as a whole, showed over a stretch of polls; of an old one, over the part of an hour.
#[derive(Clone, Debug)]
pub struct ReadingRow {
    pub id: i64,
    /// Whether it is an hour put together.
    pub hour: bool,
    pub pair: Option<(String, String)>,
    pub from: Timestamp,
    pub to: Timestamp,
    pub polls: i64,
    pub answered: i64,
    pub asked: i64,
    pub sessions: Option<Figures>,
    pub users: Option<Figures>,
    pub anonymous: Option<Figures>,
    pub why: Option<String>,
}

/// A number over a stretch: the same three times, but for an hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    pub mean: f64,
    pub min: i64,
    pub max: i64,
}

impl Store {
    /// The sessions that were there between two instants, after a row: a page of them, empty at the end.
    pub async fn export_sessions(
        &self,
        site: &str,
        (from, to): (Timestamp, Timestamp),
        after: i64,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT span.id, proxy, prefix, directory, user_id, name, began, at_least, last_seen, ended \
             FROM span JOIN pair ON pair.id = span.pair LEFT JOIN person ON person.id = span.person \
             WHERE +site = $1 AND span.id > $4 AND +began < $3 AND (ended IS NULL OR ended > $2) ORDER BY span.id LIMIT $5",
        )
        .bind(site)
        .bind(ms(from))
        .bind(ms(to))
        .bind(after)
        .bind(PAGE)
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let text = |column: usize| row.try_get::<Option<String>, _>(column);
                let time = |column: usize| row.try_get::<Option<i64>, _>(column).map(|ms| ms.map(at));
                Ok(SessionRow {
                    id: row.try_get(0)?,
                    proxy: row.try_get(1)?,
                    prefix: row.try_get(2)?,
                    person: match (text(3)?, text(4)?) {
                        (Some(directory), Some(id)) => Some((directory, id, text(5)?)),
                        _ => None,
                    },
                    began: at(row.try_get(6)?),
                    at_least: row.try_get(7)?,
                    last_seen: time(8)?,
                    ended: time(9)?,
                })
            })
            .collect()
    }

    /// The readings that reach into a stretch of time, after a row: a page of them, empty at the end. `hours` asks for those that
    /// were put together, which have rows of their own.
    pub async fn export_readings(
        &self,
        site: &str,
        (from, to): (Timestamp, Timestamp),
        hours: bool,
        after: i64,
    ) -> Result<Vec<ReadingRow>, StoreError> {
        let sql = if hours {
            "SELECT r.id, proxy, prefix, \"from\", \"from\" + length AS until, polls, polls AS answered, asked, NULL AS why, length, \
             sessions_time, sessions_min, sessions_max, users_time, users_min, users_max, anonymous_time, anonymous_min, anonymous_max \
             FROM hour r LEFT JOIN pair ON pair.id = r.pair \
             WHERE +r.site = $1 AND r.id > $4 AND +\"from\" < $3 AND \"from\" + length > $2 ORDER BY r.id LIMIT $5"
        } else {
            "SELECT r.id, proxy, prefix, \"from\", \"to\" AS until, polls, answered, asked, why, 1 AS length, \
             sessions, sessions, sessions, users, users, users, anonymous, anonymous, anonymous \
             FROM reading r LEFT JOIN pair ON pair.id = r.pair \
             WHERE +r.site = $1 AND r.id > $4 AND +\"from\" < $3 AND +\"to\" >= $2 ORDER BY r.id LIMIT $5"
        };
        let query = sqlx::query(sql).bind(site).bind(ms(from)).bind(ms(to)).bind(after).bind(PAGE);
        query.fetch_all(&self.pool).await?.iter().map(|row| reading(row, hours)).collect()
    }
}

fn reading(row: &Row, hour: bool) -> Result<ReadingRow, StoreError> {
    let length: i64 = row.try_get("length")?;
    let figures = |column: usize| -> Result<Option<Figures>, StoreError> {
        let number = |column: usize| row.try_get::<Option<i64>, _>(column);
        Ok(match (number(column)?, number(column + 1)?, number(column + 2)?) {
            (Some(time), Some(min), Some(max)) => Some(Figures { mean: time as f64 / length.max(1) as f64, min, max }),
            _ => None,
        })
    };
    let text = |column: usize| row.try_get::<Option<String>, _>(column);
    Ok(ReadingRow {
        id: row.try_get(0)?,
        hour,
        pair: text(1)?.zip(text(2)?),
        from: at(row.try_get(3)?),
        to: at(row.try_get(4)?),
        polls: row.try_get(5)?,
        answered: row.try_get(6)?,
        asked: row.try_get(7)?,
        why: text(8)?,
        sessions: figures(10)?,
        users: figures(13)?,
        anonymous: figures(16)?,
    })
}
