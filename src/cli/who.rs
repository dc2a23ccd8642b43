//! `headcount who`: how many users, and who, in the time of one TLS handshake.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::Path;

use futures_util::future::join_all;
use serde::Serialize;

use super::args::{Who, WhoFormat};
use super::exit::{Exit, Failure};
use super::{Context, health, known, output, topology};
use crate::config::load::Loader;
use crate::message::{KnownNames, Person, people};
use crate::qlik::{
    self, Fingerprint, Identity, Pattern, Ports, Proxies, ProxySettings, Qlik, RepositoryUser, Roots, Trust,
};
use crate::snapshot::{Counts, Coverage, Observation, Pair, Snapshot, Unseen};
use crate::store::{Store, StoreError};

/// The wait for each answer under `--host`, in seconds.
const TIMEOUT: u64 = 5;

pub(super) async fn who(context: &Context<'_>, args: &Who) -> Result<Exit, Failure> {
    let (sites, database) = match &args.host {
        Some(host) => (vec![by_host(args, host)?], None),
        None => configured(context, args)?,
    };
    let now = context.clock.now();
    let asked =
        sites.iter().map(Qlik::new).collect::<Result<Vec<_>, _>>().map_err(|e| Failure::usage(e.to_string()))?;
    output::complain_of_dates(&sites, now);
    // The answer is the site's; names and topologies that only the store knows are an extra.
    let mut store = None;
    if let Some(database) = &database
        && asked.iter().any(Qlik::discovers)
    {
        match recalled(database, &asked, &sites).await {
            Ok(opened) => store = opened,
            Err(error) => output::complain(&format!("what is known of proxies is missing, since {error}")),
        }
    }
    let snapshots = join_all(asked.iter().map(|site| site.observe_with(now, args.health))).await;

    let mut names = KnownNames::default();
    if let Some(database) = &database {
        match cached_names(store, database, &snapshots).await {
            Ok(cached) => names.extend(cached),
            Err(error) => output::complain(&format!("names are missing, since {error}")),
        }
    }
    let seen = snapshots.iter().any(|snapshot| snapshot.coverage().answered > 0);
    let total = seen.then(|| match snapshots.as_slice() {
        [one] => one.counts(),
        // A user of two sites is one user.
        several => Counts::of(several.iter().flat_map(|snapshot| snapshot.sessions().map(|(_, session)| session))),
    });

    let format = args
        .format
        .unwrap_or_else(|| if std::io::stdout().is_terminal() { WhoFormat::Table } else { WhoFormat::Plain });
    let text = match format {
        WhoFormat::Json => json(now, &snapshots, &names, total, args.health)?,
        WhoFormat::Plain => plain(&snapshots, &names),
        WhoFormat::Csv => csv(&snapshots, &names),
        WhoFormat::Table => table(&snapshots, &names, total),
    };
    output::print(&text)?;
    asked.iter().for_each(topology::complain);
    if let (WhoFormat::Plain, Some(anonymous)) = (format, total.map(|total| total.anonymous).filter(|n| *n > 0)) {
        // A line of its own would be a person to whoever counts lines.
        output::say(&format!("and {}", output::count(anonymous, "anonymous session", "anonymous sessions")));
    }
    if matches!(format, WhoFormat::Plain | WhoFormat::Csv) {
        // Whoever reads a list of people reads nothing else there.
        snapshots.iter().for_each(health::say);
    }
    for snapshot in &snapshots {
        for (pair, why) in snapshot.silent() {
            output::complain(&sentence(snapshot.site(), pair, why));
        }
        health::complain(snapshot);
    }
    Ok(exit(&snapshots, total, args.fail_above))
}

/// What one pair that was not seen comes to: where, what was tried, what happened, what to do.
pub(super) fn sentence(site: &str, pair: &Pair, why: &Unseen) -> String {
    let (proxy, prefix) = (output::shown(&pair.proxy), output::shown(&pair.prefix));
    let virtual_proxy =
        if prefix.is_empty() { "default virtual proxy".to_owned() } else { format!("virtual proxy `{prefix}`") };
    let place = if *site == *pair.proxy { proxy } else { format!("site `{}`, proxy {proxy}", output::shown(site)) };
    format!("{place}, {virtual_proxy} was not seen: {}: {}; {}", why.tried, output::shown(&why.what), why.advice)
}

