//! Digests beside the same worked out in another way: minute by minute, person by person, with nothing but loops.

#![expect(
    clippy::unwrap_used,
    clippy::needless_range_loop,
    clippy::too_many_lines,
    reason = "a count by loops alone, in which whatever fails is the test's own"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use headcount::config::Config;
use headcount::demo::certificates::Authority;
use headcount::history::{Compared, Period, Span};
use headcount::jobs::{self, Digest, ReportKind};
use headcount::judge::Judgement;
use headcount::message::{Digest as Facts, Facts as AnyFacts, Message};
use headcount::outbox::Outgoing;
use headcount::secret::Secret;
use headcount::snapshot::{Observation, Pair, Session, Snapshot, Unseen, UnseenKind, User};
use headcount::store::{Poll, Slot, Store};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use tempfile::TempDir;

const SITES: [&str; 2] = ["prod", "test"];
const PREFIXES: [&str; 2] = ["", "hr"];
const STEP: i64 = 20;
const LIMIT: usize = 7;

const CONFIG: &str = r#"
time_zone: Europe/Stockholm
sites:
  prod: {host: a.test, certificate: {pem: client.pem, key: client_key.pem}, trust: {root: root.pem}}
  test: {host: b.test, certificate: {pem: client.pem, key: client_key.pem}, trust: {root: root.pem}}
checks:
  all: {site: all, cron: "*/20 * * * *", rules: [busy]}
rules:
  busy: {threshold: {metric: users, above: 7}, tell: ops}
reports:
  day: {digest: {period: day}, site: prod, cron: "0 7 * * *", tell: ops}
  week: {digest: {period: week}, site: prod, cron: "0 7 * * MON", tell: ops}
  month: {digest: {period: month, name_people: true}, site: prod, cron: "0 7 1 * *", tell: ops}
  both: {digest: {period: day}, site: all, cron: "0 7 * * *", tell: ops}
channels:
  ops: {slack: {webhook_url: "http://127.0.0.1:9/x"}}
"#;

/// A stay on one pair from one poll to another; person 0 is anonymous.
struct Stay {
    site: usize,
    pair: usize,
    person: usize,
    from: usize,
    to: usize,
}

/// What happened: at each slot, which pairs of each site answered, or that nobody asked.
struct Past {
    zone: TimeZone,
    slots: Vec<Timestamp>,
    answered: Vec<[Option<[bool; 2]>; 2]>,
    stays: Vec<Stay>,
    /// For each site and slot, the stays that the poll showed.
    showed: [Vec<Vec<usize>>; 2],
}

fn user(person: usize) -> User {
    let (directory, id) = match person {
        0 => ("NONE", "anonymous1".to_owned()),
        person if person % 4 == 0 => ("PARTNER", format!("p{person}")),
        person => ("CORP", format!("p{person}")),
    };
    User { directory: directory.into(), id: id.into(), name: None }
}

