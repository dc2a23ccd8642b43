//! The repository service: what it lists of the site, to whom.
//!
//! It wants the key, and takes a user in `X-Qlik-User`. Whoever may not read all is shown less, and is not told so.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use hyper::Request;
use rustls::ServerConfig;
use serde_json::{Value, json};

use super::super::wire::{Answer, answer};
use super::fault::Fault;
use super::filter::Filter;
use super::proxy::{Proxy, decoded_bytes};

/// Somebody whom the repository knows.
#[derive(Clone, Debug)]
pub struct Person {
    pub directory: String,
    pub id: String,
    pub name: String,
    pub mail: Option<String>,
    /// Whoever has none is shown the first proxy alone, with its first virtual proxy.
    pub roles: Vec<String>,
}

impl Person {
    pub fn new(directory: &str, id: &str, name: &str) -> Self {
        let of = |text: &str| text.to_owned();
        Self { directory: of(directory), id: of(id), name: of(name), mail: None, roles: Vec::new() }
    }

    #[must_use]
    pub fn with_mail(self, mail: &str) -> Self {
        Self { mail: Some(mail.to_owned()), ..self }
    }

    #[must_use]
    pub fn with_role(mut self, role: &str) -> Self {
        self.roles.push(role.to_owned());
        self
    }

    fn is(&self, directory: &str, id: &str) -> bool {
        self.directory.eq_ignore_ascii_case(directory) && self.id.eq_ignore_ascii_case(id)
    }

    fn to_json(&self, full: bool) -> Value {
        let mut fields = json!({
            "id": guid(&format!("user {}\\{}", self.directory, self.id)),
            "userId": self.id, "userDirectory": self.directory, "userDirectoryConnectorName": self.directory,
            "name": self.name, "privileges": null,
        });
        if full {
            let attribute = |kind: &str, value: &str| json!({"attributeType": kind, "attributeValue": value, "externalId": "", "schemaPath": "UserAttribute"});
            let mut attributes = vec![attribute("group", "Everyone")];
            attributes.extend(self.mail.iter().map(|mail| attribute("Email", mail)));
            fields["attributes"] = Value::Array(attributes);
            fields["roles"] = json!(self.roles);
            fields["inactive"] = json!(false);
        }
        fields
    }
}

/// What the repository is at this moment.
pub(super) struct Repository {
    pub(super) port: u16,
    pub(super) tls: Arc<ServerConfig>,
    /// Every prefix that ever was linked, or is not.
    pub(super) prefixes: BTreeSet<String>,
    /// Further virtual proxies that are linked to nothing, though their prefix may be.
    pub(super) unlinked: Vec<String>,
    pub(super) people: Vec<Person>,
    pub(super) fault: Option<Fault>,
    /// By the path after `/qrs/`.
    pub(super) faults: BTreeMap<String, Fault>,
    pub(super) next: VecDeque<Fault>,
    pub(super) requests: Vec<String>,
}

/// How much a caller is shown.
enum Sees {
    All,
    /// The first proxy with its first virtual proxy, and nobody but themselves.
    Little(String, String),
}

impl Repository {
    /// The right answer, and the fault to put in its place. The key was looked at already.
    pub(super) fn answer<B>(&mut self, proxies: &[Proxy], request: &Request<B>) -> (Answer, Option<Fault>) {
        let path = request.uri().path();
        self.requests.push(path.to_owned());
        let Some(path) = path.strip_prefix("/qrs/") else { return (text(404, "Not Found"), None) };
        let sees = match self.sees(request) {
            Ok(sees) => sees,
            Err(refused) => return (*refused, None),
        };
        let fault = self.next.pop_front().or_else(|| self.faults.get(path).cloned()).or_else(|| self.fault.clone());
        (self.right(path, request.uri().query().unwrap_or_default(), &sees, proxies), fault)
    }

