//! The settings of a Teams channel.

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
    pub workflow_url: Option<Secret>,
    pub workflow_url_file: Option<String>,
    pub workflow_url_env: Option<String>,
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
        if host == "webhook.office.com" || host.ends_with(".webhook.office.com") || host == "outlook.office.com" {
            return Err("it is an Office 365 connector's address, and those were retired in May 2026; make a flow from the \
                        Workflows template \"Post to a channel when a webhook request is received\", and use its address"
                .to_owned());
        }
        if host == "hooks.slack.com" {
            return Err("it is the address of a Slack webhook: give it to a channel of the kind `slack`".to_owned());
        }
        if host.ends_with(".logic.azure.com") {
            return Err("it is a workflow's old address, and those stopped on 2025-11-30; open the flow, and copy the address that its trigger shows now".to_owned());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retired_connector_is_told_and_its_address_is_not() {
        let error = Settings::new(Secret::new("https://acme.webhook.office.com/webhookb2/topsecret")).unwrap_err();
        assert!(error.contains("retired") && !error.contains("topsecret") && !error.contains("acme"), "{error}");
        let flow = "https://x.environment.api.powerplatform.com:443/powerautomate/workflows/a?sig=topsecret";
        let settings = Settings::new(Secret::new(flow)).unwrap();
        assert_eq!(format!("{settings:?}"), "Settings { url: *** }");
    }
}