impl Past {
    /// Made by a little arithmetic, and always the same.
    fn make(first: &str, end: &str) -> Self {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        let day = |text: &str| text.parse::<Date>().unwrap();
        let start = |day: Date| day.to_zoned(zone.clone()).unwrap().timestamp();
        let mut slots = Vec::new();
        let mut at = start(day(first));
        while at < start(day(end)) {
            slots.push(at);
            at += SignedDuration::from_mins(STEP);
        }
        let mut state = 12_345_u64;
        let mut dice = move |sides: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % sides
        };
        let answered: Vec<[Option<[bool; 2]>; 2]> = (0..slots.len())
            .map(|at| {
                [0, 1].map(|site: usize| match dice(300) {
                    0 => Some([false, false]),
                    1 | 2 => Some([true, false]),
                    3 => None,
                    // A night without headcount, over the end of a day.
                    _ if site == 0 && (at / 72) % 11 == 5 && at % 72 >= 66 => None,
                    _ => Some([true, true]),
                })
            })
            .collect();
        let mut stays: Vec<Stay> = Vec::new();
        for (at, slot) in slots.iter().enumerate() {
            let local = slot.to_zoned(zone.clone());
            let busy = (8..17).contains(&local.hour()) && local.weekday().to_monday_zero_offset() < 5;
            for _ in 0..if busy { 2 } else { usize::from(dice(5) == 0) } {
                let person = dice(24);
                // Some come at the very beginning, and again only after more than a month.
                let days = at / 72;
                if person % 7 == 3 && (3..36).contains(&days) {
                    continue;
                }
                let site = usize::from(dice(4) == 0);
                let pair = if site == 0 { dice(2) } else { 0 };
                let longest = if dice(20) == 0 { 90 } else { 12 };
                let to = at + dice(longest);
                stays.push(Stay { site, pair, person, from: at, to });
            }
        }
        let mut showed = [vec![Vec::new(); slots.len()], vec![Vec::new(); slots.len()]];
        for (id, stay) in stays.iter().enumerate() {
            for slot in stay.from..=stay.to.min(slots.len() - 1) {
                if answered[slot][stay.site].is_some_and(|answered| answered[stay.pair]) {
                    showed[stay.site][slot].push(id);
                }
            }
        }
        Self { zone, slots, answered, stays, showed }
    }

    /// The stays that a poll showed.
    fn shown(&self, site: usize, slot: usize) -> impl Iterator<Item = (usize, &Stay)> {
        self.showed[site][slot].iter().map(|id| (*id, &self.stays[*id]))
    }

    async fn record(&self, store: &Store) {
        store.hurry().await.unwrap();
        for site in 0..2 {
            let schedule = format!("check:all:{}", SITES[site]);
            let mut previous = store.last_slot(&schedule, self.slots[0] - SignedDuration::from_mins(1)).await.unwrap();
            for (number, at) in self.slots.iter().enumerate() {
                let Some(answered) = self.answered[number][site] else { continue };
                let pairs = (0..2).map(|pair| {
                    let observation = if answered[pair] {
                        let sessions = self.shown(site, number).filter(|(_, stay)| stay.pair == pair);
                        let session = |(id, stay): (usize, &Stay)| Session {
                            id: Secret::new(format!("session-{id}")),
                            user: user(stay.person),
                        };
                        Observation::Seen(sessions.map(session).collect())
                    } else {
                        let (tried, what, advice) = (String::new(), String::new(), String::new());
                        Observation::Unseen(Unseen { kind: UnseenKind::Timeout, tried, what, advice })
                    };
                    (Pair { proxy: "sense".into(), prefix: PREFIXES[pair].into() }, observation)
                });
                let snapshot = Snapshot::new(Arc::from(SITES[site]), *at, pairs.collect(), |_| false);
                let slot = Slot { schedule: schedule.clone(), previous, slot: *at };
                let poll = Poll {
                    counts: snapshot.counts(),
                    snapshot: &snapshot,
                    rules: &[],
                    judgement: &Judgement::default(),
                    outgoing: &Outgoing::default(),
                    slot: &slot,
                    interval: SignedDuration::from_mins(STEP),
                };
                store.record(&poll).await.unwrap();
                previous = *at;
            }
        }
    }
}

/// One minute: who was on, where anything was known, and whether all of it was.
#[derive(Clone, Default)]
struct Minute {
    seen: bool,
    full: bool,
    people: BTreeSet<usize>,
}

/// What a digest should say.
#[derive(Debug, Default, PartialEq)]
struct Expected {
    people: Option<u64>,
    sessions: Option<u64>,
    anonymous: Option<u64>,
    peak: Option<(u64, String)>,
    average: Option<u64>,
    busiest: Option<(String, u64)>,
    quietest: Option<(String, u64)>,
    over: i64,
    new_people: u64,
    back: u64,
    by_virtual_proxy: BTreeMap<String, (u64, u64)>,
    by_directory: BTreeMap<String, (u64, u64)>,
    seen: u64,
    due: u64,
    /// The most of each hour.
    hours: Vec<Option<u64>>,
    /// The mean of each hour of the week.
    heat: Vec<Option<u64>>,
}

