use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use headcount::clock::Clock;
use headcount::config::Config;
use headcount::daemon::{Daemon, StartError};
use headcount::demo::inbox::{HttpInbox, Kind, Mail, Post, Smtp, SmtpOptions, plain_text};
use headcount::demo::site::{Setup, Site};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tempfile::TempDir;
use tracing::subscriber::DefaultGuard;

use super::log::Log;

/// A folder with a site's certificates and a configuration that names them.
pub(crate) struct Folder {
    dir: TempDir,
}

impl Folder {
    pub(crate) fn new(site: &Site) -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        site.authority().export(dir.path()).expect("certificates are written");
        Self { dir }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder is made");
        std::fs::write(&path, text).expect("a file is written");
        path
    }
}

/// headcount between a site and its inboxes. When it is dropped, everything that arrived must have been expected, nothing
/// may wait, and no secret and no user's name may be in the log.
pub(crate) struct World {
    pub(crate) site: Site,
    pub(crate) inbox: HttpInbox,
    pub(crate) smtp: Smtp,
    pub(crate) folder: Folder,
    clock: Clock,
    daemon: Option<Daemon>,
    config: PathBuf,
    expected: Cell<usize>,
    /// Which mails were expected, by their place in the order of arrival.
    expected_mails: RefCell<BTreeSet<usize>>,
    people: Vec<&'static str>,
    log: Log,
    _collecting: DefaultGuard,
    finished: bool,
}

/// What the webhook `audit` is signed with.
pub(crate) const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const ZONE: &str = "Europe/Stockholm";

impl World {
    /// A site with two virtual proxies, the default one and `hr`, at 08:00 on Monday 2026-03-02. `rules` is the tail of the
    /// configuration: checks, rules and reports.
    pub(crate) async fn new(rules: &str) -> Self {
        Self::with(rules, &[]).await
    }

    /// As [`World::new`], with something else in the place of parts of its configuration, each of which must be there.
    pub(crate) async fn with(rules: &str, instead: &[(&str, &str)]) -> Self {
        let setup = Setup::new("sense.example.test").proxy("sense.example.test", &["", "hr"]);
        Self::of(setup, rules, |_, text| replaced(text, instead)).await
    }

    /// As [`World::with`], with a bot in the place of the webhook of `ops`.
    pub(crate) async fn by_bot(rules: &str, instead: &[(&str, &str)]) -> Self {
        let bot = [
            ("{slack: {webhook_url: ", "{slack: {token_file: slack-token, channel: \"#ops\", api_url: "),
            ("/slack/ops\"", "/slack-api/ops/\""),
        ];
        Self::with(rules, &[&bot, instead].concat()).await
    }

    /// A site whose repository names its two proxies: one with the default virtual proxy and `hr`, one with `sales`. A
    /// further `hr` is linked to neither.
    pub(crate) async fn discovering(rules: &str) -> Self {
        let setup = Setup::new("sense.example.test")
            .proxy("sense.example.test", &["", "hr"])
            .proxy("sense2.example.test", &["sales"])
            .repository()
            .engines()
            .unlinked("hr");
        Self::of(setup, rules, |site, text| {
            let listed = format!("[{{host: 127.0.0.1, port: {}, virtual_proxies: [\"\", hr]}}]", site.port(0));
            let discovered = format!(
                "discover\n    ports: {{qrs: {}, engine: {}}}\n    resolve: {{SENSE.example.test: 127.0.0.1, sense2.example.test: 127.0.0.1}}",
                site.repository_port(),
                site.engine_port()
            );
            replaced(text, &[("host: 127.0.0.1\n", "host: sense.example.test\n"), (&listed, &discovered)])
        })
        .await
    }

    /// A site whose proxy is listed, and whose repository says what people are called.
    pub(crate) async fn named(rules: &str) -> Self {
        let setup = Setup::new("sense.example.test").proxy("sense.example.test", &["", "hr"]).repository();
        Self::of(setup, rules, |site, text| {
            let ports = format!("    ports: {{qrs: {}}}\n    timeout: 1s\n", site.repository_port());
            replaced(text, &[("    timeout: 1s\n", &ports)])
        })
        .await
    }

