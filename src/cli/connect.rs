//! `headcount check --connect`: every site, proxy and channel, one line each: a check mark, or what to do.

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::exit::{Exit, Failure};
use super::who::sentence;
use super::{Context, health, outbox, output, topology};
use crate::channels::ChannelKind;
use crate::config::Config;
use crate::jobs::Site;
use crate::message::lasting;
use crate::outbox::Sick;
use crate::qlik::{AskEngines, Inspection, Qlik, ServerCertificate};
use crate::snapshot::{Counts, Observation};
use crate::store::{Answer, Store};

/// A certificate that ends sooner is worth a word.
const SOON: SignedDuration = SignedDuration::from_hours(24 * 30);
/// A clock that is further off is worth a word: certificates and log files are read by it.
const OFF: SignedDuration = SignedDuration::from_secs(60);

/// One thing that was tried.
struct Line {
    fine: bool,
    text: String,
}

impl Line {
    fn fine(text: impl Into<String>) -> Self {
        Self { fine: true, text: text.into() }
    }

    fn wrong(text: impl Into<String>) -> Self {
        Self { fine: false, text: text.into() }
    }
}

/// Tries everything, and tells it line by line. 3 when a site was not seen whole, else 1 when a channel was not reached.
pub(super) async fn connect(context: &Context<'_>, config: &Config) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    let sites = join_all(config.sites.iter().map(|site| look(context, config, site))).await;
    for lines in sites {
        for line in lines? {
            if !line.fine {
                exit = Exit::Unseen;
            }
            tell(&line)?;
        }
    }
    let state = context.state();
    let channels =
        join_all(config.channels.iter().map(|spec| async { (&spec.channel, spec.channel.reach(&state).await) })).await;
    let known = known(context, config).await?;
    for (channel, reached) in channels {
        let name = format!("channel {} ({})", channel.name, channel.kind());
        let sick = known.sick.iter().find(|sick| sick.channel == channel.name);
        let seen = known.seen.iter().find(|(name, _)| *name == channel.name).map(|(_, answer)| *answer);
        let line = match reached {
            // Its host answers, and yet it took nothing.
            Ok(_) if let Some(sick) = sick => Line::wrong(outbox::put_aside(sick, &config.time_zone)),
            Ok(folder) if channel.kind() == ChannelKind::File => {
                Line::fine(format!("{name}: `{}` can be written into; nothing was", output::shown(&folder)))
            }
            Ok(answering) => {
                let answers = if channel.threads() {
                    format!("{name}: Slack knows the bot {}; nothing was sent", output::shown(&answering))
                } else {
                    format!("{name}: {} answers; nothing was sent", output::shown(&answering))
                };
                let on = |answer: Answer| output::day(answer.at, &config.time_zone);
                match seen {
                    Some(answer) if !answer.seen => Line::wrong(format!(
                        "{answers}; it took the test of {}, and nobody saw it there: `headcount test {}`",
                        on(answer),
                        channel.name
                    )),
                    Some(answer) => Line::fine(format!("{answers}; a test was seen there on {}", on(answer))),
                    None => Line::fine(answers),
                }
            }
            Err(why) => Line::wrong(format!("{name}: {}", output::shown(&why))),
        };
        if !line.fine && exit == Exit::Done {
            exit = Exit::Failed;
        }
        tell(&line)?;
    }
    if let Some(ping) = &config.ping {
        let line = match ping.reach().await {
            Ok(host) => Line::fine(format!("ping: {} answers; it was not called", output::shown(&host))),
            Err(why) => Line::wrong(format!("ping: {}", output::shown(&why))),
        };
        if !line.fine && exit == Exit::Done {
            exit = Exit::Failed;
        }
        tell(&line)?;
    }
    Ok(exit)
}

/// What the store knows of channels.
#[derive(Default)]
struct Known {
    /// Those that are down; one that leads elsewhere now has yet to be tried.
    sick: Vec<Sick>,
    /// Whether their last test was seen.
    seen: Vec<(String, Answer)>,
}

