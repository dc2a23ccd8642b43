//! `headcount report`: a report, shown in the terminal, or sent to whoever it tells.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use super::args::{Report as Args, ReportFormat};
use super::deliver::{Unsent, see_through};
use super::exit::{Exit, Failure};
use super::{Context, output, topology};
use crate::channels;
use crate::config::nearest;
use crate::daemon;
use crate::history::{Period, Span, start_of};
use crate::jobs::{self, Digest, Report, ReportKind, Rooms};
use crate::message::{Day, Digest as DigestFacts, DigestEngine, Facts, Message, Moment};
use crate::qlik::Qlik;

/// How wide it is where nobody says so, as in a pipe.
const WIDTH: usize = 80;

pub(super) async fn report(context: &Context<'_>, args: &Args) -> Result<Exit, Failure> {
    let config = context.config()?;
    let Some(report) = config.reports.iter().find(|report| report.name == args.name) else {
        let near = nearest(&args.name, config.reports.iter().map(|report| report.name.as_str()));
        return Err(Failure::usage(format!("no report is called `{}`; {near}", output::shown(&args.name))));
    };
    let state = context.state();
    let database = state.join(&config.database);
    let span = match &report.kind {
        ReportKind::Digest(digest) => {
            let (now, zone) = (context.clock.now(), report.cron.zone());
            Some(span(args.of.as_deref(), digest.period, now, zone).map_err(Failure::usage)?)
        }
        ReportKind::Who if args.of.is_some() => {
            let name = &report.name;
            return Err(Failure::usage(format!("`{name}` says who is on at this moment: it takes no `--for`")));
        }
        ReportKind::Who => None,
    };
    if span.is_some() && !database.exists() {
        let database = database.display();
        let what = format!("there is no store `{database}` yet: name the state directory of the daemon with `--state`");
        return Err(Failure::new(Exit::Failed, what));
    }
    let rooms = daemon::rooms(&config, &state, context.clock.clone()).await?;
    let (mut messages, exit) = match (&report.kind, span) {
        (ReportKind::Digest(digest), Some(span)) => {
            // A table has room for each day of a month; what is sent has not.
            let by_day = args.format == ReportFormat::Csv && !args.send;
            let digest = Digest { by_day, ..Digest::clone(digest) };
            (vec![digested(&rooms, report, &digest, span).await?], Exit::Done)
        }
        _ => who(&rooms, report).await?,
    };
    for message in &messages {
        output::print(&shown(&rooms, report, message, args.format)?)?;
    }
    let mut sent = Exit::Done;
    if args.send {
        let ids = jobs::send_report(&rooms, report, &mut messages).await?;
        sent = see_through(&rooms, &ids, Unsent::Waits).await?;
    }
    rooms.store.close().await;
    Ok(if sent == Exit::Done { exit } else { sent })
}

async fn digested(rooms: &Rooms, report: &Report, digest: &Digest, span: Span) -> Result<Message, Failure> {
    let (now, zone) = (rooms.clock.now(), report.cron.zone());
    let begins = jobs::store_begins(&rooms.store, digest).await?;
    let sites = digest.sites.iter().map(|site| format!("`{}`", site.site.name)).collect::<Vec<_>>().join(", ");
    match begins {
        None => {
            return Err(Failure::usage(format!("the store knows nothing of {sites} yet: `headcount run` fills it")));
        }
        Some(begins) if span.to(zone) <= begins => {
            let begins = begins.to_zoned(zone.clone()).strftime("%Y-%m-%d, %H:%M %Z");
            return Err(Failure::usage(format!(
                "the store knows nothing of {sites} before {begins}: ask for a later day"
            )));
        }
        Some(_) => {}
    }
    let named = (report.name.as_str(), digest);
    Ok(jobs::look_back(&rooms.store, named, span, None, Vec::new(), (now, zone)).await?)
}

/// Who is on now, one message for each site.
async fn who(rooms: &Rooms, report: &Report) -> Result<(Vec<Message>, Exit), Failure> {
    let (mut messages, mut exit) = (Vec::new(), Exit::Done);
    for site in &report.sites {
        let qlik = Qlik::new(&site.qlik).map_err(|error| Failure::usage(error.to_string()))?;
        let (message, full) = jobs::who_now(rooms, report, site, &qlik).await?;
        topology::complain(&qlik);
        if !full {
            exit = Exit::Unseen;
        }
        messages.push(message);
    }
    Ok((messages, exit))
}

