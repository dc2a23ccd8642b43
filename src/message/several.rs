//! Findings of one poll for one channel, as one message.

use super::{Facts, Kind, Message, Person, Reason, Severity};

/// Puts messages about one site together. One alone stays as it is; of none there is nothing to tell.
///
/// The whole matters as much as its most severe part that is not over; it is an all-clear only when every part is one. Where it
/// helps any of them to see who is on, the whole has one list of `everyone`; those whom one part alone is about stay with it.
pub fn several(mut parts: Vec<Message>, everyone: &[Person]) -> Option<Message> {
    if parts.len() < 2 {
        return parts.pop();
    }
    let over = |part: &&Message| part.kind == Kind::Resolved;
    let kind = if parts.iter().any(|part| part.kind == Kind::Alert) {
        Kind::Alert
    } else if parts.iter().all(|part| over(&part)) {
        Kind::Resolved
    } else {
        Kind::Repeat
    };
    let mut people = Vec::new();
    for part in parts.iter_mut().filter(|part| part.helped_by_people()) {
        if !part.people.is_empty() && people.is_empty() {
            people = everyone.to_vec();
        }
        part.people.clear();
    }
    let severity = parts.iter().filter(|part| kind == Kind::Resolved || !over(part)).map(|part| part.severity).max();
    Some(Message {
        kind,
        severity: severity.unwrap_or(Severity::Info),
        reason: Reason::Event,
        site: parts[0].site.clone(),
        source: None,
        at: parts[0].at.clone(),
        facts: Facts::Several { parts },
        people,
        chart: None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn told(names: &[&str]) -> Option<(Kind, Severity, usize)> {
        let all = sample::all();
        let part = |name: &&str| all.iter().find(|(known, _)| known == name).unwrap().1.clone();
        several(names.iter().map(part).collect(), &[]).map(|message| {
            let parts = if let Facts::Several { parts } = &message.facts { parts.len() } else { 1 };
            (message.kind, message.severity, parts)
        })
    }

    #[test]
    fn the_whole_is_what_its_parts_are() {
        for (parts, whole) in [
            (&[][..], None),
            (&["resolved_blind"], Some((Kind::Resolved, Severity::Critical, 1))),
            (&["alert_crowded", "alert_blind"], Some((Kind::Alert, Severity::Critical, 2))),
            (&["alert_crowded", "resolved_blind"], Some((Kind::Alert, Severity::Warning, 2))),
            (&["repeat_crowded", "resolved_blind"], Some((Kind::Repeat, Severity::Warning, 2))),
            (&["resolved_crowded", "resolved_blind"], Some((Kind::Resolved, Severity::Critical, 2))),
        ] {
            assert_eq!(told(parts), whole, "{parts:?}");
        }
    }
}
