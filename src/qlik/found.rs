//! What certificates and keys are, by looking inside them: a client's, its key, a site's root.

use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{Identity, IdentityError, Roots};
use crate::secret::Secret;

/// The files of a client's certificate and key.
#[derive(Clone, Debug)]
pub enum Client {
    Pem {
        certificate: PathBuf,
        key: PathBuf,
    },
    /// An archive of both.
    Pfx(PathBuf),
}

/// The client certificate with the key that fits it, and the root that issued it, of some named files.
#[derive(Debug)]
pub struct Found {
    pub client: Client,
    pub root: Option<PathBuf>,
    pub identity: Identity,
    pub roots: Option<Roots>,
}

impl Found {
    /// Looks through files by their content. Says what is missing, in words that follow "holds no".
    /// An archive is opened where there is no pair of PEM files, by the password if one is given.
    pub fn among(files: &[(PathBuf, Vec<u8>)], password: Option<&Secret>) -> Result<Self, String> {
        let certificates: Vec<(&PathBuf, &Vec<u8>, CertificateDer<'static>)> = files
            .iter()
            .filter_map(|(name, bytes)| CertificateDer::from_pem_slice(bytes).ok().map(|der| (name, bytes, der)))
            .collect();
        let clients = certificates.iter().filter(|(.., der)| common_name(der).as_deref() == Some("QlikClient"));
        let mut seen_client = false;
        for (name, bytes, der) in clients {
            seen_client = true;
            for (key_name, key) in files {
                let Ok(identity) = Identity::from_pem((&shown(name), bytes), (&shown(key_name), key)) else { continue };
                if !identity.fits() {
                    continue;
                }
                let root = certificates.iter().find(|(.., root)| issued(root, der));
                let roots = root.and_then(|(_, bytes, _)| Roots::from_file("", bytes).ok());
                return Ok(Self {
                    client: Client::Pem { certificate: (*name).clone(), key: key_name.clone() },
                    root: root.map(|(name, ..)| (*name).clone()),
                    identity,
                    roots,
                });
            }
        }
        let mut locked = None;
        for (name, bytes) in files {
            match Identity::from_pfx((&shown(name), bytes), password, "`--password-file FILE`") {
                Ok(identity) => {
                    let root = certificates.iter().find(|(.., root)| issued(root, &identity.chain[0]));
                    let roots = root.and_then(|(_, bytes, _)| Roots::from_file("", bytes).ok());
                    let root = root.map(|(name, ..)| (*name).clone());
                    return Ok(Self { client: Client::Pfx(name.clone()), root, identity, roots });
                }
                Err(error @ (IdentityError::NoPassword { .. } | IdentityError::WrongPassword { .. })) => {
                    locked = Some(error.to_string());
                }
                Err(_) => {}
            }
        }
        Err(locked.unwrap_or_else(|| {
            let what = if seen_client { "private key that fits the client certificate" } else { "client certificate (CN=QlikClient)" };
            format!("it holds no {what}: export the certificates in the QMC (Certificates, platform independent PEM-format, with the secret key)")
        }))
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn common_name(der: &CertificateDer<'_>) -> Option<String> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    parsed.subject().iter_common_name().next()?.as_str().ok().map(str::to_owned)
}

fn issued(root: &CertificateDer<'_>, leaf: &CertificateDer<'_>) -> bool {
    let (Ok((_, root)), Ok((_, leaf))) = (X509Certificate::from_der(root), X509Certificate::from_der(leaf)) else {
        return false;
    };
    root.is_ca() && root.subject() == leaf.issuer()
}
