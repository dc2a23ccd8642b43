//! What pseudonyms promise, over a real database file.

use std::collections::HashSet;
use std::path::Path;

use tempfile::TempDir;

use super::super::tests::{open, record, snapshot, time};
use super::*;

fn user(id: &str) -> User {
    User { directory: "CORP".into(), id: id.into(), name: None }
}

#[test]
fn the_words_are_enough_and_each_is_there_once() {
    for list in [&words::FIRST[..], &words::SECOND[..]] {
        let all: HashSet<_> = list.iter().collect();
        assert_eq!(all.len(), list.len());
        assert!(list.iter().all(|word| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase())));
    }
    assert!(words::FIRST.len() * words::SECOND.len() > 120_000);
}

#[tokio::test]
async fn everybody_has_words_of_their_own_and_keeps_them() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let users: Vec<User> = (0..5_000).map(|i| user(&format!("user{i}"))).collect();
    let all: Vec<&User> = users.iter().collect();
    let first: Vec<String> =
        store.pseudonyms(&all, time(0)).await.unwrap().into_iter().map(|(_, words)| words).collect();
    assert_eq!(first.iter().collect::<HashSet<_>>().len(), 5_000);
    assert!(first.iter().all(|words| words.split('-').count() == 2));
    // Some met words that others had; who came first keeps them.
    let offered = |user: &&User| offered(store.key.chance(&store.key.who("CORP", &user.id), 0), 0);
    let second = all.iter().zip(&first).filter(|(user, words)| offered(user) != **words).count();
    assert!((20..400).contains(&second), "{second} had their second words or later ones");
    store.close().await;

    let store = open(&folder).await;
    let shouting = User { directory: "corp".into(), id: "USER17".into(), name: None };
    let again = store.pseudonyms(&[all[4_999], &shouting], time(9)).await.unwrap();
    assert_eq!([&again[0].1, &again[1].1], [&first[4_999], &first[17]]);
    // The words alone lead to nobody: with another key they are others.
    std::fs::remove_file(folder.path().join("state/headcount.db.key")).unwrap();
    store.close().await;
    let other = Store::open(&folder.path().join("state/other.db")).await.unwrap();
    assert_ne!(other.pseudonyms(&[all[0]], time(9)).await.unwrap()[0].1, first[0]);
}

#[tokio::test]
async fn a_full_lexicon_goes_on_with_numbers() {
    let all: HashSet<_> = (0..100_000_u32).map(|i| offered(u64::from(i), 0)).collect();
    assert_eq!(all.len(), 100_000);
    assert_eq!(offered(0, TRIES), format!("{}-2", offered(0, 0)));
}

/// The files in which some bytes stand.
fn found(folder: &Path, bytes: &str) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| std::fs::read(path).unwrap().windows(bytes.len()).any(|window| window == bytes.as_bytes()))
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_store_under_pseudonyms_never_holds_a_name() {
    for names in [Names::Pseudonym, Names::Hidden] {
        let folder = TempDir::new().unwrap();
        let store = open(&folder).await.naming(names);
        record(&store, &snapshot(0, &[("", Some(&["Xenocrates:s1", "Yolanda:s2"]))]), &[]).await.unwrap();
        record(&store, &snapshot(60, &[("", Some(&["xenoCRATES:s3", "Yolanda:s2"]))]), &[]).await.unwrap();
        for name in ["enocrates", "ENOCRATES", "enoCRATES", "olanda"] {
            assert_eq!(found(&folder.path().join("state"), name), Vec::<String>::new(), "{names:?}");
        }
        let people = store.texts("SELECT directory || '\\' || user_id FROM person ORDER BY id").await;
        assert_eq!(people.len(), 2, "whatever the case, one person is one: {people:?}");
        let words = store.pseudonyms(&[&user("Xenocrates")], time(60)).await.unwrap().remove(0).1;
        assert_eq!(people[0] == format!("CORP\\{words}"), names == Names::Pseudonym);
    }
}

