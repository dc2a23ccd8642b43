use crate::support::World;

const CROWDED: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded]}
rules:
  crowded: {threshold: {metric: users, above: 3, clear: 2}, severity: critical, tell: [ops, managers]}
"#;

#[tokio::test]
async fn opening_and_closing_are_told_once_in_each_channel() {
    let world = World::new(CROWDED).await;
    world.connected("", &["anna", "bosse", "cecilia"]).connected("hr", &["ANNA", r"INTERNAL\sa_api"]);
    world.at("08:01").await.quiet();
    world.crowd("hr", 5).at("08:02").await;
    world.expect("ops", &["prod", "8 users", "more than 3"]);
    world.expect("managers", &["prod", "8 users"]);
    world.at("08:03").await.quiet();
    world.connected("hr", &[]).connected("", &["anna", "bosse"]).at("08:04").await;
    world.expect("ops", &["2 users"]);
    world.expect("managers", &["2 users"]);
    world.at("08:05").await.quiet();
    world.finish().await;
}
