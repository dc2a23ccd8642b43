//! Aggregates beside a count by hand, over histories that were really recorded.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use sqlx::Row as _;
use tempfile::TempDir;

use super::*;
use crate::judge::Judgement;
use crate::secret::Secret;
use crate::snapshot::{Observation, Pair, Session, Snapshot, Unseen, UnseenKind, User};
use crate::store::{Keep, Poll, Slot};

/// A Monday, 00:00 UTC.
const START: i64 = 1_772_409_600_000;
const MINUTE: i64 = 60_000;
/// Every time in these histories is a multiple of it.
const TICK: i64 = 20_000;
const SITES: [&str; 2] = ["prod", "test"];
const PREFIXES: [&str; 2] = ["", "hr"];

/// A session from its first poll to its last, by the number of the poll; user 0 is anonymous.
#[derive(Clone, Debug)]
struct Stay {
    site: usize,
    pair: usize,
    user: usize,
    from: usize,
    to: usize,
}

/// What a poll of one site found: which pairs answered.
#[derive(Clone, Debug)]
struct Made {
    at: i64,
    answered: [bool; 2],
}

#[derive(Clone, Debug)]
struct History {
    stays: Vec<Stay>,
    polls: [Vec<Made>; 2],
}

fn user(user: usize) -> User {
    let (directory, id) = match user {
        0 => ("NONE", "anonymous7".to_owned()),
        user if user % 3 == 0 => ("Other", format!("user{user}")),
        // The same people, whatever the case.
        user => (if user % 2 == 0 { "CORP" } else { "corp" }, format!("user{user}")),
    };
    User { directory: directory.into(), id: id.into(), name: None }
}

impl History {
    fn on(&self, site: usize, poll: usize) -> impl Iterator<Item = (usize, &Stay)> {
        let made = &self.polls[site][poll];
        self.stays.iter().enumerate().filter(move |(_, stay)| {
            stay.site == site && made.answered[stay.pair] && (stay.from..=stay.to).contains(&poll)
        })
    }

    async fn record(&self, store: &Store) {
        sqlx::query("PRAGMA synchronous = OFF").execute(&store.pool).await.unwrap();
        for (site, polls) in self.polls.iter().enumerate() {
            for (number, made) in polls.iter().enumerate() {
                let pairs = PREFIXES.iter().enumerate().map(|(pair, prefix)| {
                    let observation = if made.answered[pair] {
                        let stays = self.on(site, number).filter(|(_, stay)| stay.pair == pair);
                        let session = |(id, stay): (usize, &Stay)| Session {
                            id: Secret::new(format!("session-{id}")),
                            user: user(stay.user),
                        };
                        Observation::Seen(stays.map(session).collect())
                    } else {
                        unseen()
                    };
                    (Pair { proxy: "sense".into(), prefix: (*prefix).into() }, observation)
                });
                let snapshot = Snapshot::new(SITES[site].into(), at(made.at), pairs.collect(), |_| false);
                record(store, &snapshot).await;
            }
        }
    }

    /// The number of the poll of a site that speaks at an instant.
    fn speaks(&self, site: usize, instant: i64) -> Option<usize> {
        let polls = &self.polls[site];
        let number = polls.iter().rposition(|made| made.at <= instant)?;
        let made = polls[number].at;
        let until = polls.get(number + 1).map(|next| next.at).filter(|next| next - made <= 3 * MINUTE);
        (instant < until.unwrap_or(made + MINUTE)).then_some(number)
    }
}

fn unseen() -> Observation {
    let (tried, what, advice) = (String::new(), String::new(), String::new());
    Observation::Unseen(Unseen { kind: UnseenKind::Timeout, tried, what, advice })
}

async fn record(store: &Store, snapshot: &Snapshot) {
    let schedule = format!("check:{}", snapshot.site());
    let previous = store.last_slot(&schedule, at(START - MINUTE)).await.unwrap();
    let slot = Slot { schedule, previous, slot: snapshot.at() };
    let poll = Poll {
        snapshot,
        counts: snapshot.counts(),
        rules: &[],
        judgement: &Judgement::default(),
        outgoing: &crate::outbox::Outgoing::default(),
        slot: &slot,
        interval: SignedDuration::from_mins(1),
    };
    store.record(&poll).await.unwrap();
}

