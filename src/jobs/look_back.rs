//! Look back over some periods, and say how sites were used.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Digest;
use crate::history::{self, Looked, Period, Set, Span};
use crate::message::{self, Crossed, LookedBack, Message};
use crate::names::Names;
use crate::schedule::Cron;
use crate::store::aggregate::{self, Ask, Limit};
use crate::store::{Store, StoreError};

/// The most people that a ranking names.
const RANKED: usize = 10;

/// A span, of all sites or of one of them.
type Part = (Span, Option<usize>);

/// What a digest needs to know of one span and site.
#[derive(Default)]
struct Wanted {
    limits: Vec<Limit>,
    newcomers: bool,
}

/// What is to be asked of the store, each span once.
#[derive(Default)]
struct Asking {
    parts: Vec<(Part, Wanted)>,
}

impl Asking {
    fn part(&mut self, part: Part) -> &mut Wanted {
        let known = self.parts.iter().position(|(known, _)| *known == part);
        let at = known.unwrap_or_else(|| {
            self.parts.push((part, Wanted::default()));
            self.parts.len() - 1
        });
        &mut self.parts[at].1
    }

    /// A span with those that it is set beside. Only of itself it is told who is new.
    fn set(&mut self, span: Span, site: Option<usize>, limits: Vec<Limit>) {
        let wanted = self.part((span, site));
        wanted.newcomers = true;
        if !limits.is_empty() {
            wanted.limits = limits;
        }
        for other in [span.before(), span.usual()].into_iter().flatten() {
            self.part((other, site));
        }
    }

    async fn of(self, store: &Store, digest: &Digest, zone: &TimeZone) -> Result<Known, StoreError> {
        let sites = |site: Option<usize>| site.map_or(&digest.sites[..], |site| &digest.sites[site..=site]);
        let names: Vec<&str> = digest.sites.iter().map(|site| &*site.site.name).collect();
        let working = |(span, _): &Part| history::working(span, &digest.working, zone);
        let stretches: Vec<_> = self.parts.iter().map(|(part, _)| working(part)).collect();
        let asked = self.parts.iter().zip(&stretches).map(|(((span, site), wanted), stretches)| {
            let sites = site.map_or(&names[..], |site| &names[site..=site]);
            let period = aggregate::Period { sites, from: span.from(zone), to: span.to(zone) };
            (period, Ask { limits: &wanted.limits, stretches, newcomers: wanted.newcomers })
        });
        let usages = store.usages(&asked.collect::<Vec<_>>()).await?;
        let looked = self.parts.iter().zip(usages).map(|(((span, site), _), usage)| {
            let crons: Vec<Option<&Cron>> = sites(*site).iter().map(|site| site.cron.as_ref()).collect();
            ((*span, *site), Looked::new(*span, usage, &crons, zone))
        });
        Ok(Known(looked.collect()))
    }
}

/// What the store gave.
struct Known(HashMap<Part, Looked>);

impl Known {
    fn set(&self, span: Span, site: Option<usize>) -> Set {
        let beside = |other: Option<Span>| other.map(|other| self.0[&(other, site)].clone());
        Set { now: self.0[&(span, site)].clone(), before: beside(span.before()), usual: beside(span.usual()) }
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
    let names: Vec<&str> = digest.sites.iter().map(|site| &*site.site.name).collect();
    let parts = match span.period {
        Period::Week if span.is_one() => span.by_day(),
        Period::Month if span.is_one() && digest.by_day => span.by_day(),
        _ if span.is_one() => Vec::new(),
        _ => span.each(),
    };
    let several = digest.sites.len() > 1;
    let mut asking = Asking::default();
    for part in parts.iter().chain([&span]) {
        asking.set(*part, None, Vec::new());
    }
    // Thresholds are each site's own.
    let of_site = |at: usize| several.then_some(at);
    for (at, site) in digest.sites.iter().enumerate() {
        asking.set(span, of_site(at), site.limits.iter().map(|(_, limit)| *limit).collect());
    }
    let known = asking.of(store, digest, zone).await?;
    let parts = parts.iter().map(|part| known.set(*part, None)).collect();
    let mut by_site: Vec<Set> = (0..digest.sites.len()).map(|at| known.set(span, of_site(at))).collect();
    let mut crossed = Vec::new();
    for (site, set) in digest.sites.iter().zip(&by_site) {
        let overs = set.now.usage.over.iter().zip(&site.limits);
        crossed.extend(overs.map(|(over, (rule, _))| Crossed { site: &site.site.name, rule, over: *over }));
    }
    if !several {
        by_site.clear();
    }
    let whole = known.set(span, None);
    let (from, to) = (span.from(zone), span.to(zone));
    // Under no names nobody can be ranked.
    let longest = if digest.name_people && store.names() != Names::Hidden {
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
