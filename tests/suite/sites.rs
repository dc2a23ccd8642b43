//! Several sites side by side: one that hangs delays no other.

use std::time::Duration;

use headcount::clock::Clock;
use headcount::config::Config;
use headcount::daemon::Daemon;
use headcount::demo::site::{Fault, Setup, Site};
use jiff::Timestamp;
use serde_json::json;

use crate::cli::headcount;
use crate::support::Folder;

/// Two sites with a root of their own each, `fine` and `stuck`, which waits this long for an answer.
async fn sites(timeout: &str) -> (Site, Site, Folder) {
    let fine = Site::start(Setup::new("fine.example.test").proxy("fine.example.test", &["", "hr"])).await;
    let stuck = Site::start(Setup::new("stuck.example.test").proxy("stuck.example.test", &[""])).await;
    let folder = Folder::new(&fine);
    let theirs = folder.path().join("stuck");
    std::fs::create_dir(&theirs).expect("a folder");
    stuck.authority().export(&theirs).expect("certificates are written");
    let text = format!(
        r#"
sites:
  fine:
    host: localhost
    certificate: {{pem: client.pem, key: client_key.pem}}
    trust: {{root: root.pem}}
    proxies: [{{host: localhost, port: {}, server_name: fine.example.test, virtual_proxies: ["", hr]}}]
  stuck:
    host: localhost
    certificate: {{pem: stuck/client.pem, key: stuck/client_key.pem}}
    trust: {{root: stuck/root.pem}}
    timeout: {timeout}
    proxies: [{{host: localhost, port: {}, server_name: stuck.example.test}}]
checks:
  sessions: {{site: all, cron: "* * * * *"}}
"#,
        fine.port(0),
        stuck.port(0),
    );
    folder.write("headcount.yaml", &text);
    (fine, stuck, folder)
}

#[tokio::test]
async fn a_poll_of_one_site_is_recorded_while_another_hangs() {
    let (fine, stuck, folder) = sites("1h").await;
    fine.connect(0, "", "CORP", "anna");
    stuck.fail_all(Fault::Hang);
    let config = Config::load(&folder.path().join("headcount.yaml")).expect("the configuration is read");
    let clock = Clock::manual("2026-03-02T08:00:00Z".parse::<Timestamp>().expect("a time"));
    let daemon = Daemon::start(&config, &folder.state(), clock.clone()).await.expect("it starts");
    clock.set("2026-03-02T08:01:00Z".parse().expect("a time"));
    let store = daemon.rooms().store.clone();
    let recorded = async {
        while store.remembered("fine").await.expect("the store").is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        _ = daemon.turn() => panic!("the site that hangs has an hour, and answered"),
        recorded = tokio::time::timeout(Duration::from_secs(30), recorded) => recorded.expect("the other was polled"),
    }
    assert_eq!(store.remembered("stuck").await.expect("the store"), None);
}

#[tokio::test]
async fn who_shows_all_sites_and_says_which_was_not_seen() {
    let (fine, stuck, folder) = sites("1s").await;
    fine.connect(0, "hr", "CORP", "anna");
    stuck.connect(0, "", "corp", "ANNA");
    stuck.connect(0, "", "CORP", "bo");
    let both = headcount(&folder, &["who", "--format", "json"]).await;
    let json = both.json();
    // Anna is on both, and one person.
    assert_eq!((both.status, &json["users"], &json["sessions"]), (0, &json!(2), &json!(3)));
    assert_eq!((&json["sites"][0]["site"], &json["sites"][1]["site"]), (&json!("fine"), &json!("stuck")));
    stuck.fail_all(Fault::Hang);
    let one = headcount(&folder, &["who", "--format", "json"]).await;
    let json = one.json();
    assert_eq!((one.status, &json["users"], &json["sites"][1]["users"]), (3, &json!(1), &json!(null)));
    assert!(one.err.contains("site `stuck`") && one.err.contains("no answer within 1s"), "{}", one.err);
    let table = headcount(&folder, &["who", "--format", "table"]).await.out;
    assert!(table.contains("fine: 1 user in 1 session.") && table.contains("stuck: nothing was seen"), "{table}");
    assert!(table.contains("In all: at least 1 user in 1 session."), "{table}");
}
