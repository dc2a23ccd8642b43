//! A channel, of exactly one kind, with its secrets read.

use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::slack;
use super::value::{length, length_or, window};
use crate::channels::{self, Authorities, Channel, ChannelKind, Names, Proxy};
use crate::config::ChannelSpec;
use crate::config::file;
use crate::config::load::Loader;
use crate::config::problem::{Gathered, nearest};
use crate::duration;
use crate::judge::Severity;
use crate::outbox::Policy;
use crate::schedule::Window;
use crate::secret::Secret;

/// A sign of life more often than that is noise.
const SHORTEST_LIFE: SignedDuration = SignedDuration::from_hours(1);
const GIVE_UP: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn channel(
    g: &mut Gathered<'_>,
    loader: &Loader,
    name: &str,
    mut written: file::Channel,
    (zone, at_most): (&TimeZone, Names),
) -> Option<ChannelSpec> {
    let at = format!("channels.{name}");
    loader.take_read();
    let mut kinds: Vec<Option<channels::Settings>> = Vec::new();
    if let Some(slack) = &written.slack {
        kinds.push(slack::slack(g, loader, &format!("{at}.slack"), slack).map(channels::Settings::Slack));
    }
    if let Some(teams) = &written.teams {
        let key = format!("{at}.teams");
        let ways = (teams.workflow_url.as_ref(), teams.workflow_url_file.as_deref(), teams.workflow_url_env.as_deref());
        let url = loader.secret(g, &key, "workflow_url", ways, true);
        let settings = url.and_then(|url| g.take(&key, channels::teams::Settings::new(url)));
        kinds.push(settings.map(channels::Settings::Teams));
    }
    if let Some(email) = written.email.take() {
        let key = format!("{at}.email");
        let smtp = &email.smtp;
        let ways = (smtp.password.as_ref(), smtp.password_file.as_deref(), smtp.password_env.as_deref());
        let given = ways.0.is_some() || ways.1.is_some() || ways.2.is_some();
        let password = loader.secret(g, &format!("{key}.smtp"), "password", ways, false);
        let client_secret = smtp.oauth2.as_ref().map(|oauth2| {
            let file = oauth2.client_secret_file.as_deref();
            let ways = (oauth2.client_secret.as_ref(), file, oauth2.client_secret_env.as_deref());
            loader.secret(g, &format!("{key}.smtp.oauth2"), "client_secret", ways, true)
        });
        // A secret that could not be read is told already.
        let settings = if given && password.is_none() || client_secret == Some(None) {
            None
        } else {
            let secrets = channels::email::Secrets { password, client_secret: client_secret.flatten() };
            g.take(&key, channels::email::Settings::new(email, secrets))
        };
        kinds.push(settings.map(channels::Settings::Email));
    }
    if let Some(webhook) = &written.webhook {
        kinds.push(self::webhook(g, loader, &format!("{at}.webhook"), webhook).map(channels::Settings::Webhook));
    }
    if let Some(file) = &written.file {
        let settings = g.take(&format!("{at}.file.folder"), channels::file::Settings::new(file));
        kinds.push(settings.map(channels::Settings::File));
    }
    if kinds.len() != 1 {
        let what = if kinds.is_empty() { "the channel has no kind" } else { "the channel has more than one kind" };
        g.add(&at, format!("{what}: give exactly one of `slack`, `teams`, `email`, `webhook` and `file`"));
    }
    let authorities = authorities(g, loader, &at, written.ca.as_deref());
    let ways = (written.proxy_url.as_ref(), written.proxy_url_file.as_deref(), written.proxy_url_env.as_deref());
    let proxied = ways.0.is_some() || ways.1.is_some() || ways.2.is_some();
    let proxy = proxy(g, loader, &at, ways);
    // What the store may not hold cannot wait in it either.
    let names = written.names.unwrap_or_default().max(at_most);
    let give_up = length(g, &format!("{at}.give_up"), written.give_up.as_deref(), GIVE_UP);
    if give_up.is_zero() {
        g.add(format!("{at}.give_up"), "nothing is delivered in no time: write a length such as `24h`");
    }
    let written_pace = written.pace.as_deref().map(|pace| length_or(g, &format!("{at}.pace"), pace, "none"));
    let mut policy = policy(g, &at, &written, zone);
    let settings = kinds.into_iter().next().flatten()?;
    direct(g, &at, settings.kind(), proxied, written.ca.is_some());
    let channel = Channel::new(name, settings).with_names(names).with_authorities(authorities?).with_proxy(proxy?);
    policy.threads = channel.threads();
    let mut address = loader.take_read();
    address.extend(written.slack.and_then(|slack| slack.api_url));
    address.push(Secret::new(format!("{channel:?}")));
    Some(ChannelSpec {
        address,
        pace: written_pace.unwrap_or_else(|| channel.pace()),
        channel: Arc::new(channel),
        policy,
        give_up,
    })
}

/// What has no way through a proxy, or no connection to trust, is told.
fn direct(g: &mut Gathered<'_>, at: &str, kind: ChannelKind, proxied: bool, trusting: bool) {
    match kind {
        ChannelKind::Email if proxied => g.add(
            format!("{at}.proxy_url"),
            "mail goes straight to its server, since such a proxy is for HTTP: take it out, and name a mail server that this machine reaches",
        ),
        ChannelKind::File if proxied || trusting => {
            let key = if proxied { "proxy_url" } else { "ca" };
            g.add(format!("{at}.{key}"), "a file is written on this machine, over no connection: take it out");
        }
        _ => {}
    }
}

