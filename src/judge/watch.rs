//! People who sign in, and people with many sessions at once.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::crowd::{Crowd, Who};
use super::memory::Memory;
use super::scope::Where;
use super::{FindingFacts, Judgement, Rule};
use crate::pattern::{Pattern, any};
use crate::snapshot::{Snapshot, User};

/// What it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watch {
    /// `watch: {user: 'CORP\admin*', when: each}`: one of these signs in.
    SignsIn { users: Vec<Pattern>, when: When },
    /// `watch: {sessions_of_one_user: 5}`: somebody has so many sessions at once, or one fewer.
    Sessions { limit: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Each time.
    Each,
    /// The first time ever, as far as it is remembered.
    FirstEver,
}

/// How near to the limit somebody was told to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Climb {
    /// 1: one session was left; 2: none.
    pub step: u8,
    /// Since when there are fewer again.
    pub low_since: Option<Timestamp>,
}

/// Somebody whom it is news of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    pub who: Who,
    pub sessions: u64,
}

/// How long somebody must have fewer sessions before the next climb is another story.
const OVER_AFTER: SignedDuration = SignedDuration::from_mins(10);

impl Watch {
    /// Whom it is news of, if anybody; what is to be remembered goes to the judgement, told or not.
    pub(super) fn verdict(
        &self,
        rule: &Rule,
        snapshot: &Snapshot,
        memory: &Memory,
        judgement: &mut Judgement,
    ) -> Option<FindingFacts> {
        let coverage = snapshot.coverage();
        match self {
            Self::SignsIn { users, when } => {
                let people = signed_in(users, *when, &rule.narrowed, snapshot, memory.crowd.as_ref()?);
                let when = *when;
                (!people.is_empty()).then_some(FindingFacts::SignedIn { when, people, coverage })
            }
            Self::Sessions { limit } => {
                let people = climbed(*limit, rule, snapshot, memory, judgement);
                let limit = *limit;
                (!people.is_empty()).then_some(FindingFacts::Sessions { limit, people, coverage })
            }
        }
    }
}

/// The users that a rule looks at, each with their sessions, in the order in which they are seen.
fn counted<'a>(narrowed: &'a Where, snapshot: &'a Snapshot, wanted: impl Fn(&User) -> bool) -> Vec<Watched> {
    let mut places: HashMap<_, usize> = HashMap::new();
    let mut counted: Vec<Watched> = Vec::new();
    for (pair, session) in snapshot.sessions() {
        let user = &session.user;
        if user.is_anonymous() || !narrowed.has_pair(pair) || !narrowed.has_session(session) || !wanted(user) {
            continue;
        }
        let place = *places.entry(user.folded()).or_insert_with(|| {
            counted.push(Watched { who: Who::of(user), sessions: 0 });
            counted.len() - 1
        });
        counted[place].sessions += 1;
    }
    counted
}

/// Who was not on when each pair was last seen. Who is on what is seen for the first time was there before, as far as anybody
/// knows.
fn signed_in(users: &[Pattern], when: When, narrowed: &Where, snapshot: &Snapshot, crowd: &Crowd) -> Vec<Watched> {
    let found = snapshot.sessions().filter(|(pair, _)| crowd.has_been_seen(pair));
    let known: HashSet<_> = found.map(|(_, session)| session.user.folded()).collect();
    let new = |user: &User| {
        let who = Who::of(user);
        let first = when == When::Each || !crowd.was_ever_on(&who);
        first && !crowd.is_on(&who)
    };
    let mut people = counted(narrowed, snapshot, |user| {
        known.contains(&user.folded()) && (users.is_empty() || any(users, user)) && new(user)
    });
    people.sort_by(|one, other| one.who.cmp(&other.who));
    people
}

/// Who has come nearer to the limit than was told before.
fn climbed(limit: u64, rule: &Rule, snapshot: &Snapshot, memory: &Memory, judgement: &mut Judgement) -> Vec<Watched> {
    let at = snapshot.at();
    let full = snapshot.pairs().iter().all(|(pair, observation)| {
        !rule.narrowed.has_pair(pair) || matches!(observation, crate::snapshot::Observation::Seen(_))
    });
    // One session is not nearly two.
    let nearly = if limit > 2 { limit - 1 } else { limit };
    let all = counted(&rule.narrowed, snapshot, |_| true);
    let mut news = Vec::new();
    let mut remember = |who: &Who, climb: Option<Climb>| {
        if memory.climbs.get(&(rule.name.clone(), who.clone())).copied() != climb {
            judgement.climbs.push((rule.name.clone(), who.clone(), climb));
        }
    };
    let known = |who: &Who| memory.climbs.get(&(rule.name.clone(), who.clone())).copied();
    for watched in all.iter().filter(|watched| watched.sessions >= nearly) {
        let step = if watched.sessions >= limit { 2 } else { 1 };
        let before = known(&watched.who).filter(|climb| !is_over(climb, at)).map_or(0, |climb| climb.step);
        remember(&watched.who, Some(Climb { step: step.max(before), low_since: None }));
        if step > before {
            news.push(watched.clone());
        }
    }
    if full {
        let mut low: Vec<_> = memory.climbs.iter().filter(|((name, _), _)| *name == rule.name).collect();
        low.sort_by(|one, other| one.0.1.cmp(&other.0.1));
        for ((_, who), climb) in low {
            let sessions = all.iter().find(|watched| watched.who == *who).map_or(0, |watched| watched.sessions);
            if sessions >= nearly {
                continue;
            }
            let low_since = climb.low_since.map_or(at, |since| since.min(at));
            let climb = Climb { low_since: Some(low_since), ..*climb };
            remember(who, Some(climb).filter(|climb| sessions + 3 > limit && !is_over(climb, at)));
        }
    }
    news.sort_by(|one, other| one.who.cmp(&other.who));
    news
}

/// Whether somebody has had fewer sessions for so long that the story is over.
fn is_over(climb: &Climb, at: Timestamp) -> bool {
    climb.low_since.is_some_and(|since| at.duration_since(since) >= OVER_AFTER)
}
