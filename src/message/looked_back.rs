//! What was seen over some periods, as a digest.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::digest::{
    Blind, Day, Digest, DigestEngine, DigestIncident, Heat, HeatRow, Over, Peak, Share, Usage, UsualHour, Watched,
    missed,
};
use super::{Chart, Facts, Kind, Limit, Message, Moment, Named, Person, Reason, Series, Severity, clean, lasting};
use crate::history::{self, Compared, Looked, Period, Set};
use crate::judge::Metric;
use crate::schedule::Window;
use crate::store::aggregate::{self, AWAY, BlindWhy, Connected};
use crate::store::{EngineStretch, IncidentRow};

/// The incidents and the blind stretches that are told one by one.
const INCIDENTS: usize = 20;
const BLIND: usize = 8;
/// The engines that are told one by one, in each period.
const ENGINES: usize = 30;
/// A report that is told so much later than it was due says so.
const WORTH_SAYING: SignedDuration = SignedDuration::from_secs(60);
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Everything that a digest is made of.
pub struct LookedBack<'a> {
    pub report: &'a str,
    /// The sites with their links, in the configuration's order.
    pub sites: Vec<(&'a str, Option<&'a str>)>,
    /// All sites over all of it.
    pub whole: Set,
    /// Each period by itself, where there are several; of a week each day.
    pub parts: Vec<Set>,
    /// Each site by itself, where there are several.
    pub by_site: Vec<Set>,
    /// How long each threshold was crossed.
    pub crossed: Vec<Crossed<'a>>,
    pub working: &'a Window,
    /// Oldest first.
    pub incidents: Vec<IncidentRow>,
    /// How the engines were, site by site, and the sites whose engines nobody asked, though they had answered before.
    pub engines: Vec<EngineStretch>,
    pub engines_unasked: Vec<&'a str>,
    /// Reports that came due and were never sent, oldest first.
    pub missed: Vec<Timestamp>,
    /// Who was connected longest, where people may be ranked.
    pub longest: Vec<Connected>,
    /// When it came due; none where somebody asked.
    pub due: Option<Timestamp>,
    pub now: Timestamp,
    pub zone: &'a TimeZone,
}

/// One rule's threshold on one site, and how long it was crossed.
pub struct Crossed<'a> {
    pub site: &'a str,
    pub rule: &'a str,
    pub over: aggregate::Over,
}

/// How sites were used.
pub fn digest(looked: &LookedBack<'_>) -> Message {
    let zone = looked.zone;
    let only = (looked.sites.len() == 1).then(|| looked.sites[0]);
    let reason = match looked.due {
        None => Reason::Asked { planned: None, because: None },
        Some(due) => {
            let late = looked.now.duration_since(due);
            Reason::Scheduled { due: Moment::new(due, zone), late_by: (late >= WORTH_SAYING).then(|| lasting(late)) }
        }
    };
    Message {
        kind: Kind::Digest,
        severity: Severity::Info,
        reason,
        site: only.map(|(name, link)| Named { name: name.to_owned(), link: link.map(str::to_owned) }),
        source: Some(Named { name: looked.report.to_owned(), link: None }),
        at: Moment::new(looked.now, zone),
        facts: Facts::Digest(Box::new(facts(looked))),
        people: looked.longest.iter().filter(|_| !looked.whole.now.usage.forgotten).map(person).collect(),
        chart: chart(looked),
    }
}

