//! How engines were: a row for each and each half hour, however many polls look at it.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sqlx::Row as _;

use super::dialect::{Pool, Row, Transaction};
use super::{Store, StoreError, at, ms};
use crate::snapshot::{Engine, Health};

const HALF_HOUR: i64 = 1_800_000;
/// Two starts that are no further apart are the same one, told a little differently.
const SAME_START: SignedDuration = SignedDuration::from_secs(2);

/// How an engine was over half an hour, or a part of it. Memory is in MB.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EngineStretch {
    pub site: String,
    pub host: String,
    pub from: Timestamp,
    /// Polls that looked at it, and those that saw it.
    pub asked: u64,
    pub seen: u64,
    /// The least that was free, and when.
    pub free_min: Option<(u64, Timestamp)>,
    pub free_max: Option<u64>,
    /// The sum over the polls that told it, and how many did.
    pub free_sum: u64,
    pub free_told: u64,
    /// What it has in all, as far as its version tells.
    pub total: Option<u64>,
    /// Polls that told whether it is saturated, and how long it was so.
    pub flagged: u64,
    pub saturated: SignedDuration,
    /// How often it was found to have begun anew, and when it last began as far as anybody knew by then.
    pub restarts: u64,
    pub started: Option<Timestamp>,
    pub users_max: Option<u64>,
    pub sessions_max: Option<u64>,
}

/// The stretch of each engine of a site that is being filled.
pub(super) type Stretches = HashMap<Arc<str>, EngineStretch>;

impl EngineStretch {
    fn new(site: &str, host: &str, from: Timestamp, started: Option<Timestamp>) -> Self {
        Self { site: site.to_owned(), host: host.to_owned(), from, started, ..Self::default() }
    }

    /// Adds one poll, which speaks for so long.
    fn add(&mut self, health: Option<&Health>, now: Timestamp, interval: SignedDuration) {
        self.asked += 1;
        let Some(health) = health else { return };
        self.seen += 1;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "memory is no less than 0")]
        let whole = |number: f64| number as u64;
        if let Some(free) = health.memory_free.map(whole) {
            if self.free_min.is_none_or(|(least, _)| free < least) {
                self.free_min = Some((free, now));
            }
            self.free_max = self.free_max.max(Some(free));
            self.free_sum = self.free_sum.saturating_add(free);
            self.free_told += 1;
        }
        self.total = health.memory_total.map(whole).or(self.total);
        if let Some(saturated) = health.saturated {
            self.flagged += 1;
            if saturated {
                self.saturated = self.saturated.saturating_add(interval);
            }
        }
        if let Some(started) = health.started {
            let anew = self.started.is_some_and(|before| started.duration_since(before).abs() > SAME_START);
            self.restarts += u64::from(anew);
            self.started = if anew { Some(started) } else { self.started.or(Some(started)) };
        }
        self.users_max = self.users_max.max(health.users_active);
        self.sessions_max = self.sessions_max.max(health.sessions_active);
    }

    fn read(row: &Row) -> Result<Self, StoreError> {
        let count = |name| row.try_get::<i64, _>(name).map(i64::unsigned_abs);
        let maybe = |name| row.try_get::<Option<i64>, _>(name).map(|number| number.map(i64::unsigned_abs));
        let time = |name| row.try_get::<Option<i64>, _>(name).map(|ms| ms.map(at));
        Ok(Self {
            site: row.try_get("site")?,
            host: row.try_get("host")?,
            from: at(row.try_get("from")?),
            asked: count("asked")?,
            seen: count("seen")?,
            free_min: maybe("free_min")?.zip(time("free_at")?),
            free_max: maybe("free_max")?,
            free_sum: count("free_sum")?,
            free_told: count("free_told")?,
            total: maybe("total")?,
            flagged: count("flagged")?,
            saturated: SignedDuration::from_millis(row.try_get("saturated")?),
            restarts: count("restarts")?,
            started: time("started")?,
            users_max: maybe("users_max")?,
            sessions_max: maybe("sessions_max")?,
        })
    }
}

/// The newest stretch of each engine.
pub(super) async fn newest(pool: &Pool, site: &str) -> Result<Stretches, StoreError> {
    let rows = sqlx::query(
        "SELECT engine.* FROM engine JOIN (SELECT host, max(\"from\") AS newest FROM engine WHERE site = $1 GROUP BY host) AS last \
         ON engine.host = last.host AND engine.\"from\" = last.newest WHERE site = $1",
    );
    let rows = rows.bind(site).fetch_all(pool).await?;
    rows.iter().map(|row| EngineStretch::read(row).map(|stretch| (stretch.host.as_str().into(), stretch))).collect()
}

