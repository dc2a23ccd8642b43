//! The key that a call carries twice, against cross-site requests.

use ring::rand::{SecureRandom as _, SystemRandom};

/// How many characters; any other number is answered 403.
/// <https://help.qlik.com/en-US/sense-developer/Subsystems/RepositoryServiceAPI/Content/Sense_RepositoryServiceAPI/RepositoryServiceAPI-Connect-API-Using-Xrfkey-Headers.htm>
const LENGTH: usize = 16;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A fresh random key of 16 letters and digits, or none where the system has no randomness to give.
pub(super) fn fresh() -> Option<String> {
    let mut bytes = [0_u8; LENGTH];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_fresh_and_well_formed() {
        let keys: std::collections::HashSet<_> = (0..100).map(|_| fresh().unwrap()).collect();
        assert_eq!(keys.len(), 100);
        assert!(keys.iter().all(|key| key.len() == 16 && key.bytes().all(|b| b.is_ascii_alphanumeric())));
    }
}
