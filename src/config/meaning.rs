//! From what was written to what it means, gathering every mistake on the way.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::file::{self, OneOrMany};
use super::load::Loader;
use super::problem::{Gathered, Problems, nearest};
use super::{ChannelSpec, Config};
use crate::channels::{self, Authorities, Channel, Names};
use crate::duration;
use crate::jobs::{Check, Report, Site};
use crate::judge::{Amount, Bound, Change, HoldFor, Parts, Rule, RuleKind, Threshold, Turn, Unreachable};
use crate::qlik::{self, Fingerprint, Identity, Pattern, ProxySettings, Roots, Trust};
use crate::schedule::Cron;

/// Who never counts, unless the site says otherwise.
const EXCLUDED: &str = r"INTERNAL\sa_*";
const TIMEOUT: SignedDuration = SignedDuration::from_secs(5);
const REPEAT: SignedDuration = SignedDuration::from_hours(4);
const GIVE_UP: SignedDuration = SignedDuration::from_hours(24);
/// Who is on tells of a moment: told much later, it misleads.
const WHO_LATE: SignedDuration = SignedDuration::from_mins(15);

pub(super) fn understand(path: &Path, text: &str, written: file::Config) -> Result<Config, Problems> {
    let mut gathered = Gathered::new(path, text);
    let loader = Loader::beside(path);
    let g = &mut gathered;

    let (time_zone, database) = zone_and_database(g, written.time_zone.as_deref(), written.store);
    let templates = written.templates.map(|folder| loader.find(&folder));
    if let Some(folder) = templates.as_ref().filter(|folder| !folder.is_dir()) {
        g.add("templates", format!("there is no folder `{}`", folder.display()));
    }

    let channel_names: Vec<String> = written.channels.0.iter().map(|(name, _)| name.clone()).collect();
    let rule_names: Vec<String> = written.rules.0.iter().map(|(name, _)| name.clone()).collect();
    let site_names: Vec<String> = written.sites.0.iter().map(|(name, _)| name.clone()).collect();
    if site_names.is_empty() {
        g.add("sites", "there is no site to ask: write one, with `host`, `certificate` and `trust`");
    }

    let channels: Vec<_> = written
        .channels
        .0
        .into_iter()
        .filter_map(|(name, channel)| self::channel(g, &loader, &name, channel))
        .collect();
    let rules: Vec<_> =
        written.rules.0.into_iter().filter_map(|(name, rule)| self::rule(g, &name, &rule, &channel_names)).collect();
    let sites: Vec<_> =
        written.sites.0.into_iter().filter_map(|(name, site)| self::site(g, &loader, &name, &site)).collect();

    let mut checks: Vec<Check> = Vec::new();
    let mut watched: Vec<(String, String)> = Vec::new();
    for (name, check) in written.checks.0 {
        let at = format!("checks.{name}");
        let cron = g.take(&format!("{at}.cron"), Cron::new(&check.cron, &time_zone));
        let key = format!("{at}.rules");
        let mut its_rules = Vec::new();
        for (key, rule) in check.rules.at(&key) {
            if !rule_names.iter().any(|known| known == rule) {
                g.add(
                    key,
                    format!("no rule is called `{rule}`; {}", nearest(rule, rule_names.iter().map(String::as_str))),
                );
            } else if let Some(rule) = rules.iter().find(|known| *known.name == *rule) {
                its_rules.push(rule.clone());
            }
        }
        for site in its_sites(g, &format!("{at}.site"), &check.site, &site_names) {
            if let Some((_, other)) = watched.iter().find(|(known, _)| *known == site) {
                g.add(
                    format!("{at}.site"),
                    format!("the site `{site}` has a check already, `{other}`: a site has at most one; put its rules together"),
                );
                continue;
            }
            watched.push((site.clone(), name.clone()));
            if let (Some(cron), Some(site)) = (&cron, sites.iter().find(|known| *known.name == *site)) {
                checks.push(Check {
                    name: name.clone(),
                    site: site.clone(),
                    cron: cron.clone(),
                    rules: its_rules.clone(),
                });
            }
        }
    }

    let mut reports = Vec::new();
    for (name, report) in written.reports.0 {
        reports.extend(self::report(g, &name, &report, &time_zone, &sites, &site_names, &channel_names));
    }

    for rule in
        rules.iter().filter(|rule| !checks.iter().any(|check| check.rules.iter().any(|its| its.name == rule.name)))
    {
        g.note(
            &format!("rules.{}", rule.name),
            "no check uses this rule: give it to one under `rules`, or take it out",
        );
    }
    let told: Vec<&Arc<str>> =
        rules.iter().flat_map(|rule| &rule.tell).chain(reports.iter().flat_map(|report| &report.tell)).collect();
    for name in channel_names.iter().filter(|name| !told.iter().any(|told| ***told == ***name)) {
        let what =
            "no rule and no report tells this channel: name it under `tell`, or keep it for `announce` and `test`";
        g.note(&format!("channels.{name}"), what);
    }
    let notes = g.notes();

    gathered.finish(Some(Config {
        file: path.to_path_buf(),
        time_zone,
        database,
        templates,
        sites,
        checks,
        reports,
        channels,
        rules: rules.len(),
        notes,
    }))
}

