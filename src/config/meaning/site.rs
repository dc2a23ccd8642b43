//! A site: its certificate, whom to believe, and its proxies.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::SignedDuration;

use super::value::{length, link};
use crate::config::file::{self, OneOrMany};
use crate::config::load::Loader;
use crate::config::problem::Gathered;
use crate::jobs::Site;
use crate::qlik::{self, Fingerprint, Identity, Pattern, Ports, Proxies, ProxySettings, RepositoryUser, Roots, Trust};

/// Who never counts, unless the site says otherwise.
const EXCLUDED: &str = r"INTERNAL\sa_*";
const TIMEOUT: SignedDuration = SignedDuration::from_secs(5);

pub(super) fn site(g: &mut Gathered<'_>, loader: &Loader, name: &str, site: &file::Site) -> Option<Arc<Site>> {
    let at = format!("sites.{name}");
    let identity = identity(g, loader, &format!("{at}.certificate"), &site.certificate);
    let trust = self::trust(g, loader, &format!("{at}.trust"), site.trust.as_ref());
    let port = site.ports.as_ref().and_then(|ports| ports.qps).unwrap_or(qlik::QPS_PORT);
    let server_name = site.trust.as_ref().and_then(|trust| trust.server_name.clone());
    let proxies = match &site.proxies {
        Some(file::Proxies::Discover) => {
            if port != qlik::QPS_PORT {
                let what = "with `proxies: discover` the repository says each proxy's port: this one is not used";
                g.note(&format!("{at}.ports.qps"), what);
            }
            Proxies::Discover
        }
        None => Proxies::Listed(vec![ProxySettings {
            host: site.host.clone(),
            port,
            server_name: server_name.clone(),
            trust: None,
            virtual_proxies: vec![String::new()],
        }]),
        Some(file::Proxies::Listed(list)) => Proxies::Listed(proxies(g, &at, list, site, port)),
    };
    let user = site.user.as_deref().and_then(|user| g.take(&format!("{at}.user"), RepositoryUser::parse(user)));
    let ports = Ports {
        qrs: site.ports.as_ref().and_then(|ports| ports.qrs).unwrap_or(qlik::QRS_PORT),
        engine: site.ports.as_ref().and_then(|ports| ports.engine).unwrap_or(qlik::ENGINE_PORT),
    };
    let resolve = resolve(g, &format!("{at}.resolve"), &site.resolve);
    let timeout = length(g, &format!("{at}.timeout"), site.timeout.as_deref(), TIMEOUT);
    if timeout.is_zero() {
        g.add(format!("{at}.timeout"), "no site answers in no time: write a length such as `5s`");
    }
    let exclude = exclude(g, &format!("{at}.exclude"), site.exclude.as_ref());
    let link = link(g, &format!("{at}.link"), site.link.as_deref());
    let settings = qlik::Settings {
        site: name.into(),
        host: site.host.clone(),
        server_name,
        identity: identity?,
        trust: trust?,
        user,
        ports,
        proxies,
        resolve,
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

/// Addresses of names that this machine cannot look up.
fn resolve(g: &mut Gathered<'_>, at: &str, written: &file::Named<String>) -> Vec<(String, IpAddr)> {
    let mut all = Vec::new();
    for (name, address) in &written.0 {
        match address.trim_matches(['[', ']']).parse::<IpAddr>() {
            _ if qlik::check_host(name).is_err() => g.add(format!("{at}.{name}"), format!("`{name}` is no host name")),
            Ok(address) => all.push((name.clone(), address)),
            Err(_) => g.add(
                format!("{at}.{name}"),
                format!("`{address}` is no address: write one such as `10.0.0.5`, without a port"),
            ),
        }
    }
    all
}

/// Who never counts.
pub(super) fn exclude(g: &mut Gathered<'_>, key: &str, written: Option<&OneOrMany>) -> Vec<Pattern> {
    let patterns = written.map_or_else(|| vec![EXCLUDED.to_owned()], |written| written.all.clone());
    patterns.iter().filter_map(|pattern| g.take(key, Pattern::new(pattern))).collect()
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
