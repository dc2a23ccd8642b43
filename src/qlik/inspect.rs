//! A close look at each pair, for whoever sets a site up: what it answers, the certificate that it presents, and its clock.

use std::sync::PoisonError;

use jiff::Timestamp;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::Qlik;
use super::call::{self, With};
use super::layout::Target;
use super::trust::{Fingerprint, Trust};
use crate::clean::clean;
use crate::snapshot::{Certificate, CertificateOf, Observation, Pair};

/// What one pair showed.
#[derive(Debug)]
pub struct Inspection {
    pub pair: Pair,
    pub observation: Observation,
    /// Where a certificate was presented, whether it was accepted or not.
    pub certificate: Option<ServerCertificate>,
    /// What the proxy's clock showed, to the second, where it told.
    pub clock: Option<Timestamp>,
}

/// A server's certificate, as far as it can be read.
#[derive(Debug)]
pub struct ServerCertificate {
    /// DNS names, cleaned; the common name where there are none.
    pub names: Vec<String>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub fingerprint: Fingerprint,
}

impl ServerCertificate {
    fn read(der: &[u8]) -> Self {
        let fingerprint = Fingerprint::of(der);
        let Ok((_, parsed)) = X509Certificate::from_der(der) else {
            return Self { names: Vec::new(), from: None, until: None, fingerprint };
        };
        let alternatives = parsed.subject_alternative_name().ok().flatten();
        let mut names: Vec<String> = alternatives
            .iter()
            .flat_map(|extension| &extension.value.general_names)
            .filter_map(|name| match name {
                GeneralName::DNSName(name) => Some(clean(name)),
                _ => None,
            })
            .collect();
        if names.is_empty() {
            let common = parsed.subject().iter_common_name().filter_map(|name| name.as_str().ok());
            names.extend(common.map(|name| format!("{} (common name)", clean(name))));
        }
        let time = |seconds: i64| Timestamp::from_second(seconds).ok();
        Self {
            names,
            from: time(parsed.validity().not_before.timestamp()),
            until: time(parsed.validity().not_after.timestamp()),
            fingerprint,
        }
    }
}

impl Qlik {
    /// Asks every pair, and looks at more than its answer.
    pub async fn inspect(&self, now: Timestamp) -> Vec<Inspection> {
        let snapshot = self.observe(now).await;
        let layout = self.state().layout();
        let mut inspections = Vec::new();
        for (pair, observation) in snapshot.into_pairs() {
            let asked = layout.targets().find(|(target, ..)| target.pair == pair);
            let told = match (&observation, &asked) {
                (Observation::Seen(_), Some((Target { url: Ok(url), .. }, Some(client), _))) => {
                    call::time(client, url, With::Key, self.settings.timeout).await
                }
                _ => None,
            };
            let presented = asked.and_then(|(_, _, presented)| presented);
            inspections.push(Inspection {
                pair,
                observation,
                certificate: presented.as_deref().map(ServerCertificate::read),
                clock: told,
            });
        }
        inspections
    }

    /// Until when the certificates are good that headcount and the site have for each other, as far as they were presented.
    pub(super) fn certificates(&self) -> Vec<Certificate> {
        let until = |der: &[u8]| ServerCertificate::read(der).until;
        let mut all = Vec::new();
        if let Some(until) = self.settings.identity.chain.first().and_then(|der| until(der)) {
            all.push(Certificate { of: CertificateOf::Client, name: self.settings.identity.name().into(), until });
        }
        let layout = self.state().layout();
        for (target, _, presented) in layout.targets() {
            let known = |other: &Certificate| other.of == CertificateOf::Server && other.name == target.pair.proxy;
            if let (false, Some(until)) = (all.iter().any(known), presented.as_deref().and_then(until)) {
                all.push(Certificate { of: CertificateOf::Server, name: target.pair.proxy.clone(), until });
            }
        }
        if let Trust::Root(Some(roots)) = &self.settings.trust {
            for root in &roots.0 {
                let Ok((_, parsed)) = X509Certificate::from_der(root) else { continue };
                let common = parsed.subject().iter_common_name().find_map(|name| name.as_str().ok());
                let name = common.map_or_else(|| parsed.subject().to_string(), str::to_owned);
                let until = Timestamp::from_second(parsed.validity().not_after.timestamp());
                all.extend(until.ok().map(|until| Certificate {
                    of: CertificateOf::Root,
                    name: name.as_str().into(),
                    until,
                }));
            }
        }
        all
    }

    /// The certificate that the repository presented last.
    pub fn repository_certificate(&self) -> Option<ServerCertificate> {
        let presented = &self.repository.as_ref()?.presented;
        presented.lock().unwrap_or_else(PoisonError::into_inner).as_deref().map(ServerCertificate::read)
    }
}
