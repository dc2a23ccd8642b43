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
    // The next one tells of it, once.
    world.at("2026-03-22T21:45:00").await;
    world.expect("ops", &["1 user", "The report due at 21:45 CET (Sun 15 Mar 2026) was missed"]);
    world.at("2026-03-29T21:45:00").await;
    let next = world.expect("ops", &["1 user"]);
    assert!(!next.contains("missed"), "{next}");
    world.finish().await;
}

#[tokio::test]
async fn many_missed_reports_are_one_sentence() {
    let often = r#"
reports:
  often: {who: {}, site: prod, cron: "0 * * * *", tell: ops, late: 10m}
"#;
    let mut world = World::new(often).await;
    world.connected("", &["anna"]).at("2026-03-28T18:00:00").await;
    world.expect("ops", &["1 user"]);
    world.stop();
    // A night of five hours, as one of them is skipped, is missed up to three, and told at four.
    world.set("2026-03-29T04:05:00");
    world.start().await;
    world.at("2026-03-29T04:05:00").await;
    world.expect(
        "ops",
        &[
            "due at 04:00 CEST (Sun 29 Mar 2026), and is 5 min late",
            "The reports due at 19:00 CET (Sat 28 Mar 2026), at 20:00 CET (Sat 28 Mar 2026), at 21:00 CET (Sat 28 Mar 2026) \
             and 5 more after that were missed",
        ],
    );
    // What came due before, while nobody was there to tell it in time, is listed by whoever tells the next.
    world.stop();
    world.set("2026-03-29T05:20:00");
    world.start().await;
    world.at("2026-03-29T05:20:00").await.quiet();
    world.stop();
    world.start().await;
    world.at("2026-03-29T05:21:00").await.quiet();
    world.at("2026-03-29T06:00:00").await;
    world.expect("ops", &["The report due at 05:00 CEST (Sun 29 Mar 2026) was missed"]);
    world.finish().await;
}

#[tokio::test]
async fn who_was_on_before_a_maintenance_is_missed_no_less() {
    let before = r#"
maintenance:
  patch: {site: prod, cron: "0 22 * * SUN", lasts: 2h}
reports:
  before: {who: {before: patch, lead: 15m}, site: prod, tell: ops, late: 10m}
"#;
    let mut world = World::new(before).await;
    world.connected("", &["anna"]).at("2026-03-08T21:45:00").await;
    world.expect("ops", &["Maintenance patch begins at 22:00 CET"]);
    world.stop();
    world.set("2026-03-16T08:00:00");
    world.start().await;
    world.at("2026-03-16T08:00:00").await.quiet();
    world.at("2026-03-22T21:45:00").await;
    world.expect(
        "ops",
        &[
            "Maintenance patch begins",
            "The report due at 21:45 CET (Sun 15 Mar 2026) was missed, because headcount was not running",
        ],
    );
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
