//! The one place that posts.
//!
//! A webhook's address is its secret: it is exposed here alone, used byte for byte, never followed elsewhere, and taken out
//! of whatever is told.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::trust::{ITSELF, OrItself, VOUCHES};
use super::{Outcome, Proxy, Scope, is_loopback};
use crate::message::clean;
use crate::secret::Secret;

const CONNECT: Duration = Duration::from_secs(10);
/// Around everything: finding the host, connecting, sending, and reading the answer.
const WHOLE: Duration = Duration::from_secs(30);
/// How much of an answer is read.
const ANSWER: usize = 64 * 1024;
/// How much of an answer is read that repeats the message.
const ECHO: usize = 1024 * 1024;
/// The longest wait that a server is believed.
const LONGEST_WAIT: i64 = 24 * 3600;
/// Parts of an address shorter than this are words that any answer may hold.
const SHORTEST_SECRET: usize = 6;

/// Certificate authorities that are trusted beside the machine's own.
#[derive(Clone, Debug, Default)]
pub struct Authorities {
    pem: Option<Arc<[u8]>>,
}

impl Authorities {
    /// Those of a PEM text, which must hold one at least.
    pub fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let mut store = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| format!("it is not a PEM certificate: {error}"))?;
            store.add(certificate).map_err(|error| format!("it cannot be trusted: {error}"))?;
        }
        if store.is_empty() {
            return Err("it holds no certificate".to_owned());
        }
        Ok(Self { pem: Some(pem.into()) })
    }

    pub(super) fn pem(&self) -> Option<&[u8]> {
        self.pem.as_deref()
    }

    pub(super) fn certificates(&self) -> Vec<CertificateDer<'static>> {
        let pem = self.pem.as_deref().unwrap_or_default();
        CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect()
    }
}

/// What posts for one channel.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    proxy: Option<Proxy>,
}

/// What came back.
pub(super) struct Answer {
    pub status: u16,
    pub retry_after: Option<SignedDuration>,
    /// Without the address, should the server have repeated it; of a call as it came.
    pub body: String,
    /// What the token of a call may be used for.
    pub scopes: Option<String>,
}

