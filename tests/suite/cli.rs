//! The binary, by its documented words.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use headcount::demo::inbox::{Fault as InboxFault, HttpInbox, plain_text};
use headcount::demo::site::{Fault, Session, Setup, Site};
use serde_json::Value;

use crate::support::{Folder, World};

const BINARY: &str = env!("CARGO_BIN_EXE_headcount");

pub(crate) struct Done {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { status: output.status.code().expect("a status"), out: text(output.stdout), err: text(output.stderr) }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }
}

pub(crate) fn command(folder: &Path, args: &[&str]) -> tokio::process::Command {
    let mut command = Command::new(BINARY);
    command.current_dir(folder).args(args).stdin(Stdio::null()).env_clear().env("PATH", "/usr/bin:/bin");
    // A proxy of the environment must not be used: nothing listens there.
    command.env("HTTPS_PROXY", "http://127.0.0.1:9").env("ALL_PROXY", "http://127.0.0.1:9");
    tokio::process::Command::from(command)
}

pub(crate) async fn headcount(folder: &Folder, args: &[&str]) -> Done {
    Done::of(command(folder.path(), args).output().await.expect("the binary runs"))
}

pub(crate) async fn site() -> (Site, Folder) {
    let site = Site::start(
        Setup::new("sense.example.test").proxy("sense.example.test", &["", "hr"]).proxy("other.example.test", &[""]),
    )
    .await;
    let folder = Folder::new(&site);
    (site, folder)
}

/// The words that reach a site without a configuration.
fn by_host(site: &Site, more: &[&str]) -> Vec<String> {
    let port = site.port(0).to_string();
    let words = [
        "who",
        "--host",
        "localhost",
        "--server-name",
        "sense.example.test",
        "--cert",
        "client.pem",
        "--key",
        "client_key.pem",
        "--root",
        "root.pem",
        "--port",
        &port,
    ];
    words.iter().chain(more).map(|word| (*word).to_owned()).collect()
}

async fn who(site: &Site, folder: &Folder, more: &[&str]) -> Done {
    let words = by_host(site, more);
    headcount(folder, &words.iter().map(String::as_str).collect::<Vec<_>>()).await
}

pub(crate) fn configured(site: &Site, folder: &Folder, inbox: Option<&HttpInbox>) {
    let webhook = inbox.map_or("http://127.0.0.1:9/x".to_owned(), |inbox| inbox.slack("ops"));
    folder.write("slack-ops", &format!("{webhook}\n"));
    folder.write(
        "headcount.yaml",
        &format!(
            r#"
time_zone: Europe/Stockholm
sites:
  prod:
    host: localhost
    certificate: {{pem: client.pem, key: client_key.pem}}
    trust: {{root: root.pem}}
    timeout: 1s
    proxies:
      - {{host: localhost, port: {}, server_name: sense.example.test, virtual_proxies: ["", hr]}}
      - {{host: 127.0.0.1, port: {}, server_name: other.example.test}}
checks:
  sessions: {{site: prod, cron: "* * * * * *", rules: [crowded, blind]}}
rules:
  crowded: {{threshold: {{metric: users, above: 3}}, severity: critical, tell: ops}}
  blind: {{unreachable: {{for: 1h}}, tell: ops}}
reports:
  before-restart: {{who: {{}}, site: all, cron: "45 21 * * SUN", tell: [ops]}}
channels:
  ops: {{slack: {{webhook_url_file: slack-ops}}, pace: none}}
"#,
            site.port(0),
            site.port(1)
        ),
    );
}

