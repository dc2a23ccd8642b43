//! The health of engines, as `who --health` shows it.

use headcount::demo::site::{Fault, Health, Saturated, Setup, Site};
use serde_json::json;

use crate::cli::{Done, headcount};
use crate::support::Folder;

async fn site() -> (Site, Folder) {
    let setup = Setup::new("sense1.example.test")
        .proxy("sense1.example.test", &["", "hr"])
        .proxy("sense2.example.test", &["sales"])
        .repository()
        .engines();
    let site = Site::start(setup).await;
    let folder = Folder::new(&site);
    (site, folder)
}

async fn health(site: &Site, folder: &Folder, more: &[&str]) -> Done {
    let (qrs, engine) = (site.repository_port().to_string(), site.engine_port().to_string());
    let words = ["who", "--host", "sense1.example.test", "--cert", "client.pem", "--key", "client_key.pem", "--root"];
    let names =
        ["root.pem", "--resolve", "sense1.example.test=127.0.0.1", "--resolve", "sense2.example.test=127.0.0.1"];
    let ports = ["--discover", "--qrs-port", &qrs, "--health", "--engine-port", &engine];
    headcount(folder, &[&words[..], &names, &ports, more].concat()).await
}

#[tokio::test]
async fn the_engines_stand_under_the_list_and_in_the_json() {
    let (site, folder) = site().await;
    site.connect(0, "", "CORP", "anna");
    site.connect(0, "hr", "CORP", "anna");
    site.connect(1, "sales", "CORP", "bo");
    let tired = Health {
        started: "20260105T061500.000+0100".to_owned(),
        saturated: Saturated::Yes,
        free: 1802.4,
        cpu: 97.0,
        active: Some(0),
        ..Health::default()
    };
    site.feel(1, tired);
    let done = health(&site, &folder, &["--format", "json"]).await;
    assert_eq!((done.status, done.err.as_str()), (0, ""));
    let engines = done.json()["sites"][0]["engines"].clone();
    assert_eq!(engines[0]["engine"], json!(format!("sense1.example.test:{}", site.engine_port())));
    assert_eq!((&engines[0]["saturated"], &engines[0]["users_active"]), (&json!(false), &json!(1)));
    assert_eq!(engines[0]["started"], json!("2026-01-05T06:15:00Z"));
    let second = &engines[1];
    assert_eq!((&second["saturated"], &second["memory_free"]), (&json!(true), &json!(1802.4)));
    assert_eq!((&second["started"], &second["error"]), (&json!("2026-01-05T05:15:00Z"), &json!(null)));
    let table = health(&site, &folder, &["--format", "table"]).await.out;
    let (people, engines) = table.split_once("2 users in 3 sessions.").expect("a summary");
    assert!(people.contains("CORP\\anna") && engines.contains("saturated") && engines.contains("0 of 1"), "{table}");
    assert!(engines.contains("1802 of 32767 MB") && engines.contains("2026-01-05 05:15 UTC"), "{table}");
    // Whoever reads a list of people reads nothing else there.
    let plain = health(&site, &folder, &["--format", "plain"]).await;
    assert_eq!(plain.out, "CORP\\anna\t2\t,hr\nCORP\\bo\t1\tsales\n");
    assert!(plain.err.contains("saturated, active users 0 of 1, memory free 1802 of 32767 MB"), "{}", plain.err);
    assert_eq!(site.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn an_engine_that_does_not_answer_is_not_seen_and_the_people_are_shown_all_the_same() {
    let (site, folder) = site().await;
    site.connect(0, "", "CORP", "anna");
    for (fault, said) in [
        (Fault::Object, "has no `mem`"),
        (Fault::Null, "`null` in place of an engine's health"),
        (Fault::LoginPage, "not the engine itself: use its own port, usually 4747"),
        (Fault::Truncated, "half an answer"),
        (Fault::status(403), "use a client certificate of this very site"),
        (Fault::Hang, "no answer within 1s"),
    ] {
        site.fail_engine(1, fault);
        let done = health(&site, &folder, &["--format", "json", "--timeout", "1s"]).await;
        let json = done.json();
        assert_eq!((done.status, &json["users"]), (3, &json!(1)), "{said}");
        assert!(done.err.contains(said) && done.err.contains("engine sense2.example.test"), "{said}: {}", done.err);
        assert_eq!(json["sites"][0]["engines"][1]["saturated"], json!(null));
        assert!(json["sites"][0]["engines"][1]["error"].is_string());
    }
    // A node without an engine has none to ask.
    site.without_engine(1);
    let done = health(&site, &folder, &["--format", "json"]).await;
    assert_eq!((done.status, done.json()["sites"][0]["engines"].as_array().map(Vec::len)), (0, Some(1)));
}
