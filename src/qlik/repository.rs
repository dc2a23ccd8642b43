//! The repository service: which proxies there are, and what people are called.
//!
//! Every call is made on behalf of a user, whose rights decide how much is listed: whoever may read less is shown less.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Client, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::call::{self, With, encoded};
use super::fault::{Fault, Whom};
use super::tls::{self, TlsError};
use super::topology::{Beside, Doubt, ProxyService, Roles, Topology, VirtualProxy, doubts};
use super::{QPS_PORT, Settings, trust, wire};
use crate::snapshot::{Unseen, User};

/// On whose behalf the repository is asked.
#[derive(Clone, PartialEq, Eq)]
pub struct RepositoryUser {
    directory: String,
    id: String,
}

/// Why a text names no user.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no user: write directory and id with a back-slash between, such as `INTERNAL\\sa_api`")]
pub struct UserError(String);

impl RepositoryUser {
    /// Qlik's own account for its interfaces, which may read all.
    pub fn service() -> Self {
        Self { directory: "INTERNAL".to_owned(), id: "sa_api".to_owned() }
    }

    /// Reads `DIRECTORY\id`.
    pub fn parse(text: &str) -> Result<Self, UserError> {
        match text.split_once('\\') {
            Some((directory, id)) if !directory.trim().is_empty() && !id.trim().is_empty() && !id.starts_with('\\') => {
                Ok(Self { directory: directory.to_owned(), id: id.to_owned() })
            }
            _ => Err(UserError(text.to_owned())),
        }
    }

    /// The user itself, as somebody whom the repository may know.
    pub(super) fn as_user(&self) -> User {
        User { directory: self.directory.as_str().into(), id: self.id.as_str().into(), name: None }
    }

    /// Whether it is one of Qlik's own accounts.
    pub(super) fn is_service_account(&self) -> bool {
        self.directory.eq_ignore_ascii_case("INTERNAL") && self.id.to_ascii_lowercase().starts_with("sa_")
    }

    /// Both parts are encoded, as the vendor asks.
    /// <https://help.qlik.com/en-US/sense-developer/Subsystems/RepositoryServiceAPI/Content/Sense_RepositoryServiceAPI/RepositoryServiceAPI-Connect-API-Authenticate-Reqs-Certificate.htm>
    fn header(&self) -> HeaderValue {
        let text = format!("UserDirectory={};UserId={}", encoded(&self.directory), encoded(&self.id));
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

impl fmt::Display for RepositoryUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\\{}", crate::clean::clean(&self.directory), crate::clean::clean(&self.id))
    }
}

impl fmt::Debug for RepositoryUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// One site's repository, ready to be asked.
pub(super) struct Repository {
    client: Client,
    pub(super) presented: trust::Presented,
    base: Url,
    pub(super) user: RepositoryUser,
    header: HeaderValue,
    timeout: Duration,
}

/// What the repository said of the site.
pub(super) struct Said {
    pub(super) topology: Topology,
    pub(super) doubts: Vec<Doubt>,
}

impl Repository {
    pub(super) fn new(settings: &Settings) -> Result<Self, TlsError> {
        let (client, presented) = tls::client(settings, settings.server_name.as_deref(), &settings.trust)?;
        let user = settings.user.clone().unwrap_or_else(RepositoryUser::service);
        let base = call::base(&settings.host, settings.ports.qrs)?;
        Ok(Self { client, presented, base, header: user.header(), user, timeout: settings.timeout })
    }

    /// The address that it is asked at.
    pub(super) fn address(&self) -> String {
        self.base.host_str().map(|host| format!("{host}:{}", self.base.port().unwrap_or(443))).unwrap_or_default()
    }

