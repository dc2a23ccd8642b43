//! The settings of a webhook channel.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Keys, Template, limits};
use crate::channels::{http, written};
use crate::secret::Secret;

/// As written: exactly one of the three addresses, at most one of the three keys.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Written {
    #[serde(default, deserialize_with = "written::secret")]
    #[schemars(with = "Option<String>")]
    pub url: Option<Secret>,
    pub url_file: Option<String>,
    pub url_env: Option<String>,
    #[serde(default, deserialize_with = "written::secret")]
    #[schemars(with = "Option<String>")]
    pub key: Option<Secret>,
    pub key_file: Option<String>,
    pub key_env: Option<String>,
    pub template: Option<String>,
    /// The most bytes of a message in the template's form.
    pub limit: Option<usize>,
}

/// As meant.
#[derive(Clone, Debug)]
pub struct Settings {
    url: Secret,
    keys: Option<Keys>,
    template: Option<Template>,
    limit: usize,
}

impl Settings {
    /// Takes the address, what it is signed with, and its own form. What is wrong with the address is told without it.
    pub fn new(
        url: Secret,
        keys: Option<Keys>,
        template: Option<Template>,
        limit: Option<usize>,
    ) -> Result<Self, String> {
        let host = http::host(&url)?.to_ascii_lowercase();
        if host == "webhook.office.com" || host.ends_with(".webhook.office.com") || host == "outlook.office.com" {
            return Err("it is an Office 365 connector's address, and those were retired in May 2026; make a flow from the \
                        Workflows template \"Post to a channel when a webhook request is received\", and give its address to a channel of the kind `teams`"
                .to_owned());
        }
        let other = match host.as_str() {
            "hooks.slack.com" => Some("slack"),
            _ if host.ends_with(".powerplatform.com") => Some("teams"),
            _ => None,
        };
        // With a template of their own they may know what they do.
        if let (Some(kind), None) = (other, &template) {
            return Err(format!(
                "it is an address for {kind}, which takes other messages: give it to a channel of the kind `{kind}`"
            ));
        }
        if limit.is_some() && template.is_none() {
            return Err("`limit` is for messages in the form of a `template`: give one, or leave it out".to_owned());
        }
        let limit = limit.unwrap_or(limits::BYTES);
        if limit < limits::LEAST {
            let (least, usual) = (limits::LEAST, limits::BYTES);
            return Err(format!(
                "a `limit` of {limit} bytes is too short for a message: write {least} at least, or leave it out for {usual}"
            ));
        }
        Ok(Self { url, keys, template, limit })
    }

    pub(in crate::channels) fn url(&self) -> &Secret {
        &self.url
    }

    pub(in crate::channels) fn is_plain(&self) -> bool {
        http::is_plain(&self.url)
    }

    pub(super) fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
    }

    pub(in crate::channels) fn template(&self) -> Option<&Template> {
        self.template.as_ref()
    }

    pub(in crate::channels) fn limit(&self) -> usize {
        self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_others_are_told_where_they_belong() {
        let settings = |url: &str| Settings::new(Secret::new(url), None, None, None);
        for (url, told) in [
            ("https://acme.webhook.office.com/webhookb2/topsecret", "retired in May 2026"),
            ("https://hooks.slack.com/services/topsecret", "kind `slack`"),
            ("https://x.environment.api.powerplatform.com/topsecret", "kind `teams`"),
            ("http://hooks.example.com/topsecret", "use `https://`"),
        ] {
            let error = settings(url).unwrap_err();
            assert!(error.contains(told) && !error.contains("topsecret"), "{error}");
        }
        let template = || Some(Template::new("own.json.j2", "{\"text\": {{ title }}}").unwrap());
        assert!(Settings::new(Secret::new("https://hooks.slack.com/x"), None, template(), None).is_ok());
        let limited =
            |template, limit| Settings::new(Secret::new("https://hooks.example.com/x"), None, template, Some(limit));
        assert!(limited(template(), 999).unwrap_err().contains("1000 at least"));
        assert!(limited(None, 4000).unwrap_err().contains("`limit` is for messages in the form of a `template`"));
        assert!(limited(template(), 4000).is_ok());
    }
}
