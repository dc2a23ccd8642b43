//! What certificates and keys are, by looking inside them: a client's, its key, a site's root.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{Identity, Roots};

/// The client certificate with the key that fits it, and the root that issued it, of some named files.
#[derive(Debug)]
pub struct Found<N> {
    pub certificate: N,
    pub key: N,
    pub root: Option<N>,
    pub identity: Identity,
    pub roots: Option<Roots>,
}

impl<N: Clone> Found<N> {
    /// Looks through files by their content. Says what is missing, in words that follow "holds no".
    pub fn among(files: &[(N, Vec<u8>)]) -> Result<Self, &'static str> {
        let certificates: Vec<(&N, &Vec<u8>, CertificateDer<'static>)> = files
            .iter()
            .filter_map(|(name, bytes)| CertificateDer::from_pem_slice(bytes).ok().map(|der| (name, bytes, der)))
            .collect();
        let clients = certificates.iter().filter(|(.., der)| common_name(der).as_deref() == Some("QlikClient"));
        let mut seen_client = false;
        for (name, bytes, der) in clients {
            seen_client = true;
            for (key_name, key) in files {
                let Ok(identity) = Identity::from_pem(("", bytes), ("", key)) else { continue };
                if !identity.fits() {
                    continue;
                }
                let root = certificates.iter().find(|(.., root)| issued(root, der));
                let roots = root.and_then(|(_, bytes, _)| Roots::from_file("", bytes).ok());
                return Ok(Self {
                    certificate: (*name).clone(),
                    key: key_name.clone(),
                    root: root.map(|(name, ..)| (*name).clone()),
                    identity,
                    roots,
                });
            }
        }
        Err(if seen_client {
            "private key that fits the client certificate"
        } else {
            "client certificate (CN=QlikClient)"
        })
    }
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