/// The store, where there is one, once each site knows what the daemon heard of its proxies.
async fn recalled(database: &Path, asked: &[Qlik], sites: &[qlik::Settings]) -> Result<Option<Store>, StoreError> {
    let store = Store::open_existing(database).await?;
    if let Some(store) = &store {
        for (qlik, site) in asked.iter().zip(sites) {
            crate::jobs::recall(store, &site.site, qlik).await?;
        }
    }
    Ok(store)
}

/// What people are called whom the site did not name, where there is a store to ask.
async fn cached_names(store: Option<Store>, database: &Path, snapshots: &[Snapshot]) -> Result<KnownNames, StoreError> {
    let mut names = KnownNames::default();
    let store = match store {
        Some(store) => Some(store),
        None => Store::open_existing(database).await?,
    };
    if let Some(store) = store {
        for snapshot in snapshots {
            names.extend(crate::jobs::names(&store, snapshot).await?);
        }
        store.close().await;
    }
    Ok(names)
}

fn exit(snapshots: &[Snapshot], total: Option<Counts>, fail_above: Option<u64>) -> Exit {
    let on = total.map_or(0, |counts| counts.users + counts.anonymous);
    if fail_above.is_some_and(|most| on > most) {
        return Exit::No;
    }
    let all_seen = |snapshot: &Snapshot| {
        snapshot.coverage().is_full() && snapshot.engines().iter().all(|engine| engine.health.is_ok())
    };
    if snapshots.iter().all(all_seen) { Exit::Done } else { Exit::Unseen }
}

fn patterns(written: &[String]) -> Result<Vec<Pattern>, Failure> {
    written.iter().map(|text| Pattern::new(text)).collect::<Result<_, _>>().map_err(|e| Failure::usage(e.to_string()))
}

/// One proxy, with no configuration read.
fn by_host(args: &Who, host: &str) -> Result<qlik::Settings, Failure> {
    let here = Loader::beside(Path::new("./-"));
    let read = |file: &Path| -> Result<(String, Vec<u8>), Failure> {
        let name = file.display().to_string();
        here.bytes(&name).map(|bytes| (name, bytes)).map_err(Failure::usage)
    };
    let identity = match (&args.cert, &args.key, &args.pfx) {
        (Some(cert), Some(key), None) => {
            let (cert, key) = (read(cert)?, read(key)?);
            Identity::from_pem((&cert.0, &cert.1), (&key.0, &key.1))
        }
        (None, None, Some(pfx)) => {
            let pfx = read(pfx)?;
            let password = match &args.password_file {
                None => None,
                Some(file) => Some(here.secret_file(&file.display().to_string()).map_err(Failure::usage)?),
            };
            Identity::from_pfx((&pfx.0, &pfx.1), password.as_ref(), "--password-file FILE")
        }
        _ => return Err(Failure::usage("--host needs --cert and --key, or --pfx")),
    };
    let identity = identity.map_err(|error| Failure::usage(error.to_string()))?;
    let trust = match &args.root {
        _ if args.insecure => {
            output::say("headcount: --insecure: whoever answers is believed to be the proxy");
            Trust::Insecure
        }
        _ if !args.fingerprint.is_empty() => {
            let pins = args.fingerprint.iter().map(|text| Fingerprint::parse(text)).collect::<Result<_, _>>();
            Trust::Pinned(pins.map_err(|error| Failure::usage(error.to_string()))?)
        }
        None => Trust::Root(None),
        Some(file) => {
            let (name, bytes) = read(file)?;
            Trust::Root(Some(Roots::from_file(&name, &bytes).map_err(|e| Failure::usage(e.to_string()))?))
        }
    };
    let mut virtual_proxies = args.virtual_proxy.clone();
    if virtual_proxies.is_empty() {
        virtual_proxies.push(String::new());
    }
    for prefix in &virtual_proxies {
        qlik::check_prefix(prefix).map_err(Failure::usage)?;
    }
    let mut known = HashSet::new();
    virtual_proxies.retain(|prefix| known.insert(prefix.clone()));
    let timeout = args.timeout.map_or(std::time::Duration::from_secs(TIMEOUT), jiff::SignedDuration::unsigned_abs);
    let user = args.user.as_deref().map(RepositoryUser::parse).transpose();
    let proxies = if args.discover {
        Proxies::Discover
    } else {
        Proxies::Listed(vec![ProxySettings {
            host: host.to_owned(),
            port: args.port.unwrap_or(qlik::QPS_PORT),
            server_name: args.server_name.clone(),
            trust: None,
            virtual_proxies,
        }])
    };
    Ok(qlik::Settings {
        site: host.into(),
        host: host.to_owned(),
        server_name: args.server_name.clone(),
        identity,
        trust,
        user: user.map_err(|error| Failure::usage(error.to_string()))?,
        ports: Ports {
            qrs: args.qrs_port.unwrap_or(qlik::QRS_PORT),
            engine: args.engine_port.unwrap_or(qlik::ENGINE_PORT),
        },
        proxies,
        resolve: args.resolve.clone(),
        timeout,
        exclude: patterns(&args.exclude)?,
    })
}

