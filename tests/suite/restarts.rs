//! Judging is the same whatever happens to headcount between two polls: over random histories and rules.
//!
//! Each history is played from memory alone, and through a store on the disk that is closed and opened again at every poll.

use std::collections::HashMap;
use std::path::Path;

use headcount::config::Judging;
use headcount::judge::Silence;
use headcount::secret::Secret;
use headcount::snapshot::{Observation, Pair, Session, Unseen, UnseenKind, User};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::histories::{Played, Polls, quick_folder, through_memory, through_store};

const START: i64 = 1_772_438_400;

/// One poll: so many seconds after the last one (or before it, where the clock is set back), what each pair showed.
#[derive(Clone, Debug)]
struct Poll {
    after: i64,
    /// None was not seen; else how many people, from which on, with how many sessions each.
    pairs: [Option<(usize, usize, usize)>; 3],
}

fn pair() -> impl Strategy<Value = Option<(usize, usize, usize)>> {
    prop_oneof![
        6 => (0_usize..14, 0_usize..4, 1_usize..3).prop_map(Some),
        2 => Just(Some((12, 0, 1))),
        2 => Just(Some((0, 0, 1))),
        2 => Just(None),
    ]
}

fn poll() -> impl Strategy<Value = Poll> {
    let after = prop_oneof![
        20 => Just(60_i64),
        2 => Just(120),
        1 => Just(600),
        1 => Just(3_600),
        1 => Just(-1_800),
        // A week later, for what is usual.
        3 => Just(604_800),
    ];
    (after, prop::array::uniform3(pair())).prop_map(|(after, pairs)| Poll { after, pairs })
}

/// Stretches of polls that show the same, so that something can last.
fn polls() -> impl Strategy<Value = Vec<Poll>> {
    prop::collection::vec((poll(), 1_usize..6), 4..14).prop_map(|stretches| {
        let again = |(poll, times): (Poll, usize)| {
            (0..times).map(move |i| Poll { after: if i == 0 { poll.after } else { 60 }, ..poll.clone() })
        };
        stretches.into_iter().flat_map(again).collect()
    })
}

/// Rules as an operator writes them, and when the site is worked on.
fn rules() -> impl Strategy<Value = String> {
    let hold = prop::sample::select(vec!["0s", "1m", "3m", "2 polls"]);
    let repeat = prop::sample::select(vec!["never", "2m", "10m"]);
    let damp =
        prop::sample::select(vec!["", ", damp: {openings: 2, within: 10m}", ", damp: {openings: 3, within: 30m}"]);
    let over = prop::sample::select(vec!["site", "proxy", "virtual_proxy", "directory"]);
    let maintenance =
        prop::sample::select(vec!["", "maintenance: {patch: {site: prod, cron: '5,30 * * * *', lasts: 8m}}"]);
    let limit = 4_usize..16;
    (hold, repeat, damp, over, maintenance, limit).prop_map(|(hold, repeat, damp, over, maintenance, limit)| {
        let clear = limit / 2;
        format!(
            "checks:\n  all: {{site: prod, cron: '* * * * *', rules: [crowded, few, blind, dark, fell, rose, parts, away, night, first, many, nobody, unlike, narrow, hr, came]}}\n\
             rules:\n\
             \x20 crowded: {{threshold: {{metric: users, above: {limit}, clear: {clear}, for: {hold}}}, repeat: {repeat}{damp}, tell: ops}}\n\
             \x20 few: {{threshold: {{metric: sessions, below: {clear}, for: {hold}}}, repeat: {repeat}, tell: ops}}\n\
             \x20 blind: {{unreachable: {{for: {hold}}}, repeat: {repeat}{damp}, tell: ops}}\n\
             \x20 dark: {{unreachable: {{for: 1m, parts: all}}, tell: ops}}\n\
             \x20 fell: {{change: {{metric: sessions, falls: 50%, within: 5m, at_least: 3}}, tell: ops}}\n\
             \x20 rose: {{change: {{metric: users, rises: 5, within: 3m}}, tell: ops}}\n\
             \x20 parts: {{threshold: {{metric: users, above: 6, for: {hold}, over: {over}}}, repeat: {repeat}{damp}, tell: ops}}\n\
             \x20 away: {{stale: {{for: 5m}}, tell: ops}}\n\
             \x20 night: {{watch: {{user: 'CORP\\*1*', when: each}}, during: {{hours: '08:05-08:20'}}, tell: ops}}\n\
             \x20 first: {{watch: {{user: '*', when: first_ever}}, where: {{virtual_proxy: hr}}, tell: ops}}\n\
             \x20 many: {{watch: {{sessions_of_one_user: 4}}, tell: ops}}\n\
             \x20 nobody: {{absence: {{for: {hold}}}, during: {{hours: '08:02-08:30'}}, repeat: {repeat}{damp}, tell: ops}}\n\
             \x20 unlike: {{unusual: {{metric: users, by: 2, at_least: 2, weeks: 2, for: {hold}, over: {over}}}, repeat: {repeat}, tell: ops}}\n\
             \x20 narrow: {{threshold: {{metric: users, above: 3, for: {hold}}}, where: {{directory: CORP, virtual_proxy: hr}}, during: {{hours: '08:03-09:10'}}, repeat: {repeat}, tell: ops}}\n\
             \x20 hr: {{change: {{metric: users, falls: 3, within: 5m}}, where: {{virtual_proxy: hr}}, tell: ops}}\n\
             \x20 came: {{threshold: {{metric: joined, above: {clear}, for: 0s}}, repeat: never, tell: ops}}\n\
             {maintenance}\n"
        )
    })
}

