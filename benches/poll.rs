//! A poll of 10,000 unchanged sessions beside parsing alone, in one run.
//!
//! `cargo bench --bench poll`. Prints medians in milliseconds and their ratio. The poll is all that follows the answer's
//! arrival: parse, count, judge by three rules, compare with the open spans, and commit to a store on this disk. Every other
//! poll also keeps how four engines are, as digests want it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use headcount::judge::{
    self, Amount, Bound, Change, HoldFor, Metric, Over, Parts, Rule, RuleKind, Severity, Threshold, Turn, Unreachable,
    Where,
};
use headcount::outbox::Outgoing;
use headcount::qlik::parse_sessions;
use headcount::snapshot::{Engine, Health, Observation, Pair, Snapshot};
use headcount::store::{Poll, Recorded, Slot, Store};
use jiff::{SignedDuration, Timestamp};

const SESSIONS: usize = 10_000;
const ROUNDS: i64 = 101;

fn answer() -> String {
    let mut body = String::from("[");
    for i in 0..SESSIONS {
        let comma = if i == 0 { "" } else { "," };
        let _ = write!(
            body,
            r#"{comma}{{"UserDirectory":"CORP","UserId":"user{:05}","Attributes":[{{"Group":"Everyone"}}],"SessionId":"{:08x}-51b7-4a88-93ce-{:012x}"}}"#,
            i % 7_001,
            i * 2_654_435_761 % 4_294_967_296,
            i * 7_919
        );
    }
    body.push(']');
    body
}

fn rules() -> Vec<Arc<Rule>> {
    let rule = |name: &str, kind| {
        let (tell, severity, narrowed) = (vec!["ops".into()], Severity::Warning, Where::default());
        let (repeat, link, during, damp) = (None, None, None, None);
        Arc::new(Rule { name: name.into(), kind, severity, tell, repeat, link, narrowed, during, damp })
    };
    let hold = HoldFor::Lasting(SignedDuration::from_mins(3));
    let within = SignedDuration::from_mins(5);
    vec![
        rule(
            "crowded",
            RuleKind::Threshold(Threshold {
                metric: Metric::Users,
                bound: Bound::Above,
                limit: 20_000,
                clear: 18_000,
                hold,
                over: Over::Site,
            }),
        ),
        rule(
            "logout",
            RuleKind::Change(Change {
                metric: Metric::Sessions,
                turn: Turn::Falls,
                amount: Amount::Percent(50),
                within,
                at_least: 20,
                over: Over::Site,
            }),
        ),
        rule("blind", RuleKind::Unreachable(Unreachable { parts: Parts::Any, hold })),
    ]
}

/// Four engines that are a little different each time.
fn engines(round: i64) -> Vec<Engine> {
    let health = |node: i64| Health {
        started: Some(Timestamp::from_second(1_769_000_000).expect("a time")),
        memory_free: Some((20_000 + round * 7 % 900 + node) as f64),
        memory_total: Some(32_767.0),
        saturated: Some(round % 9 == 0),
        users_active: Some(7),
        ..Health::default()
    };
    (0..4).map(|node| Engine { host: format!("sense{node}").into(), health: Ok(health(node)) }).collect()
}

async fn poll(
    store: &Store,
    rules: &[Arc<Rule>],
    body: &[u8],
    (slot, interval): (&Slot, SignedDuration),
    engines: Vec<Engine>,
) -> Recorded {
    let site: Arc<str> = "bench".into();
    let past = store.past(&site, slot.slot, Some(SignedDuration::from_mins(5)), interval).await.expect("a past");
    let sessions = parse_sessions(body).expect("sessions");
    let pair = Pair { proxy: "sense".into(), prefix: "".into() };
    let snapshot = Snapshot::new(site, slot.slot, vec![(pair, Observation::Seen(sessions))], |_| false);
    let snapshot = snapshot.with_engines(engines);
    let counts = snapshot.counts();
    let judgement = judge::judge(rules, &snapshot, counts, &past);
    let (snapshot, judgement) = (&snapshot, &judgement);
    store
        .record(&Poll { snapshot, counts, rules, judgement, outgoing: &Outgoing::default(), slot, interval })
        .await
        .expect("a commit")
}

fn median(mut took: Vec<f64>) -> f64 {
    took.sort_by(f64::total_cmp);
    took[took.len() / 2]
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let store = Store::open(&folder.path().join("headcount.db")).await.expect("a store");
    let (body, rules, interval) = (answer(), rules(), SignedDuration::from_secs(60));
    let mut previous = Timestamp::from_second(1_770_000_000).expect("a time");
    store.last_slot("check", previous).await.expect("a schedule");
    let (mut parsing, mut polling, mut with_engines) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let begun = Instant::now();
        let sessions = parse_sessions(body.as_bytes()).expect("sessions");
        // Whoever parses must also let go of it.
        drop(sessions);
        let parsed = begun.elapsed().as_secs_f64() * 1e3;
        let slot = Slot { schedule: "check".into(), previous, slot: previous + interval };
        previous = slot.slot;
        let asked = if round % 2 == 0 { engines(round) } else { Vec::new() };
        let begun = Instant::now();
        let recorded = poll(&store, &rules, body.as_bytes(), (&slot, interval), asked).await;
        let polled = begun.elapsed().as_secs_f64() * 1e3;
        if round == 0 {
            assert_eq!(recorded, Recorded::Done { began: SESSIONS, ended: 0 });
            println!("the first poll, which records {SESSIONS} sessions: {polled:.1} ms");
        } else {
            assert_eq!(recorded, Recorded::Done { began: 0, ended: 0 });
            parsing.push(parsed);
            if round % 2 == 0 { with_engines.push(polled) } else { polling.push(polled) }
        }
    }
    let (parsing, polling, with_engines) = (median(parsing), median(polling), median(with_engines));
    println!("with the health of 4 engines {with_engines:.2} ms");
    println!(
        "{SESSIONS} sessions, {} KiB: parsing {parsing:.2} ms, a whole poll {polling:.2} ms, ratio {:.2}",
        body.len() / 1024,
        polling / parsing
    );
}