async fn known(context: &Context<'_>, config: &Config) -> Result<Known, Failure> {
    let Some(store) = Store::open_existing(&context.state().join(&config.database)).await? else {
        return Ok(Known::default());
    };
    let mut known = Known { sick: store.sick().await?, ..Known::default() };
    for spec in &config.channels {
        let name = &spec.channel.name;
        let answer = store.seen(name, &store.address_hash(&spec.address)).await?;
        known.seen.extend(answer.map(|answer| (name.clone(), answer)));
    }
    known.sick.retain(|sick| {
        let hash = config.channel(&sick.channel).map(|spec| store.address_hash(&spec.address));
        sick.well.is_none() && (sick.address.is_none() || sick.address == hash)
    });
    store.close().await;
    Ok(known)
}

fn tell(line: &Line) -> Result<(), Failure> {
    output::print(&format!("{} {}\n", if line.fine { "✓" } else { "✗" }, line.text))?;
    Ok(())
}

async fn look(context: &Context<'_>, config: &Config, site: &Site) -> Result<Vec<Line>, Failure> {
    let qlik = Qlik::new(&site.qlik).map_err(|error| Failure::usage(error.to_string()))?;
    let inspections = qlik.inspect(context.clock.now()).await;
    let now = context.clock.now();
    let mut lines = repository(&site.name, &qlik, now);
    let mut proxy = None;
    for inspection in &inspections {
        // What is the proxy's own is told once, before its virtual proxies.
        if proxy.as_ref() != Some(&inspection.pair.proxy) {
            proxy = Some(inspection.pair.proxy.clone());
            let name = format!("site {}, proxy {}", output::shown(&site.name), output::shown(&inspection.pair.proxy));
            lines.extend(inspection.certificate.as_ref().map(|certificate| certificate_line(&name, certificate, now)));
            lines.extend(inspection.clock.map(|theirs| clock_line(&name, theirs, now)));
        }
        lines.push(pair_line(&site.name, inspection));
    }
    lines.extend(engines(config, site, &qlik, now).await);
    if let (false, true, Err(why)) = (qlik.discovers(), is_polled(config, site), qlik.tells_names().await) {
        // They are a courtesy: the check does not fail for it.
        let (what, advice) = (output::shown(&why.what), output::cut(&why.advice, 600));
        output::complain(&format!(
            "site {}: what people are called is not known: {}: {what}; {advice}; those whom the proxies do not name are shown without a name",
            output::shown(&site.name),
            why.tried
        ));
    }
    Ok(lines)
}

fn is_polled(config: &Config, site: &Site) -> bool {
    config.checks.iter().any(|check| check.site.name == site.name)
}

/// The engines, where a rule or a digest wants to know how they are.
async fn engines(config: &Config, site: &Site, qlik: &Qlik, now: Timestamp) -> Vec<Line> {
    let Some(check) = config.checks.iter().find(|check| check.site.name == site.name) else { return Vec::new() };
    let needed = check.rules.iter().any(|rule| rule.kind.looks_at_engines());
    if !needed && !check.engines {
        return Vec::new();
    }
    let mut lines = Vec::new();
    for engine in qlik.engines(now, AskEngines::Always).await {
        match &engine.health {
            Ok(health) => {
                let saturated = match health.saturated {
                    None => "does not tell whether it is saturated",
                    Some(false) => "not saturated",
                    Some(true) => "saturated",
                };
                let free = health.memory_free.map(|free| format!(", {free:.0} MB free")).unwrap_or_default();
                let (site, host) = (output::shown(&site.name), output::shown(&engine.host));
                lines.push(Line::fine(format!("site {site}, engine {host}: {saturated}{free}")));
            }
            Err(why) if needed => lines.push(Line::wrong(health::sentence(&site.name, &engine.host, why))),
            // A digest does without it.
            Err(why) => {
                let said = health::sentence(&site.name, &engine.host, why);
                output::complain(&format!("{said}; digests do without it, or say `engines: false` in them"));
            }
        }
    }
    lines
}

/// What the repository says, where it is asked which proxies there are.
fn repository(site: &str, qlik: &Qlik, now: Timestamp) -> Vec<Line> {
    let Some(repository) = qlik.repository() else { return Vec::new() };
    let name = format!("site {}, repository {}", output::shown(site), output::shown(&repository));
    let mut lines = Vec::new();
    lines.extend(qlik.repository_certificate().map(|certificate| certificate_line(&name, &certificate, now)));
    match (qlik.trouble(), qlik.known()) {
        (Some(why), _) => lines.push(Line::wrong(format!(
            "{name}: {}: {}; {}",
            why.tried,
            output::shown(&why.what),
            output::cut(&why.advice, 600)
        ))),
        (None, Some(known)) => {
            lines.push(Line::fine(format!("{name}: {}", topology::summary(&known.topology))));
            if !known.topology.unlinked.is_empty() {
                lines.push(Line::fine(format!(
                    "site {}: {}",
                    output::shown(site),
                    topology::unlinked(&known.topology)
                )));
            }
        }
        (None, None) => {}
    }
    // A suspicion is no proof: it does not fail the check.
    qlik.doubts()
        .iter()
        .for_each(|doubt| output::complain(&format!("{name}: {}", output::cut(&doubt.to_string(), 600))));
    lines
}