fn rounded(sum: u64, count: u64) -> u64 {
    // Halves go up, as they do where it is really done.
    (2 * sum + count) / (2 * count)
}

impl Past {
    fn expect(&self, sites: &[usize], from: Timestamp, to: Timestamp) -> Expected {
        let minute_of = |at: Timestamp| usize::try_from(at.duration_since(from).as_mins()).unwrap();
        let length = minute_of(to);
        // The minutes of each site, filled by each poll until the next one, or for one step.
        let mut minutes: Vec<Vec<Minute>> = Vec::new();
        for site in sites {
            let mut its = vec![Minute::default(); length];
            for slot in 0..self.slots.len() {
                let Some(answered) = self.answered[slot][*site] else { continue };
                let next = (slot + 1..self.slots.len()).find(|next| self.answered[*next][*site].is_some());
                let step = SignedDuration::from_mins(STEP);
                let until = next
                    .map(|next| self.slots[next])
                    .filter(|next| next.duration_since(self.slots[slot]) <= 2 * step + SignedDuration::from_mins(1));
                let until = until.unwrap_or(self.slots[slot] + step).min(to);
                let begins = self.slots[slot].max(from);
                if until <= begins || answered == [false, false] {
                    continue;
                }
                let people: BTreeSet<usize> =
                    self.shown(*site, slot).map(|(_, stay)| stay.person).filter(|person| *person > 0).collect();
                for minute in &mut its[minute_of(begins)..minute_of(until)] {
                    *minute = Minute { seen: true, full: answered == [true, true], people: people.clone() };
                }
            }
            minutes.push(its);
        }
        let whole: Vec<Minute> = (0..length)
            .map(|at| Minute {
                seen: minutes.iter().any(|site| site[at].seen),
                full: minutes.iter().all(|site| site[at].full),
                people: minutes.iter().flat_map(|site| site[at].people.iter().copied()).collect(),
            })
            .collect();

        let mut expected = Expected::default();
        let within: Vec<usize> = (0..self.slots.len()).filter(|slot| (from..to).contains(&self.slots[*slot])).collect();
        let mut people = BTreeSet::new();
        let (mut sessions, mut anonymous) = (BTreeSet::new(), BTreeSet::new());
        let mut by_proxy: BTreeMap<String, (BTreeSet<usize>, BTreeSet<usize>)> = BTreeMap::new();
        let mut by_directory: BTreeMap<String, (BTreeSet<usize>, BTreeSet<usize>)> = BTreeMap::new();
        let mut polled = false;
        for site in sites {
            for slot in &within {
                expected.due += 1;
                match self.answered[*slot][*site] {
                    Some([true, true]) => {
                        expected.seen += 1;
                        polled = true;
                    }
                    Some(answered) => polled |= answered != [false, false],
                    None => {}
                }
                for (id, stay) in self.shown(*site, *slot) {
                    sessions.insert(id);
                    let name = match (sites.len(), PREFIXES[stay.pair]) {
                        (1, prefix) => prefix.to_owned(),
                        (_, "") => format!("{}, default", SITES[*site]),
                        (_, prefix) => format!("{}, {prefix}", SITES[*site]),
                    };
                    let proxy = by_proxy.entry(name).or_default();
                    proxy.1.insert(id);
                    if stay.person == 0 {
                        anonymous.insert(id);
                        continue;
                    }
                    people.insert(stay.person);
                    proxy.0.insert(stay.person);
                    let directory = by_directory.entry(user(stay.person).directory.to_string()).or_default();
                    directory.0.insert(stay.person);
                    directory.1.insert(id);
                }
            }
        }
        let told = |all: BTreeMap<String, (BTreeSet<usize>, BTreeSet<usize>)>| {
            all.into_iter()
                .map(|(name, (people, sessions))| (name, (people.len() as u64, sessions.len() as u64)))
                .collect()
        };
        (expected.by_virtual_proxy, expected.by_directory) = (told(by_proxy), told(by_directory));
        if polled {
            expected.people = Some(people.len() as u64);
            expected.sessions = Some(sessions.len() as u64);
            expected.anonymous = Some(anonymous.len() as u64);
        }
        for person in &people {
            // Every time that anybody showed them.
            let mut times: Vec<Timestamp> = Vec::new();
            for site in sites {
                let shown = (0..self.slots.len())
                    .filter(|slot| self.shown(*site, *slot).any(|(_, stay)| stay.person == *person));
                times.extend(shown.map(|slot| self.slots[slot]));
            }
            times.sort();
            let first = times.iter().position(|at| *at >= from).unwrap();
            if first == 0 {
                let begins =
                    (0..self.slots.len()).find(|slot| sites.iter().any(|site| self.answered[*slot][*site].is_some()));
                expected.new_people += u64::from(times[0] > self.slots[begins.unwrap()]);
            }
            let month = SignedDuration::from_hours(30 * 24);
            let gaps = (first.max(1)..times.len()).take_while(|at| times[*at] < to);
            expected.back += u64::from(gaps.into_iter().any(|at| times[at].duration_since(times[at - 1]) >= month));
        }

        let moment =
            |at: usize| (from + SignedDuration::from_mins(i64::try_from(at).unwrap())).to_zoned(self.zone.clone());
        let (mut sum, mut count) = (0, 0);
        let mut usual: BTreeMap<i8, (u64, u64)> = BTreeMap::new();
        let mut heat: BTreeMap<(i8, i8), (u64, u64)> = BTreeMap::new();
        for (at, minute) in whole.iter().enumerate() {
            let number = minute.people.len() as u64;
            if minute.seen {
                if expected.peak.as_ref().is_none_or(|(peak, _)| number > *peak) {
                    expected.peak = Some((number, moment(at).timestamp().to_string()));
                }
                expected.over += i64::from(minute.people.len() > LIMIT);
            }
            let local = moment(at);
            let day = local.weekday().to_monday_zero_offset();
            if minute.full {
                if day < 5 && (8..17).contains(&local.hour()) {
                    (sum, count) = (sum + number, count + 1);
                }
                let cell = heat.entry((day, local.hour())).or_default();
                *cell = (cell.0 + number, cell.1 + 1);
            }
        }
        for begins in (0..length).step_by(60) {
            let hour = &whole[begins..(begins + 60).min(length)];
            let seen = hour.iter().filter(|minute| minute.seen);
            expected.hours.push(seen.map(|minute| minute.people.len() as u64).max());
            let full: Vec<u64> =
                hour.iter().filter(|minute| minute.full).map(|minute| minute.people.len() as u64).collect();
            if 2 * full.len() >= hour.len() {
                let all = usual.entry(moment(begins).hour()).or_default();
                *all = (all.0 + full.iter().sum::<u64>(), all.1 + full.len() as u64);
            }
        }
        expected.average = (count > 0).then(|| rounded(sum, count));
        let named =
            |hour: i8, (sum, count): (u64, u64)| (format!("{hour:02}:00-{:02}:00", hour + 1), rounded(sum, count));
        for (hour, (sum, count)) in &usual {
            // Compared as fractions, so that nothing is rounded.
            let beats = |other: (u64, u64)| (sum * other.1).cmp(&(other.0 * count));
            let of = |name: &Option<(i8, (u64, u64))>| name.map(|(_, other)| other);
            let (mut busiest, mut quietest) = (None, None);
            for (other, all) in usual.range(..hour) {
                if of(&busiest).is_none_or(|most: (u64, u64)| all.0 * most.1 > most.0 * all.1) {
                    busiest = Some((*other, *all));
                }
                if of(&quietest).is_none_or(|least: (u64, u64)| all.0 * least.1 < least.0 * all.1) {
                    quietest = Some((*other, *all));
                }
            }
            if of(&busiest).is_none_or(|most| beats(most).is_gt()) {
                expected.busiest = Some(named(*hour, (*sum, *count)));
            }
            if of(&quietest).is_none_or(|least| beats(least).is_lt()) {
                expected.quietest = Some(named(*hour, (*sum, *count)));
            }
        }
        expected.heat = (0..7)
            .flat_map(|day| (0..24).map(move |hour| (day, hour)))
            .map(|cell| heat.get(&cell).map(|(sum, count)| rounded(*sum, *count)))
            .collect();
        expected
    }
}

