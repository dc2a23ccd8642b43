use headcount::demo::inbox::Fault;
use headcount::jobs;

use crate::support::World;

const CROWDED: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded]}
rules:
  crowded: {threshold: {metric: users, above: 3}, tell: [ops]}
"#;
const FALLBACK: (&str, &str) = ("ops\"}, pace: none", "ops\"}, pace: none, fallback: managers");

fn gone() -> Fault {
    Fault::status(404, "no_service")
}

#[tokio::test]
async fn a_channel_that_is_down_is_told_to_its_fallback_once_and_again_when_it_is_well() {
    let mut world = World::with(CROWDED, &[FALLBACK]).await;
    world.inbox.always("ops", Some(gone()));
    world.crowd("", 5).at("08:01").await;
    // Its `from` is for findings: this is more than one of them.
    world.expect("managers", &["cannot reach channel ops", "no_service", "1 message waits", "headcount test ops"]);
    world.crowd("", 0).at("08:02").await.quiet();
    world.start().await;
    world.crowd("", 5).at("08:10").await.quiet();
    let waiting = world.daemon().rooms().store.deliveries(false, 10).await.expect("a list");
    assert_eq!(waiting.len(), 3, "they are kept");
    assert!(waiting.iter().all(|delivery| delivery.channel_down.is_some()));
    // Mended, and tried by hand: what waited follows in its order.
    world.inbox.always("ops", None);
    jobs::test(world.daemon().rooms(), &"ops".into()).await.expect("a test");
    world.at("08:11").await;
    world.expect("ops", &["test"]);
    world.expect("ops", &["5 users"]);
    world.expect("ops", &["no users"]);
    world.expect("ops", &["5 users"]);
    world.expect("managers", &["ops takes messages again", "10 min"]);
    world.at("08:12").await.quiet();
    world.finish().await;
}

#[tokio::test]
async fn a_fallback_in_its_quiet_hours_is_told_after_them() {
    let world = World::with(CROWDED, &[FALLBACK, ("from: critical", "quiet: {hours: \"08:00-09:00\"}")]).await;
    world.inbox.next("ops", gone());
    world.crowd("", 5).at("08:01").await.quiet();
    world.at("08:03").await;
    world.expect("ops", &["5 users"]);
    world.quiet();
    world.at("09:00").await;
    world.expect("managers", &["2 messages held", "cannot reach channel ops", "ops takes messages again"]);
    world.finish().await;
}

#[tokio::test]
async fn a_fallback_that_is_down_itself_is_kept_its_notice() {
    let world = World::with(CROWDED, &[FALLBACK]).await;
    world.inbox.always("ops", Some(gone()));
    world.inbox.always("managers", Some(gone()));
    world.crowd("", 5).at("08:01").await.quiet();
    world.inbox.always("ops", None);
    world.inbox.always("managers", None);
    world.at("08:03").await;
    world.expect("ops", &["5 users"]);
    world.expect("managers", &["cannot reach channel ops"]);
    world.expect("managers", &["ops takes messages again"]);
    world.at("08:04").await.quiet();
    world.finish().await;
}

#[tokio::test]
async fn a_new_address_is_tried_at_once_by_a_reload_or_a_restart() {
    for restart in [false, true] {
        let mut world = World::new(CROWDED).await;
        world.inbox.always("ops", Some(gone()));
        world.crowd("", 5).at("08:01").await.quiet();
        // The same address is left alone.
        let attempts = world.inbox.attempts("ops");
        world.reload().await;
        world.at("08:01:20").await.quiet();
        assert_eq!(world.inbox.attempts("ops"), attempts);
        world.rewrite(&[("/slack/ops\"", "/slack/ops-anew\"")]);
        if restart {
            world.start().await;
        } else {
            world.reload().await;
        }
        world.at("08:01:21").await;
        world.expect("ops-anew", &["5 users"]);
        assert!(world.log().contains("has other settings now"), "{}", world.log());
        world.finish().await;
    }
}

#[tokio::test]
async fn a_rate_limit_is_kept_to_by_a_test_and_by_a_restart_and_for_hours() {
    let mut world = World::new(CROWDED).await;
    world.inbox.next("ops", Fault::rate_limited(3 * 3600));
    world.crowd("", 5).at("08:01").await.quiet();
    jobs::test(world.daemon().rooms(), &"ops".into()).await.expect("a test");
    world.at("08:02").await.quiet();
    world.start().await;
    world.crowd("", 0).at("10:59").await.quiet();
    assert_eq!(world.inbox.attempts("ops"), 1, "nobody knocks before the time that was asked for");
    world.at("11:01").await;
    world.expect("ops", &["test"]);
    world.expect("ops", &["5 users"]);
    world.expect("ops", &["no users"]);
    world.finish().await;
}

#[tokio::test]
async fn a_channel_that_nothing_uses_gets_a_sign_of_life() {
    let mut world =
        World::with(CROWDED, &[("pace: none, from: critical", "pace: none, from: critical, keep_alive: 30d")]).await;
    world.at("2026-03-20T08:00:00").await.quiet();
    world.start().await;
    world.at("2026-04-01T08:59:00").await.quiet();
    world.at("2026-04-01T09:00:00").await;
    world.expect("managers", &["headcount is running", "since headcount began 30 d ago"]);
    world.at("2026-04-20T09:00:00").await.quiet();
    jobs::test(world.daemon().rooms(), &"managers".into()).await.expect("a test");
    world.at("2026-04-20T09:00:01").await;
    world.expect("managers", &["test"]);
    world.at("2026-05-20T09:00:00").await.quiet();
    world.start().await;
    world.at("2026-05-20T09:00:02").await;
    world.expect("managers", &["Nothing was sent to managers for 30 d"]);
    world.at("2026-05-21T09:00:00").await.quiet();
    world.finish().await;
}
