//! One proxy service: its table of sessions, and how it answers a request.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use hyper::Request;
use rustls::ServerConfig;
use serde_json::Value;

use super::super::wire::{Answer, Reply, answer};
use super::engine::{self, Engine};
use super::fault::Fault;
use super::repository::Repository;
use super::session::{Session, Spelling};
use super::tls::Caller;

/// What a site is at this moment; every answer is made from it.
#[derive(Default)]
pub(super) struct State {
    pub(super) proxies: Vec<Proxy>,
    pub(super) repository: Option<Repository>,
    /// The port of the engines, and what a connection to it is met with.
    pub(super) engines: Option<(u16, Arc<ServerConfig>)>,
    pub(super) spelling: Spelling,
    pub(super) fault: Option<Fault>,
    pub(super) violations: Vec<String>,
    pub(super) xrfkeys: Vec<String>,
}

pub(super) struct Proxy {
    pub(super) name: String,
    pub(super) port: u16,
    pub(super) tls: Arc<ServerConfig>,
    /// Whether its node runs an engine, too.
    pub(super) engine: bool,
    pub(super) its_engine: Engine,
    /// The linked virtual proxies, by prefix.
    pub(super) linked: BTreeMap<String, Vec<Session>>,
    /// By prefix, or for all of the proxy.
    pub(super) faults: BTreeMap<Option<String>, Fault>,
    /// Met once each, in order, before the lasting ones.
    pub(super) next: BTreeMap<Option<String>, VecDeque<Fault>>,
    pub(super) connections: usize,
    pub(super) requests: usize,
    /// Requests that have come and are not answered yet, and the most that there were of them.
    pub(super) at_once: usize,
    pub(super) most_at_once: usize,
}

/// Who of a site is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Service {
    Proxy(usize),
    Repository,
    Engines,
}

/// The xrfkey's refusal, word for word.
const XSRF: &str = "XSRF prevention check failed. Possible XSRF discovered.";

impl State {
    /// What a new connection is met with, and the port that it came to.
    pub(super) fn accept(&mut self, service: Service) -> (Arc<ServerConfig>, u16) {
        match (service, &self.repository) {
            (Service::Proxy(at), _) => {
                let proxy = &mut self.proxies[at];
                proxy.connections += 1;
                (proxy.tls.clone(), proxy.port)
            }
            (Service::Engines, _) => {
                let (port, config) = self.engines.as_ref().expect("only engines that are there listen");
                (config.clone(), *port)
            }
            (Service::Repository, repository) => {
                let repository = repository.as_ref().expect("only a repository that is there listens");
                (repository.tls.clone(), repository.port)
            }
        }
    }

    /// The right answer, and the fault to put in its place.
    pub(super) fn answer<B>(
        &mut self,
        service: Service,
        caller: &Caller,
        request: &Request<B>,
    ) -> (Answer, Option<Fault>) {
        if let Service::Proxy(at) = service {
            let proxy = &mut self.proxies[at];
            proxy.requests += 1;
            proxy.at_once += 1;
            proxy.most_at_once = proxy.most_at_once.max(proxy.at_once);
        }
        if request.method() != hyper::Method::GET {
            self.violations.push(format!("{} {}", request.method(), request.uri().path()));
            return (text(405, "Method Not Allowed"), None);
        }
        if caller.common_name.as_deref() != Some("QlikClient") {
            return (text(403, "Forbidden"), None);
        }
        if service == Service::Engines {
            let named =
                |proxy: &&Proxy| caller.wanted.as_ref().is_some_and(|name| proxy.name.eq_ignore_ascii_case(name));
            let Some(proxy) = self.proxies.iter().find(named).or(self.proxies.first()) else {
                return (text(404, "Not Found"), None);
            };
            return engine::reply_of(proxy, request, &mut self.violations);
        }
        match xrfkey(request) {
            Some(key) => self.xrfkeys.push(key.to_owned()),
            None => return (text(403, XSRF), None),
        }
        let at = match (service, &mut self.repository) {
            (Service::Proxy(at), _) => at,
            (Service::Repository, Some(repository)) => return repository.answer(&self.proxies, request),
            (Service::Repository | Service::Engines, _) => return (text(404, "Not Found"), None),
        };
        let path = Path::read(request.uri().path());
        let prefix = if let Path::Sessions(prefix) = &path { Some(prefix.as_str()) } else { None };
        let fault = self.fault_of(at, prefix);
        let right = match &path {
            Path::Alive => answer(200, "application/json", r#"{"value":true}"#),
            Path::Sessions(prefix) => match self.proxies[at].linked.get(prefix) {
                Some(sessions) => {
                    let list = sessions.iter().map(|session| session.to_json(self.spelling)).collect();
                    answer(200, "application/json", Value::Array(list).to_string())
                }
                None => text(404, "Not Found"),
            },
            Path::Unknown => text(404, "Not Found"),
        };
        (right, fault)
    }

    /// A request has its answer, or nobody waits for it any more.
    pub(super) fn answered(&mut self, service: Service) {
        if let Service::Proxy(at) = service {
            self.proxies[at].at_once -= 1;
        }
    }

    /// The pair's own, else the proxy's, else the site's.
    fn fault_of(&mut self, at: usize, prefix: Option<&str>) -> Option<Fault> {
        let proxy = &mut self.proxies[at];
        let pair = prefix.map(str::to_owned);
        let keys = if pair.is_some() { vec![pair, None] } else { vec![None] };
        let once = keys.iter().find_map(|key| proxy.next.get_mut(key).and_then(VecDeque::pop_front));
        once.or_else(|| keys.iter().find_map(|key| proxy.faults.get(key).cloned())).or_else(|| self.fault.clone())
    }
}

/// Ends a refused or a mistaken request.
fn text(status: u16, body: &'static str) -> Answer {
    answer(status, "text/plain", body)
}

/// The key, if query and header agree on 16 letters or digits.
fn xrfkey<B>(request: &Request<B>) -> Option<&str> {
    let mut given = request.uri().query().unwrap_or_default().split('&').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.eq_ignore_ascii_case("xrfkey").then_some(value)
    });
    let (key, None) = (given.next()?, given.next()) else { return None };
    let header = request.headers().get("X-Qlik-Xrfkey")?;
    let right = key.len() == 16 && key.bytes().all(|byte| byte.is_ascii_alphanumeric()) && header == key;
    right.then_some(key)
}

