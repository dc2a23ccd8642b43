//! Who was there: the people and sessions that periods saw, each session read once for all of them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sqlx::{QueryBuilder, Row as _};

use super::stays::{self, Stay, list};
use super::steps::Shown;
use super::{AWAY, Sessions, Share, Usage};
use crate::store::StoreError;
use crate::store::dialect::{Db, Pool, TOGETHER};
use crate::store::spans::ROWS;

type Quick<K, V> = HashMap<K, V, foldhash::fast::RandomState>;
type People = HashSet<i64, foldhash::fast::RandomState>;

/// A pair of one of the sites that were asked.
pub(super) struct Place {
    /// Which of the sites.
    pub(super) site: usize,
    prefix: String,
    /// Whether a poll of the period saw it.
    pub(super) answered: bool,
}

/// Whose sessions, and where: those of one person, or of all anonymous visitors, on one pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Whose {
    pub(super) person: Option<i64>,
    pub(super) pair: i64,
}

/// Everybody who was met, in whatever period. What is counted of them stands at the same places.
#[derive(Default)]
pub(super) struct Met {
    places: Quick<Whose, usize>,
    pub(super) all: Vec<Whose>,
}

impl Met {
    fn place(&mut self, whose: Whose) -> usize {
        *self.places.entry(whose).or_insert_with(|| {
            self.all.push(whose);
            self.all.len() - 1
        })
    }
}

/// What a period saw of somebody on one pair.
#[derive(Clone, Copy, Debug)]
struct Presence {
    seen: u64,
    begun: u64,
    /// The beginning of the first of these sessions.
    first: i64,
    /// Whether one of these sessions makes it sure that nobody was away for [`AWAY`] within the period.
    between: bool,
}

const ABSENT: Presence = Presence { seen: 0, begun: 0, first: i64::MAX, between: false };

/// All who were there in one period.
pub(super) struct Present {
    from: i64,
    to: i64,
    pub(super) places: HashMap<i64, Place>,
    met: Vec<Presence>,
    /// Where newcomers are asked for: when each was last seen by sessions from before the period, as far as these were read.
    earlier: Option<Vec<i64>>,
}

/// A site's pairs, each with its prefix.
pub(super) async fn pairs(pool: &Pool, site: &str) -> Result<Vec<(i64, String)>, StoreError> {
    let rows = sqlx::query("SELECT id, prefix FROM pair WHERE site = $1").bind(site).fetch_all(pool).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

impl Present {
    /// Nobody yet. Of each site its pairs, and what it showed.
    pub(super) async fn new<'a>(
        pool: &Pool,
        (from, to): (i64, i64),
        sites: impl Iterator<Item = (&'a [(i64, String)], &'a Shown)>,
        newcomers: bool,
    ) -> Result<Self, StoreError> {
        let mut places = HashMap::new();
        for (site, (pairs, (pieces, polls))) in sites.enumerate() {
            // Where no poll saw anything, no pair can have answered.
            let something = pieces.iter().any(|piece| piece.figures.is_some());
            for (id, prefix) in pairs {
                let answered = polls.saw_all() || (something && answered(pool, *id, from, to).await?);
                places.insert(*id, Place { site, prefix: prefix.clone(), answered });
            }
        }
        Ok(Self { from, to, places, met: Vec::new(), earlier: newcomers.then(Vec::new) })
    }

    /// Counts one session of a pair that is among its places.
    fn count(&mut self, place: usize, stay: &Stay, answered: bool) {
        let (from, to) = (self.from, self.to);
        if !stay.is_seen_in((from, to), answered) {
            return;
        }
        if self.met.len() <= place {
            self.met.resize(place + 1, ABSENT);
        }
        let slack = (to - from - ms_of_away()).max(0);
        let met = &mut self.met[place];
        met.seen += 1;
        met.begun += u64::from(!stay.at_least && stay.began >= from);
        met.first = met.first.min(stay.began);
        met.between |= stay.began < to - slack && (stay.ended.is_none() || stay.last() >= from + slack);
    }

    fn count_earlier(&mut self, place: usize, stay: &Stay) {
        if let Some(earlier) = self.earlier.as_mut().filter(|_| stay.began < self.from) {
            if earlier.len() <= place {
                earlier.resize(place + 1, i64::MIN);
            }
            earlier[place] = earlier[place].max(stay.last());
        }
    }

    /// What it saw, by whom and where.
    fn rows<'a>(&'a self, met: &'a Met) -> impl Iterator<Item = (Whose, Presence)> + 'a {
        met.all.iter().copied().zip(self.met.iter().copied()).filter(|(_, met)| met.seen > 0)
    }
}

