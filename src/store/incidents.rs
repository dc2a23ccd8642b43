//! Incidents, as they are remembered and listed.

use jiff::Timestamp;
use sqlx::Row as _;

use super::dialect::{Row, Transaction, begin};
use super::{Store, StoreError, at, ms};
use crate::judge::{Incident, IncidentId, Peak, Severity, State};

const COLUMNS: &str = "id, site, rule, severity, state, since, last_shown, polls, opened, told_at, told, closed, cause, part, peak, peak_at, \
     held, form";

/// An incident as it is listed, with the severity that its rule had.
#[derive(Clone, Debug)]
pub struct IncidentRow {
    pub incident: Incident,
    pub severity: String,
}

impl Store {
    /// Pending and open incidents, newest first; with `all`, closed ones too, at most `most`.
    pub async fn incidents(&self, all: bool, most: u32) -> Result<Vec<IncidentRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM incident WHERE $1 OR state <> 'closed' ORDER BY id DESC LIMIT $2");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(all).bind(i64::from(most)).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(IncidentRow { incident: read(row)?, severity: row.try_get(3)? })).collect()
    }

    /// What was wrong on some sites between two instants, oldest first: what began, went on or happened then, and was told.
    pub async fn incidents_between(
        &self,
        sites: &[&str],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<IncidentRow>, StoreError> {
        let mut found = Vec::new();
        for site in sites {
            let sql = format!(
                "SELECT {COLUMNS} FROM incident WHERE site = $1 AND since < $3 AND opened IS NOT NULL \
                 AND (closed IS NULL OR closed > $2 OR since >= $2) ORDER BY since, id"
            );
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(*site).bind(ms(from)).bind(ms(to));
            for row in query.fetch_all(&self.pool).await? {
                found.push(IncidentRow { incident: read(&row)?, severity: row.try_get("severity")? });
            }
        }
        found.sort_by_key(|row| row.incident.since);
        Ok(found)
    }

    /// Closes, without a word, what no configured rule of that kind watches any more, and forgets how often such rules opened. Gives
    /// the site and rule of each that it closed. What goes on has the severity that its rule has now.
    pub async fn withdraw_incidents(
        &self,
        watched: &[(&str, &str, &str, Severity)],
        now: Timestamp,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let mut tx = begin(&self.pool).await?;
        let rows = sqlx::query(
            "SELECT id, site, rule, kind, severity, state FROM incident WHERE state <> 'closed' OR held = 1",
        )
        .fetch_all(&mut *tx)
        .await?;
        let mut withdrawn = Vec::new();
        for row in rows {
            let (id, site, rule): (i64, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let (kind, severity): (String, String) = (row.try_get(3)?, row.try_get(4)?);
            let now_watched = watched.iter().find(|(its_site, its_rule, its_kind, _)| {
                (*its_site, *its_rule, *its_kind) == (site.as_str(), rule.as_str(), kind.as_str())
            });
            match now_watched {
                Some((.., its)) if its.word() != severity => {
                    sqlx::query("UPDATE incident SET severity = $2 WHERE id = $1")
                        .bind(id)
                        .bind(its.word())
                        .execute(&mut *tx)
                        .await?;
                }
                Some(_) => {}
                None => {
                    sqlx::query(
                        "UPDATE incident SET state = 'closed', closed = coalesce(closed, $2), held = 0 WHERE id = $1",
                    )
                    .bind(id)
                    .bind(ms(now))
                    .execute(&mut *tx)
                    .await?;
                    withdrawn.push((site, rule));
                }
            }
        }
        for row in sqlx::query("SELECT id, site, rule FROM flap").fetch_all(&mut *tx).await? {
            let (id, site, rule): (i64, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            if !watched.iter().any(|(its_site, its_rule, ..)| (*its_site, *its_rule) == (site.as_str(), rule.as_str()))
            {
                sqlx::query("DELETE FROM flap WHERE id = $1").bind(id).execute(&mut *tx).await?;
            }
        }
        tx.commit().await?;
        // What is known of sites is read anew: rules may look further back now, too.
        for known in self.memory.lock().await.values_mut() {
            known.past = None;
        }
        Ok(withdrawn)
    }

    /// When the last incident of a rule about silence ended on a site.
    pub(super) async fn blind_until(&self, site: &str) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query(
            "SELECT max(closed) FROM incident WHERE site = $1 AND kind = 'unreachable' AND state = 'closed' AND opened IS NOT NULL",
        )
        .bind(site)
        .fetch_one(&self.pool)
        .await?;
        Ok(row.try_get::<Option<i64>, _>(0)?.map(at))
    }

    /// A site's pending and open incidents, those of which something is still to be told, and its events since `back_to`, or the
    /// last one of each rule and part; newest first.
    pub(super) async fn live_incidents(&self, site: &str, back_to: Timestamp) -> Result<Vec<Incident>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM incident WHERE site = $1 AND (state <> 'closed' OR held = 1 OR (since >= $2 AND opened = closed) \
             OR id IN (SELECT max(id) FROM incident WHERE site = $1 AND opened = closed GROUP BY rule, part)) ORDER BY id DESC"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(site).bind(ms(back_to)).fetch_all(&self.pool).await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<Incident, StoreError> {
    let state = match row.try_get::<String, _>("state")?.as_str() {
        "pending" => State::Pending,
        "open" => State::Open,
        _ => State::Closed,
    };
    let count = |name| row.try_get::<i64, _>(name).map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    let time = |name| row.try_get::<Option<i64>, _>(name).map(|ms| ms.map(at));
    Ok(Incident {
        id: Some(IncidentId(row.try_get("id")?)),
        site: row.try_get::<String, _>("site")?.into(),
        rule: row.try_get::<String, _>("rule")?.into(),
        state,
        since: at(row.try_get("since")?),
        last_shown: at(row.try_get("last_shown")?),
        polls: count("polls")?,
        opened: time("opened")?,
        told_at: time("told_at")?,
        told: count("told")?,
        closed: time("closed")?,
        cause: row.try_get("cause")?,
        part: row.try_get::<Option<String>, _>("part")?.map(Into::into),
        peak: row
            .try_get::<Option<i64>, _>("peak")?
            .zip(time("peak_at")?)
            .map(|(value, at)| Peak { value: value.unsigned_abs(), at }),
        held: row.try_get::<i64, _>("held")? != 0,
        form: row.try_get("form")?,
    })
}

/// Writes an incident that is new or has changed. Gives it with its row.
pub(super) async fn save(
    tx: &mut Transaction,
    incident: &Incident,
    (kind, severity): (&str, Severity),
) -> Result<Incident, StoreError> {
    let id = incident.id.map(|id| id.0);
    let row = sqlx::query(
        "INSERT INTO incident (id, site, rule, kind, severity, state, since, last_shown, polls, opened, told_at, told, closed, cause, \
         part, peak, peak_at, held, form) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
         ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, state = excluded.state, since = excluded.since, \
         last_shown = excluded.last_shown, polls = excluded.polls, opened = excluded.opened, told_at = excluded.told_at, \
         told = excluded.told, closed = excluded.closed, cause = excluded.cause, peak = excluded.peak, peak_at = excluded.peak_at, \
         held = excluded.held, form = excluded.form \
         RETURNING id",
    )
    .bind(id)
    .bind(&*incident.site)
    .bind(&*incident.rule)
    .bind(kind)
    .bind(severity.word())
    .bind(incident.state.word())
    .bind(ms(incident.since))
    .bind(ms(incident.last_shown))
    .bind(i64::from(incident.polls))
    .bind(incident.opened.map(ms))
    .bind(incident.told_at.map(ms))
    .bind(i64::from(incident.told))
    .bind(incident.closed.map(ms))
    .bind(incident.cause.as_deref())
    .bind(incident.part.as_deref())
    .bind(incident.peak.map(|peak| peak.value.cast_signed()))
    .bind(incident.peak.map(|peak| ms(peak.at)))
    .bind(i64::from(incident.held))
    .bind(incident.form.as_deref())
    .fetch_one(&mut **tx)
    .await?;
    Ok(Incident { id: Some(IncidentId(row.try_get(0)?)), ..incident.clone() })
}

/// Forgets a pending incident that came to nothing.
pub(super) async fn forget(tx: &mut Transaction, id: IncidentId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM incident WHERE id = $1 AND state = 'pending'").bind(id.0).execute(&mut **tx).await?;
    Ok(())
}
