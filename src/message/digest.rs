//! How sites were used over a period, as plain facts. Numbers that were not seen are absent, never zero.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Bound, Metric, Moment, Severity};
use crate::history::{Compared, Period};

/// Everything that a digest tells. Whoever is ranked by time goes through the message's people.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Digest {
    pub period: Period,
    /// The sites it counts over, in the configuration's order.
    pub sites: Vec<String>,
    /// The first instant, and the first one after the last.
    pub from: Moment,
    pub to: Moment,
    /// The last day that it covers, which is where `to` would be misread.
    pub last_day: Moment,
    /// The month, such as `November 2026`, where it covers one.
    pub month: Option<String>,
    /// All of it; over several days people are distinct over all of them.
    pub usage: Usage,
    /// Each period by itself, where there are several; of a week each day.
    pub days: Vec<Day>,
    /// What each of `days` is.
    pub each: Period,
    /// Each site by itself, where there are several.
    pub by_site: Vec<Share>,
    pub by_virtual_proxy: Vec<Share>,
    pub by_directory: Vec<Share>,
    /// What counts as working hours, such as `MON-FRI 08:00-17:00`.
    pub working_hours: String,
    /// How long each threshold was crossed.
    pub over: Vec<Over>,
    /// People never seen before.
    pub new_people: Option<u64>,
    /// When anybody looked for the first time, where that is less than `away` before it: so long everybody is new.
    pub watched_since: Option<Moment>,
    /// People seen again after `away`.
    pub back: Option<u64>,
    /// How long somebody must have been away to be back, such as `30 days`.
    pub away: String,
    /// The hours of a week, for weeks and months.
    pub heat: Option<Heat>,
    /// What was wrong in the period, oldest first; `more_incidents` are beyond the list.
    pub incidents: Vec<DigestIncident>,
    pub more_incidents: u64,
    /// How each engine that was asked was, site by site.
    pub engines: Vec<DigestEngine>,
    /// The sites whose engines were not asked in all that time, though they were before.
    pub engines_unasked: Vec<String>,
    pub watched: Watched,
    /// Reports that were never sent, oldest first; `more_missed` came due after them.
    pub missed: Vec<Missed>,
    pub more_missed: u64,
    /// Whether the message names people, those who were connected longest first.
    pub ranked: bool,
}

/// How much a site was used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Usage {
    /// Distinct people.
    pub people: Compared,
    pub sessions: Compared,
    /// Anonymous sessions, which are among the sessions.
    pub anonymous: Compared,
    /// The most people at once.
    pub peak: Compared,
    pub peak_at: Option<Peak>,
    /// People at once on average within working hours, in whole people.
    pub average: Compared,
    pub busiest: Option<UsualHour>,
    pub quietest: Option<UsualHour>,
}

/// When the most were on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Peak {
    pub at: Moment,
    pub value: u64,
}

/// An hour of the day, and how many were on in it on average.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UsualHour {
    /// Such as `10:00-11:00`.
    pub hour: String,
    pub value: u64,
}

/// One period of several.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Day {
    /// Its first instant, and the first one after it.
    pub at: Moment,
    pub to: Moment,
    pub usage: Usage,
    pub new_people: Option<u64>,
    pub back: Option<u64>,
    pub engines: Vec<DigestEngine>,
    pub watched: Watched,
}

/// The part of a site, a virtual proxy or a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Share {
    /// Empty for the default virtual proxy.
    pub name: String,
    pub people: Compared,
    pub sessions: Compared,
}

/// How long a rule's threshold was crossed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Over {
    /// Where there are several.
    pub site: Option<String>,
    pub rule: String,
    pub metric: Metric,
    pub bound: Bound,
    pub limit: u64,
    /// How long in all, such as `1 h 25 min`; absent when never.
    pub lasted: Option<String>,
    /// How long it may have been at most, where old readings are kept by the hour alone.
    pub at_most: Option<String>,
    /// How many times.
    pub times: u64,
}

/// Something that was told in the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DigestIncident {
    pub at: Moment,
    pub site: String,
    pub rule: String,
    pub severity: Severity,
    /// How long it lasted; absent for an event, and while it is still open.
    pub lasted: Option<String>,
    pub open: bool,
}

/// How one engine was; what it did not tell is absent, and all of it where it was not seen. Memory is in MB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DigestEngine {
    /// Where there are several.
    pub site: Option<String>,
    pub host: String,
    /// The least that was free, and when that was first so; then what was free on average, and what it has in all.
    pub memory_free: Option<u64>,
    pub memory_free_at: Option<Moment>,
    pub memory_free_mean: Option<u64>,
    pub memory_total: Option<u64>,
    /// How long it was saturated, such as `25 min`; absent when never.
    pub saturated: Option<String>,
    /// The same in seconds; absent where it does not tell whether it is.
    pub saturated_seconds: Option<u64>,
    /// How often it began anew, and when it last did.
    pub restarts: Option<u64>,
    pub restarted_at: Option<Moment>,
    /// The most of its users and of its sessions that did something at once.
    pub users_active: Option<u64>,
    pub sessions_active: Option<u64>,
    /// Polls that saw it, of those that looked at it.
    pub seen: u64,
    pub asked: u64,
}

/// How much of the period was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Watched {
    /// Polls that saw everything, of so many that were due.
    pub seen: u64,
    pub due: u64,
    /// When not everything was seen: the longest of all, in order; `more_blind` are shorter.
    pub blind: Vec<Blind>,
    pub more_blind: u64,
}

impl Watched {
    pub fn is_full(&self) -> bool {
        self.seen >= self.due
    }
}

/// A stretch in which not everything was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Blind {
    pub site: String,
    pub from: Moment,
    pub to: Moment,
    pub lasted: String,
    /// Nothing at all was seen, rather than not everything.
    pub wholly: bool,
    /// Somebody asked; headcount was running.
    pub polled: bool,
}

/// How many were on at once in each hour of a week, on average.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Heat {
    /// From Monday to Sunday.
    pub rows: Vec<HeatRow>,
    /// The most of any hour.
    pub most: u64,
    /// The first hour with so many, such as `Mon 10:00-11:00`.
    pub busiest: String,
}

/// One weekday; one cell for each hour from 00:00 on, none where it was not seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HeatRow {
    /// Such as `Mon`.
    pub day: String,
    pub cells: Vec<Option<u64>>,
}

/// A report that was never sent, because headcount was down for too long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Missed {
    pub due: Moment,
}

/// The missed reports that are told one by one.
const MISSED: usize = 10;

/// Reports that came due and were never sent, the oldest of them one by one; and how many more there were.
pub(super) fn missed(due: &[Timestamp], zone: &TimeZone) -> (Vec<Missed>, u64) {
    let listed = due.iter().take(MISSED).map(|due| Missed { due: Moment::new(*due, zone) });
    (listed.collect(), due.len().saturating_sub(MISSED) as u64)
}
