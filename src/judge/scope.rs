//! Where a rule looks: at the whole of a site or at each part of it, and at whom.

use std::collections::HashMap;
use std::sync::Arc;

use super::crowd::{Crowd, Who};
use super::{Incident, Metric, Past, Rule, State};
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

    /// Whether a session belongs to a part.
    pub(crate) fn contains(self, part: &str, pair: &Pair, session: &Session) -> bool {
        match self {
            Self::Site => true,
            Self::Proxy => self.same(part, &pair.proxy),
            Self::VirtualProxy => self.same(part, &pair.prefix),
            Self::Directory => self.same(part, &session.user.directory),
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

    /// Whether it looks at somebody who was on before.
    fn has(&self, who: &Who) -> bool {
        let (directory, _) = who.parts();
        (self.directory.is_empty() || self.directory.iter().any(|pattern| pattern.matches_name(directory)))
            && (self.user.is_empty() || self.user.iter().any(|pattern| pattern.matches_name(who.as_str())))
    }

    pub fn has_session(&self, session: &Session) -> bool {
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
    /// Users who came and who went since the poll before.
    pub joined: u64,
    pub left: u64,
}

/// One part as a rule sees it, or the whole.
pub(super) struct View {
    /// None is the whole.
    pub part: Option<Arc<str>>,
    pub coverage: Coverage,
    pub tally: Tally,
}

/// What a rule sees of a snapshot: the whole of it, or each part in the order of its name. A part with an incident, or with
/// numbers of late, is seen even where nobody is on it any more.
pub(super) fn views(rule: &Rule, snapshot: &Snapshot, counts: Counts, known: &[&Incident], past: &Past) -> Vec<View> {
    let (over, narrowed, metric) = (rule.kind.over(), &rule.narrowed, rule.kind.metric());
    if over == Over::Site && !narrowed.narrows() && metric.is_none_or(Metric::is_plain) {
        return vec![View { part: None, coverage: snapshot.coverage(), tally: Tally { counts, ..Tally::default() } }];
    }
    let nobody = Crowd::default();
    let crowd = past.memory.crowd.as_ref().unwrap_or(&nobody);
    let movement = metric.filter(|metric| metric.is_movement()).map(|_| crowd);
    let mut groups: Vec<Group<'_>> = Vec::new();
    if over == Over::Site {
        groups.push(Group::new(""));
    }
    let mut all = Coverage { answered: 0, asked: 0 };
    for (pair, observation) in snapshot.pairs().iter().filter(|(pair, _)| narrowed.has_pair(pair)) {
        // Who came and who went is known of what was seen at the poll before, too.
        let seen = matches!(observation, Observation::Seen(_));
        let comparable = movement.is_none_or(|crowd| crowd.was_seen_lately(pair, snapshot.at(), past.interval));
        let answered = u64::from(seen && comparable);
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
            if movement.is_some() && !session.user.is_anonymous() {
                groups[place].moves.see(Who::of(&session.user), comparable);
            }
        }
        if let Some(crowd) = movement {
            for who in crowd.users_of(pair).filter(|who| narrowed.has(who)) {
                let place = place(&mut groups, over, name.unwrap_or(who.parts().0));
                groups[place].moves.before(who.clone(), seen && comparable);
            }
        }
    }
    // A directory that nobody is on from any more has an end to be told, too.
    let live = known.iter().filter(|incident| incident.state != State::Closed || incident.held);
    if over == Over::Directory {
        for part in live.filter_map(|incident| incident.part.as_deref()) {
            place(&mut groups, over, part);
        }
        for part in past.memory.parts_of(rule) {
            place(&mut groups, over, part);
        }
        for group in &mut groups {
            group.coverage = all;
        }
    }
    groups.sort_by(|one, other| one.name.cmp(other.name));
    let views = groups.into_iter().map(|group| {
        // A part keeps the name that its incident has, or its numbers.
        let named = known.iter().filter_map(|incident| incident.part.as_ref());
        let mut named = named.filter(|part| over.same(part, group.name));
        let remembered = || past.memory.parts_of(rule).filter(|part| over.same(part, group.name)).max();
        let known = named.next().or_else(remembered).cloned();
        let (joined, left) = movement.map_or((0, 0), |crowd| group.moves.count(crowd));
        View {
            part: (over != Over::Site).then(|| known.unwrap_or_else(|| group.name.into())),
            coverage: group.coverage,
            tally: Tally { counts: group.counts, most: group.users.into_values().max().unwrap_or(0), joined, left },
        }
    });
    views.collect()
}

/// Who is here now, and who was here before.
#[derive(Default)]
struct Moves {
    /// Whether each was seen where the poll before saw, too.
    now: HashMap<Who, bool>,
    before: HashMap<Who, bool>,
}

impl Moves {
    fn see(&mut self, who: Who, comparable: bool) {
        *self.now.entry(who).or_default() |= comparable;
    }

    /// Somebody who was here. Who was on something that is not seen now may still be there.
    fn before(&mut self, who: Who, comparable: bool) {
        let all = self.before.entry(who).or_insert(true);
        *all &= comparable;
    }

    fn count(&self, crowd: &Crowd) -> (u64, u64) {
        let came = |(who, comparable): &(&Who, &bool)| {
            **comparable && !self.before.contains_key(*who) && !crowd.has_just_left(who)
        };
        let went = |(who, comparable): &(&Who, &bool)| **comparable && !self.now.contains_key(*who);
        (self.now.iter().filter(came).count() as u64, self.before.iter().filter(went).count() as u64)
    }
}

struct Group<'a> {
    name: &'a str,
    coverage: Coverage,
    counts: Counts,
    users: HashMap<Folded<'a>, u64, foldhash::fast::RandomState>,
    moves: Moves,
}

impl<'a> Group<'a> {
    fn new(name: &'a str) -> Self {
        let coverage = Coverage { answered: 0, asked: 0 };
        Self { name, coverage, counts: Counts::default(), users: HashMap::default(), moves: Moves::default() }
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
