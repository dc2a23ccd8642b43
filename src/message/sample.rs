//! One message of each kind, reason and sort of facts, for previews and for the tests of every channel.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{
    Bound, Counts, Coverage, Facts, Kind, Message, Metric, Moment, Named, Person, Reason, Severity, Silent, Turn,
    lasting,
};

/// Every sample, by a name of its own.
pub fn all() -> Vec<(&'static str, Message)> {
    let mut all = vec![
        ("alert_crowded", crowded(FULL, 217, opened())),
        ("alert_crowded_at_once", crowded(FULL, 201, Reason::Opened { since: at() })),
        ("alert_crowded_partial", crowded(PARTIAL, 217, opened())),
        ("alert_crowded_still", crowded(FULL, 223, still())),
        ("alert_crowded_still_unseen", crowded(NOTHING, 0, still())),
        ("alert_empty", few()),
        ("alert_mass_logout", logout()),
        ("alert_sessions_rose", rise()),
        ("alert_blind", blind(opened(), two_silent(), PARTIAL_OF_FIVE)),
        ("alert_blind_still", blind(still(), three_silent(), NOTHING)),
        ("alert_blind_only_proxy", blind(opened(), one_silent(), Coverage { answered: 0, asked: 1 })),
        ("alert_blind_many", blind(opened(), many_silent(), Coverage { answered: 2, asked: 62 })),
    ];
    all.extend([
        ("resolved_crowded", resolved(crowded(FULL, 175, over()))),
        ("resolved_blind", resolved(blind(over(), Vec::new(), FULL))),
        ("resolved_blind_partly", resolved(blind(over(), one_silent(), PARTIAL))),
        ("who", who(&people(), FULL, scheduled(None))),
        ("who_nasty", who(&nasty(), FULL, scheduled(None))),
        ("who_partial", who(&people(), PARTIAL, scheduled(None))),
        ("who_partial_nobody", who(&[], PARTIAL, scheduled(None))),
        ("who_unseen", unseen()),
        ("who_before_restart", who(&people(), FULL, asked())),
        ("who_late", who(&people(), FULL, scheduled(Some(lasting(SignedDuration::from_mins(125)))))),
        ("who_many", who(&crowd(5000), FULL, scheduled(None))),
        ("who_one", who(&people()[..1], FULL, scheduled(None))),
        ("who_nobody", who(&[], FULL, Reason::Asked { planned: None, because: None })),
        ("test", test()),
    ]);
    all
}

const FULL: Coverage = Coverage { answered: 3, asked: 3 };
const PARTIAL: Coverage = Coverage { answered: 2, asked: 3 };
const PARTIAL_OF_FIVE: Coverage = Coverage { answered: 3, asked: 5 };
const NOTHING: Coverage = Coverage { answered: 0, asked: 3 };

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
    Reason::Opened { since: minutes(-3) }
}

fn still() -> Reason {
    Reason::Still { since: minutes(-243), lasted: lasting(SignedDuration::from_mins(243)), told: 1 }
}

fn over() -> Reason {
    Reason::Resolved { since: minutes(-85), lasted: lasting(SignedDuration::from_mins(85)) }
}

fn scheduled(late_by: Option<String>) -> Reason {
    let due = if late_by.is_some() { minutes(-125) } else { at() };
    Reason::Scheduled { due, late_by }
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
    let facts =
        Facts::Threshold { metric: Metric::Users, bound: Bound::Above, limit: 200, clear: 180, value, coverage };
    alert("crowded", Severity::Warning, reason, facts)
}

fn few() -> Message {
    let facts = Facts::Threshold {
        metric: Metric::Sessions,
        bound: Bound::Below,
        limit: 5,
        clear: 10,
        value: 0,
        coverage: FULL,
    };
    alert("empty", Severity::Info, opened(), facts)
}

fn change(metric: Metric, turn: Turn, from: u64, to: u64, percent: Option<u64>) -> Facts {
    let within = lasting(SignedDuration::from_mins(5));
    Facts::Change { metric, turn, from, to, by: from.abs_diff(to), percent, within, coverage: FULL }
}

fn logout() -> Message {
    let facts = change(Metric::Sessions, Turn::Falls, 240, 91, Some(62));
    alert("mass-logout", Severity::Critical, Reason::Event, facts)
}

fn rise() -> Message {
    alert("sudden", Severity::Info, Reason::Event, change(Metric::Anonymous, Turn::Rises, 0, 50, None))
}

fn blind(reason: Reason, silent: Vec<Silent>, coverage: Coverage) -> Message {
    alert("blind", Severity::Critical, reason, Facts::Unreachable { silent, coverage })
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
    let source = matches!(reason, Reason::Scheduled { .. }).then(|| "before-restart".to_owned());
    let facts = Facts::Who { counts: Some(counts), silent, coverage };
    let message = alert("", Severity::Info, reason, facts);
    let source = source.map(|name| Named { name, link: None });
    Message { kind: Kind::Who, source, people: people.to_vec(), ..message }
}

fn unseen() -> Message {
    let message = who(&[], NOTHING, asked());
    Message { facts: Facts::Who { counts: None, silent: three_silent(), coverage: NOTHING }, ..message }
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

fn person(directory: &str, id: &str, name: &str, sessions: u64, on: &[&str]) -> Person {
    Person {
        directory: directory.to_owned(),
        id: id.to_owned(),
        name: (!name.is_empty()).then(|| name.to_owned()),
        sessions,
        on: on.iter().map(|prefix| (*prefix).to_owned()).collect(),
        anonymous: false,
    }
}

fn anonymous(sessions: u64) -> Person {
    Person { anonymous: true, ..person("", "", "", sessions, &[""]) }
}

fn people() -> Vec<Person> {
    vec![
        person("CORP", "anna", "Anna Andersson", 2, &["", "hr"]),
        person("CORP", "bo.berg", "Bo Berg", 1, &[""]),
        person("CORP", "ekaterina.voskresenskaya", "Екатерина Воскресенская", 1, &["hr"]),
        person("CORP", "fatima", "فاطمة الزهراء", 1, &[""]),
        person("CORP", "li.wei", "李伟", 3, &["", "finance"]),
        person("PARTNER", "o'brien", "Siobhán O'Brien", 1, &["hr"]),
        person("PARTNER", "svc_reload", "", 12, &[""]),
        anonymous(3),
    ]
}

/// People whose names would like to be something else.
fn nasty() -> Vec<Person> {
    [
        "<!channel> *b*",
        "<@U012AB3CD>",
        "*bold* _it_ ~no~ `code`",
        "[link](https://evil.example)",
        "https://evil.example/x",
        "@here @channel :tada:",
        "<b>&amp;</b>",
        "\"quoted\" \\ 'single'",
        "=cmd()",
        "{{ 7 * 7 }}{% raw %}",
        "# heading",
        "1. item",
        "👩‍💻 emoji",
        "שלום עולם",
        "a\\b\\c",
        "\"],\"x\":[\"",
    ]
    .iter()
    .map(|name| person("DOMAIN", name, name, 1, &["<i>"]))
    .chain([person("DOMAIN", "<at>Everyone</at>", "", 1, &[""]), person("", "nobody", "", 1, &[""])])
    .collect()
}

fn crowd(size: usize) -> Vec<Person> {
    (1..=size)
        .map(|n| person("CORP", &format!("user{n:04}"), &format!("Person Number {n}"), 1, &["", "hr"]))
        .chain([anonymous(40)])
        .collect()
}
