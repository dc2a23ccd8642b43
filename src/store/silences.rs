//! Silences, as commands set and end them beside a running daemon.

use jiff::Timestamp;
use sqlx::Row as _;

use super::dialect::{Row, begin};
use super::{Store, StoreError, at, ms};
use crate::judge::Silence;

const COLUMNS: &str = "id, site, rule, since, until, why, who";

/// What became of the wish to end a silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndedSilence {
    Ended(Silence),
    /// It was over already, since then.
    Over(Timestamp),
    Unknown,
}

impl Store {
    /// Notes a silence. Gives it with its id.
    pub async fn add_silence(&self, silence: &Silence) -> Result<Silence, StoreError> {
        let row = sqlx::query(
            "INSERT INTO silence (site, rule, since, until, why, who) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
        )
        .bind(silence.site.as_deref())
        .bind(silence.rule.as_str())
        .bind(ms(silence.since))
        .bind(ms(silence.until))
        .bind(silence.why.as_str())
        .bind(silence.who.as_str())
        .fetch_one(&self.pool)
        .await?;
        Ok(Silence { id: row.try_get(0)?, ..silence.clone() })
    }

    /// The silences that are not over at `now`, the next to end first.
    pub async fn silences(&self, now: Timestamp) -> Result<Vec<Silence>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM silence WHERE ended IS NULL AND until > $1 ORDER BY until, id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(ms(now)).fetch_all(&self.pool).await?;
        rows.iter().map(read).collect()
    }

    /// Ends a silence before its time.
    pub async fn end_silence(&self, id: i64, now: Timestamp) -> Result<EndedSilence, StoreError> {
        let mut tx = begin(&self.pool).await?;
        let sql = format!("SELECT {COLUMNS}, ended FROM silence WHERE id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(&mut *tx).await?;
        let Some(row) = row else { return Ok(EndedSilence::Unknown) };
        let silence = read(&row)?;
        if let Some(ended) = row.try_get::<Option<i64>, _>("ended")? {
            return Ok(EndedSilence::Over(at(ended)));
        }
        if silence.until <= now {
            return Ok(EndedSilence::Over(silence.until));
        }
        sqlx::query("UPDATE silence SET ended = $2 WHERE id = $1").bind(id).bind(ms(now)).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(EndedSilence::Ended(silence))
    }
}

fn read(row: &Row) -> Result<Silence, StoreError> {
    Ok(Silence {
        id: row.try_get("id")?,
        site: row.try_get("site")?,
        rule: row.try_get("rule")?,
        since: at(row.try_get("since")?),
        until: at(row.try_get("until")?),
        why: row.try_get("why")?,
        who: row.try_get("who")?,
    })
}
