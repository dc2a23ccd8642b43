//! Recorded histories, and the messages that a calm operator wants of each: no more, no fewer.
//!
//! `tests/fixtures/histories/README.md` says why.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::Command;

use headcount::config::Judging;
use headcount::judge::{Finding, Silence, judge};
use headcount::outbox::Outgoing;
use headcount::qlik::any_pattern;
use headcount::replay::{History, Player};
use headcount::snapshot::{Observation, Pair, Snapshot};
use headcount::store::{Poll, Recorded, Slot, Store};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Histories whose messages are not yet the wanted ones. One that begins to be must be taken out here.
const PENDING: [&str; 0] = [];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/histories")
}

/// Every history by its name, in order.
fn histories() -> Vec<String> {
    let folders = std::fs::read_dir(folder()).expect("a folder").map(|entry| entry.expect("an entry"));
    let mut names: Vec<_> = folders
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

fn expected(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder().join(name).join("expected.json")).expect("expectations");
    in_order(serde_json::from_str::<Vec<Value>>(&text).expect("a list"))
}

/// The order of the messages of one instant is not the point.
fn in_order(mut messages: Vec<Value>) -> Vec<Value> {
    let key = |message: &Value| ["at", "rule", "part", "kind"].map(|key| message[key].to_string());
    messages.sort_by_key(key);
    messages
}

/// The rules of a history, and the one check that it has.
fn judging(name: &str) -> Result<Judging, String> {
    Judging::load(&folder().join(name).join("rules.yaml"), None).map_err(|problems| problems.to_string())
}

/// One message that would be told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Played {
    pub(crate) at: Timestamp,
    pub(crate) kind: String,
    pub(crate) rule: String,
    pub(crate) part: Option<String>,
    severity: &'static str,
    tell: Vec<String>,
    /// Since when, how often, and what was seen: all that words are made of.
    told_of: String,
}

impl Played {
    fn of(finding: &Finding, at: Timestamp) -> Self {
        Self {
            at,
            kind: finding.why.word().to_owned(),
            rule: finding.rule.name.to_string(),
            part: finding.incident.part.as_deref().map(str::to_owned),
            severity: finding.rule.severity.word(),
            tell: finding.rule.tell.iter().map(ToString::to_string).collect(),
            told_of: format!("{:?} {:?} {:?}", finding.why, finding.facts, finding.incident.peak),
        }
    }

    fn message(&self) -> Value {
        let mut message = json!({
            "at": self.at.to_string(),
            "kind": self.kind,
            "rule": self.rule,
            "site": "prod",
            "severity": self.severity,
            "tell": self.tell,
        });
        if let Some(part) = &self.part {
            message["part"] = json!(part);
        }
        message
    }
}

/// What each poll saw.
pub(crate) type Polls = Vec<(Timestamp, Vec<(Pair, Observation)>)>;

fn polls(name: &str) -> Polls {
    let file = std::fs::File::open(folder().join(name).join("history.jsonl")).expect("a history");
    let mut history = History::new(BufReader::new(file));
    let mut polls = Vec::new();
    while let Some(poll) = history.next_poll().expect("a poll") {
        polls.push((poll.at, poll.pairs));
    }
    polls
}

/// Plays polls from memory alone.
pub(crate) fn through_memory(judging: &Judging, polls: &Polls) -> Vec<Played> {
    let check = &judging.checks[0];
    let maintenance = judging.maintenance_of(&check.site);
    let mut player = Player::new(check.site.clone(), check.rules.clone(), maintenance, Some(check.cron.clone()));
    let mut told = Vec::new();
    for (at, pairs) in polls {
        let excluded = |user: &_| any_pattern(&check.exclude, user);
        let (_, findings) = player.play(*at, pairs.clone(), excluded, check.cron.step_at(*at));
        told.extend(findings.iter().map(|finding| Played::of(finding, *at)));
    }
    told
}

