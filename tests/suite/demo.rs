//! `headcount demo`, for real: it tells its whole story, and leaves nothing running.

use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const TITLES: [(&str, &[&str]); 6] = [
    ("🟠 prod: 46 users, more than 40", &["Slack #ops", "Teams Managers"]),
    ("🟢 prod: 32 users, no longer more than 40", &["Slack #ops", "Teams Managers"]),
    ("prod: users fell from ", &["Slack #ops", "Teams Managers", "Mail to cio@example.com"]),
    ("does not answer (1 of 3 virtual proxies)", &["Slack #ops", "Mail to cio@example.com"]),
    ("prod: all 3 virtual proxies answer again", &["Slack #ops", "Mail to cio@example.com"]),
    ("prod: 13 users on, restart planned for ", &["Slack #ops", "Teams Managers", "Mail to cio@example.com"]),
];

fn demo(temporary: &Path, args: &[&str]) -> tokio::process::Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headcount"));
    command.arg("demo").args(args).current_dir(temporary).stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(Stdio::piped()).env_clear().env("TMPDIR", temporary);
    let mut command = tokio::process::Command::from(command);
    command.kill_on_drop(true);
    command
}

/// The one folder that a demo made.
fn folder(temporary: &Path) -> PathBuf {
    let made: Vec<_> =
        std::fs::read_dir(temporary).expect("a folder").map(|entry| entry.expect("one").path()).collect();
    let [made] = &made[..] else { panic!("{made:?}") };
    assert_eq!(made.metadata().expect("a folder").permissions().mode() & 0o777, 0o700);
    made.clone()
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every port that a configuration names refuses connections.
fn nothing_listens(configuration: &str) {
    let after = |mark: &str| {
        let ports = configuration.split(mark).skip(1);
        ports.filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()).collect::<Vec<u16>>()
    };
    let ports = [after("port: "), after("http://127.0.0.1:")].concat();
    assert_eq!(ports.len(), 5, "two nodes, a mail server and two webhooks: {configuration}");
    for port in ports {
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "something listens on {port}");
    }
}

#[tokio::test]
async fn the_demo_tells_its_whole_story() {
    let temporary = tempfile::TempDir::new().expect("a folder");
    let run = tokio::time::timeout(Duration::from_mins(2), demo(temporary.path(), &[]).output());
    let output = run.await.expect("it ends").expect("the binary runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!((output.status.code(), err.as_ref()), (Some(0), ""), "{out}");
    let folder = folder(temporary.path());
    let page = text(&folder.join("messages.html"));

    // Each message stands in a box that is headed by its channel.
    let boxes: Vec<_> = out.split("\n  ┌─ ").skip(1).collect();
    for (title, channels) in TITLES {
        let shown = boxes.iter().filter(|shown| shown.contains(title)).count();
        assert_eq!(shown, channels.len(), "{title}:\n{out}");
        for channel in channels {
            assert!(
                boxes.iter().any(|shown| shown.starts_with(channel) && shown.contains(title)),
                "{channel}: {title}"
            );
        }
        assert!(page.matches(title).count() >= channels.len(), "{title}");
    }
    assert_eq!((boxes.len(), page.matches("<article>").count()), (14, 14));
    assert!(out.lines().all(|line| line.chars().count() <= 80 || line.contains("headcount-demo-")), "{out}");
    assert!(!out.contains('\u{1b}'), "colour in a pipe");
    assert!(out.contains(&format!("{}/", folder.display())) && out.contains("messages.html"), "{out}");

    // Names are where they may be, and the managers see none.
    let teams = boxes.iter().filter(|shown| shown.starts_with("Teams"));
    assert!(teams.clone().count() == 4 && teams.clone().all(|shown| !shown.contains("Lind")), "{out}");
    assert!(page.contains("Anna Lind"));
    assert!(text(&folder.join("headcount.log")).contains("headcount has stopped"));
    nothing_listens(&text(&folder.join("headcount.yaml")));
}

#[tokio::test]
async fn the_demo_can_be_ended_at_any_time() {
    let temporary = tempfile::TempDir::new().expect("a folder");
    let child = demo(temporary.path(), &["--keep"]).spawn().expect("the binary runs");
    let begun = async {
        // The log begins once the signals are listened for.
        while !std::fs::read_dir(temporary.path())
            .expect("a folder")
            .any(|entry| entry.expect("one").path().join("state").exists())
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), begun).await.expect("it begins");
    let id = child.id().expect("it runs").to_string();
    assert!(Command::new("/bin/kill").args(["-INT", &id]).status().expect("kill runs").success());
    let ended = tokio::time::timeout(Duration::from_secs(15), child.wait_with_output()).await.expect("it ends");
    let output = ended.expect("an end");
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{out}");
    assert!(out.contains("Ended before its end"), "{out}");
    let folder = folder(temporary.path());
    assert!(folder.join("messages.html").exists());
    nothing_listens(&text(&folder.join("headcount.yaml")));
}

#[tokio::test]
async fn a_past_is_made_to_look_at() {
    let temporary = tempfile::TempDir::new().expect("a folder");
    let made = temporary.path().join("made");
    let into = made.to_str().expect("a path");
    let run = async |args: &[&str]| {
        let output =
            demo(temporary.path(), args).env("TZ", "Europe/Stockholm").output().await.expect("the binary runs");
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, out, err) = run(&["--history", "1d", "--to", "2026-10-31", "--into", into]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.starts_with("2026-10-31 to 2026-10-31: 1440 polls, "), "{out}");
    assert!(out.contains("incidents --all") && out.contains(into), "{out}");
    assert_eq!(made.join("state/headcount.db").metadata().expect("a store").permissions().mode() & 0o777, 0o600);

    let (code, _, err) = run(&["--history", "1d", "--into", into]).await;
    assert_eq!((code, err.contains("File exists")), (Some(1), true), "{err}");
    let other = temporary.path().join("other");
    let other = other.to_str().expect("a path");
    let (code, _, err) = run(&["--history", "1d", "--to", "2999-01-01", "--into", other]).await;
    assert_eq!((code, err.contains("the past ends before today")), (Some(2), true), "{err}");
    let (code, _, err) = run(&["--history", "0d"]).await;
    assert_eq!((code, err.contains("write whole days, from 1d to 400d")), (Some(2), true), "{err}");
}
