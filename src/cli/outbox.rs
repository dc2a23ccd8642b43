//! `headcount outbox`: what waits, what was given up, and what to do about it.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::args::{ListFormat, Outbox, OutboxCommand};
use super::deliver::{Unsent, see_through};
use super::exit::{Exit, Failure};
use super::{Context, output};
use crate::daemon;
use crate::outbox::{Delivery, DeliveryId, DeliveryState, HeldBy, Sick};
use crate::store::Store;

/// The most that is listed at once.
const MOST: u32 = 1_000;
/// As much of an error as a table has room for; `outbox show` has the rest.
const ERROR: usize = 80;

#[derive(Serialize)]
struct DeliveryAnswer<'a> {
    id: i64,
    channel: &'a str,
    recipient: &'a str,
    kind: &'a str,
    title: &'a str,
    cause: &'a str,
    state: &'static str,
    /// `quiet` while it is kept back over its channel's quiet hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<&'static str>,
    /// Since when its channel is put aside, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_down: Option<String>,
    created: String,
    due: Option<String>,
    attempts: u32,
    error: Option<&'a str>,
}

pub(super) async fn outbox(context: &Context<'_>, args: &Outbox) -> Result<Exit, Failure> {
    let (store, zone) = context.store().await?;
    let zone = &zone;
    let now = context.clock.now();
    let exit = match &args.command {
        OutboxCommand::List { all, listing } => {
            let deliveries = store.deliveries(*all, MOST).await?;
            for sick in store.sick().await?.iter().filter(|sick| sick.well.is_none()) {
                output::say(&put_aside(sick, zone));
            }
            let mut held = 0;
            for (channel, by, since) in store.holding().await? {
                let lines = store.held(&channel, by).await?.len();
                held += lines;
                if lines > 0 {
                    output::say(&held_back(&channel, by, lines, since, zone));
                }
            }
            let text = match listing.format {
                ListFormat::Json => output::json(&deliveries.iter().map(answer).collect::<Vec<_>>())?,
                ListFormat::Table if deliveries.is_empty() && held > 0 => "Nothing else waits.\n".to_owned(),
                ListFormat::Table if deliveries.is_empty() => "Nothing waits, and nothing was given up.\n".to_owned(),
                ListFormat::Table => table(&deliveries, now, zone),
            };
            if deliveries.len() >= MOST as usize {
                output::say(&format!("The newest {MOST} are listed."));
            }
            output::print(&text)?;
            Exit::Done
        }
        OutboxCommand::Show { id } => {
            let delivery = found(&store, *id).await?;
            let attempts = store.attempts(delivery.id).await?;
            let mut text = String::new();
            let line = |text: &mut String, name: &str, value: &str| {
                let _ = writeln!(text, "{name:<10} {value}");
            };
            line(&mut text, "delivery", &id.to_string());
            line(&mut text, "title", &output::shown(&delivery.title));
            line(&mut text, "channel", &delivery.channel);
            if !delivery.recipient.is_empty() {
                line(&mut text, "recipient", &output::shown(&delivery.recipient));
            }
            line(&mut text, "cause", &output::shown(&delivery.cause));
            line(&mut text, "state", &state(&delivery, now, zone));
            line(&mut text, "created", &time(delivery.created, zone));
            for attempt in attempts {
                let outcome = match (&attempt.outcome, attempt.ended) {
                    (Some(outcome), _) => outcome.clone(),
                    (None, _) if delivery.state == DeliveryState::Pending && attempt.number == delivery.attempts => {
                        "being sent, or headcount died meanwhile".to_owned()
                    }
                    (None, _) => "headcount died meanwhile".to_owned(),
                };
                let why = attempt.why.map(|why| format!(": {}", output::shown(&why))).unwrap_or_default();
                line(
                    &mut text,
                    &format!("try {}", attempt.number),
                    &format!("{}, {outcome}{why}", time(attempt.began, zone)),
                );
            }
            output::print(&text)?;
            Exit::Done
        }
        OutboxCommand::Retry { id } => {
            store.close().await;
            return retry(context, *id).await;
        }
        OutboxCommand::Drop { id } => {
            let delivery = found(&store, *id).await?;
            if store.drop_delivery(delivery.id, now).await? {
                output::say(&format!("{id} will not be sent."));
                Exit::Done
            } else {
                output::complain(&format!("{id} cannot be dropped: it is {}", delivery.state.word()));
                Exit::Failed
            }
        }
    };
    store.close().await;
    Ok(exit)
}

