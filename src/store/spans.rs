//! Sessions as spans: one row from their beginning to their end.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::Timestamp;
use sqlx::{QueryBuilder, Row as _};

use super::dialect::{Db, Pool, Transaction};
use super::key::{HashKey, SessionHash};
use super::{StoreError, at, ms};
use crate::snapshot::{Counts, Observation, Pair, Session, Snapshot, User, fold};

/// Rows in one INSERT: well under `SQLite`'s 32,766 parameters, and enough that more would not be quicker.
const ROWS: usize = 500;

/// A site's pairs with their open spans and last readings, as the database has them.
#[derive(Default)]
pub(super) struct OpenSpans {
    pub(super) pairs: HashMap<Pair, OpenPair>,
    pub(super) site_reading: Option<LastReading<(Counts, u64, u64)>>,
    generation: u32,
}

/// What the database knows of one pair.
pub(super) struct OpenPair {
    pub(super) id: i64,
    spans: HashMap<SessionHash, OpenSpan>,
    pub(super) reading: Option<LastReading<PairShowed>>,
    /// When it last answered.
    pub(super) seen: Option<Timestamp>,
}

struct OpenSpan {
    id: i64,
    generation: u32,
}

/// What one pair showed at a poll: counts, or the word for why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PairShowed {
    Seen(Counts),
    Unseen(String),
}

/// The newest reading, which a poll that shows the same extends.
#[derive(Clone, Debug)]
pub(super) struct LastReading<T> {
    pub(super) id: i64,
    pub(super) to: Timestamp,
    pub(super) showed: T,
}

/// A session that began, and whose it is.
type Began<'a> = (SessionHash, &'a User);

/// What a poll means for one pair's spans.
pub(super) struct PairChange<'a> {
    pub(super) pair: &'a Pair,
    pub(super) began: Vec<Began<'a>>,
    pub(super) ended: Vec<(SessionHash, i64)>,
    pub(super) showed: PairShowed,
}

impl OpenSpans {
    pub(super) async fn load(pool: &Pool, site: &str) -> Result<Self, StoreError> {
        let mut open = Self::default();
        let count = |n: i64| n.unsigned_abs();
        let rows = sqlx::query(
            "SELECT pair.id, proxy, prefix, r.id, r.\"to\", r.sessions, r.users, r.anonymous, r.why, \
             (SELECT max(\"to\") FROM reading s WHERE s.pair = pair.id AND s.why IS NULL) \
             FROM pair LEFT JOIN reading r ON r.id = (SELECT max(id) FROM reading WHERE reading.pair = pair.id) WHERE site = $1",
        )
        .bind(site)
        .fetch_all(pool)
        .await?;
        let mut pairs_by_id = HashMap::new();
        for row in rows {
            let id: i64 = row.try_get(0)?;
            let pair = Pair { proxy: row.try_get::<String, _>(1)?.into(), prefix: row.try_get::<String, _>(2)?.into() };
            let reading = match row.try_get::<Option<i64>, _>(3)? {
                None => None,
                Some(id) => {
                    let showed = match row.try_get::<Option<String>, _>(8)? {
                        Some(why) => PairShowed::Unseen(why),
                        None => PairShowed::Seen(Counts {
                            sessions: count(row.try_get(5)?),
                            users: count(row.try_get(6)?),
                            anonymous: count(row.try_get(7)?),
                        }),
                    };
                    Some(LastReading { id, to: at(row.try_get(4)?), showed })
                }
            };
            let seen = row.try_get::<Option<i64>, _>(9)?.map(at);
            pairs_by_id.insert(id, pair.clone());
            open.pairs.insert(pair, OpenPair { id, spans: HashMap::new(), reading, seen });
        }
        let rows = sqlx::query(
            "SELECT span.id, span.pair, span.session FROM span JOIN pair ON pair.id = span.pair WHERE pair.site = $1 AND ended IS NULL",
        )
        .bind(site)
        .fetch_all(pool)
        .await?;
        for row in rows {
            let hash = row.try_get::<Vec<u8>, _>(2)?;
            let known = pairs_by_id.get(&row.try_get::<i64, _>(1)?).and_then(|pair| open.pairs.get_mut(pair));
            if let (Some(pair), Ok(hash)) = (known, SessionHash::try_from(hash)) {
                pair.spans.insert(hash, OpenSpan { id: row.try_get(0)?, generation: 0 });
            }
        }
        let row = sqlx::query(
            "SELECT id, \"to\", sessions, users, anonymous, answered, asked FROM site_reading WHERE id = \
             (SELECT max(id) FROM site_reading WHERE site = $1)",
        )
        .bind(site)
        .fetch_optional(pool)
        .await?;
        if let Some(row) = row {
            let counts = Counts {
                sessions: count(row.try_get(2)?),
                users: count(row.try_get(3)?),
                anonymous: count(row.try_get(4)?),
            };
            let showed = (counts, count(row.try_get(5)?), count(row.try_get(6)?));
            open.site_reading = Some(LastReading { id: row.try_get(0)?, to: at(row.try_get(1)?), showed });
        }
        Ok(open)
    }