/// What the commands need that only look into the store.
pub(super) fn store_only(path: &Path, text: &str, written: file::Config) -> Result<(TimeZone, PathBuf), Problems> {
    let mut gathered = Gathered::new(path, text);
    let meant = zone_and_database(&mut gathered, written.time_zone.as_deref(), written.store);
    gathered.finish(Some(meant))
}

fn zone_and_database(g: &mut Gathered<'_>, time_zone: Option<&str>, store: Option<file::Store>) -> (TimeZone, PathBuf) {
    let time_zone = zone(g, "time_zone", time_zone).unwrap_or(TimeZone::UTC);
    let database = PathBuf::from(store.and_then(|store| store.sqlite).unwrap_or("headcount.db".to_owned()));
    if database.file_name().is_none() {
        g.add("store.sqlite", "it is no name of a file: write one such as `headcount.db`");
    }
    (time_zone, database)
}

fn zone(g: &mut Gathered<'_>, key: &str, written: Option<&str>) -> Option<TimeZone> {
    let name = written?;
    g.take(
        key,
        TimeZone::get(name).map_err(|_| {
            format!("`{name}` is no time zone: write an IANA name such as `Europe/Stockholm` or `America/New_York`")
        }),
    )
}

fn length(g: &mut Gathered<'_>, key: &str, written: Option<&str>, default: SignedDuration) -> SignedDuration {
    written.and_then(|text| g.take(key, duration::parse(text))).unwrap_or(default)
}

/// A length of time or `never`/`none`.
fn length_or(g: &mut Gathered<'_>, key: &str, written: &str, word: &str) -> Option<SignedDuration> {
    if written == word {
        return None;
    }
    let parsed = duration::parse(written).map_err(|error| format!("{error}, or `{word}`"));
    let parsed = g.take(key, parsed)?;
    if parsed.is_zero() {
        g.add(key, format!("it cannot be zero: write a length of time, or `{word}`"));
    }
    Some(parsed)
}

fn link(g: &mut Gathered<'_>, key: &str, written: Option<&str>) -> Option<String> {
    let text = written?;
    let fine = reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !fine {
        g.add(key, format!("`{text}` is no link: write an address that begins with `https://`"));
        return None;
    }
    Some(text.to_owned())
}