/// Makes a delivery due now, and sees it through: by the daemon where one runs, by this command where none does.
async fn retry(context: &Context<'_>, id: i64) -> Result<Exit, Failure> {
    let config = context.config()?;
    let rooms = daemon::rooms(&config, &context.state(), context.clock.clone()).await?;
    let delivery = found(&rooms.store, id).await?;
    let exit = if rooms.store.retry(delivery.id, context.clock.now()).await? {
        see_through(&rooms, &[delivery.id], Unsent::Waits).await?
    } else {
        output::complain(&format!("{id} cannot be tried again: it is {}", delivery.state.word()));
        Exit::Failed
    };
    rooms.store.close().await;
    Ok(exit)
}

async fn found(store: &Store, id: i64) -> Result<Delivery, Failure> {
    let delivery = store.delivery(DeliveryId(id)).await?;
    delivery.ok_or_else(|| {
        Failure::new(Exit::Failed, format!("there is no delivery {id}; see `headcount outbox list --all`"))
    })
}

fn answer(delivery: &Delivery) -> DeliveryAnswer<'_> {
    let pending = delivery.state == DeliveryState::Pending;
    DeliveryAnswer {
        id: delivery.id.0,
        channel: &delivery.channel,
        recipient: &delivery.recipient,
        kind: &delivery.kind,
        title: &delivery.title,
        cause: &delivery.cause,
        state: delivery.state.word(),
        held: delivery.held.filter(|_| pending).map(HeldBy::word),
        channel_down: delivery.channel_down.filter(|_| pending).map(|since| since.to_string()),
        created: delivery.created.to_string(),
        due: pending.then(|| due(delivery).to_string()),
        attempts: delivery.attempts,
        error: delivery.last_error.as_deref(),
    }
}

/// That a channel takes nothing, since when and why, and what to do about it.
pub(super) fn put_aside(sick: &Sick, zone: &TimeZone) -> String {
    format!(
        "channel `{name}` is put aside since {}: {}. {} for it; once it is mended, `headcount test {name}` lets them go",
        time(sick.since, zone),
        output::shown(&sick.why),
        if sick.waiting == 1 { "1 message waits".to_owned() } else { format!("{} messages wait", sick.waiting) },
        name = output::shown(&sick.channel),
    )
}

/// What is held back from a channel is no delivery yet: it comes as one.
fn held_back(channel: &str, by: HeldBy, lines: usize, since: Timestamp, zone: &TimeZone) -> String {
    format!(
        "{} held back from channel `{}` {}, the first at {}; {} as one summary",
        if lines == 1 { "1 message is".to_owned() } else { format!("{lines} messages are") },
        output::shown(channel),
        match by {
            HeldBy::Quiet => "over its quiet hours",
            HeldBy::Cap => "since it was told its fill of the hour",
        },
        time(since, zone),
        if lines == 1 { "it comes" } else { "they come" },
    )
}

/// When it can be sent: when it is due, and its channel is not left alone any more.
fn due(delivery: &Delivery) -> Timestamp {
    delivery.channel_waits.as_ref().map_or(delivery.due, |(until, _)| delivery.due.max(*until))
}

pub(super) fn time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn state(delivery: &Delivery, now: Timestamp, zone: &TimeZone) -> String {
    match delivery.state {
        DeliveryState::Pending if delivery.held.is_some() => "pending, held over quiet hours".to_owned(),
        DeliveryState::Pending if due(delivery) > now => format!("pending, next try {}", time(due(delivery), zone)),
        state => state.word().to_owned(),
    }
}

fn table(deliveries: &[Delivery], now: Timestamp, zone: &TimeZone) -> String {
    let mut table = output::table(&["Id", "Created", "Channel", "Title", "State", "Tries", "Last error"]);
    for delivery in deliveries {
        let channel = if delivery.recipient.is_empty() {
            delivery.channel.clone()
        } else {
            format!("{} ({})", delivery.channel, output::shown(&delivery.recipient))
        };
        table.add_row([
            delivery.id.0.to_string(),
            time(delivery.created, zone),
            channel,
            output::shown(&delivery.title),
            state(delivery, now, zone),
            delivery.attempts.to_string(),
            output::cut(delivery.last_error.as_deref().unwrap_or_default(), ERROR),
        ]);
    }
    format!("{table}\n")
}