fn history() -> impl Strategy<Value = History> {
    // Polls follow each other after a minute, with one left out, or after a gap.
    let gap = prop_oneof![14 => Just(3_i64), 1 => Just(6), 1 => Just(10), 1 => Just(60)];
    let answered = prop_oneof![8 => Just([true, true]), 2 => Just([true, false]), 1 => Just([false, true]), 1 => Just([false, false])];
    let polls = prop::collection::vec((gap, answered), 1..70).prop_map(|gaps| {
        let mut now = START + 5 * MINUTE;
        let made = gaps.into_iter().map(|(gap, answered)| {
            now += gap * TICK;
            Made { at: now, answered }
        });
        made.collect::<Vec<_>>()
    });
    let stay = (0..2_usize, 0..2_usize, 0..7_usize, 0..70_usize, 0..25_usize)
        .prop_map(|(site, pair, user, from, length)| Stay { site, pair, user, from, to: from + length });
    (prop::collection::vec(stay, 0..40), [polls.clone(), polls]).prop_map(|(stays, polls)| History { stays, polls })
}

/// The same by hand: tick by tick and poll by poll.
fn by_hand(history: &History, sites: &[usize], (from, to): (i64, i64), limits: &[Limit]) -> Usage {
    let mut usage = Usage::default();
    let none = SignedDuration::ZERO;
    usage.over = limits.iter().map(|limit| Over { limit: *limit, lasted: none, at_most: none, times: 0 }).collect();
    let tell = |from: i64, to: i64, usage: &mut Usage| -> Hour {
        let mut hour = Hour { from: at(from), to: at(to), ..Hour::default() };
        let (mut seen, mut partly) = (0, 0);
        let mut sums = [0_u64; 3];
        let mut beyond = [false; 2];
        for instant in (from..to).step_by(20_000) {
            let polls: Vec<Option<usize>> = sites.iter().map(|site| history.speaks(*site, instant)).collect();
            let answers = |site: usize, poll: Option<usize>| {
                poll.map_or(0, |poll| history.polls[site][poll].answered.iter().filter(|answered| **answered).count())
            };
            let answered: usize = sites.iter().zip(&polls).map(|(site, poll)| answers(*site, *poll)).sum();
            if answered == 0 {
                continue;
            }
            let full = answered == 2 * sites.len();
            *(if full { &mut seen } else { &mut partly }) += TICK;
            let on: Vec<&Stay> = sites
                .iter()
                .zip(&polls)
                .filter_map(|(site, poll)| poll.map(|poll| (*site, poll)))
                .flat_map(|(site, poll)| history.on(site, poll).map(|(_, stay)| stay))
                .collect();
            let users: HashSet<usize> = on.iter().map(|stay| stay.user).filter(|user| *user > 0).collect();
            let anonymous = on.iter().filter(|stay| stay.user == 0).count();
            let numbers = [users.len(), on.len(), anonymous].map(|number| number as u64);
            let spreads = [&mut hour.users, &mut hour.sessions, &mut hour.anonymous];
            for ((spread, number), sum) in spreads.into_iter().zip(numbers).zip(&mut sums) {
                spread.max = spread.max.max(Some(number));
                if full {
                    spread.min = Some(spread.min.map_or(number, |min| min.min(number)));
                    *sum += number;
                }
            }
            for (peak, number) in [(&mut usage.peak_users, numbers[0]), (&mut usage.peak_sessions, numbers[1])] {
                if peak.is_none_or(|peak| number > peak.number) {
                    *peak = Some(Peak { number, at: at(instant), full, exact: true });
                }
            }
            for (over, was) in usage.over.iter_mut().zip(&mut beyond) {
                let number = match over.limit.metric {
                    Metric::Users => numbers[0],
                    Metric::Sessions => numbers[1],
                    Metric::Anonymous => numbers[2],
                    Metric::SessionsOfOneUser | Metric::Joined | Metric::Left => panic!("readings do not have it"),
                };
                let is_beyond = match over.limit.bound {
                    Bound::Above => number > over.limit.number,
                    Bound::Below => full && number < over.limit.number,
                };
                if is_beyond {
                    over.lasted += SignedDuration::from_millis(TICK);
                    over.times += u64::from(!*was);
                }
                // What was not all seen ends nothing.
                *was = is_beyond || (*was && !full);
                over.at_most = over.lasted;
            }
        }
        for (spread, sum) in [&mut hour.users, &mut hour.sessions, &mut hour.anonymous].into_iter().zip(sums) {
            spread.mean = (seen > 0).then(|| (sum as f64) * TICK as f64 / seen as f64);
        }
        (hour.seen, hour.partly) = (lasting(seen), lasting(partly));
        hour
    };
    usage.hours = (from..to)
        .step_by(3_600_000)
        .map(|begins| tell(begins, (begins + 3_600_000).min(to), &mut Usage::default()))
        .collect();
    let mut whole = Usage { over: std::mem::take(&mut usage.over), ..Usage::default() };
    usage.whole = tell(from, to, &mut whole);
    (usage.over, usage.peak_users, usage.peak_sessions) = (whole.over, whole.peak_users, whole.peak_sessions);
    let (first, second) = (from + (to - from) / 3, to - (to - from) / 3);
    usage.stretches = [(from, first), (first, second)]
        .map(|(from, to)| tell(from / TICK * TICK, to / TICK * TICK, &mut Usage::default()))
        .to_vec();
    people_by_hand(history, sites, (from, to), &mut usage);
    usage.coverage = sites.iter().map(|site| coverage_by_hand(history, *site, (from, to))).collect();
    usage
}

