//! Single values: zones, lengths of time, links, and the names of sites and channels.

use std::sync::Arc;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use crate::config::file::{self, OneOrMany};
use crate::config::problem::{Gathered, nearest};
use crate::duration;
use crate::schedule::{Window, WindowError};

pub(super) fn zone(g: &mut Gathered<'_>, key: &str, written: Option<&str>) -> Option<TimeZone> {
    let name = written?;
    g.take(
        key,
        TimeZone::get(name).map_err(|_| {
            format!("`{name}` is no time zone: write an IANA name such as `Europe/Stockholm` or `America/New_York`")
        }),
    )
}

/// Hours of days, in a zone.
pub(super) fn window(
    g: &mut Gathered<'_>,
    key: &str,
    written: Option<&file::Window>,
    zone: &TimeZone,
) -> Option<Window> {
    let written = written?;
    if written.days.is_none() && written.hours.is_none() {
        g.add(
            key,
            "no time is given: write `days`, `hours` or both, such as `{days: MON-FRI, hours: \"08:00-17:00\"}`",
        );
        return None;
    }
    let (days, hours) = (written.days.as_deref(), written.hours.as_deref());
    Window::new(days, hours, zone)
        .map_err(|error| {
            let part = if matches!(error, WindowError::Days(_)) { "days" } else { "hours" };
            g.add(format!("{key}.{part}"), error.to_string());
        })
        .ok()
}

pub(super) fn length(
    g: &mut Gathered<'_>,
    key: &str,
    written: Option<&str>,
    default: SignedDuration,
) -> SignedDuration {
    written.and_then(|text| g.take(key, duration::parse(text))).unwrap_or(default)
}

/// A length of time or `never`/`none`.
pub(super) fn length_or(g: &mut Gathered<'_>, key: &str, written: &str, word: &str) -> Option<SignedDuration> {
    if written == word {
        return None;
    }
    let parsed = duration::parse(written).map_err(|error| format!("{error}, or `{word}`"));
    let parsed = g.take(key, parsed)?;
    if parsed.is_zero() {
        g.add(key, format!("it cannot be zero: write a length of time, or `{word}`"));
    }
    Some(parsed)
}

pub(super) fn link(g: &mut Gathered<'_>, key: &str, written: Option<&str>) -> Option<String> {
    let text = written?;
    let fine = reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !fine {
        g.add(key, format!("`{text}` is no link: write an address that begins with `https://`"));
        return None;
    }
    Some(text.to_owned())
}

pub(super) fn its_sites(g: &mut Gathered<'_>, key: &str, written: &OneOrMany, known: &[String]) -> Vec<String> {
    let mut sites: Vec<String> = Vec::new();
    if written.all.is_empty() {
        g.add(key, "no site is given: write a name, a list of names, or `all`");
    }
    for (key, name) in written.at(key) {
        if name == "all" && !written.listed {
            return known.to_vec();
        }
        if !known.iter().any(|site| site == name) {
            g.add(key, format!("no site is called `{name}`; {}", nearest(name, known.iter().map(String::as_str))));
        } else if sites.iter().any(|site| site == name) {
            g.add(key, format!("the site `{name}` is given twice"));
        } else {
            sites.push(name.to_owned());
        }
    }
    sites
}

pub(super) fn tell(g: &mut Gathered<'_>, at: &str, written: Option<&OneOrMany>, known: &[String]) -> Vec<Arc<str>> {
    let key = format!("{at}.tell");
    let mut told: Vec<Arc<str>> = Vec::new();
    let empty = OneOrMany::default();
    let written = written.unwrap_or(&empty);
    if written.all.is_empty() {
        g.add(at, "it is told to nobody: give `tell`, a list of channels");
    }
    for (key, name) in written.at(&key) {
        if !known.iter().any(|channel| channel == name) {
            g.add(key, format!("no channel is called `{name}`; {}", nearest(name, known.iter().map(String::as_str))));
        } else if told.iter().any(|channel| **channel == *name) {
            g.add(key, format!("the channel `{name}` is given twice"));
        } else {
            told.push(name.into());
        }
    }
    told
}
