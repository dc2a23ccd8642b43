//! What is known of sites whose proxies are discovered, in lines.

use std::fmt::Write as _;

use super::output;
use crate::config::Config;
use crate::jobs;
use crate::qlik::{Known, Qlik, Topology};
use crate::store::{Store, StoreError};

/// How many changes are shown.
const CHANGES: u32 = 5;

/// What the store knows of each site that is discovered; nothing where there is none.
pub(super) async fn known(config: &Config, database: &std::path::Path) -> Result<String, StoreError> {
    let mut text = String::new();
    let sites: Vec<_> = config.sites.iter().filter(|site| site.qlik.discovers()).collect();
    if sites.is_empty() {
        return Ok(text);
    }
    let store = Store::open_existing(database).await?;
    for site in sites {
        let name = output::shown(&site.name);
        let mut changes = Vec::new();
        let mut known = None;
        // A site whose client cannot be made was refused with the configuration.
        if let (Some(store), Ok(qlik)) = (&store, Qlik::new(&site.qlik)) {
            jobs::recall(store, &site.name, &qlik).await?;
            changes = store.topology_changes(&site.name, CHANGES).await?;
            known = qlik.known();
        }
        match known {
            None => {
                let _ = writeln!(
                    text,
                    "{name}: its repository was not asked yet which proxies there are; `--connect` asks it."
                );
            }
            Some(Known { topology, at }) => {
                let _ = writeln!(
                    text,
                    "{name}: {}, said its repository at {}.",
                    summary(&topology),
                    output::moment(at, &config.time_zone)
                );
                text.push_str(&listed(&topology));
            }
        }
        for change in changes {
            let what = if change.appeared { "appeared" } else { "is gone" };
            let at = output::moment(change.at, &config.time_zone);
            let _ = writeln!(text, "  since {at}: {} {what}", output::shown(&change.what));
        }
    }
    if let Some(store) = store {
        store.close().await;
    }
    Ok(text)
}

/// What there is to say of a list of proxies that is old, or may be short. Where none is known, its pair says why.
pub(super) fn complain(site: &Qlik) {
    if let (Some(why), Some(known)) = (site.trouble(), site.known()) {
        let at = known.at.strftime("%Y-%m-%d %H:%M UTC");
        output::complain(&format!(
            "the repository was not heard: {}: {}; {}. The proxies are those that it named at {at}",
            why.tried,
            output::shown(&why.what),
            why.advice
        ));
    }
    for doubt in site.doubts() {
        output::complain(&output::cut(&doubt.to_string(), 600));
    }
}

/// `2 proxies, 29 virtual proxies, 30 pairs to poll`.
pub(super) fn summary(topology: &Topology) -> String {
    format!(
        "{}, {}, {} to poll",
        output::count(topology.proxies.len() as u64, "proxy", "proxies"),
        output::count(topology.virtual_proxies() as u64, "virtual proxy", "virtual proxies"),
        output::count(topology.pairs() as u64, "pair", "pairs"),
    )
}

/// Each proxy with its virtual proxies, and those that are linked to none.
fn listed(topology: &Topology) -> String {
    let mut text = String::new();
    let prefixes = |prefixes: &mut dyn Iterator<Item = &str>| {
        prefixes
            .map(|prefix| if prefix.is_empty() { "(default)".to_owned() } else { output::shown(prefix) })
            .collect::<Vec<_>>()
            .join(", ")
    };
    for proxy in &topology.proxies {
        let linked = prefixes(&mut proxy.virtual_proxies.iter().map(|one| one.prefix.as_str()));
        let linked = if linked.is_empty() { "no virtual proxy".to_owned() } else { linked };
        let node = if proxy.node.is_empty() { String::new() } else { format!(" ({})", output::shown(&proxy.node)) };
        let _ = writeln!(text, "  {}{node}: {linked}", output::shown(&proxy.label()));
    }
    if !topology.unlinked.is_empty() {
        let _ = writeln!(text, "  {}", unlinked(topology));
    }
    text
}

/// Virtual proxies that nobody can reach.
pub(super) fn unlinked(topology: &Topology) -> String {
    let all: Vec<_> = topology.unlinked.iter().map(|one| output::shown(&one.told())).collect();
    format!("not linked to any proxy, so not polled: {}", all.join(", "))
}