fn pair_line(site: &str, inspection: &Inspection) -> Line {
    let pair = &inspection.pair;
    match &inspection.observation {
        Observation::Unseen(why) => Line::wrong(sentence(site, pair, why)),
        Observation::Seen(sessions) => {
            let counts = Counts::of(sessions.iter());
            let virtual_proxy = if pair.prefix.is_empty() {
                "default virtual proxy".to_owned()
            } else {
                format!("virtual proxy `{}`", output::shown(&pair.prefix))
            };
            Line::fine(format!(
                "site {}, proxy {}, {virtual_proxy}: {} in {}",
                output::shown(site),
                output::shown(&pair.proxy),
                output::count(counts.users, "user", "users"),
                output::count(counts.sessions, "session", "sessions")
            ))
        }
    }
}

fn certificate_line(name: &str, certificate: &ServerCertificate, now: Timestamp) -> Line {
    let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
    let names = if certificate.names.is_empty() { "nobody".to_owned() } else { certificate.names.join(", ") };
    let about = format!("{name}: certificate for {}, {}", output::shown(&names), certificate.fingerprint);
    match (certificate.from, certificate.until) {
        (Some(from), _) if from > now => {
            Line::wrong(format!("{about}, not valid before {}: see this machine's clock", day(from)))
        }
        (_, Some(until)) if until <= now => {
            Line::wrong(format!("{about}, expired on {}: the site needs a new one", day(until)))
        }
        (_, Some(until)) if until.duration_since(now) < SOON => {
            Line::wrong(format!("{about}, ends on {}: the site needs a new one soon", day(until)))
        }
        (_, Some(until)) => Line::fine(format!("{about}, until {}", day(until))),
        (_, None) => Line::fine(about),
    }
}

fn clock_line(name: &str, theirs: Timestamp, now: Timestamp) -> Line {
    let ahead = theirs.duration_since(now);
    let (off, way) = if ahead.is_negative() { (-ahead, "behind") } else { (ahead, "ahead of") };
    if off <= OFF {
        Line::fine(format!("{name}: its clock is this machine's, to the minute"))
    } else {
        Line::wrong(format!("{name}: its clock is {} {way} this machine's: set the one that is wrong", lasting(off)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::qlik::Fingerprint;

    #[test]
    fn a_clock_that_is_off_and_a_certificate_that_ends_are_told() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let at = |days: i64| now + SignedDuration::from_hours(24 * days);
        let said = |line: Line| format!("{} {}", if line.fine { "+" } else { "-" }, line.text);
        assert_eq!(
            said(clock_line("p", now + SignedDuration::from_secs(9), now)),
            "+ p: its clock is this machine's, to the minute"
        );
        assert_eq!(
            said(clock_line("p", at(1), now)),
            "- p: its clock is 1 d ahead of this machine's: set the one that is wrong"
        );
        assert_eq!(
            said(clock_line("p", at(-1), now)),
            "- p: its clock is 1 d behind this machine's: set the one that is wrong"
        );
        let certificate = |from, until| ServerCertificate {
            names: vec!["sense".to_owned()],
            from: Some(at(from)),
            until: Some(at(until)),
            fingerprint: Fingerprint::of(b""),
        };
        for (from, until, end) in [
            (-9, 400, ", until 2027-12-28"),
            (-9, 20, ", ends on 2026-12-13: the site needs a new one soon"),
            (-9, -1, ", expired on 2026-11-22: the site needs a new one"),
            (1, 400, ", not valid before 2026-11-24: see this machine's clock"),
        ] {
            let line = said(certificate_line("p", &certificate(from, until), now));
            assert!(line.ends_with(end) && line.contains("certificate for sense, sha256:e3b0"), "{line}");
        }
    }
}
