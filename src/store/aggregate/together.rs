//! Several periods, told from one reading of what they share.

use std::collections::HashMap;

use super::overlap;
use super::present::{self, Directories, Met, Present};
use super::steps::{self, Piece, Shown};
use super::{Ask, Period, Usage};
use crate::store::dialect::Pool;
use crate::store::{StoreError, at, ms};

/// A period, and what is asked of it.
type Asked<'a> = (Period<'a>, Ask<'a>);

/// A site, and what was read of it.
struct Site {
    pairs: Vec<(i64, String)>,
    /// For each period that asks for it, its numbers over that.
    shown: HashMap<usize, Shown>,
    /// Its first poll that is still known of.
    begins: Option<i64>,
}

pub(super) async fn usages(pool: &Pool, asked: &[Asked<'_>]) -> Result<Vec<Usage>, StoreError> {
    let bounds: Vec<(i64, i64)> = asked.iter().map(|(period, _)| (ms(period.from), ms(period.to))).collect();
    let stretches = stretches(&bounds);
    let mut sites: HashMap<&str, Site> = HashMap::new();
    for name in asked.iter().flat_map(|(period, _)| period.sites) {
        if !sites.contains_key(name) {
            let begins = present::begins(pool, name).await?;
            let pairs = present::pairs(pool, name).await?;
            let shown = shown(pool, name, asked, &bounds, &stretches).await?;
            sites.insert(name, Site { pairs, shown, begins });
        }
    }
    let mut presents = Vec::with_capacity(asked.len());
    for (number, (period, ask)) in asked.iter().enumerate() {
        let sites = period.sites.iter().map(|site| {
            let site = &sites[site];
            (&site.pairs[..], &site.shown[&number])
        });
        presents.push(Present::new(pool, bounds[number], sites, ask.newcomers).await?);
    }
    let pairs: Vec<i64> = sites.values().flat_map(|site| &site.pairs).map(|(pair, _)| *pair).collect();
    let kept = present::kept_from(pool).await?;
    // Nobody was seen before the first poll, and nobody is known from before the oldest session.
    let begins = sites.values().filter_map(|site| site.begins).min().unwrap_or(i64::MAX);
    let known = |(from, to): &(i64, i64)| (*to > begins.max(kept)).then_some(((*from).max(begins), *to));
    let stretches: Vec<(i64, i64)> = stretches.iter().filter_map(known).collect();
    let mut met = Met::default();
    for stretch in &stretches {
        present::count(pool, &pairs, *stretch, &mut met, &mut presents).await?;
    }
    let directories = Directories::load(pool, &met).await?;
    let several = asked.iter().any(|(period, _)| period.sites.len() > 1);
    let of_several =
        if several { overlap::stays(pool, &met, &sites_of(&sites), &stretches).await? } else { Vec::new() };

    let mut usages = Vec::with_capacity(asked.len());
    for (number, (period, ask)) in asked.iter().enumerate() {
        let (mut usage, present, bounds) = (Usage::default(), &presents[number], bounds[number]);
        let mut all = Vec::with_capacity(period.sites.len());
        for name in period.sites {
            let site = sites.get_mut(name);
            let (pieces, polls) = site.and_then(|site| site.shown.remove(&number)).unwrap_or_default();
            usage.coverage.push(steps::coverage(name, &pieces, polls));
            all.push(pieces);
        }
        let pieces = match all.len() {
            1 => all.pop().unwrap_or_default(),
            _ => overlap::together(pool, &all, present, &of_several, bounds).await?,
        };
        usage.show(&pieces, bounds, ask);
        let people = present::tell((&met, &directories), present, period.sites, &mut usage);
        let baseline = period.sites.iter().filter_map(|site| sites[site].begins).min();
        (usage.forgotten, usage.known_since) = (bounds.0 < kept, baseline.map(at));
        if let Some((new, back)) = present::newcomers(pool, &met, present, &people, baseline).await? {
            let is_known = bounds.0.saturating_sub(present::ms_of_away()) >= kept;
            (usage.new_people, usage.back) = (Some(new), Some(back).filter(|_| is_known));
        }
        usages.push(usage);
    }
    Ok(usages)
}

impl Usage {
    /// Takes in what the sites showed.
    fn show(&mut self, pieces: &[Piece], (from, to): (i64, i64), ask: &Ask<'_>) {
        self.hours = steps::hours(pieces, from, to);
        self.whole = steps::hour(pieces, from, to);
        self.peak_users = steps::peak(pieces, |figures| figures.users);
        self.peak_sessions = steps::peak(pieces, |figures| figures.sessions);
        self.stretches = ask.stretches.iter().map(|(from, to)| steps::hour_of(pieces, ms(*from), ms(*to))).collect();
        self.over = ask.limits.iter().map(|limit| steps::over(pieces, *limit)).collect();
    }
}

/// The pairs of each site, by number.
fn sites_of(sites: &HashMap<&str, Site>) -> HashMap<i64, usize> {
    let numbered = sites.values().enumerate();
    numbered.flat_map(|(number, site)| site.pairs.iter().map(move |(pair, _)| (*pair, number))).collect()
}

/// What one site showed in each period that asks for it.
async fn shown(
    pool: &Pool,
    name: &str,
    asked: &[Asked<'_>],
    bounds: &[(i64, i64)],
    stretches: &[(i64, i64)],
) -> Result<HashMap<usize, Shown>, StoreError> {
    let mut shown = HashMap::new();
    for stretch in stretches {
        let stored = steps::load(pool, name, *stretch).await?;
        for (number, (from, to)) in bounds.iter().enumerate() {
            if asked[number].0.sites.contains(&name) && stretch.0 <= *from && *to <= stretch.1 {
                shown.insert(number, steps::pieces(steps::within(&stored, *from, *to), *from, *to));
            }
        }
    }
    Ok(shown)
}

/// The periods as stretches that neither overlap nor touch each other, in order.
fn stretches(periods: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut sorted = periods.to_vec();
    sorted.sort_unstable();
    let mut stretches: Vec<(i64, i64)> = Vec::new();
    for (from, to) in sorted {
        match stretches.last_mut() {
            Some((_, end)) if from <= *end => *end = (*end).max(to),
            _ => stretches.push((from, to)),
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_that_overlap_or_touch_are_one_stretch() {
        assert_eq!(stretches(&[(5, 7), (0, 2), (2, 3), (6, 9), (0, 1), (12, 12)]), [(0, 3), (5, 9), (12, 12)]);
    }
}