/// Adds what one poll saw of the engines to their stretches, and writes those.
pub(super) async fn write(
    tx: &mut Transaction,
    site: &str,
    engines: &[Engine],
    stretches: &mut Stretches,
    (now, interval): (Timestamp, SignedDuration),
) -> Result<(), StoreError> {
    let from = at(ms(now).div_euclid(HALF_HOUR) * HALF_HOUR);
    for engine in engines {
        let known = stretches.get(&engine.host);
        if known.is_none_or(|known| known.from != from) {
            let started = known.and_then(|known| known.started);
            // After the clock was set back there may be one already.
            let again = match known {
                Some(known) if known.from > from => stretch(tx, site, &engine.host, from).await?,
                _ => None,
            };
            let again = again.map(|again| EngineStretch { started, ..again });
            let next = again.unwrap_or_else(|| EngineStretch::new(site, &engine.host, from, started));
            stretches.insert(engine.host.clone(), next);
        }
        if let Some(stretch) = stretches.get_mut(&engine.host) {
            stretch.add(engine.health.as_ref().ok(), now, interval);
            save(tx, stretch).await?;
        }
    }
    Ok(())
}

async fn stretch(
    tx: &mut Transaction,
    site: &str,
    host: &str,
    from: Timestamp,
) -> Result<Option<EngineStretch>, StoreError> {
    let row = sqlx::query("SELECT * FROM engine WHERE site = $1 AND \"from\" = $2 AND host = $3");
    let row = row.bind(site).bind(ms(from)).bind(host).fetch_optional(&mut **tx).await?;
    row.as_ref().map(EngineStretch::read).transpose()
}

