//! A server that vouches for itself, where the operator gives its certificate as `ca`.
//!
//! `openssl req -x509` makes such a certificate, and makes it that of an authority: rustls refuses one as a server's own. It
//! is as good as any that is pinned, so it is taken when it is the very one that was given, names the server, and is in time.
//! Thinks only.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// Trusts as another verifier does, and beside that the certificates themselves that were given.
#[derive(Debug)]
pub(super) struct OrItself {
    pub usual: Arc<dyn ServerCertVerifier>,
    pub given: Vec<CertificateDer<'static>>,
}

/// How rustls says that a server shows the certificate of an authority as its own.
pub(super) const ITSELF: &str = "CaUsedAsEndEntity";
/// What that is, and what to do.
pub(super) const VOUCHES: &str =
    "its certificate is that of an authority and vouches for itself; give that very certificate as `ca`";

/// Whether this is one of the certificates that were given, within its time. Says nothing about its name.
pub(super) fn is_given(given: &[CertificateDer<'_>], certificate: &[u8], now: UnixTime) -> bool {
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    given.iter().any(|one| one.as_ref() == certificate)
        && X509Certificate::from_der(certificate).is_ok_and(|(_, read)| {
            let validity = read.validity();
            (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&now)
        })
}

impl ServerCertVerifier for OrItself {
    fn verify_server_cert(
        &self,
        server: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let usual = self.usual.verify_server_cert(server, chain, name, ocsp, now);
        if usual.is_err() && is_given(&self.given, server, now) {
            rustls::client::verify_server_name(&ParsedCertificate::try_from(server)?, name)?;
            return Ok(ServerCertVerified::assertion());
        }
        usual
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

#[cfg(feature = "demo")]
#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};

    use super::*;

    /// As `openssl req -x509` makes it, good from 2026 to 2027.
    fn authority() -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["mail.example.com".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2027, 1, 1));
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().into()
    }

    #[test]
    fn a_certificate_that_vouches_for_itself_is_trusted_where_it_is_the_one_given() {
        const IN_TIME: u64 = 1_795_417_800;
        let (own, other) = (authority(), authority());
        for (given, shown, name, at, trusted) in [
            (&own, &own, "mail.example.com", IN_TIME, true),
            (&other, &own, "mail.example.com", IN_TIME, false),
            (&own, &own, "evil.example.com", IN_TIME, false),
            (&own, &own, "mail.example.com", IN_TIME + 40_000_000, false),
            (&own, &own, "mail.example.com", 0, false),
        ] {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let usual = rustls_platform_verifier::Verifier::new_with_extra_roots([given.clone()], provider).unwrap();
            let verifier = OrItself { usual: Arc::new(usual), given: vec![given.clone()] };
            let (name, at) = (ServerName::try_from(name).unwrap(), UnixTime::since_unix_epoch(Duration::from_secs(at)));
            assert!(verifier.usual.verify_server_cert(shown, &[], &name, &[], at).is_err());
            assert_eq!(verifier.verify_server_cert(shown, &[], &name, &[], at).is_ok(), trusted, "{name:?} {at:?}");
        }
    }
}