    /// Compares a snapshot with what is open. A pair that was not seen leaves its sessions as they were.
    pub(super) fn compare<'a>(&mut self, snapshot: &'a Snapshot, key: &HashKey) -> Vec<PairChange<'a>> {
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        snapshot
            .pairs()
            .iter()
            .map(|(pair, observation)| match observation {
                Observation::Unseen(why) => PairChange {
                    pair,
                    began: Vec::new(),
                    ended: Vec::new(),
                    showed: PairShowed::Unseen(why.kind.word().to_owned()),
                },
                Observation::Seen(sessions) => {
                    let showed = PairShowed::Seen(Counts::of(sessions.iter()));
                    let (began, ended) = match self.pairs.get_mut(pair) {
                        Some(open) => open.compare(sessions, key, generation),
                        None => (first_seen(sessions, key), Vec::new()),
                    };
                    PairChange { pair, began, ended, showed }
                }
            })
            .collect()
    }

    /// The open spans of pairs that are not asked any more.
    pub(super) fn left_behind(&self, snapshot: &Snapshot) -> Vec<(i64, Option<Timestamp>)> {
        self.pairs
            .iter()
            .filter(|(pair, open)| !open.spans.is_empty() && !snapshot.pairs().iter().any(|(asked, _)| asked == *pair))
            .map(|(_, open)| (open.id, open.seen))
            .collect()
    }

    pub(super) fn forget_pair(&mut self, id: i64) {
        for open in self.pairs.values_mut().filter(|open| open.id == id) {
            open.spans.clear();
        }
    }
}

fn first_seen<'a>(sessions: &'a [Session], key: &HashKey) -> Vec<Began<'a>> {
    let began: HashMap<_, _> = sessions.iter().map(|session| (key.hash(&session.id), &session.user)).collect();
    began.into_iter().collect()
}

impl OpenPair {
    pub(super) fn new(id: i64) -> Self {
        Self { id, spans: HashMap::new(), reading: None, seen: None }
    }

    fn compare<'a>(
        &mut self,
        sessions: &'a [Session],
        key: &HashKey,
        generation: u32,
    ) -> (Vec<Began<'a>>, Vec<(SessionHash, i64)>) {
        let mut began = HashMap::new();
        for session in sessions {
            let hash = key.hash(&session.id);
            match self.spans.entry(hash) {
                Entry::Occupied(mut known) => known.get_mut().generation = generation,
                // A session that is listed twice is one session of the store; the counts have it as the site does.
                Entry::Vacant(_) => {
                    began.insert(hash, &session.user);
                }
            }
        }
        let ended =
            self.spans.iter().filter(|(_, span)| span.generation != generation).map(|(hash, span)| (*hash, span.id));
        (began.into_iter().collect(), ended.collect())
    }

    pub(super) fn apply(&mut self, began: Vec<(SessionHash, i64)>, ended: &[(SessionHash, i64)], generation: u32) {
        for (hash, _) in ended {
            self.spans.remove(hash);
        }
        self.spans.extend(began.into_iter().map(|(hash, id)| (hash, OpenSpan { id, generation })));
    }
}