fn its_sites(g: &mut Gathered<'_>, key: &str, written: &OneOrMany, known: &[String]) -> Vec<String> {
    let mut sites: Vec<String> = Vec::new();
    if written.all.is_empty() {
        g.add(key, "no site is given: write a name, a list of names, or `all`");
    }
    for (key, name) in written.at(key) {
        if name == "all" && !written.listed {
            return known.to_vec();
        }
        if !known.iter().any(|site| site == name) {
            g.add(key, format!("no site is called `{name}`; {}", nearest(name, known.iter().map(String::as_str))));
        } else if sites.iter().any(|site| site == name) {
            g.add(key, format!("the site `{name}` is given twice"));
        } else {
            sites.push(name.to_owned());
        }
    }
    sites
}

fn tell(g: &mut Gathered<'_>, at: &str, written: Option<&OneOrMany>, known: &[String]) -> Vec<Arc<str>> {
    let key = format!("{at}.tell");
    let mut told: Vec<Arc<str>> = Vec::new();
    let empty = OneOrMany::default();
    let written = written.unwrap_or(&empty);
    if written.all.is_empty() {
        g.add(at, "it is told to nobody: give `tell`, a list of channels");
    }
    for (key, name) in written.at(&key) {
        if !known.iter().any(|channel| channel == name) {
            g.add(key, format!("no channel is called `{name}`; {}", nearest(name, known.iter().map(String::as_str))));
        } else if told.iter().any(|channel| **channel == *name) {
            g.add(key, format!("the channel `{name}` is given twice"));
        } else {
            told.push(name.into());
        }
    }
    told
}

fn hold(g: &mut Gathered<'_>, key: &str, written: Option<&str>) -> HoldFor {
    let Some(text) = written else { return HoldFor::Lasting(SignedDuration::ZERO) };
    if let Some(polls) = text.strip_suffix("polls").or_else(|| text.strip_suffix("poll")) {
        let polls = polls.trim().parse().ok().filter(|polls| *polls > 0);
        let polls = polls.ok_or_else(|| format!("`{text}` is no number of polls: write one such as `3 polls`"));
        return HoldFor::Polls(g.take(key, polls).unwrap_or(1));
    }
    let parsed = duration::parse(text).map_err(|error| format!("{error}, or a number of polls such as `3 polls`"));
    HoldFor::Lasting(g.take(key, parsed).unwrap_or_default())
}

fn rule(g: &mut Gathered<'_>, name: &str, rule: &file::Rule, channels: &[String]) -> Option<Arc<Rule>> {
    let at = format!("rules.{name}");
    let mut kinds = Vec::new();
    if let Some(threshold) = &rule.threshold {
        kinds.push(self::threshold(g, &format!("{at}.threshold"), threshold).map(RuleKind::Threshold));
    }
    if let Some(change) = &rule.change {
        kinds.push(self::change(g, &format!("{at}.change"), change).map(RuleKind::Change));
    }
    if let Some(unreachable) = &rule.unreachable {
        let parts = match unreachable.parts {
            Some(file::Parts::All) => Parts::All,
            Some(file::Parts::Any) | None => Parts::Any,
        };
        let hold = hold(g, &format!("{at}.unreachable.for"), unreachable.hold.as_deref());
        kinds.push(Some(RuleKind::Unreachable(Unreachable { parts, hold })));
    }
    if kinds.len() != 1 {
        let what = if kinds.is_empty() { "the rule has no kind" } else { "the rule has more than one kind" };
        g.add(&at, format!("{what}: give exactly one of `threshold`, `change` and `unreachable`"));
    }
    let repeat = match &rule.repeat {
        None => Some(REPEAT),
        Some(text) => length_or(g, &format!("{at}.repeat"), text, "never"),
    };
    let tell = tell(g, &at, rule.tell.as_ref(), channels);
    let link = link(g, &format!("{at}.link"), rule.link.as_deref());
    let kind = kinds.into_iter().next().flatten()?;
    Some(Arc::new(Rule { name: name.into(), kind, severity: rule.severity, tell, repeat, link }))
}