#[tokio::test]
async fn who_by_host_in_every_form() {
    let (site, folder) = site().await;
    site.connect_named(0, "", "CORP", "anna", "Anna, \"A\"");
    site.connect(0, "hr", "corp", "ANNA");
    site.connect(0, "hr", "CORP", "=cmd()");
    site.connect_anonymous(0, "hr");
    let both = ["--virtual-proxy", "", "--virtual-proxy", "hr"];

    let plain = who(&site, &folder, &both).await;
    assert_eq!((plain.status, plain.err.as_str()), (0, "and 1 anonymous session\n"));
    assert_eq!(plain.out, "CORP\\=cmd()\t1\thr\nCORP\\anna\t2\t,hr\n");

    let csv = who(&site, &folder, &[&both[..], &["--format", "csv"]].concat()).await;
    assert_eq!(csv.out, "directory,id,name,sessions,on\nCORP,'=cmd(),,1,hr\nCORP,anna,\"Anna, \"\"A\"\"\",2,;hr\n");

    let json = who(&site, &folder, &[&both[..], &["--format", "json"]].concat()).await.json();
    let at = json["at"].as_str().expect("a time").to_owned();
    assert!(at.ends_with('Z'), "{at}");
    let port = site.port(0);
    assert_eq!(
        json,
        serde_json::json!({
            "at": at,
            "sites": [{
                "site": "localhost",
                "coverage": {"answered": 2, "asked": 2},
                "sessions": 4, "users": 2, "anonymous": 1,
                "pairs": [
                    {"proxy": format!("localhost:{port}"), "prefix": "", "sessions": 1, "users": 1, "error": null},
                    {"proxy": format!("localhost:{port}"), "prefix": "hr", "sessions": 3, "users": 2, "error": null}
                ],
                "people": [
                    {"directory": "CORP", "id": "=cmd()", "name": null, "sessions": 1, "on": ["hr"]},
                    {"directory": "CORP", "id": "anna", "name": "Anna, \"A\"", "sessions": 2, "on": ["", "hr"]}
                ]
            }],
            "sessions": 4, "users": 2, "anonymous": 1
        })
    );

    let table = who(&site, &folder, &[&both[..], &["--format", "table"]].concat()).await.out;
    for part in [
        "User",
        "Name",
        "Sessions",
        "CORP\\anna",
        "(default), hr",
        "(anonymous)",
        "localhost: 2 users and 1 anonymous session in 4 sessions.",
    ] {
        assert!(table.contains(part), "{part}: {table}");
    }
    assert_eq!(site.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn who_answers_no_above_a_number_and_unseen_of_a_part() {
    let (site, folder) = site().await;
    for user in ["anna", "bo"] {
        site.connect(0, "", "CORP", user);
    }
    site.connect_anonymous(0, "");
    site.connect(0, "", "INTERNAL", "sa_api");
    for (words, status) in [
        (&["--fail-above", "4"][..], 0),
        (&["--fail-above", "3"], 4),
        (&["--fail-above", "3", "--exclude", r"internal\SA_*"], 0),
        (&["--fail-above", "2", "--virtual-proxy", "", "--virtual-proxy", "gone"], 4),
        (&["--fail-above", "4", "--virtual-proxy", "", "--virtual-proxy", "gone"], 3),
        (&["--virtual-proxy", "", "--virtual-proxy", "gone"], 3),
        (&["--virtual-proxy", "gone"], 3),
    ] {
        let done = who(&site, &folder, words).await;
        assert_eq!(done.status, status, "{words:?}: {}{}", done.out, done.err);
    }
    let part = who(&site, &folder, &["--virtual-proxy", "", "--virtual-proxy", "gone", "--format", "json"]).await;
    let json = part.json();
    assert_eq!(json["sites"][0]["coverage"], serde_json::json!({"answered": 1, "asked": 2}));
    assert_eq!(json["sites"][0]["pairs"][1]["sessions"], Value::Null);
    assert_eq!(json["sites"][0]["pairs"][1]["error"], "answered 404: no such virtual proxy here");
    assert_eq!(json["users"], 3);
    for part_of in [
        "localhost",
        "virtual proxy `gone`",
        "GET https://localhost:",
        "/qps/gone/session",
        "404",
        "is linked to this proxy",
    ] {
        assert!(part.err.contains(part_of), "{part_of}: {}", part.err);
    }

    site.fail_all(Fault::LoginPage);
    let nothing = who(&site, &folder, &["--format", "json"]).await;
    assert_eq!(nothing.status, 3);
    let json = nothing.json();
    for key in ["sessions", "users", "anonymous"] {
        assert_eq!((&json[key], &json["sites"][0][key]), (&Value::Null, &Value::Null));
    }
    let table = who(&site, &folder, &["--format", "table"]).await.out;
    assert_eq!(table, "localhost: nothing was seen; its virtual proxy did not answer.\n");
}

#[tokio::test]
async fn who_says_what_is_wrong_with_certificates() {
    let (site, folder) = site().await;
    let port = site.port(0).to_string();
    let other = headcount::demo::certificates::Authority::new("elsewhere.example.test");
    folder.write("other_root.pem", &other.root());
    let client = other.client();
    folder.write("other.pem", &client.certificate);
    folder.write("other_key.pem", &client.key);
    folder.write("encrypted.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
    let crlf = |name: &str| {
        let text = std::fs::read(folder.path().join(name)).expect("a file");
        String::from_utf8(text).expect("text").replace('\n', "\r\n")
    };
    folder.write("crlf.pem", &crlf("client.pem"));
    folder.write("crlf_key.pem", &crlf("client_key.pem"));
    let base = ["who", "--host", "localhost", "--port", &port];
    let named = ["--server-name", "sense.example.test"];
    let client = ["--cert", "client.pem", "--key", "client_key.pem"];
    let root = ["--root", "root.pem"];
    for (more, status, said) in [
        ([&named[..], &["--cert", "crlf.pem", "--key", "crlf_key.pem"], &root].concat(), 0, ""),
        ([&client[..], &root].concat(), 3, "is for `sense.example.test`, not for this host"),
        (
            [&named[..], &client, &["--root", "other_root.pem"]].concat(),
            3,
            "was not issued by the root that is trusted",
        ),
        ([&named[..], &client].concat(), 3, "was not issued by the root that is trusted"),
        (
            [&named[..], &["--cert", "other.pem", "--key", "other_key.pem"], &root].concat(),
            3,
            "client certificate of this very site",
        ),
        ([&named[..], &["--cert", "client.pem", "--key", "other_key.pem"], &root].concat(), 2, "do not go together"),
        (
            [&named[..], &["--cert", "client.pem", "--key", "encrypted.pem"], &root].concat(),
            2,
            "openssl rsa -in encrypted.pem",
        ),
        ([&named[..], &["--cert", "client.pem", "--key", "client.pem"], &root].concat(), 2, "holds no private key"),
        (
            [&named[..], &["--cert", "client_key.pem", "--key", "client_key.pem"], &root].concat(),
            2,
            "holds no certificate",
        ),
        (
            [&named[..], &["--cert", "missing.pem", "--key", "client_key.pem"], &root].concat(),
            2,
            "there is no file `./missing.pem`",
        ),
        ([&["--server-name", "a b"], &client[..], &root].concat(), 2, "is no server name"),
        (["--cert", "client.pem"].to_vec(), 2, "--key <FILE>"),
        ([&client[..], &["--site", "prod"]].concat(), 2, "cannot be used with"),
    ] {
        let done = headcount(&folder, &[&base[..], &more].concat()).await;
        assert_eq!(done.status, status, "{more:?}: {}{}", done.out, done.err);
        assert!(done.err.contains(said), "{more:?}: {}", done.err);
        assert_eq!(done.out, "", "{more:?}");
    }
    site.stop_proxy(0).await;
    let refused = who(&site, &folder, &[]).await;
    assert!(refused.status == 3 && refused.err.contains("the connection was refused"), "{}", refused.err);
    let unknown = headcount(&folder, &[&["who", "--host", "no.such.host.invalid"], &client[..], &root].concat()).await;
    assert!(unknown.status == 3 && unknown.err.contains("the host name is not known"), "{}", unknown.err);
}

#[tokio::test]
async fn who_trusts_a_pinned_certificate_an_insecure_one_and_tells_dates_and_pins() {
    use headcount::demo::certificates::{Authority, Window};

    let (site, folder) = site().await;
    let port = site.port(0).to_string();
    let base = [
        "who",
        "--host",
        "localhost",
        "--port",
        &port,
        "--cert",
        "client.pem",
        "--key",
        "client_key.pem",
        "--format",
        "json",
    ];
    let server = site.authority().server("elsewhere.example.test");
    let (pin, other) = (server.fingerprint(), Authority::new("x").server("x").fingerprint());
    site.present(0, &server);
    for (more, status, said) in [
        (&["--fingerprint", &pin][..], 0, String::new()),
        (
            &["--fingerprint", &other, "--fingerprint", &pin.to_uppercase().replace("SHA256", "sha256")],
            0,
            String::new(),
        ),
        (&["--fingerprint", &other], 3, format!("its fingerprint is {pin}")),
        (&["--fingerprint", "sha256:12"], 2, "is no fingerprint".to_owned()),
        (&["--insecure"], 0, "whoever answers is believed".to_owned()),
        (&["--insecure", "--root", "root.pem"], 2, "cannot be used with".to_owned()),
    ] {
        let done = headcount(&folder, &[&base[..], more].concat()).await;
        assert_eq!(done.status, status, "{more:?}: {}{}", done.out, done.err);
        assert!(done.err.contains(&said), "{more:?}: {}", done.err);
    }
    for (window, said) in [
        (Window::EXPIRED, "the server's certificate has expired on "),
        (Window::NOT_YET, "the server's certificate is not valid yet before "),
    ] {
        site.present(0, &site.authority().server_within("localhost", window));
        let done = headcount(&folder, &[&base[..], &["--root", "root.pem"]].concat()).await;
        assert!(done.status == 3 && done.err.contains(said), "{}", done.err);
    }
}

#[tokio::test]
async fn who_poll_and_check_by_configuration() {
    let (site, folder) = site().await;
    configured(&site, &folder, None);
    for user in ["anna", "bo", "cy", "dan"] {
        site.connect(0, "hr", "CORP", user);
    }
    site.connect(1, "", "CORP", "anna");
    site.connect(1, "", "INTERNAL", "sa_proxy");
    site.add(0, "", Session::new("CORP", "evil\u{1b}[2J\u{9b}"));

    let all = headcount(&folder, &["who"]).await;
    assert_eq!(all.status, 0, "{}", all.err);
    assert_eq!(all.out, "CORP\\anna\t2\t,hr\nCORP\\bo\t1\thr\nCORP\\cy\t1\thr\nCORP\\dan\t1\thr\nCORP\\evil[2J\t1\t\n");
    let one =
        headcount(&folder, &["who", "--site", "prod", "--exclude", r"CORP\evil*", "--format", "json"]).await.json();
    assert_eq!((&one["users"], &one["sessions"], &one["sites"][0]["site"]), (&4.into(), &5.into(), &"prod".into()));
    let none = headcount(&folder, &["who", "--site", "test"]).await;
    assert!(none.status == 2 && none.err.contains("no site is called `test`; there is `prod`"), "{}", none.err);

    let poll = headcount(&folder, &["poll"]).await;
    assert_eq!(poll.status, 0, "{}", poll.err);
    for part in
        ["(default)", "hr", "prod: 5 users in 6 sessions.", "Would be told: alert of `crowded` (critical), to ops."]
    {
        assert!(poll.out.contains(part), "{part}: {}", poll.out);
    }
    assert!(!folder.state().exists(), "a poll by hand records nothing");
    site.fail(1, "", Fault::Hang);
    let poll = headcount(&folder, &["poll", "--check", "sessions", "--format", "json"]).await;
    assert_eq!(poll.status, 3);
    assert_eq!(poll.json()[0]["coverage"], serde_json::json!({"answered": 2, "asked": 3}));
    assert!(poll.err.contains("no answer within 1s"), "{}", poll.err);
    let none = headcount(&folder, &["poll", "--check", "x"]).await;
    assert!(none.status == 2 && none.err.contains("no check is called `x`; there is `sessions`"), "{}", none.err);

    let check = headcount(&folder, &["check"]).await;
    assert_eq!(check.status, 0, "{}", check.err);
    assert!(
        check.out.starts_with("headcount.yaml is fine: 1 site, 1 check, 2 rules, 1 report, 1 channel.\n"),
        "{}",
        check.out
    );
    let check = headcount(&folder, &["check", "--format", "json"]).await.json();
    assert_eq!((&check[1]["report"], &check[1]["cron"]), (&"before-restart".into(), &"45 21 * * SUN".into()));
    let next = check[1]["next"].as_array().expect("firings");
    assert!(
        next.len() == 3 && next.iter().all(|at| at.as_str().is_some_and(|at| at.contains("T21:45:00+0"))),
        "{next:?}"
    );

    let missing = headcount(&folder, &["check", "--config", "nowhere.yaml"]).await;
    assert!(missing.status == 2 && missing.err.contains("nowhere.yaml: there is no such file"), "{}", missing.err);
}

#[tokio::test]
async fn check_connect_tells_each_site_proxy_pair_and_channel_in_a_line() {
    let (site, folder) = site().await;
    let inbox = HttpInbox::start().await;
    configured(&site, &folder, Some(&inbox));
    site.connect(0, "hr", "CORP", "anna");
    let check = headcount(&folder, &["check", "--connect"]).await;
    assert_eq!(check.status, 0, "{}{}", check.out, check.err);
    let lines: Vec<_> = check.out.lines().filter(|line| line.starts_with(['✓', '✗'])).collect();
    let port = site.port(0);
    assert_eq!(lines.len(), 8, "{lines:#?}");
    assert!(
        lines[0]
            .starts_with(&format!("✓ site prod, proxy localhost:{port}: certificate for sense.example.test, sha256:"))
    );
    assert!(lines[1].ends_with("its clock is this machine's, to the minute"), "{lines:#?}");
    assert!(lines[3].ends_with("virtual proxy `hr`: 1 user in 1 session"), "{lines:#?}");
    assert_eq!(lines[7], "✓ channel ops (slack): 127.0.0.1 answers; nothing was sent");
    assert!(inbox.received().is_empty());
    // What is a courtesy is said, and fails nothing: names of the repository, and engines for a digest alone.
    assert!(
        check.err.contains("site prod: what people are called is not known: GET https://localhost:"),
        "{}",
        check.err
    );
    assert!(!check.err.contains("engine"), "{}", check.err);
    let path = folder.path().join("headcount.yaml");
    let text = std::fs::read_to_string(&path).expect("a configuration");
    folder.write("headcount.yaml", &text.replace("who: {}", "digest: {period: day}"));
    let check = headcount(&folder, &["check", "--connect"]).await;
    assert!(check.status == 0 && check.err.contains("digests do without it"), "{}", check.err);
    folder.write("headcount.yaml", &text);

    let soon = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() + 10 * 86_400).expect("a time");
    let window = headcount::demo::certificates::Window::until(soon);
    site.present(1, &site.authority().server_within("other.example.test", window));
    site.fail(0, "hr", Fault::LoginPage);
    let check = headcount(&folder, &["check", "--connect"]).await;
    assert_eq!(check.status, 3);
    let wrong: Vec<_> = check.out.lines().filter(|line| line.starts_with('✗')).collect();
    assert!(
        wrong.len() == 2 && wrong[0].contains("page of HTML") && wrong[1].contains("the site needs a new one soon"),
        "{wrong:#?}"
    );

    site.heal_all();
    site.present(1, &site.authority().server("other.example.test"));
    folder.write("slack-ops", "http://127.0.0.1:9/slack/ops");
    let check = headcount(&folder, &["check", "--connect"]).await;
    assert_eq!(check.status, 1, "{}", check.out);
    assert!(check.out.ends_with("✗ channel ops (slack): 127.0.0.1: the connection was refused\n"), "{}", check.out);
}

#[tokio::test]
async fn init_finds_the_certificates_tries_the_site_and_writes_what_check_takes() {
    let (site, folder) = site().await;
    site.connect(0, "", "CORP", "anna");
    let inbox = HttpInbox::start().await;
    folder.write("hook", &inbox.slack("ops"));
    std::fs::create_dir(folder.path().join("export")).expect("a folder");
    for (from, to) in [("client.pem", "export/a.crt"), ("client_key.pem", "export/b"), ("root.pem", "export/c.pem")] {
        std::fs::rename(folder.path().join(from), folder.path().join(to)).expect("a file is moved");
    }
    let other = headcount::demo::certificates::Authority::new("elsewhere.example.test");
    folder.write("export/0.pem", &other.root());
    folder.write("export/1.pem", &other.client().key);
    let port = site.port(0).to_string();
    let words =
        ["init", "--host", "localhost", "--port", &port, "--certificates", "export", "--slack-url-file", "hook"];
    let done = headcount(&folder, &words).await;
    assert_eq!(done.status, 0, "{}", done.err);
    for part in [
        "Found export/a.crt with export/b",
        "Found the root export/c.pem",
        "`server_name: sense.example.test`",
        "localhost: 1 user in 1 session.",
    ] {
        assert!(done.err.contains(part), "{part}: {}", done.err);
    }
    let check = headcount(&folder, &["check", "--connect"]).await;
    assert_eq!(check.status, 0, "{}{}", check.out, check.err);
    let again = headcount(&folder, &words).await;
    assert!(again.status == 1 && again.err.contains("is there already, and is left as it is"), "{}", again.err);
    // Archives alone: of this folder, the one that opens without a password.
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/certificates");
    std::fs::create_dir(folder.path().join("windows")).expect("a folder");
    std::fs::copy(fixtures.join("rc2_40.pfx"), folder.path().join("windows/client.pfx")).expect("a copy");
    let words = [
        "init",
        "--config",
        "pfx.yaml",
        "--host",
        "localhost",
        "--certificates",
        "windows",
        "--slack-url-file",
        "hook",
    ];
    let locked = headcount(&folder, &words).await;
    assert!(
        locked.status == 2 && locked.err.contains("needs a password") && locked.err.contains("--password-file"),
        "{}",
        locked.err
    );
    folder.write("pfx-password", "secret\n");
    let opened = headcount(&folder, &[&words[..], &["--password-file", "pfx-password"]].concat()).await;
    assert!(opened.status == 0 && opened.err.contains("Found windows/client.pfx."), "{}", opened.err);
    let check = headcount(&folder, &["check", "--config", "pfx.yaml"]).await;
    assert_eq!(check.status, 0, "{}", check.err);
    let words = ["init", "--config", "quiet.yaml", "--host", "localhost", "--port", &port, "--certificates", "export"];
    let quiet = headcount(&folder, &words).await;
    let check = headcount(&folder, &["check", "--config", "quiet.yaml"]).await;
    assert!(quiet.status == 0 && check.status == 0, "{}{}", quiet.err, check.err);
    let none = headcount(&folder, &["init", "--config", "x.yaml", "--host", "h", "--certificates", "."]).await;
    assert!(none.status == 2 && none.err.contains("holds no client certificate (CN=QlikClient)"), "{}", none.err);
}

#[tokio::test]
async fn test_and_announce_without_a_daemon_send_for_themselves() {
    let (site, folder) = site().await;
    let inbox = HttpInbox::start().await;
    configured(&site, &folder, Some(&inbox));
    site.connect(0, "hr", "CORP", "anna");

    let test = headcount(&folder, &["test", "ops"]).await;
    assert_eq!(test.status, 0, "{}", test.err);
    let unknown = headcount(&folder, &["test", "oops"]).await;
    assert!(
        unknown.status == 2 && unknown.err.contains("no channel is called `oops`; did you mean `ops`?"),
        "{}",
        unknown.err
    );

    let words =
        ["announce", "--site", "prod", "--tell", "ops", "--at", "22:00", "--reason", "monthly patch <!channel>"];
    let announce = headcount(&folder, &words).await;
    assert_eq!((announce.status, announce.out.as_str()), (0, "prod: 1 user in 1 session.\n"), "{}", announce.err);
    let received = inbox.received();
    assert_eq!(received.len(), 2);
    let said = plain_text(&received[1].body);
    for part in ["1 user", "CORP\\anna", "22:00", "monthly patch <!channel>"] {
        assert!(said.contains(part), "{part}: {said}");
    }

    inbox.always("ops", Some(InboxFault::status(404, "no_service")));
    let failed = headcount(&folder, &["test", "ops"]).await;
    assert_eq!(failed.status, 1, "{}", failed.err);
    let failed = headcount(&folder, &["announce", "--site", "prod", "--tell", "ops"]).await;
    assert!(failed.status == 1 && failed.err.contains("waits in the outbox"), "{}", failed.err);
    let listed = headcount(&folder, &["outbox", "list", "--format", "json"]).await.json();
    assert_eq!(
        (listed.as_array().map(Vec::len), &listed[0]["state"], &listed[0]["kind"]),
        (Some(1), &"pending".into(), &"who".into())
    );
    let id = listed[0]["id"].to_string();
    let again = headcount(&folder, &["outbox", "retry", &id]).await;
    assert!(
        again.status == 1 && again.err.contains("no_service"),
        "without a daemon it is sent at once: {}",
        again.err
    );
    let shown = headcount(&folder, &["outbox", "show", &id]).await;
    assert!(shown.status == 0 && shown.out.contains("try 1") && !shown.out.contains("anna"), "{}", shown.out);
    assert_eq!(headcount(&folder, &["outbox", "drop", &id]).await.status, 0);
    assert_eq!(headcount(&folder, &["outbox", "drop", &id]).await.status, 1);
    assert_eq!(headcount(&folder, &["outbox", "show", "999"]).await.status, 1);
    assert_eq!(headcount(&folder, &["outbox", "list"]).await.out, "Nothing waits, and nothing was given up.\n");
    assert_eq!(inbox.refused(), Vec::<String>::new());
    for text in [&failed.err, &shown.out] {
        assert!(!text.contains("/slack/ops"), "the webhook's address is a secret: {text}");
    }
}

#[tokio::test]
async fn mail_goes_over_tls_to_a_server_of_a_company_s_own_authority() {
    use headcount::demo::inbox::{Smtp, SmtpOptions};

    let (site, folder) = site().await;
    let server = site.authority().server("localhost");
    folder.write("smtp-password", "hunter2\n");
    let starttls = Smtp::start(SmtpOptions::default().starttls(&server).login("headcount", "hunter2")).await;
    let implicit = Smtp::start(SmtpOptions::default().implicit_tls(&server).login("headcount", "hunter2")).await;
    let config = |port: u16, tls: &str, password: &str, ca: &str| {
        let text = format!(
            r"
sites: {{prod: {{host: localhost, certificate: {{pem: client.pem, key: client_key.pem}}, trust: {{root: root.pem}}}}}}
channels:
  mail:
    email:
      from: Headcount <headcount@example.com>
      to: cio@example.com
      smtp: {{host: localhost, port: {port}, tls: {tls}, user: headcount, password{password}}}
    {ca}
"
        );
        folder.write("headcount.yaml", &text);
    };
    for (smtp, tls) in [(&starttls, "starttls"), (&implicit, "implicit")] {
        config(smtp.port(), tls, "_file: smtp-password", "ca: root.pem");
        let done = headcount(&folder, &["check", "--connect"]).await;
        assert!(done.out.contains("✓ channel mail (email)"), "{}{}", done.out, done.err);
        let done = headcount(&folder, &["test", "mail"]).await;
        assert_eq!(done.status, 0, "{tls}: {}", done.err);
        let mails = smtp.mails();
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].header("Auto-Submitted").as_deref(), Some("auto-generated"));

        config(smtp.port(), tls, "_file: smtp-password", "");
        let done = headcount(&folder, &["test", "mail"]).await;
        assert!(done.status == 1 && done.err.contains("`ca`"), "{tls}: {}", done.err);
        config(smtp.port(), tls, ": wrong", "ca: root.pem");
        let done = headcount(&folder, &["test", "mail"]).await;
        assert!(done.status == 1 && done.err.contains("535"), "{tls}: {}", done.err);
        assert!(!done.err.contains("hunter2"));
        assert_eq!(smtp.mails().len(), 1);
    }
}

