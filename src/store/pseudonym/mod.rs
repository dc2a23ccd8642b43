//! Two words in place of a name, for each person others.
//!
//! A keyed hash of directory and id says which words somebody would get first, which next, and so on; they get the first that
//! nobody has, and keep them. So the words are the same after a restart, and say nothing to whoever has not the key.

mod words;

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use ring::rand::{SecureRandom as _, SystemRandom};
use sqlx::{QueryBuilder, Row as _};

use super::dialect::{Db, Transaction, begin};
use super::key::HashKey;
use super::spans::ROWS;
use super::{Store, StoreError, ms};
use crate::hex;
use crate::names::Names;
use crate::snapshot::{User, fold};

/// A person as the key knows them.
pub(super) type Who = [u8; 32];

/// So many pairs of words are tried before a number is put behind them.
const TRIES: u32 = 64;
/// How often it is noted that words are in use.
const NOTED: SignedDuration = SignedDuration::from_hours(24);

/// What a person's row holds.
pub(super) struct Called {
    pub(super) directory_key: String,
    pub(super) id_key: String,
    pub(super) user_id: String,
    pub(super) name: Option<String>,
}

impl Store {
    /// What people are called in place of their names, each the same for as long as the store remembers them.
    pub async fn pseudonyms<'a>(
        &self,
        users: &[&'a User],
        now: Timestamp,
    ) -> Result<Vec<(&'a User, String)>, StoreError> {
        let whos: Vec<Who> = users.iter().map(|user| self.key.who(&user.directory, &user.id)).collect();
        let mut tx = begin(&self.pool).await?;
        let words = assign(&mut tx, &self.key, &whos, now).await?;
        tx.commit().await?;
        Ok(users.iter().zip(&whos).map(|(user, who)| (*user, words[who].clone())).collect())
    }

    /// How people are called here.
    pub fn names(&self) -> Names {
        self.names
    }
}

/// The rows of these users, in their order, under the names that the store gives.
pub(super) async fn called(
    tx: &mut Transaction,
    (key, names): (&HashKey, Names),
    users: &[&User],
    now: Timestamp,
) -> Result<Vec<Called>, StoreError> {
    let folded = |text: &str| fold(text).collect::<String>();
    if names == Names::Full {
        let full = |user: &&User| Called {
            directory_key: folded(&user.directory),
            id_key: folded(&user.id),
            user_id: user.id.to_string(),
            name: user.name.as_deref().map(str::to_owned),
        };
        return Ok(users.iter().map(full).collect());
    }
    let whos: Vec<Who> = users.iter().map(|user| key.who(&user.directory, &user.id)).collect();
    let words = if names == Names::Pseudonym { assign(tx, key, &whos, now).await? } else { HashMap::new() };
    let under = |(user, who): (&&User, &Who)| Called {
        directory_key: folded(&user.directory),
        id_key: hex::encode(who),
        user_id: words.get(who).cloned().unwrap_or_default(),
        name: None,
    };
    Ok(users.iter().zip(&whos).map(under).collect())
}

/// The words of each, those that have none yet given some.
pub(super) async fn assign(
    tx: &mut Transaction,
    key: &HashKey,
    whos: &[Who],
    now: Timestamp,
) -> Result<HashMap<Who, String>, StoreError> {
    let mut known = HashMap::with_capacity(whos.len());
    for chunk in whos.chunks(ROWS) {
        let mut sql = QueryBuilder::<Db>::new("SELECT who, words FROM pseudonym WHERE ");
        among(&mut sql, chunk);
        for row in sql.build().fetch_all(&mut **tx).await? {
            if let Ok(who) = Who::try_from(row.try_get::<Vec<u8>, _>(0)?) {
                known.insert(who, row.try_get(1)?);
            }
        }
        let old = now.checked_sub(NOTED).unwrap_or(Timestamp::MIN);
        let mut sql = QueryBuilder::<Db>::new("UPDATE pseudonym SET used = ");
        sql.push_bind(ms(now)).push(" WHERE used < ").push_bind(ms(old)).push(" AND ");
        among(&mut sql, chunk);
        sql.build().execute(&mut **tx).await?;
    }
    for who in whos {
        if !known.contains_key(who) {
            known.insert(*who, take(tx, who, now, |nth| key.chance(who, nth)).await?);
        }
    }
    Ok(known)
}

/// Words that nobody has and nothing leads to.
pub(super) async fn random(tx: &mut Transaction, now: Timestamp) -> Result<(Who, String), StoreError> {
    let mut bytes = [[0_u8; 32]; 2];
    for bytes in &mut bytes {
        let fill = SystemRandom::new().fill(bytes);
        fill.map_err(|_| StoreError::Other("this machine gives no randomness".to_owned()))?;
    }
    let [who, seed] = bytes;
    let words = take(tx, &who, now, |nth| {
        let at = (nth as usize * 8) % seed.len();
        u64::from_le_bytes(std::array::from_fn(|i| seed[at + i])).wrapping_add(u64::from(nth / 4))
    })
    .await?;
    Ok((who, words))
}

/// Takes the first free words of those that chance offers.
async fn take(
    tx: &mut Transaction,
    who: &Who,
    now: Timestamp,
    chance: impl Fn(u32) -> u64,
) -> Result<String, StoreError> {
    let mut nth = 0;
    loop {
        let words = offered(chance(nth), nth);
        let done =
            sqlx::query("INSERT INTO pseudonym (who, words, used) VALUES ($1, $2, $3) ON CONFLICT (words) DO NOTHING")
                .bind(who.to_vec())
                .bind(words.as_str())
                .bind(ms(now))
                .execute(&mut **tx)
                .await?;
        if done.rows_affected() == 1 {
            return Ok(words);
        }
        nth += 1;
    }
}

fn offered(chance: u64, nth: u32) -> String {
    let (first, second) = (words::FIRST.len() as u64, words::SECOND.len() as u64);
    let at = |n: u64| usize::try_from(n).unwrap_or(0);
    let words = format!("{}-{}", words::FIRST[at(chance % first)], words::SECOND[at(chance / first % second)]);
    match nth / TRIES {
        0 => words,
        round => format!("{words}-{}", round + 1),
    }
}

fn among(sql: &mut QueryBuilder<Db>, whos: &[Who]) {
    sql.push("who IN (");
    let mut list = sql.separated(", ");
    for who in whos {
        list.push_bind(who.to_vec());
    }
    sql.push(")");
}

#[cfg(test)]
mod tests;