#[derive(Debug, PartialEq, Eq)]
enum Path {
    Sessions(String),
    Alive,
    Unknown,
}

impl Path {
    fn read(path: &str) -> Self {
        match path.strip_prefix("/qps/") {
            Some("alive") => Self::Alive,
            // Tools send the doubled slash for the empty prefix, and real servers take it.
            Some("session" | "/session") => Self::Sessions(String::new()),
            Some(rest) => rest.strip_suffix("/session").and_then(decoded).map_or(Self::Unknown, Self::Sessions),
            None => Self::Unknown,
        }
    }
}

/// A prefix as it was written by the administrator. A slash inside it separates segments, and is not encoded.
fn decoded(prefix: &str) -> Option<String> {
    if prefix.to_ascii_lowercase().contains("%2f") {
        return None;
    }
    let bytes = decoded_bytes(prefix)?;
    let outer_slash = prefix.is_empty() || prefix.starts_with('/') || prefix.ends_with('/');
    String::from_utf8(bytes).ok().filter(|_| !outer_slash)
}

/// What percent signs stand for.
pub(super) fn decoded_bytes(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?
        } else {
            byte
        });
    }
    Some(bytes)
}

/// Answers one request, or does what stands in its place.
pub(super) async fn reply(right: Answer, fault: Option<Fault>, location: String) -> Reply {
    match fault {
        Some(fault) => fault.instead_of(right, &location).await,
        None => Reply::Answer(right),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_a_proxy_reads_them() {
        let sessions = |prefix: &str| Path::Sessions(prefix.to_owned());
        for (path, expected) in [
            ("/qps/session", sessions("")),
            ("/qps//session", sessions("")),
            ("/qps/hr/session", sessions("hr")),
            ("/qps/a/b/session", sessions("a/b")),
            ("/qps/a%20b/%C3%A5/session", sessions("a b/å")),
            ("/qps/a%2Fb/session", Path::Unknown),
            ("/qps/a%2/session", Path::Unknown),
            ("/qps/%FF/session", Path::Unknown),
            ("/qps/hr//session", Path::Unknown),
            ("/qps///session", Path::Unknown),
            ("/qps/alive", Path::Alive),
            ("/qps/session/", Path::Unknown),
            ("/qps/hr/sessions", Path::Unknown),
            ("/QPS/session", Path::Unknown),
            ("/session", Path::Unknown),
        ] {
            assert_eq!(Path::read(path), expected, "{path}");
        }
    }

    #[test]
    fn an_xrfkey_is_sixteen_letters_or_digits_twice() {
        let read = |uri: &str, header: Option<&str>| {
            let mut builder = Request::builder().uri(uri);
            if let Some(header) = header {
                builder = builder.header("x-qlik-xrfkey", header);
            }
            xrfkey(&builder.body(()).unwrap()).map(str::to_owned)
        };
        let key = "0123456789abcXYZ";
        assert_eq!(read(&format!("/?xrfkey={key}"), Some(key)).as_deref(), Some(key));
        assert_eq!(read(&format!("/?a=b&XrfKey={key}"), Some(key)).as_deref(), Some(key));
        for (uri, header) in [
            ("/", Some(key)),
            ("/?xrfkey=0123456789abcXYZ", None),
            ("/?xrfkey=0123456789abcXYZ", Some("0123456789abcXYz")),
            ("/?xrfkey=0123456789abcXY", Some("0123456789abcXY")),
            ("/?xrfkey=0123456789abcXYZ0", Some("0123456789abcXYZ0")),
            ("/?xrfkey=0123456789abcXY-", Some("0123456789abcXY-")),
            ("/?xrfkey=0123456789abcXYZ&Xrfkey=0123456789abcXYZ", Some(key)),
            ("/?key=0123456789abcXYZ", Some(key)),
        ] {
            assert_eq!(read(uri, header), None, "{uri} {header:?}");
        }
    }
}