#[tokio::test]
async fn the_daemon_runs_tells_and_stops() {
    let (site, folder) = site().await;
    let inbox = HttpInbox::start().await;
    configured(&site, &folder, Some(&inbox));
    site.populate(0, "", 5);
    let mut daemon =
        command(folder.path(), &["run"]).stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("a daemon");
    inbox.arrived(1).await;
    assert!(plain_text(&inbox.received()[0].body).contains("5 users"));

    let second = headcount(&folder, &["run"]).await;
    assert!(second.status == 1 && second.err.contains("another headcount is running"), "{}", second.err);
    let test = headcount(&folder, &["test", "ops"]).await;
    assert_eq!(test.status, 0, "{}", test.err);
    let incidents = headcount(&folder, &["incidents", "--format", "json"]).await.json();
    assert_eq!(
        (&incidents[0]["rule"], &incidents[0]["state"], &incidents[0]["site"]),
        (&"crowded".into(), &"open".into(), &"prod".into())
    );
    site.clear(0, "");
    inbox.arrived(3).await;
    assert!(plain_text(&inbox.received()[2].body).contains("no users"));
    let incidents = headcount(&folder, &["incidents"]).await.out;
    assert_eq!(incidents, "Nothing is wrong.\n");

    let pid = i32::try_from(daemon.id().expect("it runs")).expect("a pid");
    let pid = rustix::process::Pid::from_raw(pid).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
    let ended = tokio::time::timeout(std::time::Duration::from_secs(10), daemon.wait()).await;
    assert_eq!(ended.expect("it stops within 10 s").expect("a status").code(), Some(0));
    let mut log = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut daemon.stderr.take().expect("a log"), &mut log).await.expect("a log");
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["level"].is_string());
    }
    assert!(log.contains("headcount has stopped") && !log.contains("/slack/ops"), "{log}");
}

