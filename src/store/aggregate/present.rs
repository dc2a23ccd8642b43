//! Who was there: the people and sessions that a period saw, added up by the database to one row for each person on each pair.

use std::collections::{HashMap, HashSet};

use sqlx::{QueryBuilder, Row as _};

use super::{AWAY, Period, Sessions, Share, Usage};
use crate::store::dialect::{Db, Pool};
use crate::store::spans::ROWS;
use crate::store::{StoreError, ms};

/// A pair of one of the sites that were asked.
pub(super) struct Place {
    /// Which of the sites.
    pub(super) site: usize,
    prefix: String,
    /// Whether a poll of the period saw it.
    answered: bool,
}

/// One person, or all anonymous visitors, on one pair.
pub(super) struct Presence {
    pub(super) person: Option<i64>,
    pub(super) pair: i64,
    seen: u64,
    begun: u64,
    /// The beginning of the first of these sessions.
    first: i64,
    /// Whether one of these sessions makes it sure that nobody was away for [`AWAY`] within the period.
    between: bool,
}

/// All who were there.
#[derive(Default)]
pub(super) struct Present {
    pub(super) places: HashMap<i64, Place>,
    pub(super) rows: Vec<Presence>,
}

/// The spans that a period saw, as `SELECT {columns} …`: begun in it, or going on into it. A span that was open through all of
/// it was seen if its pair was. Without `seen`, also those that a poll before the period saw last, and that speak into it.
pub(super) fn spans(
    sql: &mut QueryBuilder<Db>,
    columns: &str,
    places: &HashMap<i64, Place>,
    (from, to): (i64, i64),
    seen: bool,
) {
    let ids = |sql: &mut QueryBuilder<Db>, which: &dyn Fn(&Place) -> bool| {
        sql.push("(");
        let mut first = true;
        for (id, _) in places.iter().filter(|(_, place)| which(place)) {
            if !first {
                sql.push(", ");
            }
            first = false;
            // Row ids of our own: bound ones would be too many.
            sql.push(id.to_string());
        }
        sql.push(")");
    };
    sql.push("SELECT ").push(columns).push(" FROM span WHERE pair IN ");
    ids(sql, &|_| true);
    sql.push(" AND began >= ").push_bind(from).push(" AND began < ").push_bind(to);
    sql.push(" UNION ALL SELECT ").push(columns).push(" FROM span WHERE pair IN ");
    ids(sql, &|_| true);
    sql.push(" AND ended > ").push_bind(from).push(" AND began < ").push_bind(from);
    if seen {
        sql.push(" AND last_seen >= ").push_bind(from).push(" AND (last_seen < ").push_bind(to).push(" OR pair IN ");
        ids(sql, &|place| place.answered);
        sql.push(")");
    }
    sql.push(" UNION ALL SELECT ").push(columns).push(" FROM span WHERE ended IS NULL AND pair IN ");
    ids(sql, &|place| !seen || place.answered);
    // The plus keeps the database from walking through all that ever began.
    sql.push(" AND +began < ").push_bind(from);
}

/// Who was there. `seen` says of each site whether a poll of the period saw all of it.
pub(super) async fn load(pool: &Pool, period: &Period<'_>, seen: &[bool]) -> Result<Present, StoreError> {
    let (from, to) = (ms(period.from), ms(period.to));
    let mut present = Present::default();
    for (site, name) in period.sites.iter().enumerate() {
        for row in sqlx::query("SELECT id, prefix FROM pair WHERE site = $1").bind(*name).fetch_all(pool).await? {
            let id: i64 = row.try_get(0)?;
            let answered = seen[site] || answered(pool, id, from, to).await?;
            present.places.insert(id, Place { site, prefix: row.try_get(1)?, answered });
        }
    }
    if present.places.is_empty() {
        return Ok(present);
    }
    let slack = (to - from - ms_of_away()).max(0);
    let mut sql = QueryBuilder::<Db>::new("SELECT person, pair, count(*), sum(CASE WHEN at_least = 0 AND began >= ");
    sql.push_bind(from).push(" THEN 1 ELSE 0 END), min(began), max(CASE WHEN began < ").push_bind(to - slack);
    sql.push(" AND (ended IS NULL OR coalesce(last_seen, began) >= ").push_bind(from + slack);
    sql.push(") THEN 1 ELSE 0 END) FROM (");
    spans(&mut sql, "person, pair, at_least, began, last_seen, ended", &present.places, (from, to), true);
    sql.push(") AS spans GROUP BY person, pair");
    for row in sql.build().fetch_all(pool).await? {
        present.rows.push(Presence {
            person: row.try_get(0)?,
            pair: row.try_get(1)?,
            seen: row.try_get::<i64, _>(2)?.unsigned_abs(),
            begun: row.try_get::<i64, _>(3)?.unsigned_abs(),
            first: row.try_get(4)?,
            between: row.try_get::<i64, _>(5)? != 0,
        });
    }
    Ok(present)
}

