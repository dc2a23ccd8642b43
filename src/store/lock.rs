//! The state directory: private to its owner, and held by one daemon at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::StoreError;

const NAME: &str = "headcount.lock";

/// Held while it lives. The operating system lets go of it when the process dies, however it dies.
#[derive(Debug)]
pub struct StoreLock {
    _file: File,
}

impl StoreLock {
    pub(super) fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(NAME);
        let file = private().open(&path).map_err(|source| failed("open", &path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Held(path)),
            Err(TryLockError::Error(source)) => Err(failed("lock", &path, source)),
        }
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options
}

fn failed(what: &'static str, path: &Path, source: io::Error) -> StoreError {
    match source.kind() {
        io::ErrorKind::StorageFull => StoreError::Full(Some(path.to_path_buf())),
        _ => StoreError::File { what, path: PathBuf::from(path), source },
    }
}

/// Makes the state directory, for its owner alone, where it is not there.
pub(super) fn make_folder(folder: &Path) -> Result<(), StoreError> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| failed("make the folder", folder, source))
}

/// Makes an empty file for its owner alone, where it is not there; the database gives its companions the same mode.
pub(super) fn make_private_file(path: &Path) -> Result<(), StoreError> {
    private().open(path).map(drop).map_err(|source| failed("open", path, source))
}
