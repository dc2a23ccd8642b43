//! How long it takes to bring 500 messages to one webhook on loopback, in order, each claimed and settled durably.
//!
//! `cargo bench --bench deliver`. From the moment that they are in the outbox until the last one is recorded as delivered, by the
//! courier that the daemon runs; the store is on this disk, with `synchronous=FULL`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use headcount::channels::{Channel, Settings, slack};
use headcount::clock::Clock;
use headcount::demo::inbox::{HttpInbox, Kind as Inbox};
use headcount::message::{Kind, sample};
use headcount::outbox::{Addressed, Courier, DeliveryState, Route, address};
use headcount::render::Engine;
use headcount::secret::Secret;
use headcount::store::Store;
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

const MESSAGES: usize = 500;

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let store = Arc::new(Store::open(&folder.path().join("headcount.db")).await.expect("a store"));
    let inbox = HttpInbox::start().await;
    let clock = Clock::System;
    let url = Secret::new(inbox.url(Inbox::Slack, "ops"));
    let channel =
        Arc::new(Channel::new("ops", Settings::Slack(slack::Settings::new(url.clone()).expect("an address"))));
    let payload = channel.format(&sample::of(Kind::Alert), &Engine::embedded());
    let mut deliveries = Vec::new();
    for n in 0..MESSAGES {
        let cause = format!("bench:{n}");
        deliveries.extend(address(
            &payload,
            &channel,
            &Addressed { cause: &cause, follows: None, kind: Kind::Alert, urgent: false },
        ));
    }
    let ids = store.enqueue(&deliveries, clock.now()).await.expect("an outbox");
    let route = Route { channel, pace: None, give_up: SignedDuration::from_hours(24), address: vec![url] };
    let courier = Arc::new(Courier::new(store.clone(), clock, folder.path(), [Arc::new(route)]));
    let stop = CancellationToken::new();
    let begun = Instant::now();
    let running = tokio::spawn(courier.run(stop.clone(), Duration::from_secs(5)));
    inbox.arrived(MESSAGES).await;
    let arrived = begun.elapsed().as_secs_f64() * 1e3;
    // Its outcome is recorded after it has arrived.
    let last = *ids.last().expect("a delivery");
    while store.delivery(last).await.expect("the outbox").expect("a delivery").state != DeliveryState::Delivered {
        tokio::task::yield_now().await;
    }
    let recorded = begun.elapsed().as_secs_f64() * 1e3;
    stop.cancel();
    running.await.expect("an end");
    println!(
        "{MESSAGES} messages: the last one arrived after {arrived:.0} ms, and was recorded after {recorded:.0} ms"
    );
}
