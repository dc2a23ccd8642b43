use crate::support::World;

const POLLED: &str = "checks:\n  sessions: {site: prod, cron: \"0 * * * *\", rules: []}\n";
const RULE: &str =
    "rules: [unlike]}\nrules:\n  unlike: {unusual: {metric: users, by: 2, at_least: 5, weeks: 2}, tell: [ops]}\n";

#[tokio::test]
async fn a_rule_learns_from_what_was_seen_before_anybody_wrote_it() {
    let mut world = World::new(POLLED).await;
    world.crowd("", 20);
    // Two Mondays, of which no rule knew.
    for time in ["2026-03-02T10:00:00", "2026-03-02T11:00:00", "2026-03-09T10:00:00", "2026-03-09T11:00:00"] {
        world.at(time).await.quiet();
    }
    world.rewrite(&[("rules: []}\n", RULE)]);
    world.start().await;
    world.at("2026-03-16T10:00:00").await.quiet();
    world.crowd("", 60).at("2026-03-16T11:00:00").await;
    world.expect("ops", &["prod", "60 users", "usual"]);
    world.finish().await;
    // Without those Mondays there is nothing that it would be unlike.
    let mut world = World::new(POLLED).await;
    world.crowd("", 20).at("2026-03-09T10:00:00").await.at("2026-03-09T11:00:00").await;
    world.rewrite(&[("rules: []}\n", RULE)]);
    world.start().await;
    world.crowd("", 60).at("2026-03-16T11:00:00").await.quiet();
    world.finish().await;
}
