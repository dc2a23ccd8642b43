//! Look back over some periods, and say how sites were used.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Digest;
use crate::history::{self, Looked, Period, Set, Span};
use crate::message::{self, Crossed, LookedBack, Message};
use crate::schedule::Cron;
use crate::store::aggregate::{self, Ask, Limit};
use crate::store::{Store, StoreError};

/// The most people that a ranking names.
const RANKED: usize = 10;

/// What was asked of the store, each span once.
struct Asked<'a> {
    store: &'a Store,
    digest: &'a Digest,
    zone: &'a TimeZone,
    /// By span, and by site where it is not all of them.
    known: HashMap<(Span, Option<usize>), Looked>,
}

impl Asked<'_> {
    /// How all sites were used, or one of them.
    async fn look(&mut self, span: Span, site: Option<usize>, limits: &[Limit]) -> Result<Looked, StoreError> {
        if let Some(known) = self.known.get(&(span, site)).filter(|_| limits.is_empty()) {
            return Ok(known.clone());
        }
        let sites = &self.digest.sites;
        let sites = site.map_or(&sites[..], |site| &sites[site..=site]);
        let names: Vec<&str> = sites.iter().map(|site| &*site.site.name).collect();
        let crons: Vec<Option<&Cron>> = sites.iter().map(|site| site.cron.as_ref()).collect();
        let period = aggregate::Period { sites: &names, from: span.from(self.zone), to: span.to(self.zone) };
        let stretches = history::working(&span, &self.digest.working, self.zone);
        let usage = self.store.usage(&period, &Ask { limits, stretches: &stretches }).await?;
        let looked = Looked::new(span, usage, &crons, self.zone);
        self.known.insert((span, site), looked.clone());
        Ok(looked)
    }

    async fn set(&mut self, span: Span, site: Option<usize>, limits: &[Limit]) -> Result<Set, StoreError> {
        let now = self.look(span, site, limits).await?;
        let before = match span.before() {
            Some(before) => Some(self.look(before, site, &[]).await?),
            None => None,
        };
        let usual = match span.usual() {
            Some(usual) => Some(self.look(usual, site, &[]).await?),
            None => None,
        };
        Ok(Set { now, before, usual })
    }
}

/// Looks back over a span. `due` is when the report came due, and `missed` are those that were never told; none of either where
/// somebody asked.
pub async fn look_back(
    store: &Store,
    (report, digest): (&str, &Digest),
    span: Span,
    due: Option<Timestamp>,
    missed: Vec<Timestamp>,
    (now, zone): (Timestamp, &TimeZone),
) -> Result<Message, StoreError> {
    let mut asked = Asked { store, digest, zone, known: HashMap::new() };
    let names: Vec<&str> = digest.sites.iter().map(|site| &*site.site.name).collect();
    let mut parts = Vec::new();
    let each = match span.period {
        Period::Week if span.is_one() => span.by_day(),
        _ if span.is_one() => Vec::new(),
        _ => span.each(),
    };
    for part in each {
        parts.push(asked.set(part, None, &[]).await?);
    }
    // Thresholds are each site's own.
    let mut by_site = Vec::new();
    let mut crossed = Vec::new();
    let several = digest.sites.len() > 1;
    for (at, site) in digest.sites.iter().enumerate() {
        let limits: Vec<Limit> = site.limits.iter().map(|(_, limit)| *limit).collect();
        let set = asked.set(span, several.then_some(at), &limits).await?;
        let overs = set.now.usage.over.iter().zip(&site.limits);
        crossed.extend(overs.map(|(over, (rule, _))| Crossed { site: &site.site.name, rule, over: *over }));
        by_site.push(set);
    }
    let whole = if several { asked.set(span, None, &[]).await? } else { by_site.remove(0) };
    let (from, to) = (span.from(zone), span.to(zone));
    let longest = if digest.name_people {
        store.connected(&aggregate::Period { sites: &names, from, to }, RANKED).await?
    } else {
        Vec::new()
    };
    let (mut engines, mut engines_unasked) = (Vec::new(), Vec::new());
    if digest.engines {
        engines = store.engines_between(&names, from, to).await?;
        for site in &names {
            // Engines that never answered may well be out of reach for good: they are nothing that is missing.
            if !store.saw_engines(site, to).await? {
                engines.retain(|stretch| stretch.site != *site);
            } else if !engines.iter().any(|stretch| stretch.site == *site) {
                engines_unasked.push(*site);
            }
        }
    }
    Ok(message::digest(&LookedBack {
        report,
        sites: digest.sites.iter().map(|site| (&*site.site.name, site.site.link.as_deref())).collect(),
        whole,
        parts,
        by_site,
        crossed,
        working: &digest.working,
        incidents: store.incidents_between(&names, from, to).await?,
        engines,
        engines_unasked,
        missed,
        longest,
        due,
        now,
        zone,
    }))
}

/// The first poll of a digest's sites that the store knows of.
pub async fn store_begins(store: &Store, digest: &Digest) -> Result<Option<Timestamp>, StoreError> {
    let names: Vec<&str> = digest.sites.iter().map(|site| &*site.site.name).collect();
    store.begins(&names).await
}
