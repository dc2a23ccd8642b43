//! A proxy on the way out: HTTP, asked by CONNECT to open a way, perhaps with a login of its own.

use std::fmt;

use crate::secret::Secret;

/// The address of a proxy; the login in it is a secret.
#[derive(Clone)]
pub struct Proxy {
    pub(super) url: Secret,
    pub(super) host: String,
}

impl Proxy {
    /// Takes an address such as `http://proxy.example.com:3128`, with `user:password@` before the host where it wants a login.
    pub fn new(url: Secret) -> Result<Self, String> {
        const RIGHT: &str = "write one such as `http://proxy.example.com:3128`";
        let parsed = reqwest::Url::parse(url.expose()).map_err(|_| format!("it is no address: {RIGHT}"))?;
        match parsed.scheme() {
            "http" => {}
            "https" | "socks4" | "socks5" | "socks5h" => {
                return Err(format!("a proxy is spoken to by HTTP, and opens the way by CONNECT; {RIGHT}"));
            }
            _ => return Err(format!("it does not begin with `http://`: {RIGHT}")),
        }
        let Some(host) = parsed.host_str().filter(|host| !host.is_empty()) else {
            return Err(format!("it names no host: {RIGHT}"));
        };
        if !matches!(parsed.path(), "" | "/") || parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(format!("a proxy's address ends with its port: {RIGHT}"));
        }
        let host = format!("{host}:{}", parsed.port_or_known_default().unwrap_or(80));
        Ok(Self { url, host })
    }

    /// What must not be told: the address, and each part of the login, as written and as meant.
    pub(super) fn secrets(&self) -> Vec<String> {
        let mut secrets = vec![self.url.expose().to_owned()];
        if let Some((login, _)) = self.url.expose().split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')) {
            secrets.push(login.to_owned());
            secrets.extend(login.split_once(':').map(|(_, password)| password.to_owned()));
        }
        secrets
    }
}

/// Its host is no secret.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({})", self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_or_told_without_its_login() {
        let proxy = |url: &str| Proxy::new(Secret::new(url));
        for (url, host) in [
            ("http://proxy.example.com:3128", "proxy.example.com:3128"),
            ("http://proxy.example.com", "proxy.example.com:80"),
            ("http://me:topsecret@[::1]:8080/", "[::1]:8080"),
        ] {
            let proxy = proxy(url).unwrap();
            assert_eq!(format!("{proxy:?}"), format!("Proxy({host})"));
        }
        for (url, told) in [
            ("proxy.example.com:3128", "does not begin with `http://`"),
            ("https://me:topsecret@proxy.example.com", "by CONNECT"),
            ("socks5://me:topsecret@proxy.example.com", "by CONNECT"),
            ("http://me:topsecret@proxy.example.com/topsecret", "ends with its port"),
            ("http://", "no address"),
            ("topsecret", "no address"),
        ] {
            let error = proxy(url).unwrap_err();
            assert!(error.contains(told) && !error.contains("topsecret"), "{url}: {error}");
        }
    }
}
