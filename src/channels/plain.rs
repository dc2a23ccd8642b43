//! Plain wording without any template, for when one fails: an alert is never lost to its dress.

use super::view::Matter;
use super::words::Words;
use crate::message::{
    Bound, Coverage, Digest, EngineMetric, Facts, Kind, Metric, Moment, Notice, Reason, Restart, Scope, Step, Turn,
    WhyHeld,
};

/// Says the facts, with nothing that can fail.
pub(super) fn words(matter: &Matter) -> Words {
    let site = matter.site.as_ref().map_or_else(String::new, |site| format!("{}: ", site.name));
    let fact = match (matter.kind, &matter.facts) {
        (
            Kind::Resolved,
            Facts::Threshold { .. } | Facts::Engines { .. } | Facts::Change { .. } | Facts::Unreachable { .. },
        ) => {
            format!("resolved: {}", fact(&matter.facts))
        }
        _ => fact(&matter.facts),
    };
    let at = &matter.at;
    let source = matter.source.as_ref().map_or_else(String::new, |source| format!(" · {}", source.name));
    Words {
        title: format!("{site}{fact}"),
        lines: reason(&matter.reason).into_iter().chain(coverage(&matter.facts)).collect(),
        items: items(&matter.facts),
        meta: format!("{}{source} · {}, {} {}", matter.severity.word(), at.date, at.time, at.zone),
        ..Words::default()
    }
}