/// Counts the sessions of some pairs in a stretch. Each period that ends in the stretch counts those that it saw; every period
/// learns who was there before it.
pub(super) async fn count(
    pool: &Pool,
    pairs: &[i64],
    stretch: (i64, i64),
    met: &mut Met,
    periods: &mut [Present],
) -> Result<(), StoreError> {
    // The periods that ask for a pair, whether it answered in them, and whether they end in the stretch.
    let mut asking: (i64, Vec<(usize, bool, bool)>) = (i64::MIN, Vec::new());
    stays::each(pool, pairs, stretch, |pair, stay| {
        if asking.0 != pair {
            let of = |(number, period): (usize, &Present)| {
                let within = period.to > stretch.0 && period.to <= stretch.1;
                period.places.get(&pair).map(|place| (number, place.answered, within))
            };
            asking = (pair, periods.iter().enumerate().filter_map(of).collect());
        }
        let place = met.place(Whose { person: stay.person, pair });
        for (number, answered, within) in &asking.1 {
            let period = &mut periods[*number];
            if *within {
                period.count(place, &stay, *answered);
            }
            period.count_earlier(place, &stay);
        }
    })
    .await
}

/// Whether a pair was seen in a period in which its site was never seen whole. An hour without polls is what the last poll
/// before it still said, and saw nobody.
pub(super) async fn answered(pool: &Pool, pair: i64, from: i64, to: i64) -> Result<bool, StoreError> {
    let row = sqlx::query(
        "SELECT EXISTS (SELECT 1 FROM reading WHERE pair = $1 AND why IS NULL AND \"to\" >= $2 AND \"from\" < $3) \
         OR EXISTS (SELECT 1 FROM hour WHERE pair = $1 AND polls > 0 AND \"to\" >= $2 AND \"from\" < $3)",
    )
    .bind(pair)
    .bind(from)
    .bind(to)
    .fetch_one(pool)
    .await?;
    Ok(row.try_get(0)?)
}

/// Since when sessions are whole; the least there is where none was deleted by age.
pub(super) async fn kept_from(pool: &Pool) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT \"from\" FROM kept WHERE what = 'span'").fetch_optional(pool).await?;
    row.map_or(Ok(i64::MIN), |row| Ok(row.try_get(0)?))
}

pub(super) fn ms_of_away() -> i64 {
    i64::try_from(AWAY.as_millis()).unwrap_or(i64::MAX)
}

/// What is known of one person over all pairs.
pub(super) struct Known {
    first: i64,
    between: bool,
}

