//! Why a pair was not seen: one sentence for each cause, with what to do about it.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError};

use super::RepositoryUser;
use super::trust::{Fingerprint, NotPinned, Refused};
use crate::duration;
use crate::snapshot::{Pair, Unseen, UnseenKind};

/// What went wrong with one call. Its text is the bare fact; [`Fault::told`] adds what was tried and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("no answer in time")]
    Timeout,
    #[error("the connection was refused")]
    Refused,
    #[error("the host name is not known")]
    UnknownHost,
    #[error("this machine has no network that leads there")]
    NoNetwork,
    #[error("the host cannot be reached from here ({0})")]
    Unreachable(String),
    #[error("the connection was cut before an answer came")]
    Reset,
    #[error("{0}")]
    Certificate(String, CertificateRemedy),
    #[error("the TLS handshake was refused ({0})")]
    Handshake(String),
    #[error("what answers does not speak TLS")]
    NotTls,
    #[error("what answers does not speak HTTP")]
    NotHttp,
    #[error("answered 403: the client certificate was not accepted")]
    Forbidden,
    #[error("answered 403: XSRF prevention check failed")]
    Xsrf,
    #[error("answered {status} with {}", if *.status == 401 { "a demand to log in" } else { "a page of HTML" })]
    LoginPage { status: u16 },
    #[error("answered {status}: a redirect, which is not followed")]
    Redirect { status: u16 },
    #[error("answered 404: no such virtual proxy here")]
    NotFound,
    #[error("answered 429: asked too often")]
    RateLimited,
    #[error("answered {status}: the service failed")]
    ServerError { status: u16 },
    #[error("answered {status}, which headcount does not expect")]
    Status { status: u16 },
    #[error("answered 200 with {0} in place of {1}")]
    NotAnArray(&'static str, &'static str),
    #[error("answered 200 with an empty body")]
    Empty,
    #[error(
        "answered 200 with {of} that is not as it should be: it or an item of it {what} (line {line}, column {column})"
    )]
    NotAsItShould { of: &'static str, what: String, line: usize, column: usize },
    #[error("{}", nothing_listed(*.proxies))]
    NothingListed { proxies: usize },
    #[error("half an answer: it ended after {bytes} bytes")]
    Truncated { bytes: usize },
    #[error("half an answer: nothing came after {bytes} bytes")]
    Stalled { bytes: usize },
    #[error("an answer larger than 64 MiB, which is not read")]
    TooLarge,
    #[error("this machine gave no random numbers for the xrfkey")]
    NoRandomness,
    #[error("{0}")]
    Other(String),
}

/// The way out of a certificate error, with the fingerprint that was presented.
#[derive(Clone, Copy, Debug)]
pub struct CertificateRemedy {
    way: Way,
    pin: Option<Fingerprint>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Name,
    Root,
    Expired,
    NotYetValid,
    Renewed,
    KeyNotHeld,
    Pin,
}

/// Who was asked.
#[derive(Clone, Copy)]
pub(super) enum Whom<'a> {
    /// A proxy, about one pair.
    Proxy(&'a Pair),
    /// The repository, on behalf of a user.
    Repository(&'a RepositoryUser),
    Engine,
}

impl Whom<'_> {
    /// The service's name in Windows.
    fn service(self) -> &'static str {
        match self {
            Self::Proxy(_) => "Qlik Sense Proxy Service",
            Self::Repository(_) => "Qlik Sense Repository Service",
            Self::Engine => "Qlik Sense Engine Service",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Proxy(_) => "proxy",
            Self::Repository(_) => "repository",
            Self::Engine => "engine",
        }
    }

    /// What to look at where the port may be the wrong one.
    fn its_port(self, port: u16) -> String {
        match self {
            Self::Proxy(_) => format!("whether {port} is the proxy's REST API port (usually 4243)"),
            Self::Repository(_) => format!("whether {port} is the repository's port (usually 4242)"),
            Self::Engine => format!("whether {port} is the engine's port (usually 4747)"),
        }
    }
}

fn nothing_listed(proxies: usize) -> String {
    match proxies {
        0 => "answered 200 with an empty list: it names no proxy".to_owned(),
        _ => "answered 200 with proxies that serve no virtual proxy".to_owned(),
    }
}

/// How many names of a certificate are told.
const NAMES: usize = 3;
/// What a proxy wants of whoever asks it.
const CLIENT: &str = "use a client certificate of this very site: the QMC exports it under Certificates, with the secret key; its subject is CN=QlikClient";

impl Fault {
    /// Reads what the HTTP client says of a request that got no answer.
    pub(super) fn from_request(error: &reqwest::Error) -> Self {
        Self::from_chain(error)
            .unwrap_or_else(|| if error.is_timeout() { Self::Timeout } else { Self::Other(last_words(error)) })
    }

