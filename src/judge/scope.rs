//! Where a rule looks: at the whole of a site or at each part of it, and at whom.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Incident, Metric, State};
use crate::pattern::{Pattern, any};
use crate::snapshot::{Counts, Coverage, Folded, Observation, Pair, Session, Snapshot, fold};

/// What a rule opens one incident each for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Over {
    #[default]
    Site,
    Proxy,
    VirtualProxy,
    Directory,
}

impl Over {
    pub fn word(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Proxy => "proxy",
            Self::VirtualProxy => "virtual_proxy",
            Self::Directory => "directory",
        }
    }

    /// Whether two names are one part: directories are compared as users are.
    fn same(self, one: &str, other: &str) -> bool {
        one == other || (self == Self::Directory && fold(one).eq(fold(other)))
    }
}

/// What a rule looks at; all of it where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Where {
    pub virtual_proxy: Vec<Pattern>,
    pub directory: Vec<Pattern>,
    pub user: Vec<Pattern>,
}

impl Where {
    /// Whether it leaves anything out.
    pub fn narrows(&self) -> bool {
        !(self.virtual_proxy.is_empty() && self.directory.is_empty() && self.user.is_empty())
    }

    pub fn has_pair(&self, pair: &Pair) -> bool {
        self.virtual_proxy.is_empty() || self.virtual_proxy.iter().any(|pattern| pattern.matches_name(&pair.prefix))
    }

    pub(super) fn has_session(&self, session: &Session) -> bool {
        let user = &session.user;
        (self.directory.is_empty() || self.directory.iter().any(|pattern| pattern.matches_name(&user.directory)))
            && (self.user.is_empty() || any(&self.user, user))
    }
}

/// What was counted of a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub counts: Counts,
    /// The most sessions that one user has.
    pub most: u64,
}

/// One part as a rule sees it, or the whole.
pub(super) struct View {
    /// None is the whole.
    pub part: Option<Arc<str>>,
    pub coverage: Coverage,
    pub tally: Tally,
}

/// What a rule sees of a snapshot: the whole of it, or each part in the order of its name. A part with an incident is seen
/// even where nobody is on it any more.
pub(super) fn views(
    over: Over,
    narrowed: &Where,
    metric: Option<Metric>,
    snapshot: &Snapshot,
    counts: Counts,
    known: &[&Incident],
) -> Vec<View> {
    if over == Over::Site && !narrowed.narrows() && metric.is_none_or(Metric::is_plain) {
        return vec![View { part: None, coverage: snapshot.coverage(), tally: Tally { counts, most: 0 } }];
    }
    let mut groups: Vec<Group<'_>> = Vec::new();
    if over == Over::Site {
        groups.push(Group::new(""));
    }
    let mut all = Coverage { answered: 0, asked: 0 };
    for (pair, observation) in snapshot.pairs().iter().filter(|(pair, _)| narrowed.has_pair(pair)) {
        let answered = u64::from(matches!(observation, Observation::Seen(_)));
        all = Coverage { answered: all.answered + answered, asked: all.asked + 1 };
        let name = match over {
            Over::Site => Some(""),
            Over::Proxy => Some(&*pair.proxy),
            Over::VirtualProxy => Some(&*pair.prefix),
            Over::Directory => None,
        };
        if let Some(place) = name.map(|name| place(&mut groups, over, name)) {
            let coverage = &mut groups[place].coverage;
            *coverage = Coverage { answered: coverage.answered + answered, asked: coverage.asked + 1 };
        }
        for session in observation.sessions().iter().filter(|session| narrowed.has_session(session)) {
            let place = place(&mut groups, over, name.unwrap_or(&session.user.directory));
            groups[place].count(session);
        }
    }
    let live = known.iter().filter(|incident| incident.state != State::Closed);
    if over == Over::Directory {
        for part in live.filter_map(|incident| incident.part.as_deref()) {
            place(&mut groups, over, part);
        }
        for group in &mut groups {
            group.coverage = all;
        }
    }
    groups.sort_by(|one, other| one.name.cmp(other.name));
    let views = groups.into_iter().map(|group| {
        // A part keeps the name that its incident has.
        let named = known.iter().filter_map(|incident| incident.part.as_ref());
        let known = named.filter(|part| over.same(part, group.name)).max().cloned();
        View {
            part: (over != Over::Site).then(|| known.unwrap_or_else(|| group.name.into())),
            coverage: group.coverage,
            tally: Tally { counts: group.counts, most: group.users.into_values().max().unwrap_or(0) },
        }
    });
    views.collect()
}

struct Group<'a> {
    name: &'a str,
    coverage: Coverage,
    counts: Counts,
    users: HashMap<Folded<'a>, u64, foldhash::fast::RandomState>,
}

impl<'a> Group<'a> {
    fn new(name: &'a str) -> Self {
        let coverage = Coverage { answered: 0, asked: 0 };
        Self { name, coverage, counts: Counts::default(), users: HashMap::default() }
    }

    fn count(&mut self, session: &'a Session) {
        self.counts.sessions += 1;
        if session.user.is_anonymous() {
            self.counts.anonymous += 1;
            return;
        }
        let sessions = self.users.entry(session.user.folded()).or_default();
        *sessions += 1;
        self.counts.users += u64::from(*sessions == 1);
    }
}

fn place<'a>(groups: &mut Vec<Group<'a>>, over: Over, name: &'a str) -> usize {
    if let Some(place) = groups.iter().position(|group| over.same(group.name, name)) {
        return place;
    }
    groups.push(Group::new(name));
    groups.len() - 1
}