fn facts(looked: &LookedBack<'_>) -> Digest {
    let (whole, zone) = (&looked.whole, looked.zone);
    let span = whole.now.span;
    let several = looked.sites.len() > 1;
    let seen = whole.now.is_seen() && !whole.now.usage.forgotten;
    let from = span.from(zone);
    let watched_since = whole.now.usage.known_since.filter(|since| from.duration_since(*since) < AWAY);
    let (missed, more_missed) = missed(&looked.missed, zone);
    let more_incidents = looked.incidents.len().saturating_sub(INCIDENTS);
    Digest {
        period: span.period,
        sites: looked.sites.iter().map(|(name, _)| (*name).to_owned()).collect(),
        from: Moment::new(span.from(zone), zone),
        to: Moment::new(span.to(zone), zone),
        last_day: Moment::new(history::start_of(span.last_day(), zone), zone),
        month: (span.period == Period::Month && span.is_one()).then(|| span.first.strftime("%B %Y").to_string()),
        usage: usage(whole, zone),
        each: looked.parts.first().map_or(span.period, |part| part.now.span.period),
        days: looked.parts.iter().map(|part| day(part, looked)).collect(),
        by_site: looked.sites.iter().zip(&looked.by_site).map(|((name, _), set)| site(name, set)).collect(),
        by_virtual_proxy: shares(whole, several, |usage| &usage.virtual_proxies),
        by_directory: shares(whole, false, |usage| &usage.directories),
        working_hours: looked.working.as_str().to_owned(),
        over: looked.crossed.iter().map(|crossed| over(crossed, several)).collect(),
        new_people: whole.now.usage.new_people.filter(|_| seen),
        watched_since: watched_since.map(|at| Moment::new(at, zone)),
        back: whole.now.usage.back.filter(|_| seen),
        away: format!("{} days", AWAY.as_hours() / 24),
        heat: (span.period != Period::Day).then(|| heat(whole, zone)).flatten(),
        incidents: looked.incidents.iter().take(INCIDENTS).map(|row| incident(row, zone)).collect(),
        more_incidents: more_incidents as u64,
        engines: engines(looked, whole),
        engines_unasked: looked.engines_unasked.iter().map(|site| clean(site)).collect(),
        watched: watched(&whole.now, zone),
        missed,
        more_missed,
        ranked: !looked.longest.is_empty(),
    }
}

fn usage(set: &Set, zone: &TimeZone) -> Usage {
    let peak = set.now.usage.peak_users.filter(|_| set.now.is_seen());
    let hours = history::usual_hours(&set.now.usage, zone);
    let usual = |(hour, mean): (i8, f64)| UsualHour { hour: hour_of(hour), value: whole(mean) };
    Usage {
        people: set.counted(|usage| usage.people),
        sessions: set.counted(|usage| usage.sessions.seen),
        anonymous: set.counted(|usage| usage.sessions.anonymous),
        peak: set.compared(|looked| looked.usage.peak_users.map(|peak| peak.number)),
        peak_at: peak.map(|peak| Peak { at: Moment::new(peak.at, zone), value: peak.number }),
        average: set.compared(|looked| looked.average().map(whole)),
        busiest: hours.busiest.map(usual),
        quietest: hours.quietest.map(usual),
    }
}

/// An hour of the clock, such as `10:00-11:00`.
fn hour_of(hour: i8) -> String {
    format!("{hour:02}:00-{:02}:00", hour + 1)
}

/// In whole people, which is how people come.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "no number of people is negative or near the end"
)]
fn whole(mean: f64) -> u64 {
    mean.round().max(0.0) as u64
}

fn day(set: &Set, looked: &LookedBack<'_>) -> Day {
    let zone = looked.zone;
    let seen = set.now.is_seen() && !set.now.usage.forgotten;
    Day {
        at: Moment::new(set.now.span.from(zone), zone),
        to: Moment::new(set.now.span.to(zone), zone),
        usage: usage(set, zone),
        new_people: set.now.usage.new_people.filter(|_| seen),
        back: set.now.usage.back.filter(|_| seen),
        engines: engines(looked, set),
        watched: watched(&set.now, zone),
    }
}

