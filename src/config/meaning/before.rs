//! A report that comes before each window of a maintenance.

use std::sync::Arc;

use jiff::SignedDuration;

use super::value::length;
use crate::config::file;
use crate::config::problem::{Gathered, nearest};
use crate::jobs::Before;
use crate::schedule::{Cron, Maintenance};

const LEAD: SignedDuration = SignedDuration::from_mins(15);

/// Whether a report says that it comes before something.
pub(super) fn is_meant(report: &file::Report) -> bool {
    report.who.as_ref().is_some_and(|who| who.before.is_some())
}

/// What it comes before, and when.
pub(super) fn before(
    g: &mut Gathered<'_>,
    at: &str,
    report: &file::Report,
    sites: &[String],
    maintenance: &[Arc<Maintenance>],
) -> Option<(Before, Cron)> {
    let who = report.who.as_ref()?;
    let Some(name) = &who.before else {
        if who.lead.is_some() {
            g.add(
                format!("{at}.who.lead"),
                "it says how long before a maintenance: name that with `before`, or take it out",
            );
        }
        return None;
    };
    if report.cron.is_some() {
        g.add(format!("{at}.cron"), format!("it comes before each window of `{name}`: take out `cron`, or `before`"));
    }
    if report.time_zone.is_some() {
        g.add(
            format!("{at}.time_zone"),
            "the windows of a maintenance are in the `time_zone` at the top: take it out here",
        );
    }
    let lead = length(g, &format!("{at}.who.lead"), who.lead.as_deref(), LEAD);
    if lead.is_zero() {
        g.add(
            format!("{at}.who.lead"),
            "told when it begins, it would be no warning: write a length of time such as `15m`",
        );
    }
    let Some(window) = maintenance.iter().find(|known| *known.name == **name) else {
        let near = nearest(name, maintenance.iter().map(|known| &*known.name));
        g.add(format!("{at}.who.before"), format!("no maintenance is called `{name}`; {near}"));
        return None;
    };
    for site in sites.iter().filter(|site| !window.is_about(site)) {
        g.add(format!("{at}.site"), format!("the maintenance `{name}` is not about the site `{site}`"));
    }
    Some((Before { maintenance: window.name.clone(), lead }, window.cron.clone().ahead_of(lead)))
}
