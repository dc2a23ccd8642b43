//! The certificates of a make-believe site, with the profile of those that Qlik Sense issues.
//!
//! A root `CN=<host>-CA` that is critically a CA and says no key usage; leaves that carry neither basic constraints nor key
//! usage, and one octet string under 1.3.6.1.5.5.7.13.3 that names their kind. Keys are ECDSA P-256 (the real ones are RSA
//! 2048, which `ring` cannot make), as PKCS#8.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, DnValue, IsCa, KeyPair, SanType,
    date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The extension in which Qlik Sense says what a certificate is for: "Root", "Service" or "Client".
const KIND: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 13, 3];
/// RFC 5280, 4.2.1.2; `rcgen` writes it for authorities alone.
const SUBJECT_KEY_IDENTIFIER: &[u64] = &[2, 5, 29, 14];

/// From when until when a certificate holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Window {
    /// Wide enough for any test: 2001 to 2049, which also stays within `UTCTime`.
    pub const WIDE: Self =
        Self { from: Timestamp::constant(978_307_200, 0), until: Timestamp::constant(2_493_072_000, 0) };
    /// Ended on 2002-01-01.
    pub const EXPIRED: Self = Self { until: Timestamp::constant(1_009_843_200, 0), ..Self::WIDE };
    /// Begins on 2048-01-01.
    pub const NOT_YET: Self = Self { from: Timestamp::constant(2_461_449_600, 0), ..Self::WIDE };

    /// Ends at `until`, having begun long ago.
    pub fn until(until: Timestamp) -> Self {
        Self { until, ..Self::WIDE }
    }
}

/// A certificate and its key, as PEM; the key is PKCS#8.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    pub certificate: String,
    pub key: String,
}

impl Identity {
    pub fn certificate_der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).expect("this room wrote the PEM")
    }

    pub fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("this room wrote the PEM")
    }

    /// SHA-256 of the certificate, as `sha256:` and 64 hex digits.
    pub fn fingerprint(&self) -> String {
        use std::fmt::Write as _;
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.certificate_der());
        digest.as_ref().iter().fold("sha256:".to_owned(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("a String takes all that is written");
            hex
        })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificate", &self.fingerprint()).field("key", &"***").finish()
    }
}

/// A site's root, which all its nodes and clients are issued by.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Authority {
    /// A new root `CN=<host>-CA`. Two of the same host do not trust each other.
    pub fn new(host: &str) -> Self {
        let mut params = params(&format!("{host}-CA"), "Root", Window::WIDE);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, new_key()).expect("the profile is a valid root");
        Self { issuer }
    }

    /// The root, as PEM.
    pub fn root(&self) -> String {
        self.issuer.pem()
    }

    pub fn root_der(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// A node's certificate, whose one name is `name`.
    pub fn server(&self, name: &str) -> Identity {
        self.server_within(name, Window::WIDE)
    }

    pub fn server_within(&self, name: &str, window: Window) -> Identity {
        let mut params = params(name, "Service", window);
        params.subject_alt_names =
            vec![SanType::DnsName(name.try_into().expect("a host name is ASCII, as a certificate's names are"))];
        self.issue(params)
    }

    /// The client certificate that the management console exports.
    pub fn client(&self) -> Identity {
        self.client_within(Window::WIDE)
    }

    pub fn client_within(&self, window: Window) -> Identity {
        self.issue(params("QlikClient", "Client", window))
    }

    /// A client of this root that is not called `QlikClient`, which a proxy forbids.
    pub fn client_named(&self, common_name: &str) -> Identity {
        self.issue(params(common_name, "Client", Window::WIDE))
    }

    /// Writes `root.pem`, `client.pem` and `client_key.pem` into a folder, as an export without a password does.
    pub fn export(&self, folder: &Path) -> io::Result<()> {
        self.export_client(folder, &self.client())
    }

    /// The same with a client certificate of the caller's choice.
    pub fn export_client(&self, folder: &Path, client: &Identity) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("root.pem"), self.root())?;
        std::fs::write(folder.join("client.pem"), &client.certificate)?;
        std::fs::write(folder.join("client_key.pem"), &client.key)
    }

    fn issue(&self, mut params: CertificateParams) -> Identity {
        let key = new_key();
        params.use_authority_key_identifier_extension = true;
        let id = params.key_identifier(&key);
        params.custom_extensions.push(CustomExtension::from_oid_content(SUBJECT_KEY_IDENTIFIER, octet_string(&id)));
        let certificate = params.signed_by(&key, &self.issuer).expect("the profile is a valid leaf");
        Identity { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("the machine gives randomness")
}

fn params(common_name: &str, kind: &str, window: Window) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, DnValue::Utf8String(common_name.to_owned()));
    // The epoch and a duration: the way to `rcgen`'s instants without naming the library that they come from.
    params.not_before = date_time_ymd(1970, 1, 1) + since_1970(window.from);
    params.not_after = date_time_ymd(1970, 1, 1) + since_1970(window.until);
    params.custom_extensions = vec![CustomExtension::from_oid_content(KIND, octet_string(kind.as_bytes()))];
    params
}

