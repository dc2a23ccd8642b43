//! Reads the configuration.
//!
//! Takes `headcount.yaml`. Gives [`Config`]: times parsed, zone loaded, secrets read, certificates opened, names resolved.
//! [`file`] is what was written, this is what it means; [`load`] alone reads files, environment and credentials.
//! Mistakes come with file, line, key and what would be right: of shape the first, of meaning all at once.

mod file;
pub mod load;
mod meaning;
mod problem;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

pub use problem::{Problem, Problems};

use crate::channels::Channel;
use crate::judge::{Rule, Severity};
use crate::qlik;
use crate::schedule::Cron;

/// What the operator wants, ready to be used.
#[derive(Debug)]
pub struct Config {
    pub file: PathBuf,
    pub time_zone: TimeZone,
    /// The store's file, still to be joined to the state directory.
    pub database: PathBuf,
    pub templates: Option<PathBuf>,
    pub sites: Vec<Arc<Site>>,
    pub checks: Vec<Check>,
    pub reports: Vec<Report>,
    pub channels: Vec<ChannelSpec>,
    /// How many rules there are, used or not.
    pub rules: usize,
}

/// A site, and how to reach it.
#[derive(Debug)]
pub struct Site {
    pub name: Arc<str>,
    pub qlik: qlik::Settings,
    pub link: Option<String>,
}

/// One site, polled on a schedule and judged by rules.
#[derive(Debug)]
pub struct Check {
    pub name: String,
    pub site: Arc<Site>,
    pub cron: Cron,
    pub rules: Vec<Arc<Rule>>,
}

/// A report on a schedule: who is on, at that moment.
#[derive(Debug)]
pub struct Report {
    pub name: String,
    pub sites: Vec<Arc<Site>>,
    pub cron: Cron,
    pub tell: Vec<Arc<str>>,
    /// How late it may still be told.
    pub late: SignedDuration,
}

/// A channel, and what it is told.
#[derive(Debug)]
pub struct ChannelSpec {
    pub channel: Arc<Channel>,
    /// The least severity taken.
    pub from: Severity,
    /// Whether it is told that something is over.
    pub resolved: bool,
    pub pace: Option<SignedDuration>,
    pub give_up: SignedDuration,
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

    pub fn site(&self, name: &str) -> Option<&Arc<Site>> {
        self.sites.iter().find(|site| *site.name == *name)
    }

    pub fn channel(&self, name: &str) -> Option<&ChannelSpec> {
        self.channels.iter().find(|spec| spec.channel.name == name)
    }
}

/// Reads the shape; the first mistake ends it, at its own line.
fn read(path: &Path, text: &str) -> Result<file::Config, Problems> {
    if text.trim().is_empty() {
        return Err(Problems::one(path, None, "", "the configuration is empty"));
    }
    serde_path_to_error::deserialize(serde_yaml::Deserializer::from_str(text)).map_err(|error| {
        let key = error.path().to_string();
        let key = if key == "." { String::new() } else { key.trim_end_matches(".?").to_owned() };
        let inner = error.into_inner();
        let line = inner.location().map(|location| location.line());
        Problems::one(path, line, key.clone(), plain(&inner.to_string(), &key))
    })
}

/// The parser's words, without the place, which stands in front already.
fn plain(said: &str, key: &str) -> String {
    let said = said.split(" at line ").next().unwrap_or(said);
    let said = said.strip_prefix(key).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(said);
    // The parser also puts the path of the map around a key in front.
    match said.split_once(": ") {
        Some((path, rest)) if !path.is_empty() && key.starts_with(path) => rest.to_owned(),
        _ => said.to_owned(),
    }
}

#[cfg(test)]
mod tests;
