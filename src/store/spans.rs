//! Sessions as spans: one row from their beginning to their end.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use sqlx::{QueryBuilder, Row as _};

use super::dialect::{Db, Pool, Row, Transaction};
use super::key::{HashKey, QuickHash, SessionHash};
use super::{StoreError, at, ms, pseudonym};
use crate::names::Names;
use crate::snapshot::{Counts, Observation, Pair, Session, Snapshot, User};

/// Rows in one INSERT: well under `SQLite`'s 32,766 parameters, and enough that more would not be quicker.
pub(super) const ROWS: usize = 500;

/// A site's pairs with their open spans and last readings, as the database has them.
#[derive(Default)]
pub(super) struct OpenSpans {
    pub(super) pairs: HashMap<Pair, OpenPair>,
    pub(super) site_reading: Option<LastReading>,
    generation: u32,
}

/// What the database knows of one pair.
pub(super) struct OpenPair {
    pub(super) id: i64,
    /// The spans that this process has seen.
    spans: HashMap<QuickHash, OpenSpan, foldhash::fast::RandomState>,
    /// The sessions of the last answer, in its order.
    listed: Vec<QuickHash>,
    /// Those that were open when it started, not seen by it yet.
    unmet: HashMap<SessionHash, i64>,
    pub(super) reading: Option<LastReading>,
    /// When it last answered.
    pub(super) seen: Option<Timestamp>,
}

struct OpenSpan {
    id: i64,
    generation: u32,
}

/// What was shown at a poll, by a pair or by a site as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Showed {
    pub(super) answered: u64,
    pub(super) asked: u64,
    /// None where a pair was not seen; of a site, a lower bound while not all answered.
    pub(super) counts: Option<Counts>,
    /// The word for why a pair was not seen.
    pub(super) why: Option<String>,
}

/// The newest reading, which a poll that shows the same extends.
#[derive(Clone, Debug)]
pub(super) struct LastReading {
    pub(super) id: i64,
    pub(super) to: Timestamp,
    pub(super) showed: Showed,
}

/// A session that began, and whose it is.
pub(super) struct Began<'a> {
    quick: QuickHash,
    hash: SessionHash,
    user: &'a User,
}

/// What a poll means for one pair's spans.
pub(super) struct PairChange<'a> {
    pub(super) pair: &'a Pair,
    pub(super) began: Vec<Began<'a>>,
    pub(super) ended: Vec<i64>,
    pub(super) showed: Showed,
}

