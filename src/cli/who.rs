//! `headcount who`: how many users, and who, in the time of one TLS handshake.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use jiff::tz::TimeZone;

use super::args::{Who, WhoFormat};
use super::exit::{Exit, Failure};
pub(super) use super::told::PairAnswer;
use super::told::Told;
use super::{Context, health, known, output, then, topology};
use crate::config::load::Loader;
use crate::message::KnownNames;
use crate::qlik::{
    self, AskEngines, Fingerprint, Identity, Pattern, Ports, Proxies, ProxySettings, Qlik, RepositoryUser, Roots, Trust,
};
use crate::snapshot::{Counts, Pair, Snapshot, Unseen};
use crate::store::{Store, StoreError};

/// The wait for each answer under `--host`, in seconds.
const TIMEOUT: u64 = 5;

pub(super) async fn who(context: &Context<'_>, args: &Who) -> Result<Exit, Failure> {
    if let Some(at) = &args.at {
        return then::who(context, args, at).await;
    }
    let (sites, remembered) = match &args.host {
        Some(host) => (vec![by_host(args, host)?], None),
        None => configured(context, args)?,
    };
    let (database, zone) = remembered.unzip();
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
    let health = if args.health { AskEngines::Always } else { AskEngines::Not };
    let snapshots = join_all(asked.iter().map(|site| site.observe_with(now, health))).await;

    let mut names = KnownNames::default();
    if let Some(database) = &database {
        match cached_names(store, database, &snapshots).await {
            Ok(cached) => names.extend(cached),
            Err(error) => output::complain(&format!("names are missing, since {error}")),
        }
    }
    let zone = zone.unwrap_or(TimeZone::UTC);
    let told = Told { at: now, snapshots: &snapshots, names: &names, zone: &zone, listed: true, args };
    let (total, format) = (told.total(), format(args));
    output::print(&told.text(format)?)?;
    asked.iter().for_each(topology::complain);
    told.say_anonymous(format);
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

pub(super) fn exit(snapshots: &[Snapshot], total: Option<Counts>, fail_above: Option<u64>) -> Exit {
    let on = total.map_or(0, |counts| counts.users + counts.anonymous);
    if fail_above.is_some_and(|most| on > most) {
        return Exit::No;
    }
    let all_seen = |snapshot: &Snapshot| {
        snapshot.coverage().is_full() && snapshot.engines().iter().all(|engine| engine.health.is_ok())
    };
    if snapshots.iter().all(all_seen) { Exit::Done } else { Exit::Unseen }
}

/// A table for people, lines for programs, unless something else is asked for.
pub(super) fn format(args: &Who) -> WhoFormat {
    args.format.unwrap_or_else(|| if std::io::stdout().is_terminal() { WhoFormat::Table } else { WhoFormat::Plain })
}

pub(super) fn patterns(written: &[String]) -> Result<Vec<Pattern>, Failure> {
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

/// Where the store is, and the zone to show times in.
type Remembered = (PathBuf, TimeZone);

/// Sites of the configuration, where the store with people's names is, and the zone to show times in.
fn configured(context: &Context<'_>, args: &Who) -> Result<(Vec<qlik::Settings>, Option<Remembered>), Failure> {
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
    Ok((sites, Some((context.state().join(&config.database), config.time_zone.clone()))))
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
