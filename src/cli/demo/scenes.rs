//! The story, scene by scene, and what must have arrived by the end of each.

use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::super::exit::{Exit, Failure};
use super::super::output;
use super::Folder;
use super::screen::{self, Screen};
use crate::clock::Clock;
use crate::config::Config;
use crate::demo::page;
use crate::demo::story::{Inbox, Message, Stage};
use crate::jobs::{self, Rooms};
use crate::message::Occasion;
use crate::qlik::Qlik;

/// How long a message may take to come: far longer than it does, even on a machine that is at work on other things.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(50);

/// The stage, and what was seen on it.
pub(super) struct Show {
    stage: Stage,
    screen: Screen,
    clock: Clock,
    zone: TimeZone,
    messages: Vec<Message>,
    /// How many messages had come when the scene began.
    scene: usize,
    missing: Vec<String>,
    over: bool,
}

impl Show {
    pub(super) fn new(stage: Stage, screen: Screen, clock: Clock, zone: TimeZone) -> Self {
        Self { stage, screen, clock, zone, messages: Vec::new(), scene: 0, missing: Vec::new(), over: false }
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    pub(super) fn open(&self, folder: &Path) -> Result<(), Failure> {
        self.screen.title("headcount demo")?;
        screen::line("A make-believe Qlik Sense site, and the real headcount that watches it.\n")?;
        screen::line("  site   prod, with the virtual proxies (default), hr and finance on two nodes")?;
        screen::line("  tells  Slack #ops, Teams Managers (without names), mail to cio@example.com")?;
        Ok(screen::line(&format!("  files  {}", folder.display()))?)
    }

    /// The whole story.
    pub(super) async fn play(&mut self, rooms: &Rooms, config: &Config) -> Result<(), Failure> {
        use Inbox::{Mail, Slack, Teams};
        self.stage.people(14);
        self.narrate("14 people are at work. headcount looks once a second, and has nothing to say.")?;
        self.pause(2500).await?;

        self.narrate("The morning rush: 32 more come. A rule says to tell when there are more than 40.")?;
        for count in [24, 35, 46] {
            self.pause(1000).await?;
            self.stage.people(count);
        }
        self.expect("the alert of too many users", "more than 40", &[Slack, Teams]).await?;

        self.narrate("14 go for coffee. Below 36 the incident is over, and that is said, too.")?;
        self.stage.people(32);
        self.expect("the all-clear of too many users", "no longer more than 40", &[Slack, Teams]).await?;

        self.narrate("19 more vanish in one second. That is no coffee break: now the boss gets a mail, too.")?;
        self.stage.people(13);
        self.expect("the mass logout", "users fell from", &[Slack, Teams, Mail]).await?;

        self.narrate("A node dies, and its virtual proxy with it. Not seen is not the same as nobody on.")?;
        self.stage.site.stop_proxy(1).await;
        self.expect("the alert of a silent virtual proxy", "does not answer (1 of 3 virtual proxies)", &[Slack, Mail])
            .await?;

        self.narrate("The node is back.")?;
        self.stage.site.start_proxy(1).await;
        self.expect("the all-clear of the virtual proxy", "all 3 virtual proxies answer again", &[Slack, Mail]).await?;

        self.narrate("Before a restart somebody asks who is on, as with `headcount announce`.")?;
        self.announce(rooms, config).await?;
        self.expect("who is on", "restart planned for", &[Slack, Teams, Mail]).await?;
        self.over = true;
        Ok(())
    }

    /// As `headcount announce` does, but that the daemon itself sends it.
    async fn announce(&self, rooms: &Rooms, config: &Config) -> Result<(), Failure> {
        let Some(site) = config.sites.first() else { return Ok(()) };
        let qlik = Qlik::new(&site.qlik).map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
        let tell: Vec<_> = config.channels.iter().map(|spec| spec.channel.name.as_str().into()).collect();
        let planned = self.clock.now().checked_add(SignedDuration::from_mins(15)).ok();
        let occasion = Occasion::Asked { planned, because: Some("the November patch".to_owned()) };
        jobs::announce(rooms, site, &qlik, &tell, &occasion).await?;
        rooms.courier.wake();
        Ok(())
    }

    fn narrate(&mut self, text: &str) -> Result<(), Failure> {
        self.scene = self.messages.len();
        Ok(self.screen.narrate(&self.time(), text)?)
    }

    fn time(&self) -> String {
        self.clock.now().to_zoned(self.zone.clone()).strftime("%H:%M:%S").to_string()
    }

    /// Shows what has arrived since the last time.
    pub(super) fn news(&mut self) -> Result<(), Failure> {
        for message in self.stage.news(&self.time()) {
            self.screen.message(&message)?;
            self.messages.push(message);
        }
        Ok(())
    }

    /// Lets time pass, and shows what arrives meanwhile.
    async fn pause(&mut self, milliseconds: u64) -> Result<(), Failure> {
        let until = tokio::time::Instant::now() + Duration::from_millis(milliseconds);
        while tokio::time::Instant::now() < until {
            self.news()?;
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Waits until a message that says this has come to each of these; then leaves a moment to read.
    async fn expect(&mut self, what: &str, says: &str, on: &[Inbox]) -> Result<(), Failure> {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            self.news()?;
            let came = |inbox: &Inbox| {
                self.messages[self.scene..]
                    .iter()
                    .any(|one| one.inbox == *inbox && (one.title.contains(says) || one.text.contains(says)))
            };
            let missing: Vec<_> = on.iter().filter(|inbox| !came(inbox)).collect();
            if missing.is_empty() {
                return self.pause(3000).await;
            }
            if tokio::time::Instant::now() >= until {
                let missed = missing.iter().map(|inbox| format!("{what} did not come to {}", inbox.label()));
                self.missing.extend(missed);
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    pub(super) fn page(&self) -> String {
        let what = format!(
            "A make-believe site, watched by the real headcount until {}. These are the {} that it sent, \
             each as it was received.",
            self.time(),
            output::count(self.messages.len() as u64, "message", "messages"),
        );
        page::page(&self.messages, &what)
    }

    /// Stays until somebody ends it.
    pub(super) async fn stay(&mut self, folder: &Folder) -> Result<(), Failure> {
        self.narrate("That was the story. The site and the daemon stay until Ctrl-C; look around:")?;
        for words in ["who", "incidents --all", "outbox list --all"] {
            screen::line("")?;
            for line in folder.command(words) {
                screen::line(&format!("  {line}"))?;
            }
        }
        screen::line(&format!("\nEvery message, as received: {}", folder.at("messages.html").display()))?;
        loop {
            self.pause(1000).await?;
        }
    }

    /// Says how it went, and where to look further.
    pub(super) fn close(&self, folder: &Folder, interrupted: bool) -> Result<Exit, Failure> {
        let messages = output::count(self.messages.len() as u64, "message", "messages");
        let offences = self.stage.offences();
        let wrong: Vec<_> = self.missing.iter().chain(&offences).collect();
        let end = if interrupted {
            format!("Ended before its end; {messages} came.")
        } else if wrong.is_empty() && self.over {
            format!("The end: {messages}, each where it belongs, and the site was only ever read from.")
        } else {
            format!("The end: {messages}, and not all as it should be.")
        };
        self.screen.narrate(&self.time(), &end)?;
        let files = [
            ("messages.html", "every message as received: open it in a browser"),
            ("headcount.yaml", "the configuration, to start your own from"),
            ("headcount.log", "what the daemon said meanwhile"),
        ];
        screen::line(&format!("\n  {}/", folder.path.display()))?;
        for (name, what) in files {
            screen::line(&format!("    {name:<15} {what}"))?;
        }
        for wrong in &wrong {
            output::complain(wrong);
        }
        let well = wrong.is_empty() && (interrupted || self.over);
        Ok(if well { Exit::Done } else { Exit::Failed })
    }
}
