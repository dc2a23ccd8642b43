//! A strict little mail server on loopback (RFC 5321, 3207, 4954, 6152, 1870).
//!
//! Takes mail for anyone, keeps it in order, and refuses what is out of order, ill-formed, or lacks what a mail must have.

mod codec;
mod mail;
mod talk;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::ServerConfig;
use tokio::sync::watch;
use tokio::time::Instant;

use super::super::certificates::Identity;
use super::super::wire::{self, Listening};
pub use mail::{Mail, Part};

/// How the connection is secured.
#[derive(Clone, Debug, Default)]
enum Security {
    #[default]
    None,
    /// Offered; with `required`, nothing goes before it.
    StartTls { identity: Identity, required: bool },
    /// From the first byte, as on port 465.
    Implicit(Identity),
}

/// How a mail server is to be. The default is plain, and takes mail from anyone.
#[derive(Clone, Debug)]
pub struct Options {
    security: Security,
    login: Option<Login>,
    mechanisms: &'static [&'static str],
    smtputf8: bool,
    size: usize,
}

/// Who may send, with what password or, where only tokens are taken, with what token.
#[derive(Clone)]
struct Login {
    user: String,
    password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("user", &self.user).field("password", &"***").finish()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { security: Security::None, login: None, mechanisms: &[], smtputf8: false, size: 10 << 20 }
    }
}

impl Options {
    /// STARTTLS is required before MAIL and AUTH (530).
    #[must_use]
    pub fn starttls(self, identity: &Identity) -> Self {
        Self { security: Security::StartTls { identity: identity.clone(), required: true }, ..self }
    }

    /// STARTTLS is offered, and not insisted on.
    #[must_use]
    pub fn starttls_offered(self, identity: &Identity) -> Self {
        Self { security: Security::StartTls { identity: identity.clone(), required: false }, ..self }
    }

    #[must_use]
    pub fn implicit_tls(self, identity: &Identity) -> Self {
        Self { security: Security::Implicit(identity.clone()), ..self }
    }

    /// AUTH PLAIN or LOGIN with this user is required before MAIL.
    #[must_use]
    pub fn login(self, user: &str, password: &str) -> Self {
        let login = Login { user: user.to_owned(), password: password.to_owned() };
        Self { login: Some(login), mechanisms: &["PLAIN", "LOGIN"], ..self }
    }

    /// The same by AUTH LOGIN alone, as some servers still have it.
    #[must_use]
    pub fn login_alone(self, user: &str, password: &str) -> Self {
        Self { mechanisms: &["LOGIN"], ..self.login(user, password) }
    }

    /// AUTH XOAUTH2 with this user and this token is required before MAIL; see [`Smtp::set_token`].
    #[must_use]
    pub fn token(self, user: &str, token: &str) -> Self {
        Self { mechanisms: &["XOAUTH2"], ..self.login(user, token) }
    }

    #[must_use]
    pub fn smtputf8(self) -> Self {
        Self { smtputf8: true, ..self }
    }

    /// The largest mail, in bytes; 10 MiB unless said.
    #[must_use]
    pub fn size(self, bytes: usize) -> Self {
        Self { size: bytes, ..self }
    }
}

/// What one connection meets.
#[derive(Clone, Debug)]
pub enum SmtpFault {
    /// The connection is taken, and nothing comes.
    HangBeforeGreeting,
    /// 421 in place of the greeting.
    Status421,
    /// The mail is read, not kept, and not answered.
    HangAfterData,
    /// The mail is kept, and the connection ends without the 250.
    CutAfterData,
    /// 554 once the mail is read; it is not kept.
    Reject554AfterData,
}

/// A running mail server; it ends when the last clone is dropped.
#[derive(Clone)]
pub struct Smtp {
    address: SocketAddr,
    state: Arc<State>,
    _listening: Arc<Listening>,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").field("address", &self.address).finish_non_exhaustive()
    }
}

