//! What the store promises, over a real database file.

use std::os::unix::fs::PermissionsExt as _;

use jiff::SignedDuration;
use sqlx::Row as _;
use tempfile::TempDir;

use super::*;
use crate::judge::Judgement;
use crate::outbox::{DeliveryId, DeliveryState, NewDelivery, Pause, Settled};
use crate::secret::Secret;
use crate::snapshot::{Observation, Pair, Session, Snapshot, Unseen, UnseenKind, User};

#[tokio::test]
async fn an_answer_is_kept_for_as_long_as_the_channel_leads_there() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&folder.path().join("headcount.db")).await.unwrap();
    assert_eq!(store.seen("ops", "a").await.unwrap(), None);
    for seen in [true, false] {
        let answer = Answer { at: time(1), seen };
        store.note_seen("ops", "a", answer).await.unwrap();
        assert_eq!(store.seen("ops", "a").await.unwrap(), Some(answer));
    }
    assert_eq!(store.seen("ops", "b").await.unwrap(), None);
    assert_eq!(store.seen("bosses", "a").await.unwrap(), None);
    store.close().await;
}

const START: i64 = 1_770_000_000;

pub(super) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(START + seconds).unwrap()
}

/// A pair's prefix with its sessions.
pub(super) type PairSessions<'a> = (&'a str, Option<&'a [&'a str]>);

/// One pair's sessions as `user:id`, or none when it did not answer.
pub(super) fn snapshot(seconds: i64, pairs: &[PairSessions<'_>]) -> Snapshot {
    let observe = |sessions: Option<&[&str]>| match sessions {
        None => Observation::Unseen(Unseen {
            kind: UnseenKind::Timeout,
            tried: String::new(),
            what: String::new(),
            advice: String::new(),
        }),
        Some(sessions) => Observation::Seen(
            sessions
                .iter()
                .map(|session| {
                    let (user, id) = session.split_once(':').unwrap();
                    let (directory, user) = user.split_once('\\').unwrap_or(("CORP", user));
                    Session {
                        id: Secret::new(id),
                        user: User {
                            directory: directory.into(),
                            id: user.into(),
                            name: Some(format!("Name of {user}").into()),
                        },
                    }
                })
                .collect(),
        ),
    };
    let pairs = pairs
        .iter()
        .map(|(prefix, sessions)| (Pair { proxy: "sense".into(), prefix: (*prefix).into() }, observe(*sessions)))
        .collect();
    Snapshot::new("prod".into(), time(seconds), pairs, |_| false)
}

pub(super) async fn record(
    store: &Store,
    snapshot: &Snapshot,
    deliveries: &[NewDelivery],
) -> Result<Recorded, StoreError> {
    let previous = store.last_slot("check:sessions", time(-60)).await?;
    let slot = Slot { schedule: "check:sessions".to_owned(), previous, slot: snapshot.at() };
    let judgement = Judgement::default();
    let poll = Poll {
        snapshot,
        counts: snapshot.counts(),
        rules: &[],
        judgement: &judgement,
        outgoing: &deliveries.to_vec().into(),
        slot: &slot,
        interval: SignedDuration::from_secs(60),
    };
    store.record(&poll).await
}

pub(super) async fn open(folder: &TempDir) -> Store {
    Store::open(&folder.path().join("state/headcount.db")).await.unwrap()
}

/// Every span as `person began-ended/last_seen`, in the order of their rows.
async fn spans(store: &Store) -> Vec<String> {
    let rows = sqlx::query(
        "SELECT coalesce(user_id, '?'), began, ended, last_seen, at_least FROM span LEFT JOIN person ON person.id = span.person ORDER BY user_id, began",
    )
    .fetch_all(&store.pool)
    .await
    .unwrap();
    let seconds = |ms: Option<i64>| ms.map_or("…".to_owned(), |ms| (ms / 1000 - START).to_string());
    rows.iter()
        .map(|row| {
            format!(
                "{} {}{}-{}/{}",
                row.get::<String, _>(0),
                if row.get::<i64, _>(4) == 1 { "≤" } else { "" },
                seconds(Some(row.get(1))),
                seconds(row.get(2)),
                seconds(row.get(3))
            )
        })
        .collect()
}

async fn readings(store: &Store) -> Vec<String> {
    let rows = sqlx::query("SELECT prefix, r.\"from\", r.\"to\", polls, sessions, why FROM reading r JOIN pair ON pair.id = r.pair ORDER BY prefix, r.id")
        .fetch_all(&store.pool)
        .await
        .unwrap();
    rows.iter()
        .map(|row| {
            format!(
                "{} {}-{} x{} {}",
                row.get::<String, _>(0),
                row.get::<i64, _>(1) / 1000 - START,
                row.get::<i64, _>(2) / 1000 - START,
                row.get::<i64, _>(3),
                row.get::<Option<i64>, _>(4).map_or_else(|| row.get::<String, _>(5), |n| n.to_string())
            )
        })
        .collect()
}

#[tokio::test]
async fn storage_grows_with_change_and_a_failed_pair_leaves_its_sessions() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let polls: [(i64, &[PairSessions<'_>]); 5] = [
        (0, &[("hr", Some(&["anna:s1", "bo:s2"])), ("", Some(&[]))]),
        (60, &[("hr", Some(&["bo:s2", "ANNA:s1"])), ("", Some(&[]))]),
        (120, &[("hr", None), ("", Some(&["cy:s3"]))]),
        (180, &[("hr", None), ("", Some(&["cy:s3"]))]),
        (240, &[("hr", Some(&["anna:s1"])), ("", Some(&["cy:s3"]))]),
    ];
    let mut recorded = Vec::new();
    for (at, pairs) in polls {
        recorded.push(record(&store, &snapshot(at, pairs), &[]).await.unwrap());
    }
    let done = |began, ended| Recorded::Done { began, ended };
    assert_eq!(recorded, [done(2, 0), done(0, 0), done(1, 0), done(0, 0), done(0, 1)]);
    assert_eq!(spans(&store).await, ["anna ≤0-…/…", "bo ≤0-240/60", "cy 120-…/…"]);
    assert_eq!(
        readings(&store).await,
        [" 0-60 x2 0", " 120-240 x3 1", "hr 0-60 x2 2", "hr 120-180 x2 timeout", "hr 240-240 x1 1"]
    );
}

#[tokio::test]
async fn a_proxy_restart_closes_and_opens_in_one_poll_and_ours_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    record(&store, &snapshot(0, &[("", Some(&["anna:s1", "bo:s2"]))]), &[]).await.unwrap();
    store.close().await;

    let store = open(&folder).await;
    let same = record(&store, &snapshot(60, &[("", Some(&["anna:s1", "bo:s2"]))]), &[]).await.unwrap();
    assert_eq!(same, Recorded::Done { began: 0, ended: 0 });
    let restarted =
        record(&store, &snapshot(120, &[("", Some(&["anna:t1", "NONE\\anonymous42:t2"]))]), &[]).await.unwrap();
    assert_eq!(restarted, Recorded::Done { began: 2, ended: 2 });
    assert_eq!(spans(&store).await, ["? 120-…/…", "anna ≤0-120/60", "anna 120-…/…", "bo ≤0-120/60"]);
    let anna = User { directory: "corp".into(), id: "ANNA".into(), name: None };
    assert_eq!(store.names_of(&[&anna]).await.unwrap()[0].1, "Name of anna");
}

#[tokio::test]
async fn all_who_were_there_at_the_first_poll_and_are_gone_at_the_next_are_gone() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    record(&store, &snapshot(0, &[("", Some(&["anna:s1", "bo:s2"]))]), &[]).await.unwrap();
    let gone = record(&store, &snapshot(60, &[("", Some(&[]))]), &[]).await.unwrap();
    assert_eq!(gone, Recorded::Done { began: 0, ended: 2 });
    let same = record(&store, &snapshot(120, &[("", Some(&[]))]), &[]).await.unwrap();
    assert_eq!(same, Recorded::Done { began: 0, ended: 0 });
}

