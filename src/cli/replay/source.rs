//! Where the polls of a replay come from: a recorded file, or what the store remembers.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use crate::cli::exit::{Exit, Failure};
use crate::cli::output;
use crate::config::load;
use crate::replay::{Excluded, History, Rebuilt, Step, Unknown};
use crate::snapshot::{Counts, Observation, Pair};
use crate::store::Store;

pub(super) enum Source {
    File { name: String, history: History<BufReader<File>> },
    Store { site: String, store: Store, rebuilt: Box<Rebuilt>, since: Timestamp },
}

/// One poll, whichever way it came.
pub(super) struct Seen {
    pub(super) at: Timestamp,
    pub(super) pairs: Vec<(Pair, Observation)>,
    /// What was counted when it was polled, where that is known.
    pub(super) counted: Option<Counts>,
}

impl Source {
    pub(super) async fn recalled(
        store: Store,
        site: &str,
        (from, to): (Timestamp, Timestamp),
        interval: SignedDuration,
        excluded: Excluded,
    ) -> Result<Self, Failure> {
        let after = store.reading_before(site, from).await?;
        let rebuilt = Rebuilt::new((from, to), after, store.sessions_at(site, from).await?, interval, excluded);
        Ok(Self::Store { site: site.to_owned(), store, rebuilt: Box::new(rebuilt), since: from })
    }

    /// The next poll; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Seen>, Failure> {
        match self {
            Self::File { name, history } => {
                let poll = history.next_poll().map_err(|error| bad(name, &error))?;
                Ok(poll.map(|poll| {
                    if let Some(from) = poll.set_back_from {
                        output::complain(&format!(
                            "`{name}`, line {}: the clock goes back from {from} to {}; judged as on such a clock",
                            poll.line, poll.at
                        ));
                    }
                    Seen { at: poll.at, pairs: poll.pairs, counted: None }
                }))
            }
            Self::Store { site, store, rebuilt, since } => loop {
                match rebuilt.step() {
                    Step::Poll(poll) => {
                        return Ok(Some(Seen { at: poll.at, pairs: poll.pairs, counted: poll.counted }));
                    }
                    Step::MoreReadings { after } => rebuilt.take_readings(store.readings_after(site, after).await?),
                    Step::MoreSessions { after } => {
                        rebuilt.take_sessions(store.sessions_after(site, *since, after).await?);
                    }
                    Step::End => return Ok(None),
                }
            },
        }
    }

    /// Takes back what the last poll was lent.
    pub(super) fn take_back(&mut self, pairs: Vec<(Pair, Observation)>) {
        if let Self::Store { rebuilt, .. } = self {
            rebuilt.take_back(pairs);
        }
    }

    /// Whether those who never count are left out already.
    pub(super) fn is_without_excluded(&self) -> bool {
        matches!(self, Self::Store { .. })
    }

    pub(super) fn unknown(&self) -> Unknown {
        match self {
            Self::File { .. } => Unknown::default(),
            Self::Store { rebuilt, .. } => rebuilt.unknown(),
        }
    }

    pub(super) async fn close(self) {
        if let Self::Store { store, .. } = self {
            store.close().await;
        }
    }
}

/// A recorded file with its name as it is shown.
pub(in crate::cli) fn opened(file: &Path) -> Result<(String, History<BufReader<File>>), Failure> {
    let name = output::shown(&file.display().to_string());
    Ok((name, History::new(load::open(file).map_err(Failure::usage)?)))
}

pub(in crate::cli) fn bad(name: &str, error: &crate::replay::HistoryError) -> Failure {
    Failure::new(Exit::Usage, format!("`{name}`, {error}"))
}
