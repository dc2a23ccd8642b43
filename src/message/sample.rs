//! One message of each kind, reason and sort of facts, for previews and for the tests of every channel.

mod digests;
mod people;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use people::{crowd, nasty, on, people, people_of};

use super::{
    Active, Away, Bound, CertificateOf, Closed, Counts, Coverage, EngineLine, EngineMetric, Entry, Facts, Furthest,
    Kind, LogOut, Message, Metric, Missed, Moment, Named, Notice, Person, Reason, Restart, Scope, Severity, Silent,
    Since, Step, Trouble, Turn, WhyHeld, lasting, several,
};

/// Every sample, by a name of its own.
pub fn all() -> Vec<(&'static str, Message)> {
    // In several lists, so that none is large enough to trouble a small stack.
    let mut all = vec![
        ("alert_crowded", with_people(crowded(FULL, 217, opened()), 217)),
        ("alert_crowded_at_once", crowded(FULL, 201, opened_before(0))),
        ("alert_crowded_partial", crowded(PARTIAL, 217, opened())),
        ("repeat_crowded", repeat(crowded(FULL, 223, still()))),
        ("repeat_crowded_unseen", repeat(crowded(NOTHING, 0, still()))),
        ("alert_empty", few()),
        ("alert_mass_logout", logout()),
        ("alert_sessions_rose", rise()),
        ("alert_blind", blind(opened(), two_silent(), PARTIAL_OF_FIVE)),
        ("repeat_blind", repeat(blind(still(), three_silent(), NOTHING))),
        ("alert_blind_only_proxy", blind(opened(), one_silent(), Coverage { answered: 0, asked: 1 })),
        ("alert_crowded_part", part(with_people(crowded(FULL, 12, opened()), 12), "virtual_proxy", "hr", false)),
        ("alert_crowded_narrowed", part(crowded(FULL, 217, opened()), "", "", true)),
        ("alert_saturated", with_people(engines(EngineMetric::Saturated, FULL_ENGINES, 1, opened()), 12)),
        ("alert_saturated_partial", engines(EngineMetric::Saturated, PARTIAL, 1, opened_before(0))),
        ("alert_memory", engines(EngineMetric::MemoryFree, FULL_ENGINES, 1802, opened())),
        ("repeat_saturated_unseen", repeat(engines(EngineMetric::Saturated, NOTHING, 0, still()))),
        ("alert_blind_many", blind(opened(), many_silent(), Coverage { answered: 2, asked: 62 })),
    ];
    all.extend([
        ("resolved_crowded", resolved(crowded(FULL, 175, over_after(231)))),
        ("resolved_saturated", resolved(engines(EngineMetric::Saturated, FULL_ENGINES, 0, over()))),
        ("resolved_memory", resolved(engines(EngineMetric::MemoryFree, FULL_ENGINES, 7400, over()))),
        ("resolved_blind", resolved(blind(over_after(2), Vec::new(), FULL))),
        ("alert_blind_own_network", trouble(Trouble::OwnNetwork, three_silent(), NOTHING)),
        ("alert_blind_names", trouble(Trouble::Names { hosts: 1 }, two_silent(), PARTIAL_OF_FIVE)),
        ("alert_blind_certificate", trouble(Trouble::Certificate, three_silent(), NOTHING)),
        ("alert_blind_pair", trouble(one_pair(), one_silent(), PARTIAL)),
        ("alert_blind_proxy", trouble(one_proxy(), two_silent(), PARTIAL_OF_FIVE)),
        ("resolved_blind_partly", resolved(blind(over(), one_silent(), PARTIAL))),
    ]);
    all.extend(numbers());
    all.extend(people_and_certificates());
    all.extend([
        ("who", who(&people(), FULL, scheduled(None))),
        ("who_nasty", who(&nasty(), FULL, scheduled(None))),
        ("who_partial", who(&people(), PARTIAL, scheduled(None))),
        ("who_partial_nobody", who(&[], PARTIAL, scheduled(None))),
        ("who_unseen", unseen()),
        ("who_before_restart", who(&people(), FULL, asked())),
        ("who_before_maintenance", who(&people(), FULL, before())),
        ("who_late", who(&people(), FULL, scheduled(Some(lasting(SignedDuration::from_mins(125)))))),
        ("who_many", who(&crowd(5000), FULL, scheduled(None))),
        ("who_one", who(&people()[..1], FULL, scheduled(None))),
        ("who_nobody", who(&[], FULL, Reason::Asked { planned: None, because: None })),
        ("who_since", who_since()),
    ]);
    let away = Away::Stopped { from: minutes(-39), to: minutes(-1) };
    all.extend([
        ("alert_crowded_flapping", crowded(FULL, 217, flapping())),
        ("alert_blind_flapping", blind(flapping(), one_silent(), PARTIAL)),
        ("resolved_blind_calm", resolved(blind(calm(), Vec::new(), FULL))),
        ("resolved_crowded_late", resolved(crowded(FULL, 175, over_before()))),
        ("alert_stale", stale(Some(away))),
        ("alert_stale_asleep", stale(Some(Away::Asleep { length: lasting(SignedDuration::from_mins(38)) }))),
        ("alert_stale_unexplained", stale(None)),
    ]);
    all.extend([]);
    all.extend(digests::all());
    all.extend([
        ("notice_restart", notice(restart(Step::Planned, Some(people_counts()), FULL), people())),
        ("notice_restart_still_on", notice(restart(Step::StillOn, Some(people_counts()), FULL), people())),
        ("notice_restart_clear", notice(restart(Step::Clear, Some(Counts::default()), FULL), Vec::new())),
        ("notice_restart_overdue", notice(restart(Step::Overdue, Some(people_counts()), PARTIAL), people())),
        ("notice_restart_unlisted", notice(restart_unlisted(), Vec::new())),
        ("notice_restart_called_off", notice(restart(Step::CalledOff, None, NOTHING), Vec::new())),
        ("notice_log_out", log_out()),
        ("notice_channel_down", channel_down()),
        ("notice_channel_well", channel_well()),
        ("test", test()),
        ("heartbeat", heartbeat(false)),
        ("heartbeat_first", heartbeat(true)),
        ("summary", summary(false)),
        ("summary_capped", summary(true)),
    ]);
    all.extend([("resolved_closed", closed(1)), ("resolved_closed_several", closed(3))]);
    let part = |name: &str| all.iter().find(|(known, _)| *known == name).map(|(_, message)| message.clone());
    let together = |names: &[&str]| several(names.iter().filter_map(|name| part(name)).collect(), &people_of(217));
    let grouped = [
        ("alert_several", together(&["alert_crowded", "alert_blind", "alert_mass_logout"])),
        ("alert_several_mixed", together(&["alert_crowded_partial", "repeat_blind", "resolved_crowded"])),
        ("resolved_several", together(&["resolved_crowded", "resolved_blind"])),
    ];
    all.extend(grouped.into_iter().filter_map(|(name, message)| Some((name, message?))));
    all
}