fn people_by_hand(history: &History, sites: &[usize], (from, to): (i64, i64), usage: &mut Usage) {
    let mut people: HashSet<usize> = HashSet::new();
    let mut shares: HashMap<(usize, usize), (HashSet<usize>, Sessions)> = HashMap::new();
    let mut directories: HashMap<bool, (HashSet<usize>, Sessions)> = HashMap::new();
    for (id, stay) in history.stays.iter().enumerate().filter(|(_, stay)| sites.contains(&stay.site)) {
        let polls = &history.polls[stay.site];
        let shown: Vec<usize> =
            (0..polls.len()).filter(|poll| history.on(stay.site, *poll).any(|(other, _)| other == id)).collect();
        let within = |poll: &&usize| (from..to).contains(&polls[**poll].at);
        if !shown.iter().any(|poll| within(&poll)) {
            continue;
        }
        let first = shown[0];
        let before = polls[..first].iter().rev().find(|made| made.answered[stay.pair]);
        let sure = before.is_some_and(|before| polls[first].at - before.at <= 3 * MINUTE);
        let one = Sessions {
            seen: 1,
            begun: u64::from(sure && polls[first].at >= from),
            anonymous: u64::from(stay.user == 0),
            anonymous_begun: u64::from(stay.user == 0 && sure && polls[first].at >= from),
        };
        let add = |to: &mut Sessions| {
            to.seen += one.seen;
            to.begun += one.begun;
            to.anonymous += one.anonymous;
            to.anonymous_begun += one.anonymous_begun;
        };
        add(&mut usage.sessions);
        let share = shares.entry((stay.site, stay.pair)).or_default();
        add(&mut share.1);
        if stay.user > 0 {
            people.insert(stay.user);
            share.0.insert(stay.user);
            let directory = directories.entry(stay.user % 3 == 0).or_default();
            directory.0.insert(stay.user);
            add(&mut directory.1);
        }
    }
    usage.people = people.len() as u64;
    let baseline = sites.iter().filter_map(|site| history.polls[*site].first()).map(|made| made.at).min();
    let came = people.iter().filter(|user| {
        let shown = sites.iter().flat_map(|site| {
            let polls = 0..history.polls[*site].len();
            let shown = polls.filter(move |poll| history.on(*site, *poll).any(|(_, stay)| stay.user == **user));
            shown.map(|poll| history.polls[*site][poll].at)
        });
        shown.min().is_some_and(|first| first >= from && Some(first) > baseline)
    });
    (usage.new_people, usage.back) = (Some(came.count() as u64), Some(0));
    usage.known_since = baseline.map(at);
    let share = |site: &str, name: &str, (people, sessions): &(HashSet<usize>, Sessions)| Share {
        site: site.to_owned(),
        name: name.to_owned(),
        people: people.len() as u64,
        sessions: *sessions,
    };
    let order: BTreeSet<_> = shares.keys().copied().collect();
    for (site, pair) in sites.iter().flat_map(|site| order.iter().filter(move |(other, _)| other == site)) {
        usage.virtual_proxies.push(share(SITES[*site], PREFIXES[*pair], &shares[&(*site, *pair)]));
    }
    usage.directories =
        directories.iter().map(|(other, it)| share("", if *other { "other" } else { "corp" }, it)).collect();
}

