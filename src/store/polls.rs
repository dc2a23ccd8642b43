//! Recording one poll: its spans and readings, its incidents and its deliveries, in one transaction.

use jiff::{SignedDuration, Timestamp};
use sqlx::Row as _;

use super::dialect::{Transaction, begin};
use super::schedules::{self, Slot};
use super::spans::{self, LastReading, OpenPair, OpenSpans, PairShowed};
use super::{Store, StoreError, incidents, ms, outbox};
use crate::judge::{Judgement, Rule, Severity};
use crate::outbox::NewDelivery;
use crate::snapshot::{Counts, Pair, Snapshot};

/// Everything that one poll comes to.
pub struct Poll<'a> {
    pub snapshot: &'a Snapshot,
    pub counts: Counts,
    pub rules: &'a [std::sync::Arc<Rule>],
    pub judgement: &'a Judgement,
    pub deliveries: &'a [NewDelivery],
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
        let mut cache = self.open.lock().await;
        // Taken out: where anything below fails, what is in memory is dropped, and read anew by the next poll.
        let mut open = match cache.remove(site) {
            Some(open) => open,
            None => OpenSpans::load(&self.pool, site).await?,
        };
        let changes = open.compare(poll.snapshot, &self.key);
        let generation = open.generation();
        let now = poll.snapshot.at();

        let mut tx = begin(&self.pool).await?;
        if !schedules::claim(&mut tx, poll.slot).await? {
            return Ok(Recorded::AlreadyDone);
        }
        let (mut began, mut ended) = (0, 0);
        for change in changes {
            let known = if let Some(known) = open.pairs.get_mut(change.pair) {
                known
            } else {
                let id = add_pair(&mut tx, site, change.pair).await?;
                open.pairs.entry(change.pair.clone()).or_insert_with(|| OpenPair::new(id))
            };
            let rows = spans::begin(&mut tx, known.id, &change.began, now, known.seen.is_none()).await?;
            spans::end(&mut tx, &change.ended, known.seen, now).await?;
            began += rows.len();
            ended += change.ended.len();
            known.apply(rows, &change.ended, generation);
            if matches!(change.showed, PairShowed::Seen(_)) {
                known.seen = Some(now);
            }
            known.reading = Some(pair_reading(&mut tx, known, change.showed, now, poll.interval).await?);
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
        open.site_reading = Some(site_reading(&mut tx, &open, poll, now).await?);
        for id in &poll.judgement.dropped {
            incidents::forget(&mut tx, *id).await?;
        }
        for incident in &poll.judgement.changed {
            let rule = poll.rules.iter().find(|rule| rule.name == incident.rule);
            incidents::save(&mut tx, incident, rule.map_or(Severity::Warning, |rule| rule.severity)).await?;
        }
        outbox::enqueue(&mut tx, poll.deliveries, now).await?;
        tx.commit().await?;
        cache.insert(site.clone(), open);
        Ok(Recorded::Done { began, ended })
    }

    /// Commits a report: its slot dealt with, and its deliveries promised. False where someone else did.
    pub async fn record_report(
        &self,
        slot: &Slot,
        deliveries: &[NewDelivery],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = begin(&self.pool).await?;
        if !schedules::claim(&mut tx, slot).await? {
            return Ok(false);
        }
        outbox::enqueue(&mut tx, deliveries, now).await?;
        tx.commit().await?;
        Ok(true)
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

/// Whether a reading that ended at `to` goes on at `now`: nobody polled in a longer gap, so nothing is known of it.
fn goes_on(to: Timestamp, now: Timestamp, interval: SignedDuration) -> bool {
    now.duration_since(to) <= interval * 2 + SignedDuration::from_secs(60)
}

async fn pair_reading(
    tx: &mut Transaction,
    pair: &OpenPair,
    showed: PairShowed,
    now: Timestamp,
    interval: SignedDuration,
) -> Result<LastReading<PairShowed>, StoreError> {
    if let Some(last) = &pair.reading
        && last.showed == showed
        && goes_on(last.to, now, interval)
    {
        extend(tx, "UPDATE reading SET \"to\" = $2, polls = polls + 1 WHERE id = $1", last.id, now).await?;
        return Ok(LastReading { id: last.id, to: now, showed });
    }
    let (counts, why) = match &showed {
        PairShowed::Seen(counts) => (Some(*counts), None),
        PairShowed::Unseen(why) => (None, Some(why.as_str())),
    };
    let number = |of: fn(Counts) -> u64| counts.map(|counts| of(counts).cast_signed());
    let row = sqlx::query(
        "INSERT INTO reading (pair, \"from\", \"to\", polls, sessions, users, anonymous, why) \
         VALUES ($1, $2, $2, 1, $3, $4, $5, $6) RETURNING id",
    )
    .bind(pair.id)
    .bind(ms(now))
    .bind(number(|counts| counts.sessions))
    .bind(number(|counts| counts.users))
    .bind(number(|counts| counts.anonymous))
    .bind(why)
    .fetch_one(&mut **tx)
    .await?;
    Ok(LastReading { id: row.try_get(0)?, to: now, showed })
}

async fn site_reading(
    tx: &mut Transaction,
    open: &OpenSpans,
    poll: &Poll<'_>,
    now: Timestamp,
) -> Result<LastReading<(Counts, u64, u64)>, StoreError> {
    let coverage = poll.snapshot.coverage();
    let showed = (poll.counts, coverage.answered, coverage.asked);
    if let Some(last) = &open.site_reading
        && last.showed == showed
        && goes_on(last.to, now, poll.interval)
    {
        extend(tx, "UPDATE site_reading SET \"to\" = $2, polls = polls + 1 WHERE id = $1", last.id, now).await?;
        return Ok(LastReading { id: last.id, to: now, showed });
    }
    let row = sqlx::query(
        "INSERT INTO site_reading (site, \"from\", \"to\", polls, answered, asked, sessions, users, anonymous) \
         VALUES ($1, $2, $2, 1, $3, $4, $5, $6, $7) RETURNING id",
    )
    .bind(&**poll.snapshot.site())
    .bind(ms(now))
    .bind(coverage.answered.cast_signed())
    .bind(coverage.asked.cast_signed())
    .bind(poll.counts.sessions.cast_signed())
    .bind(poll.counts.users.cast_signed())
    .bind(poll.counts.anonymous.cast_signed())
    .fetch_one(&mut **tx)
    .await?;
    Ok(LastReading { id: row.try_get(0)?, to: now, showed })
}

async fn extend(tx: &mut Transaction, sql: &'static str, id: i64, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(sql).bind(id).bind(ms(now)).execute(&mut **tx).await?;
    Ok(())
}
