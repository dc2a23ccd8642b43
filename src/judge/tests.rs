//! Tables that a product owner can read: what each poll saw, and what was told of it.
//!
//! A poll is `SECONDS SAW -> TOLD`. `SAW` is the number of users (each with one session), `~N` when only half of the site
//! answered, `-` when nothing did. `TOLD` is `.` for nothing.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::secret::Secret;
use crate::snapshot::{Observation, Pair, Session, Snapshot, Unseen, UnseenKind, User};

const START: i64 = 1_770_000_000;

fn snapshot(seconds: i64, saw: &str) -> Snapshot {
    let at = Timestamp::from_second(START + seconds).unwrap();
    let users = |n: usize| -> Observation {
        Observation::Seen(
            (0..n)
                .map(|i| Session {
                    id: Secret::new(format!("s{i}")),
                    user: User { directory: "CORP".into(), id: format!("u{i}").into(), name: None },
                })
                .collect(),
        )
    };
    let silent = || {
        Observation::Unseen(Unseen {
            kind: UnseenKind::Timeout,
            tried: String::new(),
            what: "no answer".into(),
            advice: String::new(),
        })
    };
    let (one, other) = match (saw, saw.strip_prefix('~')) {
        ("-", _) => (silent(), silent()),
        (_, Some(part)) => (users(part.parse().unwrap()), silent()),
        (all, None) => (users(all.parse().unwrap()), users(0)),
    };
    let pair = |prefix: &str| Pair { proxy: "sense".into(), prefix: prefix.into() };
    Snapshot::new("prod".into(), at, vec![(pair(""), one), (pair("hr"), other)], |_| false)
}

fn rule(kind: RuleKind, repeat: Option<i64>) -> Arc<Rule> {
    Arc::new(Rule {
        name: "r".into(),
        kind,
        severity: Severity::Warning,
        tell: vec![],
        repeat: repeat.map(SignedDuration::from_secs),
        link: None,
        narrowed: Where::default(),
        during: None,
        damp: None,
    })
}

fn threshold(bound: Bound, limit: u64, clear: u64, hold: HoldFor) -> RuleKind {
    RuleKind::Threshold(Threshold { metric: Metric::Users, bound, limit, clear, hold, over: Over::Site })
}

fn lasting(seconds: i64) -> HoldFor {
    HoldFor::Lasting(SignedDuration::from_secs(seconds))
}

/// Plays the polls of a table, remembering as the store would, and compares what was told.
fn play(rule: &Arc<Rule>, interval: i64, table: &str) {
    let mut past = Past { interval: SignedDuration::from_secs(interval), ..Past::default() };
    let mut next_id = 1;
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (poll, told) = line.split_once("->").unwrap();
        let (seconds, saw) = poll.trim().split_once(' ').unwrap();
        let snapshot = snapshot(seconds.parse().unwrap(), saw.trim());
        let counts = snapshot.counts();
        let judgement = judge(std::slice::from_ref(rule), &snapshot, counts, &past);
        let said: Vec<_> = judgement.findings.iter().map(|finding| finding.why.word()).collect();
        let said = if said.is_empty() { ".".to_owned() } else { said.join(" ") };
        assert_eq!(said, told.trim(), "at {line}\n{table}");
        for mut incident in judgement.changed {
            incident.id.get_or_insert_with(|| {
                next_id += 1;
                IncidentId(next_id)
            });
            past.incidents.retain(|other| other.rule != incident.rule || other.part != incident.part);
            past.incidents.push(incident);
        }
        past.incidents.retain(|incident| incident.id.is_none_or(|id| !judgement.dropped.contains(&id)));
        if snapshot.coverage().is_full() {
            past.readings.push(PastReading { from: snapshot.at(), to: snapshot.at(), counts, asked: 2 });
        }
    }
}

#[test]
fn threshold_opens_at_once_and_closes_at_clear() {
    play(
        &rule(threshold(Bound::Above, 200, 180, lasting(0)), None),
        60,
        "
        0   200 -> .
        60  201 -> alert
        120 250 -> .
        180 190 -> .
        240 201 -> .
        300 181 -> .
        360 180 -> resolved
        420 180 -> .
        480 201 -> alert
    ",
    );
}

