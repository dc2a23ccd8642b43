use headcount::config::Config;

use crate::support::World;

const CROWDED: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded]}
rules:
  crowded: {threshold: {metric: users, above: 3, for: 2m}, tell: [ops]}
"#;

#[tokio::test]
async fn a_reload_keeps_what_is_known_and_takes_what_is_new() {
    let mut world = World::new(CROWDED).await;
    world.crowd("", 5).at("08:01").await.quiet();
    world.rewrite(&[("tell: [ops]", "severity: critical, tell: [ops, managers]")]);
    world.reload().await;
    // What was pending goes on, and the slot is not lost.
    world.at("08:02").await.quiet();
    world.at("08:03").await;
    world.expect("ops", &["5 users"]);
    world.expect("managers", &["5 users", "Critical"]);
    world.rewrite(&[("above: 3", "above: 10")]);
    world.reload().await;
    // By the rule as it is now there is nothing; that it is another one is no news.
    world.at("08:04").await.quiet();
    world.crowd("", 11).at("08:05").await.quiet();
    world.at("08:07").await;
    world.expect("ops", &["11 users, more than 10"]);
    world.expect("managers", &["11 users"]);
    // What is still so by a changed rule goes on, and ends as it would have.
    world.rewrite(&[("above: 10", "above: 9")]);
    world.reload().await;
    world.at("08:08").await.quiet();
    world.crowd("", 0).at("08:09").await;
    world.expect("ops", &["no users"]);
    world.expect("managers", &["no users"]);
    world.finish().await;
}

#[tokio::test]
async fn a_rule_that_is_gone_is_silent_and_one_that_comes_back_begins_anew() {
    let mut world = World::new(&CROWDED.replace("for: 2m", "for: 0s")).await;
    world.crowd("", 5).at("08:01").await;
    world.expect("ops", &["5 users"]);
    world.rewrite(&[("rules: [crowded]", "rules: []")]);
    world.reload().await;
    world.crowd("", 0).at("08:02").await.quiet();
    world.crowd("", 6).at("08:03").await.quiet();
    world.rewrite(&[("rules: []", "rules: [crowded]")]);
    world.reload().await;
    world.at("08:04").await;
    world.expect("ops", &["6 users"]);
    world.finish().await;
}

#[tokio::test]
async fn a_store_that_moves_is_refused_and_all_stays_as_it_was() {
    let mut world = World::new(CROWDED).await;
    let path = world.folder.path().join("headcount.yaml");
    let text = std::fs::read_to_string(&path).expect("the configuration");
    let moved = Config::from_text(&path, &format!("store: {{sqlite: other.db}}\n{text}")).expect("a configuration");
    let error = world.reload_with(&moved).await.expect_err("a store cannot move");
    assert_eq!(error.to_string(), "`store` has changed, which takes a restart");
    world.crowd("", 5).at("08:01").await.at("08:03").await;
    world.expect("ops", &["5 users"]);
    world.finish().await;
}
