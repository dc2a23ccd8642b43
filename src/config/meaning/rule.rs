//! A rule, of exactly one kind.

use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::value::{length, length_or, link, tell, window};
use crate::config::file::{self, OneOrMany};
use crate::config::problem::Gathered;
use crate::duration;
use crate::judge::{
    Absence, Amount, Bound, Change, Damp, EngineMetric, EngineThreshold, Expiry, HoldFor, Metric, Over, Parts, Rule,
    RuleKind, Stale, Threshold, Turn, Unreachable, Unusual, Watch, When, Where,
};
use crate::pattern::Pattern;

/// What is shorter is a restart or a slow answer.
const STALE: SignedDuration = SignedDuration::from_mins(10);
const REPEAT: SignedDuration = SignedDuration::from_hours(4);
const UNUSUAL_BY: f64 = 4.0;
const UNUSUAL_AT_LEAST: u64 = 10;
const UNUSUAL_WEEKS: u32 = 4;
const EXPIRY_DAYS: [u32; 6] = [60, 30, 14, 7, 3, 1];

fn hold(g: &mut Gathered<'_>, key: &str, written: Option<&str>) -> HoldFor {
    let Some(text) = written else { return HoldFor::Lasting(SignedDuration::ZERO) };
    if let Some(polls) = text.strip_suffix("polls").or_else(|| text.strip_suffix("poll")) {
        let polls = polls.trim().parse().ok().filter(|polls| *polls > 0);
        let polls = polls.ok_or_else(|| format!("`{text}` is no number of polls: write one such as `3 polls`"));
        return HoldFor::Polls(g.take(key, polls).unwrap_or(1));
    }
    let parsed = duration::parse(text).map_err(|error| format!("{error}, or a number of polls such as `3 polls`"));
    HoldFor::Lasting(g.take(key, parsed).unwrap_or_default())
}

pub(super) fn rule(
    g: &mut Gathered<'_>,
    name: &str,
    rule: &file::Rule,
    channels: &[String],
    zone: &TimeZone,
) -> Option<Arc<Rule>> {
    let at = format!("rules.{name}");
    let mut kinds = Vec::new();
    if let Some(threshold) = &rule.threshold {
        kinds.push(self::threshold(g, &format!("{at}.threshold"), threshold));
    }
    if let Some(change) = &rule.change {
        kinds.push(self::change(g, &format!("{at}.change"), change).map(RuleKind::Change));
    }
    if let Some(unreachable) = &rule.unreachable {
        let parts = match unreachable.parts {
            Some(file::Parts::All) => Parts::All,
            Some(file::Parts::Any) | None => Parts::Any,
        };
        let hold = hold(g, &format!("{at}.unreachable.for"), unreachable.hold.as_deref());
        kinds.push(Some(RuleKind::Unreachable(Unreachable { parts, hold })));
    }
    if let Some(stale) = &rule.stale {
        let hold = length(g, &format!("{at}.stale.for"), stale.hold.as_deref(), STALE);
        kinds.push(Some(RuleKind::Stale(Stale { hold })));
    }
    if let Some(unusual) = &rule.unusual {
        kinds.push(Some(RuleKind::Unusual(self::unusual(g, &format!("{at}.unusual"), unusual, zone))));
    }
    if let Some(watch) = &rule.watch {
        kinds.push(self::watch(g, &format!("{at}.watch"), watch).map(RuleKind::Watch));
    }
    if let Some(absence) = &rule.absence {
        let hold = hold(g, &format!("{at}.absence.for"), absence.hold.as_deref());
        kinds.push(Some(RuleKind::Absence(Absence { hold })));
    }
    if let Some(certificate) = &rule.certificate {
        kinds.push(Some(RuleKind::Certificate(expiry(g, &format!("{at}.certificate.days"), certificate))));
    }
    if kinds.len() != 1 {
        let what = if kinds.is_empty() { "the rule has no kind" } else { "the rule has more than one kind" };
        g.add(&at, format!("{what}: give exactly one of `threshold`, `change`, `unusual`, `watch`, `absence`, `unreachable`, `certificate` and `stale`"));
    }
    let repeat = match &rule.repeat {
        None => Some(REPEAT),
        Some(text) => length_or(g, &format!("{at}.repeat"), text, "never"),
    };
    let tell = tell(g, &at, rule.tell.as_ref(), channels);
    let link = link(g, &format!("{at}.link"), rule.link.as_deref());
    let narrowed = narrowed(g, &format!("{at}.where"), rule.narrowed.as_ref());
    let during = window(g, &format!("{at}.during"), rule.during.as_ref(), zone);
    let damp = rule.damp.as_ref().and_then(|damp| self::damp(g, &format!("{at}.damp"), damp));
    let kind = kinds.into_iter().next().flatten()?;
    if damp.is_some() && kind.is_event() {
        let what = "is told once each time and does not last, so that it cannot flap: take `damp` out";
        g.add(format!("{at}.damp"), format!("a `{}` {what}", kind.word()));
    }
    if narrowed.narrows() && matches!(kind, RuleKind::Certificate(_) | RuleKind::Stale(_) | RuleKind::Engines(_)) {
        g.add(format!("{at}.where"), "the rule looks at no people and at no virtual proxies: take `where` out");
    }
    let (name, severity) = (name.into(), rule.severity);
    Some(Arc::new(Rule { name, kind, severity, tell, repeat, link, narrowed, during, damp }))
}