#[test]
fn threshold_below_is_the_mirror() {
    play(
        &rule(threshold(Bound::Below, 5, 8, lasting(0)), None),
        60,
        "
        0   5 -> .
        60  4 -> alert
        120 7 -> .
        180 8 -> resolved
        240 0 -> alert
    ",
    );
}

#[test]
fn threshold_holds_for_a_time_from_the_first_poll_that_shows_it() {
    play(
        &rule(threshold(Bound::Above, 10, 10, lasting(180)), None),
        60,
        "
        0   11 -> .
        60  11 -> .
        120 10 -> .
        180 11 -> .
        240 11 -> .
        300 11 -> .
        360 11 -> alert
        420 10 -> resolved
    ",
    );
}

#[test]
fn threshold_holds_for_polls() {
    play(
        &rule(threshold(Bound::Above, 10, 10, HoldFor::Polls(3)), None),
        60,
        "
        0   11 -> .
        60  11 -> .
        120 -  -> .
        180 11 -> alert
        240 3  -> resolved
        300 11 -> .
        360 9  -> .
        420 11 -> .
        480 11 -> .
        540 11 -> alert
    ",
    );
}

#[test]
fn blind_polls_neither_count_nor_reset_but_a_long_gap_begins_anew() {
    play(
        &rule(threshold(Bound::Above, 10, 10, lasting(180)), None),
        60,
        "
        0   11 -> .
        60  -  -> .
        120 -  -> .
        180 11 -> alert
    ",
    );
    play(
        &rule(threshold(Bound::Above, 10, 10, lasting(180)), None),
        60,
        "
        0   11 -> .
        60  -  -> .
        240 -  -> .
        300 11 -> .
        360 11 -> .
        420 11 -> .
        480 11 -> alert
    ",
    );
}

#[test]
fn a_short_hold_on_a_slow_schedule_opens_at_the_second_poll() {
    play(
        &rule(threshold(Bound::Above, 10, 10, lasting(180)), None),
        600,
        "
        0    11 -> .
        600  11 -> alert
    ",
    );
}

#[test]
fn a_partial_view_opens_above_never_below_and_never_closes() {
    play(
        &rule(threshold(Bound::Above, 10, 10, lasting(0)), None),
        60,
        "
        0   ~10 -> .
        60  ~11 -> alert
        120 ~0  -> .
        180 -   -> .
        240 0   -> resolved
    ",
    );
    play(
        &rule(threshold(Bound::Below, 10, 10, lasting(0)), None),
        60,
        "
        0   ~3  -> .
        60  -   -> .
        120 3   -> alert
        180 ~50 -> .
        240 50  -> resolved
    ",
    );
}

#[test]
fn an_open_incident_is_told_again_after_repeat() {
    play(
        &rule(threshold(Bound::Above, 10, 5, lasting(0)), Some(120)),
        60,
        "
        0   11 -> alert
        60  11 -> .
        120 11 -> repeat
        180 8  -> .
        240 8  -> repeat
        300 -  -> .
        360 -  -> .
        420 9  -> repeat
        480 5  -> resolved
    ",
    );
}

#[test]
fn unreachable_is_one_incident_for_the_site() {
    let any = |hold| rule(RuleKind::Unreachable(Unreachable { parts: Parts::Any, hold }), None);
    play(
        &any(lasting(120)),
        60,
        "
        0   3  -> .
        60  ~3 -> .
        120 -  -> .
        180 ~3 -> alert
        240 -  -> .
        300 3  -> resolved
        360 ~3 -> .
        420 3  -> .
        480 -  -> .
    ",
    );
    let all = rule(RuleKind::Unreachable(Unreachable { parts: Parts::All, hold: lasting(0) }), None);
    play(
        &all,
        60,
        "
        0   ~3 -> .
        60  -  -> alert
        120 ~0 -> resolved
    ",
    );
}

fn change(turn: Turn, amount: Amount, at_least: u64) -> Arc<Rule> {
    let within = SignedDuration::from_secs(300);
    rule(RuleKind::Change(Change { metric: Metric::Sessions, turn, amount, within, at_least, over: Over::Site }), None)
}