/// Adds up who was there in a period of these sites.
pub(super) fn tell(
    (met, directories): (&Met, &Directories),
    present: &Present,
    sites: &[&str],
    usage: &mut Usage,
) -> Quick<i64, Known> {
    let mut people: Quick<i64, Known> = Quick::default();
    let mut proxies: HashMap<(usize, &str), (People, Sessions)> = HashMap::new();
    let mut by_directory: HashMap<usize, (People, Sessions)> = HashMap::new();
    for (whose, row) in present.rows(met) {
        let place = &present.places[&whose.pair];
        let share = proxies.entry((place.site, &place.prefix)).or_default();
        for sessions in [&mut usage.sessions, &mut share.1] {
            sessions.seen += row.seen;
            sessions.begun += row.begun;
            if whose.person.is_none() {
                sessions.anonymous += row.seen;
                sessions.anonymous_begun += row.begun;
            }
        }
        let Some(person) = whose.person else { continue };
        share.0.insert(person);
        let known = people.entry(person).or_insert(Known { first: row.first, between: false });
        known.first = known.first.min(row.first);
        known.between |= row.between;
        if let Some((directory, _)) = directories.of.get(&person) {
            let share = by_directory.entry(*directory).or_default();
            share.0.insert(person);
            share.1.seen += row.seen;
            share.1.begun += row.begun;
        }
    }
    usage.people = people.len() as u64;
    let share = |site: &str, name: &str, people: &People, sessions| {
        let (site, name) = (site.to_owned(), name.to_owned());
        Share { site, name, people: people.len() as u64, sessions }
    };
    let proxies = proxies.into_iter().map(|((site, name), (people, sessions))| {
        let share = share(sites[site], name, &people, sessions);
        (site, share)
    });
    let mut proxies: Vec<(usize, Share)> = proxies.collect();
    proxies.sort_by(|(one_site, one), (other_site, other)| (one_site, &one.name).cmp(&(other_site, &other.name)));
    usage.virtual_proxies = proxies.into_iter().map(|(_, share)| share).collect();
    let directories = by_directory.values().map(|(people, sessions)| {
        // Shown as it was first received.
        let oldest = people.iter().min().and_then(|person| directories.of.get(person));
        share("", oldest.map_or("", |(_, name)| name), people, *sessions)
    });
    usage.directories = directories.collect();
    usage.directories.sort_by(|one, other| other.people.cmp(&one.people).then_with(|| one.name.cmp(&other.name)));
    people
}

/// The directories of everybody who was met.
#[derive(Default)]
pub(super) struct Directories {
    /// For each person a number, the same for the same directory whatever its case, and how it is written.
    of: Quick<i64, (usize, Arc<str>)>,
}

impl Directories {
    pub(super) async fn load(pool: &Pool, met: &Met) -> Result<Self, StoreError> {
        let people: People = met.all.iter().filter_map(|whose| whose.person).collect();
        let people: Vec<i64> = people.into_iter().collect();
        let (mut of, mut numbers) = (Quick::default(), HashMap::<String, usize>::new());
        for chunk in people.chunks(ROWS) {
            let mut sql = QueryBuilder::<Db>::new("SELECT directory_key, directory, ");
            sql.push(TOGETHER).push("(id, ',') FROM person WHERE id IN (");
            list(&mut sql, chunk);
            sql.push(") GROUP BY directory_key, directory");
            for row in sql.build().fetch_all(pool).await? {
                let (next, name) = (numbers.len(), Arc::<str>::from(row.try_get::<&str, _>(1)?));
                let number = *numbers.entry(row.try_get(0)?).or_insert(next);
                let ids = row.try_get::<&str, _>(2)?.split(',').filter_map(|id| id.parse::<i64>().ok());
                of.extend(ids.map(|id| (id, (number, name.clone()))));
            }
        }
        Ok(Self { of })
    }
}

/// How many of a period's people are new, and how many were away for [`AWAY`] and are back. `baseline` is the first poll of any of
/// its sites. None of either where nobody asked.
pub(super) async fn newcomers(
    pool: &Pool,
    met: &Met,
    present: &Present,
    people: &Quick<i64, Known>,
    baseline: Option<i64>,
) -> Result<Option<(u64, u64)>, StoreError> {
    let Some(earlier) = &present.earlier else { return Ok(None) };
    let (from, to) = (present.from, present.to);
    let pairs: Vec<i64> = present.places.keys().copied().collect();
    let mut known: Quick<i64, i64> = Quick::default();
    for (whose, last) in met.all.iter().zip(earlier) {
        if let Some(person) = whose.person {
            let known = known.entry(person).or_insert(i64::MIN);
            *known = (*known).max(*last);
        }
    }
    // Who was there already when the period began, or not long before, is neither new nor back.
    let is_open =
        |person: &i64, first: i64| known.get(person).is_none_or(|last| first.saturating_sub(*last) >= ms_of_away());
    let came = people.iter().filter(|(_, known)| known.first >= from).map(|(person, known)| (*person, known.first));
    let came: Vec<(i64, i64)> = came.filter(|(person, first)| is_open(person, *first)).collect();
    let before = last_seen_before(pool, &pairs, &came, from).await?;
    let (mut new, mut back) = (0, 0);
    for (person, first) in &came {
        match before.get(person) {
            Some(seen) => back += u64::from(*first - seen >= ms_of_away()),
            None => new += u64::from(baseline.is_some_and(|baseline| *first > baseline)),
        }
    }
    if to - from > ms_of_away() {
        let away: Vec<i64> = people.iter().filter(|(_, known)| !known.between).map(|(person, _)| *person).collect();
        let counted = |person: &i64| before.get(person).is_some_and(|seen| people[person].first - seen >= ms_of_away());
        let away: Vec<i64> = away.into_iter().filter(|person| !counted(person)).collect();
        back += away_within(pool, &pairs, &away, (from, to)).await?;
    }
    Ok(Some((new, back)))
}

