//! A certificate that is about to expire.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{FindingFacts, Incident, Verdict};
use crate::snapshot::{Certificate, CertificateOf, Snapshot};

/// `certificate: {days: [60, 30, 14, 7, 3, 1]}`: each step is told once, and that it has expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Days left, the most first.
    pub days: Vec<u32>,
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Expiry {
    /// The last step that is reached: days left, none of them once it has expired.
    fn step(&self, until: Timestamp, at: Timestamp) -> Option<u32> {
        let left = until.duration_since(at);
        if left <= SignedDuration::ZERO {
            return Some(0);
        }
        let reached = |days: &&u32| left <= DAY * i32::try_from(**days).unwrap_or(i32::MAX);
        self.days.iter().filter(reached).min().copied()
    }

    pub(super) fn verdict(&self, certificate: &Certificate, at: Timestamp) -> (Verdict, FindingFacts) {
        let verdict = if self.step(certificate.until, at).is_some() { Verdict::Holds } else { Verdict::Clear };
        (verdict, FindingFacts::Certificate { certificate: certificate.clone() })
    }

    /// Whether the next step is reached since it was last told.
    pub(super) fn is_due(&self, certificate: &Certificate, live: Option<&Incident>, at: Timestamp) -> bool {
        let Some(told_at) = live.and_then(|live| live.told_at) else { return false };
        let (now, before) = (self.step(certificate.until, at), self.step(certificate.until, told_at));
        now.is_some_and(|now| before.is_none_or(|before| now < before))
    }
}

/// What an incident about a certificate is called.
pub(super) fn part(certificate: &Certificate) -> Arc<str> {
    match certificate.of {
        CertificateOf::Client => "client".into(),
        CertificateOf::Server => format!("server {}", certificate.name).into(),
        CertificateOf::Root => format!("root {}", certificate.name).into(),
    }
}

/// Each certificate once, in its order.
pub(super) fn parts(snapshot: &Snapshot) -> Vec<(Arc<str>, &Certificate)> {
    let mut parts: Vec<(Arc<str>, &Certificate)> = Vec::new();
    for certificate in snapshot.certificates() {
        let part = part(certificate);
        match parts.iter_mut().find(|(known, _)| *known == part) {
            // Of two roots of one name, the one that is good for longer carries the site.
            Some((_, known)) if known.until < certificate.until => *known = certificate,
            Some(_) => {}
            None => parts.push((part, certificate)),
        }
    }
    parts
}