#[test]
fn a_fall_is_told_once_and_the_first_poll_is_the_baseline() {
    play(
        &change(Turn::Falls, Amount::Percent(50), 20),
        60,
        "
        0   0   -> .
        60  100 -> .
        120 60  -> .
        180 50  -> event
        240 45  -> .
        300 10  -> .
        480 8   -> event
        540 3   -> .
    ",
    );
    play(
        &change(Turn::Falls, Amount::Percent(50), 20),
        60,
        "
        0   39 -> .
        60  10 -> event
        360 50 -> .
        420 5  -> event
    ",
    );
}

#[test]
fn a_small_fall_a_blind_poll_and_an_old_high_are_no_change() {
    play(
        &change(Turn::Falls, Amount::Percent(50), 20),
        60,
        "
        0   19 -> .
        60  0  -> .
        120 100 -> .
        180 -  -> .
        240 ~3 -> .
        600 10 -> .
    ",
    );
}

#[test]
fn a_rise_by_a_number_or_from_nothing() {
    play(
        &change(Turn::Rises, Amount::Number(30), 1),
        60,
        "
        0   10  -> .
        60  39  -> .
        120 40  -> event
        180 90  -> .
        420 121 -> event
    ",
    );
    play(
        &change(Turn::Rises, Amount::Percent(100), 10),
        60,
        "
        0   0   -> .
        60  9   -> .
        120 ~10 -> event
    ",
    );
}

/// Who is on which pair: `proxy/prefix: DIR\\id DIR\\id`, one pair a part between `;`; `-` in place of people is silence.
fn sight(seconds: i64, saw: &str) -> Snapshot {
    let at = Timestamp::from_second(START + seconds).unwrap();
    let pairs = saw.split(';').map(|pair| {
        let (pair, people) = pair.split_once(':').unwrap();
        let (proxy, prefix) = pair.trim().split_once('/').unwrap();
        let session = |(i, user): (usize, &str)| {
            let (directory, id) = user.split_once('\\').unwrap();
            Session {
                id: Secret::new(format!("{proxy}{prefix}{i}{user}")),
                user: User { directory: directory.into(), id: id.into(), name: None },
            }
        };
        let observation = match people.trim() {
            "-" => Observation::Unseen(Unseen {
                kind: UnseenKind::Refused,
                tried: String::new(),
                what: "refused".into(),
                advice: String::new(),
            }),
            people => Observation::Seen(people.split_whitespace().enumerate().map(session).collect()),
        };
        (Pair { proxy: proxy.into(), prefix: prefix.into() }, observation)
    });
    Snapshot::new("prod".into(), at, pairs.collect(), |_| false)
}

/// What was told of each sight: the word and the part.
fn told(rule: &Arc<Rule>, sights: &[(i64, &str, &[&str])]) {
    let mut past = Past { interval: SignedDuration::from_secs(60), ..Past::default() };
    let mut ids = 0..;
    for (seconds, saw, wanted) in sights {
        let snapshot = sight(*seconds, saw);
        let judgement = judge(std::slice::from_ref(rule), &snapshot, snapshot.counts(), &past);
        let said: Vec<_> = judgement
            .findings
            .iter()
            .map(|finding| match &finding.incident.part {
                Some(name) => format!("{} {name}", finding.why.word()),
                None => finding.why.word().to_owned(),
            })
            .collect();
        assert_eq!(said, *wanted, "at {seconds}: {saw}");
        past.incidents.retain(|incident| incident.id.is_none_or(|id| !judgement.dropped.contains(&id)));
        for mut incident in judgement.changed {
            incident.id = incident.id.or_else(|| ids.next().map(IncidentId));
            past.incidents.retain(|other| other.id != incident.id);
            past.incidents.push(incident);
        }
    }
}

fn over(over: Over, narrowed: Where) -> Arc<Rule> {
    let kind = RuleKind::Threshold(Threshold {
        metric: Metric::Users,
        bound: Bound::Above,
        limit: 1,
        clear: 1,
        hold: lasting(0),
        over,
    });
    Arc::new(Rule { narrowed, ..Arc::unwrap_or_clone(rule(kind, None)) })
}

