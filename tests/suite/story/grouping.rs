use crate::support::World;

const TWO: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded, sessions, far-too-many]}
rules:
  crowded: {threshold: {metric: users, above: 3}, tell: [ops, bosses]}
  sessions: {threshold: {metric: sessions, above: 5}, tell: [ops, bosses]}
  far-too-many: {threshold: {metric: users, above: 8}, severity: critical, tell: [managers]}
"#;

#[tokio::test]
async fn findings_of_one_poll_are_one_message_and_each_end_is_threaded_under_it() {
    let mut world = World::new(TWO).await;
    world.crowd("hr", 6).at("08:01").await;
    world.expect("ops", &["more than 3", "more than 5"]);
    let opened = world.expect_mail("cio@example.com", &["more than 3", "more than 5"]);
    world.expect_mail("lead@example.com", &["more than 5"]);
    world.start().await;
    world.crowd("hr", 4).at("08:02").await;
    world.expect("ops", &["4 sessions"]);
    let first = world.expect_mail("cio@example.com", &["4 sessions"]);
    world.expect_mail("lead@example.com", &["4 sessions"]);
    world.crowd("hr", 1).at("08:03").await;
    world.expect("ops", &["1 user"]);
    let second = world.expect_mail("cio@example.com", &["1 user"]);
    world.expect_mail("lead@example.com", &["1 user"]);
    let subject = opened.header("Subject").expect("a subject");
    for (closed, state) in [(first, "Resolved in part"), (second, "Resolved")] {
        assert_eq!(closed.header("In-Reply-To"), opened.header("Message-ID"));
        assert_eq!(closed.header("Subject"), Some(format!("[{state}] {subject}")));
    }
    // Both at once, and one more for a channel that takes the critical alone.
    world.crowd("hr", 9).at("08:04").await;
    world.expect("ops", &["more than 3", "more than 5"]);
    world.expect("managers", &["9 users", "more than 8"]);
    let opened = world.expect_mail("cio@example.com", &["9 users"]);
    world.expect_mail("lead@example.com", &["9 users"]);
    world.crowd("hr", 0).at("08:05").await;
    world.expect("ops", &["no users", "no sessions"]);
    world.expect("managers", &["no users"]);
    let closed = world.expect_mail("cio@example.com", &["no users"]);
    world.expect_mail("lead@example.com", &["no users"]);
    assert_eq!(closed.header("In-Reply-To"), opened.header("Message-ID"));
    world.at("08:06").await.quiet();
    world.finish().await;
}

#[tokio::test]
async fn the_all_clear_goes_to_whoever_was_told_and_to_nobody_else() {
    let mut world = World::new(TWO).await;
    world.crowd("hr", 4).at("08:01").await;
    world.expect("ops", &["more than 3"]);
    world.expect_mail("cio@example.com", &["more than 3"]);
    world.expect_mail("lead@example.com", &["more than 3"]);
    // The bosses take less now, and the managers are new on the list: the bosses heard of it, the managers did not.
    world.rewrite(&[
        ("tell: [ops, bosses]", "tell: [ops, managers]"),
        ("pace: none, from: critical", "pace: none"),
        ("  bosses:\n", "  bosses:\n    from: critical\n"),
    ]);
    world.start().await;
    world.crowd("hr", 1).at("08:02").await;
    world.expect("ops", &["1 user"]);
    world.expect_mail("cio@example.com", &["1 user"]);
    world.expect_mail("lead@example.com", &["1 user"]);
    world.at("08:03").await.quiet();
    world.finish().await;
}

#[tokio::test]
async fn who_wants_no_all_clear_gets_none() {
    let world = World::with(TWO, &[("pace: none, from", "pace: none, resolved: false, from")]).await;
    world.crowd("hr", 9).at("08:01").await;
    world.expect("ops", &["9 users"]);
    world.expect("managers", &["9 users"]);
    for to in ["cio@example.com", "lead@example.com"] {
        world.expect_mail(to, &["9 users"]);
    }
    world.crowd("hr", 0).at("08:02").await;
    world.expect("ops", &["no users"]);
    for to in ["cio@example.com", "lead@example.com"] {
        world.expect_mail(to, &["no users"]);
    }
    world.finish().await;
}