/// Of numbers that are unusual, and of nobody.
fn numbers() -> Vec<(&'static str, Message)> {
    vec![
        ("alert_joined", joined()),
        ("alert_unusual", unusual(FULL, 48, opened())),
        ("alert_unusual_few", unusual(FULL, 2, opened())),
        ("alert_unusual_partial", unusual(PARTIAL, 48, opened())),
        ("repeat_unusual", repeat(unusual(FULL, 51, still()))),
        ("resolved_unusual", resolved(unusual(FULL, 23, over_after(52)))),
        ("alert_nobody", nobody(FULL, 0, opened())),
        ("repeat_nobody", repeat(nobody(FULL, 0, still()))),
        ("repeat_nobody_unseen", repeat(nobody(NOTHING, 0, still()))),
        ("resolved_nobody", resolved(nobody(FULL, 2, over()))),
    ]
}

/// Of people who sign in, and of certificates.
fn people_and_certificates() -> Vec<(&'static str, Message)> {
    vec![
        ("alert_signed_in", watched(Facts::SignedIn { count: 2, first_ever: false }, 2)),
        ("alert_newcomer", watched(Facts::SignedIn { count: 1, first_ever: true }, 1)),
        ("alert_sessions_one_left", watched(sessions(0, 1, 4), 1)),
        ("alert_sessions_at_limit", watched(sessions(1, 0, 5), 1)),
        ("alert_sessions_several", watched(sessions(1, 2, 6), 3)),
        ("alert_certificate", certificate(CertificateOf::Client, 30, opened())),
        ("repeat_certificate", repeat(certificate(CertificateOf::Server, 7, still()))),
        ("alert_certificate_root", certificate(CertificateOf::Root, 60, opened())),
        ("repeat_certificate_expired", repeat(certificate(CertificateOf::Server, 0, still()))),
        ("resolved_certificate", resolved(certificate(CertificateOf::Client, 730, over()))),
    ]
}