    /// Reads what the HTTP client says of a body that did not come whole.
    pub(super) fn from_body(error: &reqwest::Error, bytes: usize) -> Self {
        match Self::from_chain(error) {
            Some(Self::Reset) | None => Self::Truncated { bytes },
            Some(fault) => fault,
        }
    }

    fn from_chain(error: &reqwest::Error) -> Option<Self> {
        let mut unknown_host = false;
        let mut cause: Option<&(dyn Error + 'static)> = error.source();
        while let Some(error) = cause {
            if let Some(tls) = tls_in(error) {
                return Some(Self::from_tls(tls));
            }
            if !unknown_host && let Some(fault) = io_in(error) {
                return Some(fault);
            }
            let said = error.to_string();
            unknown_host |= said.contains("dns error") || said.contains("failed to lookup address");
            if unknown_host && error.source().is_none() {
                return Some(Self::UnknownHost);
            }
            if said.contains("invalid HTTP") || said.contains("invalid HTTP version") {
                return Some(Self::NotHttp);
            }
            // hyper tells a connection that ended early only in words.
            if said.contains("connection closed before message completed") || said.contains("connection closed") {
                return Some(Self::Reset);
            }
            cause = error.source();
        }
        None
    }

    fn from_io(error: &io::Error) -> Option<Self> {
        use io::ErrorKind as Kind;
        match error.kind() {
            Kind::ConnectionRefused => Some(Self::Refused),
            Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::UnexpectedEof => {
                Some(Self::Reset)
            }
            Kind::TimedOut => Some(Self::Timeout),
            Kind::NetworkUnreachable | Kind::NetworkDown => Some(Self::NoNetwork),
            Kind::HostUnreachable => Some(Self::Unreachable(error.kind().to_string())),
            _ => None,
        }
    }

    fn from_tls(error: &rustls::Error) -> Self {
        use AlertDescription as Alert;
        match error {
            rustls::Error::InvalidCertificate(why) => Self::from_certificate(why),
            rustls::Error::AlertReceived(
                Alert::CertificateRequired
                | Alert::BadCertificate
                | Alert::UnknownCA
                | Alert::CertificateUnknown
                | Alert::CertificateExpired
                | Alert::CertificateRevoked
                | Alert::UnsupportedCertificate
                | Alert::AccessDenied,
            ) => Self::Handshake("the client certificate was not accepted".to_owned()),
            rustls::Error::AlertReceived(alert) => Self::Handshake(format!("the server said {alert:?}")),
            rustls::Error::InvalidMessage(_) => Self::NotTls,
            other => Self::Handshake(other.to_string()),
        }
    }

    fn from_certificate(why: &CertificateError) -> Self {
        let refused = match why {
            CertificateError::Other(other) => other.0.downcast_ref::<Refused>(),
            _ => None,
        };
        let (why, pin) = refused.map_or((why, None), |refused| (&refused.why, Some(refused.fingerprint)));
        let on = |day: Option<&String>| day.map(|day| format!(" {day}")).unwrap_or_default();
        let (said, way) = match why {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                let day = on(refused.and_then(|refused| refused.until.as_ref()));
                let on = if day.is_empty() { "" } else { " on" };
                (format!("the server's certificate has expired{on}{day}"), Way::Expired)
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                let day = on(refused.and_then(|refused| refused.from.as_ref()));
                let before = if day.is_empty() { "" } else { " before" };
                (format!("the server's certificate is not valid yet{before}{day}"), Way::NotYetValid)
            }
            // Of the chain it comes with what was refused; alone it is of the handshake.
            CertificateError::BadSignature if refused.is_none() => (
                "what answers presents a certificate, but does not hold the key that belongs to it".to_owned(),
                Way::KeyNotHeld,
            ),
            CertificateError::BadSignature => (
                "the server's certificate was not signed by the root that is trusted, though that has the issuer's name".to_owned(),
                Way::Root,
            ),
            CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => (
                "the server's certificate is signed in a way that is not trusted any more, such as with SHA-1".to_owned(),
                Way::Pin,
            ),
            CertificateError::NotValidForName => ("the server's certificate is for another name".to_owned(), Way::Name),
            CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => (
                "the server's certificate has no DNS name, only a common name, which is not enough".to_owned(),
                Way::Pin,
            ),
            CertificateError::NotValidForNameContext { presented, .. } => {
                let names: Vec<_> = presented.iter().take(NAMES).map(|name| plain_name(name)).collect();
                let more = presented.len().saturating_sub(NAMES);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                (format!("the server's certificate is for {}{more}, not for this host", names.join(", ")), Way::Name)
            }
            CertificateError::UnknownIssuer => {
                ("the server's certificate was not issued by the root that is trusted".to_owned(), Way::Root)
            }
            CertificateError::Other(other) => {
                let said = other.0.to_string();
                let way = if other.0.downcast_ref::<NotPinned>().is_some() { Way::Renewed } else { Way::Pin };
                let said = match said.as_str() {
                    "CaUsedAsEndEntity" => "the server presents the certificate of an authority as its own".to_owned(),
                    "UnsupportedCertVersion" => "the server's certificate is of X.509 version 1".to_owned(),
                    _ if way == Way::Renewed => said,
                    _ => format!("the server's certificate cannot be used ({said})"),
                };
                (said, way)
            }
            other => (format!("the server's certificate cannot be used ({other})"), Way::Pin),
        };
        Self::Certificate(said, CertificateRemedy { way, pin })
    }

