//! Several sites as one: sessions add up, and people who are on several sites at once are counted once.

use std::collections::HashMap;

use sqlx::{QueryBuilder, Row as _};

use super::connected::{SPENT, Spent};
use super::present::{self, Present};
use super::steps::{Figure, Figures, Piece, Sight};
use crate::store::StoreError;
use crate::store::dialect::{Db, Pool};

/// The pieces of several sites put together.
pub(super) async fn together(
    pool: &Pool,
    sites: &[Vec<Piece>],
    present: &Present,
    (from, to): (i64, i64),
) -> Result<Vec<Piece>, StoreError> {
    let twice = counted_twice(pool, sites, present, (from, to)).await?;
    Ok(add(sites, &twice, from))
}

/// Adds the sites up, piece by piece, and takes off those who are counted several times. Each change of `twice` is a time and
/// by how many it changes then.
fn add(sites: &[Vec<Piece>], twice: &[(i64, i64)], from: i64) -> Vec<Piece> {
    let mut cuts: Vec<i64> =
        sites.iter().flatten().map(|piece| piece.to).chain(twice.iter().map(|(at, _)| *at)).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut places = vec![0; sites.len()];
    let (mut begins, mut next, mut excess) = (from, 0, 0_i64);
    let mut whole = Vec::new();
    for ends in cuts.into_iter().filter(|cut| *cut > from) {
        while let Some((_, by)) = twice.get(next).filter(|(at, _)| *at <= begins) {
            excess += by;
            next += 1;
        }
        let parts: Vec<&Piece> = sites
            .iter()
            .zip(&mut places)
            .filter_map(|(pieces, place)| {
                while pieces.get(*place).is_some_and(|piece| piece.to <= begins) {
                    *place += 1;
                }
                pieces.get(*place)
            })
            .collect();
        whole.push(sum(&parts, excess, begins, ends));
        begins = ends;
    }
    whole
}

fn sum(parts: &[&Piece], excess: i64, from: i64, to: i64) -> Piece {
    let sight = match () {
        () if parts.iter().all(|part| part.sight == Sight::Full) => Sight::Full,
        () if parts.iter().any(|part| part.figures.is_some()) => Sight::Partly,
        () if parts.iter().any(|part| part.sight == Sight::NotAnswered) => Sight::NotAnswered,
        () => Sight::NotPolled,
    };
    let seen: Vec<&Figures> = parts.iter().filter_map(|part| part.figures.as_ref()).collect();
    let add = |of: &dyn Fn(&Figures) -> Figure, less: i64| {
        let less = less.unsigned_abs();
        let all = || seen.iter().map(|figures| of(figures));
        Figure {
            min: all().map(|figure| figure.min).sum::<u64>().saturating_sub(less),
            max: all().map(|figure| figure.max).sum::<u64>().saturating_sub(less),
            mean: (all().map(|figure| figure.mean).sum::<f64>() - less as f64).max(0.0),
            peak: all().map(|figure| figure.peak).max().unwrap_or(from),
        }
    };
    let figures = (!seen.is_empty()).then(|| Figures {
        users: add(&|figures| figures.users, excess),
        sessions: add(&|figures| figures.sessions, 0),
        anonymous: add(&|figures| figures.anonymous, 0),
    });
    // The highest of whole hours need not have been at the same time.
    let exact = seen.iter().all(|figures| [figures.users, figures.sessions].iter().all(|one| one.min == one.max));
    Piece { from, to, sight, figures, exact }
}

