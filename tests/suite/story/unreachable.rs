use headcount::demo::site::{Fault, Spelling};

use crate::support::World;

const BLIND: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [blind, deserted, exodus]}
rules:
  blind: {unreachable: {for: 2m}, tell: ops}
  deserted: {threshold: {metric: users, below: 1}, tell: ops}
  exodus: {change: {metric: sessions, falls: 50%, within: 30m}, tell: ops}
"#;

#[tokio::test]
async fn every_way_to_answer_badly_is_told_by_its_name_and_never_as_nobody() {
    for (fault, why) in [
        (Fault::LoginPage, "page of HTML"),
        (Fault::Redirect, "a redirect"),
        (Fault::status(401), "demand to log in"),
        (Fault::status(403), "403"),
        (
            Fault::Status(403, "XSRF prevention check failed. Possible XSRF discovered.".into(), "text/plain".into()),
            "XSRF",
        ),
        (Fault::status(404), "404"),
        (Fault::status(429), "429"),
        (Fault::status(500), "500"),
        (Fault::status(503), "503"),
        (Fault::Reset, "cut"),
        (Fault::CloseWithoutAnswer, "cut"),
        (Fault::Hang, "no answer within 1s"),
        (Fault::Truncated, "half an answer"),
        (Fault::HalfTheJson, "half an answer"),
        (Fault::Null, "`null`"),
        (Fault::Object, "an object"),
        (Fault::EmptyBody, "empty body"),
        (Fault::TooLargeDeclared, "64 MiB"),
    ] {
        let world = World::new(BLIND).await;
        world.connected("", &["anna", "bertil"]).connected("hr", &["cecilia"]).at("08:01").await.quiet();
        world.site.fail_all(fault);
        world.at("08:02").await.quiet();
        world.at("08:03").await.quiet();
        world.at("08:04").await;
        let said = world.expect("ops", &["prod", "127.0.0.1", "hr", why]).to_lowercase();
        for lie in ["0 users", "0 sessions", "nobody", "no users"] {
            assert!(!said.contains(lie), "{lie}: {said}");
        }
        world.at("08:05").await.quiet();
        world.site.heal_all();
        world.at("08:06").await;
        world.expect("ops", &["prod"]);
        world.at("08:07").await.quiet();
        world.finish().await;
    }
}

#[tokio::test]
async fn one_silent_pair_is_named_and_the_other_spelling_is_understood() {
    let world = World::new(BLIND).await;
    world.site.spell(Spelling::Camel);
    world.connected("", &["anna"]).connected("hr", &["cecilia"]).at("08:01").await.quiet();
    world.site.fail(0, "hr", Fault::status(500));
    world.at("08:02").await.at("08:04").await;
    let said = world.expect("ops", &["hr", "500", "1 of 2"]);
    assert!(!said.contains("default virtual proxy"), "{said}");
    // A proxy that is gone altogether is the same incident, still open.
    world.site.stop_proxy(0).await;
    world.at("08:05").await.quiet();
    world.site.start_proxy(0).await;
    world.site.heal_all();
    world.at("08:06").await;
    world.expect("ops", &["prod"]);
    world.finish().await;
}

#[tokio::test]
async fn what_the_log_says_of_a_silent_pair_is_enough_to_mend_it_and_said_once() {
    let world = World::new(BLIND).await;
    world.site.fail(0, "hr", Fault::LoginPage);
    world.connected("", &["anna"]).at("08:01").await.at("08:02").await;
    world.site.heal_all();
    world.at("08:03").await.quiet();
    let log = world.log();
    let said: Vec<_> = log.lines().filter(|line| line.contains("not seen")).collect();
    assert_eq!(said.len(), 1, "{said:#?}");
    for part in ["site=\"prod\"", "prefix=\"hr\"", "/qps/hr/session", "page of HTML", "usually 4243"] {
        assert!(said[0].contains(part), "{part}: {}", said[0]);
    }
    assert_eq!(log.lines().filter(|line| line.contains("seen again")).count(), 1);
    assert!(!log.contains("xrfkey="), "{log}");
    world.finish().await;
}

#[tokio::test]
async fn a_kept_connection_that_is_cut_as_it_is_used_again_is_no_silence() {
    let world = World::new(&BLIND.replace("for: 2m", "for: 0s")).await;
    world.connected("", &["anna"]).at("08:01").await.quiet();
    world.site.fail_once(0, "", Fault::Reset);
    world.site.fail_once(0, "hr", Fault::CloseWithoutAnswer);
    world.at("08:02").await.quiet();
    assert_eq!(world.site.requests(), 6, "each pair was asked again on a fresh connection");
    world.finish().await;
}

#[tokio::test]
async fn each_call_has_a_fresh_key_and_connections_are_kept() {
    let world = World::new(BLIND).await;
    world.connected("", &["anna"]);
    for minute in 1..=9 {
        world.at(&format!("08:0{minute}")).await;
    }
    let keys = world.site.xrfkeys();
    let distinct: std::collections::HashSet<_> = keys.iter().collect();
    assert_eq!((keys.len(), distinct.len()), (18, 18));
    assert!(world.site.connections(0) <= 2, "{} connections for 18 calls", world.site.connections(0));
    world.finish().await;
}
