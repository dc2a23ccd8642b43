//! Asks Qlik Sense who is connected.
//!
//! Takes a site's [`Settings`]. Gives a [`Snapshot`]: every pair's sessions, or why that pair was not seen.
//! Which pairs there are is listed by the operator, or named by the site's repository: a [`Topology`].
//! Touches only: mutual TLS to each proxy's port 4243, the repository's 4242 and the engines' 4747. It has no method but GET, follows no redirect, and uses no proxy
//! of the environment. Nothing else in the house knows how Qlik spells things.

mod call;
mod discovery;
mod engine;
mod fault;
mod found;
mod identity;
mod inspect;
mod layout;
mod pfx;
mod repository;
mod session_api;
mod tls;
mod topology;
mod trust;
mod users;
mod wire;
mod xrfkey;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

pub use discovery::{Heard, Known};
pub use engine::AskEngines;
pub use found::{Client as FoundClient, Found};
pub use identity::{Identity, IdentityError, Roots};
pub use inspect::{Inspection, ServerCertificate};

pub use repository::{RepositoryUser, UserError};
pub use tls::TlsError;
pub use topology::{Change, Doubt, ProxyService, Roles, Topology, VirtualProxy};
pub use trust::{Fingerprint, FingerprintError, Trust};
pub use users::{Account, Address};
pub use wire::parse_sessions;

pub use crate::pattern::{Pattern, PatternError, any as any_pattern};
use crate::snapshot::Snapshot;

/// The port of a proxy's own API, unless the site says otherwise.
pub const QPS_PORT: u16 = 4243;
/// The repository's.
pub const QRS_PORT: u16 = 4242;
/// An engine's.
pub const ENGINE_PORT: u16 = 4747;

/// Whether a text is a host's name or address.
pub fn check_host(host: &str) -> Result<(), TlsError> {
    call::base(host, QPS_PORT).map(drop)
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
    /// The central node: it has the repository.
    pub host: String,
    /// The name in the certificate of `host`, where that is another.
    pub server_name: Option<String>,
    pub identity: Identity,
    pub trust: Trust,
    /// On whose behalf the repository is asked, where that is not Qlik's own account.
    pub user: Option<RepositoryUser>,
    pub ports: Ports,
    pub proxies: Proxies,
    /// Names that this machine cannot look up.
    pub resolve: Vec<(String, IpAddr)>,
    /// For each call, from connecting to the last byte.
    pub timeout: Duration,
    /// People who never count.
    pub exclude: Vec<Pattern>,
}

impl Settings {
    /// Whether the repository says which proxies there are.
    pub fn discovers(&self) -> bool {
        matches!(self.proxies, Proxies::Discover)
    }

    /// Whether any of its proxies is believed without being verified.
    pub fn is_insecure(&self) -> bool {
        let insecure = |trust: &Trust| matches!(trust, Trust::Insecure);
        match &self.proxies {
            Proxies::Discover => insecure(&self.trust),
            Proxies::Listed(all) => all.iter().any(|proxy| insecure(proxy.trust.as_ref().unwrap_or(&self.trust))),
        }
    }
}

/// The ports of the services on `host`, and of engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    pub qrs: u16,
    pub engine: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Self { qrs: QRS_PORT, engine: ENGINE_PORT }
    }
}

/// Which proxies there are.
#[derive(Clone, Debug)]
pub enum Proxies {
    Listed(Vec<ProxySettings>),
    /// The repository is asked.
    Discover,
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
        topology::label(&self.host, self.port)
    }

    fn is_at(&self, host: &str, port: u16) -> bool {
        self.host.eq_ignore_ascii_case(host) && self.port == port
    }
}

/// One site, ready to be asked. Connections are kept alive between calls of [`Qlik::observe`].
pub struct Qlik {
    settings: Box<Settings>,
    /// Where proxies are discovered.
    repository: Option<Box<repository::Repository>>,
    state: Box<Mutex<discovery::State>>,
    /// Those that were asked before, with their connections.
    engines: Mutex<Vec<Arc<engine::Target>>>,
}

impl Qlik {
    pub fn new(settings: &Settings) -> Result<Self, TlsError> {
        let (repository, layout) = match &settings.proxies {
            Proxies::Listed(all) => (None, layout::Layout::listed(settings, all)?),
            Proxies::Discover => (Some(Box::new(repository::Repository::new(settings)?)), layout::Layout::default()),
        };
        let state = Box::new(Mutex::new(discovery::State::new(layout)));
        Ok(Self { settings: Box::new(settings.clone()), repository, state, engines: Mutex::default() })
    }

    /// Asks every pair, a few at once. Never fails: not seeing is something seen.
    pub async fn observe(&self, at: Timestamp) -> Snapshot {
        let observations = match &self.repository {
            None => {
                let layout = self.state().layout();
                layout.sweep(self.settings.timeout).await
            }
            Some(repository) => self.observe_discovered(repository, at).await,
        };
        Snapshot::new(self.settings.site.clone(), at, observations, |user| any_pattern(&self.settings.exclude, user))
            .with_certificates(self.certificates())
    }
}