fn played(polls: &[Poll]) -> Polls {
    let mut now = START;
    polls
        .iter()
        .map(|poll| {
            now += poll.after;
            let pairs = poll.pairs.iter().enumerate().map(|(place, shown)| {
                let (proxy, prefix) = [("sense1", ""), ("sense1", "hr"), ("sense2", "hr")][place];
                (Pair { proxy: proxy.into(), prefix: prefix.into() }, observation(place, *shown))
            });
            (Timestamp::from_second(now).expect("an instant"), pairs.collect())
        })
        .collect()
}

fn observation(place: usize, shown: Option<(usize, usize, usize)>) -> Observation {
    let Some((people, from, sessions)) = shown else {
        let what = "no answer".to_owned();
        return Observation::Unseen(Unseen {
            kind: UnseenKind::Timeout,
            tried: String::new(),
            what,
            advice: String::new(),
        });
    };
    let one = |person: usize, session: usize| Session {
        id: Secret::new(format!("{place} {person} {session}")),
        user: User {
            directory: if person.is_multiple_of(3) { "GUEST" } else { "CORP" }.into(),
            id: format!("user{person}").into(),
            name: None,
        },
    };
    Observation::Seen((from..from + people).flat_map(|person| (0..sessions).map(move |n| one(person, n))).collect())
}

/// Where the conversation about one rule and part stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Talk {
    #[default]
    Nothing,
    Open,
    Flapping,
}

/// One incident is one conversation: opened once, perhaps repeated, closed once; or it flaps, and is calm.
fn is_a_conversation(told: &[Played]) -> Result<(), String> {
    let mut talks: HashMap<(String, Option<String>), Talk> = HashMap::new();
    for message in told {
        let talk = talks.entry((message.rule.clone(), message.part.clone())).or_default();
        *talk = match (message.kind.as_str(), *talk) {
            ("alert", Talk::Nothing | Talk::Flapping) | ("repeat", Talk::Open) => Talk::Open,
            ("resolved", Talk::Open) | ("calm", Talk::Flapping) => Talk::Nothing,
            ("flapping", Talk::Nothing | Talk::Open) => Talk::Flapping,
            ("event", talk) => talk,
            (kind, talk) => return Err(format!("{kind} after {talk:?}: {message:?}")),
        };
    }
    Ok(())
}

fn silences(now: Timestamp) -> Vec<Silence> {
    let silence = |from: i64, minutes: i64, rule: &str| Silence {
        id: 0,
        site: Some("prod".to_owned()),
        rule: rule.to_owned(),
        since: now + SignedDuration::from_mins(from),
        until: now + SignedDuration::from_mins(from + minutes),
        why: "a test".to_owned(),
        who: "anna".to_owned(),
    };
    vec![silence(0, 9, "cr*"), silence(0, 5, "blind")]
}

#[test]
fn a_directory_that_empties_in_a_window_is_closed_after_it_or_goes_on() {
    let rules = "checks:\n  all: {site: prod, cron: '* * * * *', rules: [parts]}\n\
                 rules:\n  parts: {threshold: {metric: users, above: 6, over: directory}, repeat: never, tell: ops}\n\
                 maintenance: {patch: {site: prod, cron: '30 * * * *', lasts: 8m}}\n";
    let judging = Judging::from_text(Path::new("rules.yaml"), rules, None).expect("rules");
    let poll = |after, people| Poll { after, pairs: [Some((people, 0, 1)), Some((0, 0, 1)), Some((0, 0, 1))] };
    let told = |last: [usize; 3]| {
        let [one, two, three] = last.map(|people| poll(60, people));
        // Before the window, twice empty within it, and then.
        let polls = [poll(28 * 60, 12), poll(5 * 60, 0), poll(60, 0), Poll { after: 3 * 60, ..one }, two, three];
        let kinds = through_memory(&judging, &played(&polls)).into_iter().map(|played| played.kind);
        kinds.collect::<Vec<_>>()
    };
    assert_eq!(told([0, 0, 0]), ["alert", "resolved"]);
    assert_eq!(told([12, 12, 12]), ["alert", "repeat"]);
    assert_eq!(told([12, 12, 0]), ["alert", "repeat", "resolved"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_restart_at_every_poll_changes_nothing(rules in rules(), polls in polls(), silenced in any::<bool>()) {
        let judging = Judging::from_text(Path::new("rules.yaml"), &rules, None).expect("rules");
        let polls = played(&polls);
        let silences = if silenced { silences(polls[0].0) } else { Vec::new() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let stored = |every: usize| {
            let folder = quick_folder();
            runtime.block_on(through_store(&judging, &polls, &silences, &folder.path().join("headcount.db"), every))
        };
        // A replay knows no silences.
        let told = if silenced { stored(usize::MAX) } else { through_memory(&judging, &polls) };
        let again = stored(1);
        let other = told.iter().zip(&again).find(|(one, other)| one != other);
        prop_assert!(told == again, "{} and {} messages; the first that differ: {other:#?}", told.len(), again.len());
        if let Err(wrong) = is_a_conversation(&told) {
            return Err(TestCaseError::fail(format!("{wrong}\n{told:#?}")));
        }
    }
}
