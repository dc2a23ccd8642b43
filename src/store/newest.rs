//! When people came who are on a site, as far as it is known at this moment.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use sqlx::Row as _;

use super::{Store, StoreError, at, ms};
use crate::hex;
use crate::snapshot::{User, fold};

/// What was recorded longer ago says nothing of now.
const FRESH: SignedDuration = SignedDuration::from_mins(10);

impl Store {
    /// When the newest open session of each of these people on a site began, by directory and id in lower case with a back-slash
    /// between; nothing where nobody recorded the site lately.
    pub async fn newest_sessions(
        &self,
        site: &str,
        users: &[&User],
        now: Timestamp,
    ) -> Result<HashMap<String, Timestamp>, StoreError> {
        let rows = sqlx::query(
            "SELECT directory_key, id_key, max(began) FROM span JOIN pair ON pair.id = span.pair JOIN person ON person.id = span.person \
             WHERE site = $1 AND ended IS NULL AND EXISTS \
             (SELECT 1 FROM reading WHERE reading.site = $1 AND reading.pair IS NULL AND reading.\"to\" >= $2) \
             GROUP BY person.id",
        )
        .bind(site)
        .bind(ms(now.checked_sub(FRESH).unwrap_or(Timestamp::MIN)))
        .fetch_all(&self.pool)
        .await?;
        let key = |row: &super::dialect::Row| {
            Ok((format!("{}\\{}", row.try_get::<String, _>(0)?, row.try_get::<String, _>(1)?), at(row.try_get(2)?)))
        };
        let known = rows.iter().map(key).collect::<Result<HashMap<_, _>, StoreError>>()?;
        let folded = |text: &str| fold(text).collect::<String>();
        let newest = |user: &&User| {
            let directory = folded(&user.directory);
            let own = format!("{directory}\\{}", folded(&user.id));
            // Where the store has no names, it knows them by a keyed hash.
            let hashed = || format!("{directory}\\{}", hex::encode(&self.key.who(&user.directory, &user.id)));
            let began = known.get(&own).or_else(|| known.get(&hashed()))?;
            Some((own, *began))
        };
        Ok(users.iter().filter_map(newest).collect())
    }
}