    pub(super) fn url(&self, path: &str, query: Option<&str>) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("/qrs/{path}"));
        url.set_query(query);
        url
    }

    pub(super) async fn list<T: DeserializeOwned>(&self, url: &Url, of: &'static str) -> Result<Vec<T>, Fault> {
        let body = call::get(&self.client, url, With::KeyAs(&self.header), self.timeout).await?;
        wire::parse_list(&body, of)
    }

    pub(super) fn told(&self, fault: &Fault, url: &Url) -> Unseen {
        fault.told(url, Whom::Repository(&self.user), self.timeout)
    }

    /// What the site is made of, and what speaks for a list that is too short.
    pub(super) async fn topology(&self, before: Option<&Topology>) -> Result<Said, Unseen> {
        let proxies = self.url("proxyservice/full", None);
        let all = self.url("virtualproxyconfig/full", None);
        let nodes = self.url("servernodeconfiguration/full", None);
        let (services, virtual_proxies, nodes, roles) = tokio::join!(
            self.list::<WireProxy>(&proxies, "a list of proxies"),
            self.list::<WireVirtualProxy>(&all, "a list of virtual proxies"),
            self.list::<WireNode>(&nodes, "a list of nodes"),
            self.roles(),
        );
        let services = services.map_err(|fault| self.told(&fault, &proxies))?;
        let mut topology =
            Topology { proxies: services.into_iter().map(ProxyService::from).collect(), ..Topology::default() };
        let linked: BTreeSet<String> =
            topology.proxies.iter().flat_map(|proxy| &proxy.virtual_proxies).map(|one| one.id.clone()).collect();
        if linked.is_empty() {
            return Err(self.told(&Fault::NothingListed { proxies: topology.proxies.len() }, &proxies));
        }
        let ids = match virtual_proxies {
            Err(fault) => {
                // What was known of them stays known.
                topology.unlinked = before.map(|before| before.unlinked.clone()).unwrap_or_default();
                topology.unlinked.retain(|one| !linked.contains(&one.id));
                Err(self.told(&fault, &all).what)
            }
            Ok(all) => {
                let ids = all.iter().map(|one| one.id.clone()).collect();
                let unlinked = all.into_iter().filter(|one| !linked.contains(&one.id));
                topology.unlinked = unlinked.map(VirtualProxy::from).collect();
                Ok(ids)
            }
        };
        // Nodes are beside the point: without them, an engine is looked for wherever there is a proxy.
        let nodes = nodes.unwrap_or_default();
        let with = |has: fn(&WireNode) -> Option<bool>| {
            nodes.iter().filter(move |node| has(node) == Some(true)).map(|node| node.host_name.clone())
        };
        topology.engines = with(|node| node.engine_enabled).collect();
        let beside = Beside { all: ids, nodes: with(|node| node.proxy_enabled).collect(), roles };
        let topology = topology.sorted();
        let doubts = doubts(&topology, before, &beside, &self.user);
        Ok(Said { topology, doubts })
    }

    /// What the repository says of the user whom it is asked for.
    async fn roles(&self) -> Roles {
        if self.user.is_service_account() {
            return Roles::Unknown;
        }
        let filter = format!("filter={}", encoded(&filter(&self.user.directory, &self.user.id)));
        match self.list::<WireUser>(&self.url("user/full", Some(&filter)), "a list of users").await {
            Err(_) => Roles::Unknown,
            Ok(users) => match users.into_iter().next() {
                None => Roles::NoSuchUser,
                Some(WireUser { roles: Some(roles), .. }) => Roles::These(roles),
                Some(_) => Roles::Unknown,
            },
        }
    }
}

/// A user by directory and id; a quote inside a text is doubled.
pub(super) fn filter(directory: &str, id: &str) -> String {
    let quoted = |text: &str| text.replace('\'', "''");
    format!("(userDirectory eq '{}' and userId eq '{}')", quoted(directory), quoted(id))
}