    fn kind(&self) -> UnseenKind {
        match self {
            Self::Timeout => UnseenKind::Timeout,
            Self::Refused => UnseenKind::Refused,
            Self::UnknownHost => UnseenKind::UnknownHost,
            Self::NoNetwork => UnseenKind::NoNetwork,
            Self::Reset => UnseenKind::Reset,
            Self::Certificate(..) => UnseenKind::Certificate,
            Self::Forbidden | Self::Handshake(_) => UnseenKind::Forbidden,
            Self::Xsrf => UnseenKind::Xsrf,
            Self::LoginPage { .. } | Self::Redirect { .. } => UnseenKind::LoginPage,
            Self::NotFound => UnseenKind::NotFound,
            Self::RateLimited => UnseenKind::RateLimited,
            Self::ServerError { .. } => UnseenKind::ServerError,
            Self::Status { .. } => UnseenKind::ClientError,
            Self::NotAnArray(..) | Self::NotAsItShould { .. } | Self::NothingListed { .. } => UnseenKind::NotAnArray,
            Self::Truncated { .. } | Self::Stalled { .. } | Self::Empty => UnseenKind::Truncated,
            Self::TooLarge => UnseenKind::TooLarge,
            Self::Unreachable(_) | Self::NotTls | Self::NotHttp | Self::NoRandomness | Self::Other(_) => {
                UnseenKind::Other
            }
        }
    }

    /// The whole story of something that was not seen.
    pub(super) fn told(&self, url: &reqwest::Url, whom: Whom<'_>, timeout: Duration) -> Unseen {
        let what = match (self, whom) {
            (Self::Timeout, _) => {
                let limit =
                    jiff::SignedDuration::try_from(timeout).map_or_else(|_| "the timeout".to_owned(), duration::show);
                format!("no answer within {limit}")
            }
            (Self::NotFound, Whom::Repository(_) | Whom::Engine) => "answered 404: there is nothing".to_owned(),
            (Self::Forbidden, Whom::Repository(user)) => {
                format!("answered 403: neither the client certificate nor `{user}` may have been accepted")
            }
            (other, _) => other.to_string(),
        };
        let host = url.host_str().unwrap_or_default();
        // A query may name people.
        let mut shown = url.clone();
        shown.set_query(None);
        Unseen {
            kind: self.kind(),
            tried: format!("GET {shown}"),
            what,
            advice: self.advice(host, url.port().unwrap_or(443), whom),
        }
    }

