use headcount::demo::site::Fault;

use crate::cli::headcount;
use crate::support::World;

const RULES: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [blind, crowded]}
rules:
  blind: {unreachable: {for: 0s}, tell: ops}
  crowded: {threshold: {metric: users, above: 2}, tell: ops}
reports:
  who: {who: {}, site: prod, cron: "30 9 * * *", tell: [ops]}
"#;

fn asked(world: &World) -> usize {
    world.site.asked_of_repository().iter().filter(|path| *path == "/qrs/proxyservice/full").count()
}

fn said(world: &World, what: &str) -> usize {
    world.log().lines().filter(|line| line.contains(what)).count()
}

#[tokio::test]
async fn what_appears_is_polled_within_a_quarter_of_an_hour_and_what_went_is_not_missed() {
    let world = World::discovering(RULES).await;
    world.connected("", &["anna"]).at("08:01").await.at("08:02").await.quiet();
    assert_eq!(asked(&world), 1, "a list is good for 15 minutes");
    world.site.link(1, "new");
    world.site.connect(1, "new", "CORP", "bertil");
    world.site.connect(1, "sales", "CORP", "cecilia");
    world.at("08:15").await.quiet();
    assert_eq!((asked(&world), said(&world, "appeared")), (1, 0));
    world.at("08:16").await;
    assert_eq!((asked(&world), said(&world, "virtual proxy `new` on sense2.example.test:")), (2, 1));
    world.expect("ops", &["3 users"]);
    // One that was unlinked answers 404: the repository is asked at once, and nothing is told to be silent.
    world.site.unlink(1, "new");
    world.at("08:17").await;
    world.expect("ops", &["no longer"]);
    assert_eq!((asked(&world), said(&world, "is gone"), said(&world, "not seen")), (3, 1, 0));
    assert_eq!(said(&world, "virtual proxy `new`, not linked appeared"), 1);
    // One that the repository goes on to name is silent, and is no reason to ask it at every poll.
    world.site.fail(1, "sales", Fault::status(404));
    world.at("08:18").await;
    world.expect("ops", &["sales", "404"]);
    world.at("08:19").await.at("08:20").await.quiet();
    assert_eq!(asked(&world), 4);
    world.site.heal_all();
    world.at("08:21").await;
    world.expect("ops", &["prod"]);
    let check = headcount(&world.folder, &["check"]).await;
    for part in [
        "prod: 2 proxies, 5 virtual proxies, 3 pairs to poll, said its repository at 2026-03-02 08:18 CET.",
        "(Node 1): (default), hr\n",
        "(Node 2): sales\n",
        "not linked to any proxy, so not polled: virtual proxy `hr`, virtual proxy `new`",
        "since 2026-03-02 08:16 CET: virtual proxy `new` on sense2.example.test:",
        "is gone",
    ] {
        assert!(check.out.contains(part), "{part}: {}{}", check.out, check.err);
    }
    world.finish().await;
}

#[tokio::test]
async fn while_the_repository_is_away_the_last_list_is_used_and_that_is_said() {
    let mut world = World::discovering(RULES).await;
    world.connected("", &["anna"]).at("08:01").await.quiet();
    world.site.stop_repository().await;
    world.at("08:17").await.at("08:18").await.at("08:19").await.quiet();
    assert_eq!(said(&world, "the repository was not heard: the connection was refused"), 1);
    assert!(world.log().contains("the proxies are those that it named at 2026-03-02T07:01:00Z"), "{}", world.log());
    // A restart remembers it, too.
    world.start().await;
    world.at("08:20").await.quiet();
    let snapshot = headcount(&world.folder, &["who", "--site", "prod", "--format", "json"]).await;
    assert_eq!((snapshot.status, &snapshot.json()["sites"][0]["coverage"]["answered"]), (0, &3.into()));
    let part = "the repository was not heard: GET https://sense.example.test:";
    assert!(
        snapshot.err.contains(part) && snapshot.err.contains("those that it named at 2026-03-02 07:01"),
        "{}",
        snapshot.err
    );
    world.site.start_repository().await;
    world.at("08:21").await.at("08:22").await.quiet();
    assert_eq!(said(&world, "the repository is heard again"), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_repository_that_never_answered_is_no_empty_site() {
    let world = World::discovering(RULES).await;
    world.site.fail_repository(Fault::LoginPage);
    world.connected("", &["anna"]).at("08:01").await;
    world.expect("ops", &["prod", "the repository did not say which proxies there are", "page of HTML"]);
    world.at("08:02").await.quiet();
    world.site.heal_repository();
    world.at("08:03").await;
    world.expect("ops", &["prod"]);
    // The report says who is on, by the list that the poll just heard.
    let before = asked(&world);
    world.at("08:17").await.at("09:30").await;
    world.expect("ops", &["anna"]);
    assert!(asked(&world) <= before + 3, "{}", asked(&world));
    world.finish().await;
}
