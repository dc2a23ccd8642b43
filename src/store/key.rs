//! The key by which the store knows sessions, a file beside it.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::StoreError;
use crate::hex;
use crate::secret::Secret;

/// How much of the HMAC is kept: 128 bits tell any two sessions apart.
const KEPT: usize = 16;

/// A session as the store knows it.
pub(super) type SessionHash = [u8; KEPT];

/// A secret key, never in the database: who steals the one without the other learns no session id.
pub(super) struct HashKey(hmac::Key);

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
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    pub(super) fn hash(&self, session: &Secret) -> SessionHash {
        let tag = hmac::sign(&self.0, session.expose().as_bytes());
        let mut hash = [0_u8; KEPT];
        hash.copy_from_slice(&tag.as_ref()[..KEPT]);
        hash
    }
}
