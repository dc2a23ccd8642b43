//! A make-believe Qlik Sense site: proxy services on loopback that demand what real ones demand.
//!
//! Takes who is connected where, and what is broken; all of it may change at any time. Gives the proxy service API
//! over TLS with client certificates, and an account of what was asked of it.
//! Has no method but GET: anything else is kept as a violation.

mod engine;
mod fault;
mod filter;
mod proxy;
mod repository;
mod session;
#[cfg(test)]
mod tests;
mod tls;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::certificates::{Authority, Identity};
use super::wire::{self, Listening, Tcp};
pub use engine::{Health, Saturated};
pub use fault::Fault;
use proxy::{Proxy, Service, State};
pub use repository::Person;
use repository::Repository;
pub use session::{Name, Session, SessionId, Spelling};
use tls::Gate;
pub use tls::{Refusal, Tls};

/// How a site is to be built.
#[derive(Debug)]
pub struct Setup {
    authority: Authority,
    proxies: Vec<(String, Vec<String>)>,
    tls: Tls,
    refusal: Refusal,
    repository: bool,
    engines: bool,
    unlinked: Vec<String>,
}

impl Setup {
    /// A site whose root is `CN=<host>-CA`, as yet without a proxy.
    pub fn new(host: &str) -> Self {
        Self {
            authority: Authority::new(host),
            proxies: Vec::new(),
            tls: Tls::default(),
            refusal: Refusal::default(),
            repository: false,
            engines: false,
            unlinked: Vec::new(),
        }
    }

    /// One more proxy on a node called `name`, with the virtual proxies linked to it; `""` is the default one.
    #[must_use]
    pub fn proxy(mut self, name: &str, prefixes: &[&str]) -> Self {
        self.proxies.push((name.to_owned(), prefixes.iter().map(|prefix| (*prefix).to_owned()).collect()));
        self
    }

    /// A repository on the node of the first proxy.
    #[must_use]
    pub fn repository(self) -> Self {
        Self { repository: true, ..self }
    }

    /// An engine on each node; all of them at one port.
    #[must_use]
    pub fn engines(self) -> Self {
        Self { engines: true, ..self }
    }

    /// One more virtual proxy that is linked to none, whether its prefix is or not.
    #[must_use]
    pub fn unlinked(mut self, prefix: &str) -> Self {
        self.unlinked.push(prefix.to_owned());
        self
    }

    #[must_use]
    pub fn tls(self, tls: Tls) -> Self {
        Self { tls, ..self }
    }

    #[must_use]
    pub fn refusal(self, refusal: Refusal) -> Self {
        Self { refusal, ..self }
    }
}

/// A running site. Its proxies are numbered from 0, in the order of the setup; it ends when dropped.
pub struct Site {
    authority: Authority,
    gate: Gate,
    state: Arc<Mutex<State>>,
    listening: Mutex<BTreeMap<Service, Listening>>,
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Site").finish_non_exhaustive()
    }
}

impl Site {
    pub async fn start(setup: Setup) -> Self {
        let gate = Gate::new(&setup.authority, setup.tls, setup.refusal);
        let site =
            Self { gate: gate.clone(), state: Arc::default(), listening: Mutex::default(), authority: setup.authority };
        for (at, (name, prefixes)) in setup.proxies.into_iter().enumerate() {
            let (listener, address) = wire::listen(0).await;
            site.state().proxies.push(Proxy {
                tls: gate.config(&site.authority.server(&name)),
                port: address.port(),
                engine: true,
                its_engine: engine::Engine::default(),
                linked: prefixes.into_iter().map(|prefix| (prefix, Vec::new())).collect(),
                faults: BTreeMap::new(),
                next: BTreeMap::new(),
                connections: 0,
                requests: 0,
                at_once: 0,
                most_at_once: 0,
                name,
            });
            site.open(Service::Proxy(at), listener);
        }
        if setup.repository {
            let name = site.name(0);
            let (listener, address) = wire::listen(0).await;
            site.state().repository = Some(Repository {
                port: address.port(),
                tls: gate.config(&site.authority.server(&name)),
                prefixes: BTreeSet::new(),
                unlinked: setup.unlinked,
                people: Vec::new(),
                fault: None,
                faults: BTreeMap::new(),
                next: VecDeque::new(),
                requests: Vec::new(),
            });
            site.open(Service::Repository, listener);
        }
        if setup.engines {
            let (listener, address) = wire::listen(0).await;
            let names: Vec<String> = site.state().proxies.iter().map(|proxy| proxy.name.clone()).collect();
            let identities: Vec<_> = names
                .into_iter()
                .map(|name| (site.authority.server(&name), name))
                .map(|(id, name)| (name, id))
                .collect();
            let nodes: Vec<_> = identities.iter().map(|(name, identity)| (name.clone(), identity)).collect();
            site.state().engines = Some((address.port(), gate.config_of(&nodes)));
            site.open(Service::Engines, listener);
        }
        site
    }

