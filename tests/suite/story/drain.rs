use std::sync::Arc;

use headcount::config::Config;
use headcount::jobs::{Draining, Looked};
use headcount::judge::{Drain, End, Step};

use crate::support::World;

const EVERY_MINUTE: &str = "checks:\n  sessions: {site: prod, cron: \"* * * * *\", rules: []}\n";

/// A restart of the world's site at 08:30 that waits until at most so many are on.
fn draining(world: &World, until: u64, deadline: &str) -> Draining {
    let config = Config::load(&world.folder.path().join("headcount.yaml")).expect("the configuration is read");
    let before = world.now();
    world.set(deadline);
    let drain = Drain::new(until, world.now());
    let (now, tell) = (before, vec![Arc::from("ops")]);
    let because = Some("November patch".to_owned());
    Draining::new(config.sites[0].clone(), tell, because, drain, now).expect("the site can be asked")
}

async fn look(world: &World, draining: &mut Draining, time: &str) -> Looked {
    world.set(&format!("2026-03-02T{time}"));
    let looked = draining.look(world.daemon().rooms()).await.expect("the store takes it");
    // The daemon has the lock, and so sends.
    world.daemon().rooms().courier.deliver_due().await.expect("it is sent");
    looked
}

#[tokio::test]
async fn people_leave_one_by_one_and_each_step_is_told_once() {
    let world = World::discovering(EVERY_MINUTE).await;
    world.connected("", &["anna", "bertil"]).at("07:50").await;
    world.connected("", &["anna", "bertil", "cecilia"]).at("08:00").await.quiet();
    let mut draining = draining(&world, 0, "2026-03-02T08:30:00");
    let looked = look(&world, &mut draining, "08:01:00").await;
    assert_eq!((looked.said, looked.over, looked.people.len()), (Some(Step::Planned), None, 3));
    let planned = world.expect(
        "ops",
        &["prod: restart planned in 29 min, 3 users on", "planned for 08:30 CET", "Reason given: November patch"],
    );
    assert!(planned.contains("the engines count 3 who do something now"), "{planned}");
    assert!(planned.contains("until its session has been idle for 30 min"), "{planned}");
    // Since when each is as they are: as the daemon saw it, before anybody waited.
    let since: Vec<_> =
        looked.people.iter().map(|person| person.since.as_ref().expect("known").at.time.clone()).collect();
    assert_eq!(since, ["07:50", "07:50", "08:00"]);
    world.connected("", &["anna", "cecilia"]);
    assert_eq!(look(&world, &mut draining, "08:10:00").await.said, None);
    world.quiet();
    assert_eq!(look(&world, &mut draining, "08:15:00").await.said, Some(Step::StillOn));
    world.expect("ops", &["prod: restart in 15 min, 2 users still on", "Please save your work and log out"]);
    // A node that hangs is not one whose people have left.
    world.site.stop_proxy(0).await;
    let looked = look(&world, &mut draining, "08:25:00").await;
    assert_eq!((looked.said, looked.over), (Some(Step::StillOn), None));
    world.expect("ops", &["restart in 5 min, no users where it answered", "did not answer, so there may be more"]);
    world.site.start_proxy(0).await;
    world.connected("", &[]);
    let looked = look(&world, &mut draining, "08:25:15").await;
    assert_eq!((looked.said, looked.over), (Some(Step::Clear), Some(End::Clear)));
    world.expect("ops", &["prod: clear for the restart at 08:30 CET, nobody is on"]);
    world.finish().await;
}

#[tokio::test]
async fn whoever_is_on_at_the_deadline_is_named_and_not_seeing_is_not_clear() {
    let world = World::discovering(EVERY_MINUTE).await;
    world.connected("hr", &["anna", "bertil", "cecilia"]);
    for (until, silent, over, told) in [
        (0, false, End::StillOn, "prod: 3 users still on at the time for the restart"),
        (2, false, End::StillOn, "prod: 3 users still on at the time for the restart"),
        (0, true, End::Blind, "prod: who is on is not known at the time for the restart"),
    ] {
        let mut draining = draining(&world, until, "2026-03-02T08:30:00");
        look(&world, &mut draining, "08:29:00").await;
        world.expect("ops", &["restart planned in 1 min"]);
        if silent {
            world.site.stop_proxy(0).await;
            world.site.stop_proxy(1).await;
        }
        let looked = look(&world, &mut draining, "08:30:00").await;
        assert_eq!((looked.said, looked.over), (Some(Step::Overdue), Some(over)));
        world.expect("ops", &[told, "Warning"]);
    }
    world.finish().await;
}

#[tokio::test]
async fn few_enough_is_clear_and_a_restart_that_is_called_off_is_told_to_whoever_knew_of_it() {
    let world = World::discovering(EVERY_MINUTE).await;
    world.connected("hr", &["anna", "bertil"]);
    let mut enough = draining(&world, 2, "2026-03-02T08:30:00");
    assert_eq!(look(&world, &mut enough, "08:00:00").await.over, Some(End::Clear));
    world.expect("ops", &["prod: clear for the restart at 08:30 CET, 2 users still on", "anna"]);
    let mut off = draining(&world, 0, "2026-03-02T08:30:00");
    assert!(off.call_off(world.daemon().rooms()).await.expect("the store").is_empty(), "nobody was told");
    look(&world, &mut off, "08:01:00").await;
    world.expect("ops", &["restart planned in 29 min"]);
    off.call_off(world.daemon().rooms()).await.expect("the store");
    world.daemon().rooms().courier.deliver_due().await.expect("it is sent");
    world.expect("ops", &["prod: the restart at 08:30 CET is called off", "no need to log out"]);
    world.finish().await;
}
