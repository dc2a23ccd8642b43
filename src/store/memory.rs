//! What rules remember: who is on, the numbers of parts, what was usual, and who is near a limit.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sqlx::Row as _;

use super::dialect::{Row, Transaction};
use super::{Store, StoreError, at, ms};
use crate::judge::{BACK, Changes, Climb, Crowd, Hour, Memory, Place, Rule, RuleKind, Run, Who};
use crate::names::Names;
use crate::snapshot::Pair;

fn part_key(part: Option<&str>) -> String {
    part.map_or_else(String::new, |part| format!("={part}"))
}

fn place(row: &Row) -> Result<Place, StoreError> {
    let (rule, part): (String, String) = (row.try_get("rule")?, row.try_get("part")?);
    Ok((rule.into(), part.strip_prefix('=').map(Into::into)))
}

fn count(row: &Row, column: &str) -> Result<u64, StoreError> {
    Ok(row.try_get::<i64, _>(column)?.unsigned_abs())
}

fn who(row: &Row) -> Result<Who, StoreError> {
    let (directory, id): (String, String) = (row.try_get("directory_key")?, row.try_get("id_key")?);
    Ok(Who::folded(&format!("{directory}\\{id}")))
}

fn pair(row: &Row) -> Result<Pair, StoreError> {
    Ok(Pair { proxy: row.try_get::<String, _>("proxy")?.into(), prefix: row.try_get::<String, _>("prefix")?.into() })
}

impl Store {
    /// What the rules of a site remember. It is read once, and then kept beside what else is known of the site.
    pub async fn memory_of(&self, site: &str, rules: &[Arc<Rule>], now: Timestamp) -> Result<Arc<Memory>, StoreError> {
        let mut kept = self.memory.lock().await;
        let known = kept.entry(site.into()).or_default();
        let mut memory = match known.of_rules.take() {
            Some(memory) => memory,
            None => Arc::new(self.remembered_by_rules(site).await?),
        };
        if memory.crowd.is_none() && rules.iter().any(|rule| rule.kind.looks_at_people()) {
            Arc::make_mut(&mut memory).crowd = Some(self.crowd(site, now).await?);
        }
        for rule in rules {
            let RuleKind::Unusual(unusual) = &rule.kind else { continue };
            let place = (rule.name.clone(), None);
            if unusual.looks_at_readings(rule) && !memory.hours.contains_key(&place) {
                let hours = self.hours_of_readings(site, rule, now).await?;
                if !hours.is_empty() {
                    Arc::make_mut(&mut memory).hours.insert(place, hours);
                }
            }
        }
        known.of_rules = Some(memory.clone());
        Ok(memory)
    }

    async fn remembered_by_rules(&self, site: &str) -> Result<Memory, StoreError> {
        let mut memory = Memory::default();
        let rows = sqlx::query("SELECT * FROM run WHERE site = $1 ORDER BY \"to\", \"from\"");
        for row in rows.bind(site).fetch_all(&self.pool).await? {
            let (from, to) = (at(row.try_get("from")?), at(row.try_get("to")?));
            let run = Run { from, to, value: count(&row, "value")?, asked: count(&row, "asked")? };
            memory.runs.entry(place(&row)?).or_default().push(run);
        }
        for row in sqlx::query("SELECT * FROM usual WHERE site = $1").bind(site).fetch_all(&self.pool).await? {
            let seen = SignedDuration::from_millis(row.try_get("seen")?);
            let hour = Hour { lowest: count(&row, "lowest")?, highest: count(&row, "highest")?, seen };
            memory.hours.entry(place(&row)?).or_default().insert(at(row.try_get("hour")?), hour);
        }
        let rows = sqlx::query(
            "SELECT rule, step, low_since, directory_key, id_key FROM climb JOIN person ON person.id = climb.person WHERE site = $1",
        );
        for row in rows.bind(site).fetch_all(&self.pool).await? {
            let step = u8::try_from(row.try_get::<i64, _>("step")?).unwrap_or(2);
            let climb = Climb { step, low_since: row.try_get::<Option<i64>, _>("low_since")?.map(at) };
            memory.climbs.insert((row.try_get::<String, _>("rule")?.into(), who(&row)?), climb);
        }
        Ok(memory)
    }

    /// Who is on by the last answer of each pair, who has just left, and who ever was on, as far as sessions are kept.
    async fn crowd(&self, site: &str, now: Timestamp) -> Result<Crowd, StoreError> {
        // Whom the store does not call by name it cannot tell from a newcomer: then nobody is one at the first poll.
        if self.names != Names::Full {
            return Ok(Crowd::default());
        }
        // The last that was written, which is not the latest where the clock was set back since.
        let pairs = sqlx::query(
            "SELECT proxy, prefix, (SELECT \"to\" FROM reading r WHERE r.pair = pair.id AND r.why IS NULL ORDER BY id DESC LIMIT 1) AS seen \
             FROM pair WHERE site = $1 AND seen IS NOT NULL",
        );
        let pairs = pairs.bind(site).fetch_all(&self.pool).await?;
        let pairs = pairs.iter().map(|row| Ok((pair(row)?, at(row.try_get("seen")?))));
        let pairs = pairs.collect::<Result<_, StoreError>>()?;
        let on = sqlx::query(
            "SELECT proxy, prefix, directory_key, id_key FROM span JOIN pair ON pair.id = span.pair \
             JOIN person ON person.id = span.person WHERE site = $1 AND ended IS NULL",
        );
        let on = on.bind(site).fetch_all(&self.pool).await?;
        let on = on.iter().map(|row| Ok((pair(row)?, who(row)?))).collect::<Result<_, StoreError>>()?;
        let gone = sqlx::query(
            "SELECT directory_key, id_key, max(ended) AS ended FROM span JOIN pair ON pair.id = span.pair \
             JOIN person ON person.id = span.person WHERE site = $1 AND ended > $2 GROUP BY person.id",
        );
        let back_to = now.checked_sub(BACK).unwrap_or(Timestamp::MIN);
        let gone = gone.bind(site).bind(ms(back_to)).fetch_all(&self.pool).await?;
        let gone = gone.iter().map(|row| Ok((who(row)?, at(row.try_get("ended")?))));
        let gone = gone.collect::<Result<HashMap<_, _>, StoreError>>()?;
        let ever = sqlx::query(
            "SELECT directory_key, id_key FROM person WHERE EXISTS \
             (SELECT 1 FROM span JOIN pair ON pair.id = span.pair WHERE span.person = person.id AND site = $1)",
        );
        let ever = ever.bind(site).fetch_all(&self.pool).await?;
        let ever = ever.iter().map(who).collect::<Result<HashSet<_>, _>>()?;
        Ok(Crowd::recalled(pairs, on, gone, ever))
    }