/// How the engines were in the period of a set.
fn engines(looked: &LookedBack<'_>, set: &Set) -> Vec<DigestEngine> {
    let (zone, several) = (looked.zone, looked.sites.len() > 1);
    let engine = |engine: &history::EngineHealth<'_>| DigestEngine {
        site: several.then(|| clean(engine.site)),
        host: clean(engine.host),
        memory_free: engine.free_min.map(|(free, _)| free),
        memory_free_at: engine.free_min.map(|(_, at)| Moment::new(at, zone)),
        memory_free_mean: engine.free_mean,
        memory_total: engine.total,
        saturated: engine.saturated.filter(|length| !length.is_zero()).map(lasting),
        saturated_seconds: engine.saturated.map(|length| length.as_secs().unsigned_abs()),
        restarts: engine.restarts,
        restarted_at: engine.restarted.map(|at| Moment::new(at, zone)),
        users_active: engine.users_max,
        sessions_active: engine.sessions_max,
        seen: engine.seen,
        asked: engine.asked,
    };
    let span = set.now.span;
    history::engines(&looked.engines, span.from(zone), span.to(zone)).iter().take(ENGINES).map(engine).collect()
}

fn site(name: &str, set: &Set) -> Share {
    Share {
        name: clean(name),
        people: set.counted(|usage| usage.people),
        sessions: set.counted(|usage| usage.sessions.seen),
    }
}

/// The parts of a whole, each with what it was before; one that was not there then was used by nobody, if the whole was seen.
fn shares(set: &Set, named: bool, of: impl Fn(&aggregate::Usage) -> &Vec<aggregate::Share>) -> Vec<Share> {
    let share = |part: &aggregate::Share| {
        let number = |count: fn(&aggregate::Share) -> u64| -> Compared {
            set.counted(|usage| {
                let found = of(usage).iter().find(|other| other.site == part.site && is_same(&other.name, &part.name));
                found.map_or(0, count)
            })
        };
        let name = match part.name.as_str() {
            name if !named => name.to_owned(),
            "" => format!("{}, default", part.site),
            name => format!("{}, {name}", part.site),
        };
        Share { name: clean(&name), people: number(|part| part.people), sessions: number(|part| part.sessions.seen) }
    };
    // Of people who were forgotten, what is left is no part of anything.
    of(&set.now.usage).iter().filter(|_| !set.now.usage.forgotten).map(share).collect()
}

fn is_same(one: &str, other: &str) -> bool {
    one.chars().flat_map(char::to_lowercase).eq(other.chars().flat_map(char::to_lowercase))
}

fn over(crossed: &Crossed<'_>, named: bool) -> Over {
    let aggregate::Over { limit, lasted: surely, at_most, times } = crossed.over;
    let told = |length: SignedDuration| (!length.is_zero()).then(|| lasting(length));
    Over {
        site: named.then(|| clean(crossed.site)),
        rule: clean(crossed.rule),
        metric: limit.metric,
        bound: limit.bound,
        limit: limit.number,
        lasted: told(surely),
        at_most: told(at_most).filter(|_| at_most > surely),
        times,
    }
}

fn incident(row: &IncidentRow, zone: &TimeZone) -> DigestIncident {
    let incident = &row.incident;
    let lasted = incident.closed.filter(|_| !incident.is_event()).map(|closed| closed.duration_since(incident.since));
    DigestIncident {
        at: Moment::new(incident.since, zone),
        site: clean(&incident.site),
        rule: clean(&incident.rule),
        severity: [Severity::Info, Severity::Critical]
            .into_iter()
            .find(|severity| severity.word() == row.severity)
            .unwrap_or_default(),
        lasted: lasted.map(lasting),
        open: incident.closed.is_none(),
    }
}

fn watched(looked: &Looked, zone: &TimeZone) -> Watched {
    let (seen, due) = looked.polls();
    let stretches =
        looked.usage.coverage.iter().flat_map(|site| site.blind.iter().map(move |blind| (&site.site, blind)));
    let mut stretches: Vec<_> = stretches.collect();
    let more_blind = stretches.len().saturating_sub(BLIND) as u64;
    stretches.sort_by_key(|(_, blind)| std::cmp::Reverse(blind.to.duration_since(blind.from)));
    stretches.truncate(BLIND);
    stretches.sort_by_key(|(_, blind)| blind.from);
    let blind = stretches.into_iter().map(|(site, blind)| Blind {
        site: clean(site),
        from: Moment::new(blind.from, zone),
        to: Moment::new(blind.to, zone),
        lasted: lasting(blind.to.duration_since(blind.from)),
        wholly: blind.why != BlindWhy::Partly,
        polled: blind.why != BlindWhy::NotPolled,
    });
    Watched { seen, due, blind: blind.collect(), more_blind }
}

