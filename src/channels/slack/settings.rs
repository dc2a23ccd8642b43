//! The settings of a Slack channel.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::channels::{http, written};
use crate::secret::Secret;

/// Where Slack's Web API is, where nothing else is written.
const API: &str = "https://slack.com/api/";
/// The longest name of a channel.
const LONGEST_NAME: usize = 80;
/// How long an ID is, at least.
const SHORTEST_ID: usize = 8;

/// As written: a webhook's address, or a bot's token and a channel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Written {
    #[serde(default, deserialize_with = "written::secret")]
    #[schemars(with = "Option<String>")]
    pub webhook_url: Option<Secret>,
    pub webhook_url_file: Option<String>,
    pub webhook_url_env: Option<String>,
    /// A bot's token, `xoxb-…`, in place of a webhook: what follows an alert is put under it, and it is changed when it is over.
    #[serde(default, deserialize_with = "written::secret")]
    #[schemars(with = "Option<String>")]
    pub token: Option<Secret>,
    pub token_file: Option<String>,
    pub token_env: Option<String>,
    /// Where the bot posts: `#ops`, or the channel's ID.
    pub channel: Option<String>,
    /// Where Slack's Web API is reached, if that is not <https://slack.com/api/>.
    #[serde(default, deserialize_with = "written::secret")]
    #[schemars(with = "Option<String>")]
    pub api_url: Option<Secret>,
}

/// As meant.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(super) way: Way,
}

/// How messages go to Slack.
#[derive(Clone, Debug)]
pub(super) enum Way {
    Webhook { url: Secret },
    Bot(Bot),
}

/// Who posts, and where.
#[derive(Clone, Debug)]
pub(super) struct Bot {
    pub token: Secret,
    /// As the operator wrote it.
    pub channel: String,
    pub api: Secret,
}

impl Settings {
    /// Takes the webhook's address. What is wrong with it is told without it.
    pub fn new(url: Secret) -> Result<Self, String> {
        let host = http::host(&url)?.to_ascii_lowercase();
        if host.ends_with(".logic.azure.com") || host.ends_with(".powerplatform.com") {
            return Err("it is the address of a Teams workflow: give it to a channel of the kind `teams`".to_owned());
        }
        Ok(Self { way: Way::Webhook { url } })
    }

    /// Takes a bot's token, checked by [`Settings::check_token`], where it posts, and where the Web API is.
    pub fn bot(token: Secret, channel: &str, api: Option<Secret>) -> Result<Self, String> {
        check_channel(channel)?;
        let api = api.unwrap_or_else(|| Secret::new(API));
        http::host(&api)?;
        Ok(Self { way: Way::Bot(Bot { token, channel: channel.to_owned(), api }) })
    }

    /// Whether this can be a bot's token. What is wrong with it is told without it.
    pub fn check_token(token: &Secret) -> Result<(), String> {
        match http::token_kind(token) {
            Some("xoxb") => Ok(()),
            Some("xoxp") => Err("it is a user's token (`xoxp-…`), and messages would come from that person: give the \
                                 app's \"Bot User OAuth Token\", which begins with `xoxb-`"
                .to_owned()),
            Some("xapp") => {
                Err("it is an app-level token (`xapp-…`), which cannot post: give the app's \"Bot User OAuth \
                                 Token\", which begins with `xoxb-`"
                    .to_owned())
            }
            Some(_) | None => {
                Err("it is no bot's token, which begins with `xoxb-`: copy the \"Bot User OAuth Token\" of \
                                   the app's page \"OAuth & Permissions\""
                    .to_owned())
            }
        }
    }

    /// Whether an address can be the one of a Web API.
    pub fn check_api(api: &Secret) -> Result<(), String> {
        http::host(api).map(drop)
    }

    pub(in crate::channels) fn is_bot(&self) -> bool {
        matches!(self.way, Way::Bot(_))
    }

    pub(in crate::channels) fn is_plain(&self) -> bool {
        http::is_plain(match &self.way {
            Way::Webhook { url } => url,
            Way::Bot(bot) => &bot.api,
        })
    }
}

/// `#ops`, or the ID of a channel or of somebody to write to.
pub fn check_channel(channel: &str) -> Result<(), String> {
    let right = "write its name with `#`, in quotes, such as \"#ops\", or its ID, such as C0123456789, which Slack shows at the \
                 end of the channel's details";
    let fine = match channel.strip_prefix('#') {
        Some(name) => {
            !name.is_empty()
                && name.chars().count() <= LONGEST_NAME
                && name.chars().all(|c| c.is_alphanumeric() && !c.is_uppercase() || matches!(c, '-' | '_' | '.'))
        }
        None => {
            channel.len() >= SHORTEST_ID
                && channel.starts_with(['C', 'D', 'G', 'U', 'W'])
                && channel.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        }
    };
    if fine { Ok(()) } else { Err(format!("`{}` is no Slack channel: {right}", crate::message::clean(channel))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_bots_or_is_told_what_it_is_without_being_repeated() {
        for (token, told) in [
            ("xoxb-123-456-topsecret", None),
            ("xoxp-123-topsecret", Some("a user's token")),
            ("xapp-1-topsecret", Some("an app-level token")),
            ("https://hooks.slack.com/services/topsecret", Some("no bot's token")),
            ("xoxb-topsecret with a space", Some("no bot's token")),
            ("xoxb-topsecret\n", Some("no bot's token")),
            ("xoxb-", Some("no bot's token")),
            ("topsecret", Some("no bot's token")),
        ] {
            let checked = Settings::check_token(&Secret::new(token));
            match (checked, told) {
                (Ok(()), None) => {}
                (Err(why), Some(told)) => assert!(why.contains(told) && !why.contains("secret"), "{token}: {why}"),
                (checked, _) => panic!("{token}: {checked:?}"),
            }
        }
        let settings = Settings::bot(Secret::new("xoxb-topsecret"), "#ops", None).unwrap();
        let shown = format!("{settings:?}");
        assert!(shown.contains("#ops") && !shown.contains("topsecret"), "{shown}");
    }

    #[test]
    fn a_channel_is_a_name_or_an_id() {
        for channel in ["#ops", "#qlik-ops_2", "#drift-övervakning", "C0123456789", "G01234567", "U0123456789"] {
            assert_eq!(check_channel(channel), Ok(()));
        }
        for channel in ["", "#", "ops", "#Ops", "#two words", "c0123456789", "C012", "@anna", "#ops\n", "<#C012345678>"]
        {
            let why = check_channel(channel).unwrap_err();
            assert!(why.contains("is no Slack channel") && why.contains("\"#ops\""), "{channel}: {why}");
        }
    }
}