/// By how many the sum of the sites' users is too high, as changes in the order of time.
async fn counted_twice(
    pool: &Pool,
    sites: &[Vec<Piece>],
    present: &Present,
    (from, to): (i64, i64),
) -> Result<Vec<(i64, i64)>, StoreError> {
    if present.places.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = QueryBuilder::<Db>::new("WITH spans AS (");
    present::spans(&mut sql, SPENT, &present.places, (from, to), false);
    sql.push(
        ") SELECT * FROM spans WHERE person IN (SELECT person FROM spans JOIN pair ON pair.id = spans.pair \
         WHERE person IS NOT NULL GROUP BY person HAVING count(DISTINCT pair.site) > 1) ORDER BY person",
    );
    let rows = sql.build().fetch_all(pool).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let blind = blind(pool, sites, present, (from, to)).await?;
    let (mut changes, mut spans) = (Vec::new(), Vec::<Spent>::new());
    for row in &rows {
        // What was not seen of it is taken out by `blind`.
        let spent = Spent::whole(row, (from, to))?;
        if spans.first().is_some_and(|first| first.person != spent.person) {
            one_person(&spans, present, &blind, &mut changes);
            spans.clear();
        }
        spans.push(spent);
    }
    one_person(&spans, present, &blind, &mut changes);
    changes.sort_unstable();
    Ok(changes)
}

/// When each pair was not seen.
async fn blind(
    pool: &Pool,
    sites: &[Vec<Piece>],
    present: &Present,
    (from, to): (i64, i64),
) -> Result<HashMap<i64, Vec<(i64, i64)>>, StoreError> {
    let mut blind = HashMap::new();
    for (pair, place) in &present.places {
        let mut stretches: Vec<(i64, i64)> = Vec::new();
        let partly: Vec<&Piece> = sites[place.site].iter().filter(|piece| piece.sight == Sight::Partly).collect();
        stretches.extend(
            sites[place.site].iter().filter(|piece| piece.figures.is_none()).map(|piece| (piece.from, piece.to)),
        );
        if !partly.is_empty() {
            // Sites may show the same while one pair answers in the place of another, so what counts is its own next answer.
            let rows = sqlx::query(
                "SELECT \"from\", \"to\", \
                 (SELECT \"from\" FROM reading next WHERE next.pair = $1 AND next.id > r.id AND why IS NULL ORDER BY id LIMIT 1), \
                 (SELECT \"from\" FROM hour next WHERE next.pair = $1 AND next.\"to\" > r.\"to\" ORDER BY next.\"to\" LIMIT 1) \
                 FROM reading r WHERE why IS NOT NULL AND pair = $1 AND \"to\" >= $2 AND \"from\" < $3",
            )
            .bind(*pair)
            .bind(from)
            .bind(to)
            .fetch_all(pool)
            .await?;
            for row in rows {
                let (first, last): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
                let answers: [Option<i64>; 2] = [row.try_get(2)?, row.try_get(3)?];
                let next = answers.into_iter().flatten().min().unwrap_or(i64::MAX);
                // What it did not show, it did not show until then, or until its site showed something else.
                let during = partly.iter().filter(|piece| piece.to > first && piece.from <= last);
                stretches.extend(during.map(|piece| (piece.from.max(first), piece.to.min(next))));
            }
        }
        stretches.sort_unstable();
        blind.insert(*pair, stretches);
    }
    Ok(blind)
}

/// Adds the times at which one person is on more than one site.
fn one_person(
    spans: &[Spent],
    present: &Present,
    blind: &HashMap<i64, Vec<(i64, i64)>>,
    changes: &mut Vec<(i64, i64)>,
) {
    // For each site, how many of the sessions are there: a site counts from its first to its last.
    let mut turns: Vec<(i64, usize, i64)> = Vec::new();
    for span in spans {
        let site = present.places[&span.pair].site;
        let mut begins = span.from;
        for (from, to) in blind.get(&span.pair).into_iter().flatten().chain([&(span.to, i64::MAX)]) {
            let ends = (*from).min(span.to);
            if ends > begins {
                turns.extend([(begins, site, 1), (ends, site, -1)]);
            }
            begins = begins.max(*to);
        }
    }
    turns.sort_unstable();
    let mut on: HashMap<usize, i64> = HashMap::new();
    let mut excess = 0;
    let mut i = 0;
    while let Some((at, ..)) = turns.get(i).copied() {
        while let Some((_, site, by)) = turns.get(i).filter(|(now, ..)| *now == at) {
            *on.entry(*site).or_default() += by;
            i += 1;
        }
        let sites = on.values().filter(|sessions| **sessions > 0).count();
        let now = i64::try_from(sites.saturating_sub(1)).unwrap_or(0);
        if now != excess {
            changes.push((at, now - excess));
            excess = now;
        }
    }
}