/// Plays polls as the daemon does, with a store on the disk that is closed and opened again at every k-th poll.
pub(crate) async fn through_store(
    judging: &Judging,
    polls: &Polls,
    silences: &[Silence],
    database: &Path,
    reopened_every: usize,
) -> Vec<Played> {
    let check = &judging.checks[0];
    let maintenance = judging.maintenance_of(&check.site);
    let looks_back = check.rules.iter().filter_map(|rule| rule.kind.looks_back()).max();
    let mut store = Store::open(database).await.expect("a store");
    for silence in silences {
        store.add_silence(silence).await.expect("a silence");
    }
    let mut told = Vec::new();
    let mut previous = None;
    for (number, (at, pairs)) in polls.iter().enumerate() {
        let (at, interval) = (*at, check.cron.step_at(*at));
        if (number + 1) % reopened_every == 0 {
            store.close().await;
            store = Store::open(database).await.expect("a store");
        }
        let previous = previous.replace(at).unwrap_or(at - interval);
        let last = store.last_slot("check", previous).await.expect("a schedule");
        assert_eq!(last, previous, "the store knows where the schedule stands");
        let slot = Slot { schedule: "check".into(), previous, slot: at };
        let mut past = store.past(&check.site, at, looks_back, interval).await.expect("a past");
        past.memory = store.memory_of(&check.site, &check.rules, at).await.expect("a memory");
        past.note_schedules(at, Some(&check.cron), &maintenance);
        let excluded = |user: &_| any_pattern(&check.exclude, user);
        let snapshot = Snapshot::new(check.site.clone(), at, pairs.clone(), excluded);
        let counts = snapshot.counts();
        let judgement = judge(&check.rules, &snapshot, counts, &past);
        told.extend(judgement.findings.iter().map(|finding| Played::of(finding, at)));
        let (snapshot, rules, judgement, slot) = (&snapshot, &check.rules, &judgement, &slot);
        let poll = Poll { snapshot, counts, rules, judgement, outgoing: &Outgoing::default(), slot, interval };
        let done = store.record(&poll).await.expect("a commit");
        assert_ne!(done, Recorded::AlreadyDone, "at {at}");
    }
    store.close().await;
    told
}

/// Memory where there is some: nothing is to survive a power cut here, and it flushes at once.
pub(crate) fn quick_folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::TempDir::new_in(memory) } else { tempfile::TempDir::new() }.expect("a folder")
}

fn messages(told: &[Played]) -> Vec<Value> {
    in_order(told.iter().map(Played::message).collect())
}

/// What `headcount replay` tells of a store, without the words.
fn replayed(rules: &Path, state: &Path, days: (&str, &str)) -> Vec<Value> {
    let config = state.join("headcount.yaml");
    std::fs::write(&config, "time_zone: Europe/Stockholm\n").expect("a configuration");
    let done = Command::new(env!("CARGO_BIN_EXE_headcount"))
        .args(["replay", "--site", "prod", "--from", days.0, "--to", days.1, "--format", "json", "--rules"])
        .arg(rules)
        .arg("--config")
        .arg(config)
        .arg("--state")
        .arg(state)
        .env_clear()
        .output()
        .expect("the binary runs");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    let mut told: Vec<Value> = serde_json::from_slice(&done.stdout).expect("a list");
    for message in &mut told {
        let message = message.as_object_mut().expect("an object");
        let reason = message.remove("reason").expect("a reason");
        assert!(reason.as_str().is_some_and(|reason| reason.starts_with("prod: ")), "{reason}");
    }
    in_order(told)
}

/// A restart at every poll makes no difference, and what the store remembers is told as it was.
#[test]
fn each_history_is_told_the_same_through_a_store_that_is_opened_again_at_every_poll_and_from_what_it_remembers() {
    std::thread::scope(|scope| {
        let one = |name: String| {
            let Ok(judging) = judging(&name) else { return };
            let (polls, state) = (polls(&name), quick_folder());
            let wanted = through_memory(&judging, &polls);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let database = state.path().join("headcount.db");
            let told = runtime.block_on(through_store(&judging, &polls, &[], &database, 1));
            assert!(told == wanted, "{name}, in memory\n{wanted:#?}\nthrough a store\n{told:#?}");
            // The order of polls is lost where the clock was set back, and that is said.
            if name != "clock-step" {
                let rules = folder().join(&name).join("rules.yaml");
                let (told, wanted) = (replayed(&rules, state.path(), ("2026-01-01", "2026-12-31")), messages(&wanted));
                assert!(told == wanted, "{name}, in memory\n{}\nremembered\n{}", lines(&wanted), lines(&told));
            }
        };
        for name in histories() {
            scope.spawn(move || one(name));
        }
    });
}

