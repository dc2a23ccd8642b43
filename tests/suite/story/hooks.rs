use std::time::Duration;

use headcount::demo::inbox::Fault;
use headcount::message::{Kind, test};
use headcount::outbox::{Addressed, address};
use jiff::tz::TimeZone;

use crate::support::World;

const CROWDED: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded]}
rules:
  crowded: {threshold: {metric: users, above: 3}, tell: [audit, scratch]}
"#;

fn files(world: &World) -> Vec<String> {
    let folder = std::fs::read_dir(world.folder.state().join("out")).expect("the folder");
    let mut names: Vec<_> =
        folder.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_program_is_told_the_facts_signed_and_a_folder_has_them_as_files() {
    let world = World::new(CROWDED).await;
    world.crowd("", 5).at("08:01").await;
    world.expect("audit", &["prod: 5 users, more than 3"]);
    world.crowd("", 0).at("08:02").await;
    world.expect("audit", &["no users"]);
    let received = world.inbox.received_by("audit");
    let (opened, closed) = (&received[0], &received[1]);
    assert_eq!((&opened.body["type"], &closed.body["type"]), (&"headcount.alert".into(), &"headcount.resolved".into()));
    assert_eq!(opened.body["data"]["facts"]["value"], 5);
    assert_eq!(closed.headers["headcount-follows"], opened.headers["webhook-id"]);
    let names = files(&world);
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names[0].starts_with("2026-03-02T07-01-00.000Z-alert-"), "{names:?}");
    assert!(names[1].starts_with("2026-03-02T07-02-00.000Z-resolved-"), "{names:?}");
    world.finish().await;
}

#[tokio::test]
async fn a_webhook_that_is_told_again_has_the_same_id_and_waits_its_turn() {
    let world = World::new(CROWDED).await;
    world.inbox.next("audit", Fault::CutAfterTaking);
    world.inbox.next("audit", Fault::rate_limited(90));
    world.crowd("", 5).at("08:01").await;
    world.expect("audit", &["5 users"]);
    world.at("08:01:30").await;
    world.crowd("", 0).at("08:02").await.quiet();
    let asked = world.inbox.attempts("audit");
    world.at("08:02:59").await.quiet();
    assert_eq!(world.inbox.attempts("audit"), asked, "nobody knocks while a pause was asked for");
    world.at("08:03").await;
    world.expect("audit", &["5 users"]);
    world.expect("audit", &["no users"]);
    let ids: Vec<_> = world.inbox.received_by("audit").iter().map(|one| one.headers["webhook-id"].clone()).collect();
    assert!(ids[0] == ids[1] && ids[1] != ids[2], "{ids:?}");
    world.finish().await;
}

/// Promises so many messages to a channel, and gives the ids that they are to come with.
async fn promise(world: &World, channel: &str, count: usize) {
    let rooms = world.daemon().rooms();
    let channel = &rooms.channels[channel].channel;
    let message = test(&channel.name, world.now(), &TimeZone::UTC);
    let mut deliveries = Vec::new();
    for number in 0..count {
        let cause = format!("many:{number:04}");
        let about = Addressed { cause: &cause, follows: None, kind: Kind::Test, urgent: false };
        deliveries.extend(address(&channel.format(&message, &rooms.engine), channel, &about));
    }
    rooms.store.enqueue(&deliveries, world.now()).await.expect("they are promised");
}

#[tokio::test]
async fn a_row_of_messages_stops_at_a_pause_and_goes_on_in_its_order() {
    let world = World::new(CROWDED).await;
    promise(&world, "audit", 120).await;
    // Those before it are taken.
    for _ in 0..2 {
        world.inbox.next("audit", Fault::SlowAnswer(Duration::ZERO));
    }
    world.inbox.next("audit", Fault::rate_limited(90));
    world.at("08:01").await;
    assert_eq!((world.inbox.attempts("audit"), world.inbox.received_by("audit").len()), (3, 2));
    let rooms = world.daemon().rooms();
    let waiting = rooms.store.deliveries(false, 200).await.expect("a list");
    assert_eq!(waiting.len(), 118);
    assert_eq!(waiting.iter().map(|delivery| delivery.attempts).sum::<u32>(), 1, "what was not tried is not counted");
    world.at("08:02:29").await;
    assert_eq!(world.inbox.attempts("audit"), 3, "nobody knocks while a pause was asked for");
    world.inbox.next("audit", Fault::CutAfterTaking);
    world.at("08:02:30").await.at("08:02:40").await;
    let received = world.inbox.received_by("audit");
    let mut ids: Vec<_> = received.iter().map(|one| one.headers["webhook-id"].clone()).collect();
    assert_eq!(ids.len(), 121);
    assert_eq!(ids[2], ids[3], "what was cut off comes again");
    ids.dedup();
    let causes = (0..120).map(|number| format!("many:{number:04}"));
    let wanted: Vec<_> = causes
        .map(|cause| headcount::outbox::message_id(&cause, "audit", "headcount.invalid"))
        .map(|id| format!("msg_{}", id.trim_start_matches('<').split('@').next().expect("a hash")))
        .collect();
    assert_eq!(ids, wanted, "in the order in which they were promised");
    for _ in 0..121 {
        world.expect("audit", &["test"]);
    }
    world.finish().await;
}

#[tokio::test]
async fn a_receiver_that_wants_no_more_is_put_aside_and_told_of() {
    let world = World::with(
        CROWDED,
        &[(
            "key: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}",
            "key: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw}, fallback: ops",
        )],
    )
    .await;
    world.inbox.always("audit", Some(Fault::status(410, "")));
    world.crowd("", 5).at("08:01").await;
    world.expect("ops", &["cannot reach channel audit", "its receiver wants no more"]);
    world.inbox.always("audit", None);
    world.at("08:03").await;
    world.expect("audit", &["5 users"]);
    world.expect("ops", &["audit takes messages again"]);
    world.finish().await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_keeps_its_messages() {
    let world = World::with(CROWDED, &[("folder: out}}", "folder: out}, fallback: ops}")]).await;
    let folder = world.folder.state().join("out");
    std::fs::write(&folder, "in the way").expect("a file");
    world.crowd("", 5).at("08:01").await;
    world.expect("audit", &["5 users"]);
    world.expect("ops", &["cannot reach channel scratch", "is not a folder"]);
    std::fs::remove_file(&folder).expect("it is taken away");
    world.at("08:03").await;
    assert_eq!(files(&world).len(), 1);
    world.expect("ops", &["scratch takes messages again"]);
    world.finish().await;
}