/// Reads what is asked for: a day, a month, or a word for one that is over. Nothing asks for the last one.
fn span(text: Option<&str>, period: Period, now: Timestamp, zone: &TimeZone) -> Result<Span, String> {
    let last = Span::last_before(period, now, zone);
    let Some(text) = text else { return Ok(last) };
    let wrong = || {
        let text = output::shown(text);
        format!(
            "`{text}` is no day: write one such as `2026-11-23`, or `yesterday`, `last-week`, `last-month` or `2026-11`"
        )
    };
    let today = now.to_zoned(zone.clone()).date();
    let around = |of: Period, day: Date| Span::around(of, day);
    let yesterday = || today.yesterday().map_err(|_| wrong());
    let asked = match text {
        "today" => around(Period::Day, today),
        "yesterday" => around(Period::Day, yesterday()?),
        "last-week" => Span::last_before(Period::Week, now, zone),
        "last-month" => Span::last_before(Period::Month, now, zone),
        text if text.len() == 7 => around(Period::Month, format!("{text}-01").parse().map_err(|_| wrong())?),
        text => around(Period::Day, text.parse::<Date>().ok().filter(|_| text.len() == 10).ok_or_else(wrong)?),
    };
    // A day asks for the period that it is in; a week or a month for each period of it.
    let span = match (asked.period, period) {
        (Period::Day, period) => around(period, asked.first),
        (one, other) if one == other => asked,
        (_, Period::Day) => Span { period, ..asked },
        (Period::Month, Period::Week) => {
            let first = around(period, asked.first);
            let first = if first.first < asked.first { first.end } else { first.first };
            Span { period, first, end: around(period, asked.end.checked_sub(1.day()).unwrap_or(asked.end)).end }
        }
        (asked, period) => {
            let (asked, period) = (asked.word(), period.word());
            return Err(format!(
                "`{text}` is a {asked}, and this report looks back over whole {period}s: write a day of the {period}, or `last-{period}`"
            ));
        }
    };
    if start_of(span.first, zone) > now {
        return Err(format!("`{text}` is to come: a digest looks back"));
    }
    if span.end > last.end {
        let until = span.last_day();
        return Err(format!(
            "`{text}` is not over yet: this report looks back over whole {}s, and that one ends with {until}",
            period.word()
        ));
    }
    Ok(span)
}

fn shown(rooms: &Rooms, report: &Report, message: &Message, format: ReportFormat) -> Result<String, Failure> {
    let engine = &rooms.engine;
    Ok(match format {
        ReportFormat::Text => {
            let width = terminal_size::terminal_size_of(std::io::stdout()).map_or(WIDTH, |(width, _)| width.0.into());
            channels::terminal(message, engine, width.clamp(40, WIDTH))
        }
        ReportFormat::Html => channels::page(message, engine),
        ReportFormat::Json => output::json(&answer(&report.name, message))?,
        ReportFormat::Csv => csv(message, report.cron.zone()),
    })
}

/// A message as an object: times in UTC, everybody by directory and id.
fn answer(report: &str, message: &Message) -> Value {
    let mut facts = json!(message.facts);
    in_utc(&mut facts);
    let people: Vec<Value> = message
        .people
        .iter()
        .map(|person| {
            json!({"directory": person.directory, "id": person.id, "name": person.name, "sessions": person.sessions,
                   "connected": person.connected, "anonymous": person.anonymous, "on": person.on})
        })
        .collect();
    let site = message.site.as_ref().map(|site| &site.name);
    json!({"report": report, "site": site, "at": message.at.utc, "facts": facts, "people": people, "chart": message.chart})
}

/// Puts the instant in the place of every moment, which has it in several ways.
fn in_utc(value: &mut Value) {
    match value {
        Value::Object(fields) => match fields.get("utc") {
            Some(utc) => *value = utc.clone(),
            None => fields.values_mut().for_each(in_utc),
        },
        Value::Array(items) => items.iter_mut().for_each(in_utc),
        _ => {}
    }
}

fn csv(message: &Message, zone: &TimeZone) -> String {
    if let Facts::Digest(digest) = &message.facts {
        return digest_csv(digest, zone);
    }
    let mut text = "directory,id,name,sessions,on\n".to_owned();
    for person in &message.people {
        let on: Vec<&str> = person.on.iter().map(|on| if on.is_empty() { "default" } else { on }).collect();
        let name = person.name.as_deref().unwrap_or_default();
        let cells = [&person.directory, &person.id, name, &person.sessions.to_string(), &on.join(" ")];
        text.push_str(&cells.map(output::csv).join(","));
        text.push('\n');
    }
    text
}

