//! Windows in which a site is worked on.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::value::its_sites;
use crate::config::file;
use crate::config::problem::Gathered;
use crate::duration;
use crate::schedule::{Cron, Maintenance};

/// Every window that was written.
pub(super) fn maintenance(
    g: &mut Gathered<'_>,
    written: &file::Named<file::Maintenance>,
    zone: &TimeZone,
    known: &[String],
) -> Vec<Arc<Maintenance>> {
    written.0.iter().filter_map(|(name, window)| self::window(g, name, window, zone, known)).collect()
}

fn window(
    g: &mut Gathered<'_>,
    name: &str,
    written: &file::Maintenance,
    zone: &TimeZone,
    known: &[String],
) -> Option<Arc<Maintenance>> {
    let at = format!("maintenance.{name}");
    let sites = its_sites(g, &format!("{at}.site"), &written.site, known);
    let cron = g.take(&format!("{at}.cron"), Cron::new(&written.cron, zone));
    let lasts = g.take(&format!("{at}.lasts"), duration::parse(&written.lasts));
    let (cron, lasts) = (cron?, lasts?);
    if lasts.is_zero() {
        g.add(format!("{at}.lasts"), "a window of no time holds nothing: write a length of time such as `2h`");
    } else if never_ends(&cron, lasts) {
        let what = format!(
            "each window lasts {} and the next has begun by then, so nothing would ever be told: let it last less, or come more seldom",
            duration::show(lasts)
        );
        g.add(format!("{at}.lasts"), what);
    }
    let sites = sites.into_iter().map(Into::into).collect();
    Some(Arc::new(Maintenance { name: name.into(), sites, cron, lasts }))
}

/// Whether each of the next windows begins before the one before it has ended.
fn never_ends(cron: &Cron, lasts: jiff::SignedDuration) -> bool {
    /// A week of them, where they come by the hour.
    const LOOKED_AT: usize = 170;
    let anywhere = Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut slots = std::iter::successors(cron.next_after(anywhere), |slot| cron.next_after(*slot)).take(LOOKED_AT);
    let Some(mut last) = slots.next() else { return false };
    slots.all(|slot| {
        let gap = slot.duration_since(std::mem::replace(&mut last, slot));
        gap <= lasts
    })
}