/// Sites of the configuration, and where the store with people's names is.
fn configured(context: &Context<'_>, args: &Who) -> Result<(Vec<qlik::Settings>, Option<std::path::PathBuf>), Failure> {
    let config = context.config()?;
    let mut names: Vec<&str> = Vec::new();
    for name in &args.site {
        known::site(&config, name)?;
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let more = patterns(&args.exclude)?;
    let sites = config
        .sites
        .iter()
        .filter(|site| names.is_empty() || names.contains(&&*site.name))
        .map(|site| {
            let mut settings = site.qlik.clone();
            settings.exclude.extend(more.iter().cloned());
            if let Some(timeout) = args.timeout {
                settings.timeout = timeout.unsigned_abs();
            }
            settings
        })
        .collect();
    Ok((sites, Some(context.state().join(&config.database))))
}

fn named(snapshot: &Snapshot, names: &KnownNames) -> (Vec<Person>, Option<Person>) {
    let mut all = people(snapshot.sessions(), names);
    let anonymous = all.pop_if(|person| person.anonymous);
    (all, anonymous)
}

#[derive(Serialize)]
struct Answer<'a> {
    at: String,
    sites: Vec<SiteAnswer<'a>>,
    sessions: Option<u64>,
    users: Option<u64>,
    anonymous: Option<u64>,
}

#[derive(Serialize)]
struct SiteAnswer<'a> {
    site: &'a str,
    coverage: Coverage,
    sessions: Option<u64>,
    users: Option<u64>,
    anonymous: Option<u64>,
    pairs: Vec<PairAnswer<'a>>,
    people: Vec<PersonAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    engines: Option<Vec<health::Answer>>,
}

/// A pair with its counts, or with why it was not seen.
#[derive(Serialize)]
pub(super) struct PairAnswer<'a> {
    pub(super) proxy: &'a str,
    pub(super) prefix: &'a str,
    pub(super) sessions: Option<u64>,
    pub(super) users: Option<u64>,
    pub(super) error: Option<&'a str>,
}

impl<'a> PairAnswer<'a> {
    pub(super) fn of((pair, observation, counts): (&'a Pair, &'a Observation, Option<Counts>)) -> Self {
        let error = match observation {
            Observation::Seen(_) => None,
            Observation::Unseen(why) => Some(why.what.as_str()),
        };
        Self {
            proxy: &pair.proxy,
            prefix: &pair.prefix,
            sessions: counts.map(|counts| counts.sessions),
            users: counts.map(|counts| counts.users),
            error,
        }
    }
}

#[derive(Serialize)]
struct PersonAnswer {
    directory: String,
    id: String,
    name: Option<String>,
    sessions: u64,
    on: Vec<String>,
}

fn json(
    now: jiff::Timestamp,
    snapshots: &[Snapshot],
    names: &KnownNames,
    total: Option<Counts>,
    with_health: bool,
) -> Result<String, Failure> {
    let sites = snapshots.iter().map(|snapshot| {
        let coverage = snapshot.coverage();
        let counts = (coverage.answered > 0).then(|| snapshot.counts());
        SiteAnswer {
            site: snapshot.site(),
            coverage,
            sessions: counts.map(|counts| counts.sessions),
            users: counts.map(|counts| counts.users),
            anonymous: counts.map(|counts| counts.anonymous),
            pairs: snapshot.counted().map(PairAnswer::of).collect(),
            people: named(snapshot, names)
                .0
                .into_iter()
                .map(|Person { directory, id, name, sessions, on, .. }| PersonAnswer {
                    directory,
                    id,
                    name,
                    sessions,
                    on,
                })
                .collect(),
            engines: with_health.then(|| health::answers(snapshot)),
        }
    });
    let answer = Answer {
        at: now.to_string(),
        sites: sites.collect(),
        sessions: total.map(|counts| counts.sessions),
        users: total.map(|counts| counts.users),
        anonymous: total.map(|counts| counts.anonymous),
    };
    Ok(output::json(&answer)?)
}

