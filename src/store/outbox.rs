//! The outbox's rows: promised, claimed, settled, listed.

use jiff::{SignedDuration, Timestamp};
use sqlx::Row as _;

use super::dialect::{Row, Transaction, begin};
use super::{Store, StoreError, at, ms, sick};
use crate::outbox::{
    Attempt, Claimed, Delivery, DeliveryId, DeliveryState, HeldBy, Lane, NewDelivery, Pause, Settled, Thread,
};

const LISTED: &str = "SELECT d.id, cause, channel, recipient, kind, title, body, state, created, due, attempts, settled, \
     last_error, held, c.paused_until, CASE WHEN c.well IS NULL THEN c.down_since END AS down_since, c.why AS channel_why FROM delivery d LEFT JOIN channel c ON c.name = d.channel";

/// Longer than any wait between two tries that nobody asked for.
const NEVER: SignedDuration = SignedDuration::from_hours(3);
/// Longer than any pause that a channel may ask for.
const NEVER_ASKED: SignedDuration = SignedDuration::from_hours(25);
/// How old a test may be and still be sent by a start.
const TEST_WAITS: SignedDuration = SignedDuration::from_mins(2);

/// Writes promises; one that is there already, by cause, channel and recipient, stays as it is.
pub(super) async fn enqueue(
    tx: &mut Transaction,
    deliveries: &[NewDelivery],
    now: Timestamp,
) -> Result<Vec<DeliveryId>, StoreError> {
    let mut ids = Vec::new();
    for delivery in deliveries {
        let row = sqlx::query(
            "INSERT INTO delivery (cause, channel, recipient, kind, form, title, body, plainer, message_id, in_reply_to, urgent, created, due, state, thread, held, plainest) \
             VALUES ($1, $2, $3, $4, $12, $5, $6, $7, $8, $9, $10, $11, $11, 'pending', $13, $14, $15) \
             ON CONFLICT (cause, channel, recipient) DO NOTHING RETURNING id",
        )
        .bind(delivery.cause.as_str())
        .bind(delivery.channel.as_str())
        .bind(delivery.recipient.as_str())
        .bind(delivery.kind)
        .bind(delivery.title.as_str())
        .bind(delivery.body.as_str())
        .bind(delivery.plainer.as_deref())
        .bind(delivery.message_id.as_str())
        .bind(delivery.in_reply_to.as_deref())
        .bind(delivery.urgent)
        .bind(ms(now))
        .bind(delivery.form)
        .bind(delivery.thread.map(Thread::word))
        .bind(delivery.held.map(HeldBy::word))
        .bind(delivery.plainest.as_deref())
        .fetch_optional(&mut **tx)
        .await?;
        if let Some(row) = row {
            ids.push(DeliveryId(row.try_get(0)?));
        }
    }
    Ok(ids)
}

/// A time that no wait reaches, so that what is due after it was put there by a clock that has been set back since.
fn never(now: Timestamp) -> Timestamp {
    now.checked_add(NEVER).unwrap_or(Timestamp::MAX)
}