/// DER: tag 4, a short length, the bytes.
fn octet_string(bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).ok().filter(|length| *length < 128).expect("kinds and key ids are short");
    [&[4, length], bytes].concat()
}

fn since_1970(instant: Timestamp) -> Duration {
    Duration::from_secs(u64::try_from(instant.as_second()).expect("certificates are from after 1970"))
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::*;

    use super::*;

    /// Object id, critical, DER.
    fn extensions(identity: &CertificateDer<'_>) -> Vec<(String, bool, Vec<u8>)> {
        let (_, certificate) = X509Certificate::from_der(identity).unwrap();
        certificate.extensions().iter().map(|e| (e.oid.to_id_string(), e.critical, e.value.to_vec())).collect()
    }

    fn names(identity: &CertificateDer<'_>) -> (String, String) {
        let (_, certificate) = X509Certificate::from_der(identity).unwrap();
        (certificate.subject().to_string(), certificate.issuer().to_string())
    }

    #[test]
    fn the_root_has_qliks_profile() {
        let root = Authority::new("sense.example.test").root_der();
        assert_eq!(names(&root).0, "CN=sense.example.test-CA");
        let found = extensions(&root);
        assert!(found.contains(&("2.5.29.19".into(), true, vec![0x30, 3, 1, 1, 0xff])), "{found:?}");
        assert!(found.contains(&("1.3.6.1.5.5.7.13.3".into(), false, b"\x04\x04Root".to_vec())), "{found:?}");
        assert!(!found.iter().any(|(oid, ..)| oid == "2.5.29.15" || oid == "2.5.29.37"), "no key usage: {found:?}");
    }

    #[test]
    fn leaves_have_qliks_profile() {
        let authority = Authority::new("sense.example.test");
        let server = authority.server("sense1.example.test").certificate_der();
        let client = authority.client().certificate_der();
        assert_eq!(names(&server), ("CN=sense1.example.test".into(), "CN=sense.example.test-CA".into()));
        assert_eq!(names(&client).0, "CN=QlikClient");
        let oids = |der| extensions(der).into_iter().map(|(oid, ..)| oid).collect::<Vec<_>>();
        let kind = "1.3.6.1.5.5.7.13.3";
        assert_eq!(oids(&server), ["2.5.29.35", "2.5.29.17", kind, "2.5.29.14"]);
        assert_eq!(oids(&client), ["2.5.29.35", kind, "2.5.29.14"]);
        assert_eq!(extensions(&server)[1].2, [&[0x30, 21, 0x82, 19], &b"sense1.example.test"[..]].concat());
    }

    #[test]
    fn windows_are_kept() {
        let authority = Authority::new("h");
        let der = authority.client_within(Window::EXPIRED).certificate_der();
        let (_, certificate) = X509Certificate::from_der(&der).unwrap();
        assert_eq!(certificate.validity().not_after.timestamp(), 1_009_843_200);
        assert_eq!(certificate.validity().not_before.timestamp(), 978_307_200);
    }

    #[test]
    fn keys_are_pkcs8_and_not_shown() {
        let client = Authority::new("h").client();
        assert!(client.key.starts_with("-----BEGIN PRIVATE KEY-----"));
        let shown = format!("{client:?}");
        assert!(shown.contains("sha256:") && !shown.contains("BEGIN"), "{shown}");
    }

    #[test]
    fn the_export_is_three_files() {
        let folder = tempfile::tempdir().unwrap();
        Authority::new("h").export(folder.path()).unwrap();
        let mut names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["client.pem", "client_key.pem", "root.pem"]);
    }
}
