//! `headcount incidents`: what is wrong now; with `--all`, what was.

use serde::Serialize;

use super::args::{Incidents, ListFormat};
use super::exit::{Exit, Failure};
use super::held::{Held, HeldBy};
use super::outbox::time;
use super::{Context, output};
use crate::config::{Judging, load};
use crate::judge::State;
use crate::message::lasting;
use crate::store::IncidentRow;

/// The most that is listed at once.
const MOST: u32 = 1_000;

#[derive(Serialize)]
struct IncidentAnswer<'a> {
    id: Option<i64>,
    site: &'a str,
    rule: &'a str,
    /// Left out where it is about the whole site.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<&'a str>,
    severity: &'a str,
    state: &'static str,
    since: String,
    opened: Option<String>,
    closed: Option<String>,
    told: u32,
    held: Option<HeldBy>,
}

pub(super) async fn incidents(context: &Context<'_>, args: &Incidents) -> Result<Exit, Failure> {
    let (store, zone) = context.store().await?;
    let rows = store.incidents(args.all, MOST).await?;
    let now = context.clock.now();
    let silences = store.silences(now).await?;
    store.close().await;
    // A configuration that is wrong is for `check` to tell.
    let path = load::configuration(context.args.config.as_deref()).map_err(Failure::usage)?;
    let maintenance = Judging::load(&path, Some(&zone)).map(|judging| judging.maintenance).unwrap_or_default();
    let held = Held::new(silences, &maintenance, now);
    let text = match args.listing.format {
        ListFormat::Json => output::json(&rows.iter().map(|row| answer(row, &held)).collect::<Vec<_>>())?,
        ListFormat::Table if rows.is_empty() => "Nothing is wrong.\n".to_owned(),
        ListFormat::Table => {
            let mut table = output::table(&["Site", "Rule", "Severity", "State", "Since", "Lasted", "Told"]);
            for IncidentRow { incident, severity } in &rows {
                let until = incident.closed.unwrap_or(now);
                table.add_row([
                    output::shown(&incident.site),
                    rule_and_part(&incident.rule, incident.part.as_deref()),
                    severity.clone(),
                    incident.state.word().to_owned(),
                    time(incident.since, &zone),
                    lasting(until.duration_since(incident.since)),
                    incident.told.to_string(),
                ]);
            }
            format!("{table}\n")
        }
    };
    output::print(&text)?;
    if args.listing.format == ListFormat::Table {
        output::print(&held.lines(now, &zone))?;
    }
    Ok(Exit::Done)
}

/// A rule as it is listed, with the part that it is about.
pub(super) fn rule_and_part(rule: &str, part: Option<&str>) -> String {
    match part {
        None => output::shown(rule),
        Some("") => format!("{} (default)", output::shown(rule)),
        Some(part) => format!("{} ({})", output::shown(rule), output::shown(part)),
    }
}

fn answer<'a>(row: &'a IncidentRow, held: &Held) -> IncidentAnswer<'a> {
    let incident = &row.incident;
    IncidentAnswer {
        id: incident.id.map(|id| id.0),
        site: &incident.site,
        rule: &incident.rule,
        part: incident.part.as_deref(),
        severity: &row.severity,
        state: incident.state.word(),
        since: incident.since.to_string(),
        opened: incident.opened.map(|at| at.to_string()),
        closed: incident.closed.map(|at| at.to_string()),
        told: incident.told,
        held: held.of(&incident.site, &incident.rule).filter(|_| incident.state != State::Closed),
    }
}
