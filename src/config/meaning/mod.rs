//! From what was written to what it means, gathering every mistake on the way.

mod before;
mod channel;
mod judging;
mod keep;
mod maintenance;
mod ping;
mod report;
mod rule;
mod site;
mod slack;
mod value;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;

pub(super) use self::judging::judging;
use self::value::{its_sites, zone};
use super::Config;
use super::file;
use super::load::Loader;
use super::problem::{Gathered, Problems, nearest};
use crate::jobs::{Check, Report};
use crate::judge::Rule;
use crate::schedule::Cron;

pub(super) fn understand(path: &Path, text: &str, written: file::Config) -> Result<Config, Problems> {
    let mut gathered = Gathered::new(path, text);
    let loader = Loader::beside(path);
    let g = &mut gathered;

    let names = written.store.as_ref().and_then(|store| store.names).unwrap_or_default();
    let (time_zone, database) = zone_and_database(g, written.time_zone.as_deref(), written.store);
    let keep = keep::keep(g, written.keep.as_ref());
    let templates = templates(g, &loader, written.templates.as_deref());

    let ping = written.ping.as_ref().and_then(|written| ping::ping(g, &loader, written));

    let channel_names: Vec<String> = written.channels.0.iter().map(|(name, _)| name.clone()).collect();
    let rule_names: Vec<String> = written.rules.0.iter().map(|(name, _)| name.clone()).collect();
    let site_names: Vec<String> = written.sites.0.iter().map(|(name, _)| name.clone()).collect();
    if site_names.is_empty() {
        g.add("sites", "there is no site to ask: write one, with `host`, `certificate` and `trust`");
    }

    let fallbacks: Vec<_> =
        written.channels.0.iter().map(|(name, channel)| (name.clone(), channel.fallback.clone())).collect();
    channel::fallbacks(g, &fallbacks);
    let channels: Vec<_> = written
        .channels
        .0
        .into_iter()
        .filter_map(|(name, channel)| channel::channel(g, &loader, &name, channel, (&time_zone, names)))
        .collect();
    let rules: Vec<_> = written
        .rules
        .0
        .into_iter()
        .filter_map(|(name, rule)| rule::rule(g, &name, &rule, &channel_names, &time_zone))
        .collect();
    let sites: Vec<_> =
        written.sites.0.into_iter().filter_map(|(name, site)| site::site(g, &loader, &name, &site)).collect();

    let maintenance = maintenance::maintenance(g, &written.maintenance, &time_zone, &site_names);
    let mut checks: Vec<Check> = Vec::new();
    let mut watched: Vec<(String, String)> = Vec::new();
    for (name, check) in written.checks.0 {
        let at = format!("checks.{name}");
        let cron = g.take(&format!("{at}.cron"), Cron::new(&check.cron, &time_zone));
        let its_rules = check_rules(g, &at, &check, &rule_names, &rules);
        for site in its_sites(g, &format!("{at}.site"), &check.site, &site_names) {
            if let Some((_, other)) = watched.iter().find(|(known, _)| *known == site) {
                g.add(
                    format!("{at}.site"),
                    format!("the site `{site}` has a check already, `{other}`: a site has at most one; put its rules together"),
                );
                continue;
            }
            watched.push((site.clone(), name.clone()));
            if let (Some(cron), Some(site)) = (&cron, sites.iter().find(|known| *known.name == *site)) {
                checks.push(Check {
                    name: name.clone(),
                    site: site.clone(),
                    cron: cron.clone(),
                    rules: its_rules.clone(),
                    engines: false,
                    maintenance: maintenance.iter().filter(|window| window.is_about(&site.name)).cloned().collect(),
                });
            }
        }
    }

    let built = report::Built {
        time_zone: &time_zone,
        sites: &sites,
        checks: &checks,
        site_names: &site_names,
        channels: &channel_names,
        maintenance: &maintenance,
    };
    let reports: Vec<_> =
        written.reports.0.iter().filter_map(|(name, report)| report::report(g, name, report, &built)).collect();
    tell_of_engines(&mut checks, &reports);

    say_unused(g, (&rules, &checks, &reports), &channel_names, &fallbacks);
    let notes = g.notes();

    gathered.finish(Some(Config {
        file: path.to_path_buf(),
        time_zone,
        database,
        names,
        keep,
        templates,
        ping,
        sites,
        checks,
        reports,
        maintenance,
        channels,
        rules: rules.len(),
        notes,
    }))
}

