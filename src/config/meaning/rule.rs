//! A rule, of exactly one kind.

use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::value::{length, length_or, link, tell, window};
use crate::config::file::{self, OneOrMany};
use crate::config::problem::Gathered;
use crate::duration;
use crate::judge::{
    Amount, Bound, Change, Damp, EngineMetric, EngineThreshold, HoldFor, Metric, Over, Parts, Rule, RuleKind, Stale,
    Threshold, Turn, Unreachable, Where,
};
use crate::pattern::Pattern;

/// What is shorter is a restart or a slow answer.
const STALE: SignedDuration = SignedDuration::from_mins(10);
const REPEAT: SignedDuration = SignedDuration::from_hours(4);

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
    if kinds.len() != 1 {
        let what = if kinds.is_empty() { "the rule has no kind" } else { "the rule has more than one kind" };
        g.add(&at, format!("{what}: give exactly one of `threshold`, `change`, `unreachable` and `stale`"));
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
    Some(Change { metric: written.metric, turn, amount, within: within?, at_least: written.at_least.unwrap_or(1) })
}
