//! Puts a message into a channel's own form, and brings it there.
//!
//! [`format()`] thinks: message in, payload out, within the vendor's limits; it never fails, since a broken template falls
//! back to plain words. [`Channel::send`] touches: payload in, [`Outcome`] out; it never fails, since "again later" and
//! "never" are answers. Decides neither who is told nor when to try again.

mod document;
mod drawn;
pub mod email;
pub mod file;
mod format;
mod http;
mod outcome;
mod payload;
pub mod ping;
mod plain;
mod proxy;
pub mod slack;
pub mod teams;
mod terminal;
mod trust;
mod used;
mod view;
pub mod webhook;
mod words;
pub(crate) mod written;

#[cfg(test)]
mod contract;

use std::fmt;
use std::path::Path;
use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};

pub use document::schema;
use format::Form;
pub use format::{attempt, format, headline, page, rehearse};
pub use http::Authorities;
pub use outcome::{Outcome, Scope};
pub use payload::Payload;
pub use proxy::Proxy;
pub use terminal::terminal;
pub use used::{Used, used};

pub use crate::names::Names;

use crate::message::{Kind, Message};
use crate::render::Engine;

/// The kinds of channel that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChannelKind {
    Slack,
    Teams,
    Email,
    Webhook,
    File,
}

impl ChannelKind {
    pub const ALL: [Self; 5] = [Self::Slack, Self::Teams, Self::Email, Self::Webhook, Self::File];

    /// The word in the configuration, which also names the templates.
    pub fn word(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::File => "file",
        }
    }
}

impl fmt::Display for ChannelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a channel needs to know, with its secrets in hand.
#[derive(Clone, Debug)]
pub enum Settings {
    Slack(slack::Settings),
    Teams(teams::Settings),
    Email(email::Settings),
    Webhook(webhook::Settings),
    File(file::Settings),
}

impl Settings {
    pub fn kind(&self) -> ChannelKind {
        match self {
            Self::Slack(_) => ChannelKind::Slack,
            Self::Teams(_) => ChannelKind::Teams,
            Self::Email(_) => ChannelKind::Email,
            Self::Webhook(_) => ChannelKind::Webhook,
            Self::File(_) => ChannelKind::File,
        }
    }
}

/// A named place that messages go to. Made once; what it sends with is made at the first sending, and kept.
#[derive(Debug)]
pub struct Channel {
    pub name: String,
    pub settings: Settings,
    names: Names,
    authorities: Authorities,
    proxy: Option<Proxy>,
    http: OnceLock<Result<http::Client, String>>,
}

/// One payload on its way to one recipient.
#[derive(Clone, Copy)]
pub struct Parcel<'a> {
    /// A payload's body, or its plainer form.
    pub body: &'a str,
    /// One of [`Channel::recipients`].
    pub recipient: &'a str,
    /// The same for every try.
    pub message_id: &'a str,
    /// The mail that this one follows.
    pub in_reply_to: Option<&'a str>,
    pub belongs: Belongs<'a>,
    pub now: Timestamp,
    /// The state directory, below which files are.
    pub state: &'a Path,
}