#[tokio::test]
async fn a_pair_that_is_asked_no_more_lets_its_sessions_go() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    record(&store, &snapshot(0, &[("", Some(&["anna:s1"])), ("old", Some(&["bo:s2"]))]), &[]).await.unwrap();
    record(&store, &snapshot(60, &[("", Some(&["anna:s1"]))]), &[]).await.unwrap();
    assert_eq!(spans(&store).await, ["anna ≤0-…/…", "bo ≤0-60/0"]);
}

#[tokio::test]
async fn ten_thousand_sessions_are_recorded_whole() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let sessions: Vec<String> = (0..10_000).map(|i| format!("user{}:s{i}", i % 7000)).collect();
    let sessions: Vec<&str> = sessions.iter().map(String::as_str).collect();
    let recorded = record(&store, &snapshot(0, &[("", Some(&sessions))]), &[]).await.unwrap();
    assert_eq!(recorded, Recorded::Done { began: 10_000, ended: 0 });
    let recorded = record(&store, &snapshot(60, &[("", Some(&sessions[1..]))]), &[]).await.unwrap();
    assert_eq!(recorded, Recorded::Done { began: 0, ended: 1 });
}

#[tokio::test]
async fn no_session_id_is_on_the_disk_and_files_are_private() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    record(&store, &snapshot(0, &[("", Some(&["anna:VerySecretCookie"]))]), &[]).await.unwrap();
    let _lock = store.lock().unwrap();
    store.close().await;
    let state = folder.path().join("state");
    assert_eq!(state.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    for entry in std::fs::read_dir(&state).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(16).any(|w| w == b"VerySecretCookie"), "{}", path.display());
    }
}

