//! Plain wording without any template, for when one fails: an alert is never lost to its dress.

use super::view::Matter;
use super::words::Words;
use crate::message::{Bound, Coverage, Facts, Kind, Metric, Reason, Turn};

/// Says the facts, with nothing that can fail.
pub(super) fn words(matter: &Matter) -> Words {
    let site = matter.site.as_ref().map_or_else(String::new, |site| format!("{}: ", site.name));
    let fact = match (matter.kind, &matter.facts) {
        (Kind::Resolved, Facts::Threshold { .. } | Facts::Change { .. } | Facts::Unreachable { .. }) => {
            format!("resolved: {}", fact(&matter.facts))
        }
        _ => fact(&matter.facts),
    };
    let at = &matter.at;
    let source = matter.source.as_ref().map_or_else(String::new, |source| format!(" · {}", source.name));
    Words {
        title: format!("{site}{fact}"),
        lines: reason(&matter.reason).into_iter().chain(coverage(&matter.facts)).collect(),
        items: silent(&matter.facts),
        meta: format!("{}{source} · {}, {} {}", matter.severity.word(), at.date, at.time, at.zone),
    }
}

fn fact(facts: &Facts) -> String {
    match facts {
        Facts::Threshold { metric, bound, limit, value, coverage, .. } => {
            let bound = match bound {
                Bound::Above => "above",
                Bound::Below => "below",
            };
            format!("{} {}, limit: {bound} {limit}", noun(*metric), number(*value, *coverage))
        }
        Facts::Change { metric, turn, from, to, within, coverage, .. } => {
            let turn = match turn {
                Turn::Rises => "rose",
                Turn::Falls => "fell",
            };
            format!("{} {turn} from {from} to {} within {within}", noun(*metric), number(*to, *coverage))
        }
        Facts::Unreachable { coverage, .. } => {
            format!("{} of {} virtual proxies answered", coverage.answered, coverage.asked)
        }
        Facts::Who { counts: None, .. } => "could not be seen".to_owned(),
        Facts::Who { counts: Some(counts), coverage, .. } => format!(
            "users {}, anonymous sessions {}, sessions {}",
            number(counts.users, *coverage),
            number(counts.anonymous, *coverage),
            number(counts.sessions, *coverage)
        ),
        Facts::Test { channel } => format!("headcount: test message to {channel}"),
    }
}

fn noun(metric: Metric) -> &'static str {
    match metric {
        Metric::Sessions => "sessions",
        Metric::Users => "users",
        Metric::Anonymous => "anonymous sessions",
    }
}

/// A number that never makes zero of what was not seen.
fn number(value: u64, coverage: Coverage) -> String {
    match coverage {
        Coverage { answered: 0, .. } => "unknown".to_owned(),
        coverage if coverage.is_full() => value.to_string(),
        _ => format!("at least {value}"),
    }
}

fn reason(reason: &Reason) -> Option<String> {
    match reason {
        Reason::Opened { since } => Some(format!("Since {}, {} {}.", since.date, since.time, since.zone)),
        Reason::Still { since, lasted, .. } => {
            Some(format!("Still so after {lasted}, since {}, {} {}.", since.date, since.time, since.zone))
        }
        Reason::Resolved { lasted, .. } => Some(format!("It lasted {lasted}.")),
        Reason::Event | Reason::Scheduled { late_by: None, .. } => None,
        Reason::Scheduled { late_by: Some(late), .. } => Some(format!("This report is {late} late.")),
        Reason::Asked { planned, because } => {
            let planned =
                planned.as_ref().map(|at| format!("A restart is planned for {}, {} {}.", at.date, at.time, at.zone));
            let because = because.as_ref().map(|because| format!("Reason given: {because}"));
            match (planned, because) {
                (Some(planned), Some(because)) => Some(format!("{planned} {because}")),
                (planned, because) => planned.or(because),
            }
        }
    }
}

fn coverage(facts: &Facts) -> Option<String> {
    match facts {
        Facts::Threshold { coverage, .. } | Facts::Change { coverage, .. } | Facts::Who { coverage, .. }
            if !coverage.is_full() =>
        {
            Some(format!("{} of {} virtual proxies answered.", coverage.answered, coverage.asked))
        }
        _ => None,
    }
}

fn silent(facts: &Facts) -> Vec<String> {
    let (Facts::Unreachable { silent, .. } | Facts::Who { silent, .. }) = facts else { return Vec::new() };
    silent
        .iter()
        .map(|one| {
            let prefix = if one.prefix.is_empty() { "default virtual proxy" } else { &one.prefix };
            format!("{prefix} on {}: {}", one.proxy, one.why)
        })
        .collect()
}
