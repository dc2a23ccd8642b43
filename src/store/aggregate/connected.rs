//! Who was connected, and for how long.

use std::collections::HashMap;

use jiff::SignedDuration;
use sqlx::Row as _;

use super::stays::Stay;
use super::steps::{self, Stored};
use super::{Period, lasting};
use super::{present, stays};
use crate::snapshot::User;
use crate::store::dialect::Pool;
use crate::store::{Store, StoreError, ms};

/// How long one person was connected: on several virtual proxies at once counts once.
#[derive(Clone, Debug)]
pub struct Connected {
    pub user: User,
    pub sessions: u64,
    pub connected: SignedDuration,
}

/// When a person was on some pair, in milliseconds.
struct Spent {
    person: i64,
    from: i64,
    to: i64,
}

/// How far a pair's answers reach.
struct Reach {
    /// When its last answer stops to speak.
    until: i64,
    /// The time between its polls.
    step: i64,
}

async fn reach(pool: &Pool, pairs: &[i64]) -> Result<HashMap<i64, Reach>, StoreError> {
    let mut reach = HashMap::new();
    for pair in pairs {
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
    /// A session within a period. Where nobody looked for a while, it was there until it was last seen; one that is open, until
    /// its pair's last answer.
    fn of(person: i64, stay: &Stay, reach: Option<&Reach>, (from, to): (i64, i64)) -> Self {
        let step = reach.map_or(steps::STEP, |reach| reach.step);
        let until = match (stay.ended, stay.last_seen) {
            (None, _) => reach.map_or(to, |reach| reach.until),
            (Some(ended), Some(seen)) if ended - seen > 2 * step + steps::SLACK => seen + step,
            (Some(ended), _) => ended,
        };
        let from = stay.began.max(from);
        Self { person, from, to: until.min(to).max(from) }
    }
}

impl Store {
    /// The people who were connected in a period, the longest first; at most `most`.
    pub async fn connected(&self, period: &Period<'_>, most: usize) -> Result<Vec<Connected>, StoreError> {
        let (from, to) = (ms(period.from), ms(period.to));
        let (mut pairs, mut answered) = (Vec::new(), HashMap::new());
        for site in period.sites {
            for (pair, _) in present::pairs(&self.pool, site).await? {
                pairs.push(pair);
                answered.insert(pair, present::answered(&self.pool, pair, from, to).await?);
            }
        }
        let reach = reach(&self.pool, &pairs).await?;
        let mut spent = Vec::new();
        stays::each(&self.pool, &pairs, (from, to), |pair, stay| {
            if let Some(person) = stay.person
                && stay.is_seen_in((from, to), answered.get(&pair).is_some_and(|answered| *answered))
            {
                spent.push(Spent::of(person, &stay, reach.get(&pair), (from, to)));
            }
        })
        .await?;
        spent.sort_unstable_by_key(|spent| (spent.person, spent.from));
        // (person, sessions, time)
        let mut all: Vec<(i64, u64, i64)> = Vec::new();
        for of_one in spent.chunk_by(|one, other| one.person == other.person) {
            let (mut time, mut until) = (0, from);
            for spent in of_one {
                time += (spent.to - spent.from.max(until)).max(0);
                until = until.max(spent.to);
            }
            all.push((of_one[0].person, of_one.len() as u64, time));
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
