//! A poll in which one session of a hundred has changed, by the number of sessions.
//!
//! `cargo bench --bench change`. Prints medians in milliseconds: of the poll's commit alone, and of all that follows the answers'
//! arrival (parse, count, compare, commit to a store on this disk). The sessions are spread over eight virtual proxies.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use headcount::judge::Judgement;
use headcount::outbox::Outgoing;
use headcount::qlik::parse_sessions;
use headcount::snapshot::{Observation, Pair, Snapshot};
use headcount::store::{Poll, Recorded, Slot, Store};
use jiff::{SignedDuration, Timestamp};

const ROUNDS: usize = 101;
const PAIRS: usize = 8;
const INTERVAL: SignedDuration = SignedDuration::from_secs(60);

/// One answer for each virtual proxy; the nth session is somebody else's from the round on in which its turn came.
fn answers(sessions: usize, people: usize, round: usize) -> Vec<String> {
    let changed = (sessions / 100).max(1);
    let mut bodies = vec![String::from("["); PAIRS];
    for i in 0..sessions {
        let turns = (round * changed + sessions - 1 - i) / sessions;
        let body = &mut bodies[i % PAIRS];
        let comma = if body.len() == 1 { "" } else { "," };
        let _ = write!(
            body,
            r#"{comma}{{"UserDirectory":"CORP","UserId":"user{:05}","Attributes":[{{"Group":"Everyone"}}],"SessionId":"{i:08x}-51b7-4a88-93ce-{turns:012x}"}}"#,
            (i + turns * 7) % people,
        );
    }
    bodies.into_iter().map(|body| body + "]").collect()
}

fn median(mut took: Vec<f64>) -> f64 {
    took.sort_by(f64::total_cmp);
    took[took.len() / 2]
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("{:>8} {:>8} {:>10} {:>10} {:>10}", "sessions", "people", "changed", "commit ms", "poll ms");
    for (sessions, people) in [(100, 100), (1_000, 1_000), (2_000, 2_000), (10_000, 7_001)] {
        let folder = tempfile::TempDir::new().expect("a folder");
        let store = Store::open(&folder.path().join("headcount.db")).await.expect("a store");
        let site: Arc<str> = "bench".into();
        let mut previous = Timestamp::from_second(1_770_000_000).expect("a time");
        store.last_slot("check", previous).await.expect("a schedule");
        let (mut commits, mut polls, mut changed) = (Vec::new(), Vec::new(), 0);
        for round in 0..=ROUNDS {
            let bodies = answers(sessions, people, round);
            let slot = Slot { schedule: "check".into(), previous, slot: previous + INTERVAL };
            previous = slot.slot;
            let begun = Instant::now();
            let pairs = bodies.iter().enumerate().map(|(nth, body)| {
                let pair = Pair { proxy: "sense".into(), prefix: format!("vp{nth}").into() };
                (pair, Observation::Seen(parse_sessions(body.as_bytes()).expect("sessions")))
            });
            let snapshot = &Snapshot::new(site.clone(), slot.slot, pairs.collect(), |_| false);
            let (counts, judgement) = (snapshot.counts(), &Judgement::default());
            let poll = Poll {
                snapshot,
                counts,
                rules: &[],
                judgement,
                outgoing: &Outgoing::default(),
                slot: &slot,
                interval: INTERVAL,
            };
            let parsed = Instant::now();
            let recorded = store.record(&poll).await.expect("a commit");
            if round > 0 {
                commits.push(parsed.elapsed().as_secs_f64() * 1e3);
                polls.push(begun.elapsed().as_secs_f64() * 1e3);
                let Recorded::Done { began, ended } = recorded else { panic!("{recorded:?}") };
                assert_eq!((began, ended), ((sessions / 100).max(1), (sessions / 100).max(1)));
                changed = began;
            }
        }
        println!("{sessions:>8} {people:>8} {changed:>10} {:>10.2} {:>10.2}", median(commits), median(polls));
    }
}
