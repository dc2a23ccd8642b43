//! What programs are given of people: a webhook's and a file's facts, the CSV beside a mail, and what a terminal shows.

use headcount::channels::{Belongs, Channel, ChannelKind, Names, Parcel, Settings, file, format, terminal};
use headcount::demo::site::{Session, Setup, Site};
use headcount::message::{Message, Person, sample};
use headcount::render::Engine;
use jiff::Timestamp;
use serde_json::Value;

use super::{among, people, readers};
use crate::cli::headcount;
use crate::support::Folder;
use crate::support::gallery::renamed;
use crate::support::hostile::{Hostile, NAMES};

/// Everybody at once.
fn everybody() -> Vec<Person> {
    people(&NAMES.iter().map(|name| name.given).collect::<Vec<_>>())
}

fn naming() -> impl Iterator<Item = (&'static str, Message)> {
    sample::all().into_iter().filter(|(_, message)| !message.people.is_empty())
}

fn json(body: &str) -> Value {
    serde_json::from_str(body).expect("JSON")
}

#[test]
fn a_program_is_given_names_letter_for_letter_and_nothing_else_changes() {
    let engine = Engine::embedded();
    let harmless: Vec<String> = (0..NAMES.len()).map(|n| format!("anna{n}")).collect();
    let harmless = people(&harmless.iter().map(String::as_str).collect::<Vec<_>>());
    let mut listed = 0;
    for (sample, message) in naming() {
        for kind in [ChannelKind::Webhook, ChannelKind::File] {
            let [hostile, harmless] = [&everybody(), &harmless].map(|people| {
                let payload = format(kind, &among(message.clone(), people), &engine, Names::Full);
                let mut value = json(payload.body());
                if kind == ChannelKind::File { value["facts"].take() } else { value }
            });
            assert_eq!(readers::keys(&hostile), readers::keys(&harmless), "{kind} {sample}");
            for key in ["title", "text"] {
                assert_eq!(
                    hostile["data"][key], harmless["data"][key],
                    "{kind} {sample}: somebody is named in `{key}`"
                );
            }
            // A digest names its first few.
            for (person, Hostile { shown, .. }) in
                hostile["data"]["people"].as_array().expect("people").iter().zip(NAMES)
            {
                assert_eq!([&person["directory"], &person["id"], &person["name"]], [*shown; 3], "{kind} {sample}");
                listed += 1;
            }
        }
    }
    assert!(listed > 10 * NAMES.len(), "{listed}");
}

#[tokio::test]
async fn a_file_holds_names_as_letters_whatever_they_are() {
    let state = tempfile::TempDir::new().expect("a folder");
    let written: file::Written = serde_yaml::from_str("folder: out").expect("settings");
    let channel = Channel::new("scratch", Settings::File(file::Settings::new(&written).expect("settings")));
    let who = sample::all().into_iter().find(|(name, _)| *name == "who").expect("a sample").1;
    // The site and the report are called so, too.
    for (n, Hostile { given, .. }) in NAMES.iter().enumerate() {
        let message = renamed(among(who.clone(), &everybody()), &mut std::iter::repeat_n((*given).to_owned(), 3));
        let message = Message { people: everybody(), ..message };
        let payload = channel.format(&message, &Engine::embedded());
        let id = format!("<{n:032x}@example.com>");
        let now = Timestamp::from_second(1_795_417_800).expect("a time");
        let parcel = Parcel {
            body: payload.body(),
            recipient: "",
            message_id: &id,
            in_reply_to: None,
            belongs: Belongs::Alone,
            now,
            state: state.path(),
        };
        channel.send(parcel).await;
    }
    let mut files = 0;
    for entry in std::fs::read_dir(state.path().join("out")).expect("a folder") {
        let path = entry.expect("a file").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        assert!(
            name.starts_with("2026-11-23T07-10-00.000Z-who-") && path.extension().is_some_and(|ending| ending == "txt"),
            "{name}"
        );
        let text = std::fs::read_to_string(&path).expect("a text");
        let (said, facts) = text.rsplit_once("\n--- facts ---\n").expect("facts");
        assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{said}");
        for Hostile { shown, .. } in NAMES {
            assert!(
                said.lines().any(|line| line.trim_start_matches(' ').starts_with(&format!("{shown}\\{shown}"))),
                "{shown}: {said}"
            );
        }
        assert_eq!(json(facts)["data"]["people"].as_array().map(Vec::len), Some(NAMES.len()));
        files += 1;
    }
    assert_eq!(files, NAMES.len());
}

