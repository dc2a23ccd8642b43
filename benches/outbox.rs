//! 500 messages for one webhook on loopback, each signed, verified by its receiver, and recorded in a store on this disk.
//!
//! `cargo bench --bench outbox`. Prints the time of each run, from the moment that the courier may begin until every delivery is
//! recorded as delivered, and the median; and how long the same disk takes to make as many bodies durable one by one, with nothing
//! else done, since how busy it is differs from hour to hour.

#![expect(clippy::print_stdout, reason = "a benchmark tells its figures")]

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headcount::channels::{Channel, ChannelKind, Names, Settings, format, webhook};
use headcount::clock::Clock;
use headcount::demo::inbox::{HttpInbox, Kind};
use headcount::message::{self, sample};
use headcount::outbox::{Addressed, Courier, Route, address};
use headcount::render::Engine;
use headcount::secret::Secret;
use headcount::store::Store;
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

const MESSAGES: usize = 500;
const ROUNDS: usize = 11;
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

async fn round(state: &Path, engine: &Engine) -> Duration {
    let inbox = HttpInbox::start().await;
    inbox.sign("audit", KEY);
    let keys = webhook::Keys::new(&Secret::new(KEY)).expect("a key");
    let url = Secret::new(inbox.url(Kind::Webhook, "audit"));
    let settings = webhook::Settings::new(url, Some(keys), None, None).expect("settings");
    let channel = Arc::new(Channel::new("audit", Settings::Webhook(settings)));
    let store = Arc::new(Store::open(&state.join("headcount.db")).await.expect("a store"));
    let message = sample::of(message::Kind::Alert);
    let mut deliveries = Vec::new();
    for number in 0..MESSAGES {
        let cause = format!("bench:{number}");
        let about = Addressed { cause: &cause, follows: None, kind: message.kind, urgent: false };
        deliveries.extend(address(&channel.format(&message, engine), &channel, &about));
    }
    store.enqueue(&deliveries, Clock::System.now()).await.expect("they are promised");
    let give_up = SignedDuration::from_hours(24);
    let route = Arc::new(Route { channel, pace: None, give_up, address: Vec::new() });
    let courier = Arc::new(Courier::new(store.clone(), Clock::System, state, [route]));
    let stop = CancellationToken::new();
    let begun = Instant::now();
    let running = tokio::spawn(courier.run(stop.clone(), Duration::from_secs(8)));
    inbox.arrived(MESSAGES).await;
    while !store.deliveries(false, 1).await.expect("a list").is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let took = begun.elapsed();
    stop.cancel();
    running.await.expect("the courier ends");
    assert_eq!((inbox.received().len(), inbox.refused().len()), (MESSAGES, 0));
    let all = store.deliveries(true, 1_000).await.expect("a list");
    assert!(
        all.len() == MESSAGES
            && all.iter().all(|delivery| delivery.state.word() == "delivered" && delivery.attempts == 1)
    );
    println!("{:>7.0} ms, {} connections", took.as_secs_f64() * 1e3, inbox.connections());
    store.close().await;
    took
}

/// So many bodies appended to a file, each on the disk before the next.
fn disk(folder: &Path, engine: &Engine) -> Duration {
    let body = format(ChannelKind::Webhook, &sample::of(message::Kind::Alert), engine, Names::Full);
    let mut file = std::fs::File::create(folder.join("baseline")).expect("a file");
    let begun = Instant::now();
    for _ in 0..MESSAGES {
        file.write_all(body.body().as_bytes()).and_then(|()| file.sync_data()).expect("it is written");
    }
    begun.elapsed()
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let engine = Engine::embedded();
    let mut durable = Vec::new();
    let mut took: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let folder = tempfile::tempdir().expect("a folder");
            durable.push(disk(folder.path(), &engine));
            runtime.block_on(round(folder.path(), &engine))
        })
        .collect();
    took.sort();
    durable.sort();
    println!("median {:.0} ms for {MESSAGES} bodies, each synced", durable[ROUNDS / 2].as_secs_f64() * 1e3);
    println!("median {:.0} ms for {MESSAGES} messages", took[ROUNDS / 2].as_secs_f64() * 1e3);
}