async fn save(tx: &mut Transaction, stretch: &EngineStretch) -> Result<(), StoreError> {
    let number = |number: Option<u64>| number.map(u64::cast_signed);
    sqlx::query(
        "INSERT INTO engine (site, host, \"from\", asked, seen, free_min, free_at, free_max, free_sum, free_told, total, flagged, saturated, \
         restarts, started, users_max, sessions_max) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) \
         ON CONFLICT (site, \"from\", host) DO UPDATE SET asked = excluded.asked, seen = excluded.seen, free_min = excluded.free_min, \
         free_at = excluded.free_at, free_max = excluded.free_max, free_sum = excluded.free_sum, free_told = excluded.free_told, \
         total = excluded.total, flagged = excluded.flagged, saturated = excluded.saturated, restarts = excluded.restarts, \
         started = excluded.started, users_max = excluded.users_max, sessions_max = excluded.sessions_max",
    )
    .bind(&stretch.site)
    .bind(&stretch.host)
    .bind(ms(stretch.from))
    .bind(stretch.asked.cast_signed())
    .bind(stretch.seen.cast_signed())
    .bind(number(stretch.free_min.map(|(free, _)| free)))
    .bind(stretch.free_min.map(|(_, at)| ms(at)))
    .bind(number(stretch.free_max))
    .bind(stretch.free_sum.cast_signed())
    .bind(stretch.free_told.cast_signed())
    .bind(number(stretch.total))
    .bind(stretch.flagged.cast_signed())
    .bind(i64::try_from(stretch.saturated.as_millis()).unwrap_or(i64::MAX))
    .bind(stretch.restarts.cast_signed())
    .bind(stretch.started.map(ms))
    .bind(number(stretch.users_max))
    .bind(number(stretch.sessions_max))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

impl Store {
    /// How the engines of some sites were in a period, half hour by half hour: in the order of the sites, then of their hosts,
    /// then of time.
    pub async fn engines_between(
        &self,
        sites: &[&str],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<EngineStretch>, StoreError> {
        let mut all = Vec::new();
        for site in sites {
            let rows = sqlx::query(
                "SELECT * FROM engine WHERE site = $1 AND \"from\" >= $2 AND \"from\" < $3 ORDER BY host, \"from\"",
            );
            let rows = rows.bind(*site).bind(ms(from)).bind(ms(to)).fetch_all(&self.pool).await?;
            for row in &rows {
                all.push(EngineStretch::read(row)?);
            }
        }
        Ok(all)
    }

    /// Whether any engine of a site was ever seen before an instant.
    pub async fn saw_engines(&self, site: &str, before: Timestamp) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT 1 FROM engine WHERE site = $1 AND \"from\" < $2 AND seen > 0 LIMIT 1");
        Ok(row.bind(site).bind(ms(before)).fetch_optional(&self.pool).await?.is_some())
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::super::Keep;
    use super::super::tests::{open, record, snapshot, time};
    use super::*;
    use crate::snapshot::{Snapshot, Unseen, UnseenKind};

    const DAY: i64 = 86_400;

    fn health(free: f64, saturated: Option<bool>, started: i64) -> Health {
        Health {
            memory_free: Some(free),
            memory_total: Some(32_000.0),
            saturated,
            started: Some(time(started)),
            users_active: Some(3),
            ..Health::default()
        }
    }

    fn silent() -> Unseen {
        let (tried, what, advice) = (String::new(), String::new(), String::new());
        Unseen { kind: UnseenKind::Timeout, tried, what, advice }
    }

    fn seen(seconds: i64, health: Option<Health>) -> Snapshot {
        let health = health.ok_or_else(silent);
        snapshot(seconds, &[("", Some(&[]))]).with_engines(vec![Engine { host: "sense1".into(), health }])
    }

    /// Begins at half past one, so that half hours are easy to tell.
    #[tokio::test]
    async fn half_hours_grow_with_time_and_not_with_polls() {
        let folder = TempDir::new().unwrap();
        let store = open(&folder).await;
        let begin = time(0).as_second().rem_euclid(1800);
        let first = 1800 - begin;
        for (after, health) in [
            (0, Some(health(900.7, Some(false), -500))),
            (60, Some(health(300.0, Some(true), -500))),
            (120, Some(health(300.0, Some(true), -499))),
            (180, None),
            (240, Some(health(600.0, None, 200))),
            (1800, None),
            (1860, Some(health(500.0, Some(false), 200))),
            // Nobody looked, and it began anew meanwhile.
            (9000, Some(health(500.0, Some(false), 8000))),
        ] {
            record(&store, &seen(first + after, health), &[]).await.unwrap();
            if after == 240 {
                // As after a restart of headcount: the row is gone on with.
                store.memory.lock().await.clear();
            }
        }
        let rows = store.engines_between(&["prod", "other"], time(0), time(DAY)).await.unwrap();
        let told: Vec<_> = rows
            .iter()
            .map(|row| (row.from.duration_since(time(first)).as_secs(), row.asked, row.seen, row.restarts))
            .collect();
        assert_eq!(told, [(0, 5, 4, 1), (1800, 2, 1, 0), (9000, 1, 1, 1)]);
        let row = &rows[0];
        assert_eq!(row.free_min, Some((300, time(first + 60))), "the first moment of the least");
        assert_eq!((row.free_max, row.free_sum, row.free_told, row.total), (Some(900), 2100, 4, Some(32_000)));
        assert_eq!((row.flagged, row.saturated), (3, SignedDuration::from_mins(2)));
        assert_eq!((row.started, row.users_max, row.sessions_max), (Some(time(200)), Some(3), None));
        assert!(store.saw_engines("prod", time(first + 1)).await.unwrap());
        assert!(!store.saw_engines("prod", time(first)).await.unwrap());
        assert!(!store.saw_engines("other", time(DAY)).await.unwrap());
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_adds_to_the_half_hour_that_was() {
        let folder = TempDir::new().unwrap();
        let store = open(&folder).await;
        for seconds in [0, 60, 3600, 120, 180] {
            let at = time(0).as_second().div_euclid(1800) * 1800 - time(0).as_second() + seconds;
            record(&store, &seen(at, Some(health(500.0, None, -5000))), &[]).await.unwrap();
        }
        let rows = store.engines_between(&["prod"], time(-DAY), time(DAY)).await.unwrap();
        assert_eq!(rows.iter().map(|row| (row.asked, row.restarts)).collect::<Vec<_>>(), [(4, 0), (1, 0)]);
    }

    #[tokio::test]
    async fn what_is_old_is_tidied() {
        let folder = TempDir::new().unwrap();
        let store = open(&folder).await;
        record(&store, &seen(0, Some(health(500.0, None, -5000))), &[]).await.unwrap();
        record(&store, &seen(60, None), &[]).await.unwrap();
        let asked = async |to| -> u64 {
            let rows = store.engines_between(&["prod"], time(-DAY), time(to)).await.unwrap();
            rows.iter().map(|row| row.asked).sum()
        };
        assert_eq!(asked(DAY).await, 2);
        let keep = Keep { readings: SignedDuration::from_hours(48), ..Keep::default() };
        store.tidy(&keep, time(DAY), &jiff::tz::TimeZone::UTC).await.unwrap();
        assert_eq!(asked(DAY).await, 2);
        store.tidy(&keep, time(3 * DAY), &jiff::tz::TimeZone::UTC).await.unwrap();
        assert_eq!(asked(DAY).await, 0);
    }
}
