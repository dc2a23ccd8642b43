//! The stage of `headcount demo`: a site with three virtual proxies, three inboxes, and the people who come and go.
//!
//! Gives the configuration that a newcomer would write for it, and each message as a person would read it.

use super::inbox::{HttpInbox, Kind, Smtp, SmtpOptions, plain_text};
use super::site::{Session, Setup, Site};

/// Where a message arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inbox {
    Slack,
    Teams,
    Mail,
}

impl Inbox {
    pub const ALL: [Self; 3] = [Self::Slack, Self::Teams, Self::Mail];

    /// What a person calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Slack => "Slack #ops",
            Self::Teams => "Teams Managers",
            Self::Mail => "Mail to cio@example.com",
        }
    }
}

/// One message as it was received.
#[derive(Clone, Debug)]
pub struct Message {
    pub inbox: Inbox,
    /// When, as a person would say it.
    pub at: String,
    /// The first line, or the subject.
    pub title: String,
    pub text: String,
    /// Of a mail.
    pub html: Option<String>,
    /// What came over the wire.
    pub raw: String,
}

/// The make-believe world; it ends when dropped.
#[derive(Debug)]
pub struct Stage {
    pub site: Site,
    inbox: HttpInbox,
    smtp: Smtp,
    posts: usize,
    mails: usize,
    /// How many of the cast are on.
    on: usize,
}

impl Stage {
    pub async fn start() -> Self {
        let setup = Setup::new("sense.example.com")
            .proxy("sense1.example.com", &["", "hr"])
            .proxy("sense2.example.com", &["finance"]);
        let smtp = Smtp::start(SmtpOptions::default()).await;
        Self { site: Site::start(setup).await, inbox: HttpInbox::start().await, smtp, posts: 0, mails: 0, on: 0 }
    }

    /// What a newcomer would write, but for the ports and the haste.
    pub fn configuration(&self, time_zone: &str) -> String {
        let (one, two, mail) = (self.site.port(0), self.site.port(1), self.smtp.port());
        let (slack, teams) = (self.inbox.url(Kind::Slack, "ops"), self.inbox.url(Kind::Teams, "managers"));
        format!(
            r#"# Written by `headcount demo`: everything here is make-believe, and listens on this machine alone.
# It looks every second, where a real one would look every minute, and waits seconds where a real one waits minutes.
time_zone: {time_zone}

sites:
  prod:
    host: 127.0.0.1
    certificate: {{pem: client.pem, key: client_key.pem}}
    trust: {{root: root.pem}}
    proxies:
      - {{host: 127.0.0.1, port: {one}, server_name: sense1.example.com, virtual_proxies: ["", hr]}}
      - {{host: 127.0.0.1, port: {two}, server_name: sense2.example.com, virtual_proxies: [finance]}}
    timeout: 2s
    link: https://sense.example.com/qmc

checks:
  sessions: {{site: prod, cron: "* * * * * *", rules: [crowded, mass-logout, blind]}}

rules:
  crowded: {{threshold: {{metric: users, above: 40, clear: 35}}, tell: [ops, managers]}}
  mass-logout:
    change: {{metric: users, falls: 50%, within: 15s, at_least: 10}}
    severity: critical
    tell: [ops, managers, bosses]
  blind: {{unreachable: {{for: 2s, parts: any}}, severity: critical, tell: [ops, bosses]}}

channels:
  ops: {{slack: {{webhook_url: "{slack}"}}, pace: none}}
  managers: {{teams: {{workflow_url: "{teams}"}}, pace: none, names: hidden}}
  bosses:
    email:
      from: "Headcount <headcount@example.com>"
      to: [cio@example.com]
      smtp: {{host: 127.0.0.1, port: {mail}, tls: none}}
    pace: none
"#
        )
    }

    /// From now on the first so many of the cast are on. Who was on already keeps the session.
    pub fn people(&mut self, count: usize) {
        for (at, person) in CAST.iter().enumerate() {
            let (comes, goes) = ((self.on..count).contains(&at), (count..self.on).contains(&at));
            let places = places(at);
            for (proxy, prefix) in places {
                if comes {
                    self.site.add(*proxy, prefix, session(person));
                } else if goes {
                    let (directory, id, _) = *person;
                    self.site.disconnect_user(*proxy, prefix, directory, id);
                }
            }
        }
        self.on = count;
    }

