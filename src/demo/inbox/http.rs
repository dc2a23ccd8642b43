//! Webhooks on loopback: `/slack/<name>`, `/teams/<name>`, `/webhook/<name>` which takes any JSON, signed where it has a
//! key, and `/ping/<name>` which takes anything. And Slack's Web API, `/slack-api/<name>/<method>`, one workspace for each name.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::super::wire::{self, Answer, Listening, Reply, answer};
use super::bot::Workspace;
use super::{slack, teams, webhook};

/// What a bot shows of itself.
const TOKEN: &str = "xoxb-1234-5678-a-secret-token";
/// Larger than any vendor takes.
const LARGEST_BODY: usize = 4 << 20;

/// Whose webhook a path plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Slack,
    /// Slack's Web API, called with a bot's token.
    Bot,
    Teams,
    /// Any JSON, answered 204; by its own form where it has a version, and signed where the inbox was given the key.
    Webhook,
    /// Any method and body, answered 200 `OK`; the body is kept as a string.
    Ping,
}

/// What happens in place of the usual answer. A message that the vendor would refuse is refused all the same.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Not taken; this status, body and headers (as `Retry-After`).
    Status(u16, String, Vec<(String, String)>),
    /// Not taken, and no answer comes.
    Hang,
    /// The connection ends before the body is read.
    CutBeforeTaking,
    /// Taken; then the connection ends without an answer.
    CutAfterTaking,
    /// Taken; the answer comes this late.
    SlowAnswer(Duration),
}

impl Fault {
    pub fn status(status: u16, body: &str) -> Self {
        Self::Status(status, body.to_owned(), Vec::new())
    }

    /// 429 in Slack's words, to wait for so many seconds.
    pub fn rate_limited(seconds: u64) -> Self {
        let body = json!({"retry_after": seconds, "ok": false, "error": "rate_limited"}).to_string();
        Self::Status(429, body, vec![("Retry-After".to_owned(), seconds.to_string())])
    }
}

/// One message that was taken.
#[derive(Clone, Debug)]
pub struct Received {
    /// From 1, in the order of arrival over the whole inbox.
    pub number: usize,
    pub at: Instant,
    pub kind: Kind,
    pub name: String,
    /// Path and query, as they came.
    pub target: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Value,
    /// The body's bytes, over which a signature is made.
    pub raw: Vec<u8>,
}

/// The webhooks of a make-believe vendor; they end when the last clone is dropped.
#[derive(Clone)]
pub struct HttpInbox {
    address: SocketAddr,
    state: Arc<State>,
    _listening: Arc<Listening>,
}

impl std::fmt::Debug for HttpInbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpInbox").field("address", &self.address).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    kept: Mutex<Kept>,
    taken: watch::Sender<usize>,
}

#[derive(Default)]
struct Kept {
    received: Vec<Received>,
    refused: Vec<String>,
    attempts: BTreeMap<String, usize>,
    next: BTreeMap<String, VecDeque<Fault>>,
    always: BTreeMap<String, Fault>,
    connections: usize,
    keys: BTreeMap<String, String>,
    workspaces: BTreeMap<String, Workspace>,
}

impl Kept {
    fn workspace(&mut self, name: &str) -> &mut Workspace {
        self.workspaces.entry(name.to_owned()).or_insert_with(|| Workspace::new(TOKEN))
    }
}

impl HttpInbox {
    pub async fn start() -> Self {
        let (listener, address) = wire::listen(0).await;
        let state = Arc::new(State::default());
        let shared = state.clone();
        let listening = Listening::spawn(listener, move |tcp| {
            let state = shared.clone();
            state.kept().connections += 1;
            async move {
                let reset = tcp.reset();
                wire::serve(tcp, reset, |request| meet(state.clone(), request)).await;
            }
        });
        Self { address, state, _listening: Arc::new(listening) }
    }

    /// The address of `name`'s webhook, as a vendor would give it out.
    pub fn url(&self, kind: Kind, name: &str) -> String {
        let (path, query) = match kind {
            Kind::Slack => ("slack", ""),
            // Methods are below it.
            Kind::Bot => return format!("http://{}/slack-api/{name}/", self.address),
            Kind::Teams => ("teams", "?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=a-secret-signature"),
            Kind::Webhook => ("webhook", ""),
            Kind::Ping => ("ping", ""),
        };
        format!("http://{}/{path}/{name}{query}", self.address)
    }

    pub fn slack(&self, name: &str) -> String {
        self.url(Kind::Slack, name)
    }

    pub fn teams(&self, name: &str) -> String {
        self.url(Kind::Teams, name)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next request to `name` meets this; several are met in turn.
    pub fn next(&self, name: &str, fault: Fault) {
        self.state.kept().next.entry(name.to_owned()).or_default().push_back(fault);
    }

    /// All requests to `name` meet this from now on, after those of [`HttpInbox::next`]; `None` ends it.
    pub fn always(&self, name: &str, fault: Option<Fault>) {
        let always = &mut self.state.kept().always;
        match fault {
            Some(fault) => always.insert(name.to_owned(), fault),
            None => always.remove(name),
        };
    }

    /// From now on `name`'s webhook takes nothing that is not signed with this key, `whsec_…`.
    pub fn sign(&self, name: &str, key: &str) {
        self.state.kept().keys.insert(name.to_owned(), key.to_owned());
    }

    /// The bot's token of every workspace, until it is given another one.
    pub fn token(&self) -> &'static str {
        TOKEN
    }

