//! `headcount check`: the configuration, the templates, and when each schedule fires next.

use std::fmt::Write as _;

use jiff::Zoned;
use serde::Serialize;

use super::args::{ListFormat, Listing};
use super::exit::{Exit, Failure};
use super::{Context, output};
use crate::render::Engine;
use crate::schedule::Cron;

#[derive(Serialize)]
struct ScheduleAnswer {
    schedule: String,
    site: String,
    cron: String,
    /// RFC 3339, with the offset of the schedule's zone.
    next: Vec<String>,
}

pub(super) fn check(context: &Context<'_>, args: &Listing) -> Result<Exit, Failure> {
    let config = context.config()?;
    Engine::new(config.templates.as_deref()).map_err(|error| Failure::usage(error.to_string()))?;
    let now = context.clock.now();
    let mut rows: Vec<(String, String, &Cron, Vec<Zoned>)> = Vec::new();
    for check in &config.checks {
        rows.push((
            format!("check {}", check.name),
            check.site.name.to_string(),
            &check.cron,
            check.cron.next_firings(now),
        ));
    }
    for report in &config.reports {
        let sites: Vec<_> = report.sites.iter().map(|site| &*site.name).collect();
        rows.push((format!("report {}", report.name), sites.join(", "), &report.cron, report.cron.next_firings(now)));
    }
    let text = match args.format {
        ListFormat::Json => {
            let answers: Vec<_> = rows
                .into_iter()
                .map(|(schedule, site, cron, next)| ScheduleAnswer {
                    schedule,
                    site,
                    cron: cron.as_str().to_owned(),
                    next: next.iter().map(|at| at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()).collect(),
                })
                .collect();
            output::json(&answers)?
        }
        ListFormat::Table => {
            let mut text = format!(
                "{} is fine: {}, {}, {}, {}, {}.\n",
                config.file.display(),
                output::count(config.sites.len() as u64, "site", "sites"),
                output::count(config.checks.len() as u64, "check", "checks"),
                output::count(config.rules as u64, "rule", "rules"),
                output::count(config.reports.len() as u64, "report", "reports"),
                output::count(config.channels.len() as u64, "channel", "channels"),
            );
            if !rows.is_empty() {
                let mut table = output::table(&["Schedule", "Site", "Cron", "Next firings"]);
                for (schedule, site, cron, next) in rows {
                    let next: Vec<_> =
                        next.iter().map(|at| at.strftime("%a %Y-%m-%d %H:%M:%S %Z").to_string()).collect();
                    table.add_row([schedule, site, cron.as_str().to_owned(), next.join("\n")]);
                }
                let _ = writeln!(text, "{table}");
            }
            text
        }
    };
    output::print(&text)?;
    Ok(Exit::Done)
}
