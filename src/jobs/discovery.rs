//! What a site's repository names: recalled before a look, kept and told after it.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::qlik::{AskEngines, Doubt, Qlik, Topology};
use crate::snapshot::{Snapshot, UnseenKind};
use crate::store::{self, Store, StoreError};

/// What was said already, so that a log says what changed and not what lasts.
#[derive(Default)]
pub struct Discovery {
    said: Mutex<Said>,
}

#[derive(Default)]
struct Said {
    silent: Option<UnseenKind>,
    doubts: Vec<Doubt>,
}

/// Takes over what anybody heard later than this site's own look.
pub async fn recall(store: &Store, site: &str, qlik: &Qlik) -> Result<(), StoreError> {
    let Some(repository) = qlik.repository() else { return Ok(()) };
    let since = qlik.known().map(|known| known.at);
    if let Some((text, at)) = store.topology(site, &repository, since).await?
        && let Some(topology) = Topology::from_text(&text)
    {
        qlik.recall(topology, at);
    }
    Ok(())
}

/// Looks at a site by what is known of it, and keeps what its repository said.
pub(super) async fn look(store: &Store, site: &str, qlik: &Qlik, at: Timestamp) -> Result<Snapshot, StoreError> {
    look_with(store, site, qlik, at, AskEngines::Not).await
}

/// The same, with the health of the engines.
pub(super) async fn look_closely(
    store: &Store,
    site: &str,
    qlik: &Qlik,
    at: Timestamp,
) -> Result<Snapshot, StoreError> {
    look_with(store, site, qlik, at, AskEngines::Always).await
}

async fn look_with(
    store: &Store,
    site: &str,
    qlik: &Qlik,
    at: Timestamp,
    health: AskEngines,
) -> Result<Snapshot, StoreError> {
    recall(store, site, qlik).await?;
    let snapshot = qlik.observe_with(at, health).await;
    Discovery::default().note(store, site, qlik).await?;
    Ok(snapshot)
}

impl Discovery {
    /// Keeps what the repository said since the last look, and says what is new in it.
    pub async fn note(&self, store: &Store, site: &str, qlik: &Qlik) -> Result<(), StoreError> {
        let (Some(repository), Some(heard)) = (qlik.repository(), qlik.news()) else { return Ok(()) };
        let topology = match &heard.said {
            Err(why) => {
                let before = self.said().silent.replace(why.kind);
                if before != Some(why.kind) {
                    let known = qlik.known().map(|known| known.at.to_string());
                    let goes_on = known.map_or_else(
                        || "no list of proxies is known yet".to_owned(),
                        |at| format!("the proxies are those that it named at {at}"),
                    );
                    let tried = &why.tried;
                    tracing::warn!(
                        site,
                        tried,
                        "the repository was not heard: {}; {}; {goes_on}",
                        why.what,
                        why.advice
                    );
                }
                return Ok(());
            }
            Ok(topology) => topology,
        };
        {
            let mut said = self.said();
            if said.silent.take().is_some() {
                tracing::info!(site, "the repository is heard again");
            }
            for doubt in heard.doubts.iter().filter(|doubt| !said.doubts.contains(doubt)) {
                tracing::warn!(site, "{doubt}");
            }
            said.doubts.clone_from(&heard.doubts);
        }
        for change in &heard.changes {
            tracing::info!(site, "{change}");
        }
        let changes: Vec<_> = heard.changes.into_iter().map(|change| (change.appeared, change.what)).collect();
        let body = topology.to_text();
        let kept = store::Topology { site, repository: &repository, at: heard.at, body: &body, changes: &changes };
        store.keep_topology(&kept).await
    }

    fn said(&self) -> std::sync::MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
