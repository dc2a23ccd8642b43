//! One call: a GET whose answer came whole, in time, of a size that can be, and is no page of HTML.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderValue;
use reqwest::{Client, Response, StatusCode, Url, header};

use super::fault::Fault;
use super::tls::TlsError;
use super::xrfkey;

/// The most of an answer that is read, in bytes. A session takes some 200; no site has 300,000 of them.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;
/// As much of an error page as is looked at.
const LARGEST_ERROR: usize = 16 * 1024;
/// How long an error page is waited for.
const MOMENT: Duration = Duration::from_millis(500);

/// What goes with a call, beside the client certificate.
#[derive(Clone, Copy)]
pub(super) enum With<'a> {
    /// The engine wants nothing more.
    Nothing,
    /// A key against cross-site requests, twice.
    Key,
    /// The key, and on whose behalf the repository is asked.
    KeyAs(&'a HeaderValue),
}

/// `https://HOST:PORT/`, for a host that is one.
pub(super) fn base(host: &str, port: u16) -> Result<Url, TlsError> {
    let bad = || TlsError::Host(host.to_owned());
    let bracketed = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
    let url = Url::parse(&format!("https://{bracketed}:{port}/")).map_err(|_| bad())?;
    let plain = url.path() == "/" && url.username() == "" && url.query().is_none() && url.fragment().is_none();
    if url.host_str().is_none_or(str::is_empty) || !plain || url.port_or_known_default() != Some(port) {
        return Err(bad());
    }
    Ok(url)
}

/// A text with every byte but letters, digits and `-._~` encoded: for a query, or for a header.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&crate::hex::encode(&[byte]).to_ascii_uppercase());
        }
    }
    encoded
}

/// Asks, within `timeout` from connecting to the last byte. Gives the body of a 200.
pub(super) async fn get(client: &Client, url: &Url, with: With<'_>, timeout: Duration) -> Result<Vec<u8>, Fault> {
    let came = AtomicUsize::new(0);
    let asked = async {
        let mut answer = ask(client, url, with).await;
        // A connection that was kept alive may be closed by the server just as it is used again: a fresh one tells.
        if matches!(answer, Err(Fault::Reset)) {
            answer = ask(client, url, with).await;
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
    tokio::time::timeout(timeout, asked).await.map_err(|_| match came.load(Ordering::Relaxed) {
        0 => Fault::Timeout,
        bytes => Fault::Stalled { bytes },
    })?
}

/// What the server's clock shows, by the `Date` of its answer.
pub(super) async fn time(client: &Client, url: &Url, with: With<'_>, timeout: Duration) -> Option<Timestamp> {
    let response = tokio::time::timeout(timeout, ask(client, url, with)).await.ok()?.ok()?;
    let date = response.headers().get(header::DATE)?.to_str().ok()?.to_owned();
    jiff::fmt::rfc2822::parse(&date).ok().map(|date| date.timestamp())
}

/// One call, with a key of its own.
async fn ask(client: &Client, url: &Url, with: With<'_>) -> Result<Response, Fault> {
    let mut url = url.clone();
    let mut key = None;
    if !matches!(with, With::Nothing) {
        let fresh = xrfkey::fresh().ok_or(Fault::NoRandomness)?;
        let query = match url.query() {
            None => format!("xrfkey={fresh}"),
            Some(query) => format!("{query}&xrfkey={fresh}"),
        };
        url.set_query(Some(&query));
        key = Some(fresh);
    }
    let mut request = client.get(url);
    if let Some(key) = key {
        request = request.header("X-Qlik-Xrfkey", key);
    }
    if let With::KeyAs(user) = with {
        request = request.header("X-Qlik-User", user);
    }
    request.send().await.map_err(|e| Fault::from_request(&e))
}

fn is_html(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.to_ascii_lowercase().starts_with("text/html"))
}

/// What any answer but 200 means. Qlik documents no errors of these calls; these are what servers were seen to answer.
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
    use super::encoded;

    #[test]
    fn what_goes_into_a_query_or_a_header_is_encoded_whole() {
        assert_eq!(encoded("userId eq 'å#&+b'"), "userId%20eq%20%27%C3%A5%23%26%2Bb%27");
        assert_eq!(encoded("sa_api-1.2~x"), "sa_api-1.2~x");
    }
}
