use crate::support::World;

const NIGHT: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded, sessions, far-too-many]}
rules:
  crowded: {threshold: {metric: users, above: 3}, tell: [ops, bosses]}
  sessions: {threshold: {metric: sessions, above: 30}, severity: info, tell: [ops]}
  far-too-many: {threshold: {metric: users, above: 8}, severity: critical, tell: [ops]}
reports:
  who: {who: {}, site: prod, cron: "30 22 * * *", tell: [ops]}
"#;
const QUIET: (&str, &str) = ("ops\"}, pace: none", "ops\"}, pace: none, quiet: {hours: \"20:00-07:00\"}");
const CAP: (&str, &str) = ("ops\"}, pace: none", "ops\"}, pace: none, cap: 2");

/// The bosses, who have no quiet hours.
fn mails(world: &World, says: &[&str]) {
    world.expect_mail("lead@example.com", says);
    world.expect_mail("cio@example.com", says);
}

#[tokio::test]
async fn quiet_hours_hold_all_but_the_critical_and_end_in_one_summary() {
    let mut world = World::with(NIGHT, &[QUIET]).await;
    world.crowd("hr", 4).at("2026-03-02T19:59:00").await;
    world.expect("ops", &["4 users"]);
    mails(&world, &["4 users"]);
    // Told before the night, over in it.
    world.crowd("hr", 0).at("2026-03-02T20:01:00").await.quiet_in("ops");
    mails(&world, &["no users"]);
    world.crowd("hr", 9).at("2026-03-02T22:00:00").await;
    world.expect("ops", &["9 users", "more than 8"]);
    mails(&world, &["9 users"]);
    // A report comes whole, later; a restart forgets nothing of it.
    world.at("2026-03-02T22:30:00").await.quiet_in("ops");
    world.start().await;
    world.crowd("hr", 0).at("2026-03-02T22:31:00").await;
    world.expect("ops", &["no users"]);
    mails(&world, &["no users"]);
    // One more, which lasts.
    world.crowd("hr", 5).at("2026-03-03T06:59:00").await.quiet_in("ops");
    mails(&world, &["5 users"]);
    let store = &world.daemon().rooms().store;
    assert_eq!(store.deliveries(false, 10).await.expect("a list").len(), 1, "the report is kept");
    world.at("2026-03-03T07:00:00").await;
    world.expect("ops", &["9 users on", "22:30"]);
    let summary = world.expect(
        "ops",
        &["4 messages held over quiet hours", "20:00", "07:00", "22:00", "over since 22:31", "06:59", "Warning"],
    );
    assert!(!summary.contains("more than 8"), "what is critical was told at once: {summary}");
    // What was held is told; its end is news again.
    world.crowd("hr", 0).at("2026-03-03T07:01:00").await;
    world.expect("ops", &["no users"]);
    mails(&world, &["no users"]);
    world.at("2026-03-03T07:02:00").await.quiet();
    world.finish().await;
}

#[tokio::test]
async fn a_crash_at_the_end_of_the_night_loses_nothing_and_tells_nothing_twice() {
    let mut world = World::with(NIGHT, &[QUIET]).await;
    world.crowd("hr", 4).at("2026-03-02T21:00:00").await;
    mails(&world, &["4 users"]);
    world.stop();
    world.set("2026-03-03T09:00:00");
    world.start().await;
    world.at("2026-03-03T09:00:01").await;
    world.expect("ops", &["1 message held over quiet hours", "20:00", "07:00", "4 users"]);
    world.start().await;
    world.at("2026-03-03T09:01:00").await;
    // The repeat, after four hours.
    world.expect("ops", &["4 users"]);
    mails(&world, &["4 users"]);
    world.at("2026-03-03T09:02:00").await.quiet();
    world.finish().await;
}

#[tokio::test]
async fn more_than_the_cap_in_an_hour_become_one_summary_but_the_critical_comes_at_once() {
    let mut world = World::with(NIGHT, &[CAP]).await;
    for (time, count) in [("08:01", 4), ("08:02", 0), ("08:03", 5), ("08:04", 0), ("08:05", 6)] {
        world.crowd("hr", count).at(time).await;
        mails(&world, &[]);
    }
    world.expect("ops", &["4 users"]);
    world.expect("ops", &["no users"]);
    world.quiet();
    world.crowd("hr", 9).at("08:06").await;
    world.expect("ops", &["9 users", "more than 8"]);
    world.start().await;
    world.crowd("hr", 5).at("08:07").await;
    world.expect("ops", &["5 users"]);
    world.at("09:00").await.quiet();
    world.at("09:01").await;
    world.expect(
        "ops",
        &["3 messages held, because this channel takes 2 an hour", "08:03", "over since 08:04", "08:05"],
    );
    // The summary is the first message of a new hour.
    world.crowd("hr", 0).at("09:02").await;
    world.expect("ops", &["no users"]);
    mails(&world, &["no users"]);
    world.crowd("hr", 4).at("09:03").await.quiet_in("ops");
    mails(&world, &["4 users"]);
    world.at("10:01").await;
    world.expect("ops", &["1 message held"]);
    world.at("10:02").await.quiet();
    world.finish().await;
}