/// The sample that shows a kind best.
pub fn of(kind: Kind) -> Message {
    let found = all().into_iter().find(|(_, message)| message.kind == kind);
    found.map_or_else(|| unreachable!("there is a sample of every kind"), |(_, message)| message)
}

const FULL: Coverage = Coverage { answered: 3, asked: 3 };
const PARTIAL: Coverage = Coverage { answered: 2, asked: 3 };
const PARTIAL_OF_FIVE: Coverage = Coverage { answered: 3, asked: 5 };
const NOTHING: Coverage = Coverage { answered: 0, asked: 3 };

const FULL_ENGINES: Coverage = Coverage { answered: 2, asked: 2 };

/// So many minutes after 08:10 on a Monday in Stockholm.
fn minutes(after: i64) -> Moment {
    const START: i64 = 1_795_417_800;
    let at = Timestamp::from_second(START + after * 60).unwrap_or_default();
    Moment::new(at, &TimeZone::get("Europe/Stockholm").unwrap_or(TimeZone::UTC))
}

fn at() -> Moment {
    minutes(0)
}

fn opened() -> Reason {
    opened_before(3)
}

fn opened_before(minutes_ago: i64) -> Reason {
    Reason::Opened { since: minutes(-minutes_ago), lasted: lasting(SignedDuration::from_mins(minutes_ago)) }
}

fn repeat(message: Message) -> Message {
    Message { kind: Kind::Repeat, ..message }
}

fn still() -> Reason {
    Reason::Still { since: minutes(-243), lasted: lasting(SignedDuration::from_mins(243)), told: 1 }
}

fn over() -> Reason {
    Reason::Resolved { since: minutes(-85), until: at(), lasted: lasting(SignedDuration::from_mins(85)), peak: None }
}

/// Over, after it was at most so much.
fn over_after(value: u64) -> Reason {
    let peak = Some(Furthest { value, at: minutes(-40) });
    Reason::Resolved { since: minutes(-85), until: at(), lasted: lasting(SignedDuration::from_mins(85)), peak }
}

fn flapping() -> Reason {
    let (lasted, rest) = (lasting(SignedDuration::from_mins(15)), lasting(SignedDuration::from_mins(30)));
    Reason::Flapping { since: minutes(-15), times: 4, lasted, rest }
}

fn calm() -> Reason {
    let (lasted, rest) = (lasting(SignedDuration::from_mins(40)), lasting(SignedDuration::from_mins(30)));
    Reason::Calm { since: minutes(-70), until: minutes(-30), times: 7, lasted, rest }
}

/// Over for an hour, which a silence held.
fn over_before() -> Reason {
    let peak = Some(Furthest { value: 240, at: minutes(-90) });
    Reason::Resolved { since: minutes(-120), until: minutes(-60), lasted: lasting(SignedDuration::from_mins(60)), peak }
}

fn stale(because: Option<Away>) -> Message {
    let (from, to) = (minutes(-40), at());
    let lasted = lasting(SignedDuration::from_mins(40));
    alert("myself", Severity::Warning, Reason::Event, Facts::Stale { from, to, lasted, polls: 39, because })
}

