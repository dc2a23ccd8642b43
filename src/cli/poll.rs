//! `headcount poll`: one check now, printed; nothing recorded, nothing sent.

use std::fmt::Write as _;

use serde::Serialize;

use super::args::{ListFormat, Poll};
use super::exit::{Exit, Failure};
use super::who::{PairAnswer, sentence, summary};
use super::{Context, output, topology};
use crate::jobs::{Watch, observe_and_judge};
use crate::judge::{Finding, Judgement};
use crate::snapshot::{Coverage, Snapshot};
use crate::store::Store;

#[derive(Serialize)]
struct CheckAnswer<'a> {
    check: &'a str,
    site: &'a str,
    at: String,
    coverage: Coverage,
    sessions: Option<u64>,
    users: Option<u64>,
    anonymous: Option<u64>,
    pairs: Vec<PairAnswer<'a>>,
    findings: Vec<FindingAnswer<'a>>,
}

#[derive(Serialize)]
struct FindingAnswer<'a> {
    kind: &'static str,
    rule: &'a str,
    /// Left out where it is about the whole site.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<&'a str>,
    severity: &'static str,
    tell: Vec<&'a str>,
}

impl<'a> FindingAnswer<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            kind: finding.why.word(),
            rule: &finding.rule.name,
            part: finding.incident.part.as_deref(),
            severity: finding.rule.severity.word(),
            tell: finding.rule.tell.iter().map(|channel| &**channel).collect(),
        }
    }
}

pub(super) async fn poll(context: &Context<'_>, args: &Poll) -> Result<Exit, Failure> {
    let config = context.config()?;
    let checks: Vec<_> =
        config.checks.iter().filter(|check| args.check.as_ref().is_none_or(|name| check.name == *name)).collect();
    if checks.is_empty() {
        let known: Vec<_> = config.checks.iter().map(|check| format!("`{}`", check.name)).collect();
        return Err(Failure::usage(match &args.check {
            Some(name) if !known.is_empty() => {
                format!("no check is called `{}`; there is {}", output::shown(name), known.join(", "))
            }
            _ => "the configuration has no check".to_owned(),
        }));
    }
    let store = Store::open_existing(&context.state().join(&config.database)).await?;
    let now = context.clock.now();
    output::complain_of_dates(checks.iter().map(|check| &check.site.qlik), now);
    let mut polled = Vec::new();
    let mut watched = Vec::new();
    for check in checks {
        let watch = Watch::unrecorded(check).map_err(|error| Failure::usage(error.to_string()))?;
        let interval = check.cron.step_at(now);
        polled.push((check, observe_and_judge(store.as_ref(), &watch, now, interval).await?));
        watched.push(watch);
    }
    let text = match args.listing.format {
        ListFormat::Json => {
            let answers: Vec<_> = polled
                .iter()
                .map(|(check, (snapshot, counts, judgement))| {
                    let coverage = snapshot.coverage();
                    let counts = (coverage.answered > 0).then_some(*counts);
                    CheckAnswer {
                        check: &check.name,
                        site: snapshot.site(),
                        at: snapshot.at().to_string(),
                        coverage,
                        sessions: counts.map(|counts| counts.sessions),
                        users: counts.map(|counts| counts.users),
                        anonymous: counts.map(|counts| counts.anonymous),
                        pairs: snapshot.counted().map(PairAnswer::of).collect(),
                        findings: judgement.findings.iter().map(FindingAnswer::of).collect(),
                    }
                })
                .collect();
            output::json(&answers)?
        }
        ListFormat::Table => {
            polled.iter().map(|(check, (snapshot, _, judgement))| table(&check.name, snapshot, judgement)).collect()
        }
    };
    output::print(&text)?;
    for watch in &watched {
        topology::complain(&watch.qlik);
    }
    let mut exit = Exit::Done;
    for (_, (snapshot, ..)) in &polled {
        for (pair, why) in snapshot.silent() {
            output::complain(&sentence(snapshot.site(), pair, why));
            exit = Exit::Unseen;
        }
    }
    Ok(exit)
}

fn table(check: &str, snapshot: &Snapshot, judgement: &Judgement) -> String {
    let mut table = output::table(&["Proxy", "Virtual proxy", "Sessions", "Users", ""]);
    for pair in snapshot.counted() {
        let row = PairAnswer::of(pair);
        let number = |n: Option<u64>| n.map_or("–".to_owned(), |n| n.to_string());
        table.add_row([
            output::shown(row.proxy),
            if row.prefix.is_empty() { "(default)".to_owned() } else { output::shown(row.prefix) },
            number(row.sessions),
            number(row.users),
            output::shown(row.error.unwrap_or_default()),
        ]);
    }
    for column in [2, 3] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
    }
    let mut text = format!("{check}\n{table}\n{}\n", summary(snapshot));
    if judgement.findings.is_empty() {
        text.push_str("Nothing would be told.\n");
    }
    for finding in &judgement.findings {
        let answer = FindingAnswer::of(finding);
        let _ = writeln!(
            text,
            "Would be told: {} of `{}` ({}), to {}.",
            answer.kind,
            answer.rule,
            answer.severity,
            answer.tell.join(", ")
        );
    }
    text
}
