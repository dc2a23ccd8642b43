//! Looking into the past with the real binary: `who --at`, `export` and `forget`, on a made day.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const DAY: &str = "2026-10-31";

struct Made {
    _folder: TempDir,
    path: PathBuf,
}

impl Made {
    /// A Saturday, so that it is made quickly.
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("made");
        let made = Self { _folder: folder, path };
        let into = made.path.display().to_string();
        let (code, out, err) = made.run(&["demo", "--history", "1d", "--to", DAY, "--into", &into]);
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        made
    }

    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_headcount"))
            .args(args)
            .env_clear()
            .env("TZ", "Europe/Stockholm")
            .env("HEADCOUNT_CONFIG", self.path.join("headcount.yaml"))
            .env("HEADCOUNT_STATE", self.state())
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
    }

    fn state(&self) -> PathBuf {
        self.path.join("state")
    }

    /// What a command prints, when it does what it was asked for.
    fn said(&self, args: &[&str]) -> String {
        let (code, out, err) = self.run(args);
        assert_eq!((code, err.as_str()), (0, ""), "{args:?}: {out}");
        out
    }

    fn export(&self, what: &str, format: &str) -> String {
        self.said(&["export", "--site", "prod", "--from", DAY, "--to", DAY, "--what", what, "--format", format])
    }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn found(folder: &Path, text: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let has = |file: &PathBuf| {
        let bytes = std::fs::read(file).expect("a file").to_ascii_lowercase();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    files.filter(has).collect()
}

#[test]
fn the_past_is_asked_exported_and_forgotten() {
    let made = Made::new();
    let at = format!("{DAY}T10:30");
    let utc = "2026-10-31T09:30:00Z";
    let then: Value = serde_json::from_str(&made.said(&["who", "--at", &at, "--format", "json"])).expect("JSON");
    assert_eq!((&then["at"], &then["sites"][0]["coverage"]["asked"]), (&Value::from(utc), &Value::from(8)));

    // What was on then is what the export says of it, counted by hand.
    let sessions = lines(&made.export("sessions", "json"));
    let on: Vec<_> = sessions
        .iter()
        .filter(|one| one["began"].as_str() <= Some(utc) && one["ended"].as_str().is_none_or(|ended| ended > utc))
        .collect();
    let people: HashSet<_> = on
        .iter()
        .filter(|one| one["anonymous"] == false)
        .map(|one| (one["directory"].as_str(), one["id"].as_str()))
        .collect();
    assert!(people.len() > 20, "{}", people.len());
    assert_eq!((&then["sessions"], &then["users"]), (&Value::from(on.len()), &Value::from(people.len())));
    let listed = then["sites"][0]["people"].as_array().expect("people");
    assert_eq!(listed.len(), people.len());
    assert!(listed.iter().all(|person| person["since"].as_str() <= Some(utc) && person["at_least"] == false));

    // The readings count the same.
    let readings = lines(&made.export("readings", "json"));
    let site = readings
        .iter()
        .find(|one| one["proxy"].is_null() && one["from"].as_str() <= Some(utc) && one["to"].as_str() >= Some(utc));
    let site = site.expect("a reading of the site");
    assert_eq!(
        (&site["sessions"], &site["users"], &site["kind"]),
        (&then["sessions"], &then["users"], &"reading".into())
    );

    // CSV has the same rows under one header.
    for (what, rows) in [("sessions", sessions.len()), ("readings", readings.len())] {
        let csv = made.export(what, "csv");
        assert_eq!(csv.lines().count(), rows + 1, "{what}");
        assert!(csv.starts_with("site,proxy,prefix,"), "{csv:.80}");
    }

    // Groups add up to at least the whole: somebody is in two of them.
    let grouped = made.said(&["who", "--at", &at, "--format", "json", "--group-by", "virtual-proxy"]);
    let grouped: Value = serde_json::from_str(&grouped).expect("JSON");
    let groups = grouped["sites"][0]["groups"].as_array().expect("groups");
    let sum = |key: &str| groups.iter().map(|group| group[key].as_u64().expect("a number")).sum::<u64>();
    assert_eq!((Value::from(sum("sessions")), groups.len()), (then["sessions"].clone(), 8));
    assert!(sum("users") >= people.len() as u64);
    let table = made.said(&["who", "--at", &at, "--format", "table", "--group-by", "directory"]);
    assert!(table.starts_with("CORP: ") && table.contains("\nPARTNER: ") && table.contains("Since"), "{table:.400}");

    // Forgotten beside whatever else; numbers stay, the name is nowhere.
    let person = listed[0].clone();
    let (directory, id) = (person["directory"].as_str().expect("one"), person["id"].as_str().expect("one"));
    let name = person["name"].as_str().expect("one").to_lowercase();
    let who = format!("{directory}\\{id}");
    assert!(!found(&made.state(), id).is_empty());
    let (code, _, err) = made.run(&["forget", &format!("{who}x")]);
    assert_eq!((code, err), (1, format!("headcount: nobody is known as `{who}x`; did you mean `{who}`?\n")));
    let (code, out, err) = made.run(&["forget", &who.to_uppercase()]);
    assert_eq!((code, out.contains("is forgotten: "), err.as_str()), (0, true, ""), "{out}");
    for text in [id, name.as_str()] {
        assert_eq!(found(&made.state(), text), Vec::<PathBuf>::new(), "{text}");
    }
    let again: Value = serde_json::from_str(&made.said(&["who", "--at", &at, "--format", "json"])).expect("JSON");
    assert_eq!((&again["users"], &again["sessions"]), (&then["users"], &then["sessions"]));
    assert_eq!(lines(&made.export("sessions", "json")).len(), sessions.len());
    assert_eq!(made.run(&["forget", &who]).0, 1, "once is all");
}

#[test]
fn what_the_past_does_not_know_is_said() {
    let made = Made::new();
    for (args, code, said) in [
        (&["who", "--at", "2026-11-02T10:00"][..], 3, "nobody asked, or it is not stored any more"),
        (&["who", "--at", "2026-10-30T10:00"], 3, "nobody asked, or it is not stored any more"),
        (&["who", "--at", "2999-01-01T10:00"], 2, "is still to come: write a time that is over"),
        (&["who", "--at", "noon"], 2, "`noon` is no time: write `HH:MM`"),
        (&["who", "--at", "10:00", "--site", "test"], 2, "nothing is stored of a site `test`; there is `prod`"),
        (&["who", "--at", "10:00", "--host", "x"], 2, "cannot be used with"),
        (
            &["export", "--site", "prod", "--from", "2026-10-31", "--to", "2026-10-30", "--format", "csv"],
            2,
            "is before",
        ),
        (&["export", "--site", "test", "--from", DAY, "--to", DAY, "--format", "csv"], 2, "there is `prod`"),
        (&["export", "--site", "prod", "--from", "31.10.", "--to", DAY, "--format", "csv"], 2, "it is no day"),
        (&["forget", "CORP\\"], 2, "name one person as `DIRECTORY\\id`"),
        (&["forget", "CORP\\nobody.at.all"], 1, "nobody is known as `CORP\\nobody.at.all`"),
    ] {
        let (status, out, err) = made.run(args);
        assert_eq!((status, err.contains(said)), (code, true), "{args:?}: {out}{err}");
    }
    let empty =
        made.said(&["export", "--site", "prod", "--from", "2020-01-01", "--to", "2020-01-02", "--format", "csv"]);
    assert_eq!(empty, "", "no row, no header: nothing is stored of these days");
}
