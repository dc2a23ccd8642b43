//! `headcount check`: the configuration, the templates, and when each schedule fires next.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use super::args::{Check, ListFormat};
use super::exit::{Exit, Failure};
use super::held::Held;
use super::{Context, connect, output, topology};
use crate::channels;
use crate::judge::Silence;
use crate::render::Engine;
use crate::schedule::Cron;
use crate::store::{Store, StoreError};

#[derive(Serialize)]
struct ScheduleAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maintenance: Option<String>,
    sites: Vec<String>,
    cron: String,
    /// RFC 3339, with the offset of the schedule's zone.
    next: Vec<String>,
}

/// A check or a report, with what it does by the clock.
struct Row<'a> {
    what: &'static str,
    name: &'a str,
    sites: Vec<String>,
    cron: &'a Cron,
}

impl Row<'_> {
    fn next(&self, now: Timestamp, form: &str) -> Vec<String> {
        self.cron.next_firings(now).iter().map(|at| at.strftime(form).to_string()).collect()
    }
}

/// The silences of a store, if there is one yet.
async fn silences(database: &std::path::Path, now: Timestamp) -> Result<Vec<Silence>, StoreError> {
    let Some(store) = Store::open_existing(database).await? else { return Ok(Vec::new()) };
    let silences = store.silences(now).await;
    store.close().await;
    silences
}

pub(super) async fn check(context: &Context<'_>, args: &Check) -> Result<Exit, Failure> {
    let config = context.config()?;
    let engine = Engine::new(config.templates.as_deref()).map_err(|error| Failure::usage(error.to_string()))?;
    let mut failing = channels::rehearse(&engine);
    for spec in &config.channels {
        let own = spec.channel.rehearse_own(&engine).into_iter();
        failing.extend(own.map(|trouble| format!("channel `{}`: {trouble}", spec.channel.name)));
    }
    if !failing.is_empty() {
        return Err(Failure::usage(format!("a template fails on a sample message: {}", failing.join("\nheadcount: "))));
    }
    let now = context.clock.now();
    output::complain_of_dates(config.sites.iter().map(|site| &site.qlik), now);
    let mut rows: Vec<Row<'_>> = Vec::new();
    for check in &config.checks {
        let sites = vec![check.site.name.to_string()];
        rows.push(Row { what: "check", name: &check.name, sites, cron: &check.cron });
    }
    for report in &config.reports {
        let sites = report.sites.iter().map(|site| site.name.to_string()).collect();
        rows.push(Row { what: "report", name: &report.name, sites, cron: &report.cron });
    }
    for window in &config.maintenance {
        let sites = window.sites.iter().map(ToString::to_string).collect();
        rows.push(Row { what: "maintenance", name: &window.name, sites, cron: &window.cron });
    }
    let text = match args.listing.format {
        ListFormat::Json => {
            let answers: Vec<_> = rows
                .into_iter()
                .map(|row| ScheduleAnswer {
                    check: (row.what == "check").then(|| row.name.to_owned()),
                    report: (row.what == "report").then(|| row.name.to_owned()),
                    maintenance: (row.what == "maintenance").then(|| row.name.to_owned()),
                    cron: row.cron.as_str().to_owned(),
                    next: row.next(now, "%Y-%m-%dT%H:%M:%S%:z"),
                    sites: row.sites,
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
                for row in rows {
                    let next = row.next(now, "%a %Y-%m-%d %H:%M:%S %Z").join("\n");
                    let schedule = format!("{} {}", row.what, row.name);
                    table.add_row([schedule, row.sites.join(", "), row.cron.as_str().to_owned(), next]);
                }
                let _ = writeln!(text, "{table}");
            }
            text
        }
    };
    output::print(&text)?;
    if args.listing.format == ListFormat::Table {
        let database = context.state().join(&config.database);
        match topology::known(&config, &database).await {
            Ok(known) => output::print(&known)?,
            Err(error) => output::complain(&format!("what is known of proxies is missing, since {error}")),
        }
        match silences(&database, now).await {
            Ok(silences) => {
                output::print(&Held::new(silences, &config.maintenance, now).lines(now, &config.time_zone))?;
            }
            Err(error) => output::complain(&format!("what is silenced is missing, since {error}")),
        }
    }
    for note in &config.notes {
        output::complain(&note.to_string());
    }
    if args.connect { connect::connect(context, &config).await } else { Ok(Exit::Done) }
}
