//! Every kind of archive; `tests/fixtures/certificates/make.sh` made them.

use std::path::Path;

use rustls::pki_types::pem::PemObject as _;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::super::{Identity, IdentityError};
use super::*;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/certificates").join(name)).unwrap()
}

fn der(name: &str) -> Vec<u8> {
    CertificateDer::from_pem_slice(&fixture(name)).unwrap().to_vec()
}

fn opened(name: &str, password: Option<&str>) -> Result<Opened, IdentityError> {
    open(name, &fixture(name), password.map(Secret::new).as_ref(), "`password`")
}

/// Every archive that opens, with its password.
const GOOD: &[(&str, Option<&str>)] = &[
    ("rc2_40.pfx", Some("secret")),
    ("rc2_40_empty.pfx", None),
    ("rc2_40_none.pfx", None),
    ("plain_certificates.pfx", None),
    ("plain_certificates_none.pfx", None),
    ("plain_certificates_secret.pfx", Some("secret")),
    ("triple_des.pfx", Some("secret")),
    ("triple_des_empty.pfx", None),
    ("aes.pfx", Some("secret")),
    ("aes_empty.pfx", None),
    ("aes_none.pfx", None),
    ("no_mac.pfx", Some("secret")),
    ("no_mac_empty.pfx", None),
    ("nothing_encrypted.pfx", None),
    ("no_local_key_id.pfx", Some("secret")),
    ("no_local_key_id_none.pfx", None),
];

#[test]
fn every_kind_gives_the_same_client_and_key() {
    let pem = Identity::from_pem(("c", &fixture("client.pem")), ("k", &fixture("client_pkcs8_key.pem"))).unwrap();
    for (name, password) in GOOD {
        let (chain, key) = opened(name, *password).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(chain, pem.chain, "{name}: the client's certificate alone, not the root");
        assert_eq!(key.secret_der(), pem.key.secret_der(), "{name}");
    }
}

#[test]
fn the_two_forms_of_the_empty_password_differ() {
    for name in ["rc2_40_none.pfx", "plain_certificates_none.pfx", "aes_none.pfx", "no_local_key_id_none.pfx"] {
        assert!(matches!(Pkcs12Archive::from_pkcs12(&fixture(name), ""), Err(KeystoreError::MacError(_))), "{name}");
    }
    for name in ["rc2_40_empty.pfx", "plain_certificates.pfx", "aes_empty.pfx"] {
        assert!(matches!(no_bytes::contents(&fixture(name)), Err(Refusal::Password)), "{name}");
    }
}

#[test]
fn a_password_that_is_wrong_or_missing_is_told() {
    for (name, password) in GOOD {
        // Where nothing is encrypted and nothing is sealed, any password will do.
        if *name == "nothing_encrypted.pfx" {
            continue;
        }
        for wrong in ["Secret", "x", "å"] {
            let wrong = opened(name, Some(wrong));
            assert!(matches!(wrong, Err(IdentityError::WrongPassword { .. })), "{name}: {wrong:?}");
        }
        if password.is_some() {
            let missing = opened(name, None);
            assert!(matches!(missing, Err(IdentityError::NoPassword { .. })), "{name}: {missing:?}");
        }
    }
}

#[test]
fn what_is_no_archive_or_cannot_be_read_is_told() {
    for (name, password) in [("rc4.pfx", "secret"), ("rc4.pfx", "wrong")] {
        let told = opened(name, Some(password)).unwrap_err().to_string();
        let said = if password == "secret" { "openssl pkcs12 -legacy -in rc4.pfx" } else { "does not open" };
        assert!(told.contains(said), "{told}");
    }
    assert!(matches!(opened("client.pem", None), Err(IdentityError::NotPfx { .. })));
    assert!(matches!(open("root.cer", &der("root.pem"), None, ""), Err(IdentityError::NotPfx { .. })));
    assert!(matches!(open("nothing.pfx", b"", None, ""), Err(IdentityError::NotPfx { .. })));
    assert!(matches!(open("half.pfx", &fixture("aes.pfx")[..99], None, ""), Err(IdentityError::UnreadPfx { .. })));
    assert!(matches!(opened("no_key.pfx", Some("secret")), Err(IdentityError::PfxWithoutKey { .. })));
    assert!(matches!(opened("no_certificate.pfx", Some("secret")), Err(IdentityError::PfxWithoutCertificate { .. })));
    assert!(matches!(opened("weak_key.pfx", Some("secret")), Err(IdentityError::UnusableKey { .. })));
}

#[test]
fn no_broken_archive_panics_or_opens() {
    for name in ["rc2_40_none.pfx", "plain_certificates_none.pfx", "rc2_40_empty.pfx", "aes_none.pfx"] {
        let whole = fixture(name);
        for end in (0..whole.len()).step_by(97) {
            assert!(open(name, &whole[..end], None, "").is_err(), "{name} cut at {end}");
        }
        for place in (0..whole.len()).step_by(211) {
            let mut bent = whole.clone();
            bent[place] ^= 0x55;
            let _ = open(name, &bent, None, "");
        }
    }
}

#[test]
fn of_certificates_of_one_key_the_latest_that_is_no_authority_is_taken() {
    let all = ["server_ca.pem", "server_expired.pem", "server.pem", "root.pem"].map(der);
    let (_, server) = X509Certificate::from_der(&all[2]).unwrap();
    let chain = chain(&all, server.tbs_certificate.subject_pki.raw).unwrap();
    assert_eq!(chain, [CertificateDer::from(all[2].clone())]);
}
