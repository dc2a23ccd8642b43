//! `headcount import`: a recorded history becomes a site's past, as if headcount had polled it. Nobody is told of it.

use std::io::BufRead;
use std::sync::Arc;

use jiff::Timestamp;

use super::args::Import;
use super::exit::{Exit, Failure};
use super::replay::{bad, opened};
use super::{Context, output};
use crate::config::Config;
use crate::jobs::{Check, PastPoll, remember};
use crate::qlik::any_pattern;
use crate::replay::{History, RecordedPoll};
use crate::snapshot::Snapshot;
use crate::store::{Recorded, Store};

/// How much was taken in.
#[derive(Default)]
struct Taken {
    polls: u64,
    sessions: u64,
    stretch: Option<(Timestamp, Timestamp)>,
}

pub(super) async fn import(context: &Context<'_>, args: &Import) -> Result<Exit, Failure> {
    let config = context.config()?;
    let check = check_of(&config, args.site.as_deref())?;
    let now = context.clock.now();
    // Read to its end before anything is written: a past that stops at a bad line would have to be taken out again.
    let (name, history) = opened(&args.history)?;
    look_through(&name, history, now)?;
    let database = context.state().join(&config.database);
    let store = Store::open(&database).await?.naming(config.names);
    // A daemon beside it would poll the same site into the same rows.
    let lock = store.lock()?;
    let zone = &config.time_zone;
    if let Some((first, last)) = store.remembered(&check.site.name).await? {
        return Err(Failure::new(
            Exit::Failed,
            format!(
                "the store remembers `{}` from {} to {} already: a history is imported where nothing is known of its site, \
                 such as with `--state` and a folder of its own",
                check.site.name,
                output::moment(first, zone),
                output::moment(last, zone),
            ),
        ));
    }
    let (_, mut history) = opened(&args.history)?;
    let mut taken = Taken::default();
    while let Some(poll) = history.next_poll().map_err(|error| bad(&name, &error))? {
        take(&store, check, poll, &mut taken).await?;
    }
    store.close().await;
    drop(lock);
    let Some((first, last)) = taken.stretch else { return Err(empty(&name)) };
    let Taken { polls, sessions, .. } = taken;
    let (first, last) = (output::moment(first, zone), output::moment(last, zone));
    output::print(&format!("{}: {polls} polls from {first} to {last}, {sessions} sessions.\n", check.site.name))?;
    Ok(Exit::Done)
}

/// The check whose site is meant: its rules judge, and its schedule says which polls are missing.
fn check_of<'a>(config: &'a Config, site: Option<&str>) -> Result<&'a Check, Failure> {
    let known = || config.checks.iter().map(|check| format!("`{}`", check.site.name)).collect::<Vec<_>>().join(", ");
    match (site, config.checks.as_slice()) {
        (_, []) => Err(Failure::usage("no check is configured: a history is imported for the site of a check")),
        (None, [check]) => Ok(check),
        (None, _) => {
            Err(Failure::usage(format!("there are checks of several sites ({}): name one with --site", known())))
        }
        (Some(site), checks) => checks.iter().find(|check| *check.site.name == *site).ok_or_else(|| {
            Failure::usage(format!("no check is about a site `{}`; there is {}", output::shown(site), known()))
        }),
    }
}

/// Whether the whole file can be taken in: in its order, of the past alone, not empty.
fn look_through<R: BufRead>(name: &str, mut history: History<R>, now: Timestamp) -> Result<(), Failure> {
    let mut polls = 0_u64;
    while let Some(poll) = history.next_poll().map_err(|error| bad(name, &error))? {
        let RecordedPoll { at, line, set_back_from, .. } = poll;
        if let Some(from) = set_back_from {
            let what = format!("{at} comes after {from}: a past is imported in its order, so sort the lines by `at`");
            return Err(Failure::usage(format!("`{name}`, line {line}: {what}")));
        }
        if at > now {
            return Err(Failure::usage(format!("`{name}`, line {line}: {at} is still to come")));
        }
        polls += 1;
    }
    if polls == 0 { Err(empty(name)) } else { Ok(()) }
}

fn empty(name: &str) -> Failure {
    Failure::usage(format!("`{name}` holds no poll"))
}

async fn take(store: &Store, check: &Check, poll: RecordedPoll, taken: &mut Taken) -> Result<(), Failure> {
    let RecordedPoll { at, pairs, .. } = poll;
    let exclude = &check.site.qlik.exclude;
    let snapshot = Snapshot::new(Arc::clone(&check.site.name), at, pairs, |user| any_pattern(exclude, user));
    let interval = check.cron.step_at(at);
    let previous = taken.stretch.map(|(_, last)| last);
    let recorded = remember(store, check, &PastPoll { snapshot: &snapshot, previous, interval }).await?;
    if let Recorded::Done { began, .. } = recorded {
        taken.sessions += began as u64;
    }
    taken.polls += 1;
    taken.stretch = Some((taken.stretch.map_or(at, |(first, _)| first), at));
    Ok(())
}
