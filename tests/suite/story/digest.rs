use crate::support::World;

/// Four polls a day, and a rule that tells nobody who would be in the way.
const CHECK: &str = r#"
checks:
  sessions: {site: prod, cron: "0 1-23/6 * * *", rules: [crowded]}
rules:
  crowded: {threshold: {metric: users, above: 1}, severity: info, tell: managers}
"#;

fn with(report: &str) -> String {
    format!("{CHECK}reports:\n  {report}\n")
}

#[tokio::test]
async fn each_digest_covers_every_day_since_the_last_one() {
    let report = r#"daily: {digest: {period: day}, site: prod, cron: "0 7 * * MON-FRI", tell: [ops]}"#;
    let world = World::new(&with(report)).await;
    world.connected("", &["anna", "bertil"]).connected("hr", &["Anna"]);
    world.site.connect_anonymous(0, "hr");
    for time in ["2026-03-02T13:00:00", "2026-03-02T19:00:00", "2026-03-03T01:00:00"] {
        world.at(time).await.quiet();
    }
    // headcount began at eight on Monday: half of the day was seen.
    world.at("2026-03-03T07:00:00").await;
    let first =
        world.expect("ops", &["prod: at least 2 people, at most 2 at once, Mon 2 Mar 2026", "Seen 2 of 4 polls"]);
    assert!(
        first.contains("1 of them anonymous") && !first.contains("anna") && !first.contains("than the day before"),
        "{first}"
    );
    world.connected("", &["anna", "cecilia"]);
    for time in ["2026-03-03T13:00:00", "2026-03-03T19:00:00", "2026-03-04T01:00:00"] {
        world.at(time).await.quiet();
    }
    world.at("2026-03-04T07:00:00").await;
    let second = world.expect(
        "ops",
        &[
            "prod: 3 people, at most 2 at once, Tue 3 Mar 2026",
            "Seen at every one of 4 polls",
            "1 more than the day before",
        ],
    );
    assert!(second.contains("New people") && second.contains("crowded"), "{second}");
    // Nobody turned the crank on Thursday: its report is listed, and its day is told with the next.
    world.at("2026-03-06T07:00:00").await;
    world.expect(
        "ops",
        &["Wed 4 Mar 2026 to Thu 5 Mar 2026", "The report due at 07:00 CET (Thu 5 Mar 2026) was missed", "Day by day"],
    );
    for time in ["2026-03-06T13:00:00", "2026-03-07T13:00:00", "2026-03-08T13:00:00"] {
        world.at(time).await.quiet();
    }
    world.at("2026-03-09T07:00:00").await;
    let monday =
        world.expect("ops", &["Fri 6 Mar 2026 to Sun 8 Mar 2026", "Day by day", "Sat 7 Mar 2026", "Sun 8 Mar 2026"]);
    assert!(!monday.contains("missed"), "{monday}");
    world.at("2026-03-09T12:00:00").await.quiet();
    world.finish().await;
}