#[tokio::test]
async fn a_slot_is_dealt_with_once() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let previous = store.last_slot("report:daily", time(0)).await.unwrap();
    assert_eq!((previous, store.last_slot("report:daily", time(99)).await.unwrap()), (time(0), time(0)));
    let slot = Slot { schedule: "report:daily".into(), previous, slot: time(60) };
    assert!(store.record_report(&slot, &vec![delivery("r", "ops")].into(), time(60)).await.unwrap());
    assert!(!store.record_report(&slot, &vec![delivery("r2", "ops")].into(), time(61)).await.unwrap());
    assert!(!store.pass_over(&slot).await.unwrap());
    assert_eq!(store.deliveries(true, 10).await.unwrap().len(), 1);
}

pub(super) fn delivery(cause: &str, channel: &str) -> NewDelivery {
    NewDelivery {
        cause: cause.into(),
        channel: channel.into(),
        recipient: String::new(),
        kind: "alert",
        form: "slack",
        title: cause.into(),
        body: "{}".into(),
        plainer: Some("{\"plain\":1}".into()),
        plainest: Some("{\"plain\":2}".into()),
        message_id: "<x@y>".into(),
        in_reply_to: None,
        thread: None,
        held: None,
        urgent: false,
    }
}

const LEASE: SignedDuration = SignedDuration::from_secs(120);

async fn claim(store: &Store, seconds: i64) -> Vec<crate::outbox::Claimed> {
    store.claim(time(seconds), LEASE, None, |_| true).await.unwrap()
}

fn ids(claimed: &[crate::outbox::Claimed]) -> Vec<(i64, u32)> {
    claimed.iter().map(|c| (c.id.0, c.attempt)).collect()
}

#[tokio::test]
async fn the_outbox_keeps_order_and_leases() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let three = [delivery("a", "ops"), delivery("b", "ops"), delivery("a", "bosses")];
    assert_eq!(store.enqueue(&three, time(0)).await.unwrap().len(), 3);
    assert!(store.enqueue(&three[..1], time(1)).await.unwrap().is_empty(), "the same cause is there already");

    let first = claim(&store, 1).await;
    assert_eq!(ids(&first), [(1, 1), (3, 1)], "the oldest of each channel");
    assert!(claim(&store, 2).await.is_empty(), "claimed, and `b` waits behind `a`");
    let again = claim(&store, 130).await;
    assert_eq!(ids(&again), [(1, 2), (3, 2)], "a lease runs out");
    assert!(
        !store.settle(&first[0], &Settled::Delivered { receipt: None }, time(131)).await.unwrap(),
        "and is no longer the first holder's"
    );
    assert!(store.settle(&again[0], &Settled::Delivered { receipt: None }, time(131)).await.unwrap());
    assert_eq!(ids(&claim(&store, 132).await), [(2, 1)]);
    assert_eq!(store.release_claims().await.unwrap(), 2);
    assert_eq!(ids(&claim(&store, 133).await), [(2, 2), (3, 3)], "a start lets go of what a dead holder had");

    let delivered = store.delivery(DeliveryId(1)).await.unwrap().unwrap();
    assert_eq!((delivered.state, delivered.body.as_str(), delivered.attempts), (DeliveryState::Delivered, "", 2));
    let outcomes: Vec<_> = store.attempts(DeliveryId(1)).await.unwrap().into_iter().map(|a| a.outcome).collect();
    assert_eq!(outcomes, [None, Some("delivered".to_owned())]);
}

#[tokio::test]
async fn a_pause_holds_the_whole_channel_but_not_a_test() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    store.enqueue(&[delivery("a", "ops"), delivery("b", "ops")], time(0)).await.unwrap();
    let claimed = claim(&store, 0).await;
    let pause = Settled::Later { due: time(30), pause: Some(Pause::Down), why: "busy".into() };
    assert!(store.settle(&claimed[0], &pause, time(1)).await.unwrap());
    store.enqueue(&[NewDelivery { urgent: true, ..delivery("t", "ops") }], time(2)).await.unwrap();
    assert_eq!(ids(&claim(&store, 3).await), [(3, 1)], "a test goes ahead");
    assert!(claim(&store, 29).await.is_empty());
    let back = claim(&store, 30).await;
    assert_eq!((ids(&back), back[0].channel_failures), (vec![(1, 2)], 1));
    assert!(store.settle(&back[0], &Settled::Degraded { why: "no".into() }, time(31)).await.unwrap());
    let plainer = claim(&store, 31).await;
    let forms = (plainer[0].body.as_str(), plainer[0].plainer.as_deref());
    assert_eq!(forms, ("{\"plain\":1}", Some("{\"plain\":2}")));
    assert!(store.settle(&plainer[0], &Settled::Degraded { why: "no".into() }, time(31)).await.unwrap());
    let plainest = claim(&store, 31).await;
    assert_eq!((plainest[0].body.as_str(), plainest[0].plainer.as_deref()), ("{\"plain\":2}", None));
    assert!(
        store.settle(&plainest[0], &Settled::GivenUp { why: "never".into(), pause: None }, time(32)).await.unwrap()
    );
    let given_up = store.delivery(DeliveryId(1)).await.unwrap().unwrap();
    assert_eq!((given_up.state, given_up.last_error.as_deref()), (DeliveryState::GivenUp, Some("never")));
    assert!(store.retry(DeliveryId(1), time(40)).await.unwrap());
    assert!(store.drop_delivery(DeliveryId(1), time(41)).await.unwrap());
    assert!(!store.retry(DeliveryId(1), time(42)).await.unwrap());
}