/// How a message belongs to one that the channel took before, by what the channel called that one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Belongs<'a> {
    /// It stands for itself.
    #[default]
    Alone,
    /// Under it, where that is known; `beside`: and shown to everyone beside.
    Under { receipt: Option<&'a str>, beside: bool },
    /// In its place, with what it said.
    Instead { receipt: Option<&'a str> },
}

impl Channel {
    pub fn new(name: impl Into<String>, settings: Settings) -> Self {
        Self {
            name: name.into(),
            settings,
            names: Names::default(),
            authorities: Authorities::default(),
            proxy: None,
            http: OnceLock::new(),
        }
    }

    /// Calls people otherwise.
    #[must_use]
    pub fn with_names(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    /// How it calls people.
    pub fn names(&self) -> Names {
        self.names
    }

    /// Trusts further certificate authorities beside the machine's own.
    #[must_use]
    pub fn with_authorities(mut self, authorities: Authorities) -> Self {
        self.authorities = authorities;
        self
    }

    /// Goes out through a proxy. Mail and files do not: `config` refuses it.
    #[must_use]
    pub fn with_proxy(mut self, proxy: Option<Proxy>) -> Self {
        self.proxy = proxy;
        self
    }

    pub fn kind(&self) -> ChannelKind {
        self.settings.kind()
    }

    /// To whom a payload is delivered, each on their own. But for mail there is one recipient, without a name.
    pub fn recipients(&self) -> Vec<String> {
        match &self.settings {
            Settings::Slack(_) | Settings::Teams(_) | Settings::Webhook(_) | Settings::File(_) => vec![String::new()],
            Settings::Email(settings) => settings.to.iter().map(|to| to.email.to_string()).collect(),
        }
    }

    /// Whether something may be delivered to a recipient: one of its own, or one of those people whom it may write to.
    pub fn takes(&self, recipient: &str) -> bool {
        self.recipients().iter().any(|own| own == recipient) || self.may_write_to(recipient)
    }

    /// Whether it may write to people who are on a site, and so to their addresses.
    pub fn writes_to_people(&self) -> bool {
        matches!(&self.settings, Settings::Email(settings) if !settings.mail_people.is_empty())
    }

    /// Whether it may write to this person's address.
    pub fn may_write_to(&self, address: &str) -> bool {
        matches!(&self.settings, Settings::Email(settings) if settings.may_write_to(address))
    }

    /// A message in plain words, with as many names as the channel may see.
    pub fn in_words(&self, message: &Message, engine: &Engine) -> String {
        email::words(&format(ChannelKind::Email, message, engine, self.names))
    }

    /// A message in this channel's form.
    pub fn format(&self, message: &Message, engine: &Engine) -> Payload {
        format::format_as(self.form(), message, engine, self.names)
    }

    /// A message that follows one with this title, so that readers keep them together; `whole` says whether all that the first
    /// told is over. Chats do so by other means.
    pub fn following(&self, payload: Payload, kind: Kind, first: &str, whole: bool) -> Payload {
        let state = match kind {
            Kind::Repeat => "Still open",
            Kind::Resolved if whole => "Resolved",
            Kind::Resolved => "Resolved in part",
            // What is new says so in a subject of its own.
            _ => return payload,
        };
        let followed =
            (self.kind() == ChannelKind::Email).then(|| email::format::following(payload.body(), state, first));
        match followed.flatten() {
            Some(body) => payload.with_body(body),
            None => payload,
        }
    }

    /// Puts every sample into its own form, where it has one, and tells where that fails.
    pub fn rehearse_own(&self, engine: &Engine) -> Vec<String> {
        let form = self.form();
        if form.own.is_some() { format::rehearse_as(form, engine) } else { Vec::new() }
    }

    fn form(&self) -> Form<'_> {
        match &self.settings {
            Settings::Webhook(settings) => {
                Form { own: settings.template(), most: settings.limit(), ..self.kind().into() }
            }
            _ => self.kind().into(),
        }
    }

    /// The least time between two sendings that the vendor allows.
    pub fn pace(&self) -> Option<SignedDuration> {
        match self.kind() {
            ChannelKind::Slack | ChannelKind::Teams => Some(SignedDuration::from_secs(1)),
            ChannelKind::Email | ChannelKind::Webhook | ChannelKind::File => None,
        }
    }

    /// The domain for message ids.
    pub fn from_domain(&self) -> &str {
        match &self.settings {
            Settings::Slack(_) | Settings::Teams(_) | Settings::Webhook(_) | Settings::File(_) => "headcount.invalid",
            Settings::Email(settings) => settings.from.email.domain(),
        }
    }

    /// Whether messages can be put under those that it took before, and those be changed.
    pub fn threads(&self) -> bool {
        matches!(&self.settings, Settings::Slack(settings) if settings.is_bot())
    }

    /// Brings a parcel to its recipient, once.
    pub async fn send(&self, parcel: Parcel<'_>) -> Outcome {
        if matches!(parcel.belongs, Belongs::Instead { .. }) && !self.threads() {
            // It was promised while the channel was another one.
            return Outcome::Gone { why: "this channel cannot change what it has sent".to_owned() };
        }
        match &self.settings {
            Settings::Slack(settings) => match self.client(settings.is_plain()) {
                Ok(client) => slack::send(client, settings, parcel).await,
                Err(why) => Outcome::ChannelDown { why },
            },
            Settings::Teams(settings) => match self.client(settings.is_plain()) {
                Ok(client) => teams::send::send(client, settings, parcel).await,
                Err(why) => Outcome::ChannelDown { why },
            },
            Settings::Email(settings) => match self.means(settings) {
                Ok(means) => email::send::send(means, &self.name, parcel).await,
                Err(why) => Outcome::ChannelDown { why },
            },
            Settings::Webhook(settings) => match self.client(settings.is_plain()) {
                Ok(client) => webhook::send::send(client, settings, parcel).await,
                Err(why) => Outcome::ChannelDown { why },
            },
            Settings::File(settings) => file::send::send(settings.folder(parcel.state), parcel).await,
        }
    }

    /// Whether the channel can be reached, without sending anything. Gives the host that answered, the folder that may be
    /// written into, or the bot that is let in.
    pub async fn reach(&self, state: &Path) -> Result<String, String> {
        match &self.settings {
            Settings::Slack(settings) => slack::reach(self.client(settings.is_plain())?, settings).await,
            Settings::Teams(settings) => self.client(settings.is_plain())?.reach(settings.url()).await,
            Settings::Webhook(settings) => self.client(settings.is_plain())?.reach(settings.url()).await,
            Settings::File(settings) => file::send::reach(&settings.folder(state)),
            // Any token that is kept will do.
            Settings::Email(settings) => email::send::reach(self.means(settings)?, Timestamp::UNIX_EPOCH).await,
        }
    }

    /// Mail needs no client but for its tokens.
    fn means<'a>(&'a self, settings: &'a email::Settings) -> Result<email::send::Means<'a>, String> {
        let client = settings.token_url().map(|url| self.client(http::is_plain(url))).transpose()?;
        Ok(email::send::Means { settings, authorities: &self.authorities, http: client })
    }

    fn client(&self, plain: bool) -> Result<&http::Client, String> {
        let client = || http::Client::new(&self.authorities, plain, self.proxy.as_ref());
        self.http.get_or_init(client).as_ref().map_err(Clone::clone)
    }
}

/// Whether a host is this machine itself.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