fn plain(snapshots: &[Snapshot], names: &KnownNames) -> String {
    let mut text = String::new();
    for person in snapshots.iter().flat_map(|snapshot| named(snapshot, names).0) {
        let user = output::shown(&format!("{}\\{}", person.directory, person.id));
        let _ = writeln!(text, "{user}\t{}\t{}", person.sessions, output::shown(&person.on.join(",")));
    }
    text
}

fn csv(snapshots: &[Snapshot], names: &KnownNames) -> String {
    let mut text = String::from("directory,id,name,sessions,on\n");
    for person in snapshots.iter().flat_map(|snapshot| named(snapshot, names).0) {
        let cells =
            [&person.directory, &person.id, person.name.as_ref().unwrap_or(&String::new())].map(|c| output::csv(c));
        let _ = writeln!(text, "{},{},{}", cells.join(","), person.sessions, output::csv(&person.on.join(";")));
    }
    text
}

fn table(snapshots: &[Snapshot], names: &KnownNames, total: Option<Counts>) -> String {
    let mut text = String::new();
    for snapshot in snapshots {
        let (people, anonymous) = named(snapshot, names);
        if !people.is_empty() || anonymous.is_some() {
            let mut table = output::table(&["User", "Name", "Sessions", "On"]);
            for person in people.iter().chain(&anonymous) {
                let user = if person.anonymous {
                    "(anonymous)".to_owned()
                } else {
                    output::shown(&format!("{}\\{}", person.directory, person.id))
                };
                let on: Vec<_> =
                    person.on.iter().map(|on| if on.is_empty() { "(default)" } else { on.as_str() }).collect();
                let name = output::shown(person.name.as_deref().unwrap_or_default());
                table.add_row([user, name, person.sessions.to_string(), output::shown(&on.join(", "))]);
            }
            if let Some(column) = table.column_mut(2) {
                column.set_cell_alignment(comfy_table::CellAlignment::Right);
            }
            let _ = writeln!(text, "{table}");
        }
        let _ = writeln!(text, "{}", summary(snapshot));
        text.push_str(&health::table(snapshot));
    }
    if let (true, Some(total)) = (snapshots.len() > 1, total) {
        let partial = snapshots.iter().any(|snapshot| !snapshot.coverage().is_full());
        let _ = writeln!(text, "In all: {}{}.", if partial { "at least " } else { "" }, counted(total));
    }
    text
}

pub(super) fn counted(counts: Counts) -> String {
    let mut text = output::count(counts.users, "user", "users");
    if counts.anonymous > 0 {
        let _ = write!(text, " and {}", output::count(counts.anonymous, "anonymous session", "anonymous sessions"));
    }
    let _ = write!(text, " in {}", output::count(counts.sessions, "session", "sessions"));
    text
}

/// One line about a site; a partial view says so, and nothing seen is not nobody on.
pub(super) fn summary(snapshot: &Snapshot) -> String {
    let (site, coverage) = (output::shown(snapshot.site()), snapshot.coverage());
    match (coverage.answered, coverage.is_full()) {
        (0, false) if coverage.asked == 1 => format!("{site}: nothing was seen; its virtual proxy did not answer."),
        (0, false) => format!("{site}: nothing was seen; none of {} virtual proxies answered.", coverage.asked),
        (_, true) if snapshot.counts() == Counts::default() => format!("{site}: nobody is on."),
        (_, true) => format!("{site}: {}.", counted(snapshot.counts())),
        (answered, false) => format!(
            "{site}: at least {}; {answered} of {} answered.",
            counted(snapshot.counts()),
            output::count(coverage.asked, "virtual proxy", "virtual proxies")
        ),
    }
}
