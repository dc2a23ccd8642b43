//! Forgetting one person: words that nothing leads to in the place of their name, wherever it stands.

use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};
use sqlx::Row as _;

use super::dialect::{self, Transaction, begin};
use super::pseudonym::{self, Who};
use super::{Store, StoreError, ms};
use crate::hex;
use crate::names::Names;
use crate::outbox::Disguise;
use crate::snapshot::{User, fold};

/// What has no name in it, however it is called: a user whose name is like one of these words is not meant.
const NAMELESS: [&str; 8] =
    ["pair", "reading", "hour", "topology", "topology_change", "schedule", "pseudonym", "person"];
const STRUCTURE: [&str; 9] =
    ["site", "rule", "kind", "severity", "state", "channel", "recipient", "form", "message_id"];

/// What came of forgetting somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgot {
    /// What they are called now.
    pub words: String,
    /// Their sessions that are stored.
    pub sessions: u64,
    /// Texts that named them: messages that wait, and the like.
    pub texts: u64,
    /// Whether one of their sessions goes on.
    pub on: bool,
    /// Whether nothing of it is left in any file; false where another process is reading the store, until it is tidied.
    pub gone: bool,
}

/// A person's row.
struct Row {
    id: i64,
    directory: String,
    user_id: String,
    name: Option<String>,
    called: String,
}

const ROW: &str = "SELECT id, directory, user_id, name, called FROM person";

impl Store {
    /// Forgets somebody, by directory and id whatever the case, or by the words that stand for them. None where nobody is known
    /// by that.
    pub async fn forget(&self, directory: &str, id: &str, now: Timestamp) -> Result<Option<Forgot>, StoreError> {
        let who = self.key.who(directory, id);
        let mut tx = begin(&self.pool).await?;
        let rows = rows(&mut tx, directory, id, &who).await?;
        let (random, words) = pseudonym::random(&mut tx, now).await?;
        let (mut sessions, mut on, mut texts) = (0, false, 0);
        let mut shown = directory.to_owned();
        for row in &rows {
            shown.clone_from(&row.directory);
            if is_alone(&mut tx, &row.directory).await? {
                // A directory of one would say who it was.
                shown.clone_from(&words);
            }
            rename(&mut tx, row, (&shown, &hex::encode(&random), &words, "forgotten")).await?;
            let (ended, open) = sessions_of(&mut tx, row.id).await?;
            sessions += ended.len() as u64 + open;
            on |= open > 0;
            strangers(&mut tx, &ended).await?;
        }
        let mut names: Vec<Option<&str>> = rows.iter().map(|row| row.name.as_deref()).collect();
        names.push(None);
        for name in names {
            texts += disguise(&mut tx, &[Disguise::new(directory, id, name, &shown, &words)]).await?;
        }
        let known = sqlx::query("DELETE FROM pseudonym WHERE who = $1 RETURNING words")
            .bind(who.to_vec())
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(row) = &known {
            // What names them by the words that they had.
            texts += disguise(&mut tx, &[Disguise::new(directory, row.try_get(0)?, None, &shown, &words)]).await?;
        }
        texts += unaddress(&mut tx, &self.mark_of(directory, id), (&hex::encode(&random), &words), now).await?;
        if rows.is_empty() && texts == 0 && known.is_none() {
            return Ok(None);
        }
        changed(&mut tx).await?;
        tx.commit().await?;
        let gone = self.reclaim().await?;
        Ok(Some(Forgot { words, sessions, texts, on, gone }))
    }