fn facts(message: &Message) -> &Facts {
    match &message.facts {
        AnyFacts::Digest(digest) => digest,
        other => panic!("{other:?}"),
    }
}

/// What a digest says, in the same shape.
fn said(message: &Message, past: &Expected) -> Expected {
    let digest = facts(message);
    let usage = &digest.usage;
    let shares = |shares: &[headcount::message::Share]| {
        let number = |compared: Compared| compared.now.unwrap_or_default();
        shares.iter().map(|share| (share.name.clone(), (number(share.people), number(share.sessions)))).collect()
    };
    let hour = |hour: &headcount::message::UsualHour| (hour.hour.clone(), hour.value);
    // The words are the composer's; that they say this length is compared here.
    let over = past.over;
    let told = (over > 0).then(|| headcount::message::lasting(SignedDuration::from_mins(over)));
    let over = if digest.over.iter().all(|one| one.lasted == told) { over } else { -1 };
    Expected {
        people: usage.people.now,
        sessions: usage.sessions.now,
        anonymous: usage.anonymous.now,
        peak: usage.peak.now.zip(usage.peak_at.as_ref()).map(|(peak, at)| (peak, at.at.utc.clone())),
        average: usage.average.now,
        busiest: usage.busiest.as_ref().map(hour),
        quietest: usage.quietest.as_ref().map(hour),
        over,
        new_people: digest.new_people.unwrap_or_default(),
        back: digest.back.unwrap_or_default(),
        by_virtual_proxy: shares(&digest.by_virtual_proxy),
        by_directory: shares(&digest.by_directory),
        seen: digest.watched.seen,
        due: digest.watched.due,
        hours: Vec::new(),
        heat: digest.heat.iter().flat_map(|heat| heat.rows.iter().flat_map(|row| row.cells.clone())).collect(),
    }
}