/// Says which rules and channels nothing uses.
fn say_unused(
    g: &mut Gathered<'_>,
    (rules, checks, reports): (&[Arc<Rule>], &[Check], &[Report]),
    channel_names: &[String],
    fallbacks: &[(String, Option<String>)],
) {
    for rule in
        rules.iter().filter(|rule| !checks.iter().any(|check| check.rules.iter().any(|its| its.name == rule.name)))
    {
        g.note(
            &format!("rules.{}", rule.name),
            "no check uses this rule: give it to one under `rules`, or take it out",
        );
    }
    let told: Vec<&Arc<str>> =
        rules.iter().flat_map(|rule| &rule.tell).chain(reports.iter().flat_map(|report| &report.tell)).collect();
    let tells = |name: &str| {
        told.iter().any(|told| ***told == *name) || fallbacks.iter().any(|(_, to)| to.as_deref() == Some(name))
    };
    for name in channel_names.iter().filter(|name| !tells(name)) {
        let what =
            "no rule and no report tells this channel: name it under `tell`, or keep it for `announce` and `test`";
        g.note(&format!("channels.{name}"), what);
    }
}

/// A poll asks for what a digest tells of.
fn tell_of_engines(checks: &mut [Check], reports: &[Report]) {
    for check in checks {
        check.engines = reports.iter().any(|report| report.wants_engines_of(&check.site.name));
    }
}

/// The rules of a check, by their names.
fn check_rules(
    g: &mut Gathered<'_>,
    at: &str,
    check: &file::Check,
    names: &[String],
    rules: &[Arc<Rule>],
) -> Vec<Arc<Rule>> {
    let key = format!("{at}.rules");
    let mut its_rules = Vec::new();
    for (key, rule) in check.rules.at(&key) {
        if !names.iter().any(|known| known == rule) {
            g.add(key, format!("no rule is called `{rule}`; {}", nearest(rule, names.iter().map(String::as_str))));
        } else if let Some(rule) = rules.iter().find(|known| *known.name == *rule) {
            its_rules.push(rule.clone());
        }
    }
    its_rules
}

/// The folder of the operator's own templates.
pub(super) fn templates_only(path: &Path, text: &str, written: &file::Config) -> Result<Option<PathBuf>, Problems> {
    let mut gathered = Gathered::new(path, text);
    let folder = templates(&mut gathered, &Loader::beside(path), written.templates.as_deref());
    gathered.finish(Some(folder))
}

fn templates(g: &mut Gathered<'_>, loader: &Loader, folder: Option<&str>) -> Option<PathBuf> {
    let folder = loader.find(folder?);
    if !folder.is_dir() {
        g.add("templates", format!("there is no folder `{}`", folder.display()));
    }
    Some(folder)
}

/// What the commands need that only look into the store.
pub(super) fn store_only(path: &Path, text: &str, written: file::Config) -> Result<(TimeZone, PathBuf), Problems> {
    let mut gathered = Gathered::new(path, text);
    let meant = zone_and_database(&mut gathered, written.time_zone.as_deref(), written.store);
    gathered.finish(Some(meant))
}

fn zone_and_database(g: &mut Gathered<'_>, time_zone: Option<&str>, store: Option<file::Store>) -> (TimeZone, PathBuf) {
    let time_zone = zone(g, "time_zone", time_zone).unwrap_or(TimeZone::UTC);
    let database = PathBuf::from(store.and_then(|store| store.sqlite).unwrap_or("headcount.db".to_owned()));
    if database.file_name().is_none() {
        g.add("store.sqlite", "it is no name of a file: write one such as `headcount.db`");
    }
    (time_zone, database)
}
