//! What was seen of a site at one instant.
//!
//! [`Snapshot`] is every pair's [`Observation`], with its coverage: a pair that did not answer says why, and is
//! never an empty list. Excluded people are left out when a snapshot is made, so that every number counts the same people.
//! Thinks only.

mod engine;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

pub use engine::{Engine, Health};

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

/// Whom somebody is known as, however their directory and id are spelled.
pub fn person_key(directory: &str, id: &str) -> String {
    fold(directory).chain(['\\']).chain(fold(id)).collect()
}

/// The longest name that is folded without being copied to the heap, in bytes; longer ones are rare.
const SHORT: usize = 96;

fn equal_folded(one: &str, other: &str) -> bool {
    if one.is_ascii() && other.is_ascii() { one.eq_ignore_ascii_case(other) } else { fold(one).eq(fold(other)) }
}

impl Hash for Folded<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (directory, id) = (self.directory.as_bytes(), self.id.as_bytes());
        let length = directory.len() + 1 + id.len();
        // One write for the usual name; the separator is no byte of UTF-8, so that no two pairs of texts meet.
        if length <= SHORT && self.directory.is_ascii() && self.id.is_ascii() {
            let mut lower = [0xff_u8; SHORT];
            lower[..directory.len()].copy_from_slice(directory);
            lower[directory.len() + 1..length].copy_from_slice(id);
            lower[..length].make_ascii_lowercase();
            state.write(&lower[..length]);
        } else {
            // The bytes must be those that an equal ASCII text would give: the Kelvin sign folds to an ASCII `k`.
            let mut lower = String::with_capacity(length);
            lower.extend(fold(self.directory));
            let mut bytes = lower.into_bytes();
            bytes.push(0xff);
            bytes.extend(fold(self.id).collect::<String>().into_bytes());
            state.write(&bytes);
        }
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
    /// This machine has no way to it.
    NoNetwork,
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
    pub const ALL: [Self; 17] = [
        Self::Timeout,
        Self::Refused,
        Self::UnknownHost,
        Self::NoNetwork,
        Self::Reset,
        Self::Certificate,
        Self::Forbidden,
        Self::Xsrf,
        Self::LoginPage,
        Self::NotFound,
        Self::RateLimited,
        Self::ServerError,
        Self::ClientError,
        Self::NotAnArray,
        Self::Truncated,
        Self::TooLarge,
        Self::Other,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Refused => "refused",
            Self::UnknownHost => "unknown_host",
            Self::NoNetwork => "no_network",
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

impl Observation {
    /// What was seen; nothing where the pair did not answer.
    pub fn sessions(&self) -> &[Session] {
        match self {
            Self::Seen(sessions) => sessions,
            Self::Unseen(_) => &[],
        }
    }
}

/// How many of how many pairs answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
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
        let mut counter = Counter::default();
        sessions.for_each(|session| counter.count(0, session));
        counter.all
    }
}

/// Counts each pair and the whole in one pass: one look-up for each session.
#[derive(Default)]
struct Counter<'a> {
    /// Each user with the last pair that counted them.
    users: HashMap<Folded<'a>, usize, foldhash::fast::RandomState>,
    all: Counts,
    pair: Counts,
}

impl<'a> Counter<'a> {
    fn with_room_for(users: usize) -> Self {
        Self {
            users: HashMap::with_capacity_and_hasher(users, foldhash::fast::RandomState::default()),
            ..Self::default()
        }
    }

    fn count(&mut self, pair: usize, session: &'a Session) {
        self.all.sessions += 1;
        self.pair.sessions += 1;
        if session.user.is_anonymous() {
            self.all.anonymous += 1;
            self.pair.anonymous += 1;
            return;
        }
        match self.users.entry(session.user.folded()) {
            Entry::Vacant(unseen) => {
                unseen.insert(pair);
                self.all.users += 1;
                self.pair.users += 1;
            }
            Entry::Occupied(mut seen) => {
                if seen.insert(pair) != pair {
                    self.pair.users += 1;
                }
            }
        }
    }
}

/// A certificate, and until when it is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub of: CertificateOf,
    /// The file of a client's, the proxy of a server's, the name in a root.
    pub name: Arc<str>,
    pub until: Timestamp,
}

/// Whose a certificate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificateOf {
    /// headcount's own.
    Client,
    Server,
    Root,
}

