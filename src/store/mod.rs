//! Remembers.
//!
//! Takes polls, reports and deliveries, each in one transaction. Gives what was known: spans, readings, incidents, the outbox.
//! Touches only: SQL is written here once, and `dialect` alone names a database.
//! Decides nothing; what a row means is for other rooms to say. Session ids are known by a keyed hash alone.

mod accounts;
pub mod aggregate;
mod dialect;
mod engines;
mod error;
mod export;
mod forget;
mod flaps;
mod hours;
mod incidents;
mod key;
mod life;
mod lock;
mod memory;
mod newest;
mod outbox;
mod over;
mod past;
mod polls;
mod pseudonym;
mod recall;
mod reports;
mod routing;
mod schedules;
mod seen;
mod sick;
mod silences;
mod spans;
mod there;
mod tidy;
mod topology;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Mutex;

pub use engines::EngineStretch;
pub use error::StoreError;
pub use export::{Figures, ReadingRow, SessionRow};
pub use forget::Forgot;
pub use incidents::IncidentRow;
pub use lock::StoreLock;
pub use polls::{Poll, Recorded};
pub use recall::{RecalledReading, RecalledSession};
pub use reports::ReportTold;
pub use schedules::Slot;
pub use seen::Answer;
pub use silences::EndedSilence;
pub use there::Then;
pub use tidy::{Keep, Tidied};
pub use topology::{Topology, TopologyChange};

use crate::clock::whole_milliseconds;
use crate::names::Names;
use dialect::Pool;

/// The memory of one instance: a database file with its key and its lock beside it.
pub struct Store {
    pool: Pool,
    folder: PathBuf,
    key: key::HashKey,
    /// How people are called here from now on.
    names: Names,
    /// What is known of each site that was polled, dropped when a commit fails.
    memory: Mutex<HashMap<Arc<str>, past::Memory>>,
}

impl Store {
    /// Opens the store, making folder, file, key and tables where they are not there yet.
    pub async fn open(database: &Path) -> Result<Self, StoreError> {
        let folder = database.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf);
        lock::make_folder(&folder)?;
        lock::make_private_file(database)?;
        let pool = dialect::open(database).await?;
        let key = key::HashKey::beside(database)?;
        Ok(Self { pool, folder, key, names: Names::default(), memory: Mutex::default() })
    }

    /// Calls people otherwise from now on.
    #[must_use]
    pub fn naming(mut self, names: Names) -> Self {
        self.names = names;
        self
    }

    /// Opens a store that must be there already.
    pub async fn open_existing(database: &Path) -> Result<Option<Self>, StoreError> {
        if database.exists() { Self::open(database).await.map(Some) } else { Ok(None) }
    }

    /// Does not wait for the disk at each commit: for a store that is made in one go, and made anew if the machine dies meanwhile.
    pub async fn hurry(&self) -> Result<(), StoreError> {
        dialect::hurry(&self.pool).await
    }

    /// Takes the lock that the one who polls and sends must hold; a lock whose holder died does not count.
    pub fn lock(&self) -> Result<StoreLock, StoreError> {
        StoreLock::take(&self.folder)
    }

    /// The first column of each row, for tests that look at what was written.
    #[cfg(test)]
    pub(crate) async fn texts(&self, sql: &'static str) -> Vec<String> {
        let rows = sqlx::query(sql).fetch_all(&self.pool).await.expect("rows");
        rows.iter().map(|row| sqlx::Row::get(row, 0)).collect()
    }

    /// Closes the database in order.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

fn at(ms: i64) -> Timestamp {
    whole_milliseconds(ms)
}

#[cfg(test)]
mod tests;