    async fn of(setup: Setup, rules: &str, change: impl FnOnce(&Site, String) -> String) -> Self {
        let log = Log::default();
        let collecting = log.collect();
        let site = Site::start(setup).await;
        let inbox = HttpInbox::start().await;
        let smtp = Smtp::start(SmtpOptions::default().login("headcount", "hunter2")).await;
        let folder = Folder::new(&site);
        folder.write("smtp-password", "hunter2\n");
        folder.write("slack-token", inbox.token());
        let mail = smtp.port();
        let (port, slack, teams) = (site.port(0), inbox.url(Kind::Slack, "ops"), inbox.url(Kind::Teams, "managers"));
        let audit = inbox.url(Kind::Webhook, "audit");
        inbox.sign("audit", KEY);
        let text = format!(
            r#"
time_zone: {ZONE}
sites:
  prod:
    host: 127.0.0.1
    certificate: {{pem: client.pem, key: client_key.pem}}
    trust: {{root: root.pem, server_name: sense.example.test}}
    proxies: [{{host: 127.0.0.1, port: {port}, virtual_proxies: ["", hr]}}]
    timeout: 1s
    link: https://sense.example.test/qmc
channels:
  ops: {{slack: {{webhook_url: "{slack}"}}, pace: none}}
  managers: {{teams: {{workflow_url: "{teams}"}}, pace: none, from: critical}}
  audit: {{webhook: {{url: "{audit}", key: {KEY}}}}}
  scratch: {{file: {{folder: out}}}}
  bosses:
    email:
      from: "Headcount <headcount@example.com>"
      to: [cio@example.com, "Ops Lead <lead@example.com>"]
      smtp: {{host: 127.0.0.1, port: {mail}, tls: none, user: headcount, password_file: smtp-password}}
{rules}"#
        );
        let config = folder.write("headcount.yaml", &change(&site, text));
        let clock = Clock::manual(instant("2026-03-02T08:00:00"));
        let mut world = Self {
            site,
            inbox,
            smtp,
            folder,
            clock,
            daemon: None,
            config,
            expected: Cell::new(0),
            expected_mails: RefCell::default(),
            people: vec!["anna", "bertil", "cecilia", "hunter2"],
            log,
            _collecting: collecting,
            finished: false,
        };
        world.start().await;
        world
    }

