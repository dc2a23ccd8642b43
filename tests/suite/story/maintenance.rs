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
    world.expect("ops", &["5 users, more than 3", "Since\n08:10"]);
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

#[tokio::test]
async fn who_is_on_is_told_before_each_window_without_a_cron_of_its_own() {
    let report = "reports:\n  warning: {who: {before: patch, lead: 9m}, site: prod, tell: [ops]}\n";
    let mut world = World::new(&format!("{PATCHED}{report}")).await;
    world.connected("hr", &["anna", "bertil"]).at("08:00").await.quiet();
    world.at("08:01").await;
    let told = world.expect(
        "ops",
        &["prod: 2 users on, maintenance patch at 08:10 CET", "begins at 08:10 CET (Mon 2 Mar 2026)", "report warning"],
    );
    assert!(told.contains("anna") && told.contains("bertil"), "{told}");
    world.at("08:05").await.at("08:10").await.quiet();
    // A week later, and a minute late because headcount was down.
    world.set("2026-03-09T07:58:00");
    world.start().await;
    world.at("2026-03-09T08:02:00").await;
    world.expect("ops", &["maintenance patch at 08:10 CET", "1 min late because headcount was not running"]);
    let shown = headcount(&world.folder, &["check"]).await.out;
    assert!(shown.contains("report warning") && shown.contains("9m before 10 8 * * MON"), "{shown}");
    for (instead, told) in [
        ("before: ptach, lead: 9m", "no maintenance is called `ptach`; did you mean `patch`?"),
        ("lead: 9m", "name that with `before`"),
        ("before: patch, lead: 0s", "it would be no warning"),
        ("before: patch, lead: soon", "`soon` is no length of time"),
        ("before: patch}, cron: \"0 7 * * *", "take out `cron`, or `before`"),
    ] {
        let text = std::fs::read_to_string(world.folder.path().join("headcount.yaml")).expect("a file");
        let quote = if instead.contains("cron") { "\"" } else { "}" };
        let text = text.replace("before: patch, lead: 9m}", &format!("{instead}{quote}"));
        world.folder.write("wrong.yaml", &text);
        let done = headcount(&world.folder, &["check", "--config", "wrong.yaml"]).await;
        assert!(done.status == 2 && done.err.contains(told), "{instead}: {}", done.err);
    }
    world.finish().await;
}