impl OpenSpans {
    pub(super) fn generation(&self) -> u32 {
        self.generation
    }
}

/// Writes the spans that began. Gives the row of each.
pub(super) async fn begin(
    tx: &mut Transaction,
    pair: i64,
    began: &[Began<'_>],
    now: Timestamp,
    at_least: bool,
) -> Result<Vec<(SessionHash, i64)>, StoreError> {
    let folded: Vec<(String, String)> = began
        .iter()
        .map(|(_, user)| (fold(&user.directory).collect::<String>(), fold(&user.id).collect::<String>()))
        .collect();
    let mut rows = Vec::with_capacity(began.len());
    for (chunk, folded) in began.chunks(ROWS).zip(folded.chunks(ROWS)) {
        let named: Vec<_> =
            chunk.iter().map(|(_, user)| *user).zip(folded).filter(|(user, _)| !user.is_anonymous()).collect();
        if !named.is_empty() {
            let mut sql =
                QueryBuilder::<Db>::new("INSERT INTO person (directory_key, id_key, directory, user_id, name) ");
            sql.push_values(named, |mut row, (user, (directory, id))| {
                row.push_bind(directory.as_str())
                    .push_bind(id.as_str())
                    .push_bind(&*user.directory)
                    .push_bind(&*user.id)
                    .push_bind(user.name.as_deref());
            });
            // A later name replaces an earlier one; a missing one does not.
            sql.push(
                " ON CONFLICT (directory_key, id_key) DO UPDATE SET name = excluded.name \
                 WHERE excluded.name IS NOT NULL AND excluded.name IS NOT person.name",
            );
            sql.build().execute(&mut **tx).await?;
        }
        let mut sql = QueryBuilder::<Db>::new("INSERT INTO span (pair, session, person, began, at_least) ");
        sql.push_values(chunk.iter().zip(folded), |mut row, ((hash, user), (directory, id))| {
            row.push_bind(pair).push_bind(hash.to_vec());
            if user.is_anonymous() {
                row.push("NULL");
            } else {
                row.push("(SELECT id FROM person WHERE directory_key = ")
                    .push_bind_unseparated(directory.as_str())
                    .push_unseparated(" AND id_key = ")
                    .push_bind_unseparated(id.as_str())
                    .push_unseparated(")");
            }
            row.push_bind(ms(now)).push_bind(i64::from(at_least));
        });
        sql.push(" RETURNING id, session");
        for row in sql.build().fetch_all(&mut **tx).await? {
            let hash: Vec<u8> = row.try_get(1)?;
            if let Ok(hash) = SessionHash::try_from(hash) {
                rows.push((hash, row.try_get(0)?));
            }
        }
    }
    Ok(rows)
}

/// Closes spans that were not there any more; they were last seen when their pair was.
pub(super) async fn end(
    tx: &mut Transaction,
    ended: &[(SessionHash, i64)],
    last_seen: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), StoreError> {
    for chunk in ended.chunks(ROWS) {
        let mut sql = QueryBuilder::<Db>::new("UPDATE span SET ended = ");
        sql.push_bind(ms(now)).push(", last_seen = ").push_bind(last_seen.map(ms)).push(" WHERE id IN (");
        let mut ids = sql.separated(", ");
        for (_, id) in chunk {
            ids.push_bind(*id);
        }
        sql.push(")");
        sql.build().execute(&mut **tx).await?;
    }
    Ok(())
}