fn threshold(g: &mut Gathered<'_>, at: &str, written: &file::Threshold) -> Option<Threshold> {
    let (bound, limit) = match (written.above, written.below) {
        (Some(above), None) => (Bound::Above, above),
        (None, Some(below)) => (Bound::Below, below),
        _ => {
            g.add(at, "give exactly one of `above` and `below`");
            return None;
        }
    };
    let clear = written.clear.unwrap_or(limit);
    match bound {
        Bound::Above if clear > limit => g.add(
            format!("{at}.clear"),
            format!("it would close at {clear}, where it opens above {limit}: `clear` is at most `above`"),
        ),
        Bound::Below if clear < limit => g.add(
            format!("{at}.clear"),
            format!("it would close at {clear}, where it opens below {limit}: `clear` is at least `below`"),
        ),
        Bound::Below if limit == 0 => g.add(format!("{at}.below"), "nothing is below 0, so it would never open"),
        Bound::Above | Bound::Below => {}
    }
    let hold = hold(g, &format!("{at}.for"), written.hold.as_deref());
    Some(Threshold { metric: written.metric, bound, limit, clear, hold })
}

fn change(g: &mut Gathered<'_>, at: &str, written: &file::Change) -> Option<Change> {
    let (turn, key, amount) = match (&written.rises, &written.falls) {
        (Some(rises), None) => (Turn::Rises, format!("{at}.rises"), rises),
        (None, Some(falls)) => (Turn::Falls, format!("{at}.falls"), falls),
        _ => {
            g.add(at, "give exactly one of `rises` and `falls`");
            return None;
        }
    };
    let within = g.take(&format!("{at}.within"), duration::parse(&written.within));
    if within.is_some_and(|within| within.is_zero()) {
        g.add(format!("{at}.within"), "nothing changes within no time: write a length such as `5m`");
    }
    let text = amount.0.trim();
    let number = text.strip_suffix('%').unwrap_or(text).trim().parse::<u64>().ok();
    let parsed = match number {
        Some(0) => Err("a change of 0 is none: write a number such as `30`, or a percentage such as `50%`".to_owned()),
        Some(percent) if text.ends_with('%') && turn == Turn::Falls && percent > 100 => {
            Err(format!("nothing falls by {percent} %: write at most `100%`"))
        }
        Some(percent) if text.ends_with('%') => Ok(Amount::Percent(percent)),
        Some(number) => Ok(Amount::Number(number)),
        None => Err(format!("`{text}` is neither a number such as `30` nor a percentage such as `50%`")),
    };
    let amount = g.take(&key, parsed)?;
    Some(Change { metric: written.metric, turn, amount, within: within?, at_least: written.at_least.unwrap_or(1) })
}

fn site(g: &mut Gathered<'_>, loader: &Loader, name: &str, site: &file::Site) -> Option<Arc<Site>> {
    let at = format!("sites.{name}");
    let identity = identity(g, loader, &format!("{at}.certificate"), &site.certificate);
    let trust = self::trust(g, loader, &format!("{at}.trust"), site.trust.as_ref());
    let port = site.ports.as_ref().and_then(|ports| ports.qps).unwrap_or(qlik::QPS_PORT);
    let server_name = site.trust.as_ref().and_then(|trust| trust.server_name.clone());
    let proxies = match &site.proxies {
        None => {
            vec![ProxySettings {
                host: site.host.clone(),
                port,
                server_name,
                trust: None,
                virtual_proxies: vec![String::new()],
            }]
        }
        Some(file::Proxies(list)) => proxies(g, &at, list, site, port),
    };
    let timeout = length(g, &format!("{at}.timeout"), site.timeout.as_deref(), TIMEOUT);
    if timeout.is_zero() {
        g.add(format!("{at}.timeout"), "no site answers in no time: write a length such as `5s`");
    }
    let key = format!("{at}.exclude");
    let exclude = match &site.exclude {
        None => vec![EXCLUDED.to_owned()],
        Some(written) => written.all.clone(),
    };
    let exclude: Vec<_> = exclude.iter().filter_map(|pattern| g.take(&key, Pattern::new(pattern))).collect();
    let link = link(g, &format!("{at}.link"), site.link.as_deref());
    let settings = qlik::Settings {
        site: name.into(),
        identity: identity?,
        trust: trust?,
        proxies,
        timeout: timeout.unsigned_abs(),
        exclude,
    };
    if let Err(error) = qlik::check_host(&site.host) {
        g.add(format!("{at}.host"), error.to_string());
    } else if let Err(error) = qlik::Qlik::new(&settings) {
        let key = match &error {
            qlik::TlsError::Host(_) if site.proxies.is_some() => "proxies",
            qlik::TlsError::ServerName(_) | qlik::TlsError::Root(_) => "trust",
            qlik::TlsError::Identity(_) => "certificate",
            qlik::TlsError::Host(_) | qlik::TlsError::Client(_) => "host",
        };
        g.add(format!("{at}.{key}"), error.to_string());
    }
    Some(Arc::new(Site { name: name.into(), qlik: settings, link }))
}

