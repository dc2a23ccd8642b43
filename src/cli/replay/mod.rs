//! `headcount replay`: what the rules would have told of the past. Nothing is recorded, nothing is sent.

mod source;
mod table;

pub(super) use source::{bad, opened};

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::Serialize;

use self::source::{Seen, Source};
use super::args::{ListFormat, Replay};
use super::exit::{Exit, Failure};
use super::{Context, output};
use crate::channels::headline;
use crate::config::{Config, Judged, Judging, load};
use crate::judge::{Finding, Rule, Why};
use crate::message;
use crate::qlik::{Pattern, any_pattern};
use crate::render::Engine;
use crate::replay::{Player, Summary, Unknown};
use crate::schedule::{Cron, Maintenance};
use crate::snapshot::{Counts, Snapshot, User};
use crate::store::Store;

/// One message that would have been told.
#[derive(Serialize)]
struct Told {
    at: Timestamp,
    kind: &'static str,
    rule: String,
    /// Left out where it is about the whole site.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<String>,
    site: String,
    severity: &'static str,
    tell: Vec<String>,
    reason: String,
}

/// What is played: a site, by which rules, how often.
struct Course {
    site: Arc<str>,
    rules: Vec<Arc<Rule>>,
    cron: Option<Cron>,
    exclude: Vec<Pattern>,
    maintenance: Vec<Arc<Maintenance>>,
}

/// What became of it.
struct Played {
    told: Vec<Told>,
    summaries: Vec<Summary>,
    /// The first and the last poll.
    stretch: Option<(Timestamp, Timestamp)>,
    polls: u64,
    full: u64,
    /// Polls of which fewer sessions are remembered than were counted then.
    forgotten: u64,
    unknown: Unknown,
}

pub(super) async fn replay(context: &Context<'_>, args: &Replay) -> Result<Exit, Failure> {
    let (judging, course, mut source, from) = match (&args.history, args.from, args.to) {
        (Some(file), ..) => {
            let judging = judging(context, args, None)?;
            let course = course(&judging, args.site.as_deref(), None)?;
            let (name, mut history) = opened(file)?;
            if course.cron.is_none() {
                history.usual_step().map_err(|error| source::bad(&name, &error))?;
            }
            (judging, course, Source::File { name, history }, None)
        }
        (None, Some(from), Some(to)) => {
            if to < from {
                return Err(Failure::usage(format!("--to {to} is before --from {from}: give the earlier day first")));
            }
            let path = load::configuration(context.args.config.as_deref()).map_err(Failure::usage)?;
            let (zone, _) = Config::store_only(&path).map_err(|problems| Failure::usage(problems.to_string()))?;
            let judging = judging(context, args, Some(&zone))?;
            let own = Judging::load(&path, None).ok();
            let course = course(&judging, args.site.as_deref(), own.as_ref())?;
            let (store, zone) = context.store().await?;
            let (source, from) = recall(store, &course, (from, to), &zone).await?;
            (judging, course, source, Some(from))
        }
        _ => return Err(Failure::usage("give --history, or --site with --from and --to")),
    };
    let step = match &mut source {
        Source::File { name, history } if course.cron.is_none() => {
            let step = history.usual_step().map_err(|error| source::bad(name, &error))?.unwrap_or(MINUTE);
            output::say(&format!(
                "Polls are taken to be due every {}, as in the history.",
                crate::duration::show(step)
            ));
            step
        }
        _ => MINUTE,
    };
    let played = play(&judging, &course, &mut source, from, step).await?;
    source.close().await;
    tell(args, &judging, &course, &played)
}

/// The step of a schedule that nobody tells.
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn judging(context: &Context<'_>, args: &Replay, zone: Option<&TimeZone>) -> Result<Judging, Failure> {
    let path = match &args.rules {
        Some(path) => path.clone(),
        None => load::configuration(context.args.config.as_deref())
            .map_err(|what| Failure::usage(format!("{what}, or the rules alone with `--rules`")))?,
    };
    Judging::load(&path, zone).map_err(|problems| Failure::usage(problems.to_string()))
}

/// Which check is meant. A file of rules without checks is all its rules; `own` may know the schedule and the site then.
fn course(judging: &Judging, site: Option<&str>, own: Option<&Judging>) -> Result<Course, Failure> {
    let known =
        |checks: &[Judged]| checks.iter().map(|check| format!("`{}`", check.site)).collect::<Vec<_>>().join(", ");
    let check = match (site, judging.checks.as_slice()) {
        (_, []) => None,
        (None, [check]) => Some(check),
        (Some(site), checks) => {
            let found = checks.iter().find(|check| *check.site == *site);
            let none = || format!("no check is about a site `{}`; there is {}", output::shown(site), known(checks));
            Some(found.ok_or_else(|| Failure::usage(none()))?)
        }
        (None, checks) => {
            return Err(Failure::usage(format!(
                "there are checks of several sites ({}): name one with --site",
                known(checks)
            )));
        }
    };
    let course = if let Some(check) = check {
        Course {
            site: check.site.clone(),
            rules: check.rules.clone(),
            cron: Some(check.cron.clone()),
            exclude: check.exclude.clone(),
            maintenance: judging.maintenance_of(&check.site),
        }
    } else {
        let own = own.and_then(|own| own.checks.iter().find(|check| site == Some(&*check.site)));
        Course {
            site: site.unwrap_or("history").into(),
            rules: judging.rules.clone(),
            cron: own.map(|check| check.cron.clone()),
            exclude: own.map_or_else(|| judging.exclude.clone(), |check| check.exclude.clone()),
            maintenance: site.map(|site| judging.maintenance_of(site)).unwrap_or_default(),
        }
    };
    if course.rules.is_empty() {
        return Err(Failure::usage("the check has no rules: name some under its `rules`"));
    }
    Ok(course)
}