    /// Starts headcount, or starts it anew: what was in its memory is gone.
    pub(crate) async fn start(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.rooms().store.close().await;
        }
        let config = Config::load(&self.config).unwrap_or_else(|problems| panic!("{problems}"));
        let daemon = Daemon::start(&config, &self.folder.state(), self.clock.clone()).await;
        self.daemon = Some(daemon.unwrap_or_else(|error| panic!("{error}")));
    }

    /// Has headcount read its configuration again, as after `SIGHUP`.
    pub(crate) async fn reload(&mut self) {
        let config = Config::load(&self.config).unwrap_or_else(|problems| panic!("{problems}"));
        self.reload_with(&config).await.unwrap_or_else(|error| panic!("{error}"));
    }

    pub(crate) async fn reload_with(&mut self, config: &Config) -> Result<(), StartError> {
        self.daemon.as_mut().expect("headcount runs").reload(config).await
    }

    /// Writes the configuration anew, with something else in the place of parts of it.
    pub(crate) fn rewrite(&self, instead: &[(&str, &str)]) {
        let text = std::fs::read_to_string(&self.config).expect("the configuration is read");
        std::fs::write(&self.config, replaced(text, instead)).expect("the configuration is written");
    }

    pub(crate) fn stop(&mut self) {
        self.daemon = None;
    }

    pub(crate) fn daemon(&self) -> &Daemon {
        self.daemon.as_ref().expect("headcount runs")
    }

    /// Sets the clock to a local time, such as `08:05`, `08:05:30` or `2026-03-29T02:30:00`, and turns the crank once.
    pub(crate) async fn at(&self, time: &str) -> &Self {
        let text = match time.len() {
            5 => format!("2026-03-02T{time}:00"),
            8 => format!("2026-03-02T{time}"),
            _ => time.to_owned(),
        };
        self.clock.set(instant(&text));
        self.daemon().turn().await.unwrap_or_else(|error| panic!("{error}"));
        self
    }

    /// Sets the clock, and turns nothing.
    pub(crate) fn set(&self, time: &str) {
        self.clock.set(instant(time));
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Puts these people, `DIRECTORY\id`, on a virtual proxy, and nobody else.
    pub(crate) fn connected(&self, prefix: &str, people: &[&str]) -> &Self {
        let people: Vec<_> = people.iter().map(|person| person.split_once('\\').unwrap_or(("CORP", person))).collect();
        self.site.set_people(0, prefix, &people);
        self
    }

    /// Puts so many people on a virtual proxy.
    pub(crate) fn crowd(&self, prefix: &str, count: usize) -> &Self {
        self.site.clear(0, prefix);
        self.site.populate(0, prefix, count);
        self
    }

    /// The next message of a channel, as a person would see it; it must hold each of these.
    pub(crate) fn expect(&self, channel: &str, says: &[&str]) -> String {
        let received = self.inbox.received();
        let next = self.expected.get();
        let Some(message) = received.get(next) else {
            panic!("nothing more arrived; expected {channel} to say {says:?}\n{}", self.log.text());
        };
        let text = plain_text(&message.body);
        assert_eq!(message.name, channel, "{text}");
        for part in says {
            assert!(text.contains(part), "{channel} should say {part:?}, and said:\n{text}");
        }
        self.expected.set(next + 1);
        text
    }

    /// The next mail to a recipient; its subject and its text must hold each of these between them.
    pub(crate) fn expect_mail(&self, to: &str, says: &[&str]) -> Mail {
        let mails = self.smtp.mails();
        let mut expected = self.expected_mails.borrow_mut();
        let next = mails.iter().enumerate().find(|(at, mail)| mail.to == [to] && !expected.contains(at));
        let Some((at, mail)) = next else {
            panic!("no more mail arrived; expected one to {to} that says {says:?}\n{}", self.log.text());
        };
        let text = format!("{}\n{}", mail.header("Subject").unwrap_or_default(), mail.text());
        for part in says {
            assert!(text.contains(part), "the mail should say {part:?}, and said:\n{text}");
        }
        expected.insert(at);
        mail.clone()
    }

    /// Nothing has arrived that was not expected yet.
    pub(crate) fn quiet(&self) -> &Self {
        let received = self.inbox.received();
        let more: Vec<_> =
            received.iter().skip(self.expected.get()).map(|m| format!("{}: {}", m.name, plain_text(&m.body))).collect();
        assert!(more.is_empty(), "{}", more.join("\n---\n"));
        assert_eq!(self.smtp.mails().len(), self.expected_mails.borrow().len(), "more mail arrived");
        self
    }

    /// Nothing has arrived in a chat that was not expected yet; mail may have.
    pub(crate) fn quiet_in(&self, channel: &str) -> &Self {
        let received = self.inbox.received();
        let more = received.iter().skip(self.expected.get()).filter(|message| message.name == channel);
        let more: Vec<_> = more.map(|message| plain_text(&message.body)).collect();
        assert!(more.is_empty(), "{channel}: {}", more.join("\n---\n"));
        self
    }

    /// What Slack's channels show, oldest first: `> ` is in a thread, `>> ` in a thread and beside it, `edited ` was changed.
    pub(crate) fn shown_by_slack(&self) -> Vec<String> {
        self.inbox.workspace("ops", |workspace| {
            let shown = |post: &Post| {
                let thread = match (&post.thread, post.broadcast) {
                    (None, _) => "",
                    (_, false) => "> ",
                    (_, true) => ">> ",
                };
                format!("{thread}{}{}", if post.edited { "edited " } else { "" }, plain_text(&post.message))
            };
            workspace.posts().iter().map(shown).collect()
        })
    }

    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// Ends the story: whatever waits is a failure.
    pub(crate) async fn finish(mut self) {
        self.quiet();
        let waiting = self.daemon().rooms().store.deliveries(false, 100).await.expect("the store lists its deliveries");
        assert!(waiting.is_empty(), "{waiting:?}");
        assert_eq!(self.inbox.refused(), Vec::<String>::new());
        assert_eq!(self.smtp.refused(), Vec::<String>::new());
        self.finished = true;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        assert!(self.finished, "a story ends with `finish`");
        assert_eq!(self.site.violations(), Vec::<String>::new());
        let log = self.log.text();
        for secret in self.people.iter().chain(&["/slack/ops", "xoxb-", "/teams/managers", "/webhook/audit", "whsec_"])
        {
            assert!(!log.contains(secret), "`{secret}` is in the log:\n{log}");
        }
    }
}

fn replaced(text: String, instead: &[(&str, &str)]) -> String {
    instead.iter().fold(text, |text, (part, other)| {
        assert!(text.contains(part), "{part} is not in the configuration:\n{text}");
        text.replace(part, other)
    })
}

/// A local time as an instant; of one that comes twice, the first.
/// A time by the clock, or with an offset where the clock shows it twice.
fn instant(local: &str) -> Timestamp {
    if let Ok(at) = local.parse() {
        return at;
    }
    let at: jiff::civil::DateTime = local.parse().unwrap_or_else(|error| panic!("{local}: {error}"));
    at.to_zoned(TimeZone::get(ZONE).expect("a zone")).expect("a time that can be told").timestamp()
}
