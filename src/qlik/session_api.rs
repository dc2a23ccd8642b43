//! One call: the sessions of one pair.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Client, Response, StatusCode, Url, header};

use super::fault::Fault;
use super::tls::TlsError;
use super::{wire, xrfkey};
use crate::snapshot::Session;

/// The most of an answer that is read, in bytes. A session takes some 200; no site has 300,000 of them.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;
/// As much of an error page as is looked at.
const LARGEST_ERROR: usize = 16 * 1024;
/// How long an error page is waited for.
const MOMENT: Duration = Duration::from_millis(500);

/// `https://HOST:PORT/qps/[PREFIX/]session`, each segment of the prefix encoded and its inner slashes kept.
pub(super) fn url(host: &str, port: u16, prefix: &str) -> Result<Url, TlsError> {
    let bad = || TlsError::Host(host.to_owned());
    let bracketed = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
    let mut url = Url::parse(&format!("https://{bracketed}:{port}/")).map_err(|_| bad())?;
    let plain = url.path() == "/" && url.username() == "" && url.query().is_none() && url.fragment().is_none();
    if url.host_str().is_none_or(str::is_empty) || !plain || url.port_or_known_default() != Some(port) {
        return Err(bad());
    }
    {
        let mut segments = url.path_segments_mut().map_err(|()| bad())?;
        segments.clear().push("qps");
        if !prefix.is_empty() {
            segments.extend(prefix.split('/'));
        }
        segments.push("session");
    }
    Ok(url)
}

/// Asks for the sessions, within `timeout` from connecting to the last byte.
pub(super) async fn sessions(client: &Client, url: &Url, timeout: Duration) -> Result<Vec<Session>, Fault> {
    let came = AtomicUsize::new(0);
    let asked = async {
        let mut answer = ask(client, url).await;
        // A connection that was kept alive may be closed by the proxy just as it is used again: a fresh one tells.
        if matches!(answer, Err(Fault::Reset)) {
            answer = ask(client, url).await;
        }
        let response = answer?;
        if response.status() != StatusCode::OK {
            return Err(refused(response).await);
        }
        if is_html(&response) {
            return Err(Fault::LoginPage { status: 200 });
        }
        body(response, &came).await
    };
    let body = tokio::time::timeout(timeout, asked).await.map_err(|_| match came.load(Ordering::Relaxed) {
        0 => Fault::Timeout,
        bytes => Fault::Stalled { bytes },
    })??;
    wire::parse_sessions(&body)
}

/// What the proxy's clock shows, by the `Date` of its answer.
pub(super) async fn time(client: &Client, url: &Url, timeout: Duration) -> Option<Timestamp> {
    let response = tokio::time::timeout(timeout, ask(client, url)).await.ok()?.ok()?;
    let date = response.headers().get(header::DATE)?.to_str().ok()?.to_owned();
    jiff::fmt::rfc2822::parse(&date).ok().map(|date| date.timestamp())
}

/// One call, with a key of its own.
async fn ask(client: &Client, url: &Url) -> Result<Response, Fault> {
    let key = xrfkey::fresh().ok_or(Fault::NoRandomness)?;
    let mut url = url.clone();
    url.set_query(Some(&format!("xrfkey={key}")));
    client.get(url).header("X-Qlik-Xrfkey", key).send().await.map_err(|e| Fault::from_request(&e))
}

fn is_html(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.to_ascii_lowercase().starts_with("text/html"))
}

/// What any answer but 200 means. Qlik documents no error of this call; these are what servers were seen to answer.
async fn refused(response: Response) -> Fault {
    let status = response.status().as_u16();
    match status {
        300..=399 => Fault::Redirect { status },
        401 => Fault::LoginPage { status },
        403 => {
            let said = beginning(response).await;
            if String::from_utf8_lossy(&said).to_ascii_lowercase().contains("xsrf") {
                Fault::Xsrf
            } else {
                Fault::Forbidden
            }
        }
        404 => Fault::NotFound,
        429 => Fault::RateLimited,
        500.. => Fault::ServerError { status },
        _ => Fault::Status { status },
    }
}

/// As much of an error's body as came within a moment: the status alone says enough.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut said = Vec::new();
    let read = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            said.extend_from_slice(&chunk);
            if said.len() >= LARGEST_ERROR {
                break;
            }
        }
    };
    // Whatever came until then is judged.
    let _ = tokio::time::timeout(MOMENT, read).await;
    said
}

/// The body, refused once it is larger than what is read; `came` counts it on the way.
async fn body(mut response: Response, came: &AtomicUsize) -> Result<Vec<u8>, Fault> {
    let promised = response.content_length().unwrap_or(0);
    if promised > LARGEST_ANSWER as u64 {
        return Err(Fault::TooLarge);
    }
    let mut body = Vec::with_capacity(usize::try_from(promised).unwrap_or(0));
    while let Some(chunk) = response.chunk().await.map_err(|e| Fault::from_body(&e, body.len()))? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(Fault::TooLarge);
        }
        body.extend_from_slice(&chunk);
        came.store(body.len(), Ordering::Relaxed);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::url;

    #[test]
    fn a_pair_has_one_address() {
        for (prefix, path) in [
            ("", "/qps/session"),
            ("hr", "/qps/hr/session"),
            ("a/b", "/qps/a/b/session"),
            ("å b?#%", "/qps/%C3%A5%20b%3F%23%25/session"),
        ] {
            assert_eq!(url("sense", 4243, prefix).unwrap().path(), path);
        }
        assert_eq!(url("::1", 4243, "").unwrap().as_str(), "https://[::1]:4243/qps/session");
        for bad in ["", "a b", "sense/qmc", "https://sense", "me@sense", "sense?x", "sense#x", "sense:443"] {
            assert!(url(bad, 4243, "").is_err(), "{bad}");
        }
    }
}
