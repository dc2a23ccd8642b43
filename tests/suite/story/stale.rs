use crate::support::World;

const AWAY: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [myself]}
rules:
  myself: {stale: {for: 10m}, tell: [ops]}
"#;

#[tokio::test]
async fn missed_checks_are_told_at_the_first_one_after_with_why() {
    let mut world = World::new(AWAY).await;
    world.at("08:01").await.at("08:02").await.quiet();
    // Killed, and soon back: that is no news.
    world.start().await;
    world.at("08:09").await.quiet();
    world.set("2026-03-02T08:40:00");
    world.start().await;
    world.at("08:41").await;
    world.expect("ops", &["headcount made no check for 32 min, 31 missed", "Last check\n08:09", "killed", "08:40 CET"]);
    world.at("08:42").await.quiet();
    // Nobody restarted it, and nothing is known.
    world.at("09:00").await;
    world.expect("ops", &["no check for 18 min, 17 missed", "Why is not known"]);
    world.finish().await;
}