impl Client {
    /// A client that trusts the machine's authorities and those given. A `plain` one speaks to loopback, and needs none.
    /// Through the proxy, if there is one.
    pub(super) fn new(authorities: &Authorities, plain: bool, proxy: Option<&Proxy>) -> Result<Self, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot be set up: {error}"))?;
        let config = if plain {
            config.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
        } else {
            let verifier =
                rustls_platform_verifier::Verifier::new_with_extra_roots(authorities.certificates(), provider)
                    .map_err(|error| format!("the machine's certificate authorities cannot be read: {error}"))?;
            let verifier = OrItself { usual: Arc::new(verifier), given: authorities.certificates() };
            config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
        };
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy();
        let builder = match proxy {
            // Its login is in the address.
            Some(proxy) => {
                let way =
                    reqwest::Proxy::all(proxy.url.expose()).map_err(|_| "`proxy_url` cannot be used".to_owned())?;
                builder.proxy(way)
            }
            None => builder,
        };
        builder
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .user_agent(concat!("headcount/", env!("CARGO_PKG_VERSION")))
            .build()
            .map(|http| Self { http, proxy: proxy.cloned() })
            .map_err(|error| format!("the HTTP client cannot be set up: {}", sentence(error)))
    }

    /// Asks the host of an address for its front page's head, without the secret path: whether it can be reached and is
    /// trusted. Any answer will do.
    pub(super) async fn reach(&self, to: &Secret) -> Result<String, String> {
        let mut url = reqwest::Url::parse(to.expose()).map_err(|_| "it is no address".to_owned())?;
        url.set_path("/");
        url.set_query(None);
        let host = url.host_str().map(clean).unwrap_or_default();
        match self.http.head(url).send().await.map_err(|error| self.failed(to, error)) {
            Ok(_) => Ok(host),
            Err(outcome) => Err(format!("{host}: {}", outcome.why().unwrap_or_default())),
        }
    }

    /// Posts JSON. Where no answer came, the outcome says so.
    pub(super) async fn post(&self, to: &Secret, body: &str, now: Timestamp) -> Result<Answer, Outcome> {
        self.post_with(to, body, &[], now).await
    }

    /// Posts JSON, with further headers.
    pub(super) async fn post_with(
        &self,
        to: &Secret,
        body: &str,
        headers: &[(&'static str, String)],
        now: Timestamp,
    ) -> Result<Answer, Outcome> {
        let request = self.http.post(to.expose()).header(CONTENT_TYPE, "application/json; charset=utf-8");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        let answer = self.exchange(to, request.body(body.to_owned()), now, ANSWER).await?;
        Ok(Answer { body: hidden(to, &answer.body), ..answer })
    }

    /// Calls a method of an interface that knows its callers by a token. What is told of the answer is for the caller to hide.
    pub(super) async fn call(
        &self,
        method: &Secret,
        token: &Secret,
        body: String,
        now: Timestamp,
    ) -> Result<Answer, Outcome> {
        let bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose()));
        let mut bearer =
            bearer.map_err(|_| Outcome::ChannelDown { why: "its token has letters that no token has".to_owned() })?;
        bearer.set_sensitive(true);
        let request = self.http.post(method.expose()).header(CONTENT_TYPE, "application/json; charset=utf-8");
        self.exchange(method, request.header(AUTHORIZATION, bearer).body(body), now, ECHO).await
    }

    /// Posts a form. Gives the status, the wait that was asked for, and the answer as it came: what is told of it is for the
    /// caller to hide.
    pub(super) async fn post_form(
        &self,
        to: &Secret,
        fields: &[(&str, &str)],
        now: Timestamp,
    ) -> Result<(u16, Option<SignedDuration>, String), Outcome> {
        // An address knows how to write a form.
        let mut form = reqwest::Url::parse(to.expose())
            .map_err(|_| Outcome::ChannelDown { why: "it is no address".to_owned() })?;
        form.query_pairs_mut().clear().extend_pairs(fields);
        let body = form.query().unwrap_or_default().to_owned();
        let request = self.http.post(to.expose()).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = self.exchange(to, request.body(body), now, ANSWER).await?;
        Ok((answer.status, answer.retry_after, answer.body))
    }

    /// Asks for an address. Gives what came back, or why nothing did.
    pub(super) async fn get(&self, from: &Secret, now: Timestamp) -> Result<u16, Outcome> {
        self.exchange(from, self.http.get(from.expose()), now, ANSWER).await.map(|answer| answer.status)
    }

    async fn exchange(
        &self,
        to: &Secret,
        request: reqwest::RequestBuilder,
        now: Timestamp,
        most: usize,
    ) -> Result<Answer, Outcome> {
        let mut response = request.send().await.map_err(|error| self.failed(to, error))?;
        let status = response.status();
        if status.is_redirection() {
            let whither = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            let host = whither.and_then(|whither| reqwest::Url::parse(whither).ok()?.host_str().map(str::to_owned));
            let host = host.map_or_else(String::new, |host| format!(" to {}", clean(&host)));
            // Its path may be made of words that stand in this sentence, too.
            let host = hidden(to, &host);
            let why = format!("it redirects{host} (status {status}), which is not followed; correct the address");
            return Err(Outcome::ChannelDown { why });
        }
        let retry_after = retry_after(response.headers(), now);
        let scopes =
            response.headers().get("x-oauth-scopes").and_then(|scopes| scopes.to_str().ok()).map(str::to_owned);
        let mut answer = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if answer.len() < most => answer.extend_from_slice(&chunk),
                // A bad status says enough by itself; a good one does not.
                Err(error) if status.is_success() => return Err(self.failed(to, error)),
                Ok(_) | Err(_) => break,
            }
        }
        answer.truncate(most);
        let body = String::from_utf8_lossy(&answer).into_owned();
        Ok(Answer { status: status.as_u16(), retry_after, body, scopes })
    }
}

impl Client {
    fn failed(&self, to: &Secret, error: reqwest::Error) -> Outcome {
        let outcome = failed(to, self.proxy.as_ref(), error);
        let Some(proxy) = &self.proxy else { return outcome };
        let secrets = proxy.secrets();
        outcome.hiding(|why| secrets.iter().fold(why, |why, secret| why.replace(secret, "***")))
    }
}