fn coverage_by_hand(history: &History, site: usize, (from, to): (i64, i64)) -> Coverage {
    let made = history.polls[site].iter().filter(|made| (from..to).contains(&made.at));
    let answers = |wanted: usize| {
        made.clone().filter(|made| made.answered.iter().filter(|answered| **answered).count() == wanted).count()
    };
    let (polls, answered, partly) = (made.clone().count() as u64, answers(2) as u64, answers(1) as u64);
    let mut blind: Vec<Blind> = Vec::new();
    for instant in (from..to).step_by(20_000) {
        let speaks = history.speaks(site, instant).map(|poll| &history.polls[site][poll]);
        let why = match speaks.filter(|made| instant < made.at + MINUTE).map(|made| made.answered) {
            None => BlindWhy::NotPolled,
            Some([true, true]) => continue,
            Some([false, false]) => BlindWhy::NotAnswered,
            Some(_) => BlindWhy::Partly,
        };
        match blind.last_mut() {
            Some(last) if last.why == why && last.to == at(instant) => last.to = at(instant + TICK),
            _ => blind.push(Blind { from: at(instant), to: at(instant + TICK), why }),
        }
    }
    Coverage { site: SITES[site].to_owned(), polls, answered, partly, blind }
}

fn limits(number: u64) -> [Limit; 2] {
    [
        Limit { metric: Metric::Users, bound: Bound::Above, number },
        Limit { metric: Metric::Sessions, bound: Bound::Below, number },
    ]
}

/// What differs by rounding, by how a name was first written, or is tested apart, made equal.
fn plain(mut usage: Usage) -> Usage {
    let hours = usage.hours.iter_mut().chain(&mut usage.stretches).chain([&mut usage.whole]);
    for spread in hours.flat_map(|hour| [&mut hour.users, &mut hour.sessions, &mut hour.anonymous]) {
        spread.mean = spread.mean.map(|mean| (mean * 1e6).round() / 1e6);
    }
    for share in &mut usage.directories {
        share.name = share.name.to_lowercase();
    }
    usage.directories.sort_by(|one, other| one.name.cmp(&other.name));
    usage
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if ProptestConfig::default().cases == 256 { 16 } else { ProptestConfig::default().cases }, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_count_by_hand_gives_the_same(
        history in history(), asked in prop::collection::vec(asked(), 1..5), over in 0..6_u64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = TempDir::new().unwrap();
            let store = Store::open(&folder.path().join("headcount.db")).await.unwrap();
            history.record(&store).await;
            let limits = limits(over);
            let ticked = |instant: i64| at(instant / TICK * TICK);
            let thirds = |(from, to): (i64, i64)| {
                let (first, second) = (from + (to - from) / 3, to - (to - from) / 3);
                [(ticked(from), ticked(first)), (ticked(first), ticked(second))]
            };
            let stretches: Vec<_> = asked.iter().map(|(_, bounds)| thirds(*bounds)).collect();
            let names: Vec<Vec<&str>> =
                asked.iter().map(|(sites, _)| sites.iter().map(|site| SITES[*site]).collect()).collect();
            let asks = asked.iter().zip(&names).zip(&stretches).map(|(((_, (from, to)), sites), stretches)| {
                let period = Period { sites, from: at(*from), to: at(*to) };
                (period, Ask { limits: &limits, stretches, newcomers: true })
            });
            // All at once, as they overlap or not.
            let usages = store.usages(&asks.collect::<Vec<_>>()).await.unwrap();
            for ((sites, bounds), usage) in asked.iter().zip(usages) {
                let (mut usage, mut counted) = (plain(usage), plain(by_hand(&history, sites, *bounds, &limits)));
                // A reading knows how many polls it stands for, and not which one was left out: by that much it may be wrong
                // about those on either side of midnight.
                let left_out = history.polls.iter().flat_map(|polls| polls.windows(2)).any(|two| two[1].at - two[0].at == 2 * MINUTE);
                if left_out {
                    for coverage in usage.coverage.iter_mut().chain(&mut counted.coverage) {
                        (coverage.polls, coverage.answered, coverage.partly) = (0, 0, 0);
                    }
                }
                assert_eq!(usage, counted, "{sites:?} {bounds:?}");
            }
            store.close().await;
        });
    }
}