#[tokio::test]
async fn a_store_that_held_names_is_brought_under_pseudonyms_whole() {
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("state");
    let store = open(&folder).await;
    let waits = crate::outbox::NewDelivery {
        title: "CORP\\Xenocrates is on".into(),
        body: r#"{"text":"CORP\\Xenocrates (Name of Xenocrates) is on"}"#.into(),
        ..super::super::tests::delivery("waits", "ops")
    };
    record(&store, &snapshot(0, &[("", Some(&["Xenocrates:s1", "Yolanda:s2"]))]), &[waits]).await.unwrap();
    store.close().await;

    let store = open(&folder).await.naming(Names::Pseudonym);
    assert!(!found(&state, "Xenocrates").is_empty());
    assert_eq!(store.adopt_names(time(60)).await.unwrap(), 2);
    assert_eq!(store.adopt_names(time(60)).await.unwrap(), 0, "once is enough");
    for name in ["Xenocrates", "xenocrates", "Yolanda", "yolanda"] {
        assert_eq!(found(&state, name), Vec::<String>::new());
    }
    let words = store.pseudonyms(&[&user("Xenocrates")], time(60)).await.unwrap().remove(0).1;
    let waiting = store.deliveries(true, 10).await.unwrap().remove(0);
    assert_eq!(waiting.title, format!("CORP\\{words} is on"));
    assert_eq!(waiting.body, format!(r#"{{"text":"CORP\\{words} ({words}) is on"}}"#));
    // The sessions go on, and are the same person's.
    record(&store, &snapshot(120, &[("", Some(&["Xenocrates:s1", "Xenocrates:s3"]))]), &[]).await.unwrap();
    assert_eq!(store.texts("SELECT user_id FROM person WHERE id = 1").await, [words]);
    assert_eq!(store.texts("SELECT 'n' || count(*) FROM person").await, ["n2"]);
    assert_eq!(store.texts("SELECT 'n' || count(*) FROM span WHERE person = 1").await, ["n2"]);
}

#[tokio::test]
async fn who_is_forgotten_is_nowhere_in_the_files_and_nobody_can_undo_it() {
    for names in [Names::Full, Names::Pseudonym] {
        let folder = TempDir::new().unwrap();
        let state = folder.path().join("state");
        let store = open(&folder).await.naming(names);
        let beside = Store::open(&state.join("headcount.db")).await.unwrap();
        let waits = |cause: &str| crate::outbox::NewDelivery {
            title: "CORP\\Xenocrates is on".into(),
            // A store without names has none to find in messages either, which were made under the same rule.
            body: match names {
                Names::Full => {
                    r#"{"html":"<b>CORP\\xenocrates</b> (Name of Xenocrates)","text":"CORP\\Yolanda"}"#.into()
                }
                _ => r#"{"html":"<b>CORP\\xenocrates</b>","text":"CORP\\Yolanda"}"#.into(),
            },
            plainer: Some(r#"{"people":[{"directory":"CORP","id":"Xenocrates","name":"Name of Xenocrates"}]}"#.into()),
            plainest: Some("CORP\\Xenocrates\u{2026}".into()),
            ..super::super::tests::delivery(cause, "ops")
        };
        record(&store, &snapshot(0, &[("", Some(&["Xenocrates:s1", "Yolanda:s2"]))]), &[waits("one")]).await.unwrap();
        record(&store, &snapshot(60, &[("", Some(&["Xenocrates:s3", "Yolanda:s2"]))]), &[waits("two")]).await.unwrap();
        let words = store.pseudonyms(&[&user("Xenocrates")], time(60)).await.unwrap().remove(0).1;
        let hashes = "SELECT hex(session) FROM span ORDER BY id";
        let before = store.texts(hashes).await;

        let forgot = beside.forget("corp", "XENOCRATES", time(90)).await.unwrap().unwrap();
        assert_eq!((forgot.sessions, forgot.on, forgot.gone), (2, true, true), "{names:?}");
        assert_ne!(forgot.words, words);
        for name in ["Xenocrates", "xenocrates", "XENOCRATES", &words] {
            assert_eq!(found(&state, name), Vec::<String>::new(), "{name} under {names:?}");
        }
        let waiting = store.deliveries(true, 10).await.unwrap();
        assert!(waiting.iter().all(|one| one.title == format!("CORP\\{} is on", forgot.words)), "{waiting:?}");
        assert!(waiting.iter().all(|one| one.body.contains("Yolanda") && one.body.contains(&forgot.words)));
        let people = "SELECT directory || '\\' || user_id FROM person ORDER BY id";
        assert!(store.texts(people).await.contains(&format!("CORP\\{}", forgot.words)));
        // What was known of the session that is over leads nowhere; the one that goes on is still known.
        let after = store.texts(hashes).await;
        assert_eq!(before.iter().zip(&after).filter(|(one, other)| one != other).count(), 1);

        // The daemon goes on: the session is the pseudonym's to its end, and a later one a newcomer's.
        record(&store, &snapshot(120, &[("", Some(&["Xenocrates:s3", "Yolanda:s2"]))]), &[]).await.unwrap();
        assert_eq!(found(&state, "enocrates"), Vec::<String>::new());
        record(&store, &snapshot(180, &[("", Some(&["Yolanda:s2"]))]), &[]).await.unwrap();
        assert_eq!(store.texts("SELECT 'n' || count(*) FROM span WHERE ended IS NULL").await, ["n1"]);
        assert_eq!(found(&state, "enocrates"), Vec::<String>::new());
        record(&store, &snapshot(240, &[("", Some(&["Xenocrates:s4"]))]), &[]).await.unwrap();
        assert_eq!(store.texts("SELECT 'n' || count(*) FROM person").await, ["n3"]);

        // By their words, where these are all that is known; and nobody is not forgotten.
        if names == Names::Pseudonym {
            let words = store.pseudonyms(&[&user("Yolanda")], time(250)).await.unwrap().remove(0).1;
            let forgot = store.forget("CORP", &words, time(250)).await.unwrap().unwrap();
            assert_eq!(forgot.sessions, 1);
        }
        assert_eq!(store.forget("CORP", "Zacharias", time(260)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_directory_of_one_is_forgotten_too() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    record(&store, &snapshot(0, &[("", Some(&["PC-OF-ANNA\\anna:s1", "Yolanda:s2"]))]), &[]).await.unwrap();
    let forgot = store.forget("PC-OF-ANNA", "anna", time(9)).await.unwrap().unwrap();
    assert_eq!(store.people().await.unwrap(), [format!("{0}\\{0}", forgot.words), "CORP\\Yolanda".to_owned()]);
    assert_eq!(found(&folder.path().join("state"), "ANNA"), Vec::<String>::new());
}

#[tokio::test]
async fn the_address_of_whoever_is_forgotten_goes_with_them() {
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("state");
    let store = open(&folder).await;
    let mark = |to: &str| store.mark_of("CORP", to);
    let letter = |to: &str| crate::outbox::NewDelivery {
        recipient: format!("{to}@example.com"),
        title: "please log out".into(),
        body: format!(r#"{{"to":"{to}@example.com"}}"#),
        ..super::super::tests::delivery(&format!("notice:prod:x:{}", mark(to)), "bosses")
    };
    record(&store, &snapshot(0, &[("", Some(&["Xenocrates:s1", "Yolanda:s2"]))]), &[]).await.unwrap();
    let (known, other) = (user("Xenocrates"), user("Yolanda"));
    let accounts = [(&known, None, Some("xeno.crates@example.com")), (&other, None, Some("yolanda@example.com"))];
    store.keep_accounts(&accounts, time(1)).await.unwrap();
    store.enqueue(&[letter("Xenocrates"), letter("Yolanda")], time(2)).await.unwrap();
    store.forget("corp", "xenocrates", time(9)).await.unwrap().unwrap();
    for trace in ["xeno.crates", "enocrates@", &mark("xenocrates")] {
        assert_eq!(found(&state, trace), Vec::<String>::new(), "{trace}");
    }
    let told = store.texts("SELECT state || ' ' || recipient FROM delivery WHERE state = 'pending'").await;
    assert_eq!(told, ["pending Yolanda@example.com"]);
    assert_eq!(store.addresses_of(&[&other], time(0)).await.unwrap().len(), 1);

    // A store under pseudonyms keeps no address at all.
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await.naming(Names::Pseudonym);
    store.keep_accounts(&accounts, time(1)).await.unwrap();
    assert_eq!(store.texts("SELECT 'n' || count(*) FROM person").await, ["n0"]);
    assert_eq!(store.not_asked_about("prod", time(1), 9).await.unwrap().len(), 0);
}
