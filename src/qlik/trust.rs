//! Whom to believe: which server certificate is a site's own.
//!
//! A root verifies chain, dates and name. A fingerprint verifies that it is this very certificate. Either way, and even
//! when nothing else is verified, the server must prove by the handshake's signature that it holds the certificate's key.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ring::digest;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, OtherError, PeerMisbehaved, RootCertStore, SignatureScheme};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{Roots, TlsError};
use crate::hex;

/// What a site's servers are verified by.
#[derive(Clone, Debug)]
pub enum Trust {
    /// The site's own root, or none: the machine's roots.
    Root(Option<Roots>),
    /// These very certificates; several for a renewal.
    Pinned(Vec<Fingerprint>),
    /// Neither chain nor name; only that the server holds its certificate's key.
    Insecure,
}

/// The SHA-256 of a certificate: `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

/// Why a text is no fingerprint.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no fingerprint: write `sha256:` and 64 hexadecimal digits, in any case, with or without colons")]
pub struct FingerprintError(String);

impl Fingerprint {
    /// Reads `sha256:AB:CD…`, in any case, with or without colons between.
    pub fn parse(text: &str) -> Result<Self, FingerprintError> {
        let wrong = || FingerprintError(text.to_owned());
        let (name, digits) = text.trim().split_once(':').ok_or_else(wrong)?;
        if !name.eq_ignore_ascii_case("sha256") {
            return Err(wrong());
        }
        let digits: String = digits.chars().filter(|c| *c != ':').collect();
        hex::decode(digits.as_bytes()).map(Self).ok_or_else(wrong)
    }

    /// The fingerprint of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, certificate).as_ref());
        Self(bytes)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", hex::encode(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The certificate is none of those that are pinned.
#[derive(Debug, thiserror::Error)]
#[error("the server's certificate is another one than those that are pinned; its fingerprint is {0}")]
pub(super) struct NotPinned(pub(super) Fingerprint);

/// The certificate that a proxy presented last, in DER.
pub(super) type Presented = Arc<Mutex<Option<Vec<u8>>>>;

/// A certificate that was refused, with what the operator may need to know of it.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub(super) struct Refused {
    pub(super) why: CertificateError,
    pub(super) fingerprint: Fingerprint,
    /// `2026-03-01`, where the certificate could be read.
    pub(super) from: Option<String>,
    pub(super) until: Option<String>,
}

/// The verifier for one proxy.
pub(super) fn verifier(
    trust: &Trust,
    server_name: Option<&str>,
    provider: Arc<CryptoProvider>,
    presented: Presented,
) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    let name = match server_name {
        None => None,
        Some(name) => Some(ServerName::try_from(name.to_owned()).map_err(|_| TlsError::ServerName(name.to_owned()))?),
    };
    Ok(Arc::new(Telling { inner: unwrapped(trust, provider)?, name, presented }))
}

/// Verifies for the name that the operator gave, where the host is reached by another, and tells more of a certificate
/// that is refused than why: its fingerprint and its dates.
#[derive(Debug)]
struct Telling {
    inner: Arc<dyn ServerCertVerifier>,
    name: Option<ServerName<'static>>,
    presented: Presented,
}

impl ServerCertVerifier for Telling {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.presented.lock().unwrap_or_else(PoisonError::into_inner) = Some(end_entity.to_vec());
        let name = self.name.as_ref().unwrap_or(name);
        self.inner.verify_server_cert(end_entity, intermediates, name, ocsp, now).map_err(|error| match error {
            rustls::Error::InvalidCertificate(why) => {
                let parsed = X509Certificate::from_der(end_entity).ok().map(|(_, parsed)| parsed);
                let day = |seconds: i64| {
                    jiff::Timestamp::from_second(seconds).ok().map(|at| at.strftime("%Y-%m-%d").to_string())
                };
                let refused = Refused {
                    why,
                    fingerprint: Fingerprint::of(end_entity),
                    from: parsed.as_ref().and_then(|parsed| day(parsed.validity().not_before.timestamp())),
                    until: parsed.as_ref().and_then(|parsed| day(parsed.validity().not_after.timestamp())),
                };
                CertificateError::Other(OtherError(Arc::new(refused))).into()
            }
            other => other,
        })
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

fn unwrapped(trust: &Trust, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    let algorithms = provider.signature_verification_algorithms;
    Ok(match trust {
        Trust::Pinned(pins) => Arc::new(Unchained { pins: Some(pins.clone()), algorithms }),
        Trust::Insecure => Arc::new(Unchained { pins: None, algorithms }),
        Trust::Root(Some(roots)) => {
            let mut store = RootCertStore::empty();
            for root in &roots.0 {
                store.add(root.clone()).map_err(|e| TlsError::Root(e.to_string()))?;
            }
            WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider)
                .build()
                .map_err(|e| TlsError::Root(e.to_string()))?
        }
        Trust::Root(None) => {
            Arc::new(rustls_platform_verifier::Verifier::new(provider).map_err(|e| TlsError::Root(e.to_string()))?)
        }
    })
}

/// Verifies no chain and no name: a pinned certificate, or any at all, but always the handshake's signature.
#[derive(Debug)]
struct Unchained {
    pins: Option<Vec<Fingerprint>>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// The public key of a certificate of any version: the stock verifier reads no X.509 v1.
fn public_key<'a>(certificate: &'a CertificateDer<'_>) -> Result<SubjectPublicKeyInfoDer<'a>, rustls::Error> {
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    Ok(SubjectPublicKeyInfoDer::from(parsed.tbs_certificate.subject_pki.raw))
}

impl ServerCertVerifier for Unchained {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let presented = Fingerprint::of(end_entity);
        if self.pins.as_ref().is_none_or(|pins| pins.contains(&presented)) {
            return Ok(ServerCertVerified::assertion());
        }
        Err(CertificateError::Other(OtherError(Arc::new(NotPinned(presented)))).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let key = public_key(cert)?;
        let key = webpki::RawPublicKeyEntity::try_from(&key).map_err(|_| CertificateError::BadEncoding)?;
        // TLS 1.2 names hash and kind of key, and leaves the curve open: each that fits is tried.
        let fitting = self.algorithms.mapping.iter().find(|(scheme, _)| *scheme == signed.scheme);
        let (_, fitting) = fitting.ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
        if fitting.iter().any(|algorithm| key.verify_signature(*algorithm, message, signed.signature()).is_ok()) {
            return Ok(HandshakeSignatureValid::assertion());
        }
        Err(CertificateError::BadSignature.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature_with_raw_key(message, &public_key(cert)?, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_in_any_spelling() {
        let digits = "ab".repeat(32);
        let colons = vec!["AB"; 32].join(":");
        for text in
            [format!("sha256:{digits}"), format!("SHA256:{colons}"), format!(" sha256:{}", digits.to_uppercase())]
        {
            assert_eq!(Fingerprint::parse(&text).unwrap().to_string(), format!("sha256:{digits}"));
        }
        for wrong in [digits.clone(), format!("sha1:{digits}"), format!("sha256:{}", &digits[1..]), "sha256:".into()] {
            assert!(Fingerprint::parse(&wrong).is_err(), "{wrong}");
        }
    }
}
