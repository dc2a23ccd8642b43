//! The client certificate with its key, and the site's root, from what an operator exported.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::pfx;
use crate::secret::Secret;

/// Who headcount is to a site: the client certificate that the QMC exported, with its key.
#[derive(Clone)]
pub struct Identity {
    /// What the operator calls it: the file that it came from.
    file: Arc<str>,
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: Arc<PrivateKeyDer<'static>>,
}

/// The certificates that a site's servers must descend from.
#[derive(Clone)]
pub struct Roots(pub(super) Vec<CertificateDer<'static>>);

/// Why a certificate or a key could not be read. `file` is what the operator wrote.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error(
        "`{file}` holds no certificate: a PEM file with `-----BEGIN CERTIFICATE-----` is needed, as the QMC exports it (Certificates, platform independent PEM-format)"
    )]
    NoCertificate { file: String },
    #[error("`{file}` holds a broken certificate: {why}")]
    BrokenCertificate { file: String, why: String },
    #[error(
        "`{file}` holds no private key: export the certificates again with \"Include secret key\" ticked, and use the `client_key.pem` of that export"
    )]
    NoKey { file: String },
    #[error("`{file}` holds a broken private key: {why}")]
    BrokenKey { file: String, why: String },
    #[error(
        "the private key in `{file}` is encrypted: export it again without a password, or decrypt it with `openssl rsa -in {file} -out decrypted_key.pem` and use that"
    )]
    EncryptedKey { file: String },
    #[error(
        "the private key in `{file}` cannot be used: an RSA key of 2048 bits or more is needed, or an ECDSA key on P-256 or P-384"
    )]
    UnusableKey { file: String },
    #[error(
        "`{file}` is no PFX file: use the `client.pfx` that the QMC exports (Certificates, Windows format); PEM files are given as `pem` and `key`"
    )]
    NotPfx { file: String },
    #[error("`{file}` needs a password: give the one that it was exported with as {ways}")]
    NoPassword { file: String, ways: &'static str },
    #[error(
        "the password does not open `{file}`: give the one that it was exported with, or leave it out if there was none"
    )]
    WrongPassword { file: String },
    #[error(
        "`{file}` is encrypted or written in a way that headcount does not read: convert it with `openssl pkcs12 -legacy -in {file} -nokeys -clcerts -out client.pem` and `openssl pkcs12 -legacy -in {file} -nocerts -noenc -out client_key.pem`, and use those two files as `pem` and `key`"
    )]
    UnreadPfx { file: String },
    #[error(
        "`{file}` holds no private key: export the certificates again with \"Include secret key\" ticked, and use the `client.pfx` of that export"
    )]
    PfxWithoutKey { file: String },
    #[error("`{file}` holds a private key, but not the certificate that belongs to it: export the certificates again")]
    PfxWithoutCertificate { file: String },
}

impl Identity {
    /// From a PEM certificate (with any chain behind it) and a PEM key, PKCS#1, PKCS#8 or SEC1; LF or CRLF line ends.
    pub fn from_pem(
        (certificate_file, certificate): (&str, &[u8]),
        (key_file, key): (&str, &[u8]),
    ) -> Result<Self, IdentityError> {
        let chain = certificates(certificate_file, certificate)?;
        let text = String::from_utf8_lossy(key);
        if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
            return Err(IdentityError::EncryptedKey { file: key_file.to_owned() });
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            PemError::NoItemsFound => IdentityError::NoKey { file: key_file.to_owned() },
            _ => IdentityError::BrokenKey { file: key_file.to_owned(), why: "it is not whole PEM".to_owned() },
        })?;
        if any_supported_type(&key).is_err() {
            return Err(IdentityError::UnusableKey { file: key_file.to_owned() });
        }
        Ok(Self { file: certificate_file.into(), chain, key: Arc::new(key) })
    }

    /// From a PFX archive, whatever else it holds. `ways` names how a password can be given, should one be missing.
    pub fn from_pfx(
        (file, bytes): (&str, &[u8]),
        password: Option<&Secret>,
        ways: &'static str,
    ) -> Result<Self, IdentityError> {
        let (chain, key) = pfx::open(file, bytes, password, ways)?;
        Ok(Self { file: file.into(), chain, key: Arc::new(key) })
    }

    /// What the operator calls it.
    pub(super) fn name(&self) -> &str {
        &self.file
    }

    /// What is wrong with the certificate's dates now, if anything is.
    pub fn out_of_date(&self, now: Timestamp) -> Option<String> {
        let (_, certificate) = X509Certificate::from_der(self.chain.first()?).ok()?;
        let day = |seconds: i64| Timestamp::from_second(seconds).ok().map(|at| at.strftime("%Y-%m-%d").to_string());
        let (from, until) =
            (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp());
        let file = &self.file;
        if now.as_second() > until {
            let day = day(until)?;
            return Some(format!(
                "the client certificate `{file}` expired on {day}: export a new one in the QMC (Certificates), with the secret key"
            ));
        }
        if now.as_second() < from {
            let day = day(from)?;
            return Some(format!(
                "the client certificate `{file}` is not valid before {day}: see whether this machine's clock is right"
            ));
        }
        None
    }

    /// Whether the key is the certificate's own.
    pub fn fits(&self) -> bool {
        let Ok(key) = rustls::crypto::ring::sign::any_supported_type(&self.key) else { return false };
        // A key that cannot tell its public half is believed: the handshake will tell.
        let certified = rustls::sign::CertifiedKey::new(self.chain.clone(), key);
        !matches!(certified.keys_match(), Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)))
    }
}

impl Roots {
    /// From a PEM file, or from the DER of a Windows export (`root.cer`).
    pub fn from_file(file: &str, bytes: &[u8]) -> Result<Self, IdentityError> {
        // A DER certificate is an ASN.1 sequence with a length of two bytes.
        if bytes.starts_with(&[0x30, 0x82]) {
            return Ok(Self(vec![CertificateDer::from(bytes.to_vec())]));
        }
        certificates(file, bytes).map(Self)
    }
}

fn certificates(file: &str, bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let chain = CertificateDer::pem_slice_iter(bytes).collect::<Result<Vec<_>, _>>().map_err(|_| {
        IdentityError::BrokenCertificate { file: file.to_owned(), why: "it is not whole PEM".to_owned() }
    })?;
    if chain.is_empty() { Err(IdentityError::NoCertificate { file: file.to_owned() }) } else { Ok(chain) }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(***)")
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roots({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_told_from_their_first_second_to_their_last() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/certificates");
        let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
        let identity = Identity::from_pem(("c.pem", &read("client.pem")), ("k.pem", &read("client_key.pem"))).unwrap();
        for (now, said) in [
            ("2025-12-31T23:59:59Z", Some("the client certificate `c.pem` is not valid before 2026-01-01")),
            ("2026-01-01T00:00:00Z", None),
            ("2126-01-01T00:00:00Z", None),
            ("2126-01-01T00:00:01Z", Some("the client certificate `c.pem` expired on 2126-01-01")),
        ] {
            let told = identity.out_of_date(now.parse().unwrap());
            let sentence = told.as_deref().map(|told| told.split(':').next().unwrap_or_default());
            assert_eq!(sentence, said, "{now}");
        }
    }
}
