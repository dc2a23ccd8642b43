//! Mutual TLS with one server of a site.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use rustls::ClientConfig;

use super::Settings;
use super::trust::{self, Presented, Trust};

/// How long an idle connection is kept: for polls once a minute, and less than the two minutes after which Windows closes it.
/// <https://learn.microsoft.com/en-us/iis/configuration/system.applicationhost/weblimits>
const KEPT_IDLE: Duration = Duration::from_secs(100);

/// Why a site cannot be asked at all, whatever its state.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error(
        "`{0}` is no host name: write a name such as `sense.example.com` or an IP address, without `https://` and port"
    )]
    Host(String),
    #[error("`{0}` is no server name: write the DNS name that the proxy's certificate carries")]
    ServerName(String),
    #[error("the root certificate cannot be used: {0}")]
    Root(String),
    #[error(
        "the client certificate and its key do not go together: use the `client.pem` and the `client_key.pem` of one and the same export ({0})"
    )]
    Identity(String),
    #[error("the TLS client cannot be made: {0}")]
    Client(String),
}

/// A client for one server: it presents the identity, and verifies the server's certificate by root and name.
pub(super) fn client(
    settings: &Settings,
    server_name: Option<&str>,
    trust: &Trust,
) -> Result<(Client, Presented), TlsError> {
    let presented = Presented::default();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| TlsError::Client(e.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(trust::verifier(trust, server_name, provider, presented.clone())?)
        .with_client_auth_cert(settings.identity.chain.clone(), settings.identity.key.clone_key())
        .map_err(|e| TlsError::Identity(e.to_string()))?;
    let mut builder = Client::builder();
    for (name, address) in &settings.resolve {
        // The port is the one that is asked.
        builder = builder.resolve(&name.to_lowercase(), (*address, 0).into());
    }
    builder
        .tls_backend_preconfigured(config)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_idle_timeout(KEPT_IDLE)
        .tcp_keepalive(Duration::from_mins(1))
        .user_agent(concat!("headcount/", env!("CARGO_PKG_VERSION")))
        .build()
        .map(|client| (client, presented))
        .map_err(|e| TlsError::Client(e.without_url().to_string()))
}