/// Notes that a delivery is claimed, and that a try at it begins.
async fn note_claim(
    tx: &mut Transaction,
    id: DeliveryId,
    attempt: i64,
    now: Timestamp,
    until: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE delivery SET claimed_until = $2, attempts = $3 WHERE id = $1")
        .bind(id.0)
        .bind(ms(until))
        .bind(attempt)
        .execute(&mut **tx)
        .await?;
    sqlx::query("INSERT INTO attempt (delivery, number, began) VALUES ($1, $2, $3)")
        .bind(id.0)
        .bind(attempt)
        .bind(ms(now))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Records what came of one claim, within a transaction.
async fn settle_in(
    tx: &mut Transaction,
    claimed: &Claimed,
    settled: &Settled,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (state, due, why) = match settled {
        Settled::Delivered { .. } => (DeliveryState::Delivered, None, None),
        Settled::Needless { why } => (DeliveryState::Dropped, None, Some(why)),
        Settled::GivenUp { why, .. } => (DeliveryState::GivenUp, None, Some(why)),
        // An asked pause is the channel's: it alone says when.
        Settled::Later { pause: Some(Pause::Asked), why, .. } | Settled::Degraded { why } => {
            (DeliveryState::Pending, Some(now), Some(why))
        }
        Settled::Later { due, why, .. } => (DeliveryState::Pending, Some(*due), Some(why)),
    };
    let receipt = if let Settled::Delivered { receipt } = settled { receipt.as_deref() } else { None };
    let outcome = match settled {
        Settled::Delivered { .. } => "delivered",
        Settled::Needless { .. } => "needless",
        Settled::GivenUp { .. } => "given up",
        Settled::Later { pause: Some(Pause::Down), .. } => "channel down",
        Settled::Later { .. } => "again later",
        Settled::Degraded { .. } => "again, plainer",
    };
    let done = sqlx::query(
        "UPDATE delivery SET state = $3, due = coalesce($4, due), claimed_until = NULL, last_error = $5, \
         settled = CASE WHEN $3 = 'pending' THEN NULL ELSE $6 END, \
         body = CASE WHEN $3 IN ('delivered', 'dropped') THEN '' WHEN $7 AND plainer IS NOT NULL THEN plainer ELSE body END, \
         plainer = CASE WHEN $3 IN ('delivered', 'dropped') THEN NULL WHEN $7 THEN plainest ELSE plainer END, \
         plainest = CASE WHEN $3 IN ('delivered', 'dropped') OR $7 THEN NULL ELSE plainest END, \
         receipt = coalesce($8, receipt) \
         WHERE id = $1 AND claimed_until = $2 AND state = 'pending'",
    )
    .bind(claimed.id.0)
    .bind(ms(claimed.lease))
    .bind(state.word())
    .bind(due.map(ms))
    .bind(why.map(String::as_str))
    .bind(ms(now))
    .bind(matches!(settled, Settled::Degraded { .. }))
    .bind(receipt)
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query("UPDATE attempt SET ended = $3, outcome = $4, why = $5 WHERE delivery = $1 AND number = $2")
        .bind(claimed.id.0)
        .bind(i64::from(claimed.attempt))
        .bind(ms(now))
        .bind(outcome)
        .bind(why.map(String::as_str))
        .execute(&mut **tx)
        .await?;
    match settled {
        Settled::Delivered { .. } => sick::took(tx, &claimed.channel, now).await?,
        Settled::Later { due, pause: Some(why), why: said }
        | Settled::GivenUp { pause: Some((due, why)), why: said } => {
            sick::pause(tx, &claimed.channel, *why, *due, said, now).await?;
        }
        _ => {}
    }
    Ok(true)
}

impl Store {
    /// The title of what was told for a cause in a channel, as long as it is kept.
    pub async fn title_of(&self, cause: &str, channel: &str) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT title FROM delivery WHERE cause = $1 AND channel = $2 LIMIT 1")
            .bind(cause)
            .bind(channel)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// Promises deliveries that no poll or report is behind: a test, an announcement.
    pub async fn enqueue(&self, deliveries: &[NewDelivery], now: Timestamp) -> Result<Vec<DeliveryId>, StoreError> {
        let mut tx = begin(&self.pool).await?;
        let ids = enqueue(&mut tx, deliveries, now).await?;
        tx.commit().await?;
        Ok(ids)
    }

    /// Claims what is due, until `now + lease`: of each channel and recipient the oldest alone, so that order is kept.
    /// A paused channel is left alone, but for a test. With `only`, these and no others, whatever is before them.
    pub async fn claim(
        &self,
        now: Timestamp,
        lease: SignedDuration,
        only: Option<&[DeliveryId]>,
        mut ready: impl FnMut(&Lane) -> bool,
    ) -> Result<Vec<Claimed>, StoreError> {
        if only.is_none() && !self.anything_due(now).await? {
            return Ok(Vec::new());
        }
        let until = now.checked_add(lease).unwrap_or(Timestamp::MAX);
        let mut tx = begin(&self.pool).await?;
        let rows = sqlx::query(
            "SELECT d.id, d.channel, recipient, form, body, plainer, message_id, in_reply_to, thread, created, attempts, coalesce(c.failures, 0) AS failures, \
             (SELECT max(r.receipt) FROM delivery r WHERE r.channel = d.channel AND r.message_id = d.in_reply_to AND r.receipt IS NOT NULL) AS receipt \
             FROM delivery d LEFT JOIN channel c ON c.name = d.channel \
             WHERE state = 'pending' AND held IS NULL AND (due <= $1 OR due > $3) AND (claimed_until IS NULL OR claimed_until <= $1) \
             AND (c.paused_until IS NULL OR c.paused_until <= $1 OR (urgent AND c.asked = 0) OR c.paused_until > CASE WHEN c.asked = 1 THEN $4 ELSE $3 END) AND ($2 OR (NOT EXISTS \
             (SELECT 1 FROM delivery e WHERE e.state = 'pending' AND e.channel = d.channel AND e.recipient = d.recipient AND e.urgent = d.urgent AND e.held IS NULL AND e.id < d.id))) \
             ORDER BY urgent DESC, d.id",
        )
        .bind(ms(now))
        .bind(only.is_some())
        .bind(ms(never(now)))
        .bind(ms(now.checked_add(NEVER_ASKED).unwrap_or(Timestamp::MAX)))
        .fetch_all(&mut *tx)
        .await?;
        let mut claimed = Vec::new();
        for row in rows {
            let id = DeliveryId(row.try_get("id")?);
            let lane = Lane {
                channel: row.try_get("channel")?,
                recipient: row.try_get("recipient")?,
                form: row.try_get("form")?,
                oldest: at(row.try_get("created")?),
            };
            if only.is_some_and(|ids| !ids.contains(&id)) || !ready(&lane) {
                continue;
            }
            let attempt = row.try_get::<i64, _>("attempts")? + 1;
            note_claim(&mut tx, id, attempt, now, until).await?;
            claimed.push(Claimed {
                id,
                channel: lane.channel,
                recipient: lane.recipient,
                body: row.try_get("body")?,
                plainer: row.try_get("plainer")?,
                message_id: row.try_get("message_id")?,
                in_reply_to: row.try_get("in_reply_to")?,
                thread: row.try_get::<Option<String>, _>("thread")?.and_then(|word| Thread::from_word(&word)),
                receipt: row.try_get("receipt")?,
                created: lane.oldest,
                attempt: u32::try_from(attempt).unwrap_or(u32::MAX),
                channel_failures: u32::try_from(row.try_get::<i64, _>("failures")?).unwrap_or(u32::MAX),
                lease: until,
            });
        }
        tx.commit().await?;
        Ok(claimed)
    }

    async fn anything_due(&self, now: Timestamp) -> Result<bool, StoreError> {
        let row =
            sqlx::query("SELECT EXISTS (SELECT 1 FROM delivery WHERE state = 'pending' AND held IS NULL AND (due <= $1 OR due > $2))")
                .bind(ms(now))
                .bind(ms(never(now)))
                .fetch_one(&self.pool)
                .await?;
        Ok(row.try_get(0)?)
    }

    /// Claims those behind a claimed delivery as well, in their order, as far as they are due: at most so many.
    pub async fn claim_behind(
        &self,
        head: &Claimed,
        most: u32,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Vec<Claimed>, StoreError> {
        let until = now.checked_add(lease).unwrap_or(Timestamp::MAX);
        let mut tx = begin(&self.pool).await?;
        let rows = sqlx::query(
            "SELECT d.id, d.body, d.plainer, d.message_id, d.in_reply_to, d.created, d.attempts, \
             (d.due <= $2 OR d.due > $3) AND (d.claimed_until IS NULL OR d.claimed_until <= $2) AND d.form = h.form AS ready \
             FROM delivery h JOIN delivery d ON d.channel = h.channel AND d.recipient = h.recipient AND d.urgent = h.urgent AND d.id > h.id \
             WHERE h.id = $1 AND d.state = 'pending' AND d.held IS NULL ORDER BY d.id LIMIT $4",
        )
        .bind(head.id.0)
        .bind(ms(now))
        .bind(ms(never(now)))
        .bind(i64::from(most))
        .fetch_all(&mut *tx)
        .await?;
        let mut claimed = Vec::new();
        for row in rows {
            if !row.try_get::<bool, _>("ready")? {
                break;
            }
            let id = DeliveryId(row.try_get("id")?);
            let attempt = row.try_get::<i64, _>("attempts")? + 1;
            note_claim(&mut tx, id, attempt, now, until).await?;
            claimed.push(Claimed {
                id,
                channel: head.channel.clone(),
                recipient: head.recipient.clone(),
                body: row.try_get("body")?,
                plainer: row.try_get("plainer")?,
                message_id: row.try_get("message_id")?,
                in_reply_to: row.try_get("in_reply_to")?,
                // Channels that take several in a row know no threads.
                thread: None,
                receipt: None,
                created: at(row.try_get("created")?),
                attempt: u32::try_from(attempt).unwrap_or(u32::MAX),
                // They are tried only where the one before them was taken.
                channel_failures: 0,
                lease: until,
            });
        }
        tx.commit().await?;
        Ok(claimed)
    }

    /// Records what came of a claim. False where the lease had run out and someone else has it.
    pub async fn settle(&self, claimed: &Claimed, settled: &Settled, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = begin(&self.pool).await?;
        let ours = settle_in(&mut tx, claimed, settled, now).await?;
        tx.commit().await?;
        Ok(ours)
    }

    /// Records what came of several claims, and lets go of those that were not tried after all: all of it, or nothing. Gives
    /// how many of them were still ours.
    pub async fn settle_run(
        &self,
        done: &[(&Claimed, Settled, Timestamp)],
        untried: &[Claimed],
    ) -> Result<usize, StoreError> {
        let mut tx = begin(&self.pool).await?;
        let mut ours = 0;
        for (claimed, settled, now) in done {
            ours += usize::from(settle_in(&mut tx, claimed, settled, *now).await?);
        }
        for claimed in untried {
            let let_go = sqlx::query(
                "UPDATE delivery SET claimed_until = NULL, attempts = attempts - 1 \
                 WHERE id = $1 AND claimed_until = $2 AND state = 'pending'",
            )
            .bind(claimed.id.0)
            .bind(ms(claimed.lease))
            .execute(&mut *tx)
            .await?;
            if let_go.rows_affected() > 0 {
                sqlx::query("DELETE FROM attempt WHERE delivery = $1 AND number = $2")
                    .bind(claimed.id.0)
                    .bind(i64::from(claimed.attempt))
                    .execute(&mut *tx)
                    .await?;
            }
        }
        tx.commit().await?;
        Ok(ours)
    }

    /// Every lane with something pending that is not being sent.
    pub async fn lanes(&self) -> Result<Vec<Lane>, StoreError> {
        let rows = sqlx::query(
            "SELECT channel, recipient, form, min(created) AS oldest FROM delivery \
             WHERE state = 'pending' AND claimed_until IS NULL GROUP BY channel, recipient, form",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Lane {
                    channel: row.try_get("channel")?,
                    recipient: row.try_get("recipient")?,
                    form: row.try_get("form")?,
                    oldest: at(row.try_get("oldest")?),
                })
            })
            .collect()
    }

    /// Gives up everything that is pending in a lane which leads nowhere any more.
    pub async fn give_up_lane(&self, lane: &Lane, now: Timestamp) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "UPDATE delivery SET state = 'given up', settled = $4, last_error = 'the channel, or this recipient of it, is not configured any more' \
             WHERE state = 'pending' AND claimed_until IS NULL AND channel = $1 AND recipient = $2 AND form = $3",
        )
        .bind(lane.channel.as_str())
        .bind(lane.recipient.as_str())
        .bind(lane.form.as_str())
        .bind(ms(now))
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }

    /// Lets go of the claims of a holder that died. Only the lock's holder may.
    pub async fn release_claims(&self) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "UPDATE delivery SET claimed_until = NULL WHERE state = 'pending' AND claimed_until IS NOT NULL",
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }

    /// Drops tests that whoever asked for them did not wait for: one that comes much later would only puzzle.
    pub async fn drop_old_tests(&self, now: Timestamp) -> Result<(), StoreError> {
        let old = now.checked_sub(TEST_WAITS).unwrap_or(Timestamp::MIN);
        sqlx::query("UPDATE delivery SET state = 'dropped', settled = $1, body = '', plainer = NULL, plainest = NULL WHERE urgent AND state = 'pending' AND created < $2")
            .bind(ms(now))
            .bind(ms(old))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Deliveries, newest first: pending and given-up ones, or `all`; at most `most`.
    pub async fn deliveries(&self, all: bool, most: u32) -> Result<Vec<Delivery>, StoreError> {
        let sql = format!("{LISTED} WHERE $1 OR state IN ('pending', 'given up') ORDER BY d.id DESC LIMIT $2");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(all).bind(i64::from(most)).fetch_all(&self.pool).await?;
        rows.iter().map(read).collect()
    }

    pub async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let sql = format!("{LISTED} WHERE d.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.0).fetch_optional(&self.pool).await?;
        row.as_ref().map(read).transpose()
    }

    /// Every try at a delivery, oldest first.
    pub async fn attempts(&self, id: DeliveryId) -> Result<Vec<Attempt>, StoreError> {
        let rows =
            sqlx::query("SELECT number, began, ended, outcome, why FROM attempt WHERE delivery = $1 ORDER BY number")
                .bind(id.0)
                .fetch_all(&self.pool)
                .await?;
        rows.iter()
            .map(|row| {
                Ok(Attempt {
                    number: u32::try_from(row.try_get::<i64, _>(0)?).unwrap_or(u32::MAX),
                    began: at(row.try_get(1)?),
                    ended: row.try_get::<Option<i64>, _>(2)?.map(at),
                    outcome: row.try_get(3)?,
                    why: row.try_get(4)?,
                })
            })
            .collect()
    }

    /// Makes a pending or given-up delivery due now, with its age begun anew, and its channel no longer left alone.
    pub async fn retry(&self, id: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = begin(&self.pool).await?;
        let done = sqlx::query(
            "UPDATE delivery SET state = 'pending', held = NULL, due = $2, created = $2, settled = NULL WHERE id = $1 AND state IN ('pending', 'given up')",
        )
        .bind(id.0)
        .bind(ms(now))
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("UPDATE channel SET paused_until = $2 WHERE asked = 0 AND name = (SELECT channel FROM delivery WHERE id = $1)")
            .bind(id.0)
            .bind(ms(now))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Takes a delivery out of the queue for good, and empties it.
    pub async fn drop_delivery(&self, id: DeliveryId, now: Timestamp) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE delivery SET state = 'dropped', settled = $2, body = '', plainer = NULL, plainest = NULL, claimed_until = NULL \
             WHERE id = $1 AND state IN ('pending', 'given up')",
        )
        .bind(id.0)
        .bind(ms(now))
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}

fn read(row: &Row) -> Result<Delivery, StoreError> {
    let state: String = row.try_get("state")?;
    let waits = row.try_get::<Option<i64>, _>("paused_until")?;
    let why = row.try_get::<Option<String>, _>("channel_why")?;
    Ok(Delivery {
        id: DeliveryId(row.try_get("id")?),
        cause: row.try_get("cause")?,
        channel: row.try_get("channel")?,
        recipient: row.try_get("recipient")?,
        kind: row.try_get("kind")?,
        title: row.try_get("title")?,
        body: row.try_get("body")?,
        state: DeliveryState::from_word(&state)
            .ok_or_else(|| StoreError::Other(format!("a delivery in the state `{state}`")))?,
        created: at(row.try_get("created")?),
        due: at(row.try_get("due")?),
        attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
        settled: row.try_get::<Option<i64>, _>("settled")?.map(at),
        last_error: row.try_get("last_error")?,
        channel_down: row.try_get::<Option<i64>, _>("down_since")?.map(at),
        held: row.try_get::<Option<String>, _>("held")?.and_then(|word| HeldBy::from_word(&word)),
        channel_waits: waits.map(|until| (at(until), why.unwrap_or_default())),
    })
}