impl OpenSpans {
    pub(super) async fn load(pool: &Pool, site: &str) -> Result<Self, StoreError> {
        let mut open = Self::default();
        let rows = sqlx::query(
            "SELECT pair.id AS pair, proxy, prefix, r.*, \
             (SELECT max(\"to\") FROM reading s WHERE s.pair = pair.id AND s.why IS NULL) AS seen \
             FROM pair LEFT JOIN reading r ON r.id = (SELECT max(id) FROM reading WHERE reading.pair = pair.id) WHERE pair.site = $1",
        )
        .bind(site)
        .fetch_all(pool)
        .await?;
        let mut pairs_by_id = HashMap::new();
        for row in rows {
            let id: i64 = row.try_get(0)?;
            let pair = Pair {
                proxy: row.try_get::<String, _>("proxy")?.into(),
                prefix: row.try_get::<String, _>("prefix")?.into(),
            };
            let reading = match row.try_get::<Option<i64>, _>("polls")? {
                None => None,
                Some(_) => Some(LastReading::read(&row)?),
            };
            let seen = row.try_get::<Option<i64>, _>("seen")?.map(at);
            pairs_by_id.insert(id, pair.clone());
            open.pairs.insert(pair, OpenPair { reading, seen, ..OpenPair::new(id) });
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
                pair.unmet.insert(hash, row.try_get(0)?);
            }
        }
        let row = sqlx::query(
            "SELECT * FROM reading WHERE id = (SELECT max(id) FROM reading WHERE site = $1 AND pair IS NULL)",
        )
        .bind(site)
        .fetch_optional(pool)
        .await?;
        open.site_reading = row.as_ref().map(LastReading::read).transpose()?;
        Ok(open)
    }

    /// Compares a snapshot with what is open. A pair that was not seen leaves its sessions as they were.
    pub(super) fn compare<'a>(&mut self, snapshot: &'a Snapshot, key: &HashKey) -> Vec<PairChange<'a>> {
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        snapshot
            .counted()
            .map(|(pair, observation, counts)| {
                let (sessions, why) = match observation {
                    Observation::Unseen(why) => (None, Some(why.kind.word().to_owned())),
                    Observation::Seen(sessions) => (Some(sessions), None),
                };
                let (began, ended) = match (sessions, self.pairs.get_mut(pair)) {
                    (None, _) => (Vec::new(), Vec::new()),
                    (Some(sessions), Some(open)) => open.compare(sessions, key, generation),
                    (Some(sessions), None) => OpenPair::new(0).compare(sessions, key, generation),
                };
                let showed = Showed { answered: u64::from(why.is_none()), asked: 1, counts, why };
                PairChange { pair, began, ended, showed }
            })
            .collect()
    }

    pub(super) fn generation(&self) -> u32 {
        self.generation
    }

    /// The pairs with open spans that are not asked any more.
    pub(super) fn left_behind(&self, snapshot: &Snapshot) -> Vec<(i64, Option<Timestamp>)> {
        self.pairs
            .iter()
            .filter(|(pair, open)| open.has_spans() && !snapshot.pairs().iter().any(|(asked, _)| asked == *pair))
            .map(|(_, open)| (open.id, open.seen))
            .collect()
    }

    pub(super) fn forget_pair(&mut self, id: i64) {
        for open in self.pairs.values_mut().filter(|open| open.id == id) {
            open.spans.clear();
            open.listed.clear();
            open.unmet.clear();
        }
    }
}

impl LastReading {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let count = |column: &str| row.try_get::<Option<i64>, _>(column).map(|n| n.map(i64::unsigned_abs));
        let counts = match (count("sessions")?, count("users")?, count("anonymous")?) {
            (Some(sessions), Some(users), Some(anonymous)) => Some(Counts { sessions, users, anonymous }),
            _ => None,
        };
        let showed = Showed {
            answered: count("answered")?.unwrap_or(0),
            asked: count("asked")?.unwrap_or(0),
            counts,
            why: row.try_get("why")?,
        };
        Ok(Self { id: row.try_get("id")?, to: at(row.try_get("to")?), showed })
    }
}

impl OpenPair {
    pub(super) fn new(id: i64) -> Self {
        Self { id, spans: HashMap::default(), listed: Vec::new(), unmet: HashMap::new(), reading: None, seen: None }
    }

    fn has_spans(&self) -> bool {
        !self.spans.is_empty() || !self.unmet.is_empty()
    }

    fn compare<'a>(&mut self, sessions: &'a [Session], key: &HashKey, generation: u32) -> (Vec<Began<'a>>, Vec<i64>) {
        let listed: Vec<QuickHash> = sessions.iter().map(|session| key.quick(&session.id)).collect();
        // Most polls show what the last one showed, in the same order.
        if self.unmet.is_empty() && !listed.is_empty() && self.listed == listed {
            return (Vec::new(), Vec::new());
        }
        let mut began: Vec<Began<'a>> = Vec::new();
        let mut new: HashSet<QuickHash, foldhash::fast::RandomState> = HashSet::default();
        for (session, quick) in sessions.iter().zip(&listed) {
            let quick = *quick;
            if let Some(known) = self.spans.get_mut(&quick) {
                known.generation = generation;
                continue;
            }
            let hash = key.hash(&session.id);
            if let Some(id) = self.unmet.remove(&hash) {
                self.spans.insert(quick, OpenSpan { id, generation });
            } else if new.insert(quick) {
                // A session that is listed twice is one session of the store; the counts have it as the site does.
                began.push(Began { quick, hash, user: &session.user });
            }
        }
        let gone = self.spans.values().filter(|span| span.generation != generation).map(|span| span.id);
        let ended = gone.chain(self.unmet.values().copied()).collect();
        self.listed = listed;
        (began, ended)
    }

    /// Takes over what the database now has.
    pub(super) fn apply(
        &mut self,
        began: &[Began<'_>],
        rows: &HashMap<SessionHash, i64>,
        ended: &[i64],
        generation: u32,
    ) {
        if !ended.is_empty() {
            self.spans.retain(|_, span| span.generation == generation);
            self.unmet.clear();
        }
        for session in began {
            if let Some(id) = rows.get(&session.hash) {
                self.spans.insert(session.quick, OpenSpan { id: *id, generation });
            }
        }
    }
}