/// CSV as RFC 4180 says.
fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if quoted && rest.peek() == Some(&'"') => cell.extend(rest.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    rows
}

/// What a cell is to hold: a formula is none behind an apostrophe.
fn cell(shown: &str) -> String {
    if shown.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{shown}") } else { shown.to_owned() }
}

#[test]
fn the_list_beside_a_mail_holds_every_name_in_a_cell_of_its_own() {
    let engine = Engine::embedded();
    let mut lists = 0;
    for (sample, message) in naming() {
        // So many that the mail itself has no room for all.
        let filler: Vec<String> = (0..600).map(|n| format!("anna{n}")).collect();
        let mut all = everybody();
        all.extend(people(&filler.iter().map(String::as_str).collect::<Vec<_>>()));
        let body = json(format(ChannelKind::Email, &among(message, &all), &engine, Names::Full).body());
        let list = body["people"].as_str().unwrap_or_else(|| panic!("{sample}: no list"));
        let rows = rows(list.trim_start_matches('\u{feff}'));
        assert_eq!(rows.len(), all.len() + 1, "{sample}");
        for (row, Hostile { shown, .. }) in rows[1..].iter().zip(NAMES) {
            assert_eq!(row.len(), rows[0].len(), "{sample}: {row:?}");
            assert_eq!(row[..3], [cell(shown), cell(shown), cell(shown)], "{sample}");
        }
        lists += 1;
    }
    assert!(lists > 8, "{lists}");
}

/// Nothing steers a terminal, nor turns its text around.
fn steers(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn a_message_in_a_terminal_steers_nothing() {
    let engine = Engine::embedded();
    for (sample, message) in sample::all() {
        for Hostile { given, .. } in NAMES {
            let mut everything = renamed(message.clone(), &mut std::iter::repeat((*given).to_owned()));
            if !everything.people.is_empty() {
                everything = among(everything, &people(&[given]));
            }
            let shown = terminal(&everything, &engine, 100);
            assert!(!shown.chars().any(steers), "{sample} {given:?}: {shown:?}");
        }
    }
}

#[tokio::test]
async fn the_commands_show_names_and_do_nothing_with_them() {
    let site = Site::start(Setup::new("sense.example.test").proxy("sense.example.test", &["", "hr"])).await;
    let folder = Folder::new(&site);
    for Hostile { given, .. } in NAMES {
        site.add(0, "hr", Session::new("CORP", given));
        site.add(0, "", Session::new(given, "anna"));
    }
    let port = site.port(0).to_string();
    let base = [
        "who",
        "--host",
        "localhost",
        "--server-name",
        "sense.example.test",
        "--port",
        &port,
        "--cert",
        "client.pem",
        "--key",
        "client_key.pem",
        "--root",
        "root.pem",
        "--virtual-proxy",
        "",
        "--virtual-proxy",
        "hr",
        "--format",
    ];
    for format in ["table", "plain", "csv", "json"] {
        let done = headcount(&folder, &[&base[..], &[format]].concat()).await;
        assert_eq!(done.status, 0, "{}", done.err);
        let told = done.out.replace('\r', "");
        assert!(!told.chars().any(|c| steers(c) && c != '\t'), "{format}: {told:?}");
        match format {
            "plain" => {
                assert!(told.lines().all(|line| line.split('\t').count() == 3), "{told}");
                for Hostile { shown, .. } in NAMES {
                    assert!(
                        told.lines().any(|line| line.starts_with(&format!("CORP\\{shown}\t"))),
                        "{shown:?}: {told}"
                    );
                }
            }
            "csv" => {
                let rows = rows(&done.out);
                assert!(rows.iter().all(|row| row.len() == 5), "{told}");
                for Hostile { shown, .. } in NAMES {
                    assert!(rows.iter().any(|row| row[..2] == ["CORP".to_owned(), cell(shown)]), "{shown:?}: {told}");
                    assert!(rows.iter().any(|row| row[..2] == [cell(shown), "anna".to_owned()]), "{shown:?}: {told}");
                }
            }
            "json" => {
                let answer = json(&done.out);
                let people = answer["sites"][0]["people"].as_array().expect("people");
                for Hostile { shown, .. } in NAMES {
                    assert!(
                        people.iter().any(|person| person["id"] == *shown && person["directory"] == "CORP"),
                        "{shown:?}"
                    );
                }
            }
            _ => {}
        }
    }
}