/// What the store remembers of some days, or why there is nothing.
async fn recall(
    store: Store,
    course: &Course,
    (from, to): (jiff::civil::Date, jiff::civil::Date),
    zone: &TimeZone,
) -> Result<(Source, Timestamp), Failure> {
    let site = &*course.site;
    let Some((first, last)) = store.remembered(site).await? else {
        return Err(Failure::new(
            Exit::Failed,
            format!("the store remembers no poll of a site `{}`", output::shown(site)),
        ));
    };
    let midnight = |day: jiff::civil::Date| day.to_zoned(zone.clone()).map(|zoned| zoned.timestamp());
    let ends = midnight(from).and_then(|from| Ok((from, midnight(to.checked_add(1.day())?)?)));
    let (from, to) = ends.map_err(|error| Failure::usage(format!("no such days: {error}")))?;
    let to = to - SignedDuration::from_millis(1);
    let days = |at: Timestamp| output::moment(at, zone);
    if to < first || from > last {
        let what =
            format!("the store remembers `{site}` from {} to {}: name days of that time", days(first), days(last));
        return Err(Failure::new(Exit::Failed, what));
    }
    output::say(&format!("The store remembers each poll of {site} from {} on.", days(first)));
    let player = player(course);
    let begin = from.checked_sub(player.lead()).unwrap_or(first).max(first);
    let interval = course.cron.as_ref().map_or(MINUTE, |cron| cron.step_at(from));
    let exclude = course.exclude.clone();
    let excluded = Box::new(move |user: &User| any_pattern(&exclude, user));
    Ok((Source::recalled(store, site, (begin, to), interval, excluded).await?, from))
}

fn player(course: &Course) -> Player {
    Player::new(course.site.clone(), course.rules.clone(), course.maintenance.clone(), course.cron.clone())
}

async fn play(
    judging: &Judging,
    course: &Course,
    source: &mut Source,
    from: Option<Timestamp>,
    step: SignedDuration,
) -> Result<Played, Failure> {
    let engine = Engine::new(None).map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    let mut player = player(course);
    let summaries = course.rules.iter().map(|rule| Summary::new(rule.clone())).collect();
    let (told, unknown) = (Vec::new(), Unknown::default());
    let mut all = Played { told, summaries, stretch: None, polls: 0, full: 0, forgotten: 0, unknown };
    while let Some(Seen { at, pairs, counted }) = source.next().await? {
        let interval = course.cron.as_ref().map_or(step, |cron| cron.step_at(at));
        let left_out = source.is_without_excluded();
        let excluded = |user: &_| !left_out && any_pattern(&course.exclude, user);
        let (snapshot, findings) = player.play(at, pairs, excluded, interval);
        if from.is_none_or(|from| at >= from) {
            note(&mut all, judging, &engine, &snapshot, &findings, counted);
        }
        source.take_back(snapshot.into_pairs());
    }
    all.unknown = source.unknown();
    Ok(all)
}

/// Notes what one poll saw, and what would have been told of it.
fn note(
    all: &mut Played,
    judging: &Judging,
    engine: &Engine,
    snapshot: &Snapshot,
    findings: &[Finding],
    counted: Option<Counts>,
) {
    let at = snapshot.at();
    all.polls += 1;
    all.full += u64::from(snapshot.coverage().is_full());
    all.forgotten += u64::from(counted.is_some_and(|counted| snapshot.counts().sessions < counted.sessions));
    all.stretch = Some((all.stretch.map_or(at, |(first, _)| first), at));
    let messages = message::alerts(findings, snapshot, &message::KnownNames::default(), None, &judging.time_zone);
    for (finding, message) in findings.iter().zip(&messages) {
        let over = matches!(finding.why, Why::Resolved { .. } | Why::Calm { .. });
        let tell: Vec<String> = judging.told(&finding.rule, over).map(str::to_owned).collect();
        if let Some(summary) = all.summaries.iter_mut().find(|its| its.rule.name == finding.rule.name) {
            summary.count(&finding.why);
        }
        all.told.push(Told {
            at,
            kind: finding.why.word(),
            rule: finding.rule.name.to_string(),
            part: finding.incident.part.as_deref().map(str::to_owned),
            site: snapshot.site().to_string(),
            severity: finding.rule.severity.word(),
            tell,
            reason: headline(message, engine),
        });
    }
}

fn tell(args: &Replay, judging: &Judging, course: &Course, played: &Played) -> Result<Exit, Failure> {
    let text = match args.listing.format {
        ListFormat::Json => output::json(&played.told)?,
        ListFormat::Table => {
            let zone = &judging.time_zone;
            format!("{}{}", table::messages(played, zone), table::summary(course, played, zone))
        }
    };
    output::print(&text)?;
    for note in table::notes(played) {
        output::say(&note);
    }
    Ok(Exit::Done)
}