/// Exactly one of `pfx` and `pem` with `key`.
fn identity(g: &mut Gathered<'_>, loader: &Loader, at: &str, written: &file::Certificate) -> Option<Identity> {
    let given = (
        // An empty one is how some write that there is none.
        written.password.as_ref().filter(|password| !password.is_empty()),
        written.password_file.as_deref(),
        written.password_env.as_deref(),
    );
    let with_password = !matches!(given, (None, None, None));
    match (&written.pfx, written.pem.is_some() || written.key.is_some()) {
        (Some(_), true) => {
            g.add(at, "the certificate is given twice: give either `pfx`, or `pem` and `key`");
            None
        }
        (None, false) => {
            g.add(
                at,
                "there is no certificate: give `pem` and `key`, the two files that the QMC exports (`client.pem`, `client_key.pem`), or `pfx` (`client.pfx`)",
            );
            None
        }
        (None, true) => {
            if with_password {
                g.add(
                    at,
                    "a password is for `pfx`: decrypt a PEM key that has one with `openssl rsa -in client_key.pem -out decrypted_key.pem`, and take the password out",
                );
            }
            let pem = file_of(g, loader, at, "pem", written.pem.as_deref());
            let key = file_of(g, loader, at, "key", written.key.as_deref());
            let ((pem_file, pem), (key_file, key)) = (pem?, key?);
            g.take(at, Identity::from_pem((&pem_file, &pem), (&key_file, &key)))
        }
        (Some(pfx), false) => {
            let bytes = g.take(&format!("{at}.pfx"), loader.bytes(pfx));
            let password = loader.secret(g, at, "password", given, false);
            if with_password && password.is_none() {
                return None;
            }
            let ways = "`password`, `password_file` or `password_env`";
            g.take(&format!("{at}.pfx"), Identity::from_pfx((pfx, &bytes?), password.as_ref(), ways))
        }
    }
}

/// At most one of `root`, `fingerprint` and `insecure`; none is the machine's roots.
fn trust(g: &mut Gathered<'_>, loader: &Loader, at: &str, written: Option<&file::Trust>) -> Option<Trust> {
    let Some(written) = written else { return Some(Trust::Root(None)) };
    let ways = [written.root.is_some(), written.fingerprint.is_some(), written.insecure == Some(true)];
    if ways.iter().filter(|way| **way).count() > 1 {
        g.add(at, "give at most one of `root`, `fingerprint` and `insecure: true`");
        return None;
    }
    if written.server_name.is_some() && (ways[1] || ways[2]) {
        g.add(format!("{at}.server_name"), "no name is verified with `fingerprint` or `insecure`: take it out");
    }
    if let Some(pins) = &written.fingerprint {
        return Some(Trust::Pinned(fingerprints(g, &format!("{at}.fingerprint"), pins)));
    }
    if ways[2] {
        return Some(Trust::Insecure);
    }
    let Some(root) = &written.root else { return Some(Trust::Root(None)) };
    let key = format!("{at}.root");
    let bytes = g.take(&key, loader.bytes(root))?;
    g.take(&key, Roots::from_file(root, &bytes)).map(|roots| Trust::Root(Some(roots)))
}