/// Writes the spans that began. Gives the row of each.
pub(super) async fn begin(
    tx: &mut Transaction,
    pair: i64,
    began: &[Began<'_>],
    (now, at_least): (Timestamp, bool),
    naming: (&HashKey, Names),
) -> Result<HashMap<SessionHash, i64>, StoreError> {
    let mut rows = HashMap::with_capacity(began.len());
    for chunk in began.chunks(ROWS) {
        let users: Vec<&User> = chunk.iter().map(|began| began.user).filter(|user| !user.is_anonymous()).collect();
        let called = pseudonym::called(tx, naming, &users, now).await?;
        if !users.is_empty() {
            let mut sql = QueryBuilder::<Db>::new(
                "INSERT INTO person (directory_key, id_key, directory, user_id, name, called) ",
            );
            sql.push_values(users.iter().zip(&called), |mut row, (user, called)| {
                row.push_bind(called.directory_key.as_str())
                    .push_bind(called.id_key.as_str())
                    .push_bind(&*user.directory)
                    .push_bind(called.user_id.as_str())
                    .push_bind(called.name.as_deref())
                    .push_bind(naming.1.word());
            });
            // A later name replaces an earlier one; a missing one does not.
            sql.push(
                " ON CONFLICT (directory_key, id_key) DO UPDATE SET name = excluded.name \
                 WHERE excluded.name IS NOT NULL AND excluded.name IS NOT person.name",
            );
            sql.build().execute(&mut **tx).await?;
        }
        let mut sql = QueryBuilder::<Db>::new("INSERT INTO span (pair, session, person, began, at_least) ");
        let mut called = called.iter();
        sql.push_values(chunk, |mut row, began| {
            row.push_bind(pair).push_bind(began.hash.to_vec());
            match if began.user.is_anonymous() { None } else { called.next() } {
                None => {
                    row.push("NULL");
                }
                Some(person) => {
                    row.push("(SELECT id FROM person WHERE directory_key = ")
                        .push_bind_unseparated(person.directory_key.as_str())
                        .push_unseparated(" AND id_key = ")
                        .push_bind_unseparated(person.id_key.as_str())
                        .push_unseparated(")");
                }
            }
            row.push_bind(ms(now)).push_bind(i64::from(at_least));
        });
        sql.push(" RETURNING id, session");
        for row in sql.build().fetch_all(&mut **tx).await? {
            let hash: Vec<u8> = row.try_get(1)?;
            if let Ok(hash) = SessionHash::try_from(hash) {
                rows.insert(hash, row.try_get(0)?);
            }
        }
    }
    Ok(rows)
}

/// Closes spans that were not there any more; they were last seen when their pair was.
pub(super) async fn end(
    tx: &mut Transaction,
    ended: &[i64],
    last_seen: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), StoreError> {
    for chunk in ended.chunks(ROWS) {
        let mut sql = QueryBuilder::<Db>::new("UPDATE span SET ended = ");
        sql.push_bind(ms(now)).push(", last_seen = ").push_bind(last_seen.map(ms)).push(" WHERE id IN (");
        let mut ids = sql.separated(", ");
        for id in chunk {
            ids.push_bind(*id);
        }
        sql.push(")");
        sql.build().execute(&mut **tx).await?;
    }
    Ok(())
}
