//! The settings of an e-mail channel.

use std::fmt;

use lettre::message::Mailbox;
use schemars::JsonSchema;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::channels::{is_loopback, written};
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
}

/// The server as meant.
#[derive(Clone, Debug)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub login: Option<(String, Secret)>,
}

impl Settings {
    /// Takes what was written, and the password, read from wherever it is.
    pub fn new(written: Written, password: Option<Secret>) -> Result<Self, String> {
        let SmtpWritten { host, port, tls, user, .. } = written.smtp;
        let login = match (user, password) {
            (Some(user), Some(password)) => Some((user, password)),
            (None, None) => None,
            (Some(_), None) => return Err("`smtp.user` needs a `smtp.password`".to_owned()),
            (None, Some(_)) => return Err("`smtp.password` needs a `smtp.user`".to_owned()),
        };
        // It may hold a password, so it is not repeated.
        if host.is_empty()
            || host.contains(['/', '@', ' '])
            || (host.contains(':') && host.parse::<std::net::Ipv6Addr>().is_err())
        {
            return Err("`smtp.host` is no host name: write a name such as `mail.example.com` alone; `port`, `tls`, `user` and the password have keys of their own".to_owned());
        }
        if tls == Tls::None && login.is_some() && !is_loopback(&host) {
            return Err("`smtp.tls: none` would send the password in the open; use `starttls` or `implicit`".to_owned());
        }
        let smtp = Smtp { host, port: port.unwrap_or(tls.port()), tls, login };
        Ok(Self { from: written.from, to: written.to.0, smtp })
    }
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
        Settings::new(written, password.map(Secret::new))
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
    fn mistakes_are_told() {
        for (yaml, password, told) in [
            ("from: h\nto: a@x.se\nsmtp: {host: m}", None, "`h` is no mail address"),
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
