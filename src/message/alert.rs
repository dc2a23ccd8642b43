//! Findings as messages.

use std::collections::HashSet;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::engine;
use super::who::{self, KnownNames};
use super::{
    Away, Bound, Facts, Furthest, Kind, Message, Moment, Named, Person, Reason, Scope, Silent, clean, lasting,
};
use crate::duration;
use crate::judge::{self, Finding, FindingFacts, Watched, When, Who, Why};
use crate::snapshot::{Counts, Coverage, Pair, Session, Snapshot};

/// One message for each finding, in their order. `names` gives what the store knows of people whom the site did not name.
pub fn alerts(
    findings: &[Finding],
    snapshot: &Snapshot,
    names: &KnownNames,
    link: Option<&str>,
    zone: &TimeZone,
) -> Vec<Message> {
    findings.iter().map(|finding| alert(finding, snapshot, names, link, zone)).collect()
}

fn alert(finding: &Finding, snapshot: &Snapshot, names: &KnownNames, link: Option<&str>, zone: &TimeZone) -> Message {
    let at = snapshot.at();
    let moment = |instant| Moment::new(instant, zone);
    let (kind, reason) = match finding.why {
        Why::Opened { since } => {
            (Kind::Alert, Reason::Opened { since: moment(since), lasted: lasting(at.duration_since(since)) })
        }
        Why::Still { since, told } => {
            (Kind::Repeat, Reason::Still { since: moment(since), lasted: lasting(at.duration_since(since)), told })
        }
        Why::Resolved { since, until } => {
            let peak = finding.incident.peak.map(|peak| Furthest { value: peak.value, at: moment(peak.at) });
            let lasted = lasting(until.duration_since(since));
            (Kind::Resolved, Reason::Resolved { since: moment(since), until: moment(until), lasted, peak })
        }
        Why::Flapping { since, times, rest } => {
            let (lasted, rest) = (lasting(at.duration_since(since)), lasting(rest));
            (Kind::Alert, Reason::Flapping { since: moment(since), times, lasted, rest })
        }
        Why::Calm { since, until, times, rest } => {
            let (lasted, rest) = (lasting(until.duration_since(since)), lasting(rest));
            (Kind::Resolved, Reason::Calm { since: moment(since), until: moment(until), times, lasted, rest })
        }
        Why::Event => (Kind::Alert, Reason::Event),
    };
    let scope = scope(finding);
    let on = |coverage: Coverage| {
        (coverage.answered > 0).then(|| Counts::of(counted(finding, snapshot).map(|(_, session)| session)))
    };
    let mut people = Vec::new();
    let facts = match finding.facts.clone() {
        FindingFacts::Threshold { metric, bound, limit, clear, value, coverage } => {
            Facts::Threshold { metric, bound, limit, clear, value, on: on(coverage), scope, coverage }
        }
        FindingFacts::Engines { metric, bound, limit, clear, value, coverage } => {
            let (on, engines) = (on(snapshot.coverage()), engine::lines(snapshot));
            Facts::Engines { metric, bound, limit, clear, value, on, coverage, engines }
        }
        FindingFacts::Change { metric, turn, from, to, by, percent, within, coverage } => {
            let (within, on) = (duration::show(within), on(coverage));
            Facts::Change { metric, turn, from, to, by, percent, within, on, scope, coverage }
        }
        FindingFacts::Unreachable { coverage } => {
            let asked = |pair: &Pair| finding.rule.narrowed.has_pair(pair);
            let trouble = super::trouble::of(snapshot, &asked);
            Facts::Unreachable { silent: silent_of(snapshot, asked), trouble, coverage }
        }
        FindingFacts::Unusual { metric, value, usual, coverage } => {
            let bound = if value < usual.lowest { Bound::Below } else { Bound::Above };
            let (lowest, highest, weeks) = (usual.lowest, usual.highest, usual.weeks);
            Facts::Unusual { metric, bound, value, lowest, highest, weeks, on: on(coverage), scope, coverage }
        }
        FindingFacts::Absence { counts, coverage } => {
            Facts::Absence { users: counts.users, anonymous: counts.anonymous, scope, coverage }
        }
        FindingFacts::SignedIn { when, people: signed_in, .. } => {
            people = watched(snapshot, &signed_in, finding, names);
            Facts::SignedIn { count: signed_in.len() as u64, first_ever: when == When::FirstEver }
        }
        FindingFacts::Sessions { limit, people: climbed, .. } => {
            people = watched(snapshot, &climbed, finding, names);
            who::most_sessions_first(&mut people);
            let at_limit = climbed.iter().filter(|one| one.sessions >= limit).count() as u64;
            let most = climbed.iter().map(|one| one.sessions).max().unwrap_or(0);
            Facts::Sessions { limit, at_limit, near: climbed.len() as u64 - at_limit, most }
        }
        FindingFacts::Certificate { certificate } => Facts::Certificate {
            of: certificate.of,
            name: clean(&certificate.name),
            until: moment(certificate.until),
            left: lasting(certificate.until.duration_since(at).max(SignedDuration::ZERO)),
            expired: certificate.until <= at,
        },
        FindingFacts::Stale { from, to, polls, why } => {
            let because = why.map(|why| away(why, zone));
            Facts::Stale {
                from: moment(from),
                to: moment(to),
                lasted: lasting(to.duration_since(from)),
                polls,
                because,
            }
        }
    };
    let mut message = Message {
        kind,
        severity: finding.rule.severity,
        reason,
        site: Some(Named { name: snapshot.site().to_string(), link: link.map(str::to_owned) }),
        source: Some(Named { name: finding.rule.name.to_string(), link: finding.rule.link.clone() }),
        at: moment(at),
        facts,
        people,
        chart: None,
    };
    // What is over, or comes and goes, needs nobody's attention.
    if message.helped_by_people() && matches!(finding.why, Why::Opened { .. } | Why::Still { .. } | Why::Event) {
        message.people = who::people(counted(finding, snapshot), names);
        who::most_sessions_first(&mut message.people);
    }
    message
}