    /// Looks at the workspace behind a name's Web API, or changes it.
    pub fn workspace<T>(&self, name: &str, look: impl FnOnce(&mut Workspace) -> T) -> T {
        look(self.state.kept().workspace(name))
    }

    /// All that was taken, in order.
    pub fn received(&self) -> Vec<Received> {
        self.state.kept().received.clone()
    }

    pub fn received_by(&self, name: &str) -> Vec<Received> {
        self.state.kept().received.iter().filter(|received| received.name == name).cloned().collect()
    }

    /// What was refused as the vendor would refuse it, and why. Any entry is normally a mistake of the sender's.
    pub fn refused(&self) -> Vec<String> {
        self.state.kept().refused.clone()
    }

    /// Requests to `name`, whatever became of them.
    pub fn attempts(&self, name: &str) -> usize {
        self.state.kept().attempts.get(name).copied().unwrap_or(0)
    }

    /// TCP connections accepted.
    pub fn connections(&self) -> usize {
        self.state.kept().connections
    }

    /// Returns when at least so many messages have been taken since the start.
    pub async fn arrived(&self, count: usize) {
        let mut taken = self.state.taken.subscribe();
        taken.wait_for(|taken| *taken >= count).await.expect("the inbox holds the sender");
    }
}

impl State {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, received: Received) {
        let mut kept = self.kept();
        let number = kept.received.len() + 1;
        kept.received.push(Received { number, ..received });
        self.taken.send_replace(kept.received.len());
    }

    fn refuse(&self, target: &str, why: &str) {
        self.kept().refused.push(format!("{target}: {why}"));
    }
}

/// The kind and the name that a path says.
fn addressee(path: &str) -> Option<(Kind, &str)> {
    let (kind, name) = path.strip_prefix('/')?.split_once('/')?;
    if kind == "slack-api" {
        let (name, method) = name.split_once('/')?;
        return (!name.is_empty() && !method.is_empty() && !method.contains('/')).then_some((Kind::Bot, name));
    }
    let kind = match kind {
        "slack" => Kind::Slack,
        "teams" => Kind::Teams,
        "webhook" => Kind::Webhook,
        "ping" => Kind::Ping,
        _ => return None,
    };
    (!name.is_empty() && !name.contains('/')).then_some((kind, name))
}

/// Answers one request. What needs the lock is done before anything is awaited.
fn meet(state: Arc<State>, request: Request<Incoming>) -> impl Future<Output = Reply> {
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let who = addressee(head.uri.path()).map(|(kind, name)| (kind, name.to_owned()));
    let fault = who.as_ref().and_then(|(_, name)| {
        let mut kept = state.kept();
        *kept.attempts.entry(name.clone()).or_default() += 1;
        let once = kept.next.get_mut(name).and_then(VecDeque::pop_front);
        once.or_else(|| kept.always.get(name).cloned())
    });
    async move {
        let Some((kind, name)) = who else {
            // Whether anybody is here at all may be asked.
            if head.method != Method::HEAD {
                state.refuse(&target, "no such webhook");
            }
            return Reply::Answer(answer(404, "text/plain", "no_service"));
        };
        if matches!(fault, Some(Fault::CutBeforeTaking)) {
            return Reply::Close;
        }
        let headers: BTreeMap<_, _> = head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let Some(raw) = wire::collect(body, LARGEST_BODY).await else {
            state.refuse(&target, "the body broke off, or was longer than 4 MiB");
            return Reply::Close;
        };
        if kind == Kind::Bot {
            return called(&state, &name, target, headers, &raw, fault).await;
        }
        let content_type = headers.get("content-type").map_or("", String::as_str);
        let body = match read(kind, &head.method, content_type, &raw) {
            Ok(body) => body,
            Err(Refused { status, content_type, body, why }) => {
                state.refuse(&target, &why);
                return Reply::Answer(answer(status, content_type, body));
            }
        };
        let key = state.kept().keys.get(&name).cloned();
        if let Some(why) = key.and_then(|key| webhook::verify(&key, &headers, &raw).err()) {
            state.refuse(&target, &why);
            return Reply::Answer(answer(401, "text/plain", "the signature is wrong"));
        }
        let take = || {
            let at = Instant::now();
            state.take(Received { number: 0, at, kind, name, target, headers, body, raw: raw.to_vec() });
        };
        match fault {
            None => take(),
            Some(Fault::Status(status, body, headers)) => {
                let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                let body = answer(200, "text/plain", body).into_body();
                return Reply::Answer(wire::build(status, &headers, body));
            }
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::CutBeforeTaking) => return Reply::Close,
            Some(Fault::CutAfterTaking) => {
                take();
                return Reply::Close;
            }
            Some(Fault::SlowAnswer(time)) => {
                take();
                tokio::time::sleep(time).await;
            }
        }
        Reply::Answer(accepted(kind))
    }
}