    /// On whose behalf is asked. With the certificate alone, everything is shown.
    fn sees<B>(&self, request: &Request<B>) -> Result<Sees, Box<Answer>> {
        let Some(header) = request.headers().get("X-Qlik-User") else { return Ok(Sees::All) };
        let user = header.to_str().ok().and_then(|header| {
            let (directory, id) = header.strip_prefix("UserDirectory=")?.split_once(';')?;
            let id = id.trim_start().strip_prefix("UserId=")?;
            let plain = |text: &str| {
                let encoded = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte));
                decoded_bytes(text).filter(|text| encoded && !text.is_empty()).and_then(|it| String::from_utf8(it).ok())
            };
            Some((plain(directory)?, plain(id)?))
        });
        let Some((directory, id)) = user else { return Err(Box::new(text(400, "Bad Request"))) };
        if directory.eq_ignore_ascii_case("INTERNAL")
            && ["sa_api", "sa_repository"].contains(&id.to_lowercase().as_str())
        {
            return Ok(Sees::All);
        }
        match self.people.iter().find(|person| person.is(&directory, &id)) {
            None => Err(Box::new(text(403, "Forbidden"))),
            Some(person) if person.roles.iter().any(|role| role == "RootAdmin") => Ok(Sees::All),
            Some(_) => Ok(Sees::Little(directory, id)),
        }
    }

    fn right(&self, path: &str, query: &str, sees: &Sees, proxies: &[Proxy]) -> Answer {
        let (path, full) = match path.strip_suffix("/full") {
            Some(path) => (path, true),
            None => (path, false),
        };
        let list = match path {
            "about" => return json_answer(&json!({"schemaPath": "About", "buildVersion": "31.43.0.0", "nodeType": 1})),
            "proxyservice" => proxy_services(proxies, sees),
            "virtualproxyconfig" => self.virtual_proxies(proxies, sees),
            "servernodeconfiguration" if matches!(sees, Sees::All) => nodes(proxies),
            "servernodeconfiguration" => Vec::new(),
            "user" => match self.users(query, full, sees) {
                Ok(users) => users,
                Err(wrong) => return text(400, wrong),
            },
            _ => return text(404, "Not Found"),
        };
        json_answer(&Value::Array(list))
    }

    fn virtual_proxies(&self, proxies: &[Proxy], sees: &Sees) -> Vec<Value> {
        if !matches!(sees, Sees::All) {
            let first = proxies.iter().take(1).filter_map(|proxy| proxy.linked.keys().next());
            return first.map(|prefix| virtual_proxy(prefix, &id_of(prefix))).collect();
        }
        let linked = proxies.iter().flat_map(|proxy| proxy.linked.keys());
        let prefixes: BTreeSet<&String> = linked.chain(&self.prefixes).collect();
        let known = prefixes.into_iter().map(|prefix| virtual_proxy(prefix, &id_of(prefix)));
        let further = self.unlinked.iter().enumerate();
        known
            .chain(further.map(|(at, prefix)| virtual_proxy(prefix, &guid(&format!("unlinked {at} {prefix}")))))
            .collect()
    }

    fn users(&self, query: &str, full: bool, sees: &Sees) -> Result<Vec<Value>, &'static str> {
        let given = query.split('&').find_map(|pair| pair.strip_prefix("filter="));
        let filter = match given {
            None => None,
            Some(given) => {
                let plain = decoded_bytes(given).and_then(|text| String::from_utf8(text).ok());
                Some(plain.and_then(|text| Filter::read(&text)).ok_or("Cannot parse the expression:")?)
            }
        };
        let shown = |person: &&Person| match sees {
            Sees::All => true,
            Sees::Little(directory, id) => person.is(directory, id),
        };
        let fits = |person: &&Person| {
            filter.as_ref().is_none_or(|filter| {
                filter.takes(&|field| match field {
                    "userDirectory" => Some(person.directory.as_str()),
                    "userId" => Some(person.id.as_str()),
                    "name" => Some(person.name.as_str()),
                    _ => None,
                })
            })
        };
        Ok(self.people.iter().filter(shown).filter(fits).map(|person| person.to_json(full)).collect())
    }
}

fn proxy_services(proxies: &[Proxy], sees: &Sees) -> Vec<Value> {
    let shown = if matches!(sees, Sees::All) { proxies.len() } else { 1 };
    let service = |(at, proxy): (usize, &Proxy)| {
        let linked: Vec<_> = proxy.linked.keys().map(|prefix| virtual_proxy(prefix, &id_of(prefix))).collect();
        let shown = if matches!(sees, Sees::All) { linked.len() } else { 1.min(linked.len()) };
        json!({
            "id": guid(&format!("proxy {at}")), "schemaPath": "ProxyService", "privileges": null,
            "settings": {
                "listenPort": 443, "allowHttp": false, "restListenPort": proxy.port, "virtualProxies": linked[..shown],
            },
            "serverNodeConfiguration": {
                "id": guid(&format!("node {at}")), "name": format!("Node {}", at + 1), "hostName": proxy.name,
                "roles": [], "privileges": null,
            },
        })
    };
    proxies.iter().enumerate().take(shown).map(service).collect()
}

fn nodes(proxies: &[Proxy]) -> Vec<Value> {
    let node = |(at, proxy): (usize, &Proxy)| {
        json!({
            "id": guid(&format!("node {at}")), "name": format!("Node {}", at + 1), "hostName": proxy.name,
            "isCentral": at == 0, "nodePurpose": 0, "engineEnabled": proxy.engine, "proxyEnabled": true,
            "printingEnabled": false, "schedulerEnabled": false, "roles": [], "tags": [],
        })
    };
    proxies.iter().enumerate().map(node).collect()
}

fn virtual_proxy(prefix: &str, id: &str) -> Value {
    json!({
        "id": id, "prefix": prefix, "description": if prefix.is_empty() { "Central Proxy (Default)" } else { prefix },
        "sessionCookieHeaderName": "X-Qlik-Session", "sessionInactivityTimeout": 30,
        "defaultVirtualProxy": prefix.is_empty(), "oidcClientSecret": "must not be shown", "privileges": null,
    })
}

fn id_of(prefix: &str) -> String {
    guid(&format!("virtual proxy {prefix}"))
}

/// The same GUID for the same name.
fn guid(name: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, name.as_bytes());
    let hex = crate::hex::encode(&digest.as_ref()[..16]);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn json_answer(value: &Value) -> Answer {
    answer(200, "application/json", value.to_string())
}

fn text(status: u16, body: &'static str) -> Answer {
    answer(status, "text/plain", body)
}