fn heat(set: &Set, zone: &TimeZone) -> Option<Heat> {
    let heat = history::heat(&set.now.usage, zone);
    let rows = heat
        .iter()
        .zip(WEEKDAYS)
        .map(|(cells, day)| HeatRow { day: day.to_owned(), cells: cells.iter().map(|cell| cell.map(whole)).collect() });
    let rows: Vec<HeatRow> = rows.collect();
    let most = rows.iter().flat_map(|row| &row.cells).flatten().copied().max()?;
    let hours = rows.iter().flat_map(|row| (0..).zip(&row.cells).map(move |(hour, cell)| (&row.day, hour, cell)));
    let busiest =
        hours.filter(|(.., cell)| **cell == Some(most)).map(|(day, hour, _)| format!("{day} {}", hour_of(hour)));
    let busiest = busiest.take(1).collect();
    Some(Heat { rows, most, busiest })
}

/// The most users at once, by the hour or by the day; with what it was before behind it, and the thresholds across.
fn chart(looked: &LookedBack<'_>) -> Option<Chart> {
    let span = looked.whole.now.span;
    let course = history::course(&looked.whole, looked.zone);
    if course.now.iter().all(Option::is_none) {
        return None;
    }
    let form = match span.period {
        Period::Day if span.is_one() => "%H:%M",
        Period::Day | Period::Week => "%a %H:%M",
        Period::Month => "%-d %b",
    };
    let label = |(place, again): &(DateTime, bool)| {
        let label = place.strftime(form).to_string();
        // The hour that comes twice when the clocks are set back.
        if *again { format!("{label} again") } else { label }
    };
    let dates = |first: Date, last: Date| match span.period {
        Period::Month => first.strftime("%B %Y").to_string(),
        _ if first == last => first.strftime("%a %-d %b").to_string(),
        _ => format!("{} to {}", first.strftime("%a %-d %b"), last.strftime("%a %-d %b")),
    };
    let (first, last) = (span.first, span.last_day());
    let values = |values: &[Option<u64>]| values.iter().map(|value| value.map(|value| value as f64)).collect();
    let mut series = vec![Series { name: dates(first, last), values: values(&course.now) }];
    if !course.before.is_empty() {
        let earlier = |day: Date| day.checked_sub(course.days_before.days()).unwrap_or(day);
        let name = if span.period == Period::Month {
            "4 weeks before".to_owned()
        } else {
            dates(earlier(first), earlier(last))
        };
        series.push(Series { name, values: values(&course.before) });
    }
    let one = looked.sites.len() == 1;
    let limits = looked.crossed.iter().filter(|crossed| one && crossed.over.limit.metric == Metric::Users);
    let whose = if one { clean(looked.sites[0].0) } else { format!("{} sites", looked.sites.len()) };
    Some(Chart {
        title: format!(
            "Most users at once on {whose} {}",
            if span.period == Period::Month { "by day" } else { "by hour" }
        ),
        unit: "users".to_owned(),
        labels: course.places.iter().map(label).collect(),
        series,
        limits: limits
            .map(|crossed| Limit { name: clean(crossed.rule), value: crossed.over.limit.number as f64 })
            .collect(),
    })
}

fn person(connected: &Connected) -> Person {
    Person {
        directory: clean(&connected.user.directory),
        id: clean(&connected.user.id),
        name: connected.user.name.as_deref().map(clean).filter(|name| !name.trim().is_empty()),
        sessions: connected.sessions,
        on: Vec::new(),
        anonymous: false,
        since: None,
        pseudonym: None,
        connected: Some(lasting(connected.connected)),
    }
}
