//! What judging needs, of a file that may be no more than rules.

use std::path::Path;

use jiff::tz::TimeZone;

use super::{check_rules, maintenance, rule, site, value};
use crate::config::file::OneOrMany;
use crate::config::judging::{Judged, Judging, Written};
use crate::config::problem::{Gathered, Problems, nearest};
use crate::judge::Severity;
use crate::schedule::Cron;

pub(in crate::config) fn judging(
    path: &Path,
    text: &str,
    written: Written,
    zone: Option<&TimeZone>,
) -> Result<Judging, Problems> {
    let mut gathered = Gathered::new(path, text);
    let g = &mut gathered;
    let time_zone = value::zone(g, "time_zone", written.time_zone.as_deref());
    let time_zone = time_zone.or(zone.cloned()).unwrap_or(TimeZone::UTC);
    // Without channels, whoever is told is taken at their word.
    let channels: Vec<String> = if written.channels.0.is_empty() {
        let tell = written.rules.0.iter().filter_map(|(_, rule)| rule.tell.as_ref());
        tell.flat_map(|tell| tell.all.iter().cloned()).collect()
    } else {
        written.channels.0.iter().map(|(name, _)| name.clone()).collect()
    };
    let takes = written
        .channels
        .0
        .into_iter()
        .map(|(name, channel)| (name, channel.from.unwrap_or(Severity::Info), channel.resolved.unwrap_or(true)));
    let takes = takes.collect();
    let rule_names: Vec<String> = written.rules.0.iter().map(|(name, _)| name.clone()).collect();
    if rule_names.is_empty() {
        g.add("rules", "there is no rule to judge by: write some, each with one kind and with `tell`");
    }
    let rules: Vec<_> = written
        .rules
        .0
        .iter()
        .filter_map(|(name, written)| rule::rule(g, name, written, &channels, &time_zone))
        .collect();
    let mut checks = Vec::new();
    for (name, check) in &written.checks.0 {
        let at = format!("checks.{name}");
        let cron = g.take(&format!("{at}.cron"), Cron::new(&check.cron, &time_zone));
        let its_rules = check_rules(g, &at, check, &rule_names, &rules);
        for site in its_sites(g, &at, &check.site, &written.sites.0) {
            let known = written.sites.0.iter().find(|(known, _)| *known == site);
            let exclude =
                site::exclude(g, &format!("sites.{site}.exclude"), known.and_then(|(_, site)| site.exclude.as_ref()));
            if let Some(cron) = cron.clone() {
                let (name, site, rules) = (name.clone(), site.as_str().into(), its_rules.clone());
                checks.push(Judged { name, site, cron, rules, exclude });
            }
        }
    }
    let sites: Vec<String> = if written.sites.0.is_empty() {
        // Without sites, their names are taken as they are.
        let named = written.maintenance.0.iter().flat_map(|(_, window)| window.site.all.iter().cloned());
        named.chain(checks.iter().map(|check: &Judged| check.site.to_string())).filter(|site| site != "all").collect()
    } else {
        written.sites.0.iter().map(|(name, _)| name.clone()).collect()
    };
    let maintenance = maintenance::maintenance(g, &written.maintenance, &time_zone, &sites);
    let exclude = site::exclude(g, "", None);
    gathered.finish(Some(Judging { time_zone, checks, rules, exclude, maintenance, takes }))
}

/// The sites of a check. Where the file has no sites, their names are taken as they are.
fn its_sites<T>(g: &mut Gathered<'_>, at: &str, written: &OneOrMany, sites: &[(String, T)]) -> Vec<String> {
    let known: Vec<String> = sites.iter().map(|(name, _)| name.clone()).collect();
    if !known.is_empty() {
        return super::its_sites(g, &format!("{at}.site"), written, &known);
    }
    if written.all.is_empty() {
        g.add(format!("{at}.site"), format!("no site is given; {}", nearest("", [])));
    }
    written.all.clone()
}
