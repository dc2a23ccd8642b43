//! Several sites as one: sessions add up, and people who are on several sites at once are counted once.

use std::collections::{HashMap, HashSet};

use sqlx::Row as _;

use super::present::{Met, Present};
use super::stays::{self, Stay};
use super::steps::{self, Figure, Figures, Piece, Sight};
use crate::store::StoreError;
use crate::store::dialect::Pool;

/// A session, with its pair.
pub(super) type Placed = (i64, Stay);

/// The sessions of whoever was on more than one site, person by person. `sites` is the site of each pair.
pub(super) async fn stays(
    pool: &Pool,
    met: &Met,
    sites: &HashMap<i64, usize>,
    stretches: &[(i64, i64)],
) -> Result<Vec<Placed>, StoreError> {
    let (mut on, mut several) = (HashMap::new(), HashSet::new());
    for whose in &met.all {
        if let (Some(person), Some(site)) = (whose.person, sites.get(&whose.pair))
            && on.insert(person, site).is_some_and(|other| other != site)
        {
            several.insert(person);
        }
    }
    let (mut all, mut read_until) = (Vec::new(), i64::MIN);
    if several.is_empty() {
        return Ok(all);
    }
    let pairs: Vec<i64> = sites.keys().copied().collect();
    for (from, to) in stretches {
        stays::each(pool, &pairs, (*from, *to), |pair, stay| {
            // Whoever was there already in a stretch before was read with that.
            if stay.began >= read_until && stay.person.is_some_and(|person| several.contains(&person)) {
                all.push((pair, stay));
            }
        })
        .await?;
        read_until = *to;
    }
    all.sort_unstable_by_key(|(_, stay)| stay.person);
    Ok(all)
}

/// The pieces of several sites put together. `stays` are the sessions of whoever was on several.
pub(super) async fn together(
    pool: &Pool,
    sites: &[Vec<Piece>],
    present: &Present,
    stays: &[Placed],
    (from, to): (i64, i64),
) -> Result<Vec<Piece>, StoreError> {
    let twice = counted_twice(pool, sites, present, stays, (from, to)).await?;
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
    Piece { from, to, sight, figures, exact, missed: false }
}

/// By how many the sum of the sites' users is too high, as changes in the order of time.
async fn counted_twice(
    pool: &Pool,
    sites: &[Vec<Piece>],
    present: &Present,
    stays: &[Placed],
    (from, to): (i64, i64),
) -> Result<Vec<(i64, i64)>, StoreError> {
    let there = |(pair, stay): &&Placed| present.places.contains_key(pair) && stay.is_there_in((from, to));
    if !stays.iter().any(|placed| there(&placed)) {
        return Ok(Vec::new());
    }
    let blind = blind(pool, sites, present, (from, to)).await?;
    let mut changes = Vec::new();
    for of_one in stays.chunk_by(|(_, one), (_, other)| one.person == other.person) {
        // What was not seen of it is taken out by `blind`.
        let spans: Vec<Spent> = of_one
            .iter()
            .filter(there)
            .map(|(pair, stay)| {
                let from = stay.began.max(from);
                Spent { pair: *pair, from, to: stay.ended.unwrap_or(to).min(to).max(from) }
            })
            .collect();
        one_person(&spans, present, &blind, &mut changes);
    }
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
        let mut partly: Vec<(i64, i64)> = Vec::new();
        for piece in sites[place.site].iter().filter(|piece| piece.sight == Sight::Partly) {
            match partly.last_mut() {
                // What the last poll before a missed one said.
                Some((_, to)) if piece.missed && *to == piece.from => *to = piece.to,
                _ => partly.push((piece.from, piece.to)),
            }
        }
        stretches.extend(
            sites[place.site].iter().filter(|piece| piece.figures.is_none()).map(|piece| (piece.from, piece.to)),
        );
        if !partly.is_empty() {
            // Sites may show the same while one pair answers in the place of another, so what counts is its own next answer.
            let rows = sqlx::query(
                "SELECT \"from\", \"to\", \
                 (SELECT \"from\" FROM reading next WHERE next.pair = $1 AND next.id > r.id AND why IS NULL ORDER BY id LIMIT 1), \
                 (SELECT \"from\" FROM hour next WHERE next.pair = $1 AND next.\"to\" > r.\"to\" ORDER BY next.\"to\" LIMIT 1) \
                 FROM reading r WHERE why IS NOT NULL AND pair = $1 AND \"from\" < $3 \
                 AND \"to\" >= $2 - 2 * coalesce(step, $4) - $5",
            )
            .bind(*pair)
            .bind(from)
            .bind(to)
            .bind(steps::STEP)
            .bind(steps::SLACK)
            .fetch_all(pool)
            .await?;
            for row in rows {
                let (first, last): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
                let answers: [Option<i64>; 2] = [row.try_get(2)?, row.try_get(3)?];
                let next = answers.into_iter().flatten().min().unwrap_or(i64::MAX);
                // What it did not show, it did not show until then, or until its site showed something else. What the last poll
                // before the period said goes on into it.
                let during =
                    partly.iter().filter(|(begins, ends)| *ends > first && (*begins <= last || *begins == from));
                let during = during.map(|(begins, ends)| ((*begins).max(first), (*ends).min(next)));
                stretches.extend(during.filter(|(from, to)| from < to));
            }
        }
        stretches.sort_unstable();
        blind.insert(*pair, stretches);
    }
    Ok(blind)
}

/// When a person was on a pair.
struct Spent {
    pair: i64,
    from: i64,
    to: i64,
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