struct State {
    options: Options,
    tls: Option<Arc<ServerConfig>>,
    kept: Mutex<Kept>,
    taken: watch::Sender<usize>,
}

#[derive(Default)]
struct Kept {
    mails: Vec<Mail>,
    refused: Vec<String>,
    connections: usize,
    next: VecDeque<SmtpFault>,
    always: Option<SmtpFault>,
    /// By address; `None` for all others.
    rejects: BTreeMap<Option<String>, u16>,
    /// In place of the one that it began with.
    token: Option<String>,
}

impl Smtp {
    pub async fn start(options: Options) -> Self {
        let tls = match &options.security {
            Security::None => None,
            Security::StartTls { identity, .. } | Security::Implicit(identity) => Some(config(identity)),
        };
        let (listener, address) = wire::listen(0).await;
        let state = Arc::new(State { options, tls, kept: Mutex::default(), taken: watch::Sender::default() });
        let shared = state.clone();
        let listening = Listening::spawn(listener, move |tcp| {
            let fault = {
                let mut kept = shared.kept();
                kept.connections += 1;
                kept.next.pop_front().or_else(|| kept.always.clone())
            };
            talk::talk(tcp, shared.clone(), fault)
        });
        Self { address, state, _listening: Arc::new(listening) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The next connection meets this; several are met in turn.
    pub fn next(&self, fault: SmtpFault) {
        self.state.kept().next.push_back(fault);
    }

    /// All connections meet this from now on, after those of [`Smtp::next`]; `None` ends it.
    pub fn always(&self, fault: Option<SmtpFault>) {
        self.state.kept().always = fault;
    }

    /// A recipient is answered with this code (550, 450) from now on; `None` ends it.
    pub fn reject(&self, recipient: &str, code: Option<u16>) {
        self.state.kept().set_reject(Some(recipient.to_lowercase()), code);
    }

    /// The same for all recipients that have none of their own.
    pub fn reject_all(&self, code: Option<u16>) {
        self.state.kept().set_reject(None, code);
    }

    /// From now on, this is the token that is taken.
    pub fn set_token(&self, token: &str) {
        self.state.kept().token = Some(token.to_owned());
    }

    /// All mails that were taken, in order.
    pub fn mails(&self) -> Vec<Mail> {
        self.state.kept().mails.clone()
    }

    /// What was refused for being out of order or ill-formed, and why; not what was asked for by a fault, a reject or a
    /// wrong password. Any entry is normally a mistake of the sender's.
    pub fn refused(&self) -> Vec<String> {
        self.state.kept().refused.clone()
    }

    /// TCP connections accepted.
    pub fn connections(&self) -> usize {
        self.state.kept().connections
    }

    /// Returns when at least so many mails have been taken since the start.
    pub async fn arrived(&self, count: usize) {
        let mut taken = self.state.taken.subscribe();
        taken.wait_for(|taken| *taken >= count).await.expect("the inbox holds the sender");
    }
}

impl Kept {
    fn set_reject(&mut self, whom: Option<String>, code: Option<u16>) {
        match code {
            Some(code) => self.rejects.insert(whom, code),
            None => self.rejects.remove(&whom),
        };
    }
}

impl State {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse(&self, why: String) {
        self.kept().refused.push(why);
    }

    fn reject_of(&self, recipient: &str) -> Option<u16> {
        let kept = self.kept();
        kept.rejects.get(&Some(recipient.to_lowercase())).or_else(|| kept.rejects.get(&None)).copied()
    }

    fn take(&self, from: String, to: Vec<String>, raw: String) {
        let mut kept = self.kept();
        let number = kept.mails.len() + 1;
        let headers = mail::headers(&raw);
        kept.mails.push(Mail { number, at: Instant::now(), from, to, raw, headers });
        self.taken.send_replace(number);
    }
}

fn config(identity: &Identity) -> Arc<ServerConfig> {
    let config = ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("ring speaks both versions")
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate_der()], identity.key_der())
        .expect("the key is the certificate's");
    config.into()
}