/// Whether a pair was seen in a period in which its site was never seen whole. An hour without polls is what the last poll
/// before it still said, and saw nobody.
async fn answered(pool: &Pool, pair: i64, from: i64, to: i64) -> Result<bool, StoreError> {
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

fn ms_of_away() -> i64 {
    i64::try_from(AWAY.as_millis()).unwrap_or(i64::MAX)
}

/// What is known of one person over all pairs.
struct Known {
    first: i64,
    between: bool,
}

/// Adds up who was there.
pub(super) async fn tell(
    pool: &Pool,
    present: &Present,
    period: &Period<'_>,
    usage: &mut Usage,
) -> Result<(), StoreError> {
    let (from, to) = (ms(period.from), ms(period.to));
    let mut people: HashMap<i64, Known> = HashMap::new();
    let mut proxies: HashMap<(usize, &str), (HashSet<i64>, Sessions)> = HashMap::new();
    for row in &present.rows {
        let place = &present.places[&row.pair];
        let share = proxies.entry((place.site, &place.prefix)).or_default();
        for sessions in [&mut usage.sessions, &mut share.1] {
            sessions.seen += row.seen;
            sessions.begun += row.begun;
            if row.person.is_none() {
                sessions.anonymous += row.seen;
                sessions.anonymous_begun += row.begun;
            }
        }
        if let Some(person) = row.person {
            share.0.insert(person);
            let known = people.entry(person).or_insert(Known { first: row.first, between: false });
            known.first = known.first.min(row.first);
            known.between |= row.between;
        }
    }
    usage.people = people.len() as u64;
    usage.virtual_proxies = proxies
        .into_iter()
        .map(|((site, prefix), (people, sessions))| Share {
            site: period.sites[site].to_owned(),
            name: prefix.to_owned(),
            people: people.len() as u64,
            sessions,
        })
        .collect();
    usage.virtual_proxies.sort_by(|one, other| {
        let place = |share: &Share| period.sites.iter().position(|site| *site == share.site);
        (place(one), &one.name).cmp(&(place(other), &other.name))
    });
    usage.directories = directories(pool, present).await?;

    // Who was there already when the period began is neither new nor back.
    let came = people.iter().filter(|(_, known)| known.first >= from).map(|(person, known)| (*person, known.first));
    let came: Vec<(i64, i64)> = came.collect();
    let before = last_seen_before(pool, present, &came, from).await?;
    let baseline = baseline(pool, period).await?;
    for (person, first) in &came {
        match before.get(person) {
            Some(seen) => usage.back += u64::from(*first - seen >= ms_of_away()),
            None => usage.new_people += u64::from(baseline.is_some_and(|baseline| *first > baseline)),
        }
    }
    if to - from > ms_of_away() {
        let away: Vec<i64> = people.iter().filter(|(_, known)| !known.between).map(|(person, _)| *person).collect();
        let counted = |person: &i64| before.get(person).is_some_and(|seen| people[person].first - seen >= ms_of_away());
        let away: Vec<i64> = away.into_iter().filter(|person| !counted(person)).collect();
        usage.back += away_within(pool, present, &away, (from, to)).await?;
    }
    Ok(())
}

/// By directory, the biggest first.
async fn directories(pool: &Pool, present: &Present) -> Result<Vec<Share>, StoreError> {
    let mut by_person: HashMap<i64, Sessions> = HashMap::new();
    for row in &present.rows {
        if let Some(person) = row.person {
            let sessions = by_person.entry(person).or_default();
            sessions.seen += row.seen;
            sessions.begun += row.begun;
        }
    }
    let ids: Vec<i64> = by_person.keys().copied().collect();
    let mut shares: HashMap<String, (i64, Share)> = HashMap::new();
    for chunk in ids.chunks(ROWS) {
        let mut sql = QueryBuilder::<Db>::new("SELECT id, directory_key, directory FROM person WHERE id IN (");
        list(&mut sql, chunk);
        sql.push(")");
        for row in sql.build().fetch_all(pool).await? {
            let (id, key): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
            let (oldest, share) = shares.entry(key).or_insert((i64::MAX, Share::default()));
            // Shown as it was first received.
            if id < *oldest {
                (*oldest, share.name) = (id, row.try_get(2)?);
            }
            let sessions = by_person[&id];
            share.people += 1;
            share.sessions.seen += sessions.seen;
            share.sessions.begun += sessions.begun;
        }
    }
    let mut shares: Vec<Share> = shares.into_values().map(|(_, share)| share).collect();
    shares.sort_by(|one, other| other.people.cmp(&one.people).then_with(|| one.name.cmp(&other.name)));
    Ok(shares)
}

/// Of these people, when each was last seen on these pairs by sessions from before the period: by the newest of them, which says
/// enough of most; by all of them for whoever would have been away.
async fn last_seen_before(
    pool: &Pool,
    present: &Present,
    people: &[(i64, i64)],
    from: i64,
) -> Result<HashMap<i64, i64>, StoreError> {
    let mut seen = HashMap::new();
    let pairs: Vec<i64> = present.places.keys().copied().collect();
    let within = |sql: &mut QueryBuilder<Db>| {
        sql.push(" AND began < ").push_bind(from).push(" AND pair IN (");
        list(sql, &pairs);
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
async fn away_within(
    pool: &Pool,
    present: &Present,
    people: &[i64],
    (from, to): (i64, i64),
) -> Result<u64, StoreError> {
    let mut back = 0;
    for chunk in people.chunks(ROWS) {
        let mut sql = QueryBuilder::<Db>::new(
            "SELECT count(DISTINCT person) FROM (SELECT person, began, max(coalesce(last_seen, began)) OVER \
             (PARTITION BY person ORDER BY began, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier \
             FROM span WHERE person IN (",
        );
        list(&mut sql, chunk);
        sql.push(") AND pair IN (");
        list(&mut sql, &present.places.keys().copied().collect::<Vec<_>>());
        sql.push(") AND began < ").push_bind(to).push(") AS spans WHERE began >= ").push_bind(from);
        sql.push(" AND began - earlier >= ").push_bind(ms_of_away());
        back += sql.build().fetch_one(pool).await?.try_get::<i64, _>(0)?.unsigned_abs();
    }
    Ok(back)
}

/// The first poll of any of these sites that is still known of.
async fn baseline(pool: &Pool, period: &Period<'_>) -> Result<Option<i64>, StoreError> {
    let mut first: Option<i64> = None;
    for site in period.sites {
        for table in ["reading", "hour"] {
            let mut sql = QueryBuilder::<Db>::new("SELECT \"from\" FROM ");
            sql.push(table).push(" WHERE pair IS NULL AND site = ").push_bind(*site).push(" ORDER BY \"to\" LIMIT 1");
            if let Some(row) = sql.build().fetch_optional(pool).await? {
                let from: i64 = row.try_get(0)?;
                first = Some(first.map_or(from, |first| first.min(from)));
            }
        }
    }
    Ok(first)
}

/// Row ids of our own, parted by commas.
pub(in crate::store) fn list(sql: &mut QueryBuilder<Db>, ids: &[i64]) {
    for (i, id) in ids.iter().enumerate() {
        if i > 0 {
            sql.push(", ");
        }
        sql.push(id.to_string());
    }
}
