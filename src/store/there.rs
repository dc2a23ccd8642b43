//! Who was there at one instant, and since when whoever is there now.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use sqlx::Row as _;

use super::polls::longest_gap;
use super::{Store, StoreError, at, ms};
use crate::hex;
use crate::names::Names;
use crate::snapshot::{Pair, User, fold};

/// What is known of one pair at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    Seen,
    /// The word for why it was not.
    Silent(String),
    /// Nobody asked.
    NotPolled,
}

impl Store {
    /// The sites that were ever polled.
    pub async fn sites(&self) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query("SELECT DISTINCT site FROM pair ORDER BY site").fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// How people are called in it by now, whatever the configuration says: what was stored last.
    pub async fn names_at_least(&self) -> Result<Names, StoreError> {
        let row = sqlx::query("SELECT called FROM person WHERE called <> 'forgotten' ORDER BY id DESC LIMIT 1")
            .fetch_optional(&self.pool)
            .await?;
        let called: Option<String> = row.map(|row| row.try_get(0)).transpose()?;
        let all = [Names::Full, Names::Pseudonym, Names::Hidden];
        Ok(all.into_iter().find(|names| called.as_deref() == Some(names.word())).unwrap_or_default())
    }

    /// Every pair of a site that was polled around an instant, with what was known of it; all of them where none was.
    pub async fn pairs_at(&self, site: &str, then: Timestamp) -> Result<Vec<(Pair, Then)>, StoreError> {
        let rows = sqlx::query(
            "SELECT proxy, prefix, r.\"to\", r.step, r.why, \
             (SELECT min(n.\"from\") FROM reading n WHERE n.pair = p.id AND n.id > r.id) AS next, \
             EXISTS (SELECT 1 FROM hour h WHERE h.pair = p.id AND h.\"to\" >= $2 - 7200000 AND h.\"from\" <= $2 AND h.\"from\" + h.length > $2) AS folded \
             FROM pair p LEFT JOIN reading r ON r.id = (SELECT id FROM reading WHERE pair = p.id AND \"from\" <= $2 ORDER BY id DESC LIMIT 1) \
             WHERE p.site = $1 ORDER BY proxy, prefix",
        )
        .bind(site)
        .bind(ms(then))
        .fetch_all(&self.pool)
        .await?;
        let mut pairs = Vec::with_capacity(rows.len());
        for row in &rows {
            let pair = Pair { proxy: row.try_get::<String, _>(0)?.into(), prefix: row.try_get::<String, _>(1)?.into() };
            let folded: bool = row.try_get("folded")?;
            let covered = match row.try_get::<Option<i64>, _>("to")? {
                _ if folded => Some(None),
                None => None,
                Some(to) => {
                    let step = SignedDuration::from_millis(row.try_get::<Option<i64>, _>("step")?.unwrap_or(60_000));
                    let gap = i64::try_from(longest_gap(step).as_millis()).unwrap_or(i64::MAX);
                    let next = row.try_get::<Option<i64>, _>("next")?.filter(|next| next - to <= gap);
                    // The last answer before a gap speaks for one step.
                    let until = next.unwrap_or(to + i64::try_from(step.as_millis()).unwrap_or(0));
                    if ms(then) < until { Some(row.try_get::<Option<String>, _>("why")?) } else { None }
                }
            };
            pairs.push((pair, covered.map_or(Then::NotPolled, |why| why.map_or(Then::Seen, Then::Silent))));
        }
        if pairs.iter().any(|(_, then)| *then != Then::NotPolled) {
            // One that was not there yet, or not any more, was not asked.
            pairs.retain(|(_, then)| *then != Then::NotPolled);
        }
        Ok(pairs)
    }

