//! Digests: a day, a week-end over two sites, a week, a day that was not all seen; each true to itself.

use jiff::SignedDuration;

use super::people::people;
use super::{alert, minutes};
use crate::message::{
    Blind, Bound, Chart, Compared, Day, Digest, DigestEngine, DigestIncident, Facts, Heat, HeatRow, Kind, Limit,
    Message, Metric, Missed, Named, Over, Peak, Period, Person, Reason, Series, Severity, Share, Usage, UsualHour,
    Watched, lasting,
};

pub(super) fn all() -> [(&'static str, Message); 5] {
    [
        ("digest", digest()),
        ("digest_days", digest_days()),
        ("digest_partial", digest_partial()),
        ("digest_ranked", Message { people: ranked(), ..digest_of(Digest { ranked: true, ..facts_of_a_day() }) }),
        ("digest_week", digest_week()),
    ]
}

fn compared(now: u64, before: u64, last_week: u64) -> Compared {
    Compared { now: Some(now), before: Some(before), last_week: Some(last_week) }
}

/// Of several days, which are set beside the same days a week before alone.
fn since_last_week(now: u64) -> Compared {
    Compared { now: Some(now), before: None, last_week: Some(now + now / 30) }
}

fn usage(people: u64) -> Usage {
    Usage {
        people: compared(people, people - 31, people + 12),
        sessions: compared(people * 3 + 14, people * 3 - 60, people * 3 + 31),
        anonymous: compared(18, 18, 0),
        peak: compared(people / 2 + 11, people / 2, people / 2 + 15),
        peak_at: Some(Peak { at: minutes(150), value: people / 2 + 11 }),
        average: compared(people * 3 / 7, people * 3 / 7 - 9, people * 3 / 7 + 4),
        busiest: Some(UsualHour { hour: "10:00-11:00".to_owned(), value: people / 2 }),
        quietest: Some(UsualHour { hour: "03:00-04:00".to_owned(), value: 0 }),
    }
}

fn share(name: &str, people: u64, sessions: u64) -> Share {
    Share {
        name: name.to_owned(),
        people: compared(people, people + 3, people - people / 10),
        sessions: compared(sessions, sessions + 8, sessions),
    }
}

fn facts_of_a_day() -> Digest {
    Digest {
        period: Period::Day,
        sites: vec!["prod".to_owned()],
        month: None,
        from: minutes(-490),
        to: minutes(950),
        last_day: minutes(-490),
        usage: usage(412),
        days: Vec::new(),
        each: Period::Day,
        by_site: Vec::new(),
        by_virtual_proxy: vec![share("", 260, 700), share("hr", 121, 310), share("finance", 88, 240)],
        by_directory: vec![share("CORP", 371, 1100), share("PARTNER", 41, 132)],
        working_hours: "MON-FRI 08:00-17:00".to_owned(),
        over: vec![Over {
            site: None,
            rule: "crowded".to_owned(),
            metric: Metric::Users,
            bound: Bound::Above,
            limit: 200,
            lasted: Some(lasting(SignedDuration::from_mins(85))),
            at_most: None,
            times: 2,
        }],
        new_people: Some(9),
        watched_since: None,
        back: Some(4),
        away: "30 days".to_owned(),
        heat: None,
        incidents: vec![
            DigestIncident {
                at: minutes(140),
                site: "prod".to_owned(),
                rule: "crowded".to_owned(),
                severity: Severity::Warning,
                lasted: Some(lasting(SignedDuration::from_mins(85))),
                open: false,
            },
            DigestIncident {
                at: minutes(740),
                site: "prod".to_owned(),
                rule: "mass-logout".to_owned(),
                severity: Severity::Critical,
                lasted: None,
                open: false,
            },
        ],
        more_incidents: 0,
        engines: node_engines(0, 1440),
        engines_unasked: Vec::new(),
        watched: Watched { seen: 1440, due: 1440, blind: Vec::new(), more_blind: 0 },
        missed: Vec::new(),
        more_missed: 0,
        ranked: false,
    }
}

/// Two engines, one of which was short of memory and began anew, so many minutes after where the day has it.
fn node_engines(after: i64, polls: u64) -> Vec<DigestEngine> {
    let restarts = (Some(1), Some(minutes(after - 180)));
    vec![
        engine("sense1.example.com", 6_212, after + 300, 0, polls),
        DigestEngine {
            restarts: restarts.0,
            restarted_at: restarts.1,
            ..engine("sense2.example.com", 1_804, after + 330, 25, polls)
        },
    ]
}

/// An engine that was asked at each of so many polls.
fn engine(host: &str, free: u64, after: i64, saturated: i64, polls: u64) -> DigestEngine {
    let length = SignedDuration::from_mins(saturated);
    DigestEngine {
        site: None,
        host: host.to_owned(),
        memory_free: Some(free),
        memory_free_at: Some(minutes(after)),
        memory_free_mean: Some(free * 2),
        memory_total: Some(32_767),
        saturated: (!length.is_zero()).then(|| lasting(length)),
        saturated_seconds: Some(length.as_secs().unsigned_abs()),
        restarts: Some(0),
        restarted_at: None,
        users_active: Some(61),
        sessions_active: Some(74),
        seen: polls,
        asked: polls,
    }
}

/// One that never answered.
fn silent_engine(host: &str, polls: u64) -> DigestEngine {
    DigestEngine {
        memory_free: None,
        memory_free_at: None,
        memory_free_mean: None,
        memory_total: None,
        saturated_seconds: None,
        restarts: None,
        users_active: None,
        sessions_active: None,
        seen: 0,
        ..engine(host, 0, 0, 0, polls)
    }
}

/// A day by the hour: quiet, busy from nine, a dip at noon.
fn day_chart() -> Chart {
    const SHAPE: [u32; 24] =
        [4, 3, 2, 0, 1, 5, 22, 71, 148, 203, 217, 198, 141, 176, 209, 190, 151, 96, 52, 38, 27, 18, 11, 6];
    let labels = (0..24).map(|hour| format!("{hour:02}:00")).collect();
    let last_week = SHAPE.iter().map(|value| Some(f64::from(value * 9 / 10 + 3))).collect();
    let values = SHAPE.iter().map(|value| Some(f64::from(*value))).collect();
    Chart {
        title: "Users at once, Mon 23 Nov 2026".to_owned(),
        unit: "users".to_owned(),
        labels,
        series: vec![
            Series { name: "Mon 23 Nov".to_owned(), values },
            Series { name: "Mon 16 Nov".to_owned(), values: last_week },
        ],
        limits: vec![Limit { name: "crowded".to_owned(), value: 200.0 }],
    }
}

fn digest_of(facts: Digest) -> Message {
    let reason = Reason::Scheduled { due: minutes(1370), late_by: None };
    let message = alert("", Severity::Info, reason, Facts::Digest(Box::new(facts)));
    let source = Some(Named { name: "daily".to_owned(), link: None });
    Message { kind: Kind::Digest, source, at: minutes(1370), chart: Some(day_chart()), ..message }
}

fn digest() -> Message {
    digest_of(facts_of_a_day())
}

/// A week-end and a week: what is told on a Monday, over two sites.
fn digest_days() -> Message {
    let day = |after: i64, people| Day {
        at: minutes(after),
        to: minutes(after + 1440),
        usage: Usage { people: Compared { before: None, ..usage(people).people }, ..usage(people) },
        new_people: Some(2),
        back: Some(1),
        engines: vec![engine("sense1.example.com", 6_212, after + 790, 0, 1440)],
        watched: Watched { seen: 1440, due: 1440, ..Watched::default() },
    };
    let facts = Digest {
        sites: vec!["prod".to_owned(), "test".to_owned()],
        from: minutes(-4810),
        to: minutes(-490),
        last_day: minutes(-1930),
        usage: Usage {
            peak_at: Some(Peak { at: minutes(-4170), value: 210 }),
            people: since_last_week(412),
            sessions: since_last_week(1551),
            anonymous: since_last_week(54),
            peak: since_last_week(210),
            average: since_last_week(170),
            ..usage(412)
        },
        days: vec![day(-4810, 398), day(-3370, 61), day(-1930, 44)],
        incidents: Vec::new(),
        watched: Watched { seen: 4320, due: 4320, ..Watched::default() },
        by_site: vec![share("prod", 391, 1480), share("test", 40, 71)],
        by_virtual_proxy: vec![
            share("prod, default", 250, 810),
            share("prod, hr", 118, 380),
            share("prod, finance", 84, 290),
            share("test, default", 40, 71),
        ],
        by_directory: vec![share("CORP", 371, 1350), share("PARTNER", 41, 147)],
        over: facts_of_a_day().over.into_iter().map(|over| Over { site: Some("prod".to_owned()), ..over }).collect(),
        engines: node_engines(-4320, 4320)
            .into_iter()
            .map(|engine| DigestEngine { site: Some("prod".to_owned()), ..engine })
            .collect(),
        engines_unasked: vec!["test".to_owned()],
        missed: vec![Missed { due: minutes(-2950) }],
        ..facts_of_a_day()
    };
    let people = |values: [u32; 3]| values.into_iter().map(|value| Some(f64::from(value))).collect();
    let chart = Chart {
        title: "People a day".to_owned(),
        unit: "people".to_owned(),
        labels: ["Fri 20 Nov", "Sat 21 Nov", "Sun 22 Nov"].map(str::to_owned).to_vec(),
        series: vec![
            Series { name: "this time".to_owned(), values: people([398, 61, 44]) },
            Series { name: "a week before".to_owned(), values: people([410, 55, 47]) },
        ],
        limits: Vec::new(),
    };
    Message { site: None, at: minutes(-70), chart: Some(chart), ..digest_of(facts) }
}

/// A week by the hour, and its hours as a map: two hours of its Sunday were not seen.
fn digest_week() -> Message {
    const SHAPE: [u64; 24] =
        [4, 3, 2, 0, 1, 5, 22, 71, 148, 203, 217, 198, 141, 176, 209, 190, 151, 96, 52, 38, 27, 18, 11, 6];
    const PEOPLE: [u64; 7] = [412, 405, 398, 371, 350, 61, 44];
    // The most of each hour, as much as the day's own most; on average it is a little less.
    let hour = |day: usize, hour: usize| match (day, hour) {
        (6, 3..=4) => None,
        (day, hour) => usage(PEOPLE[day]).peak.now.map(|peak| SHAPE[hour] * peak / 217),
    };
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let mean = |most: u64| most * 19 / 20;
    let rows: Vec<HeatRow> = days
        .iter()
        .enumerate()
        .map(|(at, day)| HeatRow { day: (*day).to_owned(), cells: (0..24).map(|of| hour(at, of).map(mean)).collect() })
        .collect();
    let values: Vec<_> = (0..7).flat_map(|at| (0..24).map(move |of| hour(at, of))).collect();
    let labels = days.iter().flat_map(|day| (0..24).map(move |hour| format!("{day} {hour:02}:00"))).collect();
    let day = |number: i64, people| Day {
        at: minutes(-10_570 + number * 1440),
        to: minutes(-9130 + number * 1440),
        usage: usage(people),
        new_people: Some(2),
        back: Some(1),
        engines: vec![engine("sense1.example.com", 6_212, -9780 + number * 1440, 0, 1440)],
        watched: Watched { seen: if number == 6 { 1320 } else { 1440 }, due: 1440, ..Watched::default() },
    };
    let (from, to) = (minutes(-1930 + 180), minutes(-1930 + 300));
    let lasted = lasting(SignedDuration::from_mins(120));
    let blind = vec![Blind { site: "prod".to_owned(), from, to, lasted, wholly: true, polled: false }];
    let facts = Digest {
        period: Period::Week,
        from: minutes(-10_570),
        to: minutes(-490),
        last_day: minutes(-1930),
        usage: Usage {
            sessions: compared(6221, 6105, 6340),
            anonymous: compared(126, 119, 130),
            peak: compared(217, 209, 221),
            peak_at: Some(Peak { at: minutes(-9940), value: 217 }),
            average: compared(162, 155, 168),
            busiest: Some(UsualHour { hour: "10:00-11:00".to_owned(), value: 149 }),
            ..usage(611)
        },
        by_virtual_proxy: vec![share("", 402, 3480), share("hr", 188, 1560), share("finance", 131, 1181)],
        by_directory: vec![share("CORP", 549, 5410), share("PARTNER", 62, 685)],
        new_people: Some(14),
        back: Some(7),
        incidents: facts_of_a_day()
            .incidents
            .into_iter()
            .zip([minutes(-9940), minutes(-9340)])
            .map(|(incident, at)| DigestIncident { at, ..incident })
            .collect(),
        days: (0_i64..).zip(PEOPLE).map(|(number, people)| day(number, people)).collect(),
        heat: Some(Heat { most: mean(217), rows, busiest: "Mon 10:00-11:00".to_owned() }),
        watched: Watched { seen: 9960, due: 10_080, blind, more_blind: 0 },
        engines: node_engines(-7200, 10_080),
        ..facts_of_a_day()
    };
    let series = |name: &str, of: &dyn Fn(f64) -> f64| Series {
        name: name.to_owned(),
        values: values.iter().map(|value: &Option<u64>| value.map(|value| of(value as f64))).collect(),
    };
    let chart = Chart {
        title: "Most users at once on prod by hour".to_owned(),
        unit: "users".to_owned(),
        labels,
        series: vec![
            series("Mon 16 Nov to Sun 22 Nov", &|value| value),
            series("Mon 9 Nov to Sun 15 Nov", &|value| (value * 0.85).round()),
        ],
        limits: vec![Limit { name: "crowded".to_owned(), value: 200.0 }],
    };
    Message { at: minutes(-70), chart: Some(chart), ..digest_of(facts) }
}

/// A day of which an hour is a gap: headcount was not running.
fn digest_partial() -> Message {
    let blind = |after: i64, lasted: i64, polled: bool| Blind {
        site: "prod".to_owned(),
        from: minutes(after),
        to: minutes(after + lasted),
        lasted: lasting(SignedDuration::from_mins(lasted)),
        wholly: !polled,
        polled,
    };
    let blind = vec![blind(-310, 60, false), blind(540, 3, true)];
    let mut message = digest_of(Digest {
        watched: Watched { seen: 1377, due: 1440, blind, more_blind: 0 },
        usage: Usage { quietest: None, anonymous: Compared::default(), ..usage(412) },
        new_people: None,
        over: Vec::new(),
        incidents: Vec::new(),
        by_directory: Vec::new(),
        engines: vec![
            DigestEngine { seen: 1371, saturated_seconds: None, ..engine("sense1.example.com", 6_212, 300, 0, 1380) },
            silent_engine("sense2.example.com", 1380),
        ],
        ..facts_of_a_day()
    });
    if let Some(line) = message.chart.as_mut().and_then(|chart| chart.series.first_mut()) {
        line.values[3] = None;
    }
    message
}

/// Those who were on longest.
fn ranked() -> Vec<Person> {
    let mut people: Vec<_> = people().into_iter().filter(|person| !person.anonymous).collect();
    for (person, minutes) in people.iter_mut().zip([521, 498, 470, 302, 211, 64, 12]) {
        person.connected = Some(lasting(SignedDuration::from_mins(minutes)));
    }
    people
}
