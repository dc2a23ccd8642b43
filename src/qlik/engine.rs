//! The engine service: how each node of a site is.
//!
//! It wants the client certificate alone: no key against cross-site requests, and no user. What it counts are its own
//! sessions and users, which need not be as many as the proxies list.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Url};
use serde::{Deserialize, Deserializer};

use super::call::{self, With};
use super::fault::{Fault, Whom};
use super::tls::{self, TlsError};
use super::trust::Trust;
use super::{ENGINE_PORT, Proxies, Qlik, Settings, wire};
use crate::clean::clean_to;
use crate::snapshot::{Engine, Health, Snapshot, Unseen, UnseenKind};

/// How long an engine that did not answer is left alone where it is asked gently, and how long one may then take to answer.
const REST: SignedDuration = SignedDuration::from_mins(5);
const GENTLE: Duration = Duration::from_secs(2);

/// The longest version that is told, in characters.
const LONGEST_VERSION: usize = 60;

/// Whether engines are asked beside the proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskEngines {
    Not,
    /// Each time, but so that nobody waits for one that is out of reach: a firewall may well be between.
    Gently,
    /// Each time, whatever it takes.
    Always,
}

/// One engine, ready to be asked.
pub(super) struct Target {
    place: Place,
    label: Arc<str>,
    asked: Result<(Client, Url), Unseen>,
    /// Since when and why it does not answer whoever asks gently.
    silent: Mutex<Option<(Timestamp, Unseen)>>,
}

/// Where an engine is, and what it is verified by.
#[derive(Clone)]
struct Place {
    host: String,
    server_name: Option<String>,
    trust: Trust,
}

impl Target {
    fn new(settings: &Settings, place: Place) -> Self {
        let port = settings.ports.engine;
        let label = if port == ENGINE_PORT { place.host.clone() } else { format!("{}:{port}", place.host) };
        let asked = Self::client(settings, &place).map_err(|error| Unseen {
            kind: UnseenKind::Other,
            tried: format!("the engine on `{}`", crate::clean::clean(&place.host)),
            what: crate::clean::clean(&error.to_string()),
            advice: "see the host name of that node in the QMC".to_owned(),
        });
        Self { place, label: label.into(), asked, silent: Mutex::default() }
    }

    fn client(settings: &Settings, place: &Place) -> Result<(Client, Url), TlsError> {
        let (client, _) = tls::client(settings, place.server_name.as_deref(), &place.trust)?;
        let mut url = call::base(&place.host, settings.ports.engine)?;
        url.set_path("/engine/healthcheck");
        Ok((client, url))
    }

    async fn ask(&self, timeout: Duration) -> Engine {
        let health = match &self.asked {
            Err(why) => Err(why.clone()),
            Ok((client, url)) => {
                match call::get(client, url, With::Nothing, timeout).await.and_then(|body| parse(&body)) {
                    Ok(health) => Ok(health),
                    Err(fault) => Err(fault.told(url, Whom::Engine, timeout)),
                }
            }
        };
        Engine { host: self.label.clone(), health }
    }

    /// As it is, or as it was when it last did not answer, for a while.
    async fn ask_gently(&self, timeout: Duration, at: Timestamp) -> Engine {
        let silent = self.silent().clone();
        if let Some((since, why)) = silent
            && (SignedDuration::ZERO..REST).contains(&at.duration_since(since))
        {
            return Engine { host: self.label.clone(), health: Err(why) };
        }
        let engine = self.ask(timeout.min(GENTLE)).await;
        *self.silent() = engine.health.as_ref().err().map(|why| (at, why.clone()));
        engine
    }

    fn silent(&self) -> MutexGuard<'_, Option<(Timestamp, Unseen)>> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Qlik {
    /// As [`Qlik::observe`], with the health of every engine, where `health` asks for it.
    pub async fn observe_with(&self, at: Timestamp, health: AskEngines) -> Snapshot {
        if health == AskEngines::Not {
            return self.observe(at).await;
        }
        // Who has an engine may only be known once the repository was asked.
        if self.places().is_empty() {
            let snapshot = self.observe(at).await;
            return snapshot.with_engines(self.engines(at, health).await);
        }
        let (snapshot, engines) = tokio::join!(self.observe(at), self.engines(at, health));
        snapshot.with_engines(engines)
    }