/// All observations of a site at one instant.
#[derive(Clone, Debug)]
pub struct Snapshot {
    site: Arc<str>,
    at: Timestamp,
    pairs: Vec<(Pair, Observation)>,
    /// Of each pair, none where it was not seen.
    pair_counts: Vec<Option<Counts>>,
    counts: Counts,
    /// Empty where no engine was asked.
    engines: Vec<Engine>,
    certificates: Vec<Certificate>,
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
        let most = pairs.iter().map(|(_, observation)| observation.sessions().len()).sum();
        let mut counter = Counter::with_room_for(most);
        let pair_counts = pairs
            .iter()
            .enumerate()
            .map(|(pair, (_, observation))| match observation {
                Observation::Unseen(_) => None,
                Observation::Seen(sessions) => {
                    counter.pair = Counts::default();
                    for session in sessions {
                        counter.count(pair, session);
                    }
                    Some(counter.pair)
                }
            })
            .collect();
        let counts = counter.all;
        Self { site, at, pairs, pair_counts, counts, engines: Vec::new(), certificates: Vec::new() }
    }

    /// With the certificates that it was asked by, too.
    #[must_use]
    pub fn with_certificates(self, certificates: Vec<Certificate>) -> Self {
        Self { certificates, ..self }
    }

    /// The certificates that headcount and the site have for each other, as far as they are known.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// With what the engines said, too.
    #[must_use]
    pub fn with_engines(self, engines: Vec<Engine>) -> Self {
        Self { engines, ..self }
    }

    /// The engines that were asked.
    pub fn engines(&self) -> &[Engine] {
        &self.engines
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

    /// The observations themselves, in their order.
    pub fn into_pairs(self) -> Vec<(Pair, Observation)> {
        self.pairs
    }

    /// Each pair with its counts, none where it was not seen.
    pub fn counted(&self) -> impl Iterator<Item = (&Pair, &Observation, Option<Counts>)> {
        self.pairs.iter().zip(&self.pair_counts).map(|((pair, observation), counts)| (pair, observation, *counts))
    }

    pub fn coverage(&self) -> Coverage {
        let answered = self.pairs.iter().filter(|(_, o)| matches!(o, Observation::Seen(_))).count();
        Coverage { answered: answered as u64, asked: self.pairs.len() as u64 }
    }

    /// The sessions of every pair that answered.
    pub fn sessions(&self) -> impl Iterator<Item = (&Pair, &Session)> {
        self.pairs
            .iter()
            .flat_map(|(pair, observation)| observation.sessions().iter().map(move |session| (pair, session)))
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
        self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(directory: &str, id: &str) -> Session {
        Session { id: Secret::new("s"), user: User { directory: directory.into(), id: id.into(), name: None } }
    }

    #[test]
    fn people_are_counted_once_whatever_the_case_and_each_pair_for_itself() {
        let pairs = [
            vec![session("CORP", "anna"), session("corp", "ANNA"), session("NONE", "anonymous1"), session("K", "a")],
            vec![
                session("Corp", "Anna"),
                session("CORPA", "nna"),
                session("\u{212a}", "A"),
                session("none", "Anonymous2"),
            ],
        ];
        let pairs = pairs.into_iter().enumerate().map(|(i, sessions)| {
            (Pair { proxy: "sense".into(), prefix: i.to_string().into() }, Observation::Seen(sessions))
        });
        let snapshot = Snapshot::new("prod".into(), Timestamp::UNIX_EPOCH, pairs.collect(), |_| false);
        assert_eq!(snapshot.counts(), Counts { sessions: 8, users: 3, anonymous: 2 });
        let each: Vec<_> = snapshot.counted().map(|(_, _, counts)| counts.unwrap()).collect();
        assert_eq!(
            each,
            [Counts { sessions: 4, users: 2, anonymous: 1 }, Counts { sessions: 4, users: 3, anonymous: 1 }]
        );
    }

    #[test]
    fn the_excluded_never_count() {
        let pair = Pair { proxy: "sense".into(), prefix: "".into() };
        let seen = Observation::Seen(vec![session("INTERNAL", "sa_api"), session("CORP", "anna")]);
        let out = |user: &User| &*user.directory == "INTERNAL";
        let snapshot = Snapshot::new("prod".into(), Timestamp::UNIX_EPOCH, vec![(pair, seen)], out);
        assert_eq!(snapshot.counts(), Counts { sessions: 1, users: 1, anonymous: 0 });
        assert_eq!(snapshot.sessions().count(), 1);
    }
}