    fn advice(&self, host: &str, port: u16, whom: Whom<'_>) -> String {
        let name = whom.name();
        match self {
            Self::Timeout => format!(
                "see whether a firewall between here and {host} lets port {port} through, and whether the machine hangs; a slow site wants a longer `timeout`"
            ),
            Self::Refused => {
                let which = match whom {
                    Whom::Proxy(_) => format!("its REST API port is {port}"),
                    Whom::Repository(_) | Whom::Engine => format!("its port is {port}"),
                };
                format!(
                    "see whether the {} on {host} runs (after a start it takes minutes), and whether {which}",
                    whom.service()
                )
            }
            Self::UnknownHost => format!(
                "see whether `{host}` is spelled right, and whether this machine can look it up; if it cannot, give its address under `resolve`"
            ),
            Self::NoNetwork => {
                format!("see the network of the machine that headcount runs on: its address, and its route to {host}")
            }
            Self::Unreachable(_) => format!("see the route from this machine to {host}"),
            Self::Reset => format!(
                "the {name} service may be starting or stopping, a firewall may cut port {port}, or the client certificate is not accepted: {CLIENT}"
            ),
            Self::Certificate(_, remedy) => remedy.advice(host),
            Self::Forbidden => match whom {
                Whom::Repository(user) => format!(
                    "{CLIENT}; and see in the QMC whether the user `{user}` exists and may read proxies, or ask on behalf of `INTERNAL\\sa_api`"
                ),
                Whom::Proxy(_) | Whom::Engine => CLIENT.to_owned(),
            },
            Self::Handshake(_) => {
                format!("{CLIENT}; a server that offers only old TLS (1.0, or CBC ciphers) cannot be asked either")
            }
            Self::Xsrf => format!(
                "something between here and the {name} drops or changes headers (X-Qlik-Xrfkey): ask the {name}'s own port, not a gateway"
            ),
            Self::LoginPage { .. } | Self::Redirect { .. } => match whom {
                Whom::Proxy(_) => format!(
                    "port {port} is a virtual proxy's login or a gateway, not the proxy's REST API: use its own port, usually 4243"
                ),
                Whom::Repository(_) | Whom::Engine => format!(
                    "port {port} is a virtual proxy's login or a gateway, not the {name} itself: use its own port, usually {}",
                    if matches!(whom, Whom::Engine) { super::ENGINE_PORT } else { super::QRS_PORT }
                ),
            },
            Self::NotFound => match whom {
                Whom::Proxy(pair) if pair.prefix.is_empty() => format!(
                    "see whether {port} is the proxy's REST API port (usually 4243), and whether the default virtual proxy is linked to this proxy in the QMC"
                ),
                Whom::Proxy(pair) => format!(
                    "see in the QMC whether a virtual proxy with the prefix `{}` exists and is linked to this proxy",
                    pair.prefix
                ),
                Whom::Repository(_) | Whom::Engine => format!("see {}", whom.its_port(port)),
            },
            Self::RateLimited => "poll less often".to_owned(),
            Self::ServerError { .. } => format!("look into the {name} service's log"),
            Self::NothingListed { .. } => match whom {
                Whom::Repository(user) => format!(
                    "a user who may not read proxies is shown none: see the rights of `{user}` in the QMC, or ask on behalf of `INTERNAL\\sa_api`"
                ),
                Whom::Proxy(_) | Whom::Engine => String::new(),
            },
            Self::NotAnArray(..) | Self::NotAsItShould { .. } | Self::Empty => {
                format!("see {}, and whether a gateway in between changes answers", whom.its_port(port))
            }
            Self::Truncated { .. } | Self::Stalled { .. } => {
                "the connection was cut, or something in between shortens answers".to_owned()
            }
            Self::NotTls | Self::NotHttp | Self::Status { .. } | Self::TooLarge | Self::Other(_) => {
                format!("see {}", whom.its_port(port))
            }
            Self::NoRandomness => "see whether this machine has a working `getrandom`".to_owned(),
        }
    }
}

impl CertificateRemedy {
    fn advice(self, host: &str) -> String {
        let pin = self.pin.map(|pin| format!("`fingerprint: [\"{pin}\"]`")).unwrap_or_default();
        match self.way {
            Way::Name => format!(
                "use that name as `host`, or keep `{host}` and give the certificate's name as `server_name`"
            ),
            Way::Root => "give the `root.pem` of this very site as `root`: the QMC exports it beside the client certificate (Certificates, platform independent PEM-format), and each site has its own".to_owned(),
            Way::Expired => "the site needs new certificates; see also whether this machine's clock is right".to_owned(),
            Way::NotYetValid => "see whether this machine's clock is right".to_owned(),
            Way::Renewed => format!("if the site has renewed its certificate, add {pin} beside the old one; if not, something stands in between"),
            Way::KeyNotHeld => format!("something stands in between here and {host} and pretends to be it: find out what"),
            Way::Pin => format!("Qlik's own certificates can be verified by `root`; to trust this very one, made otherwise, write {pin} under `trust` in place of `root`"),
        }
    }
}

/// The TLS error that an error is or wraps. An `io::Error` hides what it wraps from `source()`, and may wrap another one.
fn tls_in<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(tls) = error.downcast_ref() {
        return Some(tls);
    }
    let inner = error.downcast_ref::<io::Error>()?.get_ref()?;
    tls_in(inner)
}

/// The fault that an error of the network is, however deep it is wrapped.
fn io_in(error: &(dyn Error + 'static)) -> Option<Fault> {
    let io = error.downcast_ref::<io::Error>()?;
    Fault::from_io(io).or_else(|| io_in(io.get_ref()?))
}

/// `DnsName("sense.example.com")` as `sense.example.com`.
fn plain_name(name: &str) -> String {
    let name = name.split_once('"').and_then(|(_, rest)| rest.split_once('"')).map_or(name, |(inner, _)| inner);
    format!("`{}`", crate::clean::clean(name))
}

/// The innermost cause, which says the most.
fn last_words(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    crate::clean::clean(&error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_certificates_read_plainly() {
        assert_eq!(plain_name("DnsName(\"sense.example.com\")"), "`sense.example.com`");
        assert_eq!(plain_name("IpAddress(10.0.0.1)"), "`IpAddress(10.0.0.1)`");
    }
}