/// The host that a webhook's address leads to, if it may be used: `https`, or `http` on this machine.
pub(super) fn host(address: &Secret) -> Result<String, String> {
    let url =
        reqwest::Url::parse(address.expose()).map_err(|_| "it is no address: it begins with `https://`".to_owned())?;
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "https" if !host.is_empty() => Ok(host.to_owned()),
        "http" if is_loopback(host) => Ok(host.to_owned()),
        "http" => Err("it begins with `http://`, which is for this machine alone; use `https://`".to_owned()),
        _ => Err("it is no `https://` address".to_owned()),
    }
}

/// The address of one method of an interface, below its base.
pub(super) fn method(base: &Secret, method: &str) -> Secret {
    Secret::new(format!("{}/{method}", base.expose().trim_end_matches('/')))
}

/// What a token of Slack's says of itself before its first dash, if it can be one at all.
pub(super) fn token_kind(token: &Secret) -> Option<&'static str> {
    let (kind, rest) = token.expose().split_once('-')?;
    let fine = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic());
    ["xoxb", "xoxp", "xapp"].into_iter().find(|known| fine && *known == kind)
}

/// A text without the secret parts of an address, and without a token.
pub(super) fn hide(address: &Secret, token: &Secret, text: &str) -> String {
    hidden(address, &text.replace(token.expose(), "***"))
}

/// Whether an address is spoken to without TLS.
pub(super) fn is_plain(address: &Secret) -> bool {
    address.expose().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http:"))
}

/// How long the answer asks to wait: in seconds, or until a date.
/// <https://www.rfc-editor.org/rfc/rfc9110#field.retry-after>
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    // Digits beyond all numbers are a long time, and a part of a second is a whole one.
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = value.split_once('.').unwrap_or((value, "0"));
    let seconds = match value.parse::<i64>() {
        Ok(seconds) => seconds,
        Err(_) if digits(whole) && digits(part) => whole.parse::<i64>().unwrap_or(LONGEST_WAIT).saturating_add(1),
        Err(_) => jiff::fmt::rfc2822::parse(value).ok()?.timestamp().as_second() - now.as_second(),
    };
    Some(wait(seconds))
}

/// A wait that a server asked for, within reason.
pub(super) fn wait(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds.clamp(0, LONGEST_WAIT))
}

/// What is wrong with the server's certificate, if that is what failed.
fn distrusted(error: &reqwest::Error) -> Option<String> {
    let mut cause = error.source();
    while let Some(error) = cause {
        let mut inner: Option<&(dyn std::error::Error + 'static)> = Some(error);
        // An `io::Error` hides what it wraps from `source()`.
        while let Some(error) = inner {
            if let Some(rustls::Error::InvalidCertificate(why)) = error.downcast_ref() {
                if format!("{why:?}").contains(ITSELF) {
                    return Some(VOUCHES.to_owned());
                }
                return Some(clean(&format!(
                    "its certificate is not trusted ({why}); where a company's own authority issued it, give that as `ca`"
                )));
            }
            inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref).map(|inner| inner as _);
        }
        cause = error.source();
    }
    None
}

/// The usual ways to fail, in words of our own.
fn plainly(error: &reqwest::Error) -> Option<&'static str> {
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if said.contains("dns error") || said.contains("failed to lookup address") {
            return Some("its host name is not known here");
        }
        if said.contains("invalid HTTP") {
            return Some("what answered does not speak HTTP");
        }
        if said.contains("message head is too large") {
            return Some("the headers of its answer are too long");
        }
        match error.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => return Some("the connection was refused"),
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof) => {
                return Some("the connection was cut before an answer came");
            }
            _ if said.contains("connection closed before message completed") => {
                return Some("the connection was cut before an answer came");
            }
            _ => cause = error.source(),
        }
    }
    None
}