fn signal(daemon: &tokio::process::Child, signal: rustix::process::Signal) {
    let pid = i32::try_from(daemon.id().expect("it runs")).expect("a pid");
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).expect("a pid"), signal).expect("a signal");
}

#[tokio::test]
async fn a_hangup_reads_the_configuration_again_and_a_wrong_one_changes_nothing() {
    let (site, folder) = site().await;
    let inbox = HttpInbox::start().await;
    configured(&site, &folder, Some(&inbox));
    let mut daemon =
        command(folder.path(), &["run"]).stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("a daemon");
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(daemon.stderr.take().expect("a log")));
    let mut said = async |what: &str| {
        let told = async {
            loop {
                let line = lines.next_line().await.expect("a log").expect("the daemon goes on");
                if line.contains(what) {
                    break line;
                }
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), told).await.expect(what)
    };
    said("headcount is running").await;
    let right = std::fs::read_to_string(folder.path().join("headcount.yaml")).expect("a file");
    folder.write("headcount.yaml", &right.replace("above: 3", "above: many"));
    signal(&daemon, rustix::process::Signal::HUP);
    let line = said("the configuration is wrong; the one before it goes on").await;
    assert!(line.contains("ERROR") && line.contains("rules.crowded.threshold.above"), "{line}");
    site.populate(0, "", 5);
    inbox.arrived(1).await;
    folder.write("headcount.yaml", &right);
    folder.write("slack-ops", &format!("{}\n", inbox.slack("elsewhere")));
    signal(&daemon, rustix::process::Signal::HUP);
    said("the configuration was read again").await;
    site.clear(0, "");
    inbox.arrived(2).await;
    let received = inbox.received();
    assert_eq!((received[0].name.as_str(), received[1].name.as_str()), ("ops", "elsewhere"));
    signal(&daemon, rustix::process::Signal::TERM);
    let ended = tokio::time::timeout(std::time::Duration::from_secs(10), daemon.wait()).await;
    assert_eq!(ended.expect("it stops").expect("a status").code(), Some(0));
}

