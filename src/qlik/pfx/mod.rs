//! Opens a PFX (PKCS#12) archive.
//!
//! Takes the bytes of the file and perhaps a password. Gives the client's certificate, those that issued it, and its key.
//! Thinks only. Everything that p12-keystore decrypts is read, and both encodings of the empty password.

mod no_bytes;

use p12_keystore::error::Error as KeystoreError;
use p12_keystore::{Pkcs12Archive, PrivateKeyBag};
use pkcs12::pfx::Pfx;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::IdentityError;
use crate::secret::Secret;

/// What an archive holds: keys as PKCS#8, and certificates, in DER.
struct Contents {
    keys: Vec<Vec<u8>>,
    certificates: Vec<Vec<u8>>,
}

/// Why an archive does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Password,
    Unread,
}

type Opened = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

pub(super) fn open(
    file: &str,
    bytes: &[u8],
    password: Option<&Secret>,
    ways: &'static str,
) -> Result<Opened, IdentityError> {
    let file = || file.to_owned();
    // An archive is an ASN.1 sequence, whatever is in it; but so is the `root.cer` that lies beside it.
    if bytes.first() != Some(&0x30) || X509Certificate::from_der(bytes).is_ok() {
        return Err(IdentityError::NotPfx { file: file() });
    }
    let contents =
        contents(bytes, password.map_or("", Secret::expose)).map_err(|refusal| match (refusal, password) {
            (Refusal::Password, None) => IdentityError::NoPassword { file: file(), ways },
            (Refusal::Password, Some(_)) => IdentityError::WrongPassword { file: file() },
            (Refusal::Unread, _) => IdentityError::UnreadPfx { file: file() },
        })?;
    if contents.keys.is_empty() {
        return Err(IdentityError::PfxWithoutKey { file: file() });
    }
    let mut usable = false;
    for key in contents.keys {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key));
        let Some(public) = any_supported_type(&key).ok().and_then(|key| Some(key.public_key()?.to_vec())) else {
            continue;
        };
        usable = true;
        if let Some(chain) = chain(&contents.certificates, &public) {
            return Ok((chain, key));
        }
    }
    Err(if usable {
        IdentityError::PfxWithoutCertificate { file: file() }
    } else {
        IdentityError::UnusableKey { file: file() }
    })
}

fn contents(bytes: &[u8], password: &str) -> Result<Contents, Refusal> {
    let has_mac = <Pfx as der::Decode>::from_der(bytes).map_err(|_| Refusal::Unread)?.mac_data.is_some();
    match Pkcs12Archive::from_pkcs12(bytes, password) {
        Ok(archive) => Ok(Contents {
            keys: archive.keys.iter().map(|PrivateKeyBag { key, .. }| key.as_der().to_vec()).collect(),
            certificates: archive.certs.iter().map(|bag| bag.cert.as_der().to_vec()).collect(),
        }),
        Err(KeystoreError::MacError(_) | KeystoreError::UnpadError | KeystoreError::Pkcs5Error(_)) => {
            if password.is_empty() { no_bytes::contents(bytes) } else { Err(Refusal::Password) }
        }
        Err(
            KeystoreError::UnsupportedEncryptionScheme
            | KeystoreError::UnsupportedMacAlgorithm
            | KeystoreError::UnsupportedContentType,
        ) => Err(Refusal::Unread),
        // Without a MAC, a wrong password shows as nonsense.
        Err(_) if !has_mac && password.is_empty() => no_bytes::contents(bytes),
        Err(_) => Err(if has_mac { Refusal::Unread } else { Refusal::Password }),
    }
}

/// The certificate of a public key, and behind it those that issued it, without the root. Local key ids would say which
/// one it is, but are not always there; the key itself is. Of several, one that is no authority, and the latest.
fn chain(certificates: &[Vec<u8>], public_key: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let mut all: Vec<(&[u8], X509Certificate<'_>)> =
        certificates.iter().filter_map(|der| Some((der.as_slice(), X509Certificate::from_der(der).ok()?.1))).collect();
    let its_own = all
        .iter()
        .enumerate()
        .filter(|(_, (_, certificate))| certificate.tbs_certificate.subject_pki.raw == public_key)
        .max_by_key(|(_, (_, certificate))| (!certificate.is_ca(), certificate.validity().not_after.timestamp()));
    let (place, _) = its_own?;
    let (der, mut last) = all.swap_remove(place);
    let mut chain = vec![CertificateDer::from(der.to_vec())];
    while let Some(place) = all.iter().position(|(_, issuer)| {
        issuer.subject().as_raw() == last.issuer().as_raw() && issuer.subject().as_raw() != issuer.issuer().as_raw()
    }) {
        let (der, issuer) = all.swap_remove(place);
        chain.push(CertificateDer::from(der.to_vec()));
        last = issuer;
    }
    Some(chain)
}

#[cfg(test)]
mod tests;