fn fingerprints(g: &mut Gathered<'_>, key: &str, written: &OneOrMany) -> Vec<Fingerprint> {
    if written.all.is_empty() {
        g.add(key, "no fingerprint is given: write `sha256:` and 64 hexadecimal digits");
    }
    written.at(key).filter_map(|(key, text)| g.take(&key, Fingerprint::parse(text))).collect()
}

/// A file that must be given, with its bytes.
fn file_of(
    g: &mut Gathered<'_>,
    loader: &Loader,
    at: &str,
    key: &str,
    written: Option<&str>,
) -> Option<(String, Vec<u8>)> {
    let Some(file) = written else {
        g.add(at, format!("`{key}` is missing: give `pem` and `key`, the two files that the QMC exports (`client.pem`, `client_key.pem`)"));
        return None;
    };
    let bytes = g.take(&format!("{at}.{key}"), loader.bytes(file))?;
    Some((file.to_owned(), bytes))
}

fn proxies(g: &mut Gathered<'_>, at: &str, list: &[file::Proxy], site: &file::Site, port: u16) -> Vec<ProxySettings> {
    let at = format!("{at}.proxies");
    if list.is_empty() {
        g.add(&at, "the list of proxies is empty: leave it out to ask the default virtual proxy of `host`");
    }
    let mut all: Vec<ProxySettings> = Vec::new();
    for (i, proxy) in list.iter().enumerate() {
        let key = format!("{at}[{i}].virtual_proxies");
        let mut prefixes: Vec<String> = Vec::new();
        match &proxy.virtual_proxies {
            None => prefixes.push(String::new()),
            Some(written) => {
                if written.all.is_empty() {
                    g.add(&key, "the list is empty: write prefixes such as `[\"\", hr]`, the empty one for the default virtual proxy");
                }
                for (key, prefix) in written.at(&key) {
                    if let Err(wrong) = qlik::check_prefix(prefix) {
                        g.add(key, wrong);
                    } else if prefixes.iter().any(|known| known.to_lowercase() == prefix.to_lowercase()) {
                        g.add(key, format!("the prefix `{prefix}` is given twice"));
                    } else {
                        prefixes.push(prefix.to_owned());
                    }
                }
            }
        }
        let server_name = proxy.server_name.clone().or_else(|| {
            // The site's own `server_name` is about its host.
            let same = proxy.host.eq_ignore_ascii_case(&site.host);
            site.trust.as_ref().filter(|_| same).and_then(|trust| trust.server_name.clone())
        });
        let settings = ProxySettings {
            host: proxy.host.clone(),
            port: proxy.port.unwrap_or(port),
            server_name,
            trust: proxy
                .fingerprint
                .as_ref()
                .map(|pins| Trust::Pinned(fingerprints(g, &format!("{at}[{i}].fingerprint"), pins))),
            virtual_proxies: prefixes,
        };
        if all.iter().any(|known| known.label().eq_ignore_ascii_case(&settings.label())) {
            g.add(
                format!("{at}[{i}].host"),
                format!("the proxy `{}` is given twice: put its virtual proxies together", settings.label()),
            );
        }
        all.push(settings);
    }
    all
}

fn report(
    g: &mut Gathered<'_>,
    name: &str,
    report: &file::Report,
    time_zone: &TimeZone,
    sites: &[Arc<Site>],
    site_names: &[String],
    channels: &[String],
) -> Option<Report> {
    let at = format!("reports.{name}");
    if report.who.is_none() {
        g.add(&at, "the report has no kind: give `who: {}`");
    }
    let time_zone = zone(g, &format!("{at}.time_zone"), report.time_zone.as_deref()).unwrap_or(time_zone.clone());
    let cron = match &report.cron {
        None => {
            g.add(&at, "`cron` is missing: say when it is told, such as `45 21 * * SUN`");
            None
        }
        Some(cron) => g.take(&format!("{at}.cron"), Cron::new(cron, &time_zone)),
    };
    let names = its_sites(g, &format!("{at}.site"), &report.site, site_names);
    let tell = tell(g, &at, report.tell.as_ref(), channels);
    let late = length(g, &format!("{at}.late"), report.late.as_deref(), WHO_LATE);
    let sites = sites.iter().filter(|site| names.iter().any(|name| **name == *site.name)).cloned().collect();
    Some(Report { name: name.to_owned(), sites, cron: cron?, tell, late })
}

