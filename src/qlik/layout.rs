//! Every pair of a site, ready to be asked, proxy by proxy.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use reqwest::Client;

use super::fault::{Fault, Whom};
use super::tls::{self, TlsError};
use super::{ProxySettings, Settings, session_api, trust};
use crate::snapshot::{Observation, Pair, Unseen, UnseenKind};

/// How many pairs of one proxy are asked at once. A recorded site with 30 pairs took 0.15 to 0.2 s for each.
const AT_ONCE: usize = 6;

#[derive(Default)]
pub(super) struct Layout {
    proxies: Vec<Proxy>,
}

struct Proxy {
    settings: ProxySettings,
    /// None where the proxy cannot be asked at all.
    client: Option<(Client, trust::Presented)>,
    targets: Vec<Target>,
}

pub(super) struct Target {
    pub(super) pair: Pair,
    /// Where to ask, or why that cannot be.
    pub(super) url: Result<reqwest::Url, Unseen>,
}

impl Layout {
    /// Of proxies that the operator listed: a mistake is the operator's.
    pub(super) fn listed(settings: &Settings, proxies: &[ProxySettings]) -> Result<Self, TlsError> {
        let proxies = proxies.iter().map(|proxy| Proxy::new(settings, proxy)).collect::<Result<_, _>>()?;
        Ok(Self { proxies })
    }

    /// Of proxies that the repository named: one that cannot be asked is not seen. Connections of `before` are kept.
    pub(super) fn discovered(settings: &Settings, proxies: &[ProxySettings], before: &Self) -> Self {
        let proxies = proxies.iter().map(|proxy| {
            let known = before.proxies.iter().find(|known| known.settings.is_at(&proxy.host, proxy.port));
            match known.and_then(|known| known.client.as_ref()) {
                Some(client) => Proxy::with(client.clone(), proxy),
                None => Proxy::new(settings, proxy),
            }
            .unwrap_or_else(|error| Proxy::impossible(proxy, &error))
        });
        Self { proxies: proxies.collect() }
    }

    /// Asks every pair, a few of each proxy at once. Gives them in their order.
    pub(super) async fn sweep(&self, timeout: Duration) -> Vec<(Pair, Observation)> {
        join_all(self.proxies.iter().map(|proxy| proxy.sweep(timeout))).await.into_iter().flatten().collect()
    }

    /// Each pair with what its proxy presented last, and the way to ask it.
    pub(super) fn targets(&self) -> impl Iterator<Item = (&Target, Option<&Client>, Option<Vec<u8>>)> {
        self.proxies.iter().flat_map(|proxy| {
            proxy.targets.iter().map(|target| {
                let client = proxy.client.as_ref();
                let presented =
                    client.and_then(|(_, presented)| presented.lock().unwrap_or_else(PoisonError::into_inner).clone());
                (target, client.map(|(client, _)| client), presented)
            })
        })
    }
}

impl Proxy {
    fn new(settings: &Settings, proxy: &ProxySettings) -> Result<Self, TlsError> {
        let trust = proxy.trust.as_ref().unwrap_or(&settings.trust);
        Self::with(tls::client(settings, proxy.server_name.as_deref(), trust)?, proxy)
    }

    fn with(client: (Client, trust::Presented), proxy: &ProxySettings) -> Result<Self, TlsError> {
        let label: Arc<str> = proxy.label().into();
        let target = |prefix: &String| {
            Ok(Target {
                pair: Pair { proxy: label.clone(), prefix: prefix.as_str().into() },
                url: Ok(session_api::url(&proxy.host, proxy.port, prefix)?),
            })
        };
        let targets = proxy.virtual_proxies.iter().map(target).collect::<Result<_, TlsError>>()?;
        Ok(Self { settings: proxy.clone(), client: Some(client), targets })
    }

    fn impossible(proxy: &ProxySettings, error: &TlsError) -> Self {
        let label: Arc<str> = proxy.label().into();
        let pair = |prefix: &String| Pair { proxy: label.clone(), prefix: prefix.as_str().into() };
        let why = Unseen {
            kind: UnseenKind::Other,
            tried: format!("the proxy `{}` that the repository names", crate::clean::clean(&proxy.host)),
            what: crate::clean::clean(&error.to_string()),
            advice: "see the host name of that node in the QMC".to_owned(),
        };
        let targets =
            proxy.virtual_proxies.iter().map(|prefix| Target { pair: pair(prefix), url: Err(why.clone()) }).collect();
        Self { settings: proxy.clone(), client: None, targets }
    }

    async fn sweep(&self, timeout: Duration) -> Vec<(Pair, Observation)> {
        let asked: Vec<_> =
            self.targets.iter().enumerate().map(|(place, target)| self.ask(place, target, timeout)).collect();
        // Whoever answers makes room for the next; one that hangs holds up no more than its own place.
        let mut observations = stream::iter(asked).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
        observations.sort_unstable_by_key(|(place, ..)| *place);
        observations.into_iter().map(|(_, pair, observation)| (pair, observation)).collect()
    }

    async fn ask(&self, place: usize, target: &Target, timeout: Duration) -> (usize, Pair, Observation) {
        let observation = match (&self.client, &target.url) {
            (Some((client, _)), Ok(url)) => match session_api::sessions(client, url, timeout).await {
                Ok(sessions) => Observation::Seen(sessions),
                Err(fault) => Observation::Unseen(fault.told(url, Whom::Proxy(&target.pair), timeout)),
            },
            (_, Err(why)) => Observation::Unseen(why.clone()),
            (None, Ok(url)) => Observation::Unseen(Fault::UnknownHost.told(url, Whom::Proxy(&target.pair), timeout)),
        };
        (place, target.pair.clone(), observation)
    }
}