struct Told {
    store: Store,
    reports: Vec<(String, Arc<Digest>)>,
    past: Past,
    _folder: TempDir,
}

impl Told {
    async fn new(first: &str, end: &str) -> Self {
        let folder = TempDir::new().unwrap();
        Authority::new("sense.example.com").export(folder.path()).unwrap();
        let config = Config::from_text(&folder.path().join("headcount.yaml"), CONFIG).unwrap_or_else(|e| panic!("{e}"));
        let reports = config.reports.iter().filter_map(|report| match &report.kind {
            ReportKind::Digest(digest) => Some((report.name.clone(), digest.clone())),
            ReportKind::Who => None,
        });
        let store = Store::open(&folder.path().join("state/headcount.db")).await.unwrap();
        let past = Past::make(first, end);
        past.record(&store).await;
        Self { store, reports: reports.collect(), past, _folder: folder }
    }

    /// A report's digest of a span, compared with what it should say.
    async fn check(&self, name: &str, span: Span) -> Message {
        let (_, digest) = self.reports.iter().find(|(report, _)| report == name).unwrap();
        let zone = &self.past.zone;
        let now = *self.past.slots.last().unwrap();
        let message = jobs::look_back(&self.store, (name, digest), span, None, Vec::new(), (now, zone)).await.unwrap();
        let sites: Vec<usize> = if name == "both" { vec![0, 1] } else { vec![0] };
        let expect = |span: Span| self.past.expect(&sites, span.from(zone), span.to(zone));
        let mut expected = expect(span);
        let hours = std::mem::take(&mut expected.hours);
        if span.period == Period::Day {
            expected.heat.clear();
        }
        let mut told = said(&message, &expected);
        if sites.len() > 1 {
            // Thresholds are each site's own.
            told.over = expected.over;
        }
        assert_eq!(told, expected, "{name}, {}", span.first);
        self.check_before(&message, span, &expect);
        if span.period != Period::Month {
            let chart = message.chart.as_ref().unwrap();
            let values = |values: &[Option<u64>]| -> Vec<Option<f64>> {
                values.iter().map(|value| value.map(|value| f64::from(u32::try_from(value).unwrap()))).collect()
            };
            assert_eq!(chart.series[0].values, values(&hours), "{name}, {}", span.first);
        }
        message
    }