    /// Of these users, since when each is on a site without a break, as the polls saw it; true where they were there before
    /// anybody looked. Nobody, where the last poll is too long ago to say.
    pub async fn since<'a>(
        &self,
        site: &str,
        users: &[&'a User],
        now: Timestamp,
    ) -> Result<Vec<(&'a User, Timestamp, bool)>, StoreError> {
        let last = sqlx::query(
            "SELECT \"to\", step FROM reading WHERE site = $1 AND pair IS NULL ORDER BY \"to\" DESC LIMIT 1",
        )
        .bind(site)
        .fetch_optional(&self.pool)
        .await?;
        let Some(last) = last else { return Ok(Vec::new()) };
        let step = SignedDuration::from_millis(last.try_get::<Option<i64>, _>(1)?.unwrap_or(60_000));
        if now.duration_since(at(last.try_get(0)?)) > longest_gap(step) {
            return Ok(Vec::new());
        }
        let rows = sqlx::query(
            "SELECT directory_key, id_key, called, began, at_least FROM span JOIN pair ON pair.id = span.pair \
             JOIN person ON person.id = span.person WHERE site = $1 AND ended IS NULL AND called <> 'forgotten'",
        )
        .bind(site)
        .fetch_all(&self.pool)
        .await?;
        let mut open: HashMap<(String, String), (i64, bool)> = HashMap::new();
        let mut under_keys = false;
        for row in &rows {
            under_keys |= row.try_get::<String, _>(2)? != "full";
            let began = (row.try_get(3)?, row.try_get(4)?);
            let known = open.entry((row.try_get(0)?, row.try_get(1)?)).or_insert(began);
            *known = (*known).min(began);
        }
        let folded = |text: &str| fold(text).collect::<String>();
        let mut since = Vec::new();
        for user in users {
            let (directory, id) = (folded(&user.directory), folded(&user.id));
            let mut known = open.get(&(directory.clone(), id));
            if known.is_none() && under_keys {
                known = open.get(&(directory, hex::encode(&self.key.who(&user.directory, &user.id))));
            }
            since.extend(known.map(|(began, at_least)| (*user, at(*began), *at_least)));
        }
        Ok(since)
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::super::tests::{open, record, snapshot, time};
    use super::*;

    fn user(id: &str) -> User {
        User { directory: "corp".into(), id: id.into(), name: None }
    }

    #[tokio::test]
    async fn an_instant_is_known_as_it_was_polled() {
        let folder = TempDir::new().unwrap();
        let store = open(&folder).await;
        for (at, hr) in
            [(0, Some(&["anna:s1"][..])), (60, Some(&["anna:s1", "bo:s2"])), (120, None), (900, Some(&["bo:s2"]))]
        {
            record(&store, &snapshot(at, &[("", Some(&[])), ("hr", hr)]), &[]).await.unwrap();
        }
        let told = async |seconds| {
            let pairs = store.pairs_at("prod", time(seconds)).await.unwrap();
            pairs.into_iter().map(|(pair, then)| format!("{} {then:?}", pair.prefix)).collect::<Vec<_>>().join(", ")
        };
        for (seconds, expected) in [
            (-1, " NotPolled, hr NotPolled"),
            (0, " Seen, hr Seen"),
            (119, " Seen, hr Seen"),
            (120, " Seen, hr Silent(\"timeout\")"),
            (179, " Seen, hr Silent(\"timeout\")"),
            // A gap of some ten minutes in which nobody asked.
            (180, " NotPolled, hr NotPolled"),
            (900, " Seen, hr Seen"),
            (960, " NotPolled, hr NotPolled"),
        ] {
            assert_eq!(told(seconds).await, expected, "{seconds}");
        }
        assert_eq!(store.sites().await.unwrap(), ["prod"]);
        assert_eq!(store.pairs_at("other", time(0)).await.unwrap(), []);
    }

    #[tokio::test]
    async fn since_when_somebody_is_on_is_known_under_every_name() {
        for names in [Names::Full, Names::Pseudonym, Names::Hidden] {
            let folder = TempDir::new().unwrap();
            let store = open(&folder).await.naming(names);
            record(&store, &snapshot(0, &[("", Some(&["anna:s1"])), ("hr", Some(&[]))]), &[]).await.unwrap();
            record(&store, &snapshot(60, &[("", Some(&["anna:s1", "bo:s2"])), ("hr", Some(&["bo:s3"]))]), &[])
                .await
                .unwrap();
            let users = [user("ANNA"), user("bo"), user("cy")];
            let users: Vec<&User> = users.iter().collect();
            let told = async |seconds| {
                let since = store.since("prod", &users, time(seconds)).await.unwrap();
                since.into_iter().map(|(user, at, at_least)| (&*user.id, at, at_least)).collect::<Vec<_>>()
            };
            assert_eq!(told(90).await, [("ANNA", time(0), true), ("bo", time(60), false)], "{names:?}");
            assert_eq!(told(600).await, [], "nobody polls any more");
        }
    }
}
