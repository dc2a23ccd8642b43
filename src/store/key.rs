//! The key by which the store knows sessions, and people under pseudonyms: a file beside it.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use std::hash::BuildHasher as _;

use foldhash::quality::RandomState;
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::StoreError;
use crate::clean::clean;
use crate::hex;
use crate::secret::Secret;
use crate::snapshot::fold;

/// How much of the HMAC is kept: 128 bits tell any two sessions apart.
const KEPT: usize = 16;

/// A session as the store knows it.
pub(super) type SessionHash = [u8; KEPT];

/// A secret key, never in the database: who steals the one without the other learns no session id.
pub(super) struct HashKey {
    key: hmac::Key,
    /// For [`HashKey::quick`]; drawn anew by each process.
    quick: [RandomState; 2],
}

/// A session as this process knows it while it is open: quick to make, and never written down.
pub(super) type QuickHash = u128;

impl HashKey {
    /// Reads `DATABASE.key`, or makes it.
    pub(super) fn beside(database: &Path) -> Result<Self, StoreError> {
        let mut path = database.as_os_str().to_owned();
        path.push(".key");
        let path = std::path::PathBuf::from(path);
        let failed = |what| {
            let path = path.clone();
            move |source| StoreError::File { what, path, source }
        };
        let bytes: [u8; 32] = match std::fs::read(&path) {
            Ok(text) if !text.is_empty() => {
                hex::decode(text.trim_ascii()).ok_or_else(|| StoreError::BadKey(path.clone()))?
            }
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed("read")(error)),
            _ => {
                let mut bytes = [0_u8; 32];
                SystemRandom::new()
                    .fill(&mut bytes)
                    .map_err(|_| StoreError::Other("this machine gave no random numbers for the key".to_owned()))?;
                // Written aside and linked, so that a key is whole or not there, and of two makers one wins for both.
                let aside = path.with_extension(format!("key-{}", std::process::id()));
                let mut file = std::fs::OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(true)
                    .mode(0o600)
                    .open(&aside)
                    .map_err(failed("write"))?;
                writeln!(file, "{}", hex::encode(&bytes)).and_then(|()| file.sync_all()).map_err(failed("write"))?;
                let linked = std::fs::hard_link(&aside, &path);
                let removed = std::fs::remove_file(&aside);
                match linked {
                    Ok(()) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                        let text = std::fs::read(&path).map_err(failed("read"))?;
                        bytes = hex::decode(text.trim_ascii()).ok_or_else(|| StoreError::BadKey(path.clone()))?;
                    }
                    Err(error) => return Err(failed("write")(error)),
                }
                removed.map_err(failed("tidy up beside"))?;
                bytes
            }
        };
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, &bytes), quick: <[RandomState; 2]>::default() })
    }

    pub(super) fn hash(&self, session: &Secret) -> SessionHash {
        let tag = hmac::sign(&self.key, session.expose().as_bytes());
        let mut hash = [0_u8; KEPT];
        hash.copy_from_slice(&tag.as_ref()[..KEPT]);
        hash
    }

    /// A person, whatever the case, by what is shown of their directory and id.
    pub(super) fn who(&self, directory: &str, id: &str) -> [u8; 32] {
        self.sign(b"person", person(directory, id).as_bytes())
    }

    /// What ends the causes of letters to a person.
    pub(super) fn mark(&self, directory: &str, id: &str) -> String {
        hex::encode(&self.sign(b"letter", person(directory, id).as_bytes())[..KEPT])
    }

    /// The nth of the numbers that belong to a person.
    pub(super) fn chance(&self, who: &[u8; 32], nth: u32) -> u64 {
        let mut seed = who.to_vec();
        seed.extend(nth.to_le_bytes());
        let signed = self.sign(b"words", &seed);
        u64::from_le_bytes(std::array::from_fn(|i| signed[i]))
    }

    /// What `what` is for keeps it apart from all else that the key signs.
    fn sign(&self, what: &[u8], text: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(what);
        context.update(&[0]);
        context.update(text);
        let mut signed = [0; 32];
        signed.copy_from_slice(context.sign().as_ref());
        signed
    }

    /// Several texts as one, in hexadecimal.
    pub(super) fn hash_all(&self, texts: &[Secret]) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        for text in texts {
            let bytes = text.expose().as_bytes();
            context.update(&bytes.len().to_le_bytes());
            context.update(bytes);
        }
        hex::encode(&context.sign().as_ref()[..KEPT])
    }

    /// A hundredth of the cost of the HMAC: most sessions of a poll are those of the last one.
    pub(super) fn quick(&self, session: &Secret) -> QuickHash {
        let [high, low] = &self.quick;
        let bytes = session.expose().as_bytes();
        (u128::from(high.hash_one(bytes)) << 64) | u128::from(low.hash_one(bytes))
    }
}
/// A person by what is shown of their directory and id, whatever the case.
fn person(directory: &str, id: &str) -> String {
    fold(&clean(directory)).chain(['\n']).chain(fold(&clean(id))).collect()
}
