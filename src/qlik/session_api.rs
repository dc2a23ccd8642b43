//! The proxy service: the sessions of one pair.

use std::time::Duration;

use reqwest::{Client, Url};

use super::call::{self, With};
use super::fault::Fault;
use super::tls::TlsError;
use super::wire;
use crate::snapshot::Session;

/// `https://HOST:PORT/qps/[PREFIX/]session`, each segment of the prefix encoded and its inner slashes kept.
pub(super) fn url(host: &str, port: u16, prefix: &str) -> Result<Url, TlsError> {
    let mut url = call::base(host, port)?;
    {
        let mut segments = url.path_segments_mut().map_err(|()| TlsError::Host(host.to_owned()))?;
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
    wire::parse_sessions(&call::get(client, url, With::Key, timeout).await?)
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
