//! What a site's repository says of people who are on: what they are called, and where they are written to.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::{Rooms, Watch};
use crate::message::KnownNames;
use crate::qlik::Qlik;
use crate::snapshot::{Snapshot, Unseen, User, person_key};
use crate::store::{Store, StoreError};

/// How long it is believed what was told of somebody.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// How long a repository is left alone that did not say what people are called.
const REST: SignedDuration = SignedDuration::from_mins(15);
/// The same where nothing else is asked of it: it may well be out of reach for good.
const LONG_REST: SignedDuration = SignedDuration::from_hours(1);
/// The most people who are asked about after one poll.
const MOST: u32 = 400;

/// Where people who are on are written to, by who they are; and why that is not known of all of them, if it is not.
pub(super) struct Addresses {
    pub of: HashMap<String, String>,
    /// What they are called whom the site did not name.
    pub names: KnownNames,
    pub trouble: Option<Unseen>,
}

/// Asks of those whom nobody asked about lately. With `keep` it is remembered; a store that is not there remembers nothing.
pub(super) async fn addresses(
    store: Option<&Store>,
    qlik: &Qlik,
    snapshot: &Snapshot,
    keep: bool,
    now: Timestamp,
) -> Result<Addresses, StoreError> {
    let mut known = HashSet::new();
    let people = snapshot.sessions().map(|(_, session)| &session.user).filter(|user| !user.is_anonymous());
    let people: Vec<&User> = people.filter(|user| known.insert(user.folded())).collect();
    let mut of = HashMap::new();
    let mut names = match store {
        Some(store) => super::names(store, snapshot).await?,
        None => KnownNames::default(),
    };
    let mut asked = HashSet::new();
    if let Some(store) = store {
        for (user, mail) in store.addresses_of(&people, before(now)).await? {
            asked.insert(user.folded());
            of.extend(mail.map(|mail| (person_key(&user.directory, &user.id), mail)));
        }
    }
    let rest: Vec<&User> = people.into_iter().filter(|user| !asked.contains(&user.folded())).collect();
    if rest.is_empty() {
        return Ok(Addresses { of, names, trouble: None });
    }
    let accounts = match qlik.accounts(&rest).await {
        Ok(accounts) => accounts,
        Err(why) => return Ok(Addresses { of, names, trouble: Some(why) }),
    };
    let told: HashMap<_, _> = accounts.iter().map(|account| (account.user.folded(), account)).collect();
    let row = |user: &&User| {
        let account = told.get(&user.folded());
        let name = account.and_then(|account| account.user.name.clone()).map(String::from);
        ((*user).clone(), name, account.and_then(|account| account.mail.as_ref()).map(|mail| mail.0.clone()))
    };
    // Whom the repository does not know is known not to be known.
    let rows: Vec<_> = rest.iter().map(row).collect();
    for (user, name, mail) in &rows {
        if let Some(name) = name {
            names.add(user, name.clone());
        }
        of.extend(mail.clone().map(|mail| (person_key(&user.directory, &user.id), mail)));
    }
    if let (Some(store), true) = (store, keep) {
        let rows: Vec<_> = rows.iter().map(|(user, name, mail)| (user, name.as_deref(), mail.as_deref())).collect();
        store.keep_accounts(&rows, now).await?;
    }
    Ok(Addresses { of, names, trouble: None })
}

/// Learns what people are called who are on, after a poll and beside the next one: nobody waits for it. Addresses are not
/// asked for here: whoever is not to be written to has none in the store.
pub async fn learn_names(rooms: &Rooms, watch: &Watch) -> Result<(), StoreError> {
    let now = rooms.clock.now();
    // Where the last one is still at it, that is enough.
    let Ok(mut silent) = watch.naming.try_lock() else { return Ok(()) };
    let rest = if watch.qlik.discovers() { REST } else { LONG_REST };
    if silent.is_some_and(|(since, _)| (SignedDuration::ZERO..rest).contains(&now.duration_since(since))) {
        return Ok(());
    }
    let site = &*watch.site.name;
    let people = rooms.store.not_asked_about(site, before(now), MOST).await?;
    let unnamed: Vec<&User> = people.iter().collect();
    if unnamed.is_empty() {
        return Ok(());
    }
    match watch.qlik.accounts(&unnamed).await {
        Err(why) => {
            // What lasts is said once.
            if silent.replace((now, why.kind)).is_none_or(|(_, before)| before != why.kind) {
                let (tried, what, advice) = (why.tried, why.what, why.advice);
                tracing::info!(
                    site,
                    tried,
                    "what people are called is not known: {what}; {advice}; those whom the proxies do not name are shown without a name"
                );
            }
        }
        Ok(accounts) => {
            if silent.take().is_some() {
                tracing::info!(site, "the repository says what people are called");
            }
            let told: HashMap<_, _> = accounts.iter().map(|account| (account.user.folded(), account)).collect();
            let name = |user: &&User| told.get(&user.folded()).and_then(|account| account.user.name.as_deref());
            let rows: Vec<_> = unnamed.iter().map(|user| (*user, name(user))).collect();
            rooms.store.keep_names(&rows, now).await?;
        }
    }
    Ok(())
}

fn before(now: Timestamp) -> Timestamp {
    now.checked_sub(KEPT).unwrap_or(Timestamp::MIN)
}
