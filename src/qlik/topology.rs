//! What a site is made of: its proxies, the virtual proxies that are linked to them, and its engines.
//!
//! Thinks only. A virtual proxy is known by its id, since a prefix can occur twice: linked to several proxies, or once
//! linked and once not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ProxySettings, QPS_PORT, RepositoryUser};
use crate::clean::clean;

/// A site as its repository names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topology {
    /// By host and port.
    pub proxies: Vec<ProxyService>,
    /// Virtual proxies that no proxy serves: listed, never polled.
    pub unlinked: Vec<VirtualProxy>,
    /// The hosts of nodes that run an engine.
    pub engines: Vec<String>,
}

/// One proxy service, on one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyService {
    pub id: String,
    /// What it is reached and verified by.
    pub host: String,
    pub port: u16,
    /// What the console calls its node.
    pub node: String,
    /// By prefix.
    pub virtual_proxies: Vec<VirtualProxy>,
}

/// One virtual proxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VirtualProxy {
    pub id: String,
    pub prefix: String,
    pub description: String,
    /// After how many idle minutes a session of it ends.
    pub idle: Option<u32>,
}

impl Topology {
    /// In an order that does not depend on the repository's, so that two that are the same are equal.
    pub(super) fn sorted(mut self) -> Self {
        for proxy in &mut self.proxies {
            proxy.virtual_proxies.sort_by(|a, b| (&a.prefix, &a.id).cmp(&(&b.prefix, &b.id)));
            proxy.virtual_proxies.dedup_by(|a, b| a.id == b.id);
        }
        self.proxies.sort_by(|a, b| (&a.host, a.port, &a.id).cmp(&(&b.host, b.port, &b.id)));
        self.unlinked.sort_by(|a, b| (&a.prefix, &a.id).cmp(&(&b.prefix, &b.id)));
        self.engines.sort();
        self.engines.dedup();
        self
    }

    /// What is to be polled: each prefix once on each address, verified by the name that the repository gives.
    pub fn to_poll(&self) -> Vec<ProxySettings> {
        let mut all: Vec<ProxySettings> = Vec::new();
        for proxy in &self.proxies {
            let same = |known: &ProxySettings| known.host.eq_ignore_ascii_case(&proxy.host) && known.port == proxy.port;
            let place = all.iter().position(same).unwrap_or_else(|| {
                all.push(ProxySettings {
                    host: proxy.host.clone(),
                    port: proxy.port,
                    server_name: None,
                    trust: None,
                    virtual_proxies: Vec::new(),
                });
                all.len() - 1
            });
            let known = &mut all[place];
            for virtual_proxy in &proxy.virtual_proxies {
                let prefix = virtual_proxy.prefix.to_lowercase();
                if !known.virtual_proxies.iter().any(|other| other.to_lowercase() == prefix) {
                    known.virtual_proxies.push(virtual_proxy.prefix.clone());
                }
            }
        }
        all.retain(|proxy| !proxy.virtual_proxies.is_empty());
        all
    }

    /// How many pairs are polled.
    pub fn pairs(&self) -> usize {
        self.to_poll().iter().map(|proxy| proxy.virtual_proxies.len()).sum()
    }

    /// Distinct virtual proxies, linked or not.
    pub fn virtual_proxies(&self) -> usize {
        let linked = self.proxies.iter().flat_map(|proxy| &proxy.virtual_proxies);
        linked.chain(&self.unlinked).map(|one| &one.id).collect::<BTreeSet<_>>().len()
    }

