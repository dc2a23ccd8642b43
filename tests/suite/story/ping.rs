use headcount::demo::inbox::{Fault, Kind};
use headcount::demo::site::Fault as SiteFault;

use crate::support::World;

const QUIET: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded]}
rules:
  crowded: {threshold: {metric: users, above: 300}, tell: [ops]}
"#;

async fn world() -> World {
    let mut world = World::new(QUIET).await;
    let url = world.inbox.url(Kind::Ping, "dead-man");
    world.rewrite(&[("sites:\n", &format!("ping: {{url: \"{url}\", every: 5m}}\nsites:\n"))]);
    world.reload().await;
    world
}

#[tokio::test]
async fn the_switch_is_called_after_good_polls_and_no_more_often_than_it_says() {
    let mut world = world().await;
    for minute in 1..=12 {
        world.at(&format!("08:{minute:02}")).await;
    }
    assert_eq!(world.inbox.attempts("dead-man"), 3, "at 08:01, 08:06 and 08:11");
    // A reload is no reason to call.
    world.reload().await;
    world.at("08:13").await;
    assert_eq!(world.inbox.attempts("dead-man"), 3);
    for _ in 0..3 {
        world.expect("dead-man", &[]);
    }
    world.finish().await;
}

#[tokio::test]
async fn a_site_that_is_not_seen_keeps_it_silent() {
    let world = world().await;
    world.site.fail(0, "", SiteFault::Reset);
    world.site.fail(0, "hr", SiteFault::Reset);
    for minute in 1..=7 {
        world.at(&format!("08:{minute:02}")).await;
    }
    assert_eq!(world.inbox.attempts("dead-man"), 0);
    world.site.heal(0, "hr");
    world.at("08:08").await;
    assert_eq!(world.inbox.attempts("dead-man"), 1, "what is seen in part is seen");
    world.expect("dead-man", &[]);
    world.finish().await;
}

#[tokio::test]
async fn that_it_fails_is_said_once_and_disturbs_nothing() {
    let world = world().await;
    world.inbox.always("dead-man", Some(Fault::status(500, "")));
    for minute in 1..=11 {
        world.at(&format!("08:{minute:02}")).await;
    }
    assert_eq!(world.inbox.attempts("dead-man"), 3);
    let log = world.log();
    let said = log.lines().filter(|line| line.contains("WARN") && line.contains("cannot call the dead man's switch"));
    assert_eq!(said.count(), 1, "{log}");
    world.inbox.always("dead-man", None);
    world.at("08:16").await;
    world.expect("dead-man", &[]);
    assert!(world.log().contains("is called again"), "{}", world.log());
    assert!(!world.log().contains("/ping/dead-man"));
    world.finish().await;
}
