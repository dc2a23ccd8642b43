//! `headcount incidents`: what is wrong now; with `--all`, what was.

use serde::Serialize;

use super::args::{Incidents, ListFormat};
use super::exit::{Exit, Failure};
use super::outbox::time;
use super::{Context, output};
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
}

pub(super) async fn incidents(context: &Context<'_>, args: &Incidents) -> Result<Exit, Failure> {
    let (store, zone) = context.store().await?;
    let rows = store.incidents(args.all, MOST).await?;
    store.close().await;
    let text = match args.listing.format {
        ListFormat::Json => output::json(&rows.iter().map(answer).collect::<Vec<_>>())?,
        ListFormat::Table if rows.is_empty() => "Nothing is wrong.\n".to_owned(),
        ListFormat::Table => {
            let now = context.clock.now();
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

fn answer(row: &IncidentRow) -> IncidentAnswer<'_> {
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
    }
}
