//! How each engine was over a period.

use jiff::{SignedDuration, Timestamp};

use crate::store::EngineStretch;

/// One engine over a period; what nobody told is absent. Memory is in MB.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineHealth<'a> {
    pub site: &'a str,
    pub host: &'a str,
    /// Polls that looked at it, and those that saw it.
    pub asked: u64,
    pub seen: u64,
    /// The least that was free, and when.
    pub free_min: Option<(u64, Timestamp)>,
    pub free_mean: Option<u64>,
    pub free_max: Option<u64>,
    pub total: Option<u64>,
    /// How long it was saturated, where it tells that at all.
    pub saturated: Option<SignedDuration>,
    /// How often it began anew, and when it last did; absent where it was not seen.
    pub restarts: Option<u64>,
    pub restarted: Option<Timestamp>,
    pub users_max: Option<u64>,
    pub sessions_max: Option<u64>,
}

/// Puts the stretches that begin in a period together, engine by engine, in the order in which they come.
pub fn engines(stretches: &[EngineStretch], from: Timestamp, to: Timestamp) -> Vec<EngineHealth<'_>> {
    let within: Vec<_> = stretches.iter().filter(|stretch| (from..to).contains(&stretch.from)).collect();
    within
        .chunk_by(|one, other| (&one.site, &one.host) == (&other.site, &other.host))
        .map(|its| {
            let sum = |of: fn(&EngineStretch) -> u64| its.iter().map(|stretch| of(stretch)).sum::<u64>();
            let most = |of: fn(&EngineStretch) -> Option<u64>| its.iter().filter_map(|stretch| of(stretch)).max();
            let (seen, told) = (sum(|stretch| stretch.seen), sum(|stretch| stretch.free_told));
            let saturated = its.iter().map(|stretch| stretch.saturated).sum::<SignedDuration>();
            EngineHealth {
                site: &its[0].site,
                host: &its[0].host,
                asked: sum(|stretch| stretch.asked),
                seen,
                // The first moment of the least.
                free_min: its.iter().filter_map(|stretch| stretch.free_min).min(),
                free_mean: sum(|stretch| stretch.free_sum).checked_div(told),
                free_max: most(|stretch| stretch.free_max),
                total: its.iter().rev().find_map(|stretch| stretch.total),
                saturated: (sum(|stretch| stretch.flagged) > 0).then_some(saturated),
                restarts: (seen > 0).then(|| sum(|stretch| stretch.restarts)),
                restarted: its.iter().rev().find(|stretch| stretch.restarts > 0).and_then(|stretch| stretch.started),
                users_max: most(|stretch| stretch.users_max),
                sessions_max: most(|stretch| stretch.sessions_max),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(minutes * 60).unwrap()
    }

    fn stretch(host: &str, begins: i64) -> EngineStretch {
        EngineStretch { host: host.to_owned(), from: at(begins), asked: 30, ..EngineStretch::default() }
    }

    #[test]
    fn half_hours_add_up_and_what_was_not_seen_is_absent() {
        let seen = |host, begins, free, saturated: i64| EngineStretch {
            seen: 30,
            free_min: Some((free, at(begins + 7))),
            free_max: Some(free + 10),
            free_sum: 30 * free,
            free_told: 30,
            flagged: 30,
            saturated: SignedDuration::from_mins(saturated),
            users_max: Some(free / 100),
            ..stretch(host, begins)
        };
        let stretches = [
            seen("a", 0, 10, 0),
            seen("a", 30, 500, 4),
            EngineStretch { restarts: 2, started: Some(at(70)), ..seen("a", 60, 300, 3) },
            EngineStretch { started: Some(at(70)), ..seen("a", 90, 300, 0) },
            stretch("a", 120),
            stretch("b", 30),
            EngineStretch { seen: 30, ..stretch("c", 60) },
        ];
        let [a, b, c] = &engines(&stretches, at(30), at(150))[..] else { panic!("three engines") };
        assert_eq!((a.host, a.asked, a.seen, a.free_min), ("a", 120, 90, Some((300, at(67)))));
        assert_eq!((a.free_mean, a.free_max, a.users_max), (Some(366), Some(510), Some(5)));
        assert_eq!(a.saturated, Some(SignedDuration::from_mins(7)));
        assert_eq!((a.restarts, a.restarted), (Some(2), Some(at(70))));
        assert_eq!((b.seen, b.free_min, b.free_mean, b.saturated, b.restarts), (0, None, None, None, None));
        // Seen, and yet it tells neither.
        assert_eq!((c.seen, c.free_min, c.saturated, c.restarts), (30, None, None, Some(0)));
        assert_eq!(engines(&stretches, at(150), at(200)), []);
    }
}
