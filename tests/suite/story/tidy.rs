use std::path::Path;

use crate::support::World;

const CHECK: &str = r#"
keep: {sessions: 2d, deliveries: 3d}
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded]}
rules:
  crowded: {threshold: {metric: users, above: 1}, tell: [ops]}
"#;

/// Whether a text stands in any file of the state directory.
fn is_on_disk(state: &Path, text: &str) -> bool {
    std::fs::read_dir(state).expect("a folder").any(|entry| {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("a file");
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[tokio::test]
async fn who_was_on_is_forgotten_on_the_night_after_it_may_be_kept() {
    let mut world = World::new(CHECK).await;
    let state = world.folder.state();
    world.connected("hr", &["anna", "bertil"]).at("08:01").await;
    world.expect("ops", &["2 users"]);
    world.connected("hr", &["bertil"]).at("08:02").await;
    world.expect("ops", &["1 user"]);
    for (day, there) in [("03", true), ("04", true), ("05", false)] {
        world.at(&format!("2026-03-{day}T03:40:00")).await;
        assert!(is_on_disk(&state, "anna") || !there, "gone before the {day}th");
        world.at(&format!("2026-03-{day}T03:41:00")).await;
        assert_eq!(is_on_disk(&state, "anna"), there, "on the {day}th");
    }
    assert!(is_on_disk(&state, "bertil"), "he is still on");
    assert!(world.log().contains("tidied the store"));

    // A night in which headcount is down is made up for at the next start.
    world.connected("hr", &["cecilia"]).at("2026-03-05T08:00:00").await;
    world.connected("hr", &[]).at("2026-03-05T08:01:00").await;
    world.stop();
    world.set("2026-03-09T12:00:00");
    world.start().await;
    world.at("2026-03-09T12:00:30").await;
    assert!(!is_on_disk(&state, "cecilia"));
    let deliveries = world.daemon().rooms().store.deliveries(true, 10).await.expect("deliveries");
    assert!(deliveries.is_empty(), "{deliveries:?}");
    world.finish().await;
}
