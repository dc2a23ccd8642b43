//! `headcount announce`: who is on, now, to a channel; and to each person on that the site is restarted.

use std::collections::HashMap;
use std::fmt::Write as _;

use jiff::Timestamp;

use super::args::Announce;
use super::deliver::{Unsent, see_through};
use super::exit::{Exit, Failure};
use super::who::{sentence, summary};
use super::{Context, known, output, time, topology};
use crate::channels::{Channel, ChannelKind};
use crate::config::Config;
use crate::daemon;
use crate::jobs::{self, Letters, Site};
use crate::message::{self, Occasion};
use crate::outbox::{Letter, Restarting};
use crate::qlik::Qlik;
use crate::render::Engine;
use crate::snapshot::Snapshot;
use crate::store::Store;

pub(super) async fn announce(context: &Context<'_>, args: &Announce) -> Result<Exit, Failure> {
    let config = context.config()?;
    let site = known::site(&config, &args.site)?;
    let tell = known::channels(&config, &args.tell)?;
    let via = args.via.as_deref().map(|via| writes_to_people(&config, via)).transpose()?;
    let now = context.clock.now();
    let planned =
        args.at.as_deref().map(|at| time::next(at, now, &config.time_zone)).transpose().map_err(Failure::usage)?;
    let restarting = planned.map(|planned| Restarting { site: &site.name, planned, because: args.reason.as_deref() });
    let mailing = via.zip(restarting);
    let qlik = Qlik::new(&site.qlik).map_err(|error| Failure::usage(error.to_string()))?;
    let occasion = Occasion::Asked { planned, because: args.reason.clone() };
    if args.dry_run {
        return rehearse(context, &config, site, &qlik, &tell, &occasion, mailing).await;
    }
    let rooms = daemon::rooms(&config, &context.state(), context.clock.clone()).await?;
    let (snapshot, mut ids) = jobs::announce(&rooms, site, &qlik, &tell, &occasion).await?;
    output::print(&format!("{}\n", summary(&snapshot)))?;
    let mut all_known = true;
    if let Some((channel, restarting)) = mailing {
        let written = jobs::letters(Some(&rooms.store), &qlik, &snapshot, channel, &restarting, true, now).await?;
        let deliveries = jobs::mail_people(&written.letters, channel, &rooms.engine, &restarting, (now, &rooms.zone));
        ids.extend(rooms.store.enqueue(&deliveries, now).await?);
        output::print(&listed(&written.letters, channel, "is written to"))?;
        all_known = complain(&written);
    }
    complain_of(&qlik, &snapshot);
    let exit = see_through(&rooms, &ids, Unsent::Waits).await?;
    rooms.store.close().await;
    Ok(match exit {
        Exit::Done if !snapshot.coverage().is_full() || !all_known => Exit::Unseen,
        exit => exit,
    })
}

/// Shows who would get what. Nothing is recorded, nothing is sent.
async fn rehearse(
    context: &Context<'_>,
    config: &Config,
    site: &Site,
    qlik: &Qlik,
    tell: &[std::sync::Arc<str>],
    occasion: &Occasion,
    mailing: Option<(&Channel, Restarting<'_>)>,
) -> Result<Exit, Failure> {
    let now = context.clock.now();
    let engine = Engine::new(config.templates.as_deref()).map_err(|error| Failure::usage(error.to_string()))?;
    let store = Store::open_existing(&context.state().join(&config.database)).await?;
    if let Some(store) = &store {
        jobs::recall(store, &site.name, qlik).await?;
    }
    let snapshot = qlik.observe(now).await;
    let names = match &store {
        Some(store) => jobs::names(store, &snapshot).await?,
        None => message::KnownNames::default(),
    };
    let mut text = format!("Nothing is sent: this is what would be.\n{}\n", summary(&snapshot));
    let who = message::who(&snapshot, occasion, None, site.link.as_deref(), &names, (now, &config.time_zone));
    for channel in tell.iter().filter_map(|name| config.channel(name)).map(|spec| &spec.channel) {
        let to: Vec<_> = channel.recipients().into_iter().filter(|to| !to.is_empty()).collect();
        let to = if to.is_empty() { String::new() } else { format!(" ({})", to.join(", ")) };
        let _ = writeln!(text, "\n`{}`{to} would be told:", channel.name);
        text.push_str(&indented(&channel.in_words(&who, &engine)));
    }
    let mut all_known = true;
    if let Some((channel, restarting)) = mailing {
        let written = jobs::letters(store.as_ref(), qlik, &snapshot, channel, &restarting, false, now).await?;
        text.push('\n');
        text.push_str(&listed(&written.letters, channel, "would be written to"));
        text.push_str(&first_letter(&written.letters, channel, &engine, &restarting, (now, config)));
        all_known = complain(&written);
    }
    output::print(&text)?;
    complain_of(qlik, &snapshot);
    if let Some(store) = store {
        store.close().await;
    }
    Ok(if snapshot.coverage().is_full() && all_known { Exit::Done } else { Exit::Unseen })
}

/// A channel that may write to the people who are on.
fn writes_to_people<'a>(config: &'a Config, name: &str) -> Result<&'a Channel, Failure> {
    let name = known::channel(config, name)?;
    let shown = output::shown(&name);
    match config.channel(&name).map(|spec| &*spec.channel) {
        Some(channel) if channel.writes_to_people() => Ok(channel),
        Some(channel) if channel.kind() == ChannelKind::Email => Err(Failure::usage(format!(
            "the channel `{shown}` writes to its own `to` alone: give its `email` a `mail_people: {{domains: [example.com]}}` with the domains of the people it may write to"
        ))),
        _ => Err(Failure::usage(format!(
            "the channel `{shown}` cannot write to people: --via takes one of the kind `email`"
        ))),
    }
}

