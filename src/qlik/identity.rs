//! The client certificate with its key, and the site's root, from what an operator exported.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Who headcount is to a site: the client certificate that the QMC exported, with its key.
#[derive(Clone)]
pub struct Identity {
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
        Ok(Self { chain, key: Arc::new(key) })
    }
}

impl Identity {
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