    /// One proxy `sense.example.test` with the default virtual proxy alone.
    pub async fn simple() -> Self {
        Self::start(Setup::new("sense.example.test").proxy("sense.example.test", &[""])).await
    }

    /// The site's root, for more certificates.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The name on a proxy's certificate.
    pub fn name(&self, proxy: usize) -> String {
        self.state().proxies[proxy].name.clone()
    }

    pub fn port(&self, proxy: usize) -> u16 {
        self.state().proxies[proxy].port
    }

    pub fn address(&self, proxy: usize) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port(proxy)).into()
    }

    /// Shows another certificate from the next connection on: expired, of another root, of another name, renewed.
    pub fn present(&self, proxy: usize, server: &Identity) {
        let config = self.gate.config(server);
        self.state().proxies[proxy].tls = config;
    }

    /// Refuses connections from now on, and ends those that are open.
    pub async fn stop_proxy(&self, proxy: usize) {
        self.stop(Service::Proxy(proxy)).await;
    }

    async fn stop(&self, service: Service) {
        let listening = self.listening.lock().expect("no holder panics").remove(&service);
        if let Some(listening) = listening {
            listening.stop().await;
        }
    }

    /// Takes connections again, on the same port, with the table as it was.
    pub async fn start_proxy(&self, proxy: usize) {
        self.resume(Service::Proxy(proxy), self.port(proxy)).await;
    }

    async fn resume(&self, service: Service, port: u16) {
        if !self.listening.lock().expect("no holder panics").contains_key(&service) {
            let (listener, _) = wire::listen(port).await;
            self.open(service, listener);
        }
    }

    // The repository.

    pub fn repository_port(&self) -> u16 {
        self.with_repository(|repository| repository.port)
    }

    pub async fn stop_repository(&self) {
        self.stop(Service::Repository).await;
    }

    pub async fn start_repository(&self) {
        self.resume(Service::Repository, self.repository_port()).await;
    }

    /// Shows another certificate from the next connection on.
    pub fn present_at_repository(&self, server: &Identity) {
        let config = self.gate.config(server);
        self.with_repository(|repository| repository.tls = config);
    }

    /// Somebody whom the repository knows.
    pub fn know(&self, person: Person) {
        self.with_repository(|repository| repository.people.push(person));
    }

    /// A lasting fault of all that the repository answers.
    pub fn fail_repository(&self, fault: Fault) {
        self.with_repository(|repository| repository.fault = Some(fault));
    }

    /// A lasting fault of one path, such as `user/full`.
    pub fn fail_repository_at(&self, path: &str, fault: Fault) {
        self.with_repository(|repository| repository.faults.insert(path.to_owned(), fault));
    }

    pub fn heal_repository(&self) {
        self.with_repository(|repository| {
            repository.fault = None;
            repository.faults.clear();
            repository.next.clear();
        });
    }

    /// The paths that the repository was asked for, in order.
    pub fn asked_of_repository(&self) -> Vec<String> {
        self.with_repository(|repository| repository.requests.clone())
    }

    fn with_repository<R>(&self, change: impl FnOnce(&mut Repository) -> R) -> R {
        change(self.state().repository.as_mut().expect("the site has a repository"))
    }

    // The engines.

    pub fn engine_port(&self) -> u16 {
        self.state().engines.as_ref().expect("the site has engines").0
    }

    /// How the engine on a proxy's node is from now on.
    pub fn feel(&self, proxy: usize, health: Health) {
        self.state().proxies[proxy].its_engine.health = health;
    }

    pub fn fail_engine(&self, proxy: usize, fault: Fault) {
        self.state().proxies[proxy].its_engine.fault = Some(fault);
    }

    pub fn heal_engine(&self, proxy: usize) {
        self.state().proxies[proxy].its_engine.fault = None;
    }

    /// Takes the engine off a proxy's node: the repository says so, too.
    pub fn without_engine(&self, proxy: usize) {
        self.state().proxies[proxy].engine = false;
    }

    /// Empties a proxy's table, as a restart of its service does.
    pub fn restart_proxy(&self, proxy: usize) {
        self.state().proxies[proxy].linked.values_mut().for_each(Vec::clear);
    }

    // Who is connected.

    /// Links a virtual proxy to a proxy; what is not linked answers 404.
    pub fn link(&self, proxy: usize, prefix: &str) {
        self.state().proxies[proxy].linked.entry(prefix.to_owned()).or_default();
    }

    pub fn unlink(&self, proxy: usize, prefix: &str) {
        let mut state = self.state();
        state.proxies[proxy].linked.remove(prefix);
        // The repository goes on to know it.
        if let Some(repository) = &mut state.repository {
            repository.prefixes.insert(prefix.to_owned());
        }
    }

    /// Removes a virtual proxy for good.
    pub fn remove(&self, proxy: usize, prefix: &str) {
        self.state().proxies[proxy].linked.remove(prefix);
    }

    /// A new session of `directory\user`.
    pub fn connect(&self, proxy: usize, prefix: &str, directory: &str, user: &str) -> SessionId {
        self.add(proxy, prefix, Session::new(directory, user))
    }

    pub fn connect_named(&self, proxy: usize, prefix: &str, directory: &str, user: &str, name: &str) -> SessionId {
        self.add(proxy, prefix, Session::new(directory, user).named(name))
    }

    pub fn connect_anonymous(&self, proxy: usize, prefix: &str) -> SessionId {
        self.add(proxy, prefix, Session::anonymous())
    }

    /// A session of the caller's making, for faults in the data.
    pub fn add(&self, proxy: usize, prefix: &str, session: Session) -> SessionId {
        let id = session.id.clone();
        self.with(proxy, prefix, |sessions| sessions.push(session));
        id
    }

    /// Whether there was such a session.
    pub fn disconnect(&self, proxy: usize, prefix: &str, id: &SessionId) -> bool {
        self.with(proxy, prefix, |sessions| {
            let before = sessions.len();
            sessions.retain(|session| session.id != *id);
            sessions.len() < before
        })
    }

    /// How many sessions of that user ended.
    pub fn disconnect_user(&self, proxy: usize, prefix: &str, directory: &str, user: &str) -> usize {
        self.with(proxy, prefix, |sessions| {
            let before = sessions.len();
            sessions.retain(|session| !session.is_of(directory, user));
            before - sessions.len()
        })
    }

    /// Ends all sessions of a virtual proxy on a proxy.
    pub fn clear(&self, proxy: usize, prefix: &str) {
        self.set_sessions(proxy, prefix, Vec::new());
    }

    pub fn set_sessions(&self, proxy: usize, prefix: &str, to: Vec<Session>) {
        self.with(proxy, prefix, |sessions| *sessions = to);
    }

    /// From now on these people, each as often as named, and nobody else; who was here already keeps the session.
    pub fn set_people(&self, proxy: usize, prefix: &str, people: &[(&str, &str)]) {
        self.with(proxy, prefix, |sessions| {
            let mut before = std::mem::take(sessions);
            for (directory, user) in people {
                let kept = before.iter().position(|session| session.is_of(directory, user));
                sessions.push(kept.map_or_else(|| Session::new(directory, user), |at| before.remove(at)));
            }
        });
    }

    /// `count` more people, `CORP\person00000` and on, with a display name and two attributes of one name each.
    pub fn populate(&self, proxy: usize, prefix: &str, count: usize) {
        self.with(proxy, prefix, |sessions| {
            sessions.extend((0..count).map(|number| {
                Session::new("CORP", &format!("person{number:05}"))
                    .named(&format!("Person {number}"))
                    .with_attribute("Group", "Everyone")
                    .with_attribute("Group", &format!("Team {}", number % 20))
            }));
        });
    }

    /// How answers are spelt from now on.
    pub fn spell(&self, spelling: Spelling) {
        self.state().spelling = spelling;
    }

    // What is broken.

    /// A lasting fault of one virtual proxy on one proxy; it need not be linked.
    pub fn fail(&self, proxy: usize, prefix: &str, fault: Fault) {
        self.state().proxies[proxy].faults.insert(Some(prefix.to_owned()), fault);
    }

    /// A lasting fault of all that one proxy answers.
    pub fn fail_proxy(&self, proxy: usize, fault: Fault) {
        self.state().proxies[proxy].faults.insert(None, fault);
    }

    /// A lasting fault of all proxies.
    pub fn fail_all(&self, fault: Fault) {
        self.state().fault = Some(fault);
    }

    /// A fault that the next request for this pair meets, and no other; several are met in turn.
    pub fn fail_once(&self, proxy: usize, prefix: &str, fault: Fault) {
        self.state().proxies[proxy].next.entry(Some(prefix.to_owned())).or_default().push_back(fault);
    }

    /// Ends one pair's faults.
    pub fn heal(&self, proxy: usize, prefix: &str) {
        let mut state = self.state();
        state.proxies[proxy].faults.remove(&Some(prefix.to_owned()));
        state.proxies[proxy].next.remove(&Some(prefix.to_owned()));
    }

    /// Ends all faults of the site.
    pub fn heal_all(&self) {
        let mut state = self.state();
        state.fault = None;
        for proxy in &mut state.proxies {
            proxy.faults.clear();
            proxy.next.clear();
        }
    }

    // What was asked.

    /// Requests that were not GET, as `METHOD /path`, in order. Any entry means that headcount did more than look.
    pub fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    /// The xrfkeys that were accepted, in order.
    pub fn xrfkeys(&self) -> Vec<String> {
        self.state().xrfkeys.clone()
    }

    /// Requests to all proxies, refused ones too. Those to repository and engines are not among them.
    pub fn requests(&self) -> usize {
        self.state().proxies.iter().map(|proxy| proxy.requests).sum()
    }

    pub fn requests_to(&self, proxy: usize) -> usize {
        self.state().proxies[proxy].requests
    }

    /// TCP connections that one proxy accepted, whatever became of their handshake.
    pub fn connections(&self, proxy: usize) -> usize {
        self.state().proxies[proxy].connections
    }

    /// The most requests that one proxy had to answer at once.
    pub fn most_at_once(&self, proxy: usize) -> usize {
        self.state().proxies[proxy].most_at_once
    }

    fn with<R>(&self, proxy: usize, prefix: &str, change: impl FnOnce(&mut Vec<Session>) -> R) -> R {
        let mut state = self.state();
        let sessions = state.proxies[proxy].linked.get_mut(prefix);
        change(sessions.expect("the virtual proxy is linked to that proxy"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn open(&self, service: Service, listener: TcpListener) {
        let (state, gate) = (self.state.clone(), self.gate.clone());
        let listening = Listening::spawn(listener, move |tcp| {
            let (config, port) = lock(&state).accept(service);
            converse(tcp, TlsAcceptor::from(config), gate.clone(), state.clone(), service, port)
        });
        self.listening.lock().expect("no holder panics").insert(service, listening);
    }
}

/// A test that panics in a `with` has already failed; what it left behind is whole.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A request that waits for its answer, until that is made, or the connection ends.
struct Waiting {
    state: Arc<Mutex<State>>,
    service: Service,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        lock(&self.state).answered(self.service);
    }
}

/// One connection, from the handshake to its end.
async fn converse(tcp: Tcp, acceptor: TlsAcceptor, gate: Gate, state: Arc<Mutex<State>>, service: Service, port: u16) {
    let reset = tcp.reset();
    let stream = match acceptor.accept(tcp).into_fallible().await {
        Ok(stream) => stream,
        Err((_, mut tcp)) => {
            // In TLS 1.3 the caller has spoken on by now; to close upon unread bytes would send RST and lose the alert.
            let _ = tcp.shutdown().await;
            let _ = tokio::io::copy(&mut tcp.take(1 << 20), &mut tokio::io::sink()).await;
            return;
        }
    };
    let connection = stream.get_ref().1;
    let caller = gate.caller(connection.peer_certificates(), connection.server_name());
    wire::serve(stream, reset, |request| {
        let (right, fault) = lock(&state).answer(service, &caller, &request);
        // Port 443 is where a real site's login is; here it is merely somewhere that must not be followed to.
        let location = format!("https://127.0.0.1:{port}/internal_forms_authentication/?targetId=0");
        let waiting = Waiting { state: state.clone(), service };
        async move {
            let reply = proxy::reply(right, fault, location).await;
            drop(waiting);
            reply
        }
    })
    .await;
}