/// The sessions that its rule counts: of the whole site, or of one part, of all people or of some.
fn counted<'s>(finding: &'s Finding, snapshot: &'s Snapshot) -> impl Iterator<Item = (&'s Pair, &'s Session)> {
    let (narrowed, over) = (&finding.rule.narrowed, finding.rule.kind.over());
    let part = finding.incident.part.as_deref();
    snapshot.sessions().filter(move |(pair, session)| {
        narrowed.has_pair(pair)
            && narrowed.has_session(session)
            && part.is_none_or(|part| over.contains(part, pair, session))
    })
}

fn away(why: judge::Away, zone: &TimeZone) -> Away {
    let moment = |instant| Moment::new(instant, zone);
    match why {
        judge::Away::Stopped { from, to } => Away::Stopped { from: moment(from), to: moment(to) },
        judge::Away::Killed { to } => Away::Killed { to: moment(to) },
        judge::Away::Restarted { to } => Away::Restarted { to: moment(to) },
        judge::Away::Asleep { length } => Away::Asleep { length: lasting(length) },
        judge::Away::ClockSet { ahead } => Away::ClockSet { ahead: lasting(ahead) },
        judge::Away::StoreLocked => Away::StoreLocked,
        judge::Away::DiskFull => Away::DiskFull,
        judge::Away::StoreFailed => Away::StoreFailed,
        judge::Away::Slow => Away::Slow,
    }
}

/// The people that it is about, as they are on now.
fn watched(snapshot: &Snapshot, watched: &[Watched], finding: &Finding, names: &KnownNames) -> Vec<Person> {
    let wanted: HashSet<&Who> = watched.iter().map(|watched| &watched.who).collect();
    let sessions = counted(finding, snapshot).filter(|(_, session)| wanted.contains(&Who::of(&session.user)));
    who::people(sessions, names)
}

/// Where its rule counted.
fn scope(finding: &Finding) -> Scope {
    let part = finding.incident.part.as_deref();
    Scope {
        over: part.map(|_| finding.rule.kind.over().word()),
        part: part.map(clean).unwrap_or_default(),
        narrowed: finding.rule.narrowed.narrows(),
    }
}

/// The pairs that did not answer, with why in few words.
pub(super) fn silent(snapshot: &Snapshot) -> Vec<Silent> {
    silent_of(snapshot, |_| true)
}

fn silent_of(snapshot: &Snapshot, asked: impl Fn(&Pair) -> bool) -> Vec<Silent> {
    snapshot
        .silent()
        .filter(|(pair, _)| asked(pair))
        .map(|(pair, why)| Silent { proxy: clean(&pair.proxy), prefix: clean(&pair.prefix), why: clean(&why.what) })
        .collect()
}
