use headcount::demo::site::{Fault, Health, Saturated};

use crate::support::World;

const RULES: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [saturated, short]}
rules:
  saturated: {threshold: {metric: saturated, above: 0, for: 2 polls}, severity: critical, tell: [ops]}
  short: {threshold: {metric: memory_free, below: 4000, clear: 6000}, tell: [ops]}
"#;

#[tokio::test]
async fn an_engine_that_is_saturated_or_short_of_memory_is_told_by_name() {
    let world = World::discovering(RULES).await;
    world.at("08:01").await.quiet();
    world.site.feel(1, Health { saturated: Saturated::Number(1), free: 3800.0, old: true, ..Health::default() });
    world.at("08:02").await;
    let short =
        world.expect("ops", &["3800 MB of memory free", "less than 4000", "sense2.example.test", "sense.example.test"]);
    assert!(short.contains("saturated, 3800 MB free"), "{short}");
    world.at("08:03").await;
    world.expect("ops", &["prod: 1 engine saturated", "Critical", "Since\n08:02"]);
    // Neither a version that does not tell nor an engine that does not answer is an all-clear.
    world.site.feel(1, Health { saturated: Saturated::Absent, free: 5000.0, ..Health::default() });
    world.at("08:04").await.quiet();
    world.site.fail_engine(1, Fault::status(503));
    world.at("08:05").await.quiet();
    assert_eq!(world.log().matches("answered 503").count(), 1, "{}", world.log());
    world.at("08:06").await.quiet();
    assert_eq!(world.log().matches("answered 503").count(), 1, "what lasts is said once");
    world.site.heal_engine(1);
    world.site.feel(1, Health::default());
    world.at("08:07").await;
    world.expect("ops", &["2 resolved", "no engines saturated", "no longer less than 4000"]);
    world.finish().await;
}

#[tokio::test]
async fn engines_are_asked_only_where_a_rule_or_a_digest_wants_it() {
    let quiet = "checks:\n  sessions: {site: prod, cron: \"* * * * *\", rules: []}\n";
    let world = World::discovering(quiet).await;
    world.site.fail_engine(0, Fault::status(500));
    world.at("08:01").await.at("08:02").await.quiet();
    assert!(!world.log().contains("engine"), "{}", world.log());
    world.finish().await;
    let declined = DIGEST.replace("period: day", "period: day, engines: false");
    let world = World::discovering(&declined).await;
    world.site.fail_engine(0, Fault::status(500));
    world.at("09:00").await.at("2026-03-03T07:00:00").await;
    assert!(!world.log().contains("engine="), "{}", world.log());
    assert!(!world.expect("ops", &["prod: at least nobody"]).contains("Engine"));
    world.finish().await;
}

const DIGEST: &str = r#"
checks:
  sessions: {site: prod, cron: "0 8-20 * * *", rules: []}
reports:
  daily: {digest: {period: day}, site: prod, cron: "0 7 * * *", tell: [ops]}
"#;

#[tokio::test]
async fn a_digest_tells_how_the_engines_were() {
    let mut world = World::discovering(DIGEST).await;
    world.at("09:00").await;
    world.site.feel(1, Health { saturated: Saturated::Yes, free: 1804.6, ..Health::default() });
    world.at("10:00").await;
    // It began anew, which headcount knows of over its own restart, too.
    world.start().await;
    let anew = "20260302T103000.000+0100".to_owned();
    world.site.feel(1, Health { started: anew, free: 9000.0, saturated: Saturated::Absent, ..Health::default() });
    world.site.fail_engine(0, Fault::status(503));
    world.at("11:00").await;
    world.site.heal_engine(0);
    world.at("12:00").await.quiet();
    world.at("2026-03-03T07:00:00").await;
    let told = world.expect(
        "ops",
        &["Engines", "least memory free 1,804 of 32,767 MB at 10:00", "saturated for 1 h; 1 restart, at 10:30"],
    );
    assert!(told.contains("21,400 of 32,767 MB at 09:00; never saturated; no restart; seen at 3 of 4 polls"), "{told}");
    assert_eq!(world.log().matches("not seen, for digests alone: answered 503").count(), 1, "{}", world.log());
    // Nobody asks any more: that is not the same as nothing to tell.
    world.site.stop_proxy(0).await;
    for engine in 0..2 {
        world.site.fail_engine(engine, Fault::status(503));
    }
    world.at("2026-03-03T09:00:00").await.at("2026-03-04T07:00:00").await;
    let told = world.expect("ops", &["Engines", "not seen at any of 1 poll"]);
    assert!(!told.contains(" MB at"), "{told}");
    world.finish().await;
}

#[tokio::test]
async fn engines_out_of_reach_are_left_alone_for_a_while_and_are_in_no_digest() {
    let each_minute = DIGEST.replace("0 8-20 * * *", "* * * * *");
    let world = World::discovering(&each_minute).await;
    for engine in 0..2 {
        world.site.fail_engine(engine, Fault::Hang);
    }
    world.connected("", &["anna"]);
    world.at("08:01").await.at("08:02").await;
    // A poll beside it is as it was, and what lasts is said once.
    let log = world.log();
    assert_eq!(log.matches("not seen, for digests alone: no answer within 1s").count(), 2, "{log}");
    assert!(!log.contains("WARN headcount::jobs"), "{log}");
    for engine in 0..2 {
        world.site.heal_engine(engine);
    }
    world.at("08:03").await;
    assert!(!world.log().contains("seen again"), "{}", world.log());
    world.at("08:06").await;
    assert_eq!(world.log().matches("seen again").count(), 2, "{}", world.log());
    world.finish().await;

    let world = World::new(DIGEST).await;
    world.at("09:00").await.at("2026-03-03T07:00:00").await;
    assert!(world.log().contains("for digests alone: the connection was refused"), "{}", world.log());
    assert!(!world.expect("ops", &["prod: at least nobody"]).contains("ngine"));
    world.finish().await;
}
