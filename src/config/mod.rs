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
use crate::jobs::{Check, Report, Site};
use crate::judge::Severity;

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

/// The parser's words in ours, without the place, which stands in front already.
fn plain(said: &str, key: &str) -> String {
    let said = said.split(" at line ").next().unwrap_or(said);
    let said = said.strip_prefix(key).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(said);
    // The parser also puts the path of the map around a key in front.
    let said = match said.split_once(": ") {
        Some((path, rest)) if !path.is_empty() && key.starts_with(path) => rest,
        _ => said,
    };
    let between = |before: &str, after: &str| {
        said.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map(|(inner, _)| inner)
    };
    if let Some((_, rest)) = said.split_once("unknown field `") {
        return one_of(rest, "there is no key").unwrap_or_else(|| said.to_owned());
    }
    if let Some((_, rest)) = said.split_once("unknown variant `") {
        return one_of(rest, "there is no").unwrap_or_else(|| said.to_owned());
    }
    if let Some(field) = between("missing field `", "`") {
        return format!("`{field}` is missing");
    }
    if said.ends_with("expected u16") || said.ends_with("expected u64") {
        let most = if said.ends_with("u16") { "from 0 to 65535" } else { "of 0 or more" };
        let given = between("`", "`").or_else(|| between("\"", "\"")).unwrap_or("it");
        return format!("`{given}` is not a whole number {most}");
    }
    if said.ends_with("expected a boolean") {
        return format!(
            "`{}` is neither `true` nor `false`",
            between("\"", "\"").or_else(|| between("`", "`")).unwrap_or("it")
        );
    }
    if let Some((given, _)) = said.split_once(", expected struct ") {
        return format!(
            "{}, where keys with their values belong",
            given.strip_prefix("invalid type: ").unwrap_or(given)
        );
    }
    let hint = match said {
        "did not find expected alphabetic or numeric character" => {
            "; a text that begins with `*`, as a cron expression may, must be quoted"
        }
        "found character that cannot start any token" => {
            "; a tab cannot indent, and a text that begins with `@`, `%` or a backquote must be quoted"
        }
        "did not find expected ',' or '}'" | "did not find expected ',' or ']'" => {
            "; see whether an unquoted ` #` began a comment"
        }
        _ => "",
    };
    format!("{said}{hint}")
}

/// What follows `unknown field`, as a sentence with the nearest name, or with all of them.
fn one_of(rest: &str, what: &str) -> Option<String> {
    let (name, expected) = rest.split_once('`')?;
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    Some(format!("{what} `{name}` here; {}", problem::nearest(name, known)))
}

#[cfg(test)]
#[cfg(feature = "demo")]
mod tests;
