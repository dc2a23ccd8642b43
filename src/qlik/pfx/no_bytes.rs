//! Archives whose empty password is no bytes at all.
//!
//! RFC 7292 (B.1) derives keys from a BMP string with its terminator, so that an empty password is two zero bytes. Some
//! platforms, and the C API of OpenSSL when it is given NULL, derive them from nothing. p12-keystore reads the first
//! form; this is the second, for the same ciphers.

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt as _, KeyInit, KeyIvInit as _};
use cms::cert::x509::spki::AlgorithmIdentifierOwned;
use cms::content_info::ContentInfo;
use cms::encrypted_data::EncryptedData;
use der::asn1::{ContextSpecific, ObjectIdentifier, OctetString};
use der::{Any, Decode, Encode as _};
use pkcs12::kdf::{Pkcs12KeyType, derive_key};
use pkcs12::pbe_params::{EncryptedPrivateKeyInfo, Pkcs12PbeParams};
use pkcs12::pfx::Pfx;
use pkcs12::safe_bag::SafeBag;
use pkcs12::{CertBag, MacData};
use ring::hmac;
use sha1::Sha1;
use sha2::Sha256;

use super::{Contents, Refusal};

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
const KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.1");
const SHROUDED_KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const CERTIFICATE_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const TRIPLE_DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
const RC2_40: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.6");
const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
/// The most rounds of a key derivation; a file must not keep a machine busy for hours.
const MOST_ROUNDS: i32 = 1_000_000;

impl From<der::Error> for Refusal {
    fn from(_: der::Error) -> Self {
        Self::Unread
    }
}

pub(super) fn contents(bytes: &[u8]) -> Result<Contents, Refusal> {
    let archive = Pfx::from_der(bytes)?;
    if let Some(mac) = &archive.mac_data {
        verify(mac, archive.auth_safe.content.value())?;
    }
    let mut contents = Contents { keys: Vec::new(), certificates: Vec::new() };
    for safe in Vec::<ContentInfo>::from_der(&octets(&archive.auth_safe)?)? {
        let bags = if safe.content_type == ENCRYPTED_DATA {
            let inner = safe.content.decode_as::<EncryptedData>()?.enc_content_info;
            let encrypted = inner.encrypted_content.ok_or(Refusal::Unread)?;
            decrypt(&inner.content_enc_alg, encrypted.as_bytes())?
        } else {
            octets(&safe)?
        };
        for bag in Vec::<SafeBag>::from_der(&bags)? {
            if bag.bag_id == CERTIFICATE_BAG {
                let certificate = inside::<CertBag>(&bag)?.cert_value;
                contents.certificates.push(certificate.into_bytes().into_vec());
            } else if bag.bag_id == SHROUDED_KEY_BAG {
                let key = inside::<EncryptedPrivateKeyInfo>(&bag)?;
                contents.keys.push(decrypt(&key.encryption_algorithm, key.encrypted_data.as_bytes())?);
            } else if bag.bag_id == KEY_BAG {
                contents.keys.push(inside::<Any>(&bag)?.to_der()?);
            }
        }
    }
    Ok(contents)
}

/// What is in a piece that is not encrypted.
fn octets(info: &ContentInfo) -> Result<Vec<u8>, Refusal> {
    if info.content_type != DATA {
        return Err(Refusal::Unread);
    }
    Ok(info.content.decode_as::<OctetString>()?.into_bytes().into_vec())
}

/// The value of a bag, out of its `[0]`.
fn inside<T>(bag: &SafeBag) -> Result<T, Refusal>
where
    T: for<'a> Decode<'a, Error = der::Error> + der::Tagged,
{
    Ok(ContextSpecific::<T>::from_der(&bag.bag_value)?.value)
}

fn verify(mac: &MacData, content: &[u8]) -> Result<(), Refusal> {
    let (salt, rounds) = (mac.mac_salt.as_bytes(), rounds(mac.iterations)?);
    let oid = mac.mac.algorithm.oid;
    let (algorithm, key) = if oid == SHA1 {
        (hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, derive_key::<Sha1>(&[], salt, Pkcs12KeyType::Mac, rounds, 20))
    } else if oid == SHA256 {
        (hmac::HMAC_SHA256, derive_key::<Sha256>(&[], salt, Pkcs12KeyType::Mac, rounds, 32))
    } else {
        return Err(Refusal::Unread);
    };
    hmac::verify(&hmac::Key::new(algorithm, &key), content, mac.mac.digest.as_bytes()).map_err(|_| Refusal::Password)
}

fn decrypt(algorithm: &AlgorithmIdentifierOwned, data: &[u8]) -> Result<Vec<u8>, Refusal> {
    let parameters = algorithm.parameters.as_ref().ok_or(Refusal::Unread)?;
    if algorithm.oid == PBES2 {
        let parameters = parameters.to_der()?;
        let parameters = pkcs5::pbes2::Parameters::from_der(&parameters)?;
        let derivation = parameters.kdf.pbkdf2().ok_or(Refusal::Unread)?;
        rounds(i32::try_from(derivation.iteration_count).map_err(|_| Refusal::Unread)?)?;
        return parameters.decrypt([], data).map_err(|_| Refusal::Password);
    }
    let parameters = parameters.decode_as::<Pkcs12PbeParams>()?;
    match algorithm.oid {
        TRIPLE_DES => pbes1::<des::TdesEde3>(&parameters, 24, data),
        RC2_40 => pbes1::<rc2::Rc2>(&parameters, 5, data),
        _ => Err(Refusal::Unread),
    }
}

fn pbes1<C: KeyInit + BlockCipherDecrypt>(
    parameters: &Pkcs12PbeParams,
    key_length: usize,
    data: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let (salt, rounds) = (parameters.salt.as_bytes(), rounds(parameters.iterations)?);
    let key = derive_key::<Sha1>(&[], salt, Pkcs12KeyType::EncryptionKey, rounds, key_length);
    let iv = derive_key::<Sha1>(&[], salt, Pkcs12KeyType::Iv, rounds, 8);
    let cipher = cbc::Decryptor::<C>::new_from_slices(&key, &iv).map_err(|_| Refusal::Unread)?;
    cipher.decrypt_padded_vec::<Pkcs7>(data).map_err(|_| Refusal::Password)
}

fn rounds(asked: i32) -> Result<i32, Refusal> {
    if (1..=MOST_ROUNDS).contains(&asked) { Ok(asked) } else { Err(Refusal::Unread) }
}