#[tokio::test]
async fn a_poll_is_committed_whole_or_not_at_all() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    record(&store, &snapshot(0, &[("", Some(&["anna:s1"]))]), &[delivery("a", "ops")]).await.unwrap();
    // A row that the schema refuses, at the very end of the transaction.
    sqlx::query("CREATE TRIGGER refuse BEFORE INSERT ON delivery WHEN new.cause = 'bad' BEGIN SELECT raise(ABORT, 'refused'); END")
        .execute(&store.pool)
        .await
        .unwrap();
    let bad = record(&store, &snapshot(60, &[("", Some(&["bo:s2"]))]), &[delivery("bad", "ops")]).await;
    assert!(matches!(bad, Err(StoreError::Other(_))), "{bad:?}");
    assert_eq!(spans(&store).await, ["anna ≤0-…/…"]);
    let good = record(&store, &snapshot(120, &[("", Some(&["bo:s2"]))]), &[]).await.unwrap();
    assert_eq!(good, Recorded::Done { began: 1, ended: 1 }, "what was in memory was dropped with the failed commit");
    assert_eq!(spans(&store).await, ["anna ≤0-120/0", "bo 120-…/…"]);
}

#[tokio::test]
async fn each_way_to_fail_has_its_sentence() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let held = store.lock().unwrap();
    assert!(store.lock().unwrap_err().to_string().starts_with("another headcount is running on this state directory"));
    drop(held);
    store.lock().unwrap();

    sqlx::query("PRAGMA max_page_count = 1").execute(&store.pool).await.unwrap();
    let many: Vec<String> = (0..5000).map(|i| format!("user{i}:s{i}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let full = record(&store, &snapshot(0, &[("", Some(&many))]), &[]).await.unwrap_err();
    assert!(full.to_string().contains("is full: make room"), "{full}");
    sqlx::query("PRAGMA max_page_count = 1000000").execute(&store.pool).await.unwrap();
    record(&store, &snapshot(0, &[("", Some(&many))]), &[]).await.unwrap();

    sqlx::query("UPDATE _sqlx_migrations SET version = 99 WHERE version = 1").execute(&store.pool).await.unwrap();
    store.close().await;
    let file = folder.path().join("state/headcount.db");
    let newer = Store::open(&file).await.err().unwrap().to_string();
    assert!(newer.contains("was written by a newer headcount (schema 99, this one knows "), "{newer}");

    let garbled = folder.path().join("garbled.db");
    std::fs::write(&garbled, "this is a letter, not a database, and it is long enough to be looked at ".repeat(100))
        .unwrap();
    let error = Store::open(&garbled).await.err().unwrap().to_string();
    assert!(error.contains("is no headcount store"), "{error}");

    let mut damaged = std::fs::read(&file).unwrap();
    for byte in &mut damaged[4096..12000] {
        *byte = 0x5a;
    }
    let file = folder.path().join("damaged.db");
    std::fs::write(&file, damaged).unwrap();
    let error = Store::open(&file).await.err().unwrap().to_string();
    assert!(error.contains("is damaged"), "{error}");

    let key = folder.path().join("keyless.db.key");
    std::fs::write(&key, "not a key").unwrap();
    let error = Store::open(&folder.path().join("keyless.db")).await.err().unwrap().to_string();
    assert!(error.contains("is not 32 bytes in hexadecimal"), "{error}");
}

#[tokio::test]
async fn a_locked_database_is_said_so() {
    let folder = TempDir::new().unwrap();
    let (one, other) = (open(&folder).await, open(&folder).await);
    let tx = dialect::begin(&one.pool).await.unwrap();
    sqlx::query("PRAGMA busy_timeout = 10").execute(&other.pool).await.unwrap();
    let busy = other.enqueue(&[delivery("a", "ops")], time(0)).await.unwrap_err();
    assert!(busy.to_string().contains("is locked by another program"), "{busy}");
    drop(tx);
}
