//! Who is on a site, who has just left it, and who ever was on it: what tells a newcomer from somebody who comes back.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::snapshot::{Observation, Pair, Session, Snapshot, User, person_key};

/// Who comes back within this time has not come anew: people sign in again after a restart, or when a session has timed out.
pub(crate) const BACK: SignedDuration = SignedDuration::from_mins(30);

/// A user whatever the case, `directory\id` folded. `Debug` is masked.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Who(Arc<str>);

impl Who {
    pub fn of(user: &User) -> Self {
        Self::folded(&person_key(&user.directory, &user.id))
    }

    /// From a text that is folded already.
    pub fn folded(text: &str) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Directory and id, folded.
    pub fn parts(&self) -> (&str, &str) {
        self.0.split_once('\\').unwrap_or(("", &self.0))
    }
}

impl fmt::Debug for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Who(***)")
    }
}

/// Who is on, by the last answer of each pair. Anonymous visitors are nobody.
#[derive(Clone, Debug, Default)]
pub struct Crowd {
    sights: HashMap<Pair, Sight>,
    /// Who left, and when that was seen; no longer than it matters.
    gone: HashMap<Who, Timestamp>,
    ever: HashSet<Who>,
}

/// The last answer of a pair.
#[derive(Clone, Debug, Default)]
struct Sight {
    at: Timestamp,
    users: HashSet<Who>,
    /// Tells a crowd from another one without naming anybody.
    mark: Option<u64>,
}

impl Crowd {
    /// From what a store remembers: when each pair answered last, who was on then, who has left since, and who ever was on.
    pub fn recalled(
        pairs: Vec<(Pair, Timestamp)>,
        on: Vec<(Pair, Who)>,
        gone: HashMap<Who, Timestamp>,
        ever: HashSet<Who>,
    ) -> Self {
        let mut crowd = Self { gone, ever, ..Self::default() };
        for (pair, at) in pairs {
            crowd.sights.insert(pair, Sight { at, ..Sight::default() });
        }
        for (pair, who) in on {
            crowd.sights.entry(pair).or_default().users.insert(who);
        }
        let sights = &crowd.sights;
        crowd.gone.retain(|who, _| !is_on(sights, who));
        crowd
    }

    pub(super) fn has_been_seen(&self, pair: &Pair) -> bool {
        self.sights.contains_key(pair)
    }

    /// Whether the pair answered so lately that its last answer is the one before this.
    pub(super) fn was_seen_lately(&self, pair: &Pair, at: Timestamp, interval: SignedDuration) -> bool {
        let longest = interval * 2 + SignedDuration::from_secs(60);
        self.sights
            .get(pair)
            .is_some_and(|sight| (SignedDuration::ZERO..=longest).contains(&at.duration_since(sight.at)))
    }

    pub(super) fn users_of(&self, pair: &Pair) -> impl Iterator<Item = &Who> {
        self.sights.get(pair).into_iter().flat_map(|sight| &sight.users)
    }

    pub(super) fn is_on(&self, who: &Who) -> bool {
        is_on(&self.sights, who)
    }

    pub(super) fn has_just_left(&self, who: &Who) -> bool {
        self.gone.contains_key(who)
    }

    pub(super) fn was_ever_on(&self, who: &Who) -> bool {
        self.ever.contains(who)
    }

    /// Takes over what a snapshot shows. A pair that was not seen stays as it was; one that is not asked any more is left.
    pub(super) fn after(&mut self, snapshot: &Snapshot) {
        let at = snapshot.at();
        let mut left = Vec::new();
        for (pair, sight) in &mut self.sights {
            if !snapshot.pairs().iter().any(|(asked, _)| asked == pair) {
                left.extend(sight.users.drain());
                sight.mark = None;
            }
        }
        for (pair, observation) in snapshot.pairs() {
            let Observation::Seen(sessions) = observation else { continue };
            let sight = self.sights.entry(pair.clone()).or_default();
            sight.at = at;
            // Most polls show whom the last one showed.
            let mark = Some(mark(sessions));
            if sight.mark == mark {
                continue;
            }
            sight.mark = mark;
            let named = sessions.iter().filter(|session| !session.user.is_anonymous());
            let users: HashSet<Who> = named.map(|session| Who::of(&session.user)).collect();
            left.extend(sight.users.difference(&users).cloned());
            self.ever.extend(users.difference(&sight.users).cloned());
            sight.users = users;
        }
        for who in left {
            self.gone.insert(who, at);
        }
        let sights = &self.sights;
        // A clock that was set back makes nobody leave for longer.
        self.gone.retain(|who, since| at.duration_since(*since) < BACK && !is_on(sights, who));
    }
}

fn is_on(sights: &HashMap<Pair, Sight>, who: &Who) -> bool {
    sights.values().any(|sight| sight.users.contains(who))
}

/// The same for the same people in any order; how many sessions each has does not matter here, but makes no harm.
fn mark(sessions: &[Session]) -> u64 {
    let state = foldhash::fast::FixedState::default();
    let one = |session: &Session| state.hash_one(session.user.folded());
    sessions.iter().map(one).fold(sessions.len() as u64, u64::wrapping_add)
}
