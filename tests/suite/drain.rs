//! `drain` by the real binary in a pipe: its lines, its messages, its end.

use std::process::Stdio;
use std::time::Duration;

use headcount::demo::inbox::{Fault as InboxFault, HttpInbox, plain_text};
use headcount::demo::site::{Fault, Setup, Site};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::cli::{command, headcount};
use crate::support::Folder;

struct Scene {
    site: Site,
    inbox: HttpInbox,
    folder: Folder,
}

impl Scene {
    async fn new() -> Self {
        let setup = Setup::new("sense.example.test").proxy("sense.example.test", &["", "hr"]).engines();
        let site = Site::start(setup).await;
        let inbox = HttpInbox::start().await;
        let folder = Folder::new(&site);
        let text = format!(
            r#"
time_zone: Europe/Stockholm
sites:
  prod:
    host: localhost
    certificate: {{pem: client.pem, key: client_key.pem}}
    trust: {{root: root.pem}}
    timeout: 1s
    ports: {{engine: {}}}
    proxies: [{{host: localhost, port: {}, server_name: sense.example.test, virtual_proxies: ["", hr]}}]
channels:
  ops: {{slack: {{webhook_url: "{}"}}, pace: none}}
  managers: {{slack: {{webhook_url: "{}"}}, pace: none}}
"#,
            site.engine_port(),
            site.port(0),
            inbox.slack("ops"),
            inbox.slack("managers"),
        );
        folder.write("headcount.yaml", &text);
        Self { site, inbox, folder }
    }

    fn drain(&self, words: &[&str]) -> Draining {
        let all = [&["drain", "--site", "prod", "--every", "1s"], words].concat();
        let mut child = command(self.folder.path(), &all)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        Draining { child, lines }
    }

    /// The titles of what has come to a channel.
    fn told(&self, channel: &str) -> Vec<String> {
        let received = self.inbox.received();
        let its = received.iter().filter(|message| message.name == channel);
        its.map(|message| plain_text(&message.body).lines().next().unwrap_or_default().to_owned()).collect()
    }
}