fn scheduled(late_by: Option<String>) -> Reason {
    let due = if late_by.is_some() { minutes(-125) } else { at() };
    Reason::Scheduled { due, late_by }
}

fn before() -> Reason {
    Reason::Before { due: at(), late_by: None, maintenance: "patch".to_owned(), begins: minutes(15) }
}

fn asked() -> Reason {
    Reason::Asked { planned: Some(minutes(20)), because: Some("November patch of Qlik Sense".to_owned()) }
}

fn alert(rule: &str, severity: Severity, reason: Reason, facts: Facts) -> Message {
    Message {
        kind: Kind::Alert,
        severity,
        reason,
        site: Some(Named { name: "prod".to_owned(), link: Some("https://sense.example.com/qmc".to_owned()) }),
        source: Some(Named { name: rule.to_owned(), link: Some(format!("https://wiki.example.com/qlik/{rule}")) }),
        at: at(),
        facts,
        people: Vec::new(),
        chart: None,
    }
}

fn resolved(message: Message) -> Message {
    Message { kind: Kind::Resolved, ..message }
}

fn crowded(coverage: Coverage, value: u64, reason: Reason) -> Message {
    let facts = Facts::Threshold {
        metric: Metric::Users,
        bound: Bound::Above,
        limit: 200,
        clear: 180,
        value,
        on: on(coverage, value),
        scope: Scope::default(),
        coverage,
    };
    alert("crowded", Severity::Warning, reason, facts)
}

/// With who is on: so many.
fn with_people(message: Message, users: u64) -> Message {
    Message { people: people_of(users), ..message }
}

/// As it is told of a part, or of some people alone.
fn part(mut message: Message, over: &'static str, name: &str, narrowed: bool) -> Message {
    if over == "virtual_proxy" {
        message.people.iter_mut().for_each(|person| person.on = vec![name.to_owned()]);
    }
    if let Facts::Threshold { scope, limit, clear, .. } = &mut message.facts {
        if !narrowed {
            (*limit, *clear) = (10, 8);
        }
        *scope = Scope { over: Some(over).filter(|over| !over.is_empty()), part: name.to_owned(), narrowed };
    }
    message
}

fn engines(metric: EngineMetric, coverage: Coverage, value: u64, reason: Reason) -> Message {
    let (bound, limit, clear) = match metric {
        EngineMetric::Saturated => (Bound::Above, 0, 0),
        EngineMetric::MemoryFree => (Bound::Below, 4000, 6000),
    };
    let worst = coverage.answered > 0 && !matches!(reason, Reason::Resolved { .. });
    let line = |n: u64| {
        let (seen, bad) = (n <= coverage.answered, n == 1 && worst);
        EngineLine {
            host: format!("sense{n}.example.com"),
            saturated: seen.then_some(bad && metric == EngineMetric::Saturated),
            memory_free: seen.then_some(if bad { 1802 } else { 7400 + 8000 * (n - 1) }),
            cpu: seen.then_some(if bad { 97 } else { 12 }),
            users_active: seen.then_some(12 * n),
            why: (!seen).then(|| "no answer within 5s".to_owned()),
        }
    };
    let engines = (1..=coverage.asked).map(line).collect();
    let rule = if metric == EngineMetric::Saturated { "saturated" } else { "short-of-memory" };
    let on = on(FULL, 12);
    alert(rule, Severity::Warning, reason, Facts::Engines { metric, bound, limit, clear, value, on, coverage, engines })
}

fn trouble(trouble: Trouble, silent: Vec<Silent>, coverage: Coverage) -> Message {
    alert("blind", Severity::Critical, opened(), Facts::Unreachable { silent, trouble, coverage })
}

fn one_pair() -> Trouble {
    Trouble::Pair { proxy: "sense1.example.com".to_owned(), prefix: String::new() }
}

fn one_proxy() -> Trouble {
    Trouble::Proxy { proxy: "sense1.example.com".to_owned(), pairs: 2 }
}

