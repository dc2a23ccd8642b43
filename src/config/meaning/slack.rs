//! Slack, through a webhook or by a bot.

use crate::channels::slack::{Settings, Written, check_channel};
use crate::config::load::Loader;
use crate::config::problem::Gathered;

/// Exactly one of a webhook's address and a bot's token, the latter with a channel.
pub(super) fn slack(g: &mut Gathered<'_>, loader: &Loader, key: &str, written: &Written) -> Option<Settings> {
    let hooks = (written.webhook_url.as_ref(), written.webhook_url_file.as_deref(), written.webhook_url_env.as_deref());
    let tokens = (written.token.as_ref(), written.token_file.as_deref(), written.token_env.as_deref());
    let hooked = hooks.0.is_some() || hooks.1.is_some() || hooks.2.is_some();
    let by_token = tokens.0.is_some() || tokens.1.is_some() || tokens.2.is_some();
    match (hooked, by_token) {
        (true, true) => {
            g.add(
                key,
                "both a webhook and a bot's token are given: give `webhook_url` (or `webhook_url_file`, `webhook_url_env`), \
                 or `token` (or `token_file`, `token_env`) with `channel`",
            );
            None
        }
        (false, true) => bot(g, loader, key, written, tokens),
        (false, false) if written.channel.is_some() || written.api_url.is_some() => {
            g.add(key, "the bot's token is missing: give one of `token`, `token_file` or `token_env` beside `channel`");
            None
        }
        (_, false) => {
            if written.channel.is_some() {
                g.add(
                    format!("{key}.channel"),
                    "a webhook posts into the channel that it was made for: take `channel` out, or give a bot's token (`token_file`) \
                     in the place of the webhook",
                );
            }
            if written.api_url.is_some() {
                g.add(format!("{key}.api_url"), "a webhook is an address itself: take `api_url` out");
            }
            let url = loader.secret(g, key, "webhook_url", hooks, true);
            g.take(key, Settings::new(url?))
        }
    }
}

fn bot(
    g: &mut Gathered<'_>,
    loader: &Loader,
    key: &str,
    written: &Written,
    ways: (Option<&crate::secret::Secret>, Option<&str>, Option<&str>),
) -> Option<Settings> {
    let token = loader.secret(g, key, "token", ways, true);
    let given = match ways {
        (_, Some(_), _) => "token_file",
        (.., Some(_)) => "token_env",
        _ => "token",
    };
    let token = token.filter(|token| g.take(&format!("{key}.{given}"), Settings::check_token(token)).is_some());
    let channel = if let Some(channel) = &written.channel {
        g.take(&format!("{key}.channel"), check_channel(channel)).map(|()| channel)
    } else {
        g.add(
            key,
            "the channel is missing that the bot posts into: give `channel: \"#ops\"`, with the quotes, since what follows a \
             bare # is a comment; or the channel's ID",
        );
        None
    };
    let api = written.api_url.clone();
    if let Some(api) = &api {
        g.take(&format!("{key}.api_url"), Settings::check_api(api))?;
    }
    g.take(key, Settings::bot(token?, channel?, api))
}
