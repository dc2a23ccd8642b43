//! What is known of a site's topology, when the repository is asked anew, and what it said then.

use std::collections::HashSet;
use std::sync::{Arc, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::layout::Layout;
use super::repository::Repository;
use super::topology::{Change, Doubt, Topology};
use super::{Qlik, topology};
use crate::snapshot::{Observation, Pair, Unseen, UnseenKind};

/// How often the repository is asked for what there is.
const EVERY: SignedDuration = SignedDuration::from_mins(15);
/// How soon it is asked again after it did not say.
const AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// A topology, and when it was heard.
#[derive(Clone, Debug)]
pub struct Known {
    pub topology: Arc<Topology>,
    pub at: Timestamp,
}

/// What came of asking the repository.
#[derive(Clone, Debug)]
pub struct Heard {
    pub at: Timestamp,
    /// What it said, or why it was not heard; then what was known goes on to be used.
    pub said: Result<Arc<Topology>, Unseen>,
    /// Against what was known before; none where nothing was.
    pub changes: Vec<Change>,
    pub doubts: Vec<Doubt>,
}

/// What is known at the moment.
pub(super) struct State {
    layout: Arc<Layout>,
    known: Option<Known>,
    /// When the repository was asked last, and whether it answered.
    asked: Option<(Timestamp, bool)>,
    /// Pairs that answered 404 at the last look: each is one reason to ask anew, once.
    lost: HashSet<Pair>,
    /// Not told yet.
    news: Option<Heard>,
    trouble: Option<Unseen>,
    doubts: Vec<Doubt>,
}

impl State {
    pub(super) fn new(layout: Layout) -> Self {
        Self {
            layout: Arc::new(layout),
            known: None,
            asked: None,
            lost: HashSet::new(),
            news: None,
            trouble: None,
            doubts: Vec::new(),
        }
    }

    pub(super) fn layout(&self) -> Arc<Layout> {
        self.layout.clone()
    }

    fn is_due(&self, now: Timestamp) -> bool {
        match self.asked {
            None => true,
            Some((at, answered)) => {
                let rest = if answered { EVERY } else { AGAIN };
                // A clock that was set back must not silence it.
                !(SignedDuration::ZERO..rest).contains(&now.duration_since(at))
            }
        }
    }

    /// Remembers which pairs are lost; true where one is that was not.
    fn lose(&mut self, observations: &[(Pair, Observation)]) -> bool {
        let lost = observations.iter().filter_map(|(pair, observation)| match observation {
            Observation::Unseen(why) if why.kind == UnseenKind::NotFound => Some(pair.clone()),
            _ => None,
        });
        let lost: HashSet<Pair> = lost.collect();
        let more = !lost.is_subset(&self.lost);
        self.lost = lost;
        more
    }
}

impl Qlik {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the repository says which proxies there are.
    pub fn discovers(&self) -> bool {
        self.repository.is_some()
    }

    /// Where the repository is asked, and on whose behalf: what was heard elsewhere, or by another, does not count.
    pub fn repository(&self) -> Option<String> {
        self.repository.as_ref().map(|repository| format!("{} as {}", repository.address(), repository.user))
    }

    /// Takes over what an earlier run heard, unless something was heard since.
    pub fn recall(&self, topology: Topology, at: Timestamp) {
        let mut state = self.state();
        if state.known.is_none() {
            state.layout = Arc::new(Layout::discovered(&self.settings, &topology.to_poll(), &state.layout));
            state.known = Some(Known { topology: Arc::new(topology), at });
            state.asked.get_or_insert((at, true));
        }
    }

    /// What is known of the topology, and since when.
    pub fn known(&self) -> Option<Known> {
        self.state().known.clone()
    }

    /// What the repository said since this was asked last.
    pub fn news(&self) -> Option<Heard> {
        self.state().news.take()
    }

    /// Why the repository was not heard when it was asked last.
    pub fn trouble(&self) -> Option<Unseen> {
        self.state().trouble.clone()
    }

    /// Why what it said last may be short.
    pub fn doubts(&self) -> Vec<Doubt> {
        self.state().doubts.clone()
    }

    pub(super) async fn observe_discovered(&self, repository: &Repository, at: Timestamp) -> Vec<(Pair, Observation)> {
        let due = self.state().is_due(at);
        if due {
            self.ask(repository, at).await;
        }
        let layout = self.state().layout();
        let mut observations = layout.sweep(self.settings.timeout).await;
        // A pair that is not there any more may have gone for good: then the repository knows, and the pair is not missed.
        let lost = self.state().lose(&observations);
        if lost && !due && self.ask(repository, at).await {
            let layout = self.state().layout();
            observations = layout.sweep(self.settings.timeout).await;
            self.state().lose(&observations);
        }
        match (observations.is_empty(), self.trouble()) {
            (true, Some(why)) => vec![self.unknown(why)],
            _ => observations,
        }
    }

    /// What stands for a site whose pairs are not known.
    fn unknown(&self, why: Unseen) -> (Pair, Observation) {
        let proxy = topology::label(&self.settings.host, self.settings.ports.qrs).into();
        let what = format!("the repository did not say which proxies there are: {}", why.what);
        (Pair { proxy, prefix: "".into() }, Observation::Unseen(Unseen { what, ..why }))
    }

    /// Asks the repository. True where other pairs than before are to be polled.
    async fn ask(&self, repository: &Repository, at: Timestamp) -> bool {
        let before = self.known();
        let said = repository.topology(before.as_ref().map(|known| &*known.topology)).await;
        let mut state = self.state();
        state.asked = Some((at, said.is_ok()));
        match said {
            Err(why) => {
                state.trouble = Some(why.clone());
                state.news = Some(Heard { at, said: Err(why), changes: Vec::new(), doubts: Vec::new() });
                false
            }
            Ok(said) => {
                let topology = Arc::new(said.topology);
                let changes = before.as_ref().map(|before| topology.changes_since(&before.topology));
                let polled = before.as_ref().map(|before| before.topology.to_poll());
                let to_poll = topology.to_poll();
                let other = polled.is_none_or(|polled| {
                    polled.len() != to_poll.len()
                        || polled
                            .iter()
                            .zip(&to_poll)
                            .any(|(a, b)| !a.is_at(&b.host, b.port) || a.virtual_proxies != b.virtual_proxies)
                });
                if other {
                    state.layout = Arc::new(Layout::discovered(&self.settings, &to_poll, &state.layout));
                }
                state.known = Some(Known { topology: topology.clone(), at });
                state.trouble = None;
                state.doubts.clone_from(&said.doubts);
                let changes = changes.unwrap_or_default();
                state.news = Some(Heard { at, said: Ok(topology), changes, doubts: said.doubts });
                other
            }
        }
    }
}
