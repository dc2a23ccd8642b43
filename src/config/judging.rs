//! The part of a configuration that judging needs: a whole one will do, or its `rules` and `checks` alone.
//!
//! No site, certificate, channel or secret is read, so that rules can be tried anywhere, before anything is set up.

use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::file::{Check, Maintenance, Named, OneOrMany, Rule};
use super::{Problems, load, meaning};
use crate::judge::{self, Severity};
use crate::qlik::Pattern;
use crate::schedule::{self, Cron};

/// What was written of it. Sites may be left out, or be no more than who does not count.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) time_zone: Option<String>,
    #[serde(default)]
    pub(super) sites: Named<Site>,
    #[serde(default)]
    pub(super) checks: Named<Check>,
    #[serde(default)]
    pub(super) rules: Named<Rule>,
    #[serde(default)]
    pub(super) channels: Named<Channel>,
    #[serde(default)]
    pub(super) maintenance: Named<Maintenance>,
    #[serde(default, rename = "store")]
    #[schemars(skip)]
    _store: Option<IgnoredAny>,
    #[serde(default, rename = "templates")]
    #[schemars(skip)]
    _templates: Option<IgnoredAny>,
    #[serde(default, rename = "ping")]
    #[schemars(skip)]
    _ping: Option<IgnoredAny>,
    #[serde(default, rename = "reports")]
    #[schemars(skip)]
    _reports: Option<IgnoredAny>,
}

/// A site, of which only this matters here.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Site {
    pub(super) exclude: Option<OneOrMany>,
}

/// A channel, of which only this matters here.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Channel {
    pub(super) from: Option<Severity>,
    pub(super) resolved: Option<bool>,
}

/// Rules and checks, ready to judge by.
#[derive(Debug)]
pub struct Judging {
    pub time_zone: TimeZone,
    pub checks: Vec<Judged>,
    /// Every rule, used by a check or not.
    pub rules: Vec<Arc<judge::Rule>>,
    /// Who never counts, where no check says otherwise.
    pub exclude: Vec<Pattern>,
    /// When sites are worked on.
    pub maintenance: Vec<Arc<schedule::Maintenance>>,
    /// What each channel takes, where the file has channels at all.
    pub takes: Vec<(String, Severity, bool)>,
}

/// One check of one site, without the way to the site.
#[derive(Debug)]
pub struct Judged {
    pub name: String,
    pub site: Arc<str>,
    pub cron: Cron,
    pub rules: Vec<Arc<judge::Rule>>,
    pub exclude: Vec<Pattern>,
}

impl Judging {
    /// Reads a configuration, or its `rules` and `checks` alone; `zone` is meant where it names none.
    pub fn load(path: &Path, zone: Option<&TimeZone>) -> Result<Self, Problems> {
        let text = load::text(path).map_err(|what| Problems::one(path, None, "", what))?;
        Self::from_text(path, &text, zone)
    }

    /// As [`Judging::load`], of a text that was read from `path`.
    pub fn from_text(path: &Path, text: &str, zone: Option<&TimeZone>) -> Result<Self, Problems> {
        meaning::judging(path, text, super::read(path, text)?, zone)
    }

    /// The windows of one site.
    pub fn maintenance_of(&self, site: &str) -> Vec<Arc<schedule::Maintenance>> {
        self.maintenance.iter().filter(|window| window.is_about(site)).cloned().collect()
    }

    /// Whom a rule tells, as far as the channels are known.
    pub fn told<'a>(&'a self, rule: &'a judge::Rule, over: bool) -> impl Iterator<Item = &'a str> {
        rule.tell.iter().map(|name| &**name).filter(move |name| {
            let takes = self.takes.iter().find(|(channel, ..)| channel == name);
            takes.is_none_or(|(_, from, resolved)| rule.severity >= *from && (*resolved || !over))
        })
    }
}