/// Some sites, and a stretch of time.
fn asked() -> impl Strategy<Value = (Vec<usize>, (i64, i64))> {
    let sites = prop_oneof![Just(vec![0_usize]), Just(vec![0, 1]), Just(vec![1, 0])];
    let bounds =
        (0..250_i64, 7..500_i64).prop_map(|(from, length)| (START + from * TICK, START + (from + length) * TICK));
    (sites, bounds)
}

/// Everything older than this moment becomes hours.
async fn fold(store: &Store, zone: &TimeZone) {
    let keep = Keep { readings_full: SignedDuration::ZERO, ..Keep::default() };
    let tidied = store.tidy(&keep, at(START + 24 * 60 * MINUTE), zone).await.unwrap();
    let left: i64 = sqlx::query("SELECT count(*) FROM reading WHERE answered = asked AND pair IS NULL")
        .fetch_one(&store.pool)
        .await
        .unwrap()
        .get(0);
    assert_eq!(left, 0, "{tidied:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if ProptestConfig::default().cases == 256 { 12 } else { ProptestConfig::default().cases }, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn hours_give_what_the_readings_gave(history in history(), from in 0..3_i64, hours in 1..4_i64, half in 0..2_i64, over in 0..6_u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = TempDir::new().unwrap();
            let store = Store::open(&folder.path().join("headcount.db")).await.unwrap();
            history.record(&store).await;
            // Half past is the hour of a clock in India.
            let zone = TimeZone::fixed(jiff::tz::Offset::from_seconds(i32::try_from(half * 1800).unwrap()).unwrap());
            let from = START + from * 60 * MINUTE - half * 30 * MINUTE;
            let period = Period { sites: &["prod"], from: at(from), to: at(from + hours * 60 * MINUTE) };
            let ask = Ask { limits: &limits(over), ..Ask::default() };
            let mut before = plain(store.usage(&period, &ask).await.unwrap());
            fold(&store, &zone).await;
            let mut after = plain(store.usage(&period, &ask).await.unwrap());
            for (exact, bounds) in std::mem::take(&mut before.over).iter().zip(std::mem::take(&mut after.over)) {
                assert!(bounds.lasted <= exact.lasted && exact.lasted <= bounds.at_most, "{bounds:?} about {exact:?}");
            }
            if history.polls[0].windows(2).any(|two| two[1].at - two[0].at == 2 * MINUTE) {
                (before.coverage, after.coverage) = (Vec::new(), Vec::new());
            }
            assert_eq!(after, before);
            fold(&store, &zone).await;
            store.close().await;
        });
    }
}

/// One poll of `prod` that shows these users on its one pair.
async fn shows(store: &Store, instant: i64, users: &[&str]) {
    let sessions = users.iter().map(|user| Session {
        id: Secret::new(format!("{user}-{}", instant / 3_600_000)),
        user: User { directory: "CORP".into(), id: (*user).into(), name: None },
    });
    let pair = Pair { proxy: "sense".into(), prefix: "".into() };
    let observation = vec![(pair, Observation::Seen(sessions.collect()))];
    record(store, &Snapshot::new(Arc::from("prod"), at(instant), observation, |_| false)).await;
}