#[tokio::test]
async fn a_stop_over_any_boundary_loses_nothing_and_doubles_nothing() {
    for (period, cron, told, stopped, started, covers) in [
        ("day", "30 0 * * *", "2026-03-03T00:30:00", "2026-03-03T23:59:00", "2026-03-04T00:31:00", "Tue 3 Mar 2026"),
        ("day", "30 2 * * *", "2026-03-28T02:30:00", "2026-03-29T01:59:00", "2026-03-29T04:10:00", "Sat 28 Mar 2026"),
        ("day", "0 7 * * *", "2026-10-25T07:00:00", "2026-10-25T22:00:00", "2026-10-26T08:00:00", "Sun 25 Oct 2026"),
        (
            "week",
            "0 7 * * MON",
            "2026-03-09T07:00:00",
            "2026-03-15T23:00:00",
            "2026-03-16T10:00:00",
            "Mon 9 Mar 2026 to Sun 15 Mar 2026",
        ),
        (
            "month",
            "0 7 1 * *",
            "2026-04-01T07:00:00",
            "2026-04-30T23:59:00",
            "2026-05-01T12:59:00",
            "prod: at least 1 person, at most 1 at once, April 2026",
        ),
    ] {
        let report = format!(r#"it: {{digest: {{period: {period}}}, site: prod, cron: "{cron}", tell: [ops]}}"#);
        let mut world = World::new(&with(&report)).await;
        world.connected("", &["anna"]).at("2026-03-02T13:00:00").await;
        world.at(told).await;
        world.expect("ops", &["prod: "]);
        world.at(stopped).await.quiet();
        world.stop();
        world.set(started);
        world.start().await;
        world.at(started).await;
        world.expect("ops", &[covers, " late because headcount was not running then"]);
        // Two starts in the same minute.
        for _ in 0..2 {
            world.start().await;
            world.at(started).await.quiet();
        }
        world.finish().await;
    }
}

#[tokio::test]
async fn a_stop_over_the_change_of_the_clocks_and_the_end_of_a_month_is_told_day_by_day() {
    let report = r#"daily: {digest: {period: day}, site: prod, cron: "0 7 * * *", tell: [ops], late: 5h}"#;
    let mut world = World::new(&with(report)).await;
    world.connected("", &["anna"]).at("2026-03-27T13:00:00").await;
    world.at("2026-03-28T07:00:00").await;
    world.expect("ops", &["prod: at least 1 person", "Mon 2 Mar 2026 to Fri 27 Mar 2026"]);
    world.stop();
    world.set("2026-04-01T12:00:00");
    world.start().await;
    world.at("2026-04-01T12:00:00").await;
    let told = world.expect(
        "ops",
        &[
            "Sat 28 Mar 2026 to Tue 31 Mar 2026",
            "5 h late",
            "The reports due at 07:00 CEST (Sun 29 Mar 2026), at 07:00 CEST (Mon 30 Mar 2026) and at 07:00 CEST (Tue 31 Mar 2026) \
             were missed",
            "Sun 29 Mar 2026",
        ],
    );
    // Polls at one, seven, thirteen and nineteen of each day, that of 23 hours too; the first was made at seven.
    assert!(told.contains("Seen 1 of 16 polls"), "{told}");
    world.at("2026-04-02T07:00:00").await;
    let next = world.expect("ops", &["Wed 1 Apr 2026"]);
    assert!(!next.contains("missed") && !next.contains("late"), "{next}");
    world.finish().await;
}

#[tokio::test]
async fn people_who_are_not_kept_any_more_are_absent_and_not_fewer() {
    let report = r#"weekly: {digest: {period: week, name_people: true}, site: prod, cron: "0 7 * * MON", tell: [ops]}"#;
    let world = World::new(&format!("keep: {{sessions: 3d}}\n{}", with(report))).await;
    world.connected("", &["anna", "bertil"]).at("2026-03-02T13:00:00").await;
    world.connected("", &["cecilia"]);
    for day in 3..=8 {
        for hour in ["01", "03:40", "07", "13", "19"] {
            let hour = if hour.len() == 2 { format!("{hour}:00") } else { hour.to_owned() };
            world.at(&format!("2026-03-0{day}T{hour}:00")).await.quiet();
        }
    }
    world.at("2026-03-09T01:00:00").await.quiet();
    world.at("2026-03-09T03:41:00").await.quiet();
    world.at("2026-03-09T07:00:00").await;
    let told = world.expect(
        "ops",
        &["prod: at most 2 at once", "not known any more: their sessions are not kept for so long", "Sun 8 Mar 2026"],
    );
    for wrong in ["1 person", "New people", "Sessions:", "bertil", "cecilia", "By directory"] {
        assert!(!told.contains(wrong), "{wrong}: {told}");
    }
    world.finish().await;
}

#[tokio::test]
async fn an_hour_that_comes_twice_has_one_digest_whatever_is_stopped_in_it() {
    let report = r#"night: {digest: {period: day}, site: prod, cron: "30 2 * * *", tell: [ops]}"#;
    let mut world = World::new(&with(report)).await;
    world.connected("", &["anna"]).at("2026-10-23T13:00:00").await;
    world.at("2026-10-24T02:30:00").await;
    world.expect("ops", &["Fri 23 Oct 2026"]);
    world.at("2026-10-24T13:00:00").await.quiet();
    world.at("2026-10-25T02:29:00+02:00").await.quiet();
    world.stop();
    world.set("2026-10-25T02:31:00+02:00");
    world.start().await;
    world.at("2026-10-25T02:31:00+02:00").await;
    world.expect("ops", &["Sat 24 Oct 2026", "This report was due at 02:30 CEST"]);
    for time in ["2026-10-25T02:29:00+01:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:00:00+01:00"] {
        world.stop();
        world.set(time);
        world.start().await;
        world.at(time).await.quiet();
    }
    world.at("2026-10-25T13:00:00").await.quiet();
    world.at("2026-10-26T02:30:00").await;
    world.expect("ops", &["Sun 25 Oct 2026"]);
    world.finish().await;
}

#[tokio::test]
async fn a_digest_that_would_be_too_late_is_listed_in_the_next() {
    let report = r#"daily: {digest: {period: day}, site: prod, cron: "0 7 * * *", tell: [ops], late: 1h}"#;
    let mut world = World::new(&with(report)).await;
    world.connected("", &["anna"]).at("2026-03-02T13:00:00").await;
    world.at("2026-03-03T07:00:00").await;
    world.expect("ops", &["Mon 2 Mar 2026"]);
    world.stop();
    world.set("2026-03-04T08:00:30");
    world.start().await;
    world.at("2026-03-04T08:00:30").await.quiet();
    assert!(world.log().contains("missed, and too late to be told now"), "{}", world.log());
    world.start().await;
    world.at("2026-03-04T13:00:00").await.quiet();
    world.at("2026-03-05T07:00:00").await;
    world.expect(
        "ops",
        &["Tue 3 Mar 2026 to Wed 4 Mar 2026", "The report due at 07:00 CET (Wed 4 Mar 2026) was missed"],
    );
    world.at("2026-03-06T07:00:00").await;
    let next = world.expect("ops", &["Thu 5 Mar 2026"]);
    assert!(!next.contains("missed") && next.contains("Seen 1 of 4 polls") && next.contains("13:00-24:00"), "{next}");
    world.finish().await;
}

#[tokio::test]
async fn people_are_ranked_where_it_is_asked_for_and_names_are_shown() {
    let report = r#"weekly: {digest: {period: week, name_people: true}, site: all, cron: "0 7 * * MON", tell: [ops, managers, bosses]}"#;
    let world = World::with(&with(report), &[("from: critical", "from: critical, names: hidden")]).await;
    world.connected("", &["anna", "bertil"]).at("2026-03-02T13:00:00").await;
    world.connected("", &["bertil"]).at("2026-03-02T19:00:00").await;
    world.connected("", &[]).at("2026-03-03T01:00:00").await;
    world.at("2026-03-09T07:00:00").await;
    let said = world.expect("ops", &["prod: at least 2 people", "Hours of the week", "anna", "bertil"]);
    assert!(said.find("bertil") < said.find("anna"), "{said}");
    let hidden = world.expect("managers", &["Names are not shown in this channel"]);
    assert!(!hidden.contains("anna") && !hidden.contains("bertil"), "{hidden}");
    for boss in ["cio@example.com", "lead@example.com"] {
        world.expect_mail(boss, &["prod: at least 2 people", "bertil"]);
    }
    world.finish().await;
}
