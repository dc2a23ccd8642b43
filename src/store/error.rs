//! Why the memory failed, a sentence each, with what to do.

use std::io;
use std::path::{Path, PathBuf};

use super::dialect::{Failure, failure};
use crate::judge::Away;

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(
        "the store `{}` was written by a newer headcount (schema {version}, this one knows {known}): install that version again, or put the older database back",
        .file.display()
    )]
    Newer { file: PathBuf, version: i64, known: i64 },
    #[error(
        "the store{} is damaged: stop headcount, keep a copy of the file, and restore a backup or move it away to begin a new one", shown(.0.as_deref())
    )]
    Corrupt(Option<PathBuf>),
    #[error("`{}` is no headcount store: it is some other kind of file. Name another one under `store: {{sqlite: …}}`, or move it away", .0.display())]
    NotADatabase(PathBuf),
    #[error("the store{} is locked by another program, and stayed so for 5s: see who has the file open", shown(.0.as_deref()))]
    Busy(Option<PathBuf>),
    #[error("the disk that holds the store{} is full: make room; nothing that was recorded is lost", shown(.0.as_deref()))]
    Full(Option<PathBuf>),
    #[error("the store{} cannot be written: see the owner and mode of the file and its folder", shown(.0.as_deref()))]
    ReadOnly(Option<PathBuf>),
    #[error("cannot {what} `{}`: {source}", .path.display())]
    File { what: &'static str, path: PathBuf, source: io::Error },
    #[error("the key of the store, `{}`, is not 32 bytes in hexadecimal: restore it, or move it away (open sessions are then taken for new ones)", .0.display())]
    BadKey(PathBuf),
    #[error("another headcount is running on this state directory (it holds `{}`): stop it first, or give another `--state`", .0.display())]
    Held(PathBuf),
    #[error("the store's tables are not as this version made them ({0}): restore a backup")]
    Migration(String),
    #[error("the store failed: {0}")]
    Other(String),
}

fn shown(file: Option<&Path>) -> String {
    file.map(|file| format!(" `{}`", file.display())).unwrap_or_default()
}

impl StoreError {
    /// What it means for checks that were not recorded.
    pub fn away(&self) -> Away {
        match self {
            Self::Busy(_) => Away::StoreLocked,
            Self::Full(_) => Away::DiskFull,
            _ => Away::StoreFailed,
        }
    }

    pub(super) fn from_database(error: &sqlx::Error, file: Option<&Path>) -> Self {
        let path = file.map(Path::to_path_buf);
        match error {
            sqlx::Error::Database(database) => match failure(database.as_ref()) {
                Failure::Busy => Self::Busy(path),
                Failure::Full => Self::Full(path),
                Failure::Corrupt => Self::Corrupt(path),
                Failure::NotADatabase => path.map_or(Self::Corrupt(None), Self::NotADatabase),
                Failure::ReadOnly | Failure::CannotOpen => Self::ReadOnly(path),
                Failure::Other => Self::Other(database.message().to_owned()),
            },
            _ => Self::Other(error.to_string()),
        }
    }

    pub(super) fn from_migration(error: sqlx::migrate::MigrateError, file: &Path) -> Self {
        match error {
            sqlx::migrate::MigrateError::Execute(error) | sqlx::migrate::MigrateError::ExecuteMigration(error, _) => {
                Self::from_database(&error, Some(file))
            }
            other => Self::Migration(other.to_string()),
        }
    }

    /// A word that tells one kind of failure from another, for a log line that is written once for each.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Newer { .. } => "newer",
            Self::Corrupt(_) | Self::NotADatabase(_) => "corrupt",
            Self::Busy(_) => "locked",
            Self::Full(_) => "full",
            Self::ReadOnly(_) | Self::File { .. } => "unwritable",
            Self::BadKey(_) => "key",
            Self::Held(_) => "held",
            Self::Migration(_) | Self::Other(_) => "other",
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::from_database(&error, None)
    }
}