/// The authorities that are trusted beside the machine's own; none where what was written is wrong, which is told.
pub(super) fn authorities(g: &mut Gathered<'_>, loader: &Loader, at: &str, file: Option<&str>) -> Option<Authorities> {
    let Some(file) = file else { return Some(Authorities::default()) };
    let key = format!("{at}.ca");
    let bytes = g.take(&key, loader.bytes(file))?;
    g.take(&key, Authorities::from_pem(&bytes).map_err(|why| format!("`{file}` is of no use: {why}")))
}

/// The proxy that was written, if one was; nothing at all where it is wrong, which is told.
#[expect(clippy::option_option, reason = "that none is wanted is fine, that one is wrong is not")]
pub(super) fn proxy(
    g: &mut Gathered<'_>,
    loader: &Loader,
    at: &str,
    ways: (Option<&Secret>, Option<&str>, Option<&str>),
) -> Option<Option<Proxy>> {
    let (given, file, env) = ways;
    if given.is_none() && file.is_none() && env.is_none() {
        return Some(None);
    }
    let url = loader.secret(g, at, "proxy_url", ways, false)?;
    let key = if file.is_some() {
        "proxy_url_file"
    } else if env.is_some() {
        "proxy_url_env"
    } else {
        "proxy_url"
    };
    g.take(&format!("{at}.{key}"), Proxy::new(url)).map(Some)
}

/// Where it leads, what it is signed with, and its own form.
fn webhook(
    g: &mut Gathered<'_>,
    loader: &Loader,
    key: &str,
    written: &channels::webhook::Written,
) -> Option<channels::webhook::Settings> {
    let ways = (written.url.as_ref(), written.url_file.as_deref(), written.url_env.as_deref());
    let url = loader.secret(g, key, "url", ways, true);
    let ways = (written.key.as_ref(), written.key_file.as_deref(), written.key_env.as_deref());
    let signed = ways.0.is_some() || ways.1.is_some() || ways.2.is_some();
    let keys = loader.secret(g, key, "key", ways, false);
    let given = ["key", "key_file", "key_env"][ways.1.map_or(2 * usize::from(ways.2.is_some()), |_| 1)];
    let keys = keys.and_then(|keys| g.take(&format!("{key}.{given}"), channels::webhook::Keys::new(&keys)));
    let template = written.template.as_deref().map(|file| {
        let key = format!("{key}.template");
        let bytes = g.take(&key, loader.bytes(file))?;
        let name = std::path::Path::new(file).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = String::from_utf8(bytes).map_err(|_| format!("`{file}` is not UTF-8 text"));
        let text = g.take(&key, text)?;
        g.take(&key, channels::webhook::Template::new(&name, &text))
    });
    // What could not be read is told already.
    if (signed && keys.is_none()) || matches!(template, Some(None)) {
        return None;
    }
    g.take(key, channels::webhook::Settings::new(url?, keys, template.flatten(), written.limit))
}

/// What it takes, and when.
fn policy(g: &mut Gathered<'_>, at: &str, written: &file::Channel, zone: &TimeZone) -> Policy {
    let quiet = window(g, &format!("{at}.quiet"), written.quiet.as_ref(), zone);
    if quiet.as_ref().is_some_and(Window::is_always) {
        g.add(format!("{at}.quiet"), "these hours never end, so that nothing would ever be told: leave some out");
    }
    if written.cap == Some(0) {
        g.add(format!("{at}.cap"), "nothing would ever be told: give the most messages an hour, such as `20`");
    }
    let keep_alive =
        written.keep_alive.as_deref().and_then(|text| g.take(&format!("{at}.keep_alive"), duration::parse(text)));
    if keep_alive.is_some_and(|length| length < SHORTEST_LIFE) {
        g.add(format!("{at}.keep_alive"), "that is less than an hour: write a length of time such as `30d`");
    }
    Policy {
        from: written.from.unwrap_or(Severity::Info),
        resolved: written.resolved.unwrap_or(true),
        quiet,
        cap: written.cap,
        threads: false,
        fallback: written.fallback.as_deref().map(Into::into),
        keep_alive,
    }
}

/// Each `fallback` must be another channel, and none may lead back to where it began.
pub(super) fn fallbacks(g: &mut Gathered<'_>, written: &[(String, Option<String>)]) {
    let next = |name: &str| written.iter().find(|(known, _)| known == name).and_then(|(_, next)| next.as_deref());
    let mut told: Vec<&str> = Vec::new();
    for (name, fallback) in written {
        let Some(fallback) = fallback.as_deref() else { continue };
        let key = format!("channels.{name}.fallback");
        if written.iter().all(|(known, _)| known != fallback) {
            let near = nearest(fallback, written.iter().map(|(known, _)| known.as_str()));
            g.add(key, format!("no channel is called `{fallback}`; {near}"));
            continue;
        }
        let mut way = vec![name.as_str()];
        let mut at = Some(fallback);
        while let Some(here) = at {
            if here == name {
                // A loop is one mistake, told at the first of its channels.
                if way.iter().any(|name| told.contains(name)) {
                    break;
                }
                told.extend(&way);
                way.push(here);
                let way = way.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" to ");
                g.add(&key, format!("it leads back to where it began ({way}): when all are down nobody would be told; take one `fallback` out"));
                break;
            }
            // A loop further on is told where it begins.
            if way.contains(&here) {
                break;
            }
            way.push(here);
            at = next(here);
        }
    }
}