    /// Asks every engine that is known, all at once. Never fails: not seeing is something seen.
    pub async fn engines(&self, at: Timestamp, health: AskEngines) -> Vec<Engine> {
        let (targets, timeout) = (self.engine_targets(), self.settings.timeout);
        match health {
            AskEngines::Gently => join_all(targets.iter().map(|target| target.ask_gently(timeout, at))).await,
            _ => join_all(targets.iter().map(|target| target.ask(timeout))).await,
        }
    }

    fn engine_targets(&self) -> Vec<Arc<Target>> {
        let mut known = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        let targets = self.places().into_iter().map(|place| {
            let before = known.iter().find(|target| target.place.host.eq_ignore_ascii_case(&place.host));
            before.cloned().unwrap_or_else(|| Arc::new(Target::new(&self.settings, place)))
        });
        let targets: Vec<_> = targets.collect();
        known.clone_from(&targets);
        targets
    }

    /// The nodes that run an engine, as the repository says; where it does not, those that run a proxy.
    fn places(&self) -> Vec<Place> {
        let plain = |host: &String| Place { host: host.clone(), server_name: None, trust: self.settings.trust.clone() };
        let mut places: Vec<Place> = match (&self.settings.proxies, self.known()) {
            (Proxies::Listed(all), _) => all
                .iter()
                .map(|proxy| Place {
                    host: proxy.host.clone(),
                    server_name: proxy.server_name.clone(),
                    trust: proxy.trust.clone().unwrap_or_else(|| self.settings.trust.clone()),
                })
                .collect(),
            (Proxies::Discover, None) => Vec::new(),
            (Proxies::Discover, Some(known)) if known.topology.engines.is_empty() => {
                known.topology.proxies.iter().map(|proxy| plain(&proxy.host)).collect()
            }
            (Proxies::Discover, Some(known)) => known.topology.engines.iter().map(plain).collect(),
        };
        let mut hosts: Vec<String> = Vec::new();
        places.retain(|place| {
            let host = place.host.to_lowercase();
            let new = !hosts.contains(&host);
            hosts.push(host);
            new
        });
        places
    }
}

// How the engine spells its health. Which apps are open is left unread.

#[derive(Deserialize)]
struct WireHealth {
    version: Option<String>,
    started: Option<String>,
    mem: WireMemory,
    cpu: Option<WireCpu>,
    session: Option<WireUse>,
    users: Option<WireUse>,
    #[serde(default, deserialize_with = "flag")]
    saturated: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireMemory {
    committed: Option<f64>,
    /// As old versions spell it.
    comitted: Option<f64>,
    allocated: Option<f64>,
    free: Option<f64>,
    total_physical: Option<f64>,
}

#[derive(Deserialize)]
struct WireCpu {
    total: Option<f64>,
}

#[derive(Deserialize)]
struct WireUse {
    active: Option<f64>,
    total: Option<f64>,
}

/// Versions say it as a truth value, as 0 or 1, or not at all; whatever else it is means that it is not known.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match Option::<serde_json::Value>::deserialize(deserializer)? {
        Some(serde_json::Value::Bool(flag)) => Some(flag),
        Some(serde_json::Value::Number(number)) => number.as_f64().map(|number| number != 0.0),
        Some(serde_json::Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    })
}

