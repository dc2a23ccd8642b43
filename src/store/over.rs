//! Which messages tell of nothing that goes on, and that they are changed to say so.

use jiff::Timestamp;
use sqlx::Row as _;

use super::dialect::begin;
use super::{Store, StoreError, at, outbox};
use crate::judge::Severity;
use crate::outbox::{DeliveryId, Ended, NewDelivery, Over};

impl Store {
    /// The messages of a channel, posted or on their way, that told the beginning of incidents which are all over by now, and that
    /// are not being changed yet to say so. An incident that waits to be told as over goes on.
    pub async fn over(&self, channel: &str) -> Result<Vec<Over>, StoreError> {
        let rows = sqlx::query(
            "WITH fate AS (SELECT t.channel, t.cause, t.title, coalesce(t.since, min(i.since)) AS since, coalesce(t.calm, max(i.closed)) AS until, \
               CASE WHEN t.calm IS NOT NULL THEN 1 WHEN count(i.id) > 0 AND count(i.closed) = count(i.id) AND sum(i.held) = 0 THEN 1 ELSE 0 END AS over, \
               min(CASE i.severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END) AS severity, t.thread \
               FROM told t LEFT JOIN incident i ON i.cause = t.thread WHERE t.channel = $1 AND t.closed = 0 AND t.cause IS NOT NULL \
               GROUP BY t.channel, t.cause, t.title, t.since, t.calm, t.thread) \
             SELECT f.cause, f.title, coalesce(f.since, d.created) AS since, f.until, f.severity, d.title AS whole \
             FROM fate f JOIN delivery d ON d.cause = f.cause AND d.channel = f.channel AND d.recipient = '' \
             WHERE d.kind IN ('alert', 'repeat') AND (d.receipt IS NOT NULL OR d.state = 'pending') \
             AND NOT EXISTS (SELECT 1 FROM fate o WHERE o.cause = f.cause AND o.over = 0) \
             ORDER BY d.id, f.since, f.thread",
        )
        .bind(channel)
        .fetch_all(&self.pool)
        .await?;
        let mut found: Vec<Over> = Vec::new();
        for row in rows {
            let cause: String = row.try_get("cause")?;
            let ended = Ended {
                title: row.try_get("title")?,
                since: at(row.try_get("since")?),
                until: at(row.try_get("until")?),
            };
            let severity = match row.try_get::<Option<i64>, _>("severity")? {
                Some(0) => Severity::Critical,
                Some(1) | None => Severity::Warning,
                Some(_) => Severity::Info,
            };
            match found.last_mut().filter(|over| over.cause == cause) {
                Some(over) => {
                    over.severity = over.severity.max(severity);
                    over.incidents.push(ended);
                }
                None => found.push(Over {
                    channel: channel.to_owned(),
                    cause,
                    title: row.try_get("whole")?,
                    severity,
                    incidents: vec![ended],
                }),
            }
        }
        Ok(found)
    }

    /// Promises that a message is changed to say that it is over. Gives the deliveries that are new.
    pub async fn close_message(
        &self,
        over: &Over,
        deliveries: &[NewDelivery],
        now: Timestamp,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        let mut tx = begin(&self.pool).await?;
        let ids = outbox::enqueue(&mut tx, deliveries, now).await?;
        sqlx::query("UPDATE told SET closed = 1 WHERE channel = $1 AND cause = $2")
            .bind(over.channel.as_str())
            .bind(over.cause.as_str())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(ids)
    }
}