fn fact(facts: &Facts) -> String {
    match facts {
        Facts::Threshold { metric, bound, limit, value, scope, coverage, .. } => {
            let bound = match bound {
                Bound::Above => "above",
                Bound::Below => "below",
            };
            format!("{} {}{}, limit: {bound} {limit}", noun(*metric), number(*value, *coverage), place(scope))
        }
        Facts::Engines { metric, bound, limit, value, coverage, .. } => {
            let bound = match bound {
                Bound::Above => "above",
                Bound::Below => "below",
            };
            let what = match metric {
                EngineMetric::Saturated => "saturated engines",
                EngineMetric::MemoryFree => "MB of memory free on an engine",
            };
            let value = if coverage.answered == 0 { "unknown".to_owned() } else { value.to_string() };
            format!("{what} {value}, limit: {bound} {limit}")
        }
        Facts::Change { metric, turn, from, to, within, scope, coverage, .. } => {
            let turn = match turn {
                Turn::Rises => "rose",
                Turn::Falls => "fell",
            };
            format!(
                "{}{} {turn} from {from} to {} within {within}",
                noun(*metric),
                place(scope),
                number(*to, *coverage)
            )
        }
        Facts::Unreachable { coverage, .. } => {
            format!("{} of {} virtual proxies answered", coverage.answered, coverage.asked)
        }
        Facts::Unusual { metric, value, lowest, highest, scope, coverage, .. } => {
            format!("{} {}{}, usual: {lowest} to {highest}", noun(*metric), number(*value, *coverage), place(scope))
        }
        Facts::Absence { users, anonymous, scope, coverage } => format!(
            "users {}, anonymous sessions {}{}",
            number(*users, *coverage),
            number(*anonymous, *coverage),
            place(scope)
        ),
        Facts::SignedIn { count, first_ever } => {
            format!("signed in{}: {count}", if *first_ever { " for the first time" } else { "" })
        }
        Facts::Sessions { limit, at_limit, near, .. } => {
            format!("users at {limit} sessions: {at_limit}, users with one left: {near}")
        }
        Facts::Certificate { name, until, .. } => format!("certificate {name} expires on {}", until.date),
        Facts::Stale { from, to, polls, .. } => {
            format!("headcount: {polls} checks missed between {} and {}", instant(from), instant(to))
        }
        Facts::Several { .. } => "several findings".to_owned(),
        Facts::Notice(Notice::ChannelDown { channel, waiting, .. }) => {
            format!("headcount: channel {channel} takes no messages, waiting: {waiting}")
        }
        Facts::Notice(Notice::ChannelWell { channel, waiting, .. }) => {
            format!("headcount: channel {channel} takes messages again, waiting: {waiting}")
        }
        Facts::Notice(Notice::Restart(restart)) => restarting(restart),
        Facts::Notice(Notice::LogOut(log_out)) => {
            format!("restart of Qlik Sense planned, {}: please save your work and log out", instant(&log_out.planned))
        }
        Facts::Heartbeat { channel, quiet_for, .. } => {
            format!("headcount: still here, nothing was sent to {channel} for {quiet_for}")
        }
        Facts::Summary { why, count, .. } => match why {
            WhyHeld::Quiet { from, to } => {
                format!("headcount: {count} held between {} and {}", instant(from), instant(to))
            }
            WhyHeld::Capped { per_hour, .. } => {
                format!("headcount: {count} held, no more than {per_hour} an hour are sent")
            }
        },
        Facts::Closed { title, .. } => format!("closed: {title}"),
        Facts::Digest(digest) => looked_back(digest),
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

fn place(scope: &Scope) -> String {
    match scope.over {
        None => String::new(),
        Some(over) => {
            format!(", {} {}", over.replace('_', " "), if scope.part.is_empty() { "default" } else { &scope.part })
        }
    }
}

fn noun(metric: Metric) -> &'static str {
    match metric {
        Metric::Sessions => "sessions",
        Metric::Users => "users",
        Metric::Anonymous => "anonymous sessions",
        Metric::SessionsOfOneUser => "sessions of one user",
        Metric::Joined => "users who came",
        Metric::Left => "users who went",
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
        Reason::Opened { since, .. } => Some(format!("Since {}, {} {}.", since.date, since.time, since.zone)),
        Reason::Still { since, lasted, .. } => {
            Some(format!("Still so after {lasted}, since {}, {} {}.", since.date, since.time, since.zone))
        }
        Reason::Resolved { lasted, .. } => Some(format!("It lasted {lasted}.")),
        Reason::Flapping { times, lasted, .. } => {
            Some(format!("It is flapping: {times} times in {lasted}. It is told again when it is calm."))
        }
        Reason::Calm { times, lasted, .. } => Some(format!("It is calm again, after {times} times in {lasted}.")),
        Reason::Event | Reason::Scheduled { late_by: None, .. } => None,
        Reason::Scheduled { late_by: Some(late), .. } => Some(format!("This report is {late} late.")),
        Reason::Before { maintenance, begins, .. } => {
            Some(format!("Before maintenance {maintenance}, {}.", instant(begins)))
        }
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
        Facts::Engines { coverage, .. } if !coverage.is_full() => {
            Some(format!("{} of {} engines did not answer.", coverage.asked - coverage.answered, coverage.asked))
        }
        _ => None,
    }
}

fn restarting(restart: &Restart) -> String {
    let step = match restart.step {
        Step::Planned => "restart planned",
        Step::StillOn => "restart planned, people are still on",
        Step::Clear => "clear for the restart",
        Step::Overdue => "time for the restart, people are still on",
        Step::CalledOff => "restart called off",
    };
    let planned = restart.planned.as_ref().map_or_else(String::new, |at| format!(", {}", instant(at)));
    match restart.counts {
        Some(counts) => format!("{step}{planned}, users {}", number(counts.users, restart.coverage)),
        None => format!("{step}{planned}, who is on is not known"),
    }
}

fn looked_back(digest: &Digest) -> String {
    let people = digest.usage.people.now.map_or_else(|| "unknown".to_owned(), |people| people.to_string());
    let least = if digest.watched.is_full() { "" } else { "at least " };
    format!("{} to {}, people {least}{people}", digest.from.date, digest.last_day.date)
}

fn instant(moment: &Moment) -> String {
    format!("{}, {} {}", moment.date, moment.time, moment.zone)
}

fn items(facts: &Facts) -> Vec<String> {
    let silent = match facts {
        Facts::Engines { engines, .. } => {
            let why = |why: &Option<String>| why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
            return engines.iter().map(|engine| format!("{}{}", engine.host, why(&engine.why))).collect();
        }
        Facts::Unreachable { silent, .. } | Facts::Who { silent, .. } => silent,
        Facts::Notice(Notice::Restart(restart)) => &restart.silent,
        Facts::Notice(Notice::ChannelDown { why, .. }) => return vec![why.clone()],
        Facts::Closed { incidents, .. } => {
            let told = incidents.iter().map(|one| {
                format!("{}: {}, from {} to {}", one.title, one.lasted, instant(&one.since), instant(&one.until))
            });
            return told.collect();
        }
        Facts::Summary { entries, .. } => {
            return entries.iter().map(|entry| format!("{}: {}", instant(&entry.at), entry.title)).collect();
        }
        _ => return Vec::new(),
    };
    silent
        .iter()
        .map(|one| {
            let prefix = if one.prefix.is_empty() { "default virtual proxy" } else { &one.prefix };
            format!("{prefix} on {}: {}", one.proxy, one.why)
        })
        .collect()
}