    /// As a text that [`Topology::from_text`] reads.
    pub fn to_text(&self) -> String {
        // Strings, numbers and lists alone: this does not fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What an earlier run kept, where this version still reads it.
    pub fn from_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// What came and what went since `before`, in words, by id.
    pub fn changes_since(&self, before: &Self) -> Vec<Change> {
        let (old, new) = (before.parts(), self.parts());
        let gone = old.iter().filter(|(id, _)| !new.contains_key(*id));
        let gone = gone.map(|(_, what)| Change { appeared: false, what: what.clone() });
        let came = new.iter().filter(|(id, _)| !old.contains_key(*id));
        let came = came.map(|(_, what)| Change { appeared: true, what: what.clone() });
        gone.chain(came).collect()
    }

    /// Everything that can come and go, by what makes it the same thing.
    fn parts(&self) -> BTreeMap<[String; 2], String> {
        let mut parts = BTreeMap::new();
        for proxy in &self.proxies {
            let at = label(&proxy.host, proxy.port);
            // A proxy that moves to another port is another address to ask.
            let key = format!("{}@{at}", proxy.id);
            parts.insert([key.clone(), String::new()], format!("proxy {at}"));
            for one in &proxy.virtual_proxies {
                let name = format!("{} on {at}", one.told());
                parts.insert([key.clone(), format!("{}@{}", one.id, one.prefix)], name);
            }
        }
        for one in &self.unlinked {
            parts.insert([String::new(), format!("{}@{}", one.id, one.prefix)], format!("{}, not linked", one.told()));
        }
        parts
    }
}

impl ProxyService {
    /// What the proxy is called: its host, with the port when that is not the usual one.
    pub fn label(&self) -> String {
        label(&self.host, self.port)
    }
}

impl VirtualProxy {
    /// `default virtual proxy`, or ``virtual proxy `hr` ``.
    pub fn told(&self) -> String {
        if self.prefix.is_empty() {
            "default virtual proxy".to_owned()
        } else {
            format!("virtual proxy `{}`", clean(&self.prefix))
        }
    }
}

/// A host, with the port where that is not the usual one.
pub(super) fn label(host: &str, port: u16) -> String {
    match (port, host.contains(':')) {
        (QPS_PORT, _) => host.to_owned(),
        (port, false) => format!("{host}:{port}"),
        (port, true) => format!("[{}]:{port}", host.trim_matches(['[', ']'])),
    }
}

/// Something that appeared in a topology, or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub appeared: bool,
    pub what: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.what, if self.appeared { "appeared" } else { "is gone" })
    }
}

/// Why the lists of a repository may be shorter than the site: it answers a user who may not read all with less, and says
/// nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    #[error("proxies serve {lacking} virtual proxies that the list of all of them leaves out: {}", may_not(.user))]
    Inconsistent { lacking: usize, user: RepositoryUser },
    #[error("no proxy is listed for {}, which should run one: {}", .nodes.join(", "), may_not(.user))]
    NodesWithout { nodes: Vec<String>, user: RepositoryUser },
    #[error("the lists may be short: {}", .roles.said(.user))]
    Rights { roles: Roles, user: RepositoryUser },
    #[error("the lists are shorter than before ({}): {}", .gone.join("; "), may_not(.user))]
    Shorter { gone: Vec<String>, user: RepositoryUser },
    #[error("virtual proxies that are not linked are not known, since the list of all was not read: {0}")]
    Unread(String),
}

impl Doubt {
    /// Whether there may be proxies or virtual proxies to poll that are not on the list.
    pub fn is_of_proxies(&self) -> bool {
        match self {
            Self::Inconsistent { .. } | Self::NodesWithout { .. } | Self::Rights { .. } | Self::Shorter { .. } => true,
            // Those that are not linked are not polled.
            Self::Unread(_) => false,
        }
    }
}

fn may_not(user: &RepositoryUser) -> String {
    format!("does `{user}` have the right to read all proxies and virtual proxies?")
}

/// What the repository says of the user whom it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roles {
    /// It did not say.
    Unknown,
    /// It knows no such user, or does not show them to themselves.
    NoSuchUser,
    These(Vec<String>),
}

/// The console's own roles that read every proxy and virtual proxy.
/// <https://help.qlik.com/en-US/sense-admin/Subsystems/DeployAdministerQSE/Content/Sense_DeployAdminister/QSEoW/Administer_QSEoW/Managing_QSEoW/default-administration-roles.htm>
const SEE_ALL: [&str; 4] = ["RootAdmin", "AuditAdmin", "DeploymentAdmin", "SecurityAdmin"];

