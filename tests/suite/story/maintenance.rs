use crate::cli::headcount;
use crate::support::World;

const PATCHED: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded, blind]}
rules:
  crowded: {threshold: {metric: users, above: 3}, tell: [ops]}
  blind: {unreachable: {for: 0s}, tell: [ops]}
maintenance:
  patch: {site: all, cron: "10 8 * * MON", lasts: 20m}
"#;

#[tokio::test]
async fn a_window_holds_everything_of_its_site_and_only_what_lasts_is_told_after_it() {
    let mut world = World::new(PATCHED).await;
    world.at("08:09").await.quiet();
    world.site.fail(0, "", headcount::demo::site::Fault::status(503));
    world.crowd("hr", 5).at("08:10").await.quiet();
    world.at("08:11").await.quiet();
    world.start().await;
    world.site.heal_all();
    world.at("08:20").await.quiet();
    world.at("08:29").await.quiet();
    world.at("08:30").await;
    world.expect("ops", &["5 users, more than 3", "since 08:10"]);
    world.crowd("hr", 0).at("08:31").await;
    world.expect("ops", &["no users"]);
    world.finish().await;
}

#[tokio::test]
async fn check_shows_when_a_window_comes_and_that_one_is_on() {
    let world = World::new(&PATCHED.replace("10 8 * * MON", "0 * * * *").replace("20m", "59m59s")).await;
    let shown = headcount(&world.folder, &["check"]).await;
    assert!(shown.out.contains("maintenance patch") && shown.out.contains("0 * * * *"), "{}", shown.out);
    assert!(shown.out.contains("Maintenance patch: nothing is told of prod until "), "{}", shown.out);
    let shown = headcount(&world.folder, &["check", "--format", "json"]).await.json();
    assert_eq!((&shown[1]["maintenance"], &shown[1]["sites"][0]), (&"patch".into(), &"prod".into()), "{shown}");
    let shown = headcount(&world.folder, &["silence", "list"]).await.out;
    assert!(shown.contains("Maintenance patch: nothing is told of prod until "), "{shown}");
    world.finish().await;
}