    fn check_before(&self, message: &Message, span: Span, expect: &dyn Fn(Span) -> Expected) {
        let usage = &facts(message).usage;
        let begins = self.past.slots[0];
        let then = |span: Option<Span>| span.filter(|span| span.from(&self.past.zone) >= begins).map(expect);
        let (before, usual) = (then(span.before()), then(span.usual()));
        let of = |past: &Option<Expected>, number: fn(&Expected) -> Option<u64>| past.as_ref().and_then(number);
        for (compared, number) in [
            (usage.people, (|past| past.people) as fn(&Expected) -> Option<u64>),
            (usage.sessions, |past| past.sessions),
            (usage.anonymous, |past| past.anonymous),
            (usage.peak, |past| past.peak.as_ref().map(|(peak, _)| *peak)),
            (usage.average, |past| past.average),
        ] {
            assert_eq!(
                (compared.before, compared.last_week),
                (of(&before, number), of(&usual, number)),
                "{}",
                span.first
            );
        }
    }
}

#[tokio::test]
async fn a_month_with_23_hours_in_a_day_is_what_it_is_minute_by_minute() {
    let told = Told::new("2026-02-01", "2026-04-01").await;
    let day = |text: &str| text.parse::<Date>().unwrap();
    let month = told.check("month", Span::around(Period::Month, day("2026-03-10"))).await;
    assert!(facts(&month).back.is_some_and(|back| back > 0) && !month.people.is_empty());
    for first in ["2026-03-02", "2026-03-23"] {
        told.check("week", Span::around(Period::Week, day(first))).await;
    }
    for after in [0, 5, 6, 27, 28, 29, 30] {
        let span = Span::around(Period::Day, day("2026-03-01") + after.days());
        let alone = told.check("day", span).await;
        let both = told.check("both", span).await;
        assert!(facts(&both).usage.people.now >= facts(&alone).usage.people.now);
    }
    // From Friday to Sunday, over the night in which the clocks change, day by day.
    let sunday = Span::around(Period::Day, day("2026-03-29"));
    let three = told.check("day", Span { first: day("2026-03-27"), ..sunday }).await;
    let days: Vec<_> = facts(&three).days.iter().map(|day| (day.usage.people.now, day.watched.due)).collect();
    for ((people, due), span) in days.iter().zip(Span { first: day("2026-03-27"), ..sunday }.each()) {
        let expected = told.past.expect(&[0], span.from(&told.past.zone), span.to(&told.past.zone));
        assert_eq!((*people, *due), (expected.people, expected.due), "{}", span.first);
    }
    assert_eq!(days.iter().map(|(_, due)| *due).collect::<Vec<_>>(), [72, 72, 69]);
    told.store.close().await;
}

#[tokio::test]
async fn a_day_of_25_hours_is_what_it_is_minute_by_minute() {
    let told = Told::new("2026-10-12", "2026-10-28").await;
    for day in ["2026-10-24", "2026-10-25", "2026-10-26"] {
        let span = Span::around(Period::Day, day.parse().unwrap());
        let message = told.check("day", span).await;
        let labels = &message.chart.as_ref().unwrap().labels;
        assert_eq!(labels.len(), if day == "2026-10-25" { 25 } else { 24 });
        told.check("both", span).await;
    }
    told.check("week", Span::around(Period::Week, "2026-10-19".parse().unwrap())).await;
    told.store.close().await;
}
