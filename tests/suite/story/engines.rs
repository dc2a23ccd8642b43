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
async fn engines_are_asked_only_where_a_rule_wants_it() {
    let quiet = "checks:\n  sessions: {site: prod, cron: \"* * * * *\", rules: []}\n";
    let world = World::discovering(quiet).await;
    world.site.fail_engine(0, Fault::status(500));
    world.at("08:01").await.at("08:02").await.quiet();
    assert!(!world.log().contains("engine"), "{}", world.log());
    world.finish().await;
}
