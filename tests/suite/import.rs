//! `headcount import`: a recorded history as a site's past.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

const CONFIG: &str = r#"time_zone: Europe/Stockholm
sites:
  prod:
    host: sense.example.com
    certificate: {pem: client.pem, key: client_key.pem}
    exclude: ['INTERNAL\*']
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded]}
rules:
  crowded: {threshold: {metric: users, above: 2}, tell: [ops]}
channels:
  ops: {slack: {webhook_url: "http://127.0.0.1:9/nobody"}}
"#;

fn line(minute: u32, people: &str) -> String {
    format!("{{\"at\":\"2026-03-02T08:{minute:02}:00Z\",\"proxy\":\"a\",\"prefix\":\"hr\",{people}}}\n")
}

/// Four minutes: two are on, three, three, nobody answers, one is left.
fn past() -> String {
    let anna_and_bo = r#""people":[["CORP","anna",2],["CORP","bo",1],["INTERNAL","sa_api",1]]"#;
    let with_cia = r#""people":[["CORP","anna",2],["CORP","bo",1],["CORP","cia",1]]"#;
    [
        line(0, anna_and_bo),
        line(1, with_cia),
        line(2, with_cia),
        line(3, r#""error":"timeout""#),
        line(4, r#""people":[["CORP","bo",1]]"#),
    ]
    .concat()
}

/// A folder with the configuration, a client certificate that is never used, and this history.
fn folder(history: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    headcount::demo::certificates::Authority::new("sense.example.com").export(folder.path()).expect("certificates");
    write("headcount.yaml", CONFIG);
    write("past.jsonl", history);
    folder
}

fn headcount(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_headcount"))
        .current_dir(folder)
        .args(args)
        .env_clear()
        .output()
        .expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (done.status.code().expect("a status"), text(done.stdout), text(done.stderr))
}

#[test]
fn an_imported_history_is_the_past_that_other_commands_look_at() {
    let folder = folder(&past());
    let (status, out, err) = headcount(folder.path(), &["import", "--history", "past.jsonl"]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert_eq!(out, "prod: 5 polls from 2026-03-02 09:00 CET to 2026-03-02 09:04 CET, 4 sessions.\n");

    let days = ["--from", "2026-03-02", "--to", "2026-03-02", "--format", "json"];
    let (_, out, err) = headcount(folder.path(), &[&["replay", "--site", "prod"], &days[..]].concat());
    let told: serde_json::Value = serde_json::from_str(&out).expect("a list");
    let told = told.as_array().expect("a list").iter().map(|message| message["reason"].as_str().unwrap_or_default());
    assert_eq!(
        told.collect::<Vec<_>>(),
        ["prod: 3 users, more than 2", "prod: 1 user, no longer more than 2"],
        "{err}"
    );

    let (_, out, err) = headcount(folder.path(), &["incidents", "--all", "--format", "json"]);
    let incidents: serde_json::Value = serde_json::from_str(&out).expect("a list");
    let of = |key: &str| incidents[0][key].as_str().map(str::to_owned);
    assert_eq!(incidents.as_array().map(Vec::len), Some(1), "{err}");
    assert_eq!(of("opened").as_deref(), Some("2026-03-02T08:01:00Z"));
    assert_eq!(of("closed").as_deref(), Some("2026-03-02T08:04:00Z"));

    // Nobody was told, and nobody will be.
    let (_, out, _) = headcount(folder.path(), &["outbox", "list", "--format", "json"]);
    assert_eq!(out.trim(), "[]");
}

#[test]
fn what_cannot_be_imported_is_told_and_leaves_the_store_as_it_was() {
    let import = |history: &str, more: &[&str]| {
        let folder = folder(history);
        let (status, out, err) = headcount(folder.path(), &[&["import", "--history", "past.jsonl"], more].concat());
        assert_eq!(out, "", "{err}");
        assert!(!folder.path().join("state").exists(), "a store was made: {err}");
        (status, err)
    };
    for (history, said) in [
        (past() + "{\"at\":", "line 6: it ends too early"),
        (past() + &line(0, r#""people":[]"#), "line 6: 2026-03-02T08:00:00Z comes after 2026-03-02T08:04:00Z"),
        (past().replace("2026-03", "2999-03"), "line 1: 2999-03-02T08:00:00Z is still to come"),
        (String::new(), "`past.jsonl` holds no poll"),
    ] {
        let (status, err) = import(&history, &[]);
        assert!(status == 2 && err.contains(said), "{said}: {err}");
    }
    let (status, err) = import(&past(), &["--site", "prd"]);
    assert!(status == 2 && err.contains("no check is about a site `prd`; there is `prod`"), "{err}");
}

#[test]
fn a_past_is_imported_where_nothing_is_known() {
    let folder = folder(&past());
    assert_eq!(headcount(folder.path(), &["import", "--history", "past.jsonl"]).0, 0);
    let (status, _, err) = headcount(folder.path(), &["import", "--history", "past.jsonl"]);
    assert!(status == 1 && err.contains("remembers `prod` from 2026-03-02 09:00 CET to 2026-03-02 09:04 CET"), "{err}");
}
