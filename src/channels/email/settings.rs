//! The settings of an e-mail channel.

use std::fmt;

use lettre::message::Mailbox;
use schemars::JsonSchema;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::token::Grant;
use crate::channels::{http, is_loopback, written};
use crate::secret::Secret;

/// As written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Written {
    #[serde(deserialize_with = "mailbox")]
    #[schemars(with = "String")]
    pub from: Mailbox,
    #[schemars(with = "OneOrManyAddresses")]
    pub to: Addresses,
    pub smtp: SmtpWritten,
    pub mail_people: Option<MailPeopleWritten>,
}

/// The domains of people on a site who may be written to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailPeopleWritten {
    pub domains: Vec<String>,
}

/// The server as written; at most one of the three passwords.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmtpWritten {
    pub host: String,
    pub port: Option<u16>,
    #[serde(default)]
    pub tls: Tls,
    pub user: Option<String>,
    #[serde(default, deserialize_with = "written::secret")]
    #[schemars(with = "Option<String>")]
    pub password: Option<Secret>,
    pub password_file: Option<String>,
    pub password_env: Option<String>,
    pub oauth2: Option<OAuth2Written>,
}

/// In place of a password: how tokens are fetched, as Microsoft 365 wants it. Exactly one of the three secrets.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OAuth2Written {
    pub tenant: Option<String>,
    pub token_url: Option<String>,
    pub client_id: String,
    #[serde(default, deserialize_with = "written::secret")]
    #[schemars(with = "Option<String>")]
    pub client_secret: Option<Secret>,
    pub client_secret_file: Option<String>,
    pub client_secret_env: Option<String>,
    pub scope: Option<String>,
}

/// How the connection is kept private.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// Begins in the open and must become private before anything is said.
    #[default]
    Starttls,
    /// Private from the first byte.
    Implicit,
    None,
}

impl Tls {
    fn port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Implicit => 465,
            Self::None => 25,
        }
    }
}

/// For editors: one address, or a list of them.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "it describes what a visitor reads")]
enum OneOrManyAddresses {
    One(String),
    Many(Vec<String>),
}

/// One address, or a list of them.
#[derive(Clone, Debug)]
pub struct Addresses(pub Vec<Mailbox>);

/// As meant.
#[derive(Clone, Debug)]
pub struct Settings {
    pub from: Mailbox,
    pub to: Vec<Mailbox>,
    pub smtp: Smtp,
    /// The domains of people on a site who may be written to, in lower case; none may where it is empty.
    pub mail_people: Vec<String>,
}

/// The server as meant.
#[derive(Clone, Debug)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub login: Option<Login>,
}

/// How headcount says who it is.
#[derive(Clone, Debug)]
pub enum Login {
    Password { user: String, password: Secret },
    Token { user: String, grant: Grant },
}

/// The secrets of a channel, read from wherever they are.
#[derive(Debug, Default)]
pub struct Secrets {
    pub password: Option<Secret>,
    pub client_secret: Option<Secret>,
}

/// What a token for Microsoft 365 is asked for.
const SCOPE: &str = "https://outlook.office365.com/.default";

impl Settings {
    /// Takes what was written, and the secrets.
    pub fn new(written: Written, secrets: Secrets) -> Result<Self, String> {
        let SmtpWritten { host, port, tls, user, oauth2, .. } = written.smtp;
        let grant = oauth2.map(|oauth2| grant(oauth2, secrets.client_secret)).transpose()?;
        let login = match (user, secrets.password, grant) {
            (_, Some(_), Some(_)) => return Err("give `smtp.password` or `smtp.oauth2`, not both".to_owned()),
            (Some(user), Some(password), None) => Some(Login::Password { user, password }),
            (Some(user), None, Some(grant)) => Some(Login::Token { user, grant }),
            (None, None, None) => None,
            (Some(_), None, None) => {
                return Err("`smtp.user` needs a `smtp.password`, or `smtp.oauth2` for tokens".to_owned());
            }
            (None, Some(_), None) => return Err("`smtp.password` needs a `smtp.user`".to_owned()),
            (None, None, Some(_)) => {
                return Err("`smtp.oauth2` needs a `smtp.user`: the mailbox that is sent from".to_owned());
            }
        };
        // It may hold a password, so it is not repeated.
        if host.is_empty()
            || host.contains(['/', '@', ' '])
            || (host.contains(':') && host.parse::<std::net::Ipv6Addr>().is_err())
        {
            return Err("`smtp.host` is no host name: write a name such as `mail.example.com` alone; `port`, `tls`, `user` and the password have keys of their own".to_owned());
        }
        if tls == Tls::None && login.is_some() && !is_loopback(&host) {
            return Err("`smtp.tls: none` would send the login in the open; use `starttls` or `implicit`".to_owned());
        }
        let smtp = Smtp { host, port: port.unwrap_or(tls.port()), tls, login };
        let mail_people = written.mail_people.map(domains).transpose()?.unwrap_or_default();
        Ok(Self { from: written.from, to: written.to.0, smtp, mail_people })
    }

