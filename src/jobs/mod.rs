//! The flows, each once.
//!
//! A job reads what was known, walks the rooms, and commits what comes of it in one transaction. It decides nothing itself.

mod notice;
mod poll;
mod report;
mod tidy;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

pub use notice::{announce, test};
pub use poll::{Watch, observe_and_judge, poll};
pub use report::{ReportJob, names, report};
pub use tidy::tidy;

use crate::channels::Channel;
use crate::clock::Clock;
use crate::judge::{Finding, Rule, Severity, Why};
use crate::message::Message;
use crate::outbox::{Addressed, Courier, NewDelivery, address};
use crate::qlik;
use crate::render::Engine;
use crate::schedule::Cron;
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

/// A channel as jobs see it.
pub struct Told {
    pub channel: Arc<Channel>,
    /// The least severity that it takes of findings.
    pub from: Severity,
    /// Whether it is told that something is over.
    pub resolved: bool,
}

/// The rooms that a job walks through.
pub struct Rooms {
    pub store: Arc<Store>,
    pub clock: Clock,
    pub engine: Engine,
    pub courier: Arc<Courier>,
    pub channels: HashMap<String, Told>,
    pub zone: TimeZone,
}

impl Rooms {
    /// Formats and addresses one message for each of these channels.
    fn deliveries<'a>(
        &self,
        message: &Message,
        tell: impl IntoIterator<Item = &'a Arc<str>>,
        about: &Addressed<'_>,
        takes: impl Fn(&Told) -> bool,
    ) -> Vec<NewDelivery> {
        tell.into_iter()
            .filter_map(|name| self.channels.get(&**name))
            .filter(|told| takes(told))
            .flat_map(|told| address(&told.channel.format(message, &self.engine), &told.channel, about))
            .collect()
    }

    /// Tells findings to the channels of their rules.
    fn tell_findings(&self, findings: &[Finding], messages: &[Message], causes: &[String]) -> Vec<NewDelivery> {
        findings
            .iter()
            .zip(messages)
            .zip(causes)
            .flat_map(|((finding, message), cause)| {
                let about =
                    Addressed { cause, follows: finding.incident.cause.as_deref(), kind: message.kind, urgent: false };
                let over = matches!(finding.why, Why::Resolved { .. });
                self.deliveries(message, &finding.rule.tell, &about, |told| {
                    finding.rule.severity >= told.from && (told.resolved || !over)
                })
            })
            .collect()
    }
}
