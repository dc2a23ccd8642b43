//! `headcount who --at`: who was on at another time, from the store.

use super::args::Who;
use super::exit::{Exit, Failure};
use super::told::Told;
use super::who::{exit, format, patterns};
use super::{Context, output, time};
use crate::message::KnownNames;
use crate::names::Names;
use crate::snapshot::{Observation, Session, Snapshot, Unseen, UnseenKind, User};
use crate::store::{Store, Then};

pub(super) async fn who(context: &Context<'_>, args: &Who, at: &str) -> Result<Exit, Failure> {
    let (store, zone) = context.store().await?;
    let then = time::last(at, context.clock.now(), &zone).map_err(Failure::usage)?;
    let excluded = patterns(&args.exclude)?;
    let known = store.sites().await?;
    if let Some(name) = args.site.iter().find(|name| !known.contains(name)) {
        let known = known.iter().map(|site| format!("`{}`", output::shown(site))).collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() { "no site was polled yet".to_owned() } else { format!("there is {known}") };
        return Err(Failure::usage(format!("nothing is stored of a site `{}`; {known}", output::shown(name))));
    }
    let mut names = KnownNames::default();
    let mut snapshots = Vec::new();
    for site in known.iter().filter(|site| args.site.is_empty() || args.site.contains(site)) {
        let excluded = |user: &User| excluded.iter().any(|pattern| pattern.matches(user));
        snapshots.push(snapshot(&store, site, then, &mut names, excluded).await?);
    }
    let listed = store.names_at_least().await? != Names::Hidden;
    store.close().await;
    let told = Told { at: then, snapshots: &snapshots, names: &names, zone: &zone, listed, args };
    let format = format(args);
    output::print(&told.text(format)?)?;
    told.say_anonymous(format);
    for snapshot in &snapshots {
        for (pair, why) in snapshot.silent() {
            let (site, proxy) = (output::shown(snapshot.site()), output::shown(&pair.proxy));
            let what = match &*pair.prefix {
                "" => "default virtual proxy".to_owned(),
                prefix => format!("virtual proxy `{}`", output::shown(prefix)),
            };
            output::complain(&format!("site `{site}`, proxy {proxy}, {what} was not seen then: {}", why.what));
        }
    }
    if !listed {
        output::say("The store has no names: people are counted alone.");
    }
    Ok(exit(&snapshots, told.total(), args.fail_above))
}

/// What the store knows of one site at an instant, as if it had been asked then.
async fn snapshot(
    store: &Store,
    site: &str,
    then: jiff::Timestamp,
    names: &mut KnownNames,
    excluded: impl Fn(&User) -> bool,
) -> Result<Snapshot, Failure> {
    let mut pairs: Vec<_> = store
        .pairs_at(site, then)
        .await?
        .into_iter()
        .map(|(pair, known)| {
            let unseen = |kind, what: &str| {
                Observation::Unseen(Unseen { kind, tried: String::new(), what: what.to_owned(), advice: String::new() })
            };
            let observation = match known {
                Then::Seen => Observation::Seen(Vec::new()),
                Then::Silent(word) => {
                    let kind = UnseenKind::ALL.into_iter().find(|kind| kind.word() == word);
                    unseen(kind.unwrap_or(UnseenKind::Other), &word)
                }
                Then::NotPolled => unseen(UnseenKind::Other, "nobody asked, or it is not stored any more"),
            };
            (pair, observation)
        })
        .collect();
    for recalled in store.sessions_at(site, then).await? {
        let Some((_, Observation::Seen(sessions))) = pairs.iter_mut().find(|(pair, _)| *pair == recalled.pair) else {
            continue;
        };
        let anonymous =
            || User { directory: "NONE".into(), id: format!("anonymous{}", recalled.id).into(), name: None };
        let user = recalled.user.unwrap_or_else(anonymous);
        if !user.is_anonymous() {
            names.add_since(&user, recalled.began, recalled.at_least);
        }
        sessions.push(Session { id: recalled.session, user });
    }
    Ok(Snapshot::new(site.into(), then, pairs, excluded))
}