    /// Whether a person with this address may be written to: one of the domains is the address's own, and not one above it.
    pub fn may_write_to(&self, address: &str) -> bool {
        address.rsplit_once('@').is_some_and(|(local, domain)| {
            let domain = domain.to_lowercase();
            !local.is_empty() && self.mail_people.contains(&domain)
        })
    }

    /// Where tokens are fetched, if they are.
    pub fn token_url(&self) -> Option<&Secret> {
        match &self.smtp.login {
            Some(Login::Token { grant, .. }) => Some(&grant.url),
            Some(Login::Password { .. }) | None => None,
        }
    }
}

fn domains(written: MailPeopleWritten) -> Result<Vec<String>, String> {
    if written.domains.is_empty() {
        return Err("`mail_people.domains` is empty, so that nobody could be written to: write domains such as `[example.com]`, or take it out".to_owned());
    }
    let domain = |text: String| {
        let label = |label: &str| {
            !label.is_empty() && !label.starts_with('-') && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        if text.contains('.') && text.split('.').all(label) {
            Ok(text.to_lowercase())
        } else {
            Err(format!(
                "`mail_people.domains`: `{text}` is no domain: write one such as `example.com`, without `@` or `*`; each must be written out"
            ))
        }
    };
    written.domains.into_iter().map(domain).collect()
}

/// <https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth>
fn grant(written: OAuth2Written, client_secret: Option<Secret>) -> Result<Grant, String> {
    let url = match (written.tenant, written.token_url) {
        (Some(tenant), None) => {
            // It becomes a part of an address.
            if tenant.is_empty() || !tenant.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')) {
                return Err(
                    "`smtp.oauth2.tenant` is no tenant: write its id, or its domain such as `example.onmicrosoft.com`"
                        .to_owned(),
                );
            }
            format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token")
        }
        (None, Some(url)) => url,
        _ => return Err("`smtp.oauth2` takes exactly one of `tenant` and `token_url`".to_owned()),
    };
    let url = Secret::new(url);
    http::host(&url).map_err(|why| format!("`smtp.oauth2.token_url` is of no use: {why}"))?;
    if written.client_id.trim().is_empty() {
        return Err("`smtp.oauth2.client_id` is empty".to_owned());
    }
    let client_secret = client_secret.ok_or("`smtp.oauth2` needs a `client_secret`")?;
    Ok(Grant::new(url, written.client_id, client_secret, written.scope.unwrap_or_else(|| SCOPE.to_owned())))
}

fn parsed<E: Error>(text: &str) -> Result<Mailbox, E> {
    text.parse().map_err(|error| {
        E::custom(format!(
            "`{text}` is no mail address ({error}): write one such as `cio@example.com` or `The CIO <cio@example.com>`"
        ))
    })
}

/// Checked while it is read, so that a mistake is told at its own line.
fn mailbox<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Mailbox, D::Error> {
    struct One;

    impl Visitor<'_> for One {
        type Value = Mailbox;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a mail address, such as `Headcount <headcount@example.com>`")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Mailbox, E> {
            parsed(text)
        }
    }

    deserializer.deserialize_str(One)
}

