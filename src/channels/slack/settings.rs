//! The settings of a Slack channel.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::channels::{http, written};
use crate::secret::Secret;

/// As written: exactly one of the three.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Written {
    #[serde(default, deserialize_with = "written::secret")]
    #[schemars(with = "Option<String>")]
    pub webhook_url: Option<Secret>,
    pub webhook_url_file: Option<String>,
    pub webhook_url_env: Option<String>,
}

/// As meant.
#[derive(Clone, Debug)]
pub struct Settings {
    url: Secret,
}

impl Settings {
    /// Takes the webhook's address. What is wrong with it is told without it.
    pub fn new(url: Secret) -> Result<Self, String> {
        let host = http::host(&url)?.to_ascii_lowercase();
        if host.ends_with(".logic.azure.com") || host.ends_with(".powerplatform.com") {
            return Err("it is the address of a Teams workflow: give it to a channel of the kind `teams`".to_owned());
        }
        Ok(Self { url })
    }

    pub(in crate::channels) fn url(&self) -> &Secret {
        &self.url
    }

    pub(in crate::channels) fn is_plain(&self) -> bool {
        http::is_plain(&self.url)
    }
}
