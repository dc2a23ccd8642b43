use headcount::demo::site::Fault;

use crate::support::World;

const REPORT: &str = r#"
reports:
  before-restart: {who: {}, site: prod, cron: "45 21 * * SUN", tell: [ops, managers, bosses], late: 2h}
"#;

#[tokio::test]
async fn who_is_on_is_told_on_schedule_to_all_who_asked() {
    let world = World::new(REPORT).await;
    world.connected("", &["anna", "bertil"]).connected("hr", &["Anna"]);
    world.site.connect_anonymous(0, "hr");
    world.at("2026-03-08T21:44:59").await.quiet();
    world.at("2026-03-08T21:45:00").await;
    // A report asked for by name is not held back by `from`.
    for channel in ["ops", "managers"] {
        world.expect(channel, &["prod", "2 users", "anna", "bertil", "hr", "anonymous"]);
    }
    world.expect_mail("cio@example.com", &["2 users", "anna"]);
    world.expect_mail("lead@example.com", &["2 users", "bertil"]);
    world.at("2026-03-08T21:46:00").await.quiet();
    world.finish().await;
}

#[tokio::test]
async fn a_blind_site_is_told_as_blind() {
    let world = World::new(&REPORT.replace(", managers, bosses", "")).await;
    world.connected("", &["anna"]).site.fail_all(Fault::status(403));
    world.at("2026-03-08T21:45:00").await;
    let said = world.expect("ops", &["prod", "403"]).to_lowercase();
    assert!(!said.contains("0 users") && !said.contains("nobody"), "{said}");
    world.finish().await;
}

#[tokio::test]
async fn a_report_missed_while_down_is_told_late_once_or_not_at_all() {
    let mut world = World::new(&REPORT.replace(", managers, bosses", "")).await;
    world.connected("", &["anna"]);
    world.stop();
    world.set("2026-03-08T22:50:00");
    world.start().await;
    world.at("2026-03-08T22:50:01").await;
    world.expect("ops", &["1 user", "1 h 5 min"]);
    world.at("2026-03-08T22:51:00").await.quiet();
    world.stop();
    world.set("2026-03-16T08:00:00");
    world.start().await;
    world.at("2026-03-16T08:00:01").await.quiet();
    assert!(world.log().contains("missed, and too late to be told now"), "{}", world.log());
    world.finish().await;
}

#[tokio::test]
async fn a_time_that_the_spring_change_skips_comes_at_the_first_instant_after() {
    let night = r#"
reports:
  night: {who: {}, site: prod, cron: "30 2 * * *", tell: ops}
"#;
    let world = World::new(night).await;
    world.connected("", &["anna"]).at("2026-03-28T02:30:00").await;
    world.expect("ops", &["1 user"]);
    world.at("2026-03-29T01:59:59").await.quiet();
    world.at("2026-03-29T03:00:00").await;
    world.expect("ops", &["1 user"]);
    world.at("2026-03-29T03:30:00").await.quiet();
    world.finish().await;
}
