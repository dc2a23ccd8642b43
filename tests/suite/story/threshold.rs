use crate::support::World;

const CROWDED: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded]}
rules:
  crowded:
    threshold: {metric: users, above: 3, clear: 2}
    severity: critical
    tell: [ops, managers, bosses]
    repeat: 2h
"#;

#[tokio::test]
async fn opening_and_closing_are_told_once_in_each_channel() {
    let world = World::new(CROWDED).await;
    world.connected("", &["anna", "bertil", "cecilia"]).connected("hr", &["ANNA", r"INTERNAL\sa_api"]);
    world.at("08:01").await.quiet();
    world.crowd("hr", 5).at("08:02").await;
    world.expect("ops", &["prod", "8 users", "more than 3", "Critical"]);
    world.expect("managers", &["prod", "8 users", "more than 3"]);
    let opened = world.expect_mail("cio@example.com", &["prod", "8 users", "more than 3"]);
    world.expect_mail("lead@example.com", &["8 users"]);
    world.at("08:03").await.quiet();
    world.connected("hr", &[]).connected("", &["anna", "bertil"]).at("08:04").await;
    world.expect("ops", &["2 users", "2 min"]);
    world.expect("managers", &["2 users"]);
    let closed = world.expect_mail("cio@example.com", &["2 users"]);
    world.expect_mail("lead@example.com", &["2 users"]);
    assert_eq!(closed.header("In-Reply-To"), opened.header("Message-ID"), "the all-clear is threaded under its alert");
    let subject = opened.header("Subject").expect("a subject");
    assert_eq!(closed.header("Subject"), Some(format!("[Resolved] {subject}")), "Gmail keeps these together");
    assert_eq!(closed.header("Thread-Topic"), Some(subject), "Outlook keeps these together");
    assert!(opened.header("Message-ID").is_some_and(|id| id.ends_with("@example.com>") && id.len() == 46));
    world.at("08:05").await.quiet();
    world.finish().await;
}

#[tokio::test]
async fn an_open_incident_is_repeated_and_a_mild_one_spares_those_who_take_critical_alone() {
    let mild = CROWDED.replace("critical", "warning");
    let world = World::new(&mild).await;
    world.crowd("hr", 4).at("08:01").await;
    world.expect("ops", &["4 users"]);
    world.expect_mail("cio@example.com", &["4 users"]);
    world.expect_mail("lead@example.com", &["4 users"]);
    world.crowd("hr", 6).at("10:00").await.quiet();
    world.at("10:01").await;
    world.expect("ops", &["6 users", "2 h"]);
    world.expect_mail("cio@example.com", &["6 users", "2 h"]);
    world.expect_mail("lead@example.com", &["6 users"]);
    world.finish().await;
}

#[tokio::test]
async fn a_part_of_a_site_can_be_too_many_and_says_that_it_is_a_part() {
    let world = World::new(&CROWDED.replace("tell: [ops, managers, bosses]", "tell: ops")).await;
    world.crowd("hr", 5).site.fail(0, "", headcount::demo::site::Fault::status(500));
    world.at("08:01").await;
    let said = world.expect("ops", &["at least 5 users", "more than 3"]);
    assert!(said.contains("1 of 2"), "{said}");
    world.site.fail(0, "hr", headcount::demo::site::Fault::Hang);
    world.at("08:02").await.quiet();
    world.site.heal_all();
    world.crowd("hr", 0).at("08:03").await;
    world.expect("ops", &["no users"]);
    world.finish().await;
}
