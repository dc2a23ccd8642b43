use crate::support::World;

const FLAPPING: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded]}
rules:
  crowded: {threshold: {metric: users, above: 3}, damp: {openings: 2, within: 10m}, tell: [ops]}
"#;

#[tokio::test]
async fn what_flaps_is_told_once_and_so_is_its_calm_whatever_restarts() {
    let mut world = World::new(FLAPPING).await;
    world.crowd("", 5).at("08:01").await;
    world.expect("ops", &["5 users"]);
    world.crowd("", 0).at("08:02").await;
    world.expect("ops", &["no users"]);
    world.crowd("", 5).at("08:03").await;
    world.expect(
        "ops",
        &["crowded is flapping: twice in 2 min", "come and gone since 08:01", "until nothing has changed for 10 min"],
    );
    for (minute, people) in [(4, 0), (5, 6), (7, 0), (9, 7), (10, 0)] {
        world.start().await;
        world.crowd("", people).at(&format!("08:{minute:02}")).await.quiet();
    }
    world.start().await;
    world.at("08:19").await.quiet();
    world.at("08:20").await;
    world.expect("ops", &["crowded is calm again", "4 times in 9 min", "From\n08:01 CET", "To\n08:10 CET"]);
    world.at("08:21").await.quiet();
    // And it begins anew.
    world.crowd("", 5).at("08:40").await;
    world.expect("ops", &["5 users"]);
    world.crowd("", 0).at("08:41").await;
    world.expect("ops", &["no users"]);
    world.finish().await;
}

#[tokio::test]
async fn what_flapped_and_then_stays_is_told_as_what_it_is() {
    let world = World::new(FLAPPING).await;
    for (minute, people) in [(1, 5), (2, 0)] {
        world.crowd("", people).at(&format!("08:{minute:02}")).await;
        world.expect("ops", &["users"]);
    }
    world.crowd("", 5).at("08:03").await;
    world.expect("ops", &["flapping"]);
    world.at("08:12").await.quiet();
    world.at("08:13").await;
    world.expect("ops", &["5 users, more than 3", "Since\n08:03"]);
    world.crowd("", 0).at("08:14").await;
    world.expect("ops", &["no users", "It lasted 11 min"]);
    world.at("08:30").await.quiet();
    world.finish().await;
}
