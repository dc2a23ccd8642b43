//! Findings as messages.

use jiff::tz::TimeZone;

use super::engine;
use super::{Facts, Kind, Message, Moment, Named, Reason, Silent, clean, lasting};
use crate::duration;
use crate::judge::{Finding, FindingFacts, Why};
use crate::snapshot::Snapshot;

/// One message for each finding, in their order.
pub fn alerts(findings: &[Finding], snapshot: &Snapshot, link: Option<&str>, zone: &TimeZone) -> Vec<Message> {
    findings.iter().map(|finding| alert(finding, snapshot, link, zone)).collect()
}

fn alert(finding: &Finding, snapshot: &Snapshot, link: Option<&str>, zone: &TimeZone) -> Message {
    let at = snapshot.at();
    let moment = |instant| Moment::new(instant, zone);
    let (kind, reason) = match finding.why {
        Why::Opened { since } => (Kind::Alert, Reason::Opened { since: moment(since) }),
        Why::Still { since, told } => {
            (Kind::Repeat, Reason::Still { since: moment(since), lasted: lasting(at.duration_since(since)), told })
        }
        Why::Resolved { since } => {
            (Kind::Resolved, Reason::Resolved { since: moment(since), lasted: lasting(at.duration_since(since)) })
        }
        Why::Event => (Kind::Alert, Reason::Event),
    };
    let facts = match finding.facts {
        FindingFacts::Threshold { metric, bound, limit, clear, value, coverage } => {
            Facts::Threshold { metric, bound, limit, clear, value, coverage }
        }
        FindingFacts::Engines { metric, bound, limit, clear, value, coverage } => {
            Facts::Engines { metric, bound, limit, clear, value, coverage, engines: engine::lines(snapshot) }
        }
        FindingFacts::Change { metric, turn, from, to, by, percent, within, coverage } => {
            Facts::Change { metric, turn, from, to, by, percent, within: duration::show(within), coverage }
        }
        FindingFacts::Unreachable { coverage } => Facts::Unreachable { silent: silent(snapshot), coverage },
    };
    Message {
        kind,
        severity: finding.rule.severity,
        reason,
        site: Some(Named { name: snapshot.site().to_string(), link: link.map(str::to_owned) }),
        source: Some(Named { name: finding.rule.name.to_string(), link: finding.rule.link.clone() }),
        at: moment(at),
        facts,
        people: Vec::new(),
        chart: None,
    }
}

/// The pairs that did not answer, with why in few words.
pub(super) fn silent(snapshot: &Snapshot) -> Vec<Silent> {
    snapshot
        .silent()
        .map(|(pair, why)| Silent { proxy: clean(&pair.proxy), prefix: clean(&pair.prefix), why: clean(&why.what) })
        .collect()
}
