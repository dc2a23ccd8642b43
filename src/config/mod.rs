//! Reads the configuration.
//!
//! Takes `headcount.yaml`. Gives [`Config`]: times parsed, zone loaded, secrets read, certificates opened, names resolved.
//! [`file`] is what was written, this is what it means; [`load`] alone reads files, environment and credentials.
//! Mistakes come with file, line, key and what would be right: of shape the first, of meaning all at once.

mod file;
mod judging;
pub mod load;
mod meaning;
mod problem;
mod wording;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

pub use judging::{Judged, Judging};
pub(crate) use problem::nearest;
pub use problem::{Problem, Problems};

use crate::channels::Channel;
use crate::channels::ping::Ping;
use crate::jobs::{Check, Report, Site};
use crate::names::Names;
use crate::outbox::Policy;
use crate::schedule::Maintenance;
use crate::secret::Secret;
use crate::store::Keep;

/// What the operator wants, ready to be used.
#[derive(Debug)]
pub struct Config {
    pub file: PathBuf,
    pub time_zone: TimeZone,
    /// The store's file, still to be joined to the state directory.
    pub database: PathBuf,
    /// How the store calls people; no channel tells more.
    pub names: Names,
    /// How long the store keeps what.
    pub keep: Keep,
    pub templates: Option<PathBuf>,
    /// The dead man's switch.
    pub ping: Option<Arc<Ping>>,
    pub sites: Vec<Arc<Site>>,
    pub checks: Vec<Check>,
    pub reports: Vec<Report>,
    /// When sites are worked on.
    pub maintenance: Vec<Arc<Maintenance>>,
    pub channels: Vec<ChannelSpec>,
    /// How many rules there are, used or not.
    pub rules: usize,
    /// What is no mistake, and can hardly be meant.
    pub notes: Vec<Problem>,
}

/// A channel, and what it is told.
#[derive(Debug)]
pub struct ChannelSpec {
    pub channel: Arc<Channel>,
    pub policy: Policy,
    pub pace: Option<SignedDuration>,
    pub give_up: SignedDuration,
    /// Where it leads: its settings and its secrets.
    pub address: Vec<Secret>,
}

impl Config {
    /// Reads and understands a configuration.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        let text = load::text(path).map_err(|what| Problems::one(path, None, "", what))?;
        Self::from_text(path, &text)
    }

    /// As [`Config::load`], of a text that was read from `path`.
    pub fn from_text(path: &Path, text: &str) -> Result<Self, Problems> {
        let written = read(path, text)?;
        meaning::understand(path, text, written)
    }

    /// What it takes to look into the store alone: no site, certificate or secret is read.
    pub fn store_only(path: &Path) -> Result<(TimeZone, PathBuf), Problems> {
        let text = load::text(path).map_err(|what| Problems::one(path, None, "", what))?;
        meaning::store_only(path, &text, read(path, &text)?)
    }

    /// The folder of templates alone, as it is written.
    pub fn templates_only(path: &Path) -> Result<Option<PathBuf>, Problems> {
        let text = load::text(path).map_err(|what| Problems::one(path, None, "", what))?;
        meaning::templates_only(path, &text, &read(path, &text)?)
    }

    pub fn site(&self, name: &str) -> Option<&Arc<Site>> {
        self.sites.iter().find(|site| *site.name == *name)
    }

    pub fn channel(&self, name: &str) -> Option<&ChannelSpec> {
        self.channels.iter().find(|spec| spec.channel.name == name)
    }
}

/// The JSON Schema of the configuration, by which editors complete and check it.
pub fn schema() -> String {
    let schema = schemars::schema_for!(file::Config);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// Reads the shape; the first mistake ends it, at its own line.
fn read<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, Problems> {
    // Some editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(Problems::one(path, None, "", "the configuration is empty"));
    }
    serde_path_to_error::deserialize(serde_yaml::Deserializer::from_str(text)).map_err(|error| {
        let key = error.path().to_string();
        let key = if key == "." { "" } else { wording::without_address(key.trim_end_matches(".?")) };
        let inner = error.into_inner();
        let said = inner.to_string();
        let twice = ["duplicate field `", "the name `"].iter().find_map(|before| {
            said.split_once(before).and_then(|(_, rest)| rest.split_once('`')).map(|(name, _)| name)
        });
        let full = twice.map_or_else(
            || key.to_owned(),
            |name| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") },
        );
        let told = inner.location().map(|location| location.line());
        // Of these two, the parser tells where the map around them begins.
        let found =
            (twice.is_some() || said.contains("not built yet")).then(|| problem::line_of(text, &full)).flatten();
        let line = found.or(told);
        Problems::one(path, line, key, wording::plain(&said, key))
    })
}

#[cfg(test)]
#[cfg(feature = "demo")]
mod tests;
