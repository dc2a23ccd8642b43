//! Puts a message into a channel's own form, and brings it there.
//!
//! [`format()`] thinks: message in, payload out, within the vendor's limits; it never fails, since a broken template falls
//! back to plain words. [`Channel::send`] touches: payload in, [`Outcome`] out; it never fails, since "again later" and
//! "never" are answers. Decides neither who is told nor when to try again.

mod drawn;
pub mod email;
mod format;
mod http;
mod outcome;
mod payload;
mod plain;
pub mod slack;
pub mod teams;
mod trust;
mod used;
mod view;
mod words;
pub(crate) mod written;

#[cfg(test)]
mod contract;

use std::fmt;
use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};

pub use format::{attempt, format, headline, rehearse};
pub use http::Authorities;
pub use outcome::{Outcome, Scope};
pub use payload::Payload;
pub use used::{Used, used};

pub use crate::names::Names;

use crate::message::Message;
use crate::render::Engine;

/// The kinds of channel that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChannelKind {
    Slack,
    Teams,
    Email,
}

impl ChannelKind {
    pub const ALL: [Self; 3] = [Self::Slack, Self::Teams, Self::Email];

    /// The word in the configuration, which also names the templates.
    pub fn word(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::Email => "email",
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
#[expect(clippy::large_enum_variant, reason = "there are a handful of channels, each made once")]
pub enum Settings {
    Slack(slack::Settings),
    Teams(teams::Settings),
    Email(email::Settings),
}

impl Settings {
    pub fn kind(&self) -> ChannelKind {
        match self {
            Self::Slack(_) => ChannelKind::Slack,
            Self::Teams(_) => ChannelKind::Teams,
            Self::Email(_) => ChannelKind::Email,
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
    pub now: Timestamp,
}

impl Channel {
    pub fn new(name: impl Into<String>, settings: Settings) -> Self {
        Self {
            name: name.into(),
            settings,
            names: Names::default(),
            authorities: Authorities::default(),
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

    pub fn kind(&self) -> ChannelKind {
        self.settings.kind()
    }

    /// To whom a payload is delivered, each on their own. Slack and Teams have one recipient without a name.
    pub fn recipients(&self) -> Vec<String> {
        match &self.settings {
            Settings::Slack(_) | Settings::Teams(_) => vec![String::new()],
            Settings::Email(settings) => settings.to.iter().map(|to| to.email.to_string()).collect(),
        }
    }

    /// A message in this channel's form.
    pub fn format(&self, message: &Message, engine: &Engine) -> Payload {
        format(self.kind(), message, engine, self.names)
    }

    /// The least time between two sendings that the vendor allows.
    pub fn pace(&self) -> Option<SignedDuration> {
        match self.kind() {
            ChannelKind::Slack | ChannelKind::Teams => Some(SignedDuration::from_secs(1)),
            ChannelKind::Email => None,
        }
    }

    /// The domain for message ids.
    pub fn from_domain(&self) -> &str {
        match &self.settings {
            Settings::Slack(_) | Settings::Teams(_) => "headcount.invalid",
            Settings::Email(settings) => settings.from.email.domain(),
        }
    }

    /// Brings a parcel to its recipient, once.
    pub async fn send(&self, parcel: Parcel<'_>) -> Outcome {
        match &self.settings {
            Settings::Slack(settings) => match self.client(settings.is_plain()) {
                Ok(client) => slack::send::send(client, settings, parcel).await,
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
        }
    }

    /// Whether the channel can be reached, without sending anything. Gives the host that answered.
    pub async fn reach(&self) -> Result<String, String> {
        match &self.settings {
            Settings::Slack(settings) => self.client(settings.is_plain())?.reach(settings.url()).await,
            Settings::Teams(settings) => self.client(settings.is_plain())?.reach(settings.url()).await,
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
        self.http.get_or_init(|| http::Client::new(&self.authorities, plain)).as_ref().map_err(Clone::clone)
    }
}

/// Whether a host is this machine itself.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
