//! Asks Qlik Sense who is connected.
//!
//! Takes a site's [`Settings`]. Gives a [`Snapshot`]: every pair's sessions, or why that pair was not seen.
//! Touches only: mutual TLS to each proxy's port 4243. It has no method but GET, follows no redirect, and uses no proxy
//! of the environment. Nothing else in the house knows how Qlik spells things.

mod fault;
mod found;
mod identity;
mod inspect;
mod pattern;
mod pfx;
mod session_api;
mod tls;
mod trust;
mod wire;
mod xrfkey;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::Timestamp;
use reqwest::Client;

pub use found::{Client as FoundClient, Found};
pub use identity::{Identity, IdentityError, Roots};
pub use inspect::{Inspection, ServerCertificate};
pub use pattern::{Pattern, PatternError, any as any_pattern};
pub use tls::TlsError;
pub use trust::{Fingerprint, FingerprintError, Trust};
pub use wire::parse_sessions;

use crate::snapshot::{Observation, Pair, Snapshot};

/// The port of a proxy's own API, unless the site says otherwise.
pub const QPS_PORT: u16 = 4243;

/// How many pairs of a site are asked at once. A recorded site with 30 pairs took 0.15 to 0.2 s for each.
const AT_ONCE: usize = 8;

/// Whether a text is a host's name or address.
pub fn check_host(host: &str) -> Result<(), TlsError> {
    session_api::url(host, QPS_PORT, "").map(drop)
}

/// Whether a text is a virtual proxy's prefix; the empty one is the default virtual proxy's.
pub fn check_prefix(prefix: &str) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("`{prefix}` is no prefix: {what}"));
    if prefix.is_empty() {
        Ok(())
    } else if prefix.starts_with('/') || prefix.ends_with('/') {
        wrong("write it without `/` at either end")
    } else if prefix.contains('#') {
        wrong("it cannot hold `#`")
    } else if prefix.split('/').any(|part| matches!(part, "" | "." | "..")) {
        wrong("no part of it can be empty, `.` or `..`")
    } else {
        Ok(())
    }
}

/// Everything it takes to ask one site.
#[derive(Clone, Debug)]
pub struct Settings {
    pub site: Arc<str>,
    pub identity: Identity,
    pub trust: Trust,
    pub proxies: Vec<ProxySettings>,
    /// For each call, from connecting to the last byte.
    pub timeout: Duration,
    /// People who never count.
    pub exclude: Vec<Pattern>,
}

impl Settings {
    /// Whether any of its proxies is believed without being verified.
    pub fn is_insecure(&self) -> bool {
        let insecure = |trust: &Trust| matches!(trust, Trust::Insecure);
        self.proxies.iter().any(|proxy| insecure(proxy.trust.as_ref().unwrap_or(&self.trust)))
    }
}

/// One proxy service, and the virtual proxies to ask it about.
#[derive(Clone, Debug)]
pub struct ProxySettings {
    pub host: String,
    pub port: u16,
    /// The name in the proxy's certificate, where `host` is another.
    pub server_name: Option<String>,
    /// What this proxy is verified by, where it is not what the site is.
    pub trust: Option<Trust>,
    pub virtual_proxies: Vec<String>,
}

impl ProxySettings {
    /// What the proxy is called: its host, with the port when that is not the usual one.
    pub fn label(&self) -> String {
        match (self.port, self.host.contains(':')) {
            (QPS_PORT, _) => self.host.clone(),
            (port, false) => format!("{}:{port}", self.host),
            (port, true) => format!("[{}]:{port}", self.host.trim_matches(['[', ']'])),
        }
    }
}

/// One site, ready to be asked. Connections are kept alive between calls of [`Qlik::observe`].
pub struct Qlik {
    site: Arc<str>,
    targets: Vec<Target>,
    exclude: Vec<Pattern>,
    timeout: Duration,
}

struct Target {
    pair: Pair,
    client: Client,
    presented: trust::Presented,
    url: reqwest::Url,
}

impl Qlik {
    pub fn new(settings: &Settings) -> Result<Self, TlsError> {
        let mut targets = Vec::new();
        for proxy in &settings.proxies {
            let (client, presented) = tls::client(settings, proxy)?;
            let label: Arc<str> = proxy.label().into();
            for prefix in &proxy.virtual_proxies {
                targets.push(Target {
                    pair: Pair { proxy: label.clone(), prefix: prefix.as_str().into() },
                    client: client.clone(),
                    presented: presented.clone(),
                    url: session_api::url(&proxy.host, proxy.port, prefix)?,
                });
            }
        }
        Ok(Self { site: settings.site.clone(), targets, exclude: settings.exclude.clone(), timeout: settings.timeout })
    }

    /// Asks every pair, a few at once. Never fails: not seeing is something seen.
    pub async fn observe(&self, at: Timestamp) -> Snapshot {
        let asked: Vec<_> = self.targets.iter().enumerate().map(|(place, target)| self.ask(place, target)).collect();
        // Whoever answers makes room for the next; one that hangs holds up no more than its own place.
        let mut observations = stream::iter(asked).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
        observations.sort_unstable_by_key(|(place, ..)| *place);
        let observations = observations.into_iter().map(|(_, pair, observation)| (pair, observation)).collect();
        Snapshot::new(self.site.clone(), at, observations, |user| pattern::any(&self.exclude, user))
    }

    async fn ask(&self, place: usize, target: &Target) -> (usize, Pair, Observation) {
        let observation = match session_api::sessions(&target.client, &target.url, self.timeout).await {
            Ok(sessions) => Observation::Seen(sessions),
            Err(fault) => Observation::Unseen(fault.told(&target.url, &target.pair, self.timeout)),
        };
        (place, target.pair.clone(), observation)
    }
}