fn joined() -> Message {
    let (metric, bound, limit, clear, value) = (Metric::Joined, Bound::Above, 30, 30, 42);
    let (on, scope) = (on(FULL, 96), Scope::default());
    let facts = Facts::Threshold { metric, bound, limit, clear, value, on, scope, coverage: FULL };
    alert("rush", Severity::Info, opened(), facts)
}

fn unusual(coverage: Coverage, value: u64, reason: Reason) -> Message {
    let (lowest, highest, weeks) = (19, 24, 4);
    let bound = if value < lowest { Bound::Below } else { Bound::Above };
    let (metric, scope) = (Metric::Users, Scope::default());
    let on = on(coverage, value);
    let facts = Facts::Unusual { metric, bound, value, lowest, highest, weeks, on, scope, coverage };
    alert("unlike", Severity::Warning, reason, facts)
}

fn nobody(coverage: Coverage, users: u64, reason: Reason) -> Message {
    let facts = Facts::Absence { users, anonymous: 0, scope: Scope::default(), coverage };
    alert("nobody", Severity::Warning, reason, facts)
}

fn watched(facts: Facts, count: usize) -> Message {
    let rule = if matches!(facts, Facts::Sessions { .. }) { "licence" } else { "night-owl" };
    let message = alert(rule, Severity::Warning, Reason::Event, facts);
    let people = people().into_iter().filter(|person| !person.anonymous).take(count).collect::<Vec<_>>();
    let people = match message.facts {
        Facts::Sessions { limit, at_limit, most, .. } => people
            .into_iter()
            .zip(0..)
            .map(|(person, n)| Person { sessions: if n < at_limit { most } else { limit - 1 }, ..person })
            .collect(),
        _ => people,
    };
    Message { people, ..message }
}

fn sessions(at_limit: u64, near: u64, most: u64) -> Facts {
    Facts::Sessions { limit: 5, at_limit, near, most }
}

fn certificate(of: CertificateOf, days: i64, reason: Reason) -> Message {
    let name = match of {
        CertificateOf::Client => "client.pem",
        CertificateOf::Server => "sense1.example.com",
        CertificateOf::Root => "sense1.example.com-CA",
    };
    let left = lasting(SignedDuration::from_hours(24 * days));
    let (name, until, expired) = (name.to_owned(), minutes(days * 1440 - i64::from(days == 0)), days == 0);
    alert("renew", Severity::Warning, reason, Facts::Certificate { of, name, until, left, expired })
}

fn few() -> Message {
    let facts = Facts::Threshold {
        metric: Metric::Sessions,
        bound: Bound::Below,
        limit: 5,
        clear: 10,
        value: 0,
        on: Some(Counts::default()),
        scope: Scope::default(),
        coverage: FULL,
    };
    alert("empty", Severity::Info, opened(), facts)
}

fn change(metric: Metric, turn: Turn, from: u64, to: u64, percent: Option<u64>, on: Counts) -> Facts {
    let within = lasting(SignedDuration::from_mins(5));
    Facts::Change {
        metric,
        turn,
        from,
        to,
        by: from.abs_diff(to),
        percent,
        within,
        on: Some(on),
        scope: Scope::default(),
        coverage: FULL,
    }
}

fn logout() -> Message {
    let left = people_of(38);
    let sessions = left.iter().map(|person| person.sessions).sum();
    let on = Counts { sessions, users: 38, anonymous: 3 };
    let facts = change(Metric::Sessions, Turn::Falls, 240, sessions, Some((240 - sessions) * 100 / 240), on);
    Message { people: left, ..alert("mass-logout", Severity::Critical, Reason::Event, facts) }
}

fn rise() -> Message {
    alert(
        "sudden",
        Severity::Info,
        Reason::Event,
        change(Metric::Anonymous, Turn::Rises, 0, 50, None, Counts { sessions: 74, users: 21, anonymous: 50 }),
    )
}

fn blind(reason: Reason, silent: Vec<Silent>, coverage: Coverage) -> Message {
    alert("blind", Severity::Critical, reason, Facts::Unreachable { silent, trouble: Trouble::default(), coverage })
}

fn silent(proxy: &str, prefix: &str, why: &str) -> Silent {
    Silent { proxy: proxy.to_owned(), prefix: prefix.to_owned(), why: why.to_owned() }
}