fn damp(g: &mut Gathered<'_>, at: &str, written: &file::Damp) -> Option<Damp> {
    let within = g.take(&format!("{at}.within"), duration::parse(&written.within));
    if within.is_some_and(|within| within.is_zero()) {
        g.add(format!("{at}.within"), "nothing opens twice within no time: write a length such as `30m`");
    }
    if written.openings < 2 {
        let what = "one opening is no flapping: write a number of 2 or more, such as `4`";
        g.add(format!("{at}.openings"), what);
    }
    Some(Damp { openings: written.openings, within: within? })
}

fn unusual(g: &mut Gathered<'_>, at: &str, written: &file::Unusual, zone: &TimeZone) -> Unusual {
    if !written.metric.is_plain() {
        let what = "is compared with no weeks: write `users`, `sessions` or `anonymous`";
        g.add(format!("{at}.metric"), format!("`{}` {what}", written.metric.word()));
    }
    let by = written.by.unwrap_or(UNUSUAL_BY);
    if !(1.0..=1000.0).contains(&by) {
        g.add(format!("{at}.by"), format!("`{by}` is no measure: write a number from 1 on, such as `4`"));
    }
    let weeks = written.weeks.unwrap_or(UNUSUAL_WEEKS);
    if !(2..=52).contains(&weeks) {
        g.add(format!("{at}.weeks"), "nothing is usual in so many weeks: write a number from 2 to 52, such as `4`");
    }
    let hold = hold(g, &format!("{at}.for"), written.hold.as_deref());
    let at_least = written.at_least.unwrap_or(UNUSUAL_AT_LEAST);
    let (metric, over, zone) = (written.metric, over(written.over), zone.clone());
    Unusual { metric, by, at_least, weeks, hold, over, zone }
}

fn watch(g: &mut Gathered<'_>, at: &str, written: &file::Watch) -> Option<Watch> {
    match (&written.user, written.sessions_of_one_user) {
        (Some(user), None) => {
            if user.all.is_empty() {
                g.add(format!("{at}.user"), "nobody is watched: write a pattern such as `CORP\\admin*`");
            }
            let when = match written.when {
                None | Some(file::When::Each) => When::Each,
                Some(file::When::FirstEver) => When::FirstEver,
            };
            Some(Watch::SignsIn { users: users(g, &format!("{at}.user"), Some(user)), when })
        }
        (None, Some(limit)) => {
            if written.when.is_some() {
                g.add(format!("{at}.when"), "it goes with `user`: take it out");
            }
            if limit < 2 {
                g.add(
                    format!("{at}.sessions_of_one_user"),
                    "everybody who is on has one: write a number of 2 or more, such as `5`",
                );
            }
            Some(Watch::Sessions { limit })
        }
        _ => {
            g.add(at, "give exactly one of `user` and `sessions_of_one_user`");
            None
        }
    }
}

fn expiry(g: &mut Gathered<'_>, key: &str, written: &file::Expiry) -> Expiry {
    let mut days = written.days.clone().unwrap_or_else(|| EXPIRY_DAYS.to_vec());
    if days.is_empty() || days.contains(&0) {
        g.add(key, "write days before the end, such as `[60, 30, 14, 7, 3, 1]`; that it has expired is told anyway");
    }
    days.sort_unstable_by(|one, other| other.cmp(one));
    days.dedup();
    Expiry { days }
}

fn over(written: Option<file::Over>) -> Over {
    match written {
        None | Some(file::Over::Site) => Over::Site,
        Some(file::Over::Proxy) => Over::Proxy,
        Some(file::Over::VirtualProxy) => Over::VirtualProxy,
        Some(file::Over::Directory) => Over::Directory,
    }
}

fn narrowed(g: &mut Gathered<'_>, at: &str, written: Option<&file::Where>) -> Where {
    let Some(written) = written else { return Where::default() };
    let all = [&written.virtual_proxy, &written.directory, &written.user];
    if all.iter().all(|one| one.as_ref().is_none_or(|one| one.all.is_empty())) {
        g.add(at, "it narrows nothing: write `virtual_proxy`, `directory` or `user`, such as `{virtual_proxy: hr}`");
    }
    let names = |written: &Option<OneOrMany>| -> Vec<Pattern> {
        written.iter().flat_map(|written| &written.all).map(|name| Pattern::of_name(name)).collect()
    };
    let (virtual_proxy, directory) = (names(&written.virtual_proxy), names(&written.directory));
    if let Some(name) = directory.iter().map(Pattern::as_str).find(|name| name.contains('\\')) {
        let what = "holds a back-slash, and no directory does: write a user under `user`";
        g.add(format!("{at}.directory"), format!("`{name}` {what}"));
    }
    let user = users(g, &format!("{at}.user"), written.user.as_ref());
    Where { virtual_proxy, directory, user }
}