fn lines(messages: &[Value]) -> String {
    messages.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_history_is_told_as_a_calm_operator_wants_it() {
    let mut wrong = Vec::new();
    for name in histories() {
        let (wanted, pending) = (expected(&name), PENDING.contains(&name.as_str()));
        match judging(&name).map(|judging| messages(&through_memory(&judging, &polls(&name)))) {
            Ok(told) if told == wanted && pending => {
                wrong.push(format!("{name} is told as it should be: take it out of PENDING"));
            }
            Ok(told) if told != wanted && !pending => {
                wrong.push(format!("{name} wants\n{}\nand is told\n{}", lines(&wanted), lines(&told)));
            }
            Err(error) if !pending => wrong.push(format!("{name}: {error}")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_history_is_explained_whole_and_small() {
    let readme = std::fs::read_to_string(folder().join("README.md")).expect("a README");
    let explained: BTreeSet<_> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" |"))
        .map(|(name, _)| name.to_owned())
        .filter(|name| !["history", "---"].contains(&name.as_str()))
        .collect();
    let there: BTreeSet<_> = histories().into_iter().collect();
    assert_eq!(explained, there);
    let mut all = 0;
    for name in &there {
        let size = std::fs::metadata(folder().join(name).join("history.jsonl")).expect("a history").len();
        assert!(size <= 300_000, "{name} has {size} bytes");
        all += size;
    }
    assert!(all <= 2_000_000, "all of them have {all} bytes");
    for name in PENDING {
        assert!(there.contains(name), "{name} is pending, and is not there");
    }
}

#[test]
fn the_histories_are_those_that_the_script_makes() {
    // A copy of the script writes beside itself.
    let copy = tempfile::TempDir::new().expect("a folder");
    std::fs::copy(folder().join("make.py"), copy.path().join("make.py")).expect("a copy");
    let made = Command::new("python3").arg(copy.path().join("make.py")).status().expect("python3 runs");
    assert!(made.success());
    for name in histories() {
        let read = |folder: &Path| std::fs::read(folder.join(&name).join("history.jsonl")).expect("a history");
        assert!(read(copy.path()) == read(&folder()), "{name}: write it anew, with tests/fixtures/histories/make.py");
    }
}

/// Runs `headcount replay` over a history of these lines, by one rule, in a folder without any configuration.
fn replay_of(lines: &str, more: &[&str]) -> (i32, String, String) {
    let folder = tempfile::TempDir::new().expect("a folder");
    let rules = "rules:\n  crowded: {threshold: {metric: users, above: 1}, tell: [ops]}\n";
    std::fs::write(folder.path().join("rules.yaml"), rules).expect("rules");
    std::fs::write(folder.path().join("past.jsonl"), lines).expect("a history");
    let done = Command::new(env!("CARGO_BIN_EXE_headcount"))
        .current_dir(folder.path())
        .args(["replay", "--history", "past.jsonl", "--rules", "rules.yaml"])
        .args(more)
        .env_clear()
        .output()
        .expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (done.status.code().expect("a status"), text(done.stdout), text(done.stderr))
}

#[test]
fn a_bad_line_is_told_with_its_number_and_what_would_be_right() {
    let good = r#"{"at":"2026-03-02T08:00:00Z","proxy":"a","prefix":"","people":[["CORP","anna",1]]}"#;
    for (bad, said) in [
        (
            r#"{"at":"2026-03-02T08:01:00Z","proxy":"a","prefix":"","people":[["CORP","anna"]]}"#,
            "invalid length 2, expected an entry such as",
        ),
        (r#"{"at":"2026-03-02T08:01:00Z","proxy":"a","prefix":"","people":[["CORP","anna",1,2]]}"#, "an entry such as"),
        (
            r#"{"at":"2026-03-02T08:01:00Z","proxy":"a","prefix":"","people":[["CORP","anna","2"]]}"#,
            "expected a number of sessions",
        ),
        (r#"{"at":"2026-03-02T08:01:00Z","proxy":"a","prefix":"","people":{"CORP":1}}"#, "a list such as"),
        (r#"{"at":"2026-03-02T08:01:00Z","proxy":"a","prefix":"","people":7}"#, "a list such as"),
        (r#"{"at":"2026-03-02T08:01:00Z","proxy":"a","prefix":"","people":[["CORP","anna",0]]}"#, "from 1 to"),
        (r#"{"at":"2026-03-02T08:01:00Z","proxy":"a","prefix":"","people":[],"who":1}"#, "no field `who`"),
        (r#"{"at":"2026-03-02T08:01:00Z","proxy":"a","people":[]}"#, "`prefix` is missing: write it, `\"\"`"),
        (r#"{"at":"2026-03-02T08:01:00Z","proxy":"a","prefix":""}"#, "neither `people` nor `error`"),
        (
            r#"{"at":"2026-03-02T08:01:00Z","proxy":"a","prefix":"","people":[],"error":"timeout"}"#,
            "both `people` and `error`",
        ),
        (r#"{"at":"8 o'clock","proxy":"a","prefix":"","people":[]}"#, "`at` is `8 o'clock`: write an instant such as"),
        (r#"{"at":"2026-03-02T08:01:00Z","proxy":"a","prefix":"","people":["#, "is the file cut off?"),
        ("at,proxy,prefix", "it is no JSON"),
        (good, "is there twice at 2026-03-02T08:00:00Z"),
        (
            r#"{"at":"2026-03-01T08:00:00Z","proxy":"b","prefix":"","people":[]}"#,
            "2026-03-01T08:00:00Z comes after 2026-03-02T08:00:00Z: sort the lines by `at`",
        ),
    ] {
        let (status, out, err) = replay_of(&format!("{good}\n\n{bad}\n"), &[]);
        assert_eq!((status, out.as_str()), (2, ""), "{bad}: {err}");
        assert!(err.starts_with("headcount: `past.jsonl`, line 3: ") && err.contains(said), "{bad}: {err}");
    }
    let (status, out, err) = replay_of("", &[]);
    assert_eq!((status, out.as_str()), (0, "Nothing would have been told.\nThere was no poll.\n"), "{err}");
}

#[test]
fn a_rule_that_speaks_too_often_is_told_below_the_messages() {
    let mut lines = String::new();
    for minute in 0..60 {
        let people = if minute % 2 == 0 { r#"["CORP","anna",1]"# } else { r#"["CORP","anna",1],["CORP","bo",1]"# };
        let _ =
            writeln!(lines, r#"{{"at":"2026-03-02T08:{minute:02}:00Z","proxy":"a","prefix":"","people":[{people}]}}"#);
    }
    let (status, out, err) = replay_of(&lines, &[]);
    assert_eq!(status, 0, "{err}");
    assert!(out.contains("history: 60 polls from Mon 2026-03-02 08:00:00 to Mon 2026-03-02 08:59:00 UTC"), "{out}");
    assert_eq!((out.matches(" alert ").count(), out.matches(" resolved ").count()), (30, 29), "{out}");
    assert!(err.contains("`crowded` would have spoken 59 times a week"), "{err}");
    assert!(err.contains("every 1m, as in the history"), "{err}");
    let (_, out, err) = replay_of(&lines, &["--format", "json"]);
    let told: Vec<Value> = serde_json::from_str(&out).expect("one list");
    assert_eq!(told.len(), 59);
    assert!(err.contains("`crowded` would have spoken 59 times a week"), "{err}");
}

#[test]
fn a_clock_that_was_set_back_is_told_and_shuffled_lines_are_refused() {
    let line = |minute: u32| {
        format!("{{\"at\":\"2026-03-02T08:{minute:02}:00Z\",\"proxy\":\"a\",\"prefix\":\"\",\"people\":[]}}\n")
    };
    let (status, _, err) = replay_of(&[line(30), line(31), line(10)].concat(), &[]);
    assert_eq!(status, 0, "{err}");
    assert!(err.contains("line 3: the clock goes back from 2026-03-02T08:31:00Z to 2026-03-02T08:10:00Z"), "{err}");
    let shuffled: String = (0..10).rev().map(line).collect();
    let (status, _, err) = replay_of(&shuffled, &[]);
    assert!(status == 2 && err.contains("sort the lines by `at`"), "{err}");
}
