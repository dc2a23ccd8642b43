//! Who was connected, and for how long.

use std::collections::HashMap;

use futures_util::TryStreamExt as _;
use jiff::SignedDuration;
use sqlx::{QueryBuilder, Row as _};

use super::present::{self, Place};
use super::steps::{self, Stored};
use super::{Period, lasting};
use crate::snapshot::User;
use crate::store::dialect::{Db, Pool, Row};
use crate::store::{Store, StoreError, ms};

/// How long one person was connected: on several virtual proxies at once counts once.
#[derive(Clone, Debug)]
pub struct Connected {
    pub user: User,
    pub sessions: u64,
    pub connected: SignedDuration,
}

/// A span as far as time goes, in milliseconds.
pub(super) struct Spent {
    pub(super) person: Option<i64>,
    pub(super) pair: i64,
    pub(super) from: i64,
    pub(super) to: i64,
}

/// The columns of a [`Spent`].
pub(super) const SPENT: &str = "person, pair, began, last_seen, ended";

/// How far a pair's answers reach.
struct Reach {
    /// When its last answer stops to speak.
    until: i64,
    /// The time between its polls.
    step: i64,
}

async fn reach(pool: &Pool, places: &HashMap<i64, Place>) -> Result<HashMap<i64, Reach>, StoreError> {
    let mut reach = HashMap::new();
    for pair in places.keys() {
        // A pair that has been silent for long has few readings to say so.
        let row = sqlx::query(
            "SELECT latest.*, (SELECT min(\"from\") FROM reading WHERE pair = $1 AND id > latest.id) AS next \
             FROM (SELECT * FROM reading WHERE pair = $1 ORDER BY id DESC LIMIT 1000) AS latest \
             WHERE why IS NULL ORDER BY id DESC LIMIT 1",
        )
        .bind(pair)
        .fetch_optional(pool)
        .await?;
        if let Some(row) = row {
            let last = Stored::reading(&row)?;
            reach.insert(*pair, Reach { until: last.until(row.try_get("next")?), step: last.step });
        }
    }
    Ok(reach)
}

impl Spent {
    /// A span within a period, from its beginning to the poll that did not have it any more.
    pub(super) fn whole(row: &Row, (from, to): (i64, i64)) -> Result<Self, StoreError> {
        let (began, ended): (i64, Option<i64>) = (row.try_get(2)?, row.try_get(4)?);
        let from = began.max(from);
        Ok(Self { person: row.try_get(0)?, pair: row.try_get(1)?, from, to: ended.unwrap_or(to).min(to).max(from) })
    }

    /// A span within a period. Where nobody looked for a while, it was there until it was last seen; one that is open, until
    /// its pair's last answer.
    fn read(row: &Row, reach: &HashMap<i64, Reach>, (from, to): (i64, i64)) -> Result<Self, StoreError> {
        let (pair, began): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
        let (last_seen, ended): (Option<i64>, Option<i64>) = (row.try_get(3)?, row.try_get(4)?);
        let step = reach.get(&pair).map_or(steps::STEP, |reach| reach.step);
        let until = match (ended, last_seen) {
            (None, _) => reach.get(&pair).map_or(to, |reach| reach.until),
            (Some(ended), Some(seen)) if ended - seen > 2 * step + steps::SLACK => seen + step,
            (Some(ended), _) => ended,
        };
        let from = began.max(from);
        Ok(Self { person: row.try_get(0)?, pair, from, to: until.min(to).max(from) })
    }
}

impl Store {
    /// The people who were connected in a period, the longest first; at most `most`.
    pub async fn connected(&self, period: &Period<'_>, most: usize) -> Result<Vec<Connected>, StoreError> {
        let (from, to) = (ms(period.from), ms(period.to));
        let present = present::load(&self.pool, period, &vec![false; period.sites.len()]).await?;
        if present.places.is_empty() {
            return Ok(Vec::new());
        }
        let reach = reach(&self.pool, &present.places).await?;
        let mut sql = QueryBuilder::<Db>::new("SELECT * FROM (");
        present::spans(&mut sql, SPENT, &present.places, (from, to), true);
        sql.push(") AS spans WHERE person IS NOT NULL ORDER BY person, began");
        // (person, sessions, time), the last one still growing until `until`.
        let mut all: Vec<(i64, u64, i64)> = Vec::new();
        let mut until = 0;
        {
            let query = sql.build();
            let mut rows = query.fetch(&self.pool);
            while let Some(row) = rows.try_next().await? {
                let spent = Spent::read(&row, &reach, (from, to))?;
                let Some(person) = spent.person else { continue };
                if all.last().is_none_or(|(known, ..)| *known != person) {
                    all.push((person, 0, 0));
                    until = from;
                }
                if let Some((_, sessions, time)) = all.last_mut() {
                    *sessions += 1;
                    *time += (spent.to - spent.from.max(until)).max(0);
                    until = until.max(spent.to);
                }
            }
        }
        all.sort_by_key(|(person, _, time)| (std::cmp::Reverse(*time), *person));
        all.truncate(most);
        let mut connected = Vec::with_capacity(all.len());
        for (person, sessions, time) in all {
            let row = sqlx::query("SELECT directory, user_id, name FROM person WHERE id = $1")
                .bind(person)
                .fetch_one(&self.pool)
                .await?;
            let user = User {
                directory: row.try_get::<String, _>(0)?.into(),
                id: row.try_get::<String, _>(1)?.into(),
                name: row.try_get::<Option<String>, _>(2)?.map(Into::into),
            };
            connected.push(Connected { user, sessions, connected: lasting(time) });
        }
        Ok(connected)
    }
}
