use headcount::demo::inbox::Fault;

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
