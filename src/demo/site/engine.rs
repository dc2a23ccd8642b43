//! The engine service of each node: what it says of its health.
//!
//! One port of loopback serves all nodes; a caller who names a node in the handshake meets that one, any other the first.

use hyper::Request;
use serde_json::{Value, json};

use super::super::wire::{Answer, answer};
use super::fault::Fault;
use super::proxy::Proxy;

/// How an engine spells whether it is saturated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Saturated {
    /// Not at all, as old versions do.
    Absent,
    #[default]
    No,
    Yes,
    /// As a number.
    Number(u8),
}

/// How an engine is. Memory is in MB.
#[derive(Clone, Debug)]
pub struct Health {
    pub version: String,
    pub started: String,
    pub committed: f64,
    pub allocated: f64,
    pub free: f64,
    /// Absent in old versions.
    pub total: Option<f64>,
    pub cpu: f64,
    /// How many of its users do something. All of them are, unless told, those of the node's proxy.
    pub active: Option<usize>,
    pub saturated: Saturated,
    /// Whether it says `comitted`, as old versions do.
    pub old: bool,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            version: "12.2015.0".to_owned(),
            started: "20260105T061500.000Z".to_owned(),
            committed: 9_120.5,
            allocated: 9_800.0,
            free: 21_400.0,
            total: Some(32_767.0),
            cpu: 12.0,
            active: None,
            saturated: Saturated::No,
            old: false,
        }
    }
}

/// One node's engine at this moment.
#[derive(Default)]
pub(super) struct Engine {
    pub(super) health: Health,
    pub(super) fault: Option<Fault>,
}

/// The right answer, and the fault to put in its place. It must be asked plainly: with no key, and for no user.
pub(super) fn reply_of<B>(
    proxy: &Proxy,
    request: &Request<B>,
    violations: &mut Vec<String>,
) -> (Answer, Option<Fault>) {
    let plain = !request.headers().contains_key("X-Qlik-User")
        && !request.headers().contains_key("X-Qlik-Xrfkey")
        && request.uri().query().is_none();
    if !plain {
        violations.push(format!("the engine was asked with a key or a user: {}", request.uri().path()));
        return (answer(400, "text/plain", "Bad Request"), None);
    }
    let right = match request.uri().path() {
        "/engine/healthcheck" | "/engine/healthcheck/" | "/healthcheck" if proxy.engine => {
            answer(200, "application/json", health(proxy).to_string())
        }
        _ => answer(404, "text/plain", "Not Found"),
    };
    (right, proxy.its_engine.fault.clone())
}

fn health(proxy: &Proxy) -> Value {
    let health = &proxy.its_engine.health;
    let sessions = proxy.linked.values().flatten();
    let mut users: Vec<_> =
        sessions.clone().map(|session| (session.directory.to_lowercase(), session.user.to_lowercase())).collect();
    users.sort();
    users.dedup();
    let (sessions, users) = (sessions.count(), users.len());
    let active = health.active.unwrap_or(users).min(users);
    let mut memory = json!({"allocated": health.allocated, "free": health.free});
    memory[if health.old { "comitted" } else { "committed" }] = json!(health.committed);
    if let Some(total) = health.total {
        memory["totalPhysical"] = json!(total);
    }
    let mut said = json!({
        "version": health.version, "started": health.started, "mem": memory, "cpu": {"total": health.cpu},
        "session": {"active": active, "total": sessions}, "users": {"active": active, "total": users},
        "apps": {"active_docs": [], "loaded_docs": [], "in_memory_docs": ["a-document-that-is-nobodys-business"],
            "calls": 70, "selections": 9},
        "cache": {"hits": 40, "lookups": 60, "added": 20, "replaced": 0, "bytes_added": 81_920},
    });
    match health.saturated {
        Saturated::Absent => {}
        Saturated::No => said["saturated"] = json!(false),
        Saturated::Yes => said["saturated"] = json!(true),
        Saturated::Number(number) => said["saturated"] = json!(number),
    }
    said
}
