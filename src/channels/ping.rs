//! The dead man's switch: an address that is called after good polls, so that someone else notices when headcount is gone.
//!
//! It is called by GET, which every such service takes. Tells nothing but that it was called.

use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};

use super::{Authorities, Proxy, http};
use crate::secret::Secret;

/// What is called, and how often at most. Its client is made at the first call, and kept.
#[derive(Debug)]
pub struct Ping {
    url: Secret,
    pub every: SignedDuration,
    authorities: Authorities,
    proxy: Option<Proxy>,
    http: OnceLock<Result<http::Client, String>>,
}

impl Ping {
    /// Takes the address. What is wrong with it is told without it.
    pub fn new(
        url: Secret,
        every: SignedDuration,
        authorities: Authorities,
        proxy: Option<Proxy>,
    ) -> Result<Self, String> {
        http::host(&url)?;
        Ok(Self { url, every, authorities, proxy, http: OnceLock::new() })
    }

    /// Calls it, once.
    pub async fn call(&self, now: Timestamp) -> Result<(), String> {
        match self.client()?.get(&self.url, now).await {
            Ok(200..300) => Ok(()),
            Ok(status @ (404 | 410)) => {
                Err(format!("it answered {status}: it is not known there any more; see `ping`"))
            }
            Ok(status) => Err(format!("it answered {status}")),
            Err(outcome) => Err(outcome.why().unwrap_or_default().to_owned()),
        }
    }

    /// Whether its host can be reached, without calling it: nobody is told that headcount runs when it does not.
    pub async fn reach(&self) -> Result<String, String> {
        self.client()?.reach(&self.url).await
    }

    fn client(&self) -> Result<&http::Client, String> {
        let client = || http::Client::new(&self.authorities, http::is_plain(&self.url), self.proxy.as_ref());
        self.http.get_or_init(client).as_ref().map_err(Clone::clone)
    }
}