#[tokio::test]
async fn a_channel_that_is_put_aside_is_shown_until_a_test_succeeds() {
    let (site, folder) = site().await;
    let inbox = HttpInbox::start().await;
    configured(&site, &folder, Some(&inbox));
    inbox.always("ops", Some(InboxFault::status(404, "no_service")));
    let done = headcount(&folder, &["announce", "--site", "prod", "--tell", "ops"]).await;
    assert_eq!(done.status, 1, "{}", done.err);
    let listed = headcount(&folder, &["outbox", "list"]).await;
    assert!(
        listed.err.contains("channel `ops` is put aside since") && listed.err.contains("no_service"),
        "{}",
        listed.err
    );
    assert!(
        listed.err.contains("1 message waits for it") && listed.err.contains("`headcount test ops`"),
        "{}",
        listed.err
    );
    let json = headcount(&folder, &["outbox", "list", "--format", "json"]).await.json();
    assert!(json[0]["channel_down"].is_string(), "{json}");
    let check = headcount(&folder, &["check", "--connect"]).await;
    assert!(
        check.status == 1 && check.out.contains("✗ channel `ops` is put aside since"),
        "{}{}",
        check.out,
        check.err
    );
    inbox.always("ops", None);
    let test = headcount(&folder, &["test", "ops"]).await;
    assert_eq!(test.status, 0, "{}", test.err);
    let listed = headcount(&folder, &["outbox", "list"]).await;
    assert!(!listed.err.contains("put aside"), "{}", listed.err);
    let check = headcount(&folder, &["check", "--connect"]).await;
    assert!(check.status == 0 && check.out.contains("✓ channel ops (slack)"), "{}{}", check.out, check.err);
}