    /// The people whom the store knows, as it calls them: `DIRECTORY\id`.
    pub async fn people(&self) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query("SELECT directory || '\\' || user_id FROM person WHERE user_id <> ''")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// Brings everybody who is stored under the names that the store gives now, if these tell less. Gives how many that were.
    pub async fn adopt_names(&self, now: Timestamp) -> Result<u64, StoreError> {
        if self.names == Names::Full {
            return Ok(0);
        }
        let mut tx = begin(&self.pool).await?;
        let sql = format!("{ROW} WHERE called NOT IN ($1, 'forgotten')");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(self.names.word()).fetch_all(&mut *tx).await?;
        let rows = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let named: Vec<&Row> = rows.iter().filter(|row| row.called == Names::Full.word()).collect();
        let users: Vec<User> = named
            .iter()
            .map(|row| User { directory: row.directory.as_str().into(), id: row.user_id.as_str().into(), name: None })
            .collect();
        let users: Vec<&User> = users.iter().collect();
        let called = pseudonym::called(&mut tx, (&self.key, self.names), &users, now).await?;
        let mut others = Vec::with_capacity(named.len());
        for (row, called) in named.iter().zip(&called) {
            take_over(&mut tx, row, &called.directory_key, &called.id_key).await?;
            rename(&mut tx, row, (&row.directory, &called.id_key, &called.user_id, self.names.word())).await?;
            let words = if called.user_id.is_empty() { "somebody" } else { &called.user_id };
            others.push(Disguise::new(&row.directory, &row.user_id, row.name.as_deref(), &row.directory, words));
        }
        disguise(&mut tx, &others).await?;
        for row in rows.iter().filter(|row| row.called != Names::Full.word()) {
            self.between(&mut tx, row, now).await?;
        }
        if rows.is_empty() {
            return Ok(0);
        }
        changed(&mut tx).await?;
        tx.commit().await?;
        self.reclaim().await?;
        Ok(rows.len() as u64)
    }

    /// From words to none, or from none to words.
    async fn between(&self, tx: &mut Transaction, row: &Row, now: Timestamp) -> Result<(), StoreError> {
        let id_key: String = sqlx::query("SELECT id_key FROM person WHERE id = $1")
            .bind(row.id)
            .fetch_one(&mut **tx)
            .await?
            .try_get(0)?;
        let words = match hex::decode::<32>(id_key.as_bytes()) {
            Some(who) if self.names == Names::Pseudonym => {
                pseudonym::assign(tx, &self.key, &[who], now).await?.remove(&who).unwrap_or_default()
            }
            _ => String::new(),
        };
        rename(tx, row, (&row.directory, &id_key, &words, self.names.word())).await
    }
}

fn read(row: &dialect::Row) -> Result<Row, StoreError> {
    Ok(Row {
        id: row.try_get(0)?,
        directory: row.try_get(1)?,
        user_id: row.try_get(2)?,
        name: row.try_get(3)?,
        called: row.try_get(4)?,
    })
}

