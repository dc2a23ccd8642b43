//! What the exit status says.

use std::fmt;
use std::process::ExitCode;

use crate::daemon::StartError;
use crate::store::StoreError;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It was done.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// Wrong usage, wrong configuration, or an unreadable or encrypted key.
    Usage = 2,
    /// The site, or a part of it, could not be seen.
    Unseen = 3,
    /// The answer is "no".
    No = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not come to its end: a status and a sentence.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    said: String,
}

impl Failure {
    pub(super) fn new(exit: Exit, said: impl Into<String>) -> Self {
        Self { exit, said: said.into() }
    }

    pub(super) fn usage(said: impl Into<String>) -> Self {
        Self::new(Exit::Usage, said)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(Exit::Failed, error.to_string())
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let exit = match &error {
            StartError::Store(_) | StartError::Ticker(_) | StartError::Cron(_) | StartError::Courier => Exit::Failed,
            StartError::Template(_) | StartError::Site { .. } | StartError::Moved => Exit::Usage,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Failed, format!("cannot write the result: {error}"))
    }
}
