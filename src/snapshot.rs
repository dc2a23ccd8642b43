//! What was seen of a site at one instant.
//!
//! [`Snapshot`] is every pair's [`Observation`], with its coverage: a pair that did not answer says why, and is
//! never an empty list. Excluded people are left out when a snapshot is made, so that every number counts the same people.
//! Thinks only.

use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use crate::secret::Secret;

/// One virtual proxy on one proxy: what is polled.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pair {
    /// The proxy's host, with its port when that is not the site's own.
    pub proxy: Arc<str>,
    /// The virtual proxy's prefix; empty for the default one.
    pub prefix: Arc<str>,
}

/// A user as the site named them. `Debug` is masked: names belong in messages, not in logs.
#[derive(Clone)]
pub struct User {
    pub directory: Box<str>,
    pub id: Box<str>,
    /// The display name, where the site gave one.
    pub name: Option<Box<str>>,
}

impl User {
    /// Whether this is a `NONE\anonymous…` visitor: counted, but nobody.
    pub fn is_anonymous(&self) -> bool {
        const PREFIX: &[u8] = b"anonymous";
        let id = self.id.as_bytes();
        self.directory.eq_ignore_ascii_case("none")
            && id.len() >= PREFIX.len()
            && id[..PREFIX.len()].eq_ignore_ascii_case(PREFIX)
    }

    /// The same user whatever the case.
    pub fn folded(&self) -> Folded<'_> {
        Folded { directory: &self.directory, id: &self.id }
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("User(***)")
    }
}

/// A user's directory and id, compared and hashed by Unicode lower case without copying them.
#[derive(Clone, Copy)]
pub struct Folded<'a> {
    directory: &'a str,
    id: &'a str,
}

/// A text in Unicode lower case, character by character.
pub fn fold(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(char::to_lowercase)
}

fn hash_folded<H: Hasher>(text: &str, state: &mut H) {
    if text.is_ascii() {
        for chunk in text.as_bytes().chunks(32) {
            let mut lower = [0_u8; 32];
            lower[..chunk.len()].copy_from_slice(chunk);
            lower.make_ascii_lowercase();
            state.write(&lower[..chunk.len()]);
        }
    } else {
        // The bytes must be those that an equal ASCII text would give: the Kelvin sign folds to an ASCII `k`.
        let lower: String = fold(text).collect();
        for chunk in lower.as_bytes().chunks(32) {
            state.write(chunk);
        }
    }
    state.write_u8(0xff);
}

fn equal_folded(one: &str, other: &str) -> bool {
    if one.is_ascii() && other.is_ascii() { one.eq_ignore_ascii_case(other) } else { fold(one).eq(fold(other)) }
}

impl Hash for Folded<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_folded(self.directory, state);
        hash_folded(self.id, state);
    }
}

impl PartialEq for Folded<'_> {
    fn eq(&self, other: &Self) -> bool {
        equal_folded(self.directory, other.directory) && equal_folded(self.id, other.id)
    }
}

impl Eq for Folded<'_> {}

/// One open session. Its id is the session's cookie, so it is a [`Secret`] from the moment it is parsed.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: Secret,
    pub user: User,
}

/// Why a pair was not seen, in the words of the histories that `replay` reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnseenKind {
    Timeout,
    Refused,
    UnknownHost,
    Reset,
    Certificate,
    Forbidden,
    Xsrf,
    LoginPage,
    NotFound,
    RateLimited,
    ServerError,
    ClientError,
    NotAnArray,
    Truncated,
    TooLarge,
    Other,
}

impl UnseenKind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Refused => "refused",
            Self::UnknownHost => "unknown_host",
            Self::Reset => "reset",
            Self::Certificate => "certificate",
            Self::Forbidden => "forbidden",
            Self::Xsrf => "xsrf",
            Self::LoginPage => "login_page",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::ServerError => "server_error",
            Self::ClientError => "client_error",
            Self::NotAnArray => "not_an_array",
            Self::Truncated => "truncated",
            Self::TooLarge => "too_large",
            Self::Other => "other",
        }
    }
}

/// Why a pair was not seen: what happened, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    pub kind: UnseenKind,
    /// What was tried, such as `GET https://sense:4243/qps/hr/session`.
    pub tried: String,
    /// What happened, such as `no answer within 5s`.
    pub what: String,
    /// What to do.
    pub advice: String,
}

/// What one pair answered, or that it did not, and why.
#[derive(Clone, Debug)]
pub enum Observation {
    Seen(Vec<Session>),
    Unseen(Unseen),
}

/// How many of how many pairs answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    pub answered: u64,
    pub asked: u64,
}

impl Coverage {
    pub fn is_full(self) -> bool {
        self.answered == self.asked
    }
}

/// How many sessions, users and anonymous sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Every session, anonymous ones too.
    pub sessions: u64,
    /// Distinct users, compared without case; anonymous visitors are nobody.
    pub users: u64,
    /// Anonymous sessions.
    pub anonymous: u64,
}

impl Counts {
    /// Counts sessions; a user seen several times is one user.
    pub fn of<'a>(sessions: impl Iterator<Item = &'a Session>) -> Self {
        let mut counts = Self::default();
        let mut users = HashSet::with_capacity(sessions.size_hint().0);
        for session in sessions {
            counts.sessions += 1;
            if session.user.is_anonymous() {
                counts.anonymous += 1;
            } else {
                users.insert(session.user.folded());
            }
        }
        counts.users = users.len() as u64;
        counts
    }
}

/// All observations of a site at one instant.
#[derive(Clone, Debug)]
pub struct Snapshot {
    site: Arc<str>,
    at: Timestamp,
    pairs: Vec<(Pair, Observation)>,
}

impl Snapshot {
    /// Puts the observations together, leaving out the people who never count.
    pub fn new(
        site: Arc<str>,
        at: Timestamp,
        mut pairs: Vec<(Pair, Observation)>,
        excluded: impl Fn(&User) -> bool,
    ) -> Self {
        for (_, observation) in &mut pairs {
            if let Observation::Seen(sessions) = observation {
                sessions.retain(|session| !excluded(&session.user));
            }
        }
        Self { site, at, pairs }
    }

    pub fn site(&self) -> &Arc<str> {
        &self.site
    }

    pub fn at(&self) -> Timestamp {
        self.at
    }

    pub fn pairs(&self) -> &[(Pair, Observation)] {
        &self.pairs
    }

    pub fn coverage(&self) -> Coverage {
        let answered = self.pairs.iter().filter(|(_, o)| matches!(o, Observation::Seen(_))).count();
        Coverage { answered: answered as u64, asked: self.pairs.len() as u64 }
    }

    /// The sessions of every pair that answered.
    pub fn sessions(&self) -> impl Iterator<Item = (&Pair, &Session)> {
        self.pairs.iter().flat_map(|(pair, observation)| {
            let sessions = match observation {
                Observation::Seen(sessions) => sessions.as_slice(),
                Observation::Unseen(_) => &[],
            };
            sessions.iter().map(move |session| (pair, session))
        })
    }

    /// The pairs that did not answer.
    pub fn silent(&self) -> impl Iterator<Item = (&Pair, &Unseen)> {
        self.pairs.iter().filter_map(|(pair, observation)| match observation {
            Observation::Unseen(why) => Some((pair, why)),
            Observation::Seen(_) => None,
        })
    }

    /// Counts over every pair that answered: a lower bound while the coverage is not full.
    pub fn counts(&self) -> Counts {
        Counts::of(self.sessions().map(|(_, session)| session))
    }
}