fn one_silent() -> Vec<Silent> {
    vec![silent("sense1.example.com", "", "no answer within 5s")]
}

fn two_silent() -> Vec<Silent> {
    let mut silent_ones = one_silent();
    silent_ones.push(silent("sense2.example.com", "hr", "the connection was refused"));
    silent_ones
}

fn three_silent() -> Vec<Silent> {
    let mut silent_ones = two_silent();
    silent_ones.push(silent("sense2.example.com", "", "its certificate expired on 2026-11-22"));
    silent_ones
}

fn many_silent() -> Vec<Silent> {
    (1..=60).map(|n| silent(&format!("sense{n}.example.com"), "hr", "no answer within 5s")).collect()
}

fn who(people: &[Person], coverage: Coverage, reason: Reason) -> Message {
    let counts = Counts {
        sessions: people.iter().map(|person| person.sessions).sum(),
        users: people.iter().filter(|person| !person.anonymous).count() as u64,
        anonymous: people.iter().filter(|person| person.anonymous).map(|person| person.sessions).sum(),
    };
    let silent = if coverage.is_full() { Vec::new() } else { one_silent() };
    let source =
        matches!(reason, Reason::Scheduled { .. } | Reason::Before { .. }).then(|| "before-restart".to_owned());
    let missed = if matches!(reason, Reason::Scheduled { late_by: Some(_), .. }) {
        vec![Missed { due: minutes(-3005) }, Missed { due: minutes(-1565) }]
    } else {
        Vec::new()
    };
    let facts = Facts::Who { counts: Some(counts), silent, coverage, missed, more_missed: 0 };
    let message = alert("", Severity::Info, reason, facts);
    let source = source.map(|name| Named { name, link: None });
    Message { kind: Kind::Who, source, people: people.to_vec(), ..message }
}

fn unseen() -> Message {
    let message = who(&[], NOTHING, asked());
    let (silent, coverage) = (three_silent(), NOTHING);
    Message { facts: Facts::Who { counts: None, silent, coverage, missed: Vec::new(), more_missed: 0 }, ..message }
}

/// When people came, in minutes from 08:10: the first was there before anybody watched.
fn who_since() -> Message {
    let mut people = people();
    for (person, (minutes_ago, at_least)) in people.iter_mut().zip([
        (1200, true),
        (310, false),
        (70, false),
        (64, false),
        (12, false),
        (8, false),
        (2, false),
    ]) {
        person.since = Some(Since { at: minutes(-minutes_ago), at_least });
    }
    who(&people, FULL, scheduled(None))
}

fn people_counts() -> Counts {
    Counts { sessions: 24, users: 7, anonymous: 3 }
}

fn restart(step: Step, counts: Option<Counts>, coverage: Coverage) -> Notice {
    let silent = match coverage.asked - coverage.answered {
        0 => Vec::new(),
        1 => one_silent(),
        _ => three_silent(),
    };
    let left = matches!(step, Step::Planned | Step::StillOn).then(|| lasting(SignedDuration::from_mins(15)));
    Notice::Restart(Restart {
        step,
        planned: Some(minutes(if step == Step::Overdue { 0 } else { 15 })),
        left,
        because: Some("November patch of Qlik Sense".to_owned()),
        until: 0,
        counts,
        silent,
        coverage,
        active: counts.map(|_| Active { users: 2, coverage: Coverage { answered: 2, asked: 2 } }),
        idle: Some(30),
        unlisted: false,
    })
}

/// Nobody was seen, and yet it is not clear.
fn restart_unlisted() -> Notice {
    let Notice::Restart(facts) = restart(Step::Overdue, Some(Counts::default()), FULL) else { unreachable!() };
    Notice::Restart(Restart { unlisted: true, ..facts })
}

fn notice(notice: Notice, people: Vec<Person>) -> Message {
    let severity = match &notice {
        Notice::Restart(Restart { step: Step::Overdue, .. }) | Notice::ChannelDown { .. } => Severity::Warning,
        _ => Severity::Info,
    };
    let message = alert("", severity, Reason::Asked { planned: None, because: None }, Facts::Notice(notice));
    Message { kind: Kind::Notice, source: None, people, ..message }
}