/// What it means that no answer came. Once the connection stood, the message may have been taken.
fn failed(to: &Secret, proxy: Option<&Proxy>, error: reqwest::Error) -> Outcome {
    if let Some(why) = distrusted(&error) {
        return Outcome::ChannelDown { why };
    }
    let connecting = error.is_connect() || error.is_builder();
    if let Some(proxy) = proxy.filter(|_| connecting) {
        return barred(proxy, &error);
    }
    let why = if error.is_timeout() {
        let what = if connecting { "connect" } else { "answer" };
        format!("it did not {what} in time")
    } else {
        plainly(&error).map_or_else(|| sentence(error), str::to_owned)
    };
    let scope = if connecting { Scope::Channel } else { Scope::Delivery };
    Outcome::Retry { after: None, scope, maybe_taken: !connecting, why: clean(&hidden(to, &why)) }
}

/// What it means that a proxy opened no way; nothing was sent.
fn barred(proxy: &Proxy, error: &reqwest::Error) -> Outcome {
    let (mut said, mut cause) = (String::new(), error.source());
    while let Some(deeper) = cause {
        said.push_str(&deeper.to_string());
        cause = deeper.source();
    }
    let host = &proxy.host;
    if said.contains("authorization required") {
        let why =
            format!("the proxy {host} wants a login, or another one: `proxy_url` is `http://USER:PASSWORD@HOST:PORT`");
        return Outcome::ChannelDown { why };
    }
    let what = match plainly(error) {
        _ if error.is_timeout() => "it did not connect in time",
        Some("its host name is not known here") => "the proxy's host name is not known here",
        Some(what) => what,
        None if said.contains("tunnel") || said.contains("unsuccessful") => "it opened no way to the host",
        None => "no connection came about",
    };
    Outcome::Retry {
        after: None,
        scope: Scope::Channel,
        maybe_taken: false,
        why: format!("through the proxy {host}: {what}"),
    }
}

/// An error and its causes as one sentence, without the address.
fn sentence(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        let next = deeper.to_string();
        // Some errors repeat their causes.
        if !told.contains(&next) {
            told.push_str(": ");
            told.push_str(&next);
        }
        cause = deeper.source();
    }
    told
}

/// A text without the secret parts of an address.
fn hidden(address: &Secret, text: &str) -> String {
    let whole = address.expose();
    let mut hidden = text.replace(whole, "***");
    let after_host = whole.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    let (path, query) = after_host.split_once('?').unwrap_or((after_host, ""));
    let values = query.split('&').filter_map(|pair| pair.split_once('=').map(|(_, value)| value));
    for part in [after_host, path, query].into_iter().chain(values).chain(path.rsplit('/').take(1)) {
        if part.len() >= SHORTEST_SECRET {
            hidden = hidden.replace(part, "***");
        }
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_read_as_seconds_or_dates() {
        let now = "2026-11-23T07:10:00Z".parse().unwrap();
        for (value, seconds) in [
            ("30", Some(30)),
            ("0", Some(0)),
            ("-5", Some(0)),
            ("99999999999", Some(LONGEST_WAIT)),
            ("99999999999999999999", Some(LONGEST_WAIT)),
            ("3.5", Some(4)),
            ("Mon, 23 Nov 2026 07:12:00 GMT", Some(120)),
            ("Mon, 23 Nov 2026 07:00:00 GMT", Some(0)),
            ("soon", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now), seconds.map(SignedDuration::from_secs), "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn no_part_of_an_address_is_told() {
        let address = Secret::new("https://hooks.example/services/T000/B000/topsecret?sig=alsosecret&v=1");
        for text in [
            "no https://hooks.example/services/T000/B000/topsecret?sig=alsosecret&v=1 here",
            "/services/T000/B000/topsecret is gone",
            "bad signature alsosecret",
            "topsecret",
        ] {
            let told = hidden(&address, text);
            assert!(told.contains("***") && !told.contains("secret"), "{told}");
        }
        assert_eq!(hidden(&address, "no_service 1"), "no_service 1");
    }

    #[test]
    fn only_https_leaves_the_machine() {
        for (address, fine) in [
            ("https://hooks.slack.com/services/x", true),
            ("http://127.0.0.1:8080/x", true),
            ("http://localhost/x", true),
            ("http://[::1]:1/x", true),
            ("http://hooks.slack.com/services/x", false),
            ("http://localhost.example.com/", false),
            ("ftp://localhost/x", false),
            ("hooks.slack.com/x", false),
        ] {
            let host = host(&Secret::new(address));
            assert_eq!(host.is_ok(), fine, "{address}: {host:?}");
        }
    }
}