/// Of these people, when each was last seen on these pairs by sessions from before the period: by the newest of them, which says
/// enough of most; by all of them for whoever would have been away.
async fn last_seen_before(
    pool: &Pool,
    pairs: &[i64],
    people: &[(i64, i64)],
    from: i64,
) -> Result<HashMap<i64, i64>, StoreError> {
    let mut seen = HashMap::new();
    let within = |sql: &mut QueryBuilder<Db>| {
        sql.push(" AND began < ").push_bind(from).push(" AND pair IN (");
        list(sql, pairs);
        sql.push(")");
    };
    for chunk in people.chunks(ROWS) {
        let mut sql =
            QueryBuilder::<Db>::new("SELECT p.id, (SELECT coalesce(last_seen, began) FROM span WHERE person = p.id");
        within(&mut sql);
        sql.push(" ORDER BY began DESC LIMIT 1) FROM person p WHERE p.id IN (");
        list(&mut sql, &chunk.iter().map(|(person, _)| *person).collect::<Vec<_>>());
        sql.push(")");
        for row in sql.build().fetch_all(pool).await? {
            if let Some(last) = row.try_get::<Option<i64>, _>(1)? {
                seen.insert(row.try_get::<i64, _>(0)?, last);
            }
        }
    }
    let away = |(person, first): &&(i64, i64)| seen.get(person).is_some_and(|last| first - last >= ms_of_away());
    let away: Vec<i64> = people.iter().filter(away).map(|(person, _)| *person).collect();
    for chunk in away.chunks(ROWS) {
        let mut sql =
            QueryBuilder::<Db>::new("SELECT person, max(coalesce(last_seen, began)) FROM span WHERE person IN (");
        list(&mut sql, chunk);
        sql.push(")");
        within(&mut sql);
        sql.push(" GROUP BY person");
        for row in sql.build().fetch_all(pool).await? {
            seen.insert(row.try_get(0)?, row.try_get(1)?);
        }
    }
    Ok(seen)
}

/// How many of these people stayed away between two sessions of the period.
async fn away_within(pool: &Pool, pairs: &[i64], people: &[i64], (from, to): (i64, i64)) -> Result<u64, StoreError> {
    let mut back = 0;
    for chunk in people.chunks(ROWS) {
        let mut sql = QueryBuilder::<Db>::new(
            "SELECT count(DISTINCT person) FROM (SELECT person, began, max(coalesce(last_seen, began)) OVER \
             (PARTITION BY person ORDER BY began, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier \
             FROM span WHERE person IN (",
        );
        list(&mut sql, chunk);
        sql.push(") AND pair IN (");
        list(&mut sql, pairs);
        sql.push(") AND began < ").push_bind(to).push(") AS spans WHERE began >= ").push_bind(from);
        sql.push(" AND began - earlier >= ").push_bind(ms_of_away());
        back += sql.build().fetch_one(pool).await?.try_get::<i64, _>(0)?.unsigned_abs();
    }
    Ok(back)
}

/// The first poll of a site that is still known of.
pub(in crate::store) async fn begins(pool: &Pool, site: &str) -> Result<Option<i64>, StoreError> {
    let mut first: Option<i64> = None;
    for table in ["reading", "hour"] {
        let mut sql = QueryBuilder::<Db>::new("SELECT \"from\" FROM ");
        sql.push(table).push(" WHERE pair IS NULL AND site = ").push_bind(site).push(" ORDER BY \"to\" LIMIT 1");
        if let Some(row) = sql.build().fetch_optional(pool).await? {
            first = [first, Some(row.try_get(0)?)].into_iter().flatten().min();
        }
    }
    Ok(first)
}
