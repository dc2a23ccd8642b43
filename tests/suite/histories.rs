//! Recorded histories, and the messages that a calm operator wants of each: no more, no fewer.
//!
//! `tests/fixtures/histories/README.md` says why.

use std::collections::BTreeSet;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use headcount::config::{Judged, Judging};
use headcount::judge::Finding;
use headcount::qlik::any_pattern;
use headcount::replay::{History, Player};
use serde_json::{Value, json};

/// Histories whose messages are not yet the wanted ones. One that begins to be must be taken out here.
const PENDING: [&str; 13] = [
    "clock-step",
    "empty-site",
    "flapping-proxy",
    "headcount-away",
    "licence-burst",
    "long-restart",
    "maintenance",
    "night-outage-dst",
    "night-owl",
    "plain-week",
    "proxy-restart",
    "two-virtual-proxies",
    "unusual-tuesday",
];

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

/// The rules of a history, with the one check that it has.
fn judging(name: &str) -> Result<(Judging, Judged), String> {
    let mut judging =
        Judging::load(&folder().join(name).join("rules.yaml")).map_err(|problems| problems.to_string())?;
    let check = judging.checks.pop().expect("a check");
    Ok((judging, check))
}

fn message(finding: &Finding, at: jiff::Timestamp) -> Value {
    let tell: Vec<_> = finding.rule.tell.iter().map(|channel| &**channel).collect();
    json!({
        "at": at.to_string(),
        "kind": finding.why.word(),
        "rule": &*finding.rule.name,
        "site": "prod",
        "severity": finding.rule.severity.word(),
        "tell": tell,
    })
}

/// Plays a history from memory alone.
fn played(name: &str) -> Result<Vec<Value>, String> {
    let (_, check) = judging(name)?;
    let file = std::fs::File::open(folder().join(name).join("history.jsonl")).expect("a history");
    let mut history = History::new(BufReader::new(file));
    let mut player = Player::new(check.site.clone(), check.rules.clone());
    let mut messages = Vec::new();
    while let Some(poll) = history.next_poll().map_err(|error| error.to_string())? {
        let interval = check.cron.step_at(poll.at);
        let excluded = |user: &_| any_pattern(&check.exclude, user);
        let (snapshot, findings) = player.play(poll.at, poll.pairs, excluded, interval);
        messages.extend(findings.iter().map(|finding| message(finding, snapshot.at())));
    }
    Ok(in_order(messages))
}

fn lines(messages: &[Value]) -> String {
    messages.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_history_is_told_as_a_calm_operator_wants_it() {
    let mut wrong = Vec::new();
    for name in histories() {
        let (wanted, pending) = (expected(&name), PENDING.contains(&name.as_str()));
        match played(&name) {
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
    let made = std::process::Command::new("python3").arg(copy.path().join("make.py")).status().expect("python3 runs");
    assert!(made.success());
    for name in histories() {
        let read = |folder: &Path| std::fs::read(folder.join(&name).join("history.jsonl")).expect("a history");
        assert!(read(copy.path()) == read(&folder()), "{name}: write it anew, with tests/fixtures/histories/make.py");
    }
}
