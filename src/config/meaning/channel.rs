//! A channel, of exactly one kind, with its secrets read.

use std::sync::Arc;

use jiff::SignedDuration;

use super::value::{length, length_or};
use crate::channels::{self, Authorities, Channel, Names};
use crate::config::ChannelSpec;
use crate::config::file;
use crate::config::load::Loader;
use crate::config::problem::Gathered;

const GIVE_UP: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn channel(
    g: &mut Gathered<'_>,
    loader: &Loader,
    name: &str,
    written: file::Channel,
) -> Option<ChannelSpec> {
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