fn log_out() -> Message {
    let facts = LogOut {
        planned: minutes(15),
        left: lasting(SignedDuration::from_mins(15)),
        because: Some("November patch of Qlik Sense".to_owned()),
        sessions: 2,
        on: vec![String::new(), "hr".to_owned()],
    };
    let mut message = notice(Notice::LogOut(facts), Vec::new());
    if let Some(site) = &mut message.site {
        site.link = None;
    }
    message
}

fn of_itself(message: Message) -> Message {
    Message { site: None, source: None, reason: Reason::Event, ..message }
}

fn channel_down() -> Message {
    of_itself(notice(
        Notice::ChannelDown {
            channel: "managers".to_owned(),
            since: minutes(-12),
            why: "the Teams flow answered 404: WorkflowNotFound".to_owned(),
            waiting: 3,
        },
        Vec::new(),
    ))
}

fn channel_well() -> Message {
    let lasted = lasting(SignedDuration::from_mins(72));
    of_itself(notice(
        Notice::ChannelWell { channel: "managers".to_owned(), since: minutes(-72), lasted, waiting: 5 },
        Vec::new(),
    ))
}

fn heartbeat(first: bool) -> Message {
    let facts = Facts::Heartbeat { channel: "managers".to_owned(), quiet_for: "30 d".to_owned(), first };
    let message = alert("", Severity::Info, Reason::Event, facts);
    of_itself(Message { kind: Kind::Heartbeat, ..message })
}

fn summary(capped: bool) -> Message {
    let entry = |after: i64, kind, severity, rule: &str, title: &str, closed: Option<i64>| Entry {
        at: minutes(after),
        kind,
        severity,
        site: Some("prod".to_owned()),
        source: Some(rule.to_owned()),
        title: title.to_owned(),
        closed: closed.map(minutes),
    };
    let entries = vec![
        entry(-610, Kind::Alert, Severity::Warning, "crowded", "prod: 204 users, more than 200", Some(-590)),
        entry(-285, Kind::Alert, Severity::Info, "night-owl", "prod: somebody is on who is seldom on at night", None),
        entry(-40, Kind::Alert, Severity::Warning, "nobody", "prod: nobody has been on for 30 min", Some(-12)),
    ];
    let (why, more) = if capped {
        (WhyHeld::Capped { per_hour: 20, from: minutes(-60), to: at() }, 14)
    } else {
        (WhyHeld::Quiet { from: minutes(-730), to: minutes(-70) }, 0)
    };
    let message = alert(
        "",
        Severity::Warning,
        Reason::Event,
        Facts::Summary { why, count: if capped { 29 } else { 5 }, entries, more },
    );
    of_itself(Message { kind: Kind::Summary, ..message })
}

fn closed(count: usize) -> Message {
    let titles = [
        "prod: 217 users, more than 200",
        "prod: 2 of 5 virtual proxies do not answer",
        "prod: 217 users of directory CORP, more than 150",
    ];
    let (began, ended) = ([-94, -94, -71], [0, -31, -12]);
    let incidents = titles.iter().zip(began.into_iter().zip(ended)).take(count).map(|(title, (began, ended))| Closed {
        title: (*title).to_owned(),
        since: minutes(began),
        until: minutes(ended),
        lasted: lasting(SignedDuration::from_mins(ended - began)),
    });
    let title = if count == 1 { titles[0] } else { "prod: 3 alerts: crowded, blind and crowded-part" };
    super::closed(title.to_owned(), Severity::Critical, incidents.collect(), at())
}

fn test() -> Message {
    Message {
        kind: Kind::Test,
        severity: Severity::Info,
        reason: Reason::Asked { planned: None, because: None },
        site: None,
        source: None,
        at: at(),
        facts: Facts::Test { channel: "ops".to_owned() },
        people: Vec::new(),
        chart: None,
    }
}
