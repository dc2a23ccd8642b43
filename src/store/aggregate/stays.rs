//! Sessions as the store has them, read by stretches of time.

use sqlx::QueryBuilder;

use super::packed;
use crate::store::StoreError;
use crate::store::dialect::{Db, Pool};

/// How much is read at once: a day of sessions.
const CHUNK: i64 = 24 * 3_600_000;

/// A session of somebody, or of an anonymous visitor. Times are milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stay {
    pub(super) person: Option<i64>,
    pub(super) began: i64,
    /// It was there when somebody first looked.
    pub(super) at_least: bool,
    pub(super) last_seen: Option<i64>,
    pub(super) ended: Option<i64>,
}

impl Stay {
    /// Whether a poll of a period saw it: it began in it, or went on into it. One that was there through all of it was seen if its
    /// pair `answered`.
    pub(super) fn is_seen_in(&self, (from, to): (i64, i64), answered: bool) -> bool {
        if self.began >= from {
            return self.began < to;
        }
        match (self.ended, self.last_seen) {
            (None, _) => answered,
            (Some(ended), Some(seen)) => ended > from && seen >= from && (seen < to || answered),
            (Some(_), None) => false,
        }
    }

    /// Whether it speaks into a period, be it that a poll before that saw it last.
    pub(super) fn is_there_in(&self, (from, to): (i64, i64)) -> bool {
        self.began < to && (self.began >= from || self.ended.is_none_or(|ended| ended > from))
    }

    /// When it was last seen, as far as that is known.
    pub(super) fn last(&self) -> i64 {
        self.last_seen.unwrap_or(self.began)
    }
}

/// Hands over each session of these pairs that was there in a stretch, with its pair, many of one pair after each other.
pub(super) async fn each(
    pool: &Pool,
    pairs: &[i64],
    (from, to): (i64, i64),
    mut take: impl FnMut(i64, Stay),
) -> Result<(), StoreError> {
    if pairs.is_empty() {
        return Ok(());
    }
    let columns = ["person", "began * 2 + at_least", "last_seen", "ended"];
    let mut read = async |which: &(dyn Fn(&mut QueryBuilder<Db>) + Sync)| {
        let rows = |sql: &mut QueryBuilder<Db>| {
            sql.push("FROM span WHERE pair IN (");
            list(sql, pairs);
            which(sql.push(") AND "));
        };
        let took = |pair, [person, began, last_seen, ended]: [Option<i64>; 4]| {
            let (began, at_least) = began.map_or((0, false), |began| (began >> 1, began & 1 == 1));
            take(pair, Stay { person, began, at_least, last_seen, ended });
        };
        packed::each(pool, Some("pair"), columns, rows, took).await
    };
    // A plus keeps the database from walking through all that ever began.
    read(&|sql| {
        sql.push("ended > ").push_bind(from).push(" AND +began < ").push_bind(from);
    })
    .await?;
    read(&|sql| {
        sql.push("ended IS NULL AND +began < ").push_bind(from);
    })
    .await?;
    let mut begins = from;
    while begins < to {
        let ends = (begins + CHUNK).min(to);
        read(&|sql| {
            sql.push("began >= ").push_bind(begins).push(" AND began < ").push_bind(ends);
        })
        .await?;
        begins = ends;
    }
    Ok(())
}

/// Row ids of our own, parted by commas: bound ones would be too many.
pub(in crate::store) fn list(sql: &mut QueryBuilder<Db>, ids: &[i64]) {
    for (i, id) in ids.iter().enumerate() {
        if i > 0 {
            sql.push(", ");
        }
        sql.push(id.to_string());
    }
}