#[tokio::test]
async fn a_poll_slower_than_the_schedule_is_recorded_and_the_slots_meanwhile_are_skipped() {
    let (site, folder) = site().await;
    let inbox = HttpInbox::start().await;
    configured(&site, &folder, Some(&inbox));
    let text = std::fs::read_to_string(folder.path().join("headcount.yaml")).expect("a file");
    folder.write("headcount.yaml", &text.replace("timeout: 1s", "timeout: 7s").replace("for: 1h", "for: 0s"));
    site.fail_all(Fault::Hang);
    let mut daemon =
        command(folder.path(), &["run"]).stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("a daemon");
    let told = tokio::time::timeout(std::time::Duration::from_secs(20), inbox.arrived(1)).await;
    assert!(told.is_ok(), "a site that hangs for longer than a slot stays fresh is told all the same");
    let said = plain_text(&inbox.received()[0].body);
    assert!(said.contains("no answer within 7s"), "{said}");

    let pid =
        rustix::process::Pid::from_raw(i32::try_from(daemon.id().expect("it runs")).expect("a pid")).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
    let ended = tokio::time::timeout(std::time::Duration::from_secs(10), daemon.wait()).await;
    assert_eq!(ended.expect("it stops within 10 s, in the middle of a poll").expect("a status").code(), Some(0));
    let mut log = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut daemon.stderr.take().expect("a log"), &mut log).await.expect("a log");
    assert!(log.contains("skipped: the one before it is still at work"), "{log}");
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let (site, folder) = site().await;
    configured(&site, &folder, None);
    let empty = Folder::new(&site);
    let done = headcount(&empty, &["run"]).await;
    assert!(done.status == 2 && done.err.contains("there is no configuration"), "{}", done.err);
    folder.write("broken.yaml", "sites:\n  prod:\n    hots: x\n");
    let done = headcount(&folder, &["run", "--config", "broken.yaml"]).await;
    assert!(
        done.status == 2
            && done.err.contains("broken.yaml:3: `sites.prod.hots`: there is no key `hots` here; did you mean `host`?"),
        "{}",
        done.err
    );
    folder.write("state-file", "");
    let done = headcount(&folder, &["run", "--state", "state-file/x"]).await;
    assert!(done.status == 1 && done.err.contains("cannot make the folder"), "{}", done.err);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let done = headcount(&folder, &["completions", shell]).await;
        assert!(done.status == 0 && done.out.contains("announce"), "{shell}");
    }
    let man = headcount(&folder, &["man"]).await;
    assert!(man.status == 0 && man.out.contains(".TH headcount") && man.out.contains("fail\\-above"), "{}", man.out);
    for listing in ["incidents", "outbox"] {
        let words = if listing == "outbox" { vec!["outbox", "list"] } else { vec![listing] };
        let done = headcount(&folder, &words).await;
        assert!(done.status == 1 && done.err.contains("there is no store `state/headcount.db` yet"), "{}", done.err);
    }
}

#[tokio::test]
async fn what_is_held_back_is_shown() {
    let rules = r#"
checks:
  sessions: {site: prod, cron: "* * * * *", rules: [crowded, many]}
rules:
  crowded: {threshold: {metric: users, above: 2}, tell: [ops]}
  many: {threshold: {metric: sessions, above: 2}, tell: [ops]}
"#;
    let quiet = "pace: none, quiet: {hours: \"00:00-23:59\"}}\n  managers";
    let world = World::with(rules, &[("pace: none}\n  managers", quiet)]).await;
    world.crowd("", 5).at("08:01").await.quiet();
    let listed = headcount(&world.folder, &["outbox", "list"]).await;
    let told = "2 messages are held back from channel `ops` over its quiet hours, the first at 2026-03-02 08:01:00; they come as one summary";
    assert!(listed.err.contains(told), "{}", listed.err);
    assert_eq!(listed.out, "Nothing else waits.\n");
    world.finish().await;
}