/// Answers one call of Slack's Web API.
async fn called(
    state: &State,
    name: &str,
    target: String,
    headers: BTreeMap<String, String>,
    raw: &Bytes,
    fault: Option<Fault>,
) -> Reply {
    let method = target.rsplit('/').next().unwrap_or_default().to_owned();
    let json = |body: &Value, scopes: &str| {
        let headers = [("Content-Type", "application/json; charset=utf-8"), ("x-oauth-scopes", scopes)];
        Reply::Answer(wire::build(200, &headers, answer(200, "application/json", body.to_string()).into_body()))
    };
    // What is wrong with the call is told in any case.
    let (trial, why) = state.kept().workspace(name).clone().call(&method, &headers, raw);
    if let Some(why) = why.filter(|_| is_a_mistake(trial["error"].as_str().unwrap_or_default())) {
        state.refuse(&target, &why);
    }
    match &fault {
        Some(Fault::Status(status, body, headers)) => {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            return Reply::Answer(wire::build(*status, &headers, answer(200, "text/plain", body.clone()).into_body()));
        }
        Some(Fault::Hang) => std::future::pending().await,
        _ => {}
    }
    let (said, scopes) = {
        let mut kept = state.kept();
        let workspace = kept.workspace(name);
        (workspace.call(&method, &headers, raw).0, workspace.scopes())
    };
    if said["ok"] == true && method.starts_with("chat.") {
        let (at, name) = (Instant::now(), name.to_owned());
        let body = serde_json::from_slice(raw).unwrap_or_default();
        state.take(Received { number: 0, at, kind: Kind::Bot, name, target, headers, body, raw: raw.to_vec() });
    }
    match fault {
        Some(Fault::CutAfterTaking) => return Reply::Close,
        Some(Fault::SlowAnswer(time)) => tokio::time::sleep(time).await,
        _ => {}
    }
    json(&said, &scopes)
}

/// Whether a refusal is the caller's fault, and not what a workspace or its people have done since.
fn is_a_mistake(word: &str) -> bool {
    matches!(word, "not_authed" | "no_text" | "unknown_method" | "json_not_object")
        || (word.starts_with("invalid_") && word != "invalid_auth")
}

fn accepted(kind: Kind) -> Answer {
    match kind {
        Kind::Bot | Kind::Slack => answer(200, "text/plain", "ok"),
        Kind::Teams => wire::build(202, &[], answer(202, "text/plain", "").into_body()),
        Kind::Webhook => wire::build(204, &[], answer(204, "text/plain", "").into_body()),
        Kind::Ping => answer(200, "text/plain", "OK"),
    }
}

/// The vendor's answer to what it does not take, and why, which the vendor may keep to itself.
struct Refused {
    status: u16,
    content_type: &'static str,
    body: String,
    why: String,
}

impl Refused {
    fn new(kind: Kind, code: &str, why: &str) -> Self {
        let (content_type, body) = match kind {
            Kind::Slack => ("text/plain", code.to_owned()),
            _ => ("application/json", json!({"error": {"code": code, "message": why}}).to_string()),
        };
        Self { status: 400, content_type, body, why: format!("{code}: {why}") }
    }
}

/// The body, if the vendor takes it.
fn read(kind: Kind, method: &Method, content_type: &str, raw: &Bytes) -> Result<Value, Refused> {
    if kind == Kind::Ping {
        return Ok(Value::String(String::from_utf8_lossy(raw).into_owned()));
    }
    if method != Method::POST {
        let why = format!("{method} is not POST");
        return Err(Refused { status: 405, content_type: "text/plain", body: "Method Not Allowed".to_owned(), why });
    }
    let mut parts = content_type.split(';').map(str::trim);
    if !parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/json")) {
        return Err(Refused::new(kind, "invalid_payload", &format!("the content type is `{content_type}`")));
    }
    let body: Value =
        serde_json::from_slice(raw).map_err(|why| Refused::new(kind, "invalid_payload", &why.to_string()))?;
    match kind {
        Kind::Bot | Kind::Slack => slack::check(&body).map_err(|(code, why)| Refused::new(kind, code, &why))?,
        Kind::Teams => {
            // Without the character set Teams garbles what is not ASCII.
            if !raw.is_ascii() && !parts.any(|part| part.eq_ignore_ascii_case("charset=utf-8")) {
                let why = format!("no charset=utf-8 in `{content_type}`");
                return Err(Refused::new(kind, "InvalidRequestContent", &why));
            }
            teams::check(&body).map_err(|(code, why)| Refused::new(kind, code, &why))?;
        }
        Kind::Webhook => webhook::check(&body).map_err(|why| Refused::new(kind, "invalid_message", &why))?,
        Kind::Ping => {}
    }
    Ok(body)
}
