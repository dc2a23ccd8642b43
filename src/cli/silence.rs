//! `headcount silence`: what is not told for a while, and who said so.

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::args::{ListFormat, Silence as Args, SilenceCommand};
use super::exit::{Exit, Failure};
use super::held::{self, Held};
use super::outbox::time;
use super::{Context, output};
use crate::clean::{clean, clean_to};
use crate::config::{Judging, load};
use crate::judge::{Silence, names};
use crate::message::lasting;
use crate::store::EndedSilence;

/// The longest reason, in characters.
const LONGEST: usize = 500;

#[derive(Serialize)]
struct SilenceAnswer<'a> {
    id: i64,
    rule: &'a str,
    site: Option<&'a str>,
    since: String,
    until: String,
    who: &'a str,
    why: &'a str,
}

pub(super) async fn silence(context: &Context<'_>, args: &Args) -> Result<Exit, Failure> {
    let now = context.clock.now();
    let path = load::configuration(context.args.config.as_deref()).map_err(Failure::usage)?;
    match &args.command {
        SilenceCommand::Add { rule, site, length, why } => {
            let silence = wanted(&path, rule, site.as_deref(), *length, why, now)?;
            let (store, zone) = context.store().await?;
            let silence = store.add_silence(&silence).await?;
            store.close().await;
            output::print(&format!(
                "Silence {id}: {what} until {until} ({length}). What is still open then is told then.\n\
                 End it sooner with `headcount silence end {id}`.\n",
                id = silence.id,
                what = held::rule_and_site(&silence),
                until = held::until(silence.until, now, &zone),
                length = lasting(*length),
            ))?;
            Ok(Exit::Done)
        }
        SilenceCommand::List { listing } => {
            let (store, zone) = context.store().await?;
            let silences = store.silences(now).await?;
            store.close().await;
            let text = match listing.format {
                ListFormat::Json => output::json(&silences.iter().map(answer).collect::<Vec<_>>())?,
                ListFormat::Table if silences.is_empty() => "Nothing is silenced.\n".to_owned(),
                ListFormat::Table => {
                    let mut table = output::table(&["Id", "Rule", "Site", "Until", "Left", "Set by", "Why"]);
                    for silence in &silences {
                        table.add_row([
                            silence.id.to_string(),
                            output::shown(&silence.rule),
                            silence.site.as_deref().map_or_else(|| "(all)".to_owned(), output::shown),
                            time(silence.until, &zone),
                            lasting(silence.until.duration_since(now)),
                            output::shown(&silence.who),
                            output::shown(&silence.why),
                        ]);
                    }
                    format!("{table}\n")
                }
            };
            output::print(&text)?;
            if listing.format == ListFormat::Table {
                // A configuration that is wrong is for `check` to tell.
                let maintenance = Judging::load(&path, Some(&zone)).map(|judging| judging.maintenance);
                let windows = Held::new(Vec::new(), &maintenance.unwrap_or_default(), now);
                output::print(&windows.lines(now, &zone))?;
            }
            Ok(Exit::Done)
        }
        SilenceCommand::End { id } => {
            let (store, zone) = context.store().await?;
            let ended = store.end_silence(*id, now).await?;
            store.close().await;
            match ended {
                EndedSilence::Ended(silence) => {
                    let what = held::rule_and_site(&silence);
                    output::print(&format!("{what} is told again; what is still open is told at the next poll.\n"))?;
                    Ok(Exit::Done)
                }
                EndedSilence::Over(at) => {
                    output::complain(&format!("silence {id} has been over since {}", time(at, &zone)));
                    Ok(Exit::Failed)
                }
                EndedSilence::Unknown => {
                    output::complain(&format!("there is no silence {id}; see `headcount silence list`"));
                    Ok(Exit::Failed)
                }
            }
        }
    }
}

/// The silence that is asked for, if there is anything for it to hold.
fn wanted(
    path: &Path,
    rule: &str,
    site: Option<&str>,
    length: jiff::SignedDuration,
    why: &str,
    now: Timestamp,
) -> Result<Silence, Failure> {
    let judging = Judging::load(path, None).map_err(|problems| Failure::usage(problems.to_string()))?;
    if let Some(site) = site
        && !judging.checks.iter().any(|check| *check.site == *site)
    {
        let known = crate::config::nearest(site, judging.checks.iter().map(|check| &*check.site));
        return Err(Failure::usage(format!("no check is about a site `{}`; {known}", output::shown(site))));
    }
    let rules = judging.rules.iter().map(|rule| &*rule.name);
    if !rules.clone().any(|known| names(rule, known)) {
        let known = crate::config::nearest(rule, rules);
        let shown = output::shown(rule);
        let what = if rule.contains(['*', '?']) { "no rule matches" } else { "no rule is called" };
        return Err(Failure::usage(format!("{what} `{shown}`; {known}")));
    }
    let judged = judging.checks.iter().filter(|check| site.is_none_or(|site| *check.site == *site));
    if !judged.flat_map(|check| &check.rules).any(|known| names(rule, &known.name)) {
        let whose =
            site.map_or("no check".to_owned(), |site| format!("the check of `{}` does not", output::shown(site)));
        let uses = if site.is_some() { "use" } else { "uses" };
        output::say(&format!("{whose} {uses} `{}`: there is nothing to hold.", output::shown(rule)));
    }
    let why = clean_to(why.trim(), LONGEST);
    if why.is_empty() {
        return Err(Failure::usage("--why says nothing: say in a few words why it is not to be told".to_owned()));
    }
    let until = now.checked_add(length).map_err(|_| Failure::usage("that is too long".to_owned()))?;
    Ok(Silence {
        id: 0,
        site: site.map(str::to_owned),
        rule: rule.to_owned(),
        since: now,
        until,
        why,
        who: clean(&load::login_name()),
    })
}

fn answer(silence: &Silence) -> SilenceAnswer<'_> {
    SilenceAnswer {
        id: silence.id,
        rule: &silence.rule,
        site: silence.site.as_deref(),
        since: silence.since.to_string(),
        until: silence.until.to_string(),
        who: &silence.who,
        why: &silence.why,
    }
}