/// The rows of one person: under their name, under their pseudonym, or both where that has changed since.
async fn rows(tx: &mut Transaction, directory: &str, id: &str, who: &Who) -> Result<Vec<Row>, StoreError> {
    let folded = |text: &str| fold(text).collect::<String>();
    let sql = format!(
        "{ROW} WHERE directory_key = $1 AND called <> 'forgotten' \
         AND (id_key = $3 OR (called = 'full' AND id_key = $2) OR (called = 'pseudonym' AND user_id = $2))"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(folded(directory))
        .bind(folded(id))
        .bind(hex::encode(who))
        .fetch_all(&mut **tx)
        .await?;
    rows.iter().map(read).collect()
}

async fn rename(
    tx: &mut Transaction,
    row: &Row,
    (directory, id_key, user_id, called): (&str, &str, &str, &str),
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE person SET directory_key = $2, directory = $3, id_key = $4, user_id = $5, name = NULL, mail = NULL, looked_up = NULL, \
         named = NULL, called = $6 WHERE id = $1",
    )
    .bind(row.id)
    .bind(fold(directory).collect::<String>())
    .bind(directory)
    .bind(format!("{id_key}{}", if called == "forgotten" { format!("-{}", row.id) } else { String::new() }))
    .bind(user_id)
    .bind(called)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Puts the sessions of a row that was under other names before into this one.
async fn take_over(tx: &mut Transaction, row: &Row, directory_key: &str, id_key: &str) -> Result<(), StoreError> {
    let other = sqlx::query("SELECT id FROM person WHERE directory_key = $1 AND id_key = $2")
        .bind(directory_key)
        .bind(id_key)
        .fetch_optional(&mut **tx)
        .await?;
    if let Some(other) = other {
        let other: i64 = other.try_get(0)?;
        for sql in ["UPDATE span SET person = $1 WHERE person = $2", "DELETE FROM person WHERE id = $2 AND $1 <> $2"] {
            sqlx::query(sql).bind(row.id).bind(other).execute(&mut **tx).await?;
        }
    }
    Ok(())
}

/// Whether nobody else is in a directory.
async fn is_alone(tx: &mut Transaction, directory: &str) -> Result<bool, StoreError> {
    let others: i64 = sqlx::query("SELECT count(*) FROM person WHERE directory_key = $1")
        .bind(fold(directory).collect::<String>())
        .fetch_one(&mut **tx)
        .await?
        .try_get(0)?;
    Ok(others < 2)
}

/// A person's sessions that are over, and how many go on.
async fn sessions_of(tx: &mut Transaction, person: i64) -> Result<(Vec<i64>, u64), StoreError> {
    let rows =
        sqlx::query("SELECT id, ended IS NULL FROM span WHERE person = $1").bind(person).fetch_all(&mut **tx).await?;
    let (mut ended, mut open) = (Vec::new(), 0);
    for row in &rows {
        if row.try_get::<bool, _>(1)? { open += 1 } else { ended.push(row.try_get(0)?) }
    }
    Ok((ended, open))
}

/// Puts chance in the place of what sessions are known by: with the key and a log of the site, that would lead to a person.
async fn strangers(tx: &mut Transaction, spans: &[i64]) -> Result<(), StoreError> {
    for span in spans {
        let mut hash = [0_u8; 16];
        let fill = SystemRandom::new().fill(&mut hash);
        fill.map_err(|_| StoreError::Other("this machine gives no randomness".to_owned()))?;
        sqlx::query("UPDATE span SET session = $2 WHERE id = $1")
            .bind(*span)
            .bind(hash.to_vec())
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Letters to somebody alone: one that waits is let go, since its address goes, and of none can be told to whom it went. Gives
/// how many there were.
async fn unaddress(
    tx: &mut Transaction,
    mark: &str,
    (random, words): (&str, &str),
    now: Timestamp,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "UPDATE delivery SET state = CASE WHEN state IN ('pending', 'given up') THEN 'dropped' ELSE state END, \
         settled = coalesce(settled, $4), body = '', plainer = NULL, plainest = NULL, claimed_until = NULL, last_error = NULL, \
         recipient = $3, cause = substr(cause, 1, length(cause) - length($1)) || substr($2, 1, length($1)) \
         WHERE cause LIKE 'notice:%:' || $1",
    )
    .bind(mark)
    .bind(random)
    .bind(words)
    .bind(ms(now))
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// Changes every text of the store that names any of these. Gives how many did.
async fn disguise(tx: &mut Transaction, others: &[Disguise]) -> Result<u64, StoreError> {
    let mut changed = 0;
    for (table, column) in dialect::texts(tx).await? {
        if others.is_empty() || NAMELESS.contains(&table.as_str()) || STRUCTURE.contains(&column.as_str()) {
            continue;
        }
        // By their values, since not every table has row ids.
        let sql = format!("SELECT DISTINCT \"{column}\" FROM \"{table}\" WHERE \"{column}\" <> ''");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut **tx).await?;
        for row in &rows {
            let text: String = row.try_get(0)?;
            let lower: String = fold(&text).collect();
            let mut now = None;
            for other in others.iter().filter(|other| others.len() == 1 || other.may_be_in(&lower)) {
                now = other.apply(now.as_deref().unwrap_or(&text)).or(now);
            }
            let Some(now) = now else { continue };
            let sql = format!("UPDATE \"{table}\" SET \"{column}\" = $2 WHERE \"{column}\" = $1");
            changed +=
                sqlx::query(sqlx::AssertSqlSafe(sql)).bind(text).bind(now).execute(&mut **tx).await?.rows_affected();
        }
    }
    Ok(changed)
}

impl Store {
    /// How often what is stored of people was changed beside the polls.
    pub(super) async fn generation(&self) -> Result<i64, StoreError> {
        let row = sqlx::query("SELECT generation FROM memory").fetch_one(&self.pool).await?;
        Ok(row.try_get(0)?)
    }
}

/// Says that what others have in memory of the store is of no use any more.
async fn changed(tx: &mut Transaction) -> Result<(), StoreError> {
    sqlx::query("UPDATE memory SET generation = generation + 1").execute(&mut **tx).await?;
    Ok(())
}