/// A row for all of it, and then one for each of its periods, or of its days: a spreadsheet keeps them apart by the first column.
fn digest_csv(digest: &DigestFacts, zone: &TimeZone) -> String {
    let mut text =
        "row,date,from,to,people,people_before,people_usual,sessions,anonymous,peak,peak_before,peak_usual,peak_at,\
                    average,new_people,back,polls_seen,polls_due,memory_free_mb,memory_free_at,saturated_s,engine_restarts\n"
            .to_owned();
    let whole = Day {
        at: digest.from.clone(),
        to: digest.to.clone(),
        usage: digest.usage.clone(),
        new_people: digest.new_people,
        back: digest.back,
        engines: digest.engines.clone(),
        watched: digest.watched.clone(),
    };
    let parts = digest.days.iter().map(|day| (digest.each.word(), day));
    // All of several periods is none of them.
    let is_several = digest.days.iter().any(|_| digest.each == digest.period);
    let name = if is_several { "all" } else { digest.period.word() };
    for (name, part) in std::iter::once((name, &whole)).chain(parts) {
        text.push_str(&row(name, part, zone).join(","));
        text.push('\n');
    }
    text
}

/// The cells of one row: its day and the time of its peak by the clock, its bounds in UTC.
fn row(name: &str, part: &Day, zone: &TimeZone) -> [String; 22] {
    let number = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
    let local = |at: &Moment, form: &str| {
        let at = at.utc.parse::<Timestamp>().map(|at| at.to_zoned(zone.clone()));
        at.map_or_else(|_| String::new(), |at| at.strftime(form).to_string())
    };
    let (usage, engines) = (&part.usage, &part.engines);
    let least = engines.iter().filter(|engine| engine.memory_free.is_some()).min_by_key(|engine| engine.memory_free);
    // Of all engines together; what none of them told stays empty.
    let sum = |of: fn(&DigestEngine) -> Option<u64>| engines.iter().filter_map(of).reduce(u64::saturating_add);
    [
        name.to_owned(),
        local(&part.at, "%Y-%m-%d"),
        part.at.utc.clone(),
        part.to.utc.clone(),
        number(usage.people.now),
        number(usage.people.before),
        number(usage.people.last_week),
        number(usage.sessions.now),
        number(usage.anonymous.now),
        number(usage.peak.now),
        number(usage.peak.before),
        number(usage.peak.last_week),
        usage.peak_at.as_ref().map_or_else(String::new, |peak| local(&peak.at, "%Y-%m-%d %H:%M")),
        number(usage.average.now),
        number(part.new_people),
        number(part.back),
        part.watched.seen.to_string(),
        part.watched.due.to_string(),
        number(least.and_then(|engine| engine.memory_free)),
        least
            .and_then(|engine| engine.memory_free_at.as_ref())
            .map_or_else(String::new, |at| local(at, "%Y-%m-%d %H:%M")),
        number(sum(|engine| engine.saturated_seconds)),
        number(sum(|engine| engine.restarts)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_whole_periods_that_are_over() {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        // A Tuesday.
        let now: Timestamp = "2026-11-24T10:00:00+01:00".parse().unwrap();
        for (period, text, told) in [
            (Period::Day, None, "2026-11-23..2026-11-23"),
            (Period::Week, None, "2026-11-16..2026-11-22"),
            (Period::Day, Some("yesterday"), "2026-11-23..2026-11-23"),
            (Period::Day, Some("2026-11-01"), "2026-11-01..2026-11-01"),
            (Period::Day, Some("last-week"), "2026-11-16..2026-11-22"),
            (Period::Week, Some("2026-11-18"), "2026-11-16..2026-11-22"),
            (Period::Week, Some("last-month"), "2026-10-05..2026-11-01"),
            (Period::Month, Some("last-month"), "2026-10-01..2026-10-31"),
            (Period::Month, Some("2026-09"), "2026-09-01..2026-09-30"),
            (Period::Month, Some("2026-10-25"), "2026-10-01..2026-10-31"),
        ] {
            let span = span(text, period, now, &zone).unwrap();
            assert_eq!(format!("{}..{}", span.first, span.last_day()), told, "{text:?}");
        }
        for (period, text, told) in [
            (Period::Day, "today", "is not over yet"),
            (Period::Day, "2026-11-24", "is not over yet"),
            (
                Period::Week,
                "yesterday",
                "is not over yet: this report looks back over whole weeks, and that one ends with 2026-11-29",
            ),
            (Period::Day, "2026-11-25", "is to come"),
            (Period::Month, "2027-01", "is to come"),
            (Period::Month, "last-week", "write a day of the month, or `last-month`"),
            (Period::Day, "", "is no day"),
            (Period::Day, "23.11.2026", "is no day"),
            (Period::Day, "2026-02-30", "is no day"),
            (Period::Day, "20261123", "is no day"),
            (Period::Day, "tomorrow", "is no day"),
        ] {
            let error = span(Some(text), period, now, &zone).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