fn users(g: &mut Gathered<'_>, key: &str, written: Option<&OneOrMany>) -> Vec<Pattern> {
    let written = written.cloned().unwrap_or_default();
    written.at(key).filter_map(|(key, pattern)| g.take(&key, Pattern::new(pattern))).collect()
}

fn threshold(g: &mut Gathered<'_>, at: &str, written: &file::Threshold) -> Option<RuleKind> {
    let (bound, limit) = match (written.above, written.below) {
        (Some(above), None) => (Bound::Above, above),
        (None, Some(below)) => (Bound::Below, below),
        _ => {
            g.add(at, "give exactly one of `above` and `below`");
            return None;
        }
    };
    let clear = written.clear.unwrap_or(limit);
    match bound {
        Bound::Above if clear > limit => g.add(
            format!("{at}.clear"),
            format!("it would close at {clear}, where it opens above {limit}: `clear` is at most `above`"),
        ),
        Bound::Below if clear < limit => g.add(
            format!("{at}.clear"),
            format!("it would close at {clear}, where it opens below {limit}: `clear` is at least `below`"),
        ),
        Bound::Below if limit == 0 => g.add(format!("{at}.below"), "nothing is below 0, so it would never open"),
        Bound::Above | Bound::Below => {}
    }
    let hold = hold(g, &format!("{at}.for"), written.hold.as_deref());
    let over = over(written.over);
    if over != Over::Site
        && matches!(written.metric, file::ThresholdMetric::Saturated | file::ThresholdMetric::MemoryFree)
    {
        g.add(format!("{at}.over"), "the engines serve the whole site: leave it out, or count people");
    }
    let engines = |metric| RuleKind::Engines(EngineThreshold { metric, bound, limit, clear, hold });
    let people = |metric| RuleKind::Threshold(Threshold { metric, bound, limit, clear, hold, over });
    Some(match written.metric {
        file::ThresholdMetric::Sessions => people(Metric::Sessions),
        file::ThresholdMetric::Users => people(Metric::Users),
        file::ThresholdMetric::Anonymous => people(Metric::Anonymous),
        file::ThresholdMetric::SessionsOfOneUser => people(Metric::SessionsOfOneUser),
        file::ThresholdMetric::Joined => people(Metric::Joined),
        file::ThresholdMetric::Left => people(Metric::Left),
        file::ThresholdMetric::Saturated => engines(EngineMetric::Saturated),
        file::ThresholdMetric::MemoryFree => engines(EngineMetric::MemoryFree),
    })
}

fn change(g: &mut Gathered<'_>, at: &str, written: &file::Change) -> Option<Change> {
    let (turn, key, amount) = match (&written.rises, &written.falls) {
        (Some(rises), None) => (Turn::Rises, format!("{at}.rises"), rises),
        (None, Some(falls)) => (Turn::Falls, format!("{at}.falls"), falls),
        _ => {
            g.add(at, "give exactly one of `rises` and `falls`");
            return None;
        }
    };
    let within = g.take(&format!("{at}.within"), duration::parse(&written.within));
    if within.is_some_and(|within| within.is_zero()) {
        g.add(format!("{at}.within"), "nothing changes within no time: write a length such as `5m`");
    }
    let text = amount.0.trim();
    let number = text.strip_suffix('%').unwrap_or(text).trim().parse::<u64>().ok();
    let parsed = match number {
        Some(0) => Err("a change of 0 is none: write a number such as `30`, or a percentage such as `50%`".to_owned()),
        Some(percent) if text.ends_with('%') && turn == Turn::Falls && percent > 100 => {
            Err(format!("nothing falls by {percent} %: write at most `100%`"))
        }
        Some(percent) if text.ends_with('%') => Ok(Amount::Percent(percent)),
        Some(number) => Ok(Amount::Number(number)),
        None => Err(format!("`{text}` is neither a number such as `30` nor a percentage such as `50%`")),
    };
    let amount = g.take(&key, parsed)?;
    if written.metric.is_movement() {
        let what = "is a change by itself: write a `threshold` of it, or a change of `users`";
        g.add(format!("{at}.metric"), format!("`{}` {what}", written.metric.word()));
    }
    let (at_least, over) = (written.at_least.unwrap_or(1), over(written.over));
    Some(Change { metric: written.metric, turn, amount, within: within?, at_least, over })
}
