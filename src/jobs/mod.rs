//! The flows, each once.
//!
//! A job reads what was known, walks the rooms, and commits what comes of it in one transaction. It decides nothing itself.

mod accounts;
mod closing;
mod discovery;
mod drain;
mod look_back;
mod lookout;
mod notice;
mod past;
mod poll;
mod pulse;
mod release;
mod report;
mod tidy;
mod tell;
mod upkeep;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use tokio::sync::Mutex;

pub use accounts::learn_names;
pub use closing::closings;
pub use discovery::{Discovery, recall};
pub use drain::{Draining, Looked};
pub use look_back::{look_back, store_begins};
pub use lookout::{Lookout, lookout};
pub use notice::{Letters, announce, letters, mail_people, test};
pub use past::{PastPoll, remember};
pub use poll::{Watch, observe_and_judge, poll};
pub use pulse::Pulse;
pub use release::release;
pub use report::{ReportJob, names, report, send_report, who_now};
pub use tidy::tidy;
pub use upkeep::upkeep;

use crate::channels::Channel;
use crate::clock::Clock;
use crate::history::Period;
use crate::judge::Rule;
use crate::outbox::{Courier, Policy};
use crate::qlik;
use crate::render::Engine;
use crate::schedule::{Cron, Maintenance, Window};
use crate::store::Store;
use crate::store::aggregate::Limit;

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
    /// Whether a digest tells how the engines of its site were.
    pub engines: bool,
    /// When its site is worked on.
    pub maintenance: Vec<Arc<Maintenance>>,
}

impl Check {
    /// What its schedule is called in the store.
    pub fn schedule(&self) -> String {
        format!("check:{}:{}", self.name, self.site.name)
    }
}

/// A report on a schedule.
#[derive(Debug)]
pub struct Report {
    pub name: String,
    pub kind: ReportKind,
    pub sites: Vec<Arc<Site>>,
    pub cron: Cron,
    pub tell: Vec<Arc<str>>,
    /// How late it may still be told.
    pub late: SignedDuration,
    /// What it comes before, where that is not a time of its own.
    pub before: Option<Before>,
}

impl Report {
    /// Whether it tells how the engines of a site were.
    pub fn wants_engines_of(&self, site: &str) -> bool {
        let digest = matches!(&self.kind, ReportKind::Digest(digest) if digest.engines);
        digest && self.sites.iter().any(|its| *its.name == *site)
    }
}

/// A report that comes so long before each window of a maintenance.
#[derive(Clone, Debug)]
pub struct Before {
    pub maintenance: Arc<str>,
    pub lead: SignedDuration,
}

/// What a report tells.
#[derive(Clone, Debug)]
pub enum ReportKind {
    /// Who is on, at that moment.
    Who,
    /// How sites were used.
    Digest(Arc<Digest>),
}

/// What a digest looks back over, and what it measures against.
#[derive(Clone, Debug)]
pub struct Digest {
    pub period: Period,
    /// Whether people are ranked by the time that they were connected.
    pub name_people: bool,
    /// Whether each day of a month is told by itself, as of a week: for tables, since it is much to read.
    pub by_day: bool,
    /// Whether it tells how the engines were.
    pub engines: bool,
    pub working: Window,
    /// The report's sites, in the configuration's order.
    pub sites: Vec<DigestSite>,
}

/// One site of a digest.
#[derive(Clone, Debug)]
pub struct DigestSite {
    pub site: Arc<Site>,
    /// When it is polled; none where no check does.
    pub cron: Option<Cron>,
    /// The thresholds of its check, by the names of their rules.
    pub limits: Vec<(Arc<str>, Limit)>,
}

/// A channel as jobs see it, with what it wants to be told.
pub struct Place {
    pub channel: Arc<Channel>,
    pub policy: Policy,
}

/// The rooms that a job walks through.
pub struct Rooms {
    pub store: Arc<Store>,
    pub clock: Clock,
    pub engine: Engine,
    pub courier: Arc<Courier>,
    pub channels: HashMap<String, Place>,
    pub zone: TimeZone,
    /// The dead man's switch, if there is one.
    pub pulse: Option<Arc<Pulse>>,
    /// Held from the look at what a channel was told to the commit of what it is told next, so that no two count alike.
    pub desk: Arc<Mutex<()>>,
}
