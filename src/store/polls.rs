//! Recording one poll: its spans and readings, its incidents and its deliveries, in one transaction.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sqlx::{QueryBuilder, Row as _};

use super::dialect::{Db, Transaction, begin};
use super::engines;
use super::past::Memory;
use super::schedules::{self, Slot};
use super::spans::{self, LastReading, OpenPair, OpenSpans, Showed};
use super::{Store, StoreError, ms, routing};
use crate::judge::{Judgement, Rule, Severity};
use crate::outbox::Outgoing;
use crate::snapshot::{Counts, Pair, Snapshot};

/// Everything that one poll comes to.
pub struct Poll<'a> {
    pub snapshot: &'a Snapshot,
    pub counts: Counts,
    pub rules: &'a [std::sync::Arc<Rule>],
    pub judgement: &'a Judgement,
    pub outgoing: &'a Outgoing,
    /// The slot that it was polled for.
    pub slot: &'a Slot,
    /// The time between polls that the schedule asks for.
    pub interval: SignedDuration,
}

/// What came of recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// So many sessions began and ended.
    Done { began: usize, ended: usize },
    /// Someone else dealt with the slot; nothing was written.
    AlreadyDone,
}

impl Store {
    /// Commits a poll whole, or not at all.
    pub async fn record(&self, poll: &Poll<'_>) -> Result<Recorded, StoreError> {
        let site = poll.snapshot.site();
        let mut memory = self.memory.lock().await;
        // Taken out: where anything below fails, what is in memory is dropped, and read anew by the next poll.
        let generation_of_people = self.generation().await?;
        let known = memory.remove(site).filter(|memory| memory.generation == generation_of_people);
        let Memory { open, past, of_rules: mut remembered, engines: mut stretches, .. } = known.unwrap_or_default();
        let mut open = match open {
            Some(open) => open,
            None => OpenSpans::load(&self.pool, site).await?,
        };
        if stretches.is_none() && !poll.snapshot.engines().is_empty() {
            stretches = Some(engines::newest(&self.pool, site).await?);
        }
        let changes = open.compare(poll.snapshot, &self.key);
        let generation = open.generation();
        let now = poll.snapshot.at();

        let mut tx = begin(&self.pool).await?;
        if !schedules::claim(&mut tx, poll.slot).await? {
            return Ok(Recorded::AlreadyDone);
        }
        let (mut began, mut ended) = (0, 0);
        let mut same = Vec::new();
        for change in changes {
            let known = if let Some(known) = open.pairs.get_mut(change.pair) {
                known
            } else {
                let id = add_pair(&mut tx, site, change.pair).await?;
                open.pairs.entry(change.pair.clone()).or_insert_with(|| OpenPair::new(id))
            };
            // After a gap nobody knows when a session began, only that it was there by now.
            let at_least = known.seen.is_none_or(|seen| !goes_on(seen, now, poll.interval));
            let rows = spans::begin(&mut tx, known.id, &change.began, (now, at_least), (&self.key, self.names)).await?;
            spans::end(&mut tx, &change.ended, known.seen, now).await?;
            began += rows.len();
            ended += change.ended.len();
            known.apply(&change.began, &rows, &change.ended, generation);
            if change.showed.why.is_none() {
                known.seen = Some(now);
            }
            let (last, pair) = (known.reading.take(), Some(known.id));
            known.reading =
                Some(reading(&mut tx, site, pair, last, change.showed, poll.interval, now, &mut same).await?);
        }
        for (pair, seen) in open.left_behind(poll.snapshot) {
            sqlx::query("UPDATE span SET ended = $2, last_seen = $3 WHERE pair = $1 AND ended IS NULL")
                .bind(pair)
                .bind(ms(now))
                .bind(seen.map(ms))
                .execute(&mut *tx)
                .await?;
            open.forget_pair(pair);
        }
        let coverage = poll.snapshot.coverage();
        let showed = Showed {
            answered: coverage.answered,
            asked: coverage.asked,
            counts: (coverage.answered > 0).then_some(poll.counts),
            why: None,
        };
        let last = open.site_reading.take();
        open.site_reading = Some(reading(&mut tx, site, None, last, showed, poll.interval, now, &mut same).await?);
        extend(&mut tx, &same, now).await?;
        if let Some(stretches) = &mut stretches {
            engines::write(&mut tx, site, poll.snapshot.engines(), stretches, (now, poll.interval)).await?;
        }
        for id in &poll.judgement.dropped {
            super::incidents::forget(&mut tx, *id).await?;
        }
        let mut incidents = Vec::with_capacity(poll.judgement.changed.len());
        for incident in &poll.judgement.changed {
            let rule = poll.rules.iter().find(|rule| rule.name == incident.rule);
            let what = rule.map_or(("", Severity::Warning), |rule| (rule.kind.word(), rule.severity));
            incidents.push(super::incidents::save(&mut tx, incident, what).await?);
        }
        for flap in &poll.judgement.flaps {
            super::flaps::save(&mut tx, flap).await?;
        }
        if let Some(remembered) = &mut remembered {
            let remembered = Arc::make_mut(remembered);
            let changes = remembered.after(poll.rules, poll.snapshot, poll.judgement, poll.interval);
            super::memory::save(&mut tx, site, &changes).await?;
        }
        routing::write(&mut tx, poll.outgoing, now).await?;
        tx.commit().await?;
        let past = past.map(|past| {
            let full = coverage.is_full().then_some((poll.counts, coverage.asked));
            past.after(now, poll.judgement, incidents, full, poll.interval)
        });
        let generation = generation_of_people;
        memory.insert(
            site.clone(),
            Memory { open: Some(open), past, of_rules: remembered, engines: stretches, generation },
        );
        Ok(Recorded::Done { began, ended })
    }

