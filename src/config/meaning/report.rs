//! A report, of exactly one kind.

use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::before;
use super::value::{its_sites, length, tell, window, zone};
use crate::config::file;
use crate::config::problem::Gathered;
use crate::jobs::{Check, Digest, DigestSite, Report, ReportKind, Site};
use crate::judge::{Over, RuleKind};
use crate::schedule::{Cron, Maintenance, Window};
use crate::store::aggregate::Limit;

/// Who is on tells of a moment: told much later, it misleads.
const WHO_LATE: SignedDuration = SignedDuration::from_mins(15);
/// A digest is as true at noon as it was in the morning.
const DIGEST_LATE: SignedDuration = SignedDuration::from_hours(6);
/// When people work, where nobody says so.
const WORKING: (&str, &str) = ("MON-FRI", "08:00-17:00");

/// What reports are built from beside what is written of them.
pub(super) struct Built<'a> {
    pub(super) time_zone: &'a TimeZone,
    pub(super) sites: &'a [Arc<Site>],
    pub(super) checks: &'a [Check],
    pub(super) site_names: &'a [String],
    pub(super) channels: &'a [String],
    pub(super) maintenance: &'a [Arc<Maintenance>],
}

pub(super) fn report(g: &mut Gathered<'_>, name: &str, report: &file::Report, built: &Built<'_>) -> Option<Report> {
    let at = format!("reports.{name}");
    match (&report.who, &report.digest) {
        (None, None) => g.add(&at, "the report has no kind: give `who: {}` or `digest: {period: day}`"),
        (Some(_), Some(_)) => g.add(&at, "the report has more than one kind: give one of `who` and `digest`"),
        _ => {}
    }
    let zone = zone(g, &format!("{at}.time_zone"), report.time_zone.as_deref()).unwrap_or(built.time_zone.clone());
    let names = its_sites(g, &format!("{at}.site"), &report.site, built.site_names);
    let before = before::before(g, &at, report, &names, built.maintenance);
    let cron = match (&report.cron, &before) {
        _ if before::is_meant(report) => before.as_ref().map(|(_, cron)| cron.clone()),
        (None, _) => {
            g.add(&at, "`cron` is missing: say when it is told, such as `45 21 * * SUN`");
            None
        }
        (Some(cron), _) => g.take(&format!("{at}.cron"), Cron::new(cron, &zone)),
    };
    let tell = tell(g, &at, report.tell.as_ref(), built.channels);
    let before = before.map(|(before, _)| before);
    let by_default = match &before {
        // Told after it has begun, it would be no warning.
        Some(before) => WHO_LATE.min(before.lead),
        None if report.digest.is_some() => DIGEST_LATE,
        None => WHO_LATE,
    };
    let late = length(g, &format!("{at}.late"), report.late.as_deref(), by_default);
    let sites: Vec<Arc<Site>> =
        built.sites.iter().filter(|site| names.iter().any(|name| **name == *site.name)).cloned().collect();
    let kind = match &report.digest {
        None => ReportKind::Who,
        Some(written) => {
            ReportKind::Digest(Arc::new(digest(g, &format!("{at}.digest"), written, &zone, &sites, built.checks)?))
        }
    };
    if sites.is_empty() {
        return None;
    }
    Some(Report { name: name.to_owned(), kind, sites, cron: cron?, tell, late, before })
}

fn digest(
    g: &mut Gathered<'_>,
    at: &str,
    written: &file::Digest,
    zone: &TimeZone,
    sites: &[Arc<Site>],
    checks: &[Check],
) -> Option<Digest> {
    let key = format!("{at}.working_hours");
    let working = match &written.working_hours {
        Some(_) => window(g, &key, written.working_hours.as_ref(), zone),
        None => Window::new(Some(WORKING.0), Some(WORKING.1), zone).ok(),
    };
    let site = |site: &Arc<Site>| {
        let check = checks.iter().find(|check| check.site.name == site.name);
        // What is kept of the past is the site as a whole: a rule that looks at a part of it has nothing to be measured by.
        let limits = check.into_iter().flat_map(|check| &check.rules).filter_map(|rule| match &rule.kind {
            RuleKind::Threshold(threshold) if threshold.over == Over::Site && !rule.narrowed.narrows() => {
                let limit = Limit { metric: threshold.metric, bound: threshold.bound, number: threshold.limit };
                Some((rule.name.clone(), limit))
            }
            _ => None,
        });
        DigestSite { site: site.clone(), cron: check.map(|check| check.cron.clone()), limits: limits.collect() }
    };
    for unpolled in sites.iter().filter(|site| !checks.iter().any(|check| check.site.name == site.name)) {
        g.note(at, format!("no check polls the site `{}`, so that there is nothing to look back on", unpolled.name));
    }
    let name_people = written.name_people.unwrap_or(false);
    let engines = written.engines.unwrap_or(true);
    let sites = sites.iter().map(site).collect();
    Some(Digest { period: written.period, name_people, by_day: false, engines, working: working?, sites })
}
