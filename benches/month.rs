//! Makes a month of a site with 2,000 people on, polled once a minute, as the daemon would have recorded it, for `replay`.
//!
//! `cargo bench --bench month -- FOLDER [DAYS] [--history]`. Writes `FOLDER/state/headcount.db`, the rules, and with `--history`
//! the same polls as JSON Lines. Prints what it made, and the commands that play it.

use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use headcount::judge::Judgement;
use headcount::outbox::Outgoing;
use headcount::secret::Secret;
use headcount::snapshot::{Observation, Pair, Session, Snapshot, Unseen, UnseenKind, User};
use headcount::store::{Poll, Slot, Store};
use jiff::{SignedDuration, Timestamp};

const PEOPLE: usize = 2_000;
/// Whoever works there; not all are on at once.
const EMPLOYED: usize = 4_000;
/// So many come, and as many go, each minute: a session lasts four hours.
const TURNOVER: usize = PEOPLE / 240;
/// Monday, 2 March 2026, at midnight.
const START: i64 = 1_772_409_600;

const CONFIG: &str = r#"checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded, deserted, mass-logout, blind, myself]}
rules:
  crowded: {threshold: {metric: users, above: 1990, clear: 1950, for: 3m}, damp: {openings: 4, within: 30m}, tell: [ops]}
  deserted: {threshold: {metric: sessions, below: 500, for: 5m}, tell: [ops]}
  mass-logout: {change: {metric: sessions, falls: 50%, within: 5m, at_least: 20}, severity: critical, tell: [ops]}
  blind: {unreachable: {for: 2m}, severity: critical, tell: [ops]}
  myself: {stale: {for: 10m}, tell: [ops]}
maintenance:
  patch: {site: prod, cron: "0 22 * * SUN", lasts: 2h}
"#;

struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % most
    }
}

/// Who is on: a place for each session, and the person in it.
struct Site {
    dice: Dice,
    on: Vec<(usize, u64)>,
    sessions: u64,
}

impl Site {
    fn new() -> Self {
        let mut site = Self { dice: Dice(42), on: Vec::new(), sessions: 0 };
        for person in 0..PEOPLE {
            site.sessions += 1;
            site.on.push((person * 2, site.sessions));
        }
        site
    }

    fn turn(&mut self) {
        for _ in 0..TURNOVER {
            let (place, person) = (self.dice.below(PEOPLE), self.dice.below(EMPLOYED));
            self.sessions += 1;
            self.on[place] = (person, self.sessions);
        }
    }

    /// The sessions of every third place are on `hr`.
    fn sessions(&self, hr: bool) -> Vec<Session> {
        let here = self.on.iter().enumerate().filter(|(place, _)| (place % 3 == 0) == hr);
        let session = |(_, (person, session)): (usize, &(usize, u64))| Session {
            id: Secret::new(format!("{session:08x}-51b7-4a88-93ce-0123456789ab")),
            user: User { directory: "CORP".into(), id: format!("user{person:04}").into(), name: None },
        };
        here.map(session).collect()
    }
}

fn line(at: Timestamp, pair: &Pair, observation: &Observation) -> String {
    let mut line = format!("{{\"at\":\"{at}\",\"proxy\":\"{}\",\"prefix\":\"{}\",", pair.proxy, pair.prefix);
    match observation {
        Observation::Unseen(why) => {
            let _ = write!(line, "\"error\":\"{}\"}}", why.kind.word());
        }
        Observation::Seen(sessions) => {
            line.push_str("\"people\":[");
            for (i, session) in sessions.iter().enumerate() {
                let comma = if i == 0 { "" } else { "," };
                let _ = write!(line, "{comma}[\"{}\",\"{}\",1]", session.user.directory, session.user.id);
            }
            line.push_str("]}");
        }
    }
    line.push('\n');
    line
}

#[expect(clippy::print_stdout, reason = "it says what it made")]
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let history = words.iter().any(|word| word == "--history");
    let mut words = words.iter().filter(|word| !word.starts_with("--"));
    let Some(folder) = words.next().map(PathBuf::from) else {
        println!("give a folder: cargo bench --bench month -- FOLDER [DAYS] [--history]");
        return;
    };
    let days: i64 = words.next().map_or(30, |days| days.parse().expect("a number of days"));
    std::fs::create_dir_all(folder.join("state")).expect("a folder");
    std::fs::write(folder.join("headcount.yaml"), CONFIG).expect("the rules");
    let database = folder.join("state/headcount.db");
    let store = Store::open(&database).await.expect("a store");
    let file = folder.join("history.jsonl");
    let mut lines = history.then(|| BufWriter::new(std::fs::File::create(&file).expect("a history")));
    let (mut site, name, interval): (_, Arc<str>, _) = (Site::new(), "prod".into(), SignedDuration::from_mins(1));
    let (judgement, outgoing) = (Judgement::default(), Outgoing::default());
    let begun = Instant::now();
    let mut previous = Timestamp::from_second(START - 60).expect("an instant");
    store.last_slot("check", previous).await.expect("a schedule");
    for minute in 0..days * 1_440 {
        let at = Timestamp::from_second(START + minute * 60).expect("an instant");
        site.turn();
        // Once a day one virtual proxy is silent for five minutes.
        let gone = (600..605).contains(&(minute % 1_440));
        let pair = |prefix: &str| Pair { proxy: "sense.example.com".into(), prefix: prefix.into() };
        let hr = if gone {
            let (tried, what, advice) = (String::new(), "no answer within 5s".to_owned(), String::new());
            Observation::Unseen(Unseen { kind: UnseenKind::Timeout, tried, what, advice })
        } else {
            Observation::Seen(site.sessions(true))
        };
        let pairs = vec![(pair(""), Observation::Seen(site.sessions(false))), (pair("hr"), hr)];
        if let Some(lines) = &mut lines {
            for (pair, observation) in &pairs {
                lines.write_all(line(at, pair, observation).as_bytes()).expect("a line");
            }
        }
        let snapshot = Snapshot::new(name.clone(), at, pairs, |_| false);
        let slot = Slot { schedule: "check".to_owned(), previous, slot: at };
        let (counts, rules, outgoing) = (snapshot.counts(), &[][..], &outgoing);
        let (snapshot, judgement, slot) = (&snapshot, &judgement, &slot);
        let poll = Poll { snapshot, counts, rules, judgement, outgoing, slot, interval };
        store.record(&poll).await.expect("a commit");
        previous = at;
    }
    store.close().await;
    if let Some(mut lines) = lines {
        lines.flush().expect("a history");
    }
    let mebibytes = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |file| file.len() >> 20);
    let last = previous.strftime("%Y-%m-%d");
    println!("{} polls of {PEOPLE} people, {} sessions, in {:.0?}", days * 1_440, site.sessions, begun.elapsed());
    println!("{} ({} MiB)", database.display(), mebibytes(&database));
    println!(
        "headcount replay --config {0}/headcount.yaml --state {0}/state --site prod --from 2026-03-02 --to {last}",
        folder.display()
    );
    if history {
        println!("{} ({} MiB)", file.display(), mebibytes(&file));
        println!("headcount replay --history {0}/history.jsonl --rules {0}/headcount.yaml", folder.display());
    }
}