impl<'de> Deserialize<'de> for Addresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Some;

        impl<'de> Visitor<'de> for Some {
            type Value = Addresses;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mail address, or a list of them")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Addresses, E> {
                Ok(Addresses(vec![parsed(text)?]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Addresses, A::Error> {
                let mut all: Vec<Mailbox> = Vec::new();
                while let core::option::Option::Some(text) = seq.next_element::<String>()? {
                    let one: Mailbox = parsed(&text)?;
                    if all.iter().any(|known| known.email == one.email) {
                        return Err(A::Error::custom(format!("`{text}` is given twice")));
                    }
                    all.push(one);
                }
                if all.is_empty() {
                    return Err(A::Error::custom("nobody is given to write to"));
                }
                Ok(Addresses(all))
            }
        }

        deserializer.deserialize_any(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(yaml: &str, password: Option<&str>) -> Result<Settings, String> {
        let written: Written = serde_yaml::from_str(yaml).map_err(|error| error.to_string())?;
        let password = password.map(Secret::new);
        let client_secret = written.smtp.oauth2.as_ref().and_then(|oauth2| oauth2.client_secret.clone());
        Settings::new(written, Secrets { password, client_secret })
    }

    #[test]
    fn what_is_written_is_meant() {
        let one = "from: Headcount <h@example.com>\nto: a@example.com\nsmtp: {host: mail.example.com}";
        let settings_of_one = settings(one, None).unwrap();
        assert_eq!((settings_of_one.smtp.port, settings_of_one.smtp.tls), (587, Tls::Starttls));
        assert_eq!(settings_of_one.to.len(), 1);

        let full = "from: h@example.com\nto: [a@example.com, B <b@example.com>]\n\
                    smtp: {host: localhost, tls: none, user: u, password: hunter2}";
        let full = settings(full, Some("hunter2")).unwrap();
        assert_eq!((full.smtp.port, full.to.len()), (25, 2));
        assert!(!format!("{full:?}").contains("hunter2"));
    }

    #[test]
    fn tokens_take_the_place_of_a_password() {
        let yaml = |oauth2: &str| {
            format!(
                "from: h@x.se\nto: a@x.se\nsmtp: {{host: m, user: h@x.se, oauth2: {{client_id: app, client_secret: hunter2, {oauth2}}}}}"
            )
        };
        let microsoft = settings(&yaml("tenant: x.onmicrosoft.com"), None).unwrap();
        let Some(Login::Token { user, grant }) = &microsoft.smtp.login else { panic!("{microsoft:?}") };
        assert_eq!((user.as_str(), grant.scope.as_str()), ("h@x.se", SCOPE));
        assert_eq!(grant.url.expose(), "https://login.microsoftonline.com/x.onmicrosoft.com/oauth2/v2.0/token");
        assert!(!format!("{microsoft:?}").contains("hunter2"));

        let other = settings(&yaml("token_url: https://id.example.com/token, scope: mail"), None).unwrap();
        assert_eq!(other.token_url().unwrap().expose(), "https://id.example.com/token");
        for (oauth2, told) in [
            ("scope: mail", "exactly one of `tenant` and `token_url`"),
            ("tenant: x, token_url: https://id.example.com", "exactly one of"),
            ("tenant: a/b?c", "is no tenant"),
            ("token_url: http://id.example.com/token", "use `https://`"),
            ("tenent: x", "unknown field `tenent`"),
        ] {
            let error = settings(&yaml(oauth2), None).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
        assert!(settings(&yaml("tenant: x"), Some("p")).unwrap_err().contains("not both"));
        let without_user = yaml("tenant: x").replace("user: h@x.se, ", "");
        assert!(settings(&without_user, None).unwrap_err().contains("the mailbox"));
        let in_the_open = yaml("tenant: x").replace("user:", "tls: none, user:");
        assert!(settings(&in_the_open, None).unwrap_err().contains("in the open"));
    }

    #[test]
    fn mistakes_are_told() {
        for (yaml, password, told) in [
            ("from: h\nto: a@x.se\nsmtp: {host: m}", None, "`h` is no mail address"),
            ("from: h@x.se\nto: a@x.se\nsmtp: {host: m}\nmail_people: {domains: []}", None, "is empty"),
            (
                "from: h@x.se\nto: a@x.se\nsmtp: {host: m}\nmail_people: {domains: ['*.x.se']}",
                None,
                "`*.x.se` is no domain",
            ),
            (
                "from: h@x.se\nto: a@x.se\nsmtp: {host: m}\nmail_people: {domains: ['@x.se']}",
                None,
                "`@x.se` is no domain",
            ),
            (
                "from: h@x.se\nto: a@x.se\nsmtp: {host: m}\nmail_people: {domain: [x.se]}",
                None,
                "unknown field `domain`",
            ),
            ("from: h@x.se\nto: []\nsmtp: {host: m}", None, "nobody is given to write to"),
            ("from: h@x.se\nto: [a@x.se, a@x.se]\nsmtp: {host: m}", None, "`a@x.se` is given twice"),
            ("from: h@x.se\nto: a@x.se\nsmtp: {host: m, tls: ssl}", None, "unknown variant `ssl`"),
            ("from: h@x.se\nto: a@x.se\nsmtp: {host: m, usr: x}", None, "unknown field `usr`"),
            ("from: h@x.se\nto: a@x.se\nsmtp: {host: m, user: x}", None, "`smtp.user` needs"),
            ("from: h@x.se\nto: a@x.se\nsmtp: {host: m}", Some("p"), "`smtp.password` needs"),
            ("from: h@x.se\nto: a@x.se\nsmtp: {host: m, tls: none, user: x}", Some("p"), "in the open"),
        ] {
            let error = settings(yaml, password).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
}
