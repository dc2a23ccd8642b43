//! What is known after a poll, as the store would have it.

use jiff::{SignedDuration, Timestamp};

use crate::judge::{IncidentId, Judgement, Past, PastReading, Rule, newest_events};
use crate::snapshot::Snapshot;
use std::sync::Arc;

pub(super) fn after(past: &mut Past, rules: &[Arc<Rule>], snapshot: &Snapshot, judged: &Judgement, next: &mut i64) {
    let now = snapshot.at();
    let looks_back = rules.iter().filter_map(|rule| rule.kind.looks_back()).max().unwrap_or(SignedDuration::ZERO);
    let back_to = now.checked_sub(looks_back).unwrap_or(Timestamp::MIN);
    let newest = newest_events(&past.incidents);
    past.incidents.retain(|incident| {
        let dropped = incident.id.is_some_and(|id| judged.dropped.contains(&id));
        let changed = judged.changed.iter().any(|other| other.id == incident.id);
        let old = incident.is_event() && incident.since < back_to && !newest.contains(&incident.id);
        !(dropped || changed || old)
    });
    for incident in &judged.changed {
        let mut incident = incident.clone();
        if incident.id.is_none() {
            incident.id = Some(IncidentId(*next));
            *next += 1;
        }
        if incident.is_remembered() {
            past.incidents.insert(0, incident);
        }
    }
    let last_poll = past.last_poll.replace(now);
    if last_poll.is_some_and(|last| now < last) {
        past.readings.clear();
    }
    Arc::make_mut(&mut past.memory).after(rules, snapshot, judged, past.interval);
    for flap in &judged.flaps {
        past.flaps.retain(|known| !known.is_of(&flap.rule, flap.part.as_deref()));
        past.flaps.extend(Some(flap.clone()).filter(|flap| !flap.is_nothing()));
    }
    past.blind_until = past.blind_until.max(judged.blind_until);
    past.readings.retain(|reading| reading.to >= back_to);
    let coverage = snapshot.coverage();
    if coverage.is_full() {
        let (counts, asked) = (snapshot.counts(), coverage.asked);
        let longest = past.interval * 2 + SignedDuration::from_secs(60);
        let goes_on = |last: &PastReading| Some(last.to) == last_poll && now.duration_since(last.to) <= longest;
        match past.readings.last_mut() {
            Some(last) if last.counts == counts && last.asked == asked && goes_on(last) => last.to = now,
            _ => past.readings.push(PastReading { from: now, to: now, counts, asked }),
        }
    }
}
