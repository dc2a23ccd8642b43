//! Mutual TLS with one proxy.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::{ProxySettings, Roots, Settings};

/// How long an idle connection is kept: longer than most schedules' step, so that a poll need not shake hands anew.
const KEPT_IDLE: Duration = Duration::from_mins(10);

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
    #[error("the client certificate and its key do not go together: {0}")]
    Identity(String),
    #[error("the TLS client cannot be made: {0}")]
    Client(String),
}

/// A client for one proxy: it presents the identity, and verifies the proxy's certificate by root and name.
pub(super) fn client(settings: &Settings, proxy: &ProxySettings) -> Result<Client, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| TlsError::Client(e.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier(settings.roots.as_ref(), proxy, provider)?)
        .with_client_auth_cert(settings.identity.chain.clone(), settings.identity.key.clone_key())
        .map_err(|e| TlsError::Identity(e.to_string()))?;
    Client::builder()
        .tls_backend_preconfigured(config)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_idle_timeout(KEPT_IDLE)
        .tcp_keepalive(Duration::from_mins(1))
        .user_agent(concat!("headcount/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| TlsError::Client(e.without_url().to_string()))
}

fn verifier(
    roots: Option<&Roots>,
    proxy: &ProxySettings,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    let inner: Arc<dyn ServerCertVerifier> = match roots {
        Some(roots) => {
            let mut store = RootCertStore::empty();
            for root in &roots.0 {
                store.add(root.clone()).map_err(|e| TlsError::Root(e.to_string()))?;
            }
            WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider)
                .build()
                .map_err(|e| TlsError::Root(e.to_string()))?
        }
        None => Arc::new(rustls_platform_verifier::Verifier::new(provider).map_err(|e| TlsError::Root(e.to_string()))?),
    };
    match &proxy.server_name {
        None => Ok(inner),
        Some(name) => {
            let name = ServerName::try_from(name.clone()).map_err(|_| TlsError::ServerName(name.clone()))?;
            Ok(Arc::new(Renamed { inner, name }))
        }
    }
}

/// Verifies the certificate for the name that the operator gave, where the host is reached by another.
#[derive(Debug)]
struct Renamed {
    inner: Arc<dyn ServerCertVerifier>,
    name: ServerName<'static>,
}

impl ServerCertVerifier for Renamed {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.inner.verify_server_cert(end_entity, intermediates, &self.name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
