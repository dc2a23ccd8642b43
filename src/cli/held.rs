//! What is not told for now: silences, and windows of maintenance.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::output;
use crate::judge::Silence;
use crate::message::lasting;
use crate::schedule::{Maintenance, Stretch};

/// What holds telling at this moment.
pub(super) struct Held {
    pub(super) silences: Vec<Silence>,
    /// Each window that is on now, with its site.
    pub(super) windows: Vec<(Arc<Maintenance>, Stretch)>,
}

/// What holds one incident.
#[derive(Serialize)]
pub(super) struct HeldBy {
    by: &'static str,
    /// The silence's id, or the name of the maintenance.
    what: String,
    pub(super) until: String,
}

impl Held {
    pub(super) fn new(silences: Vec<Silence>, maintenance: &[Arc<Maintenance>], now: Timestamp) -> Self {
        let on = maintenance.iter().filter_map(|window| Some((window.clone(), window.stretch_at(now)?)));
        Self { silences, windows: on.collect() }
    }

    /// Whatever holds the telling of one rule on one site for longest.
    pub(super) fn of(&self, site: &str, rule: &str) -> Option<HeldBy> {
        let silences = self.silences.iter().filter(|silence| silence.covers(site, rule));
        let silences = silences.map(|silence| (silence.until, "silence", silence.id.to_string()));
        let windows = self.windows.iter().filter(|(window, _)| window.is_about(site));
        let windows = windows.map(|(window, stretch)| (stretch.to, "maintenance", window.name.to_string()));
        let longest = silences.chain(windows).max_by_key(|(until, ..)| *until);
        longest.map(|(until, by, what)| HeldBy { by, what, until: until.to_string() })
    }

    /// Each in a line.
    pub(super) fn lines(&self, now: Timestamp, zone: &TimeZone) -> String {
        let silences = self.silences.iter().map(|silence| {
            format!(
                "Silence {}: {} until {} ({}), set by {}: {}.\n",
                silence.id,
                rule_and_site(silence),
                until(silence.until, now, zone),
                left(silence.until, now),
                output::shown(&silence.who),
                output::shown(silence.why.trim_end_matches('.')),
            )
        });
        let windows = self.windows.iter().map(|(window, stretch)| {
            format!(
                "Maintenance {}: nothing is told of {} until {} ({}).\n",
                output::shown(&window.name),
                output::shown(&window.sites.join(", ")),
                until(stretch.to, now, zone),
                left(stretch.to, now),
            )
        });
        silences.chain(windows).collect()
    }
}

pub(super) fn rule_and_site(silence: &Silence) -> String {
    let site = silence.site.as_deref().map(|site| format!(" of {}", output::shown(site))).unwrap_or_default();
    format!("{}{site}", output::shown(&silence.rule))
}

/// `22:10`, or with the day where that is not today.
pub(super) fn until(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let form = if at.date() == now.date() { "%H:%M %Z" } else { "%a %Y-%m-%d %H:%M %Z" };
    at.strftime(form).to_string()
}

pub(super) fn left(at: Timestamp, now: Timestamp) -> String {
    format!("{} left", lasting(at.duration_since(now)))
}