fn channel(g: &mut Gathered<'_>, loader: &Loader, name: &str, written: file::Channel) -> Option<ChannelSpec> {
    let at = format!("channels.{name}");
    let mut kinds: Vec<Option<channels::Settings>> = Vec::new();
    if let Some(slack) = &written.slack {
        let key = format!("{at}.slack");
        let ways = (slack.webhook_url.as_ref(), slack.webhook_url_file.as_deref(), slack.webhook_url_env.as_deref());
        let url = loader.secret(g, &key, "webhook_url", ways, true);
        let settings = url.and_then(|url| g.take(&key, channels::slack::Settings::new(url)));
        kinds.push(settings.map(channels::Settings::Slack));
    }
    if let Some(teams) = &written.teams {
        let key = format!("{at}.teams");
        let ways = (teams.workflow_url.as_ref(), teams.workflow_url_file.as_deref(), teams.workflow_url_env.as_deref());
        let url = loader.secret(g, &key, "workflow_url", ways, true);
        let settings = url.and_then(|url| g.take(&key, channels::teams::Settings::new(url)));
        kinds.push(settings.map(channels::Settings::Teams));
    }
    if let Some(email) = written.email {
        let key = format!("{at}.email");
        let smtp = &email.smtp;
        let ways = (smtp.password.as_ref(), smtp.password_file.as_deref(), smtp.password_env.as_deref());
        let given = ways.0.is_some() || ways.1.is_some() || ways.2.is_some();
        let password = loader.secret(g, &format!("{key}.smtp"), "password", ways, false);
        // A password that could not be read is told already.
        let settings = if given && password.is_none() {
            None
        } else {
            g.take(&key, channels::email::Settings::new(email, password))
        };
        kinds.push(settings.map(channels::Settings::Email));
    }
    if kinds.len() != 1 {
        let what = if kinds.is_empty() { "the channel has no kind" } else { "the channel has more than one kind" };
        g.add(&at, format!("{what}: give exactly one of `slack`, `teams` and `email`"));
    }
    let authorities = match &written.ca {
        None => Some(Authorities::default()),
        Some(file) => {
            let key = format!("{at}.ca");
            let bytes = g.take(&key, loader.bytes(file));
            bytes.and_then(|bytes| {
                g.take(&key, Authorities::from_pem(&bytes).map_err(|why| format!("`{file}` is of no use: {why}")))
            })
        }
    };
    let names = match written.names {
        Some(file::Names::Hidden) => Names::Hidden,
        Some(file::Names::Shown) | None => Names::Shown,
    };
    let give_up = length(g, &format!("{at}.give_up"), written.give_up.as_deref(), GIVE_UP);
    if give_up.is_zero() {
        g.add(format!("{at}.give_up"), "nothing is delivered in no time: write a length such as `24h`");
    }
    let written_pace = written.pace.as_deref().map(|pace| length_or(g, &format!("{at}.pace"), pace, "none"));
    let settings = kinds.into_iter().next().flatten()?;
    let channel = Channel::new(name, settings).with_names(names).with_authorities(authorities?);
    Some(ChannelSpec {
        pace: written_pace.unwrap_or_else(|| channel.pace()),
        channel: Arc::new(channel),
        from: written.from.unwrap_or(crate::judge::Severity::Info),
        resolved: written.resolved.unwrap_or(true),
        give_up,
    })
}