#[test]
fn each_part_has_an_incident_of_its_own() {
    told(
        &over(Over::VirtualProxy, Where::default()),
        &[
            (0, r"a/: C\x; a/hr: C\x C\y; b/hr: C\x", &["alert hr"]),
            // One person on both proxies is one; a silent proxy makes it a lower bound, which closes nothing.
            (60, r"a/: C\x C\y; a/hr: C\x; b/hr: -", &["alert "]),
            (120, r"a/: C\x C\y; a/hr: C\x; b/hr: C\X", &["resolved hr"]),
            (180, r"a/: C\x; a/hr: C\x C\y; b/hr: C\x", &["resolved ", "alert hr"]),
            // The virtual proxy was taken away: nobody is told.
            (240, r"a/: C\x", &[]),
            (300, r"a/: C\x; a/hr: C\x C\y", &["alert hr"]),
        ],
    );
    told(
        &over(Over::Proxy, Where::default()),
        &[(0, r"a/: C\x; a/hr: C\y; b/hr: C\x", &["alert a"]), (60, r"a/: -; a/hr: C\y; b/hr: C\x C\y", &["alert b"])],
    );
    told(
        &over(Over::Directory, Where::default()),
        &[
            (0, r"a/: C\x c\y D\x; a/hr: C\x", &["alert C"]),
            (60, r"a/: c\x C\y D\x; a/hr: d\y", &["alert D"]),
            (120, r"a/: ; a/hr: -", &[]),
            (180, r"a/: ; a/hr: ", &["resolved C", "resolved D"]),
        ],
    );
}

#[test]
fn where_narrows_to_pairs_and_people() {
    let narrowed = |virtual_proxy: &[&str], directory: &[&str], user: &[&str]| {
        let names = |names: &[&str]| names.iter().map(|name| crate::pattern::Pattern::of_name(name)).collect();
        over(Over::Site, Where { virtual_proxy: names(virtual_proxy), directory: names(directory), user: names(user) })
    };
    let saw = r"a/: C\x C\y; a/hr: C\z D\admin1 d\Admin2; b/sales: -";
    // The silence of a pair that it does not look at leaves its view whole.
    told(&narrowed(&["hr"], &["D"], &[]), &[(0, saw, &["alert"]), (60, r"a/: ; a/hr: D\x; b/sales: -", &["resolved"])]);
    told(&narrowed(&[], &["D"], &[]), &[(0, saw, &["alert"]), (60, r"a/: ; a/hr: D\x; b/sales: -", &[])]);
    told(&narrowed(&[], &[], &[r"D\admin*"]), &[(0, saw, &["alert"])]);
    told(&narrowed(&[""], &[], &[r"D\admin*"]), &[(0, saw, &[])]);
    told(&narrowed(&["", "sa*"], &[], &[]), &[(0, saw, &["alert"]), (60, r"a/: C\x; a/hr: ; b/sales: -", &[])]);
}

#[test]
fn out_of_its_hours_nothing_begins_and_what_is_open_is_followed_to_its_end() {
    // START is 02:40 UTC.
    let hours = crate::schedule::Window::new(None, Some("02:45-03:00"), &jiff::tz::TimeZone::UTC).unwrap();
    let kind = threshold(Bound::Above, 1, 1, lasting(120));
    let rule = Arc::new(Rule {
        during: Some(hours),
        repeat: Some(SignedDuration::from_secs(3600)),
        ..Arc::unwrap_or_clone(rule(kind, None))
    });
    let (many, few) = (r"a/: C\x C\y", r"a/: C\x");
    told(
        &rule,
        &[
            (0, many, &[]),
            (240, many, &[]),
            (300, many, &[]),
            (360, many, &[]),
            (420, many, &["alert"]),
            (1140, many, &[]),
            (1200, many, &[]),
            (7200, many, &[]),
            // The next night it is the same story, and told again once it has held as long as it must.
            (86_700, many, &[]),
            (86_760, many, &[]),
            (86_820, many, &["repeat"]),
            (88_000, few, &["resolved"]),
            (88_060, many, &[]),
            // Pending as the hours end is nothing.
            (173_000, many, &[]),
            (259_140, many, &[]),
        ],
    );
}
