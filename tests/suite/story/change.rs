use headcount::demo::site::Fault;

use crate::support::World;

const LOGOUT: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [mass-logout]}
rules:
  mass-logout: {change: {metric: sessions, falls: 50%, within: 5m, at_least: 20}, severity: critical, tell: [ops]}
"#;

#[tokio::test]
async fn a_mass_logout_is_told_once_and_a_blind_poll_is_none() {
    let world = World::new(LOGOUT).await;
    world.crowd("", 40).crowd("hr", 20).at("08:01").await.quiet();
    world.site.fail_all(Fault::status(503));
    world.at("08:02").await.quiet();
    world.site.heal_all();
    world.at("08:03").await.quiet();
    // The proxy restarts: everyone is gone at once.
    world.site.restart_proxy(0);
    world.at("08:04").await;
    world.expect("ops", &["prod", "60", "0"]);
    world.at("08:05").await.at("08:06").await.quiet();
    world.finish().await;
}

#[tokio::test]
async fn the_first_poll_and_a_restart_of_headcount_are_no_change() {
    let mut world = World::new(LOGOUT).await;
    world.at("08:01").await.quiet();
    world.crowd("", 60).at("08:02").await.quiet();
    world.start().await;
    world.at("08:03").await.quiet();
    world.crowd("", 10).at("08:04").await;
    world.expect("ops", &["60", "10"]);
    world.start().await;
    world.at("08:05").await.quiet();
    world.finish().await;
}

#[tokio::test]
async fn a_part_that_was_seen_all_the_time_is_told_of_while_the_rest_is_blind_and_no_other() {
    let rules = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [blind, hr, rest]}
rules:
  blind: {unreachable: {for: 0s}, tell: [ops]}
  hr: {change: {metric: sessions, falls: 50%, within: 5m, at_least: 20}, where: {virtual_proxy: hr}, tell: [ops]}
  rest: {change: {metric: sessions, falls: 50%, within: 5m, at_least: 20}, where: {virtual_proxy: ""}, tell: [ops]}
"#;
    let world = World::new(rules).await;
    world.crowd("", 40).crowd("hr", 40).at("08:01").await.quiet();
    world.site.fail(0, "", Fault::status(503));
    world.at("08:02").await;
    world.expect("ops", &["prod", "does not answer"]);
    world.crowd("hr", 10).at("08:03").await;
    world.expect("ops", &["40", "10"]);
    // Whoever is gone after a silence that was told is the same incident.
    world.site.heal_all();
    world.crowd("", 5).at("08:04").await;
    world.expect("ops", &["Resolved", "rule blind"]);
    world.at("08:05").await.quiet();
    world.finish().await;
}
