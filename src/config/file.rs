//! What was written: the shape of `headcount.yaml`, before anything is made of it.
//!
//! Unknown keys are errors, and a name given twice. A key whose room is not built yet is known by name, and refused.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::channels::{email, file, slack, teams, webhook, written};
use crate::history::Period;
use crate::judge::{Metric, Severity};
use crate::names::Names;
use crate::secret::Secret;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    pub(super) time_zone: Option<String>,
    pub(super) store: Option<Store>,
    pub(super) keep: Option<Keep>,
    pub(super) templates: Option<String>,
    pub(super) ping: Option<Ping>,
    #[serde(default)]
    pub(super) sites: Named<Site>,
    #[serde(default)]
    pub(super) checks: Named<Check>,
    #[serde(default)]
    pub(super) rules: Named<Rule>,
    #[serde(default)]
    pub(super) reports: Named<Report>,
    #[serde(default)]
    pub(super) channels: Named<Channel>,
    #[serde(default)]
    pub(super) maintenance: Named<Maintenance>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Maintenance {
    pub(super) site: OneOrMany,
    pub(super) cron: String,
    pub(super) lasts: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Store {
    pub(super) sqlite: Option<String>,
    /// How people are called in it.
    pub(super) names: Option<Names>,
    #[serde(default, rename = "postgres")]
    #[schemars(skip)]
    _postgres: Later,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Keep {
    pub(super) sessions: Option<String>,
    pub(super) readings: Option<String>,
    pub(super) deliveries: Option<String>,
    pub(super) readings_full: Option<String>,
}

/// The dead man's switch; exactly one of the three addresses.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Ping {
    #[serde(default, deserialize_with = "written::secret")]
    #[schemars(with = "Option<String>")]
    pub(super) url: Option<Secret>,
    pub(super) url_file: Option<String>,
    pub(super) url_env: Option<String>,
    pub(super) every: Option<String>,
    pub(super) ca: Option<String>,
    #[serde(default, deserialize_with = "written::secret")]
    #[schemars(with = "Option<String>")]
    pub(super) proxy_url: Option<Secret>,
    pub(super) proxy_url_file: Option<String>,
    pub(super) proxy_url_env: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Site {
    pub(super) host: String,
    pub(super) certificate: Certificate,
    pub(super) trust: Option<Trust>,
    pub(super) ports: Option<Ports>,
    pub(super) proxies: Option<Proxies>,
    pub(super) exclude: Option<OneOrMany>,
    pub(super) timeout: Option<String>,
    pub(super) link: Option<String>,
    pub(super) user: Option<String>,
    #[serde(default)]
    pub(super) resolve: Named<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Certificate {
    pub(super) pem: Option<String>,
    pub(super) key: Option<String>,
    pub(super) pfx: Option<String>,
    #[serde(default, deserialize_with = "written::secret")]
    #[schemars(with = "Option<String>")]
    pub(super) password: Option<Secret>,
    pub(super) password_file: Option<String>,
    pub(super) password_env: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Trust {
    pub(super) root: Option<String>,
    pub(super) server_name: Option<String>,
    pub(super) fingerprint: Option<OneOrMany>,
    pub(super) insecure: Option<bool>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Ports {
    pub(super) qps: Option<u16>,
    pub(super) qrs: Option<u16>,
    pub(super) engine: Option<u16>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Proxy {
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) server_name: Option<String>,
    pub(super) virtual_proxies: Option<OneOrMany>,
    pub(super) fingerprint: Option<OneOrMany>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    pub(super) site: OneOrMany,
    pub(super) cron: String,
    #[serde(default)]
    pub(super) rules: OneOrMany,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) threshold: Option<Threshold>,
    pub(super) change: Option<Change>,
    pub(super) unreachable: Option<Unreachable>,
    pub(super) stale: Option<Stale>,
    pub(super) unusual: Option<Unusual>,
    pub(super) watch: Option<Watch>,
    pub(super) absence: Option<Absence>,
    pub(super) certificate: Option<Expiry>,
    #[serde(default)]
    pub(super) severity: Severity,
    pub(super) tell: Option<OneOrMany>,
    pub(super) damp: Option<Damp>,
    pub(super) repeat: Option<String>,
    pub(super) link: Option<String>,
    pub(super) during: Option<Window>,
    #[serde(rename = "where")]
    pub(super) narrowed: Option<Where>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Threshold {
    pub(super) metric: ThresholdMetric,
    pub(super) above: Option<u64>,
    pub(super) below: Option<u64>,
    pub(super) clear: Option<u64>,
    #[serde(rename = "for")]
    pub(super) hold: Option<String>,
    pub(super) over: Option<Over>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Over {
    Site,
    Proxy,
    VirtualProxy,
    Directory,
}

/// What a rule looks at, such as `{virtual_proxy: hr, user: 'CORP\admin*'}`; each is a pattern, or a list of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Where {
    pub(super) virtual_proxy: Option<OneOrMany>,
    pub(super) directory: Option<OneOrMany>,
    pub(super) user: Option<OneOrMany>,
}

/// Who is on, or how the engines are.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ThresholdMetric {
    Sessions,
    Users,
    Anonymous,
    SessionsOfOneUser,
    Joined,
    Left,
    Saturated,
    MemoryFree,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    pub(super) metric: Metric,
    pub(super) rises: Option<Scalar>,
    pub(super) falls: Option<Scalar>,
    pub(super) within: String,
    pub(super) at_least: Option<u64>,
    pub(super) over: Option<Over>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Unusual {
    pub(super) metric: Metric,
    pub(super) by: Option<f64>,
    pub(super) at_least: Option<u64>,
    pub(super) weeks: Option<u32>,
    #[serde(rename = "for")]
    pub(super) hold: Option<String>,
    pub(super) over: Option<Over>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Watch {
    pub(super) user: Option<OneOrMany>,
    pub(super) when: Option<When>,
    pub(super) sessions_of_one_user: Option<u64>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum When {
    Each,
    FirstEver,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Absence {
    #[serde(rename = "for")]
    pub(super) hold: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Expiry {
    pub(super) days: Option<Vec<u32>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Unreachable {
    #[serde(rename = "for")]
    pub(super) hold: Option<String>,
    pub(super) parts: Option<Parts>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Stale {
    #[serde(rename = "for")]
    pub(super) hold: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Damp {
    pub(super) openings: u32,
    pub(super) within: String,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Parts {
    Any,
    All,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Report {
    pub(super) who: Option<Who>,
    pub(super) site: OneOrMany,
    pub(super) cron: Option<String>,
    pub(super) time_zone: Option<String>,
    pub(super) tell: Option<OneOrMany>,
    pub(super) late: Option<String>,
    pub(super) digest: Option<Digest>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Digest {
    pub(super) period: Period,
    pub(super) name_people: Option<bool>,
    pub(super) engines: Option<bool>,
    pub(super) working_hours: Option<Window>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Who {
    pub(super) before: Option<String>,
    pub(super) lead: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Channel {
    pub(super) slack: Option<slack::Written>,
    pub(super) teams: Option<teams::Written>,
    pub(super) email: Option<email::Written>,
    pub(super) webhook: Option<webhook::Written>,
    pub(super) file: Option<file::Written>,
    pub(super) from: Option<Severity>,
    pub(super) names: Option<Names>,
    pub(super) resolved: Option<bool>,
    pub(super) fallback: Option<String>,
    pub(super) quiet: Option<Window>,
    /// Messages an hour.
    pub(super) cap: Option<u32>,
    pub(super) keep_alive: Option<String>,
    pub(super) pace: Option<String>,
    pub(super) give_up: Option<String>,
    pub(super) ca: Option<String>,
    #[serde(default, deserialize_with = "written::secret")]
    #[schemars(with = "Option<String>")]
    pub(super) proxy_url: Option<Secret>,
    pub(super) proxy_url_file: Option<String>,
    pub(super) proxy_url_env: Option<String>,
}

/// Hours of days, such as `{days: "MON-FRI", hours: "20:00-07:00"}`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Window {
    pub(super) days: Option<String>,
    pub(super) hours: Option<String>,
}

/// A key that the contract has and this version has not: refused by name, wherever it stands.
#[derive(Debug, Default)]
pub(super) struct Later;

impl<'de> Deserialize<'de> for Later {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer)?;
        Err(D::Error::custom("this key is not built yet in this version of headcount; take it out"))
    }
}

/// A map of named things in their order; a name given twice is a mistake, not the last one's win.
#[derive(Debug)]
pub(super) struct Named<T>(pub(super) Vec<(String, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names<T>(PhantomData<T>);

        impl<'de, T: DeserializeOwned> Visitor<'de> for Names<T> {
            type Value = Named<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from names to their settings")
            }

            fn visit_unit<E: Error>(self) -> Result<Named<T>, E> {
                Ok(Named(Vec::new()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
                let mut named: Vec<(String, T)> = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if named.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom(format!("the name `{name}` is given twice")));
                    }
                    if name.is_empty() || name.chars().any(|c| c.is_control() || c == '/' || c == ':') {
                        // It may be an address with a secret in it, so it is not repeated.
                        return Err(A::Error::custom(
                            "a name here holds `:`, `/` or a control character: use letters, digits and `-`",
                        ));
                    }
                    named.push((name, map.next_value()?));
                }
                Ok(Named(named))
            }
        }

        deserializer.deserialize_any(Names(PhantomData))
    }
}

/// One text, or a list of texts.
#[derive(Clone, Debug, Default)]
pub(super) struct OneOrMany {
    pub(super) all: Vec<String>,
    /// Whether it was written as a list, so that a mistake is told at `key[2]` and not at `key`.
    pub(super) listed: bool,
}

impl OneOrMany {
    /// Each text with the key that it stands at.
    pub(super) fn at<'a>(&'a self, key: &'a str) -> impl Iterator<Item = (String, &'a str)> {
        self.all
            .iter()
            .enumerate()
            .map(move |(i, text)| (if self.listed { format!("{key}[{i}]") } else { key.to_owned() }, text.as_str()))
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;

        impl<'de> Visitor<'de> for Texts {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany { all: vec![text.to_owned()], listed: false })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut all = Vec::new();
                while let Some(text) = seq.next_element()? {
                    all.push(text);
                }
                Ok(OneOrMany { all, listed: true })
            }
        }

        deserializer.deserialize_any(Texts)
    }
}

/// A number or a text, such as `30` or `50%`.
#[derive(Debug)]
pub(super) struct Scalar(pub(super) String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number such as `30`, or a percentage such as `50%`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(text.to_owned()))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string()))
            }
        }

        deserializer.deserialize_any(Text)
    }
}

/// Proxies listed by hand, or `discover`: the repository names them.
#[derive(Debug)]
pub(super) enum Proxies {
    Discover,
    Listed(Vec<Proxy>),
}

impl<'de> Deserialize<'de> for Proxies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = Proxies;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`discover` or a list of proxies, such as `[{host: sense1.example.com, virtual_proxies: [\"\", hr]}]`,")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Proxies, E> {
                if text == "discover" {
                    return Ok(Proxies::Discover);
                }
                Err(E::invalid_type(serde::de::Unexpected::Str(text), &self))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Proxies, A::Error> {
                let mut all = Vec::new();
                while let Some(proxy) = seq.next_element()? {
                    all.push(proxy);
                }
                Ok(Proxies::Listed(all))
            }
        }

        deserializer.deserialize_any(List)
    }
}

// What a visitor reads, for editors.

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Named{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let inner = generator.subschema_for::<T>();
        json_schema!({"type": ["object", "null"], "additionalProperties": inner})
    }
}

impl JsonSchema for OneOrMany {
    fn schema_name() -> Cow<'static, str> {
        "OneOrMany".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})
    }
}

impl JsonSchema for Scalar {
    fn schema_name() -> Cow<'static, str> {
        "NumberOrPercentage".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^ *[0-9]+ *%? *$"}]})
    }
}

impl JsonSchema for Proxies {
    fn schema_name() -> Cow<'static, str> {
        "Proxies".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let proxy = generator.subschema_for::<Proxy>();
        json_schema!({"anyOf": [{"const": "discover"}, {"type": "array", "minItems": 1, "items": proxy}]})
    }
}
