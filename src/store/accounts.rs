//! What repositories say of people: kept beside who they are, and deleted with them.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::{QueryBuilder, Row as _};

use super::dialect::{Db, begin};
use super::{Store, StoreError, ms};
use crate::names::Names;
use crate::snapshot::{User, fold};

/// People in one statement.
const ROWS: usize = 200;

impl Store {
    /// What one column says of these users, of those whose row is so.
    pub(super) async fn told_of<'a, T>(
        &self,
        users: &[&'a User],
        column: &str,
        which: &(dyn Fn(&mut QueryBuilder<Db>) + Sync),
    ) -> Result<Vec<(&'a User, T)>, StoreError>
    where
        T: for<'r> sqlx::Decode<'r, Db> + sqlx::Type<Db>,
    {
        let mut found = Vec::new();
        for chunk in users.chunks(ROWS) {
            let keys: HashMap<(String, String), &User> = chunk.iter().map(|user| (keys(user), *user)).collect();
            let mut sql = QueryBuilder::<Db>::new("SELECT directory_key, id_key, ");
            sql.push(column).push(" FROM person WHERE ");
            which(&mut sql);
            sql.push(" AND (directory_key, id_key) IN (VALUES ");
            for (i, (directory, id)) in keys.keys().enumerate() {
                sql.push(if i == 0 { "(" } else { ", (" });
                sql.push_bind(directory.as_str()).push(", ").push_bind(id.as_str()).push(")");
            }
            sql.push(")");
            for row in sql.build().fetch_all(&self.pool).await? {
                if let Some(user) = keys.get(&(row.try_get(0)?, row.try_get(1)?)) {
                    found.push((*user, row.try_get(2)?));
                }
            }
        }
        Ok(found)
    }

    /// Those of these people of whom it was asked since, with the address that was told of them, if one was.
    pub async fn addresses_of<'a>(
        &self,
        users: &[&'a User],
        since: Timestamp,
    ) -> Result<Vec<(&'a User, Option<String>)>, StoreError> {
        self.told_of(users, "mail", &|sql| {
            sql.push("looked_up >= ").push_bind(ms(since));
        })
        .await
    }

    /// Keeps what was told of people. A name is taken where the site itself gave none.
    pub async fn keep_accounts(
        &self,
        accounts: &[(&User, Option<&str>, Option<&str>)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        // A store without names takes no address either; it is asked for again when it is needed.
        if self.names != Names::Full {
            return Ok(());
        }
        let mut tx = begin(&self.pool).await?;
        for (user, name, mail) in accounts {
            let (directory, id) = keys(user);
            sqlx::query(
                "INSERT INTO person (directory_key, id_key, directory, user_id, name, mail, looked_up) VALUES ($1, $2, $3, $4, $5, $6, $7) \
                 ON CONFLICT (directory_key, id_key) DO UPDATE SET name = coalesce(person.name, excluded.name), mail = excluded.mail, looked_up = excluded.looked_up",
            )
            .bind(directory)
            .bind(id)
            .bind(&*user.directory)
            .bind(&*user.id)
            .bind(*name)
            .bind(*mail)
            .bind(ms(now))
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Keeps what people are called; those of whom nothing was told are noted as asked about.
    pub async fn keep_names(&self, names: &[(&User, Option<&str>)], now: Timestamp) -> Result<(), StoreError> {
        let mut tx = begin(&self.pool).await?;
        for (user, name) in names {
            let (directory, id) = keys(user);
            sqlx::query(
                "UPDATE person SET name = coalesce(name, $3), named = $4 WHERE directory_key = $1 AND id_key = $2",
            )
            .bind(directory)
            .bind(id)
            .bind(*name)
            .bind(ms(now))
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// People who are on a site without a name, and of whom it was not asked since; at most so many.
    pub async fn not_asked_about(&self, site: &str, since: Timestamp, most: u32) -> Result<Vec<User>, StoreError> {
        // The repository knows nobody by a pseudonym.
        if self.names != Names::Full {
            return Ok(Vec::new());
        }
        let rows = sqlx::query(
            "SELECT DISTINCT person.id, directory, user_id, name FROM span JOIN pair ON pair.id = span.pair JOIN person ON person.id = span.person \
             WHERE site = $1 AND ended IS NULL AND name IS NULL AND max(coalesce(named, 0), coalesce(looked_up, 0)) < $2 ORDER BY person.id LIMIT $3",
        )
        .bind(site)
        .bind(ms(since))
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let text = |column: usize| row.try_get::<String, _>(column).map(Into::into);
                let name = row.try_get::<Option<String>, _>(3)?.map(Into::into);
                Ok(User { directory: text(1)?, id: text(2)?, name })
            })
            .collect()
    }

    /// What ends the causes of letters to somebody, who is not to be told from it without the store's key.
    pub fn mark_of(&self, directory: &str, id: &str) -> String {
        self.key.mark(directory, id)
    }

    /// Those of these causes that somebody is, or will be, told of already: not those that were given up or dropped.
    pub async fn told_causes(&self, causes: &[String]) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        for chunk in causes.chunks(ROWS) {
            let mut sql = QueryBuilder::<Db>::new(
                "SELECT DISTINCT cause FROM delivery WHERE state IN ('pending', 'delivered') AND cause IN (",
            );
            for (i, cause) in chunk.iter().enumerate() {
                if i > 0 {
                    sql.push(", ");
                }
                sql.push_bind(cause.as_str());
            }
            sql.push(")");
            for row in sql.build().fetch_all(&self.pool).await? {
                found.push(row.try_get(0)?);
            }
        }
        Ok(found)
    }
}

fn keys(user: &User) -> (String, String) {
    (fold(&user.directory).collect(), fold(&user.id).collect())
}