    /// What was usual before a rule was first asked: a rule that is new need not wait for weeks.
    async fn hours_of_readings(
        &self,
        site: &str,
        rule: &Rule,
        now: Timestamp,
    ) -> Result<BTreeMap<Timestamp, Hour>, StoreError> {
        let mut hours = BTreeMap::new();
        let RuleKind::Unusual(unusual) = &rule.kind else { return Ok(hours) };
        let column = unusual.metric.word();
        let back_to = ms(now.checked_sub(unusual.looks_back()).unwrap_or(Timestamp::MIN));
        let readings = format!(
            "SELECT \"from\", \"to\", step, {column} AS lowest, {column} AS highest FROM reading \
             WHERE site = $1 AND pair IS NULL AND \"to\" >= $2 AND answered = asked"
        );
        let old = format!(
            "SELECT \"from\", \"to\", step, {column}_min AS lowest, {column}_max AS highest FROM hour \
             WHERE site = $1 AND pair IS NULL AND \"to\" >= $2"
        );
        for sql in [readings, old] {
            for row in sqlx::query(sqlx::AssertSqlSafe(sql)).bind(site).bind(back_to).fetch_all(&self.pool).await? {
                let step = row.try_get::<Option<i64>, _>("step")?.unwrap_or(60_000);
                let stretch = (at(row.try_get("from")?), at(row.try_get::<i64, _>("to")? + step));
                let (lowest, highest) = (count(&row, "lowest")?, count(&row, "highest")?);
                unusual.learn_stretch(&mut hours, stretch, (lowest, highest));
            }
        }
        Ok(hours)
    }
}

/// Writes what a poll changed.
pub(super) async fn save(tx: &mut Transaction, site: &str, changes: &Changes) -> Result<(), StoreError> {
    for ((rule, part), run) in &changes.runs {
        sqlx::query(
            "INSERT INTO run (site, rule, part, \"from\", \"to\", value, asked) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (site, rule, part, \"from\") DO UPDATE SET \"to\" = excluded.\"to\", value = excluded.value, asked = excluded.asked",
        )
        .bind(site)
        .bind(&**rule)
        .bind(part_key(part.as_deref()))
        .bind(ms(run.from))
        .bind(ms(run.to))
        .bind(run.value.cast_signed())
        .bind(run.asked.cast_signed())
        .execute(&mut **tx)
        .await?;
    }
    for ((rule, part), begins, hour) in &changes.hours {
        sqlx::query(
            "INSERT INTO usual (site, rule, part, hour, lowest, highest, seen) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (site, rule, part, hour) DO UPDATE SET lowest = excluded.lowest, highest = excluded.highest, seen = excluded.seen",
        )
        .bind(site)
        .bind(&**rule)
        .bind(part_key(part.as_deref()))
        .bind(ms(*begins))
        .bind(hour.lowest.cast_signed())
        .bind(hour.highest.cast_signed())
        .bind(i64::try_from(hour.seen.as_millis()).unwrap_or(i64::MAX))
        .execute(&mut **tx)
        .await?;
    }
    for (rule, who, climb) in &changes.climbs {
        let (directory, id) = who.parts();
        let sql = match climb {
            Some(_) => {
                "INSERT INTO climb (site, rule, person, step, low_since) \
                 SELECT $1, $2, id, $5, $6 FROM person WHERE directory_key = $3 AND id_key = $4 \
                 ON CONFLICT (site, rule, person) DO UPDATE SET step = excluded.step, low_since = excluded.low_since"
            }
            None => {
                "DELETE FROM climb WHERE site = $1 AND rule = $2 AND person IN \
                 (SELECT id FROM person WHERE directory_key = $3 AND id_key = $4)"
            }
        };
        let query = sqlx::query(sql).bind(site).bind(&**rule).bind(directory).bind(id);
        match climb {
            Some(climb) => query.bind(i64::from(climb.step)).bind(climb.low_since.map(ms)).execute(&mut **tx).await?,
            None => query.execute(&mut **tx).await?,
        };
    }
    for (rule, kept) in &changes.kept_runs {
        let sql = "DELETE FROM run WHERE site = $1 AND rule = $2 AND (\"to\" < $3 OR \"to\" > $4)";
        let (from, to) = (ms(*kept.start()), ms(*kept.end()));
        sqlx::query(sql).bind(site).bind(&**rule).bind(from).bind(to).execute(&mut **tx).await?;
    }
    for (rule, back_to) in &changes.old_hours {
        let sql = "DELETE FROM usual WHERE site = $1 AND rule = $2 AND hour < $3";
        sqlx::query(sql).bind(site).bind(&**rule).bind(ms(*back_to)).execute(&mut **tx).await?;
    }
    Ok(())
}
