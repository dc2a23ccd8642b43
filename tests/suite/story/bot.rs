//! Slack by a bot: what follows a message is put under it, and it is changed when everything is over that it told.

use headcount::demo::inbox::Fault;
use headcount::jobs;

use crate::cli::headcount;
use crate::support::World;

const TWO: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded, sessions]}
rules:
  crowded: {threshold: {metric: users, above: 3}, tell: [ops]}
  sessions: {threshold: {metric: sessions, above: 5}, tell: [ops]}
"#;
const ONE: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded]}
rules:
  crowded: {threshold: {metric: users, above: 3}, repeat: 1h, tell: [ops]}
"#;

/// The method of each call that was taken.
fn methods(world: &World) -> Vec<String> {
    let received = world.inbox.received();
    received.iter().map(|one| one.target.rsplit('/').next().unwrap_or_default().to_owned()).collect()
}

fn refusal(word: &str) -> Fault {
    Fault::status(200, &format!(r#"{{"ok":false,"error":"{word}"}}"#))
}

#[tokio::test]
async fn a_message_of_two_incidents_is_followed_under_it_and_closed_with_the_last_of_them() {
    let mut world = World::by_bot(TWO, &[]).await;
    world.crowd("hr", 6).at("08:01").await;
    world.expect("ops", &["2 alerts", "more than 3", "more than 5"]);
    world.start().await;
    // One is over: everyone sees that, and the message still says what is not.
    world.crowd("hr", 4).at("08:02").await;
    world.expect("ops", &["4 sessions"]);
    world.start().await;
    let shown = world.shown_by_slack();
    assert!(!shown[0].starts_with("edited") && shown[1].starts_with(">> "), "{shown:#?}");
    world.crowd("hr", 1).at("08:04").await;
    world.expect("ops", &["1 user"]);
    let edit = world.expect("ops", &["Closed: prod: 2 alerts: crowded and sessions", "All 2 are closed"]);
    for line in ["6 users, more than 3: 3 min, from 08:01 CET", "6 sessions, more than 5: 1 min, from 08:01 CET"] {
        assert!(edit.contains(line), "{edit}");
    }
    let shown = world.shown_by_slack();
    assert!(shown[2].starts_with("> ") && shown.len() == 3, "{shown:#?}");
    // What it told at first is still there, above what it says now; its box is green.
    assert!(shown[0].starts_with("edited") && shown[0].contains("2 alerts") && shown[0].contains("All 2 are closed"));
    let (colour, root, threads) = world.inbox.workspace("ops", |workspace| {
        let posts = workspace.posts();
        let threads: Vec<_> = posts[1..].iter().map(|post| post.thread.clone()).collect();
        (posts[0].message["attachments"][0]["color"].clone(), posts[0].ts.clone(), threads)
    });
    assert_eq!(colour, "#2e7d32");
    assert_eq!(threads, [Some(root.clone()), Some(root)]);
    world.start().await;
    world.at("08:05").await.quiet();
    world.finish().await;
}

#[tokio::test]
async fn one_incident_is_repeated_and_closed_under_its_message() {
    let mut world = World::by_bot(ONE, &[]).await;
    world.crowd("", 5).at("08:01").await;
    world.expect("ops", &["5 users"]);
    world.at("09:01").await;
    world.expect("ops", &["still 5 users"]);
    world.start().await;
    world.crowd("", 0).at("09:30").await;
    world.expect("ops", &["no users"]);
    world.expect("ops", &["Closed: prod: 5 users, more than 3", "It lasted 1 h 29 min, from 08:01 CET"]);
    let shown = world.shown_by_slack();
    let marks: Vec<_> = shown.iter().map(|text| text.split_once(' ').map_or("", |(mark, _)| mark)).collect();
    assert_eq!(marks, ["edited", ">>", ">"], "{shown:#?}");
    // Another one is another message.
    world.crowd("", 5).at("09:31").await;
    world.expect("ops", &["5 users"]);
    world.crowd("", 0).at("09:32").await;
    world.expect("ops", &["no users"]);
    world.expect("ops", &["Closed: prod", "It lasted 1 min"]);
    assert_eq!(world.shown_by_slack().len(), 5);
    world.finish().await;
}

#[tokio::test]
async fn one_poll_is_told_under_each_message_that_it_follows() {
    let world = World::by_bot(TWO, &[]).await;
    world.crowd("", 4).at("08:01").await;
    world.expect("ops", &["4 users"]);
    world.site.clear(0, "");
    world.connected("hr", &["anna", "anna", "anna", "bertil", "bertil", "bertil"]).at("08:02").await;
    // One is over as the other begins.
    world.expect("ops", &["2 users, no longer more than 3"]);
    world.expect("ops", &["6 sessions, more than 5"]);
    world.expect("ops", &["Closed: prod: 4 users"]);
    let shown = world.shown_by_slack();
    assert!(shown[1].starts_with("> ") && !shown[2].starts_with('>'), "{shown:#?}");
    world.connected("hr", &[]).at("08:03").await;
    world.expect("ops", &["no sessions"]);
    world.expect("ops", &["Closed: prod: 6 sessions"]);
    world.finish().await;
}

#[tokio::test]
async fn what_was_not_posted_yet_is_posted_first_and_then_answered_and_closed() {
    let mut world = World::by_bot(ONE, &[]).await;
    world.inbox.always("ops", Some(refusal("internal_error")));
    world.crowd("", 5).at("08:01").await.quiet();
    world.crowd("", 0).at("08:02").await.quiet();
    world.start().await;
    world.at("08:03").await.quiet();
    world.inbox.always("ops", None);
    world.at("08:20").await;
    world.expect("ops", &["5 users"]);
    world.expect("ops", &["no users"]);
    world.expect("ops", &["Closed: prod: 5 users"]);
    assert_eq!(methods(&world), ["chat.postMessage", "chat.postMessage", "chat.update"]);
    assert!(world.shown_by_slack()[1].starts_with("> "));
    world.at("08:21").await.quiet();
    world.finish().await;
}

#[tokio::test]
async fn what_was_posted_and_not_recorded_comes_twice_and_is_never_lost() {
    let world = World::by_bot(ONE, &[]).await;
    world.inbox.next("ops", Fault::CutAfterTaking);
    world.crowd("", 5).at("08:01").await;
    world.expect("ops", &["5 users"]);
    world.at("08:01:10").await;
    world.expect("ops", &["5 users"]);
    // It is the second that is known, and so answered.
    world.inbox.next("ops", Fault::SlowAnswer(std::time::Duration::ZERO));
    world.inbox.next("ops", Fault::CutAfterTaking);
    world.crowd("", 0).at("08:02").await;
    world.expect("ops", &["no users"]);
    world.expect("ops", &["Closed"]);
    world.at("08:02:10").await;
    world.expect("ops", &["Closed"]);
    let shown = world.shown_by_slack();
    let marks: Vec<_> = shown.iter().map(|text| text.split_once(' ').map_or("", |(mark, _)| mark)).collect();
    assert!(marks[1] == "edited" && marks[2] == ">" && marks.len() == 3, "{shown:#?}");
    world.finish().await;
}

#[tokio::test]
async fn a_message_that_is_gone_is_not_closed_and_its_all_clear_comes_all_the_same() {
    for edits in [None, Some("edit_window_closed"), Some("cant_update_message")] {
        let world = World::by_bot(ONE, &[]).await;
        world.crowd("", 5).at("08:01").await;
        world.expect("ops", &["5 users"]);
        world.inbox.workspace("ops", |workspace| {
            workspace.edits = edits;
            if edits.is_none() {
                let ts = workspace.posts()[0].ts.clone();
                workspace.delete(&ts);
            }
        });
        world.crowd("", 0).at("08:02").await;
        world.expect("ops", &["no users"]);
        assert_eq!(world.shown_by_slack().last().is_some_and(|text| text.starts_with("> ")), edits.is_some());
        let store = &world.daemon().rooms().store;
        let all = store.deliveries(true, 10).await.expect("deliveries");
        assert_eq!(all[0].state.word(), "dropped");
        let why = all[0].last_error.clone().unwrap_or_default();
        assert!(why.contains(edits.unwrap_or("message_not_found")), "{why}");
        assert_eq!(store.sick().await.expect("channels"), []);
        // The channel is as well as ever.
        world.crowd("", 5).at("08:03").await;
        world.expect("ops", &["5 users"]);
        world.finish().await;
    }
}

#[tokio::test]
async fn a_channel_that_the_bot_was_moved_from_still_has_its_all_clear() {
    let mut world = World::by_bot(ONE, &[]).await;
    world.inbox.workspace("ops", |workspace| workspace.channels[1].member = true);
    world.crowd("", 5).at("08:01").await;
    world.expect("ops", &["5 users"]);
    world.rewrite(&[("channel: \"#ops\"", "channel: \"#board\"")]);
    world.reload().await;
    world.crowd("", 0).at("08:02").await;
    world.expect("ops", &["no users"]);
    world.expect("ops", &["Closed"]);
    world.crowd("", 5).at("08:03").await;
    world.expect("ops", &["5 users"]);
    let at = |world: &World| -> Vec<_> {
        world.inbox.workspace("ops", |workspace| workspace.posts().iter().map(|post| post.channel).collect())
    };
    assert_eq!(at(&world), ["C00000OPS", "C00000OPS", "C0000BOARD"], "who was told hears the end");
    // Where that is closed to the bot by now, it is told where the bot posts.
    world.inbox.workspace("ops", |workspace| workspace.channels[1].archived = true);
    world.rewrite(&[("channel: \"#board\"", "channel: C00000OPS")]);
    world.reload().await;
    world.crowd("", 0).at("08:04").await;
    world.expect("ops", &["no users"]);
    assert_eq!(at(&world)[3..], ["C00000OPS"]);
    assert_eq!(world.daemon().rooms().store.sick().await.expect("channels"), []);
    world.finish().await;
}

#[tokio::test]
async fn a_token_that_was_revoked_puts_the_channel_aside_until_there_is_a_new_one() {
    let mut world =
        World::by_bot(ONE, &[("pace: none}\n  managers", "pace: none, fallback: managers}\n  managers")]).await;
    world.inbox.workspace("ops", |workspace| workspace.refused = Some("token_revoked"));
    world.crowd("", 5).at("08:01").await;
    world.expect(
        "managers",
        &["cannot reach channel ops", "token_revoked: the token is good no more", "1 message waits"],
    );
    let attempts = world.inbox.attempts("ops");
    world.crowd("", 0).at("08:01:30").await;
    world.start().await;
    world.crowd("", 0).at("08:01:50").await.quiet();
    assert_eq!(world.inbox.attempts("ops"), attempts, "it is left alone");
    world.at("08:02").await.quiet();
    // A new token is tried at once.
    world.inbox.workspace("ops", |workspace| {
        workspace.refused = None;
        workspace.token = "xoxb-another".to_owned();
    });
    world.folder.write("slack-token", "xoxb-another\n");
    world.reload().await;
    world.at("08:02:01").await;
    world.expect("ops", &["5 users"]);
    world.expect("ops", &["no users"]);
    world.expect("ops", &["Closed"]);
    world.expect("managers", &["ops takes messages again"]);
    world.finish().await;
}

#[tokio::test]
async fn a_channel_that_asks_for_a_pause_is_never_asked_early() {
    let world = World::by_bot(ONE, &[]).await;
    world.inbox.next("ops", Fault::rate_limited(90));
    world.crowd("", 5).at("08:01").await.quiet();
    world.crowd("", 0).at("08:02").await.quiet();
    world.at("08:02:29").await.quiet();
    assert_eq!(world.inbox.attempts("ops"), 1);
    world.at("08:02:31").await;
    world.expect("ops", &["5 users"]);
    world.expect("ops", &["no users"]);
    world.expect("ops", &["Closed"]);
    world.finish().await;
}

#[tokio::test]
async fn blocks_that_slack_does_not_know_are_sent_plainer_once() {
    let world = World::by_bot(ONE, &[]).await;
    world.inbox.next("ops", refusal("invalid_blocks"));
    world.crowd("", 5).at("08:01").await;
    world.expect("ops", &["5 users"]);
    assert_eq!(world.inbox.attempts("ops"), 2);
    let message = world.inbox.received()[0].body.clone();
    let newest = |block: &serde_json::Value| block["type"] == "table" || block["type"] == "data_visualization";
    assert!(!message["blocks"].as_array().is_some_and(|blocks| blocks.iter().any(newest)), "{message}");
    // The change to it, too: its text alone then.
    world.inbox.next("ops", Fault::SlowAnswer(std::time::Duration::ZERO));
    world.inbox.next("ops", refusal("invalid_blocks"));
    world.crowd("", 0).at("08:02").await;
    world.expect("ops", &["no users"]);
    world.expect("ops", &["Closed: prod: 5 users"]);
    assert_eq!(world.inbox.received()[2].body["attachments"][0]["color"], "#2e7d32");
    world.finish().await;
}

#[tokio::test]
async fn quiet_hours_hold_what_is_told_and_a_closing_disturbs_nobody() {
    let world =
        World::by_bot(TWO, &[("pace: none}\n  managers", "pace: none, quiet: {hours: \"08:02-09:00\"}}\n  managers")])
            .await;
    world.crowd("", 4).at("08:01").await;
    world.expect("ops", &["4 users"]);
    world.crowd("", 0).at("08:02").await;
    world.expect("ops", &["Closed: prod: 4 users"]);
    world.crowd("", 6).at("08:10").await.quiet();
    world.at("09:00").await;
    // The summary tells of both ends and both beginnings; what it began is ended under it, for everyone to see.
    world.expect("ops", &["3 messages held over quiet hours", "6 users, more than 3"]);
    world.crowd("", 0).at("09:05").await;
    world.expect("ops", &["no users", "no sessions"]);
    let shown = world.shown_by_slack();
    assert!(shown[2].starts_with(">> ") && !shown[1].starts_with("edited"), "{shown:#?}");
    world.at("09:06").await.quiet();
    world.finish().await;
}

#[tokio::test]
async fn what_the_cap_holds_comes_in_a_summary_and_the_message_is_closed_all_the_same() {
    let world = World::by_bot(ONE, &[("pace: none}\n  managers", "pace: none, cap: 1}\n  managers")]).await;
    world.crowd("", 5).at("08:01").await;
    world.expect("ops", &["5 users"]);
    world.crowd("", 0).at("08:02").await;
    world.expect("ops", &["Closed: prod: 5 users"]);
    world.at("09:01").await;
    world.expect("ops", &["1 message held"]);
    world.finish().await;
}

#[tokio::test]
async fn a_channel_that_wants_no_all_clear_has_its_messages_closed() {
    let world = World::by_bot(ONE, &[("pace: none}\n  managers", "pace: none, resolved: false}\n  managers")]).await;
    world.crowd("", 5).at("08:01").await;
    world.expect("ops", &["5 users"]);
    world.crowd("", 0).at("08:02").await;
    world.expect("ops", &["Closed: prod: 5 users"]);
    world.finish().await;
}

#[tokio::test]
async fn a_rule_that_is_taken_away_closes_what_it_opened() {
    let mut world = World::by_bot(TWO, &[]).await;
    world.crowd("", 4).at("08:01").await;
    world.expect("ops", &["4 users"]);
    world.rewrite(&[("rules: [crowded, sessions]", "rules: [sessions]")]);
    world.set("2026-03-02T08:02:30");
    world.reload().await;
    world.at("08:02:30").await;
    world.expect("ops", &["Closed: prod: 4 users", "from 08:01 CET"]);
    world.at("08:03").await.quiet();
    world.finish().await;
}

#[tokio::test]
async fn what_flaps_is_closed_when_it_is_calm() {
    let damped = ONE.replace("repeat: 1h", "damp: {openings: 3, within: 30m}");
    let world = World::by_bot(&damped, &[]).await;
    let mut minute = 1;
    for opens in 1..=3 {
        world.crowd("", 5).at(&format!("08:{minute:02}")).await;
        world.expect("ops", &[if opens < 3 { "5 users" } else { "flapping" }]);
        world.crowd("", 0).at(&format!("08:{:02}", minute + 1)).await;
        if opens < 3 {
            world.expect("ops", &["no users"]);
            world.expect("ops", &["Closed"]);
        }
        minute += 2;
    }
    world.at("08:30").await.quiet();
    world.at("08:36").await;
    let calm = world.expect("ops", &["crowded"]);
    world.expect("ops", &["Closed: ", "flapping"]);
    let shown = world.shown_by_slack();
    assert!(shown.last().is_some_and(|text| text.starts_with("> ")), "{calm}");
    world.finish().await;
}

#[tokio::test]
async fn a_test_and_a_webhook_of_before_are_as_they_were() {
    // An alert by webhook, and its end by a bot: it stands for itself.
    let mut world = World::new(ONE).await;
    world.crowd("", 5).at("08:01").await;
    world.expect("ops", &["5 users"]);
    world.rewrite(&[
        ("{slack: {webhook_url: ", "{slack: {token_file: slack-token, channel: \"#ops\", api_url: "),
        ("/slack/ops\"", "/slack-api/ops/\""),
    ]);
    world.reload().await;
    jobs::test(world.daemon().rooms(), &"ops".into()).await.expect("a test");
    world.crowd("", 0).at("08:02").await;
    world.expect("ops", &["test"]);
    world.expect("ops", &["no users"]);
    assert_eq!(methods(&world)[1..], ["chat.postMessage", "chat.postMessage"]);
    assert!(world.shown_by_slack().iter().all(|text| !text.starts_with('>')));
    world.finish().await;
}

#[tokio::test]
async fn check_connect_says_whose_the_token_is_or_what_is_wrong_and_sends_nothing() {
    let world = World::by_bot(ONE, &[]).await;
    let checked = || async {
        let done = headcount(&world.folder, &["check", "--connect"]).await;
        let line =
            done.out.lines().find(|line| line.replace('`', "").contains("channel ops")).unwrap_or_default().to_owned();
        assert!(!done.out.contains("xoxb") && !done.err.contains("xoxb"), "{} {}", done.out, done.err);
        line
    };
    assert_eq!(
        checked().await,
        "✓ channel ops (slack): Slack knows the bot `headcount` of the workspace `Example`; nothing was sent"
    );
    world.inbox.workspace("ops", |workspace| workspace.scopes = vec!["channels:read"]);
    assert_eq!(
        checked().await,
        "✗ channel ops (slack): the app lacks the scope `chat:write`: add it under OAuth & Permissions, and install the app anew"
    );
    world.inbox.workspace("ops", |workspace| workspace.refused = Some("account_inactive"));
    assert!(
        checked().await.starts_with(
            "✗ channel ops (slack): Slack answered account_inactive: the token's bot or workspace is gone"
        )
    );
    world.folder.write("slack-token", "xoxb-somebody-elses");
    assert!(
        checked().await.starts_with("✗ channel ops (slack): Slack answered invalid_auth: it does not know the token")
    );
    world.inbox.always("ops", Some(Fault::status(200, "<html>Sign in</html>")));
    assert!(checked().await.ends_with("it answered 200, and not in Slack's words: is `api_url` right?"));
    world.inbox.always("ops", None);
    world.quiet();
    // What is put aside is shown as that, here and by the outbox, though the token is known.
    world.folder.write("slack-token", world.inbox.token());
    world.inbox.workspace("ops", |workspace| {
        workspace.refused = None;
        workspace.scopes = vec!["chat:write"];
    });
    world.crowd("", 5).at("08:01").await.quiet();
    let line = checked().await;
    assert!(line.contains("put aside since 2026-03-02 08:01:00") && line.contains("not_in_channel"), "{line}");
    let listed = headcount(&world.folder, &["outbox", "list"]).await;
    let told = "channel `ops` is put aside since 2026-03-02 08:01:00: Slack answered not_in_channel: the bot is not in `#ops`: invite it there";
    assert!(listed.err.contains(told), "{} {}", listed.out, listed.err);
    world.inbox.workspace("ops", |workspace| workspace.channels[0].member = true);
    world.at("08:03").await;
    world.expect("ops", &["5 users"]);
    world.finish().await;
}