    /// Closes the spans of sites that no check polls any more.
    pub async fn leave_sites(&self, polled: &[&str], now: Timestamp) -> Result<(), StoreError> {
        let mut tx = begin(&self.pool).await?;
        for row in sqlx::query("SELECT DISTINCT site FROM pair").fetch_all(&mut *tx).await? {
            let site: String = row.try_get(0)?;
            if !polled.contains(&site.as_str()) {
                sqlx::query(
                    "UPDATE span SET ended = $2, last_seen = (SELECT max(\"to\") FROM reading r WHERE r.pair = span.pair AND r.why IS NULL) \
                     WHERE ended IS NULL AND pair IN (SELECT id FROM pair WHERE site = $1)",
                )
                .bind(site.as_str())
                .bind(ms(now))
                .execute(&mut *tx)
                .await?;
            }
        }
        tx.commit().await?;
        self.memory.lock().await.retain(|site, _| polled.contains(&&**site));
        Ok(())
    }
}

async fn add_pair(tx: &mut Transaction, site: &str, pair: &Pair) -> Result<i64, StoreError> {
    let row = sqlx::query("INSERT INTO pair (site, proxy, prefix) VALUES ($1, $2, $3) RETURNING id")
        .bind(site)
        .bind(&*pair.proxy)
        .bind(&*pair.prefix)
        .fetch_one(&mut **tx)
        .await?;
    Ok(row.try_get(0)?)
}

/// Whether what was seen at `to` speaks until `now`: nobody polled in a longer gap, so nothing is known of it.
fn goes_on(to: Timestamp, now: Timestamp, interval: SignedDuration) -> bool {
    (SignedDuration::ZERO..=longest_gap(interval)).contains(&now.duration_since(to))
}

/// The longest time between two polls that follow each other.
pub(super) fn longest_gap(interval: SignedDuration) -> SignedDuration {
    interval * 2 + SignedDuration::from_secs(60)
}

/// Whether no poll was missed between two, so that one reading can stand for both. Where one was, another reading begins, so that
/// it can be said when nobody looked; after the clock was set back too, so that the order in which they were made can be read from
/// them.
pub(super) fn follows(to: Timestamp, now: Timestamp, interval: SignedDuration) -> bool {
    let gap = now.duration_since(to);
    gap >= SignedDuration::ZERO && gap < interval * 2
}

/// Notes what was shown: as more of the last reading, which goes to `same`, or as a new one.
#[expect(clippy::too_many_arguments, reason = "two calls, from `record`, with what it has at hand")]
async fn reading(
    tx: &mut Transaction,
    site: &str,
    pair: Option<i64>,
    last: Option<LastReading>,
    showed: Showed,
    interval: SignedDuration,
    now: Timestamp,
    same: &mut Vec<i64>,
) -> Result<LastReading, StoreError> {
    if let Some(last) = last.filter(|last| last.showed == showed && follows(last.to, now, interval)) {
        same.push(last.id);
        return Ok(LastReading { to: now, ..last });
    }
    let number = |of: fn(Counts) -> u64| showed.counts.map(|counts| of(counts).cast_signed());
    let row = sqlx::query(
        "INSERT INTO reading (site, pair, \"from\", \"to\", polls, answered, asked, sessions, users, anonymous, why, step) \
         VALUES ($1, $2, $3, $3, 1, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
    )
    .bind(site)
    .bind(pair)
    .bind(ms(now))
    .bind(showed.answered.cast_signed())
    .bind(showed.asked.cast_signed())
    .bind(number(|counts| counts.sessions))
    .bind(number(|counts| counts.users))
    .bind(number(|counts| counts.anonymous))
    .bind(showed.why.as_deref())
    .bind(i64::try_from(interval.as_millis()).unwrap_or(i64::MAX))
    .fetch_one(&mut **tx)
    .await?;
    Ok(LastReading { id: row.try_get(0)?, to: now, showed })
}

/// Extends every reading that this poll repeats, in one statement.
async fn extend(tx: &mut Transaction, same: &[i64], now: Timestamp) -> Result<(), StoreError> {
    if same.is_empty() {
        return Ok(());
    }
    let mut sql = QueryBuilder::<Db>::new("UPDATE reading SET polls = polls + 1, \"to\" = ");
    sql.push_bind(ms(now)).push(" WHERE id IN (");
    let mut ids = sql.separated(", ");
    for id in same {
        ids.push_bind(*id);
    }
    sql.push(")");
    sql.build().execute(&mut **tx).await?;
    Ok(())
}
