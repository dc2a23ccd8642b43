use headcount::demo::inbox::{Fault, SmtpFault};

use crate::support::World;

const CROWDED: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded]}
rules:
  crowded: {threshold: {metric: users, above: 3}, tell: [ops]}
"#;

#[tokio::test]
async fn a_rate_limit_holds_the_whole_channel_and_keeps_the_order() {
    let world = World::new(CROWDED).await;
    world.inbox.next("ops", Fault::rate_limited(90));
    world.crowd("", 5).at("08:01").await.quiet();
    world.crowd("", 0).at("08:02").await.quiet();
    assert_eq!(world.inbox.attempts("ops"), 1, "nobody knocks while the channel asked for a pause");
    world.at("08:02:29").await.quiet();
    world.at("08:02:30").await;
    world.expect("ops", &["5 users"]);
    world.expect("ops", &["no users"]);
    world.finish().await;
}

#[tokio::test]
async fn a_cut_after_taking_may_come_twice_but_is_not_lost_and_other_channels_go_on() {
    let world = World::new(&CROWDED.replace("tell: [ops]", "tell: [ops, bosses]")).await;
    world.inbox.next("ops", Fault::CutAfterTaking);
    world.inbox.next("ops", Fault::CutBeforeTaking);
    world.smtp.next(SmtpFault::Status421);
    world.crowd("", 5).at("08:01").await;
    world.expect("ops", &["5 users"]);
    world.at("08:01:30").await.at("08:01:40").await;
    world.expect("ops", &["5 users"]);
    let first = world.expect_mail("lead@example.com", &["5 users"]);
    let other = world.expect_mail("cio@example.com", &["5 users"]);
    assert_eq!(first.header("Message-ID"), other.header("Message-ID"));
    world.at("08:05").await.quiet();
    world.finish().await;
}

#[tokio::test]
async fn refused_blocks_are_sent_plainer_once_and_a_dead_channel_keeps_its_messages() {
    let world = World::new(CROWDED).await;
    world.inbox.next("ops", Fault::status(400, "invalid_blocks"));
    world.crowd("", 5).at("08:01").await;
    let said = world.expect("ops", &["5 users"]);
    assert!(!said.is_empty());
    world.inbox.always("ops", Some(Fault::status(404, "no_service")));
    world.crowd("", 0).at("08:02").await.quiet();
    world.at("08:02:30").await;
    let waiting = world.daemon().rooms().store.deliveries(false, 10).await.expect("a list");
    assert_eq!(waiting.len(), 1);
    assert!(waiting[0].channel_waits.is_some(), "put aside: {waiting:?}");
    world.inbox.always("ops", None);
    world.at("08:04").await;
    world.expect("ops", &["no users"]);
    world.finish().await;
}

#[tokio::test]
async fn what_is_given_up_is_shown_and_said() {
    let world = World::new(&CROWDED.replace("tell: [ops]", "tell: [ops], repeat: never")).await;
    world.inbox.always("ops", Some(Fault::status(500, "rollup_error")));
    world.crowd("", 5).at("08:01").await.quiet();
    world.at("2026-03-03T08:02:00").await.quiet();
    let listed = world.daemon().rooms().store.deliveries(false, 10).await.expect("a list");
    assert_eq!(listed[0].state.word(), "given up");
    assert!(world.log().contains("given up a delivery"), "{}", world.log());
    world.inbox.always("ops", None);
    let id = listed[0].id;
    let now = world.now();
    assert!(world.daemon().rooms().store.retry(id, now).await.expect("a retry"));
    world.at("2026-03-03T08:03:00").await;
    world.expect("ops", &["5 users"]);
    world.finish().await;
}
