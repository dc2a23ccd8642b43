//! The flows, each once.
//!
//! A job reads what was known, walks the rooms, and commits what comes of it in one transaction. It decides nothing itself.

mod discovery;
mod drain;
mod lookout;
mod notice;
mod past;
mod poll;
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

pub use discovery::{Discovery, recall};
pub use drain::{Draining, Looked};
pub use lookout::{Lookout, lookout};
pub use notice::{announce, test};
pub use past::{PastPoll, remember};
pub use poll::{Watch, observe_and_judge, poll};
pub use release::release;
pub use report::{ReportJob, names, report};
pub use tidy::tidy;
pub use upkeep::upkeep;

use crate::channels::Channel;
use crate::clock::Clock;
use crate::judge::Rule;
use crate::outbox::{Courier, Policy};
use crate::qlik;
use crate::render::Engine;
use crate::schedule::{Cron, Maintenance};
use crate::store::Store;

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
    /// When its site is worked on.
    pub maintenance: Vec<Arc<Maintenance>>,
}

impl Check {
    /// What its schedule is called in the store.
    pub fn schedule(&self) -> String {
        format!("check:{}:{}", self.name, self.site.name)
    }
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
    /// Held from the look at what a channel was told to the commit of what it is told next, so that no two count alike.
    pub desk: Arc<Mutex<()>>,
}