fn parse(body: &[u8]) -> Result<Health, Fault> {
    let wire: WireHealth = wire::parse_object(body, "an engine's health", &["mem"])?;
    let number = |number: Option<f64>| number.filter(|number| number.is_finite() && *number >= 0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is no less than 0, and whole")]
    let whole = |value: Option<f64>| number(value).map(|value| value.round() as u64);
    let used = |wire: Option<&WireUse>| (whole(wire.and_then(|it| it.active)), whole(wire.and_then(|it| it.total)));
    let (sessions_active, sessions_total) = used(wire.session.as_ref());
    let (users_active, users_total) = used(wire.users.as_ref());
    Ok(Health {
        version: wire.version.map(|version| clean_to(&version, LONGEST_VERSION)).filter(|version| !version.is_empty()),
        started: wire.started.as_deref().and_then(started),
        memory_committed: number(wire.mem.committed.or(wire.mem.comitted)),
        memory_allocated: number(wire.mem.allocated),
        memory_free: number(wire.mem.free),
        memory_total: number(wire.mem.total_physical),
        cpu: number(wire.cpu.and_then(|cpu| cpu.total)),
        sessions_active,
        sessions_total,
        users_active,
        users_total,
        saturated: wire.saturated,
    })
}

/// `20260105T061500.000Z`, or with an offset such as `+0100` in place of the `Z`.
fn started(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let (plain, minutes) = if let Some(plain) = text.strip_suffix(['Z', 'z']) {
        (plain, 0)
    } else {
        let at = text.rfind(['+', '-']).filter(|at| *at > 8)?;
        let (plain, offset) = text.split_at(at);
        let digits: String = offset[1..].chars().filter(|c| *c != ':').collect();
        if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let minutes = digits[..2].parse::<i64>().ok()? * 60 + digits[2..].parse::<i64>().ok()?;
        (plain, if offset.starts_with('-') { -minutes } else { minutes })
    };
    let local: jiff::civil::DateTime = plain.parse().ok()?;
    let utc = local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    utc.checked_sub(jiff::SignedDuration::from_mins(minutes)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_read_in_both_forms() {
        for (text, utc) in [
            ("20260105T061500.000Z", Some("2026-01-05T06:15:00Z")),
            ("20260105T061500.000+0100", Some("2026-01-05T05:15:00Z")),
            ("20260105T061500.000-0330", Some("2026-01-05T09:45:00Z")),
            ("20260105T061500Z", Some("2026-01-05T06:15:00Z")),
            ("2026-01-05T06:15:00+01:00", Some("2026-01-05T05:15:00Z")),
            ("20260105", None),
            ("yesterday", None),
            ("20260105T061500.000", None),
            ("20260105T061500.000+1", None),
            ("20261305T061500.000Z", None),
        ] {
            assert_eq!(started(text), utc.map(|utc| utc.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn health_is_read_in_every_spelling() {
        let health = parse(
            br#"{"version":"12.0.0","started":"20260105T061500.000Z","mem":{"committed":900.5,"allocated":1200,"free":7000},
            "cpu":{"total":12},"session":{"active":3,"total":5},"users":{"active":2,"total":4},
            "apps":{"active_docs":[],"calls":70},"cache":{"hits":40},"saturated":false}"#,
        )
        .unwrap();
        let number = |number: f64| Some(number);
        assert_eq!(
            (health.memory_committed, health.memory_free, health.cpu),
            (number(900.5), number(7000.0), number(12.0))
        );
        assert_eq!((health.users_active, health.users_total, health.sessions_total), (Some(2), Some(4), Some(5)));
        assert_eq!(
            (health.version.as_deref(), health.saturated, health.memory_total),
            (Some("12.0.0"), Some(false), None)
        );
        for (said, saturated) in [
            (r#","saturated":true"#, Some(true)),
            (r#","saturated":0"#, Some(false)),
            (r#","saturated":1"#, Some(true)),
            (r#","saturated":1.0"#, Some(true)),
            (r#","saturated":"True""#, Some(true)),
            (r#","saturated":"0""#, Some(false)),
            (r#","saturated":null"#, None),
            (r#","saturated":[]"#, None),
            ("", None),
        ] {
            let body = format!("{{\"mem\":{{\"comitted\":3.5,\"free\":-1,\"totalPhysical\":16000}}{said}}}");
            let health = parse(body.as_bytes()).unwrap();
            assert_eq!(health.saturated, saturated, "{said}");
            assert_eq!((health.memory_committed, health.memory_free), (Some(3.5), None));
            assert_eq!(health.memory_total, Some(16000.0));
        }
    }

    #[test]
    fn anything_else_is_a_fault() {
        for (body, told) in [
            (&b""[..], "an empty body"),
            (b"null", "`null` in place of an engine's health"),
            (b"[]", "a list in place of"),
            (b"{\"value\":[]}", "has no `mem`"),
            (b"{\"mem\":{\"free\":\"x\"}}", "is not what it should be"),
            (b"{\"mem\":{", "half an answer"),
            (b"<html>", "a page of HTML"),
        ] {
            let text = parse(body).unwrap_err().to_string();
            assert!(text.contains(told), "{text}");
        }
    }
}