// How the repository spells things. Every other field is left unread: some hold secrets.

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProxy {
    id: String,
    settings: WireSettings,
    server_node_configuration: WireNode,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireSettings {
    rest_listen_port: Option<u16>,
    virtual_proxies: Option<Vec<WireVirtualProxy>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireVirtualProxy {
    id: String,
    prefix: Option<String>,
    description: Option<String>,
    session_inactivity_timeout: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireNode {
    host_name: String,
    name: Option<String>,
    engine_enabled: Option<bool>,
    proxy_enabled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireUser {
    #[serde(default, deserialize_with = "role_names")]
    roles: Option<Vec<String>>,
}

/// Roles come as texts, or, of some versions, as objects with a name.
fn role_names<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let value = Option::<Vec<serde_json::Value>>::deserialize(deserializer)?;
    let name = |role: serde_json::Value| match role {
        serde_json::Value::String(name) => Some(name),
        role => role.get("name").and_then(|name| name.as_str()).map(str::to_owned),
    };
    Ok(value.map(|roles| roles.into_iter().filter_map(name).collect()))
}

impl From<WireProxy> for ProxyService {
    fn from(wire: WireProxy) -> Self {
        Self {
            id: wire.id,
            host: wire.server_node_configuration.host_name,
            port: wire.settings.rest_listen_port.filter(|port| *port > 0).unwrap_or(QPS_PORT),
            node: wire.server_node_configuration.name.unwrap_or_default(),
            virtual_proxies: wire
                .settings
                .virtual_proxies
                .unwrap_or_default()
                .into_iter()
                .map(VirtualProxy::from)
                .collect(),
        }
    }
}

impl From<WireVirtualProxy> for VirtualProxy {
    fn from(wire: WireVirtualProxy) -> Self {
        Self {
            id: wire.id,
            // An outer slash is nobody's own: the console does not take one, other tools write one.
            prefix: wire.prefix.unwrap_or_default().trim_matches('/').to_owned(),
            description: wire.description.unwrap_or_default(),
            idle: wire.session_inactivity_timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_two_parts() {
        let user = RepositoryUser::parse("CORP\\å b;c").unwrap();
        assert_eq!(user.header(), "UserDirectory=CORP;UserId=%C3%A5%20b%3Bc");
        assert_eq!(user.to_string(), "CORP\\å b;c");
        assert!(
            !user.is_service_account()
                && RepositoryUser::parse("internal\\SA_repository").unwrap().is_service_account()
        );
        for wrong in ["", "sa_api", "INTERNAL/sa_api", "\\sa_api", "INTERNAL\\", "INTERNAL\\\\sa_api"] {
            assert!(RepositoryUser::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(filter("CORP", "o'brien"), "(userDirectory eq 'CORP' and userId eq 'o''brien')");
    }

    #[test]
    fn lists_are_read_with_every_gap() {
        let body = br#"[{"id":"p1","settings":{"restListenPort":5243,"virtualProxies":[{"id":"v1","prefix":""},
            {"id":"v2","prefix":"a/b","description":null,"sessionInactivityTimeout":20,"oidcSecret":"x"}]},
            "serverNodeConfiguration":{"hostName":"sense1","roles":[]}},
            {"id":"p2","settings":{"virtualProxies":null},"serverNodeConfiguration":{"hostName":"sense2","name":"Node 2"}}]"#;
        let proxies: Vec<ProxyService> =
            wire::parse_list::<WireProxy>(body, "").unwrap().into_iter().map(Into::into).collect();
        assert_eq!((proxies[0].port, proxies[1].port, proxies[1].node.as_str()), (5243, 4243, "Node 2"));
        assert_eq!(
            (proxies[0].virtual_proxies[1].prefix.as_str(), proxies[0].virtual_proxies[1].idle),
            ("a/b", Some(20))
        );
        for (body, roles) in [
            (&br#"[{"id":"u","roles":["RootAdmin"]}]"#[..], Some(vec!["RootAdmin".to_owned()])),
            (br#"[{"roles":[{"id":"r","name":"AuditAdmin"},{"id":"s"}]}]"#, Some(vec!["AuditAdmin".to_owned()])),
            (br#"[{"roles":null}]"#, None),
            (b"[{}]", None),
        ] {
            assert_eq!(wire::parse_list::<WireUser>(body, "").unwrap().remove(0).roles, roles);
        }
    }
}
