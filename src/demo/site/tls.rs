//! Who may talk to a proxy: the handshake, and what it said of the caller.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig, SignatureScheme};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::super::certificates::{Authority, Identity};

/// The versions of TLS that a proxy speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    #[default]
    Both,
    Only12,
    Only13,
}

/// Where a caller without a client certificate of the site's root is turned away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refusal {
    #[default]
    InTheHandshake,
    With403,
}

/// The caller, as far as the handshake told.
#[derive(Clone, Debug, Default)]
pub(super) struct Caller {
    /// The common name of a client certificate that the site's root issued.
    pub(super) common_name: Option<String>,
    /// The server that was asked for by name.
    pub(super) wanted: Option<String>,
}

/// The side of the handshake that is the same for all proxies of a site.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    tls: Tls,
    refusal: Refusal,
    strict: Arc<dyn ClientCertVerifier>,
}

fn provider() -> Arc<CryptoProvider> {
    rustls::crypto::ring::default_provider().into()
}

impl Gate {
    pub(super) fn new(authority: &Authority, tls: Tls, refusal: Refusal) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(authority.root_der()).expect("the root is a certificate");
        let strict = WebPkiClientVerifier::builder_with_provider(roots.into(), provider())
            .build()
            .expect("there is one root and no revocation list");
        Self { tls, refusal, strict }
    }

    pub(super) fn config(&self, server: &Identity) -> Arc<ServerConfig> {
        self.config_of(&[(String::new(), server)])
    }

    /// Of several nodes at one port: whoever is named by nobody is the first.
    pub(super) fn config_of(&self, servers: &[(String, &Identity)]) -> Arc<ServerConfig> {
        let nodes = servers.iter().map(|(name, server)| {
            let key = CertifiedKey::from_der(vec![server.certificate_der()], server.key_der(), &provider());
            (name.to_lowercase(), Arc::new(key.expect("the key is the certificate's")))
        });
        let nodes = nodes.collect();
        let versions: &[_] = match self.tls {
            Tls::Both => rustls::ALL_VERSIONS,
            Tls::Only12 => &[&rustls::version::TLS12],
            Tls::Only13 => &[&rustls::version::TLS13],
        };
        let verifier = match self.refusal {
            Refusal::InTheHandshake => self.strict.clone(),
            Refusal::With403 => Arc::new(Lenient(self.strict.clone())),
        };
        let config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .expect("ring speaks both versions")
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(Nodes(nodes)));
        Arc::new(config)
    }

    pub(super) fn caller(&self, certificates: Option<&[CertificateDer<'_>]>, wanted: Option<&str>) -> Caller {
        let Some([leaf, rest @ ..]) = certificates else { return Caller::default() };
        if self.strict.verify_client_cert(leaf, rest, UnixTime::now()).is_err() {
            return Caller::default();
        }
        let common_name = X509Certificate::from_der(leaf).ok().and_then(|(_, certificate)| {
            certificate.subject().iter_common_name().next().and_then(|name| name.as_str().ok().map(str::to_owned))
        });
        Caller { common_name, wanted: wanted.map(str::to_owned) }
    }
}

/// The certificates of the nodes at one port, by name.
#[derive(Debug)]
struct Nodes(Vec<(String, Arc<CertifiedKey>)>);

impl ResolvesServerCert for Nodes {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named =
            hello.server_name().and_then(|name| self.0.iter().find(|(node, _)| node.eq_ignore_ascii_case(name)));
        named.or(self.0.first()).map(|(_, key)| key.clone())
    }
}

/// Lets every caller in; [`Gate::caller`] judges later, so that the answer can be a 403.
#[derive(Debug)]
struct Lenient(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for Lenient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // No hint: a client with another site's certificate would otherwise keep it back.
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
