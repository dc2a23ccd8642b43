//! How long the store keeps what.

use jiff::SignedDuration;

use super::value::length;
use crate::config::file;
use crate::config::problem::Gathered;
use crate::store::Keep;

/// The least time that anything is kept: what is told the next morning looks back over a day.
const LEAST: SignedDuration = SignedDuration::from_hours(48);

pub(super) fn keep(g: &mut Gathered<'_>, written: Option<&file::Keep>) -> Keep {
    let default = Keep::default();
    let Some(written) = written else { return default };
    let mut least = |name: &str, written: Option<&str>, default| {
        let key = format!("keep.{name}");
        let kept = length(g, &key, written, default);
        if kept < LEAST {
            g.add(key, "it is too short: reports look back over whole days, so write at least `2d`");
        }
        kept
    };
    let keep = Keep {
        sessions: least("sessions", written.sessions.as_deref(), default.sessions),
        readings: least("readings", written.readings.as_deref(), default.readings),
        deliveries: least("deliveries", written.deliveries.as_deref(), default.deliveries),
        readings_full: least("readings_full", written.readings_full.as_deref(), default.readings_full),
    };
    // Whoever keeps readings for a short time need not say that there are no hours then.
    if written.readings_full.is_some() && keep.readings_full > keep.readings {
        g.add("keep.readings_full", "it is longer than `readings`: what is deleted cannot be kept in full");
    }
    keep
}
