use headcount::demo::inbox::Fault;

use crate::support::World;

const CROWDED: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded]}
rules:
  crowded: {threshold: {metric: users, above: 3, for: 2m}, tell: [ops]}
"#;

#[tokio::test]
async fn a_restart_makes_no_noise_and_forgets_nothing() {
    let mut world = World::new(CROWDED).await;
    world.crowd("", 5).at("08:01").await.quiet();
    world.start().await;
    world.at("08:02").await.quiet();
    world.start().await;
    world.at("08:03").await;
    world.expect("ops", &["5 users"]);
    world.start().await;
    world.at("08:04").await.quiet();
    world.stop();
    world.start().await;
    world.crowd("", 1).at("08:05").await;
    world.expect("ops", &["1 user"]);
    world.finish().await;
}

#[tokio::test]
async fn what_was_not_delivered_is_delivered_after_a_restart_in_order() {
    let mut world = World::new(CROWDED).await;
    world.crowd("", 5).at("08:01").await;
    world.inbox.always("ops", Some(Fault::status(500, "rollup_error")));
    world.at("08:03").await.quiet();
    world.crowd("", 0).at("08:04").await.quiet();
    world.start().await;
    world.inbox.always("ops", None);
    world.at("08:20").await;
    world.expect("ops", &["5 users"]);
    world.expect("ops", &["no users"]);
    world.at("08:21").await.quiet();
    world.finish().await;
}

#[tokio::test]
async fn a_second_daemon_on_the_same_state_is_refused() {
    let world = World::new(CROWDED).await;
    let error = world.daemon().rooms().store.lock().unwrap_err().to_string();
    assert!(error.contains("another headcount is running on this state directory"), "{error}");
    world.finish().await;
}