impl Roles {
    fn said(&self, user: &RepositoryUser) -> String {
        let who = match self {
            Self::Unknown => format!("what `{user}` may read is not known"),
            Self::NoSuchUser => format!("the repository shows no user `{user}`"),
            Self::These(roles) if roles.is_empty() => format!("`{user}` has no role"),
            Self::These(roles) => format!("`{user}` is {}", clean(&roles.join(", "))),
        };
        format!(
            "{who}, and whoever may not read all proxies is shown fewer; a {} is shown all, and so is `INTERNAL\\sa_api`",
            SEE_ALL.join(", ")
        )
    }

    fn see_all(&self) -> bool {
        match self {
            Self::These(roles) => roles.iter().any(|role| SEE_ALL.iter().any(|all| all.eq_ignore_ascii_case(role))),
            Self::Unknown | Self::NoSuchUser => false,
        }
    }
}

/// What was heard beside the topology itself.
#[derive(Debug)]
pub(super) struct Beside {
    /// Ids of the list of all virtual proxies, or why there is none.
    pub(super) all: Result<BTreeSet<String>, String>,
    /// Nodes that should run a proxy.
    pub(super) nodes: Vec<String>,
    pub(super) roles: Roles,
}

/// Whatever speaks for lists that are too short.
pub(super) fn doubts(
    topology: &Topology,
    before: Option<&Topology>,
    beside: &Beside,
    user: &RepositoryUser,
) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    match &beside.all {
        Err(why) => doubts.push(Doubt::Unread(why.clone())),
        Ok(all) => {
            let linked: BTreeSet<_> =
                topology.proxies.iter().flat_map(|proxy| &proxy.virtual_proxies).map(|one| &one.id).collect();
            let lacking = linked.into_iter().filter(|id| !all.contains(*id)).count();
            if lacking > 0 {
                doubts.push(Doubt::Inconsistent { lacking, user: user.clone() });
            }
        }
    }
    let runs = |node: &&String| !topology.proxies.iter().any(|proxy| proxy.host.eq_ignore_ascii_case(node));
    let nodes: Vec<_> = beside.nodes.iter().filter(runs).map(|node| clean(node)).collect();
    if !nodes.is_empty() {
        doubts.push(Doubt::NodesWithout { nodes, user: user.clone() });
    }
    if user.is_service_account() || beside.roles.see_all() {
        return doubts;
    }
    // Another right than the one to be polled may have been taken away, so that what went may be there all the same.
    let gone: Vec<_> = before.map(|before| topology.changes_since(before)).unwrap_or_default();
    let gone: Vec<_> = gone.into_iter().filter(|change| !change.appeared).map(|change| change.what).collect();
    if !gone.is_empty() {
        doubts.push(Doubt::Shorter { gone, user: user.clone() });
    }
    doubts.push(Doubt::Rights { roles: beside.roles.clone(), user: user.clone() });
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn virtual_proxy(id: &str, prefix: &str) -> VirtualProxy {
        VirtualProxy { id: id.to_owned(), prefix: prefix.to_owned(), description: String::new(), idle: Some(30) }
    }

    fn proxy(host: &str, port: u16, linked: &[(&str, &str)]) -> ProxyService {
        ProxyService {
            id: format!("id of {host}"),
            host: host.to_owned(),
            port,
            node: "Central".to_owned(),
            virtual_proxies: linked.iter().map(|(id, prefix)| virtual_proxy(id, prefix)).collect(),
        }
    }

    fn topology(proxies: Vec<ProxyService>, unlinked: &[(&str, &str)]) -> Topology {
        let unlinked = unlinked.iter().map(|(id, prefix)| virtual_proxy(id, prefix)).collect();
        Topology { proxies, unlinked, engines: Vec::new() }.sorted()
    }

    #[test]
    fn a_prefix_that_exists_twice_is_polled_where_it_is_linked_and_once_on_each_address() {
        let site = topology(
            vec![
                proxy("SENSE2", 4243, &[("v3", "hdr"), ("v1", "")]),
                proxy("sense1", 5243, &[("v1", ""), ("v2", "hdr"), ("v4", "HDR")]),
                proxy("sense3", 4243, &[]),
            ],
            &[("v5", "hdr")],
        );
        let polled: Vec<_> =
            site.to_poll().iter().map(|proxy| (proxy.label(), proxy.virtual_proxies.join(","))).collect();
        assert_eq!(polled, [("SENSE2".to_owned(), ",hdr".to_owned()), ("sense1:5243".to_owned(), ",HDR".to_owned())]);
        assert_eq!((site.pairs(), site.virtual_proxies()), (4, 5));
        assert_eq!(Topology::from_text(&site.to_text()), Some(site));
    }

    #[test]
    fn what_comes_and_goes_is_told_by_id() {
        let before = topology(vec![proxy("sense1", 4243, &[("v1", ""), ("v2", "hr")])], &[("v3", "old")]);
        let told = |after: &Topology| {
            after.changes_since(&before).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(told(&before), "");
        // The same prefix under another id is another virtual proxy.
        let after = topology(vec![proxy("sense1", 4243, &[("v1", ""), ("v9", "hr")])], &[("v3", "old")]);
        assert_eq!(told(&after), "virtual proxy `hr` on sense1 is gone; virtual proxy `hr` on sense1 appeared");
        let after = topology(vec![proxy("sense1", 4243, &[("v1", ""), ("v2", "hr"), ("v3", "old")])], &[]);
        assert_eq!(told(&after), "virtual proxy `old`, not linked is gone; virtual proxy `old` on sense1 appeared");
        let after = topology(vec![proxy("sense1", 4244, &[("v1", ""), ("v2", "hr")])], &[("v3", "old")]);
        assert!(told(&after).contains("proxy sense1 is gone") && told(&after).contains("proxy sense1:4244 appeared"));
    }

    #[test]
    fn a_short_list_is_suspected_aloud() {
        let whole = topology(vec![proxy("sense1", 4243, &[("v1", ""), ("v2", "hr")])], &[]);
        let short = topology(vec![proxy("sense1", 4243, &[("v1", "")])], &[]);
        let ids = |ids: &[&str]| Ok(ids.iter().map(|id| (*id).to_owned()).collect());
        let roles = |roles: &[&str]| Roles::These(roles.iter().map(|role| (*role).to_owned()).collect());
        let beside = |roles| Beside { all: ids(&["v1", "v2"]), nodes: vec!["SENSE1".to_owned()], roles };
        let (service, low) = (RepositoryUser::service(), RepositoryUser::parse("CORP\\low").unwrap());
        let told = |topology, before, beside: &Beside, user| {
            doubts(topology, before, beside, user).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(told(&short, Some(&whole), &beside(Roles::Unknown), &service), "");
        assert_eq!(told(&short, Some(&whole), &beside(roles(&["HubAdmin", "rootadmin"])), &low), "");
        for (roles, said) in [
            (Roles::Unknown, "what `CORP\\low` may read is not known"),
            (Roles::NoSuchUser, "shows no user `CORP\\low`"),
            (roles(&[]), "has no role"),
            (roles(&["HubAdmin"]), "`CORP\\low` is HubAdmin"),
        ] {
            let told = told(&short, Some(&whole), &beside(roles), &low);
            assert!(told.contains(said) && told.contains("virtual proxy `hr` on sense1"), "{told}");
        }
        let odd = Beside { all: ids(&["v1"]), nodes: vec!["sense2".to_owned()], roles: Roles::Unknown };
        let told_odd = told(&whole, None, &odd, &service);
        assert!(told_odd.contains("serve 1 virtual proxies") && told_odd.contains("for sense2"), "{told_odd}");
        let unread = Beside { all: Err("answered 500".to_owned()), nodes: Vec::new(), roles: Roles::Unknown };
        assert!(told(&whole, None, &unread, &service).contains("answered 500"));
    }
}