    /// What has arrived since the last time this was asked, in the order of arrival.
    pub fn news(&mut self, at: &str) -> Vec<Message> {
        let posts = self.inbox.received().split_off(self.posts);
        let mails = self.smtp.mails().split_off(self.mails);
        self.posts += posts.len();
        self.mails += mails.len();
        let posts = posts.into_iter().map(|post| {
            let text = plain_text(&post.body);
            let (title, text) = text.split_once('\n').unwrap_or((&text, ""));
            let inbox = if post.kind == Kind::Teams { Inbox::Teams } else { Inbox::Slack };
            let raw = format!("{:#}", post.body);
            let message =
                Message { inbox, at: at.to_owned(), title: title.to_owned(), text: text.to_owned(), html: None, raw };
            (post.at, message)
        });
        let mails = mails.into_iter().map(|mail| {
            let title = mail.header("Subject").unwrap_or_default();
            let text = mail.text().replace("\r\n", "\n");
            // A mail begins with its subject once more, for who reads it aloud.
            let text = text.strip_prefix(title.as_str()).unwrap_or(&text).trim().to_owned();
            let message = Message {
                inbox: Inbox::Mail,
                at: at.to_owned(),
                title,
                text,
                html: Some(mail.html()),
                raw: mail.raw.replace("\r\n", "\n"),
            };
            (mail.at, message)
        });
        let mut news: Vec<_> = posts.chain(mails).collect();
        news.sort_by_key(|(at, _)| *at);
        news.into_iter().map(|(_, message)| message).collect()
    }

    /// What was done that the real ones would not have taken: a `POST` to the site, a card that Teams cannot draw.
    pub fn offences(&self) -> Vec<String> {
        let posts = self.inbox.refused().into_iter().map(|why| format!("a webhook refused a message: {why}"));
        let mails = self.smtp.refused().into_iter().map(|why| format!("the mail server refused: {why}"));
        let asked =
            self.site.violations().into_iter().map(|what| format!("the site was asked for more than to look: {what}"));
        posts.chain(mails).chain(asked).collect()
    }
}

fn session((directory, id, name): &(&str, &str, &str)) -> Session {
    Session::new(directory, id).named(name)
}

/// On which virtual proxies the nth of the cast is: most on one, some on two.
fn places(nth: usize) -> &'static [(usize, &'static str)] {
    match nth % 7 {
        0 | 3 => &[(0, "")],
        1 | 5 => &[(0, "hr")],
        2 => &[(1, "finance")],
        4 => &[(0, ""), (1, "finance")],
        _ => &[(0, ""), (0, "hr")],
    }
}

/// In the order in which they come; they go in the other.
const CAST: [(&str, &str, &str); 46] = [
    ("CORP", "anna.lind", "Anna Lind"),
    ("CORP", "mateo.garcia", "Mateo García"),
    ("CORP", "priya.nair", "Priya Nair"),
    ("CORP", "oskar.berg", "Oskar Berg"),
    ("CORP", "lena.vogel", "Lena Vogel"),
    ("CORP", "tom.oconnor", "Tom O'Connor"),
    ("PARTNER", "yuki.tanaka", "Yuki Tanaka"),
    ("CORP", "fatima.elamrani", "Fatima El Amrani"),
    ("CORP", "jonas.aberg", "Jonas Åberg"),
    ("CORP", "claire.dubois", "Claire Dubois"),
    ("CORP", "samuel.okafor", "Samuel Okafor"),
    ("PARTNER", "ingrid.solberg", "Ingrid Solberg"),
    ("CORP", "david.cohen", "David Cohen"),
    ("CORP", "marta.kowalska", "Marta Kowalska"),
    ("CORP", "arjun.mehta", "Arjun Mehta"),
    ("CORP", "sofia.rossi", "Sofia Rossi"),
    ("CORP", "erik.nilsson", "Erik Nilsson"),
    ("CORP", "nadia.haddad", "Nadia Haddad"),
    ("CORP", "peter.novak", "Peter Novák"),
    ("PARTNER", "grace.mwangi", "Grace Mwangi"),
    ("CORP", "liam.murphy", "Liam Murphy"),
    ("CORP", "hanna.koskinen", "Hanna Koskinen"),
    ("CORP", "carlos.silva", "Carlos Silva"),
    ("CORP", "emma.jansen", "Emma Jansen"),
    ("CORP", "omar.farouk", "Omar Farouk"),
    ("CORP", "julia.weber", "Julia Weber"),
    ("CORP", "niklas.holm", "Niklas Holm"),
    ("CORP", "mei.chen", "Mei Chen"),
    ("CORP", "viktor.petrov", "Viktor Petrov"),
    ("CORP", "alice.martin", "Alice Martin"),
    ("PARTNER", "ravi.kumar", "Ravi Kumar"),
    ("CORP", "karin.ek", "Karin Ek"),
    ("CORP", "ben.harris", "Ben Harris"),
    ("CORP", "elif.yilmaz", "Elif Yılmaz"),
    ("CORP", "lucas.moreau", "Lucas Moreau"),
    ("CORP", "maria.santos", "Maria Santos"),
    ("CORP", "anders.dahl", "Anders Dahl"),
    ("CORP", "zoe.adams", "Zoe Adams"),
    ("CORP", "hugo.lopez", "Hugo López"),
    ("CORP", "amina.diallo", "Amina Diallo"),
    ("CORP", "felix.braun", "Felix Braun"),
    ("CORP", "sara.lundqvist", "Sara Lundqvist"),
    ("CORP", "daniel.kim", "Daniel Kim"),
    ("CORP", "nina.horvat", "Nina Horvat"),
    ("CORP", "george.papas", "George Papas"),
    ("CORP", "ella.wood", "Ella Wood"),
];