struct Draining {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Draining {
    /// Waits for a line that says this.
    async fn says(&mut self, what: &str) -> String {
        let told = async {
            loop {
                let line = self.lines.next_line().await.expect("UTF-8").unwrap_or_else(|| panic!("nobody said {what}"));
                if line.contains(what) {
                    break line;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), told).await.expect(what)
    }

    fn interrupt(&self) {
        let pid = i32::try_from(self.child.id().expect("it runs")).expect("a pid");
        let pid = rustix::process::Pid::from_raw(pid).expect("a pid");
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a signal");
    }

    /// Its status, and what it complained of.
    async fn ends(mut self) -> (i32, String) {
        while self.lines.next_line().await.expect("UTF-8").is_some() {}
        let mut err = String::new();
        self.child.stderr.take().expect("stderr").read_to_string(&mut err).await.expect("UTF-8");
        let status = tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await.expect("an end");
        (status.expect("a status").code().expect("a code"), err)
    }
}

#[tokio::test]
async fn people_leave_one_by_one_without_a_daemon() {
    let scene = Scene::new().await;
    scene.site.connect_named(0, "", "CORP", "anna", "Anna Andersson");
    scene.site.connect(0, "hr", "CORP", "bo");
    scene.site.connect_anonymous(0, "");
    let mut drain = scene.drain(&["--deadline", "30m", "--tell", "ops", "--reason", "November patch"]);
    let first = drain.says("2 users and 1 anonymous session in 3 sessions on").await;
    assert!(first.contains(" left until "), "{first}");
    let anna = drain.says(r"CORP\anna").await;
    assert!(anna.contains("Anna Andersson") && anna.contains("1 session on (default)"), "{anna}");
    drain.says("The engines count 3 of 3 users").await;
    drain.says("A closed browser stays on the list until it times out").await;
    scene.site.disconnect_user(0, "hr", "CORP", "bo");
    drain.says(r"1 user and 1 anonymous session in 2 sessions on").await;
    scene.site.clear(0, "");
    drain.says("nobody is on").await;
    drain.says("prod: clear, nobody is on.").await;
    let (status, err) = drain.ends().await;
    assert_eq!((status, err.as_str()), (0, "`ops` took it.\n`ops` took it.\n"));
    let told = scene.told("ops");
    assert!(told[0].contains("prod: restart planned in 30 min, 2 users and 1 anonymous session on"), "{told:?}");
    assert!(told[1].contains("prod: clear for the restart at") && told.len() == 2, "{told:?}");
    assert_eq!(scene.site.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn nobody_leaves_and_a_site_that_dies_is_not_clear() {
    let scene = Scene::new().await;
    scene.site.connect(0, "", "CORP", "anna");
    let mut drain = scene.drain(&["--deadline", "2s", "--tell", "ops"]);
    drain.says("the time has come, and not all have left. prod: 1 user in 1 session.").await;
    drain.says(r"CORP\anna").await;
    assert_eq!(drain.ends().await.0, 4);
    assert!(
        scene.told("ops")[1].contains("prod: 1 user still on at the time for the restart"),
        "{:?}",
        scene.told("ops")
    );

    let mut drain = scene.drain(&["--deadline", "3s"]);
    drain.says("1 user in 1 session on").await;
    scene.site.stop_proxy(0).await;
    drain.says("who is on is not known: no virtual proxy answered").await;
    drain.says("it is not known whether all have left").await;
    let (status, err) = drain.ends().await;
    assert_eq!(status, 3);
    assert!(err.contains("the connection was refused") && err.contains("Qlik Sense Proxy Service"), "{err}");
}

#[tokio::test]
async fn whoever_is_not_seen_is_not_gone() {
    let scene = Scene::new().await;
    scene.site.connect(0, "", "CORP", "anna");
    scene.site.connect(0, "hr", "CORP", "bo");
    let mut drain = scene.drain(&["--deadline", "30m"]);
    drain.says("2 users in 2 sessions on").await;
    scene.site.fail(0, "hr", Fault::status(503));
    let partial = drain.says("1 of 2 virtual proxies did not answer").await;
    assert!(partial.contains("at least 1 user") && !partial.contains("gone"), "{partial}");
    scene.site.clear(0, "hr");
    scene.site.heal_all();
    let full = drain.says("1 user in 1 session on").await;
    assert!(full.contains(r"gone: CORP\bo"), "{full}");
    drain.interrupt();
    assert_eq!(drain.ends().await.0, 1);
}

#[tokio::test]
async fn whoever_ends_it_says_so_and_a_daemon_beside_it_sends() {
    let scene = Scene::new().await;
    scene.site.connect(0, "", "CORP", "anna");
    let mut daemon =
        command(scene.folder.path(), &["run"]).stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("a daemon");
    let mut log = BufReader::new(daemon.stderr.take().expect("a log")).lines();
    while !log.next_line().await.expect("a log").expect("it runs").contains("headcount is running") {}
    let mut drain = scene.drain(&["--deadline", "30m", "--tell", "ops", "--tell", "managers", "--tell", "ops"]);
    drain.says("1 user in 1 session on").await;
    scene.inbox.arrived(2).await;
    drain.interrupt();
    let (status, err) = drain.ends().await;
    assert_eq!(status, 1);
    assert!(err.contains("Called off. The channels are told so") && err.ends_with("took it.\n"), "{err}");
    for channel in ["ops", "managers"] {
        let told = scene.told(channel);
        assert!(told.len() == 2 && told[1].contains("is called off"), "{channel}: {told:?}");
    }
}

#[tokio::test]
async fn a_channel_that_fails_does_not_hold_it_up_and_is_tried_again_at_the_end() {
    let scene = Scene::new().await;
    scene.site.connect(0, "", "CORP", "anna");
    scene.inbox.always("ops", Some(InboxFault::status(503, "later")));
    let mut drain = scene.drain(&["--deadline", "30m", "--tell", "ops"]);
    drain.says("1 user in 1 session on").await;
    scene.inbox.always("ops", None);
    scene.site.clear(0, "");
    drain.says("prod: clear, nobody is on.").await;
    let (status, err) = drain.ends().await;
    assert_eq!(status, 0, "{err}");
    assert_eq!(scene.told("ops").len(), 2, "{err}");
}

#[tokio::test]
async fn whoever_promised_to_tell_and_could_not_has_failed_unless_a_daemon_goes_on_trying() {
    let scene = Scene::new().await;
    scene.site.connect(0, "", "CORP", "anna");
    scene.inbox.always("ops", Some(InboxFault::status(404, "no_team")));
    let mut drain = scene.drain(&["--deadline", "30m", "--tell", "ops", "--tell", "managers"]);
    drain.says("1 user in 1 session on").await;
    scene.site.clear(0, "");
    drain.says("prod: clear, nobody is on.").await;
    let (status, err) = drain.ends().await;
    assert_eq!(status, 1, "{err}");
    assert!(err.ends_with("2 messages were not taken by `ops`: the exit status is 1\n"), "{err}");
    assert_eq!(scene.told("managers").len(), 2);
    // Whether people are on matters more.
    scene.site.connect(0, "", "CORP", "anna");
    let drain = scene.drain(&["--deadline", "2s", "--tell", "ops"]);
    let (status, err) = drain.ends().await;
    assert_eq!(status, 4, "{err}");
    assert!(err.contains("not taken by `ops`: the exit status is 4"), "{err}");

    let mut daemon =
        command(scene.folder.path(), &["run"]).stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("a daemon");
    let mut log = BufReader::new(daemon.stderr.take().expect("a log")).lines();
    while !log.next_line().await.expect("a log").expect("it runs").contains("headcount is running") {}
    scene.site.clear(0, "");
    let mut drain = scene.drain(&["--deadline", "30m", "--tell", "ops"]);
    drain.says("prod: clear, nobody is on.").await;
    let (status, err) = drain.ends().await;
    assert_eq!(status, 0, "{err}");
    assert!(err.contains("`ops`"), "{err}");
}

#[tokio::test]
async fn what_cannot_be_is_a_sentence() {
    let scene = Scene::new().await;
    for (words, told) in [
        (&["--site", "prd", "--deadline", "30m"][..], "no site is called `prd`; did you mean `prod`?"),
        (&["--site", "prod", "--deadline", "30m", "--tell", "op"], "no channel is called `op`; did you mean `ops`?"),
        (&["--site", "prod", "--deadline", "soon"], "neither a time such as `22:00`"),
        (&["--site", "prod", "--deadline", "0s"], "leaves nobody any time"),
        (&["--site", "prod", "--deadline", "2020-01-01T22:00"], "is over"),
        (&["--site", "prod", "--deadline", "24:30"], "is no time"),
        (&["--site", "prod", "--deadline", "30d"], "more than a week away"),
        (&["--site", "prod", "--deadline", "30m", "--every", "0s"], "that is no time at all"),
        (&["--site", "prod", "--deadline", "30m", "--until", "-1"], "unexpected argument"),
        (&["--site", "prod", "--deadline", "30m", "--until", "few"], "invalid value 'few'"),
        (&["--site", "prod"], "--deadline"),
        (&["--deadline", "30m"], "--site"),
    ] {
        let done = headcount(&scene.folder, &[&["drain"], words].concat()).await;
        assert!(done.status == 2 && done.err.contains(told) && done.out.is_empty(), "{words:?}: {}", done.err);
    }
    assert_eq!(scene.site.requests(), 0);
}
