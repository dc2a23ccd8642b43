//! How often damped rules opened.

use sqlx::Row as _;

use super::dialect::Transaction;
use super::{Store, StoreError, at, ms};
use crate::judge::{Flap, Flapping};

impl Store {
    /// What is remembered of the damped rules of a site.
    pub(super) async fn flaps(&self, site: &str) -> Result<Vec<Flap>, StoreError> {
        let rows =
            sqlx::query("SELECT rule, part, openings, since, times, last, cause FROM flap WHERE site = $1 ORDER BY id")
                .bind(site)
                .fetch_all(&self.pool)
                .await?;
        rows.iter()
            .map(|row| {
                let openings: String = row.try_get("openings")?;
                let time = |name| row.try_get::<Option<i64>, _>(name).map(|ms| ms.map(at));
                let flapping = match (time("since")?, time("last")?) {
                    (Some(since), Some(last)) => Some(Flapping {
                        since,
                        times: u32::try_from(row.try_get::<i64, _>("times")?).unwrap_or(u32::MAX),
                        last,
                        cause: row.try_get("cause")?,
                    }),
                    _ => None,
                };
                Ok(Flap {
                    site: site.into(),
                    rule: row.try_get::<String, _>("rule")?.into(),
                    part: row.try_get::<Option<String>, _>("part")?.map(Into::into),
                    openings: openings.split(',').filter_map(|ms| ms.parse().ok()).map(at).collect(),
                    flapping,
                })
            })
            .collect()
    }
}

/// Puts what is known of one rule and part in the place of what was.
pub(super) async fn save(tx: &mut Transaction, flap: &Flap) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM flap WHERE site = $1 AND rule = $2 AND (part = $3 OR (part IS NULL AND $3 IS NULL))")
        .bind(&*flap.site)
        .bind(&*flap.rule)
        .bind(flap.part.as_deref())
        .execute(&mut **tx)
        .await?;
    if flap.is_nothing() {
        return Ok(());
    }
    let openings: Vec<_> = flap.openings.iter().map(|at| ms(*at).to_string()).collect();
    let flapping = flap.flapping.as_ref();
    sqlx::query(
        "INSERT INTO flap (site, rule, part, openings, since, times, last, cause) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&*flap.site)
    .bind(&*flap.rule)
    .bind(flap.part.as_deref())
    .bind(openings.join(","))
    .bind(flapping.map(|flapping| ms(flapping.since)))
    .bind(flapping.map(|flapping| i64::from(flapping.times)))
    .bind(flapping.map(|flapping| ms(flapping.last)))
    .bind(flapping.and_then(|flapping| flapping.cause.as_deref()))
    .execute(&mut **tx)
    .await?;
    Ok(())
}