/// Everybody who is on, each with whether they are written to, and why not.
fn listed(letters: &[Letter], channel: &Channel, is_written_to: &str) -> String {
    let mut text = String::new();
    let written = letters.iter().filter(|letter| letter.to.is_ok()).count() as u64;
    if letters.is_empty() {
        return format!("`{}` has nobody to write to.\n", channel.name);
    }
    let mut table = output::table(&["User", "Name", "Mail"]);
    for letter in letters {
        let person = &letter.person;
        let user = output::shown(&format!("{}\\{}", person.directory, person.id));
        let what = match &letter.to {
            Ok(to) => format!("{} {is_written_to}", output::shown(to)),
            Err(why) => format!("no mail: {}", output::shown(&why.to_string())),
        };
        table.add_row([user, output::shown(person.name.as_deref().unwrap_or_default()), what]);
    }
    let _ = writeln!(text, "{table}");
    let of = output::count(letters.len() as u64, "person", "people");
    let are = is_written_to.replacen("is ", "are ", 1);
    let _ = writeln!(text, "`{}`: {written} of {of} {are}, each alone.", channel.name);
    text
}

/// One of the mails whole: the others say the same, but for where its reader is on.
fn first_letter(
    letters: &[Letter],
    channel: &Channel,
    engine: &Engine,
    restarting: &Restarting<'_>,
    (now, config): (Timestamp, &Config),
) -> String {
    let mut text = String::new();
    let mut bodies: HashMap<String, u64> = HashMap::new();
    for letter in letters.iter().filter(|letter| letter.to.is_ok()) {
        let message = message::log_out(
            restarting.site,
            &letter.person,
            (restarting.planned, restarting.because),
            (now, &config.time_zone),
        );
        let told = channel.in_words(&message, engine);
        let before = bodies.len();
        *bodies.entry(told.clone()).or_default() += 1;
        if bodies.len() > before {
            let who = output::shown(&format!("{}\\{}", letter.person.directory, letter.person.id));
            let _ = writeln!(
                text,
                "\nThe mail to {who}{}:",
                if before == 0 { " (and whoever else is on the same)" } else { "" }
            );
            text.push_str(&indented(&told));
        }
    }
    text
}

fn indented(text: &str) -> String {
    text.lines().fold(String::new(), |mut all, line| {
        let _ = writeln!(all, "  {}", output::cut(line, 2000));
        all
    })
}

/// Says why addresses are not known. True where they are.
fn complain(written: &Letters) -> bool {
    let Some(why) = &written.trouble else { return true };
    output::complain(&format!(
        "who has which mail address was not heard: {}: {}; {}",
        why.tried,
        output::shown(&why.what),
        why.advice
    ));
    false
}

fn complain_of(qlik: &Qlik, snapshot: &Snapshot) {
    topology::complain(qlik);
    for (pair, why) in snapshot.silent() {
        output::complain(&sentence(snapshot.site(), pair, why));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_set_in_and_steers_nothing() {
        assert_eq!(indented("a\nb\u{1b}c"), "  a\n  b\\u{1b}c\n");
    }
}
