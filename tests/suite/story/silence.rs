use headcount::judge::Silence;
use jiff::SignedDuration;

use crate::cli::headcount;
use crate::support::World;

const CROWDED: &str = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded, mass-logout]}
rules:
  crowded: {threshold: {metric: users, above: 3, clear: 2}, repeat: 2h, tell: [ops]}
  mass-logout: {change: {metric: sessions, falls: 50%, within: 5m, at_least: 20}, tell: [ops]}
"#;

/// Silences a rule from now on, for so many minutes.
async fn silence(world: &World, rule: &str, minutes: i64) -> i64 {
    let silence = Silence {
        id: 0,
        site: None,
        rule: rule.to_owned(),
        since: world.now(),
        until: world.now() + SignedDuration::from_mins(minutes),
        why: "training".to_owned(),
        who: "bo".to_owned(),
    };
    world.daemon().rooms().store.add_silence(&silence).await.expect("a silence").id
}

#[tokio::test]
async fn what_is_still_open_when_a_silence_ends_is_told_then_once() {
    let mut world = World::new(CROWDED).await;
    silence(&world, "crow*", 30).await;
    world.crowd("", 5).at("08:01").await.quiet();
    world.start().await;
    world.at("08:29").await.quiet();
    world.start().await;
    world.at("08:30").await;
    world.expect("ops", &["5 users, more than 3", "Since\n08:01"]);
    world.at("08:31").await.quiet();
    world.crowd("", 0).at("08:32").await;
    world.expect("ops", &["no users", "It lasted 31 min"]);
    world.finish().await;
}

#[tokio::test]
async fn what_came_and_went_within_a_silence_is_never_told() {
    let world = World::new(CROWDED).await;
    silence(&world, "*", 30).await;
    world.crowd("", 25).at("08:01").await.quiet();
    world.crowd("", 0).at("08:05").await.quiet();
    world.at("08:30").await.quiet();
    world.at("08:31").await.quiet();
    let all = world.daemon().rooms().store.incidents(true, 10).await.expect("incidents");
    let told: Vec<_> = all.iter().map(|row| (&*row.incident.rule, row.incident.told)).collect();
    assert_eq!(told, [("mass-logout", 0), ("crowded", 0)], "judged, and not told");
    world.finish().await;
}

#[tokio::test]
async fn an_end_that_came_within_a_silence_is_told_when_it_is_over_with_its_own_times() {
    let mut world = World::new(CROWDED).await;
    world.crowd("", 5).at("08:01").await;
    world.expect("ops", &["5 users, more than 3"]);
    silence(&world, "crowded", 30).await;
    world.crowd("", 1).at("08:11").await.quiet();
    world.start().await;
    world.at("08:30").await.quiet();
    world.at("08:31").await;
    world.expect("ops", &["It lasted 10 min", "From\n08:01 CET", "To\n08:11 CET"]);
    world.at("08:32").await.quiet();
    world.finish().await;
}

#[tokio::test]
async fn what_was_told_before_and_still_is_so_is_told_again_when_a_silence_ends() {
    let world = World::new(CROWDED).await;
    world.crowd("", 5).at("08:01").await;
    world.expect("ops", &["5 users, more than 3"]);
    silence(&world, "crowded", 30).await;
    world.at("08:30").await.quiet();
    world.at("08:31").await;
    world.expect("ops", &["still 5 users", "for 30 min"]);
    world.at("08:32").await.quiet();
    // It went, and came again: to those who heard of it, it is still so.
    silence(&world, "crowded", 30).await;
    world.crowd("", 0).at("08:40").await.quiet();
    world.crowd("", 6).at("08:50").await.quiet();
    world.at("09:02").await;
    world.expect("ops", &["still 6 users", "Since\n08:50"]);
    world.crowd("", 0).at("09:03").await;
    world.expect("ops", &["no users", "It lasted 13 min"]);
    world.at("09:04").await.quiet();
    world.finish().await;
}

#[tokio::test]
async fn a_silence_is_set_and_ended_beside_a_running_daemon() {
    let world = World::new(CROWDED).await;
    let run = async |words: &[&str]| headcount(&world.folder, words).await;
    let done = run(&["silence", "add", "crowded", "--for", "2h", "--why", "training in hall B"]).await;
    assert_eq!(done.status, 0, "{}", done.err);
    assert!(done.out.starts_with("Silence 1: crowded until ") && done.out.contains("(2 h)"), "{}", done.out);
    world.crowd("", 5).at("08:01").await.quiet();
    let listed = run(&["silence", "list", "--format", "json"]).await.json();
    assert_eq!(listed[0]["rule"], "crowded");
    assert_eq!(listed[0]["why"], "training in hall B");
    assert!(listed[0]["who"].as_str().is_some_and(|who| !who.is_empty()), "{listed}");
    let listed = run(&["silence", "list"]).await.out;
    assert!(listed.contains("training in hall B") && listed.contains("(all)"), "{listed}");
    let incidents = run(&["incidents", "--format", "json"]).await.json();
    assert_eq!(
        (&incidents[0]["state"], &incidents[0]["held"]["by"]),
        (&"open".into(), &"silence".into()),
        "{incidents}"
    );
    for words in [&["incidents"][..], &["check"]] {
        let shown = run(words).await.out;
        assert!(shown.contains("Silence 1: crowded until") && shown.contains("training in hall B."), "{shown}");
    }
    let ended = run(&["silence", "end", "1"]).await;
    assert_eq!((ended.status, ended.err.as_str()), (0, ""), "{}", ended.out);
    world.at("08:02").await;
    world.expect("ops", &["5 users"]);
    for (words, said) in [
        (&["silence", "end", "1"][..], "silence 1 has been over since "),
        (&["silence", "end", "7"], "there is no silence 7; see `headcount silence list`"),
    ] {
        let done = run(words).await;
        assert!(done.status == 1 && done.err.contains(said), "{words:?}: {}", done.err);
    }
    assert_eq!(run(&["silence", "list"]).await.out, "Nothing is silenced.\n");
    world.finish().await;
}

#[tokio::test]
async fn a_silence_that_holds_nothing_is_refused_with_what_would_be_right() {
    let world = World::new(CROWDED).await;
    let why = ["--for", "2h", "--why", "x"];
    for (words, said) in [
        (&["silence", "add", "crowdd"][..], "no rule is called `crowdd`; did you mean `crowded`?"),
        (&["silence", "add", "blind*"], "no rule matches `blind*`; there is `crowded`, `mass-logout`"),
        (&["silence", "add", "crowded", "--site", "prd"], "no check is about a site `prd`; did you mean `prod`?"),
    ] {
        let done = headcount(&world.folder, &[words, &why].concat()).await;
        assert!(done.status == 2 && done.err.contains(said), "{words:?}: {}", done.err);
    }
    for (words, said) in [
        (["--for", "0s", "--why", "x"], "it cannot be zero: write a length such as `2h`"),
        (["--for", "tomorrow", "--why", "x"], "`tomorrow` is no length of time"),
        (["--for", "2h", "--why", "  "], "--why says nothing"),
    ] {
        let done = headcount(&world.folder, &[&["silence", "add", "crowded"][..], &words].concat()).await;
        assert!(done.status == 2 && done.err.contains(said), "{words:?}: {}", done.err);
    }
    assert_eq!(headcount(&world.folder, &["silence", "list", "--format", "json"]).await.out, "[]\n");
    world.finish().await;
}