#[tokio::test]
async fn who_is_new_and_who_is_back() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&folder.path().join("headcount.db")).await.unwrap();
    let day = |day: i64| START + day * 24 * 60 * MINUTE;
    // Anna is always there on working days; Bo at the first poll, then after 40 days; Cy is new on day 1, back on day 40.
    let days: [(i64, &[&str]); 6] = [
        (0, &["anna", "bo"]),
        (1, &["anna", "cy"]),
        (20, &["anna"]),
        (40, &["anna", "bo", "cy", "dana"]),
        (41, &["anna", "bo"]),
        (42, &["anna", "eve"]),
    ];
    for (number, users) in days {
        shows(&store, day(number) + 9 * 60 * MINUTE, users).await;
        shows(&store, day(number) + 9 * 60 * MINUTE + MINUTE, &[]).await;
    }
    for (from, to, people, new, back) in [
        (0, 1, 2, 0, 0),
        (1, 2, 2, 1, 0),
        (40, 41, 4, 1, 2),
        (41, 42, 2, 0, 0),
        (40, 43, 5, 2, 2),
        // Away for 30 days within the period itself.
        (0, 43, 5, 3, 2),
        (2, 40, 1, 0, 0),
        (3, 4, 0, 0, 0),
    ] {
        let period = Period { sites: &["prod"], from: at(day(from)), to: at(day(to)) };
        let ask = Ask { newcomers: true, ..Ask::default() };
        let usage = store.usage(&period, &ask).await.unwrap();
        // Beside the days before it, and a stretch before those.
        let beside = |from: i64, to: i64| (Period { from: at(day(from)), to: at(day(to)), ..period }, Ask::default());
        let several = [beside(0, 2), (period, ask), beside(from - 1, from), beside(20, 21)];
        assert_eq!(store.usages(&several).await.unwrap()[1], usage, "days {from} to {to}");
        let told = (usage.people, usage.new_people, usage.back);
        assert_eq!(told, (people, Some(new), Some(back)), "days {from} to {to}");
    }
    let nowhere = Period { sites: &["elsewhere"], from: at(day(0)), to: at(day(1)) };
    let usage = store.usage(&nowhere, &Ask::default()).await.unwrap();
    assert_eq!((usage.people, usage.peak_users, usage.whole.users), (0, None, Spread::default()));
    assert_eq!(usage.coverage[0].blind, [Blind { from: at(day(0)), to: at(day(1)), why: BlindWhy::NotPolled }]);
}

#[tokio::test]
async fn what_was_deleted_by_age_is_not_counted_as_if_it_were_all() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&folder.path().join("headcount.db")).await.unwrap();
    let day = |day: i64| START + day * 24 * 60 * MINUTE;
    for number in 0..6 {
        shows(&store, day(number) + 9 * 60 * MINUTE, &["anna", "bo"]).await;
        shows(&store, day(number) + 9 * 60 * MINUTE + MINUTE, &[]).await;
    }
    let told = async |from: i64, to: i64| {
        let period = Period { sites: &["prod"], from: at(day(from)), to: at(day(to)) };
        let usage = store.usage(&period, &Ask { newcomers: true, ..Ask::default() }).await.unwrap();
        (usage.forgotten, usage.peak_users.map(|peak| peak.number), usage.back)
    };
    assert_eq!(told(0, 6).await, (false, Some(2), Some(0)));
    let keep = Keep { sessions: SignedDuration::from_hours(72), ..Keep::default() };
    store.tidy(&keep, at(day(6)), &TimeZone::UTC).await.unwrap();
    assert_eq!(told(2, 3).await, (true, Some(2), None));
    // Nobody can be known to be back, where nobody is known of 30 days before.
    assert_eq!(told(3, 4).await, (false, Some(2), None));
    assert!(told(0, 6).await.0, "a part of it is gone");
}

#[tokio::test]
async fn time_connected_counts_once_whatever_the_number_of_sessions() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&folder.path().join("headcount.db")).await.unwrap();
    let stay = |user, pair, from, to| Stay { site: 0, pair, user, from, to };
    let made = |minute: i64| Made { at: START + minute * MINUTE, answered: [true, true] };
    let stays = vec![stay(1, 0, 0, 9), stay(1, 1, 5, 14), stay(2, 0, 3, 4), stay(0, 0, 0, 30), stay(4, 1, 20, 40)];
    // Nobody looked from minute 31 to minute 90, and the last session is still open.
    let polls = (0..31).map(made).chain((90..100).map(made)).collect();
    let history = History { stays, polls: [polls, Vec::new()] };
    history.record(&store).await;
    let connected = async |from: i64, to: i64| -> Vec<(String, u64, i64)> {
        let period = Period { sites: &["prod"], from: at(START + from * MINUTE), to: at(START + to * MINUTE) };
        let all = store.connected(&period, 10).await.unwrap();
        all.into_iter().map(|one| (one.user.id.to_string(), one.sessions, one.connected.as_mins())).collect()
    };
    let one = |user: &str, sessions, minutes| (user.to_owned(), sessions, minutes);
    // Open, and seen on either side of the gap: it was there.
    assert_eq!(connected(0, 120).await, [one("user4", 1, 80), one("user1", 2, 15), one("user2", 1, 2)]);
    assert_eq!(connected(4, 8).await, [one("user1", 2, 4), one("user2", 1, 1)]);
}
