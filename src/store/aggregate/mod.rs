//! What the past comes to: numbers over a period and some sites, in one shape whatever the period, so that two periods can be
//! set beside each other.
//!
//! A poll speaks for the time until the next one, or for one step of its schedule where the next one is missing. What was
//! only partly seen is a lower bound: it can raise a highest, never a mean or a lowest. Anonymous visits are sessions, never
//! people.

mod connected;
mod overlap;
mod packed;
mod present;
mod stays;
pub(super) mod steps;
mod together;

use jiff::{SignedDuration, Timestamp};

pub use connected::Connected;
pub(super) use present::begins;
pub(super) use stays::list;

use super::{Store, StoreError, at};
use crate::judge::{Bound, Metric};

/// How long somebody must have been away to be back.
pub const AWAY: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is asked: these sites, from one instant to another, which is not included. Whoever a poll of the period showed was
/// there in it.
#[derive(Clone, Copy, Debug)]
pub struct Period<'a> {
    pub sites: &'a [&'a str],
    pub from: Timestamp,
    /// Not later than now: what lies ahead would count as not polled.
    pub to: Timestamp,
}

/// What is asked beside what is told of every period.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask<'a> {
    pub limits: &'a [Limit],
    /// Stretches within the period, each to be told as one hour is: working hours, for instance.
    pub stretches: &'a [(Timestamp, Timestamp)],
    /// Whether to look for those who are new, and for those who are back.
    pub newcomers: bool,
}

/// A bound that numbers are measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub metric: Metric,
    pub bound: Bound,
    pub number: u64,
}

/// How some sites were used over a period.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// Whether sessions of it were deleted by age since: then what is counted of people and sessions is not what was.
    pub forgotten: bool,
    /// The first poll of any of the sites that is still known of.
    pub known_since: Option<Timestamp>,
    /// Distinct people seen.
    pub people: u64,
    /// Those who were never seen on these sites before, as far back as sessions are kept. Who was there at the first poll ever
    /// is not new. None where nobody asked.
    pub new_people: Option<u64>,
    /// Those who were away for [`AWAY`] or longer. None where nobody asked, and where sessions are not kept for so long.
    pub back: Option<u64>,
    pub sessions: Sessions,
    /// One for each hour from the period's beginning on, 23 or 25 of them where a day has so many; the last may be shorter.
    pub hours: Vec<Hour>,
    /// The whole period, as one hour.
    pub whole: Hour,
    /// The stretches that were asked, in their order.
    pub stretches: Vec<Hour>,
    /// The highest, and the first moment of it.
    pub peak_users: Option<Peak>,
    pub peak_sessions: Option<Peak>,
    /// For each limit that was asked, how long it was crossed.
    pub over: Vec<Over>,
    /// By virtual proxy, one for each prefix of each site.
    pub virtual_proxies: Vec<Share>,
    /// By directory, compared without case, over all sites.
    pub directories: Vec<Share>,
    /// One for each site, in the order asked.
    pub coverage: Vec<Coverage>,
}

/// Sessions seen in a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sessions {
    /// Seen at some time in the period, anonymous ones too.
    pub seen: u64,
    /// Those that began in it, as far as is known: who is found at a first poll, or after a gap, began at some time before.
    pub begun: u64,
    pub anonymous: u64,
    pub anonymous_begun: u64,
}

/// What was shown in a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hour {
    pub from: Timestamp,
    pub to: Timestamp,
    pub users: Spread,
    pub sessions: Spread,
    pub anonymous: Spread,
    /// For how long of it all was seen.
    pub seen: SignedDuration,
    /// For how long of it a part was seen.
    pub partly: SignedDuration,
}

/// A number's spread over time. None where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// Over the time that all was seen.
    pub min: Option<u64>,
    /// Over the time that all was seen, weighted by it.
    pub mean: Option<f64>,
    /// Over all that was seen: at least so many.
    pub max: Option<u64>,
}

/// The highest of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peak {
    pub number: u64,
    pub at: Timestamp,
    /// Whether all was seen then; if not, it was at least so many.
    pub full: bool,
    /// Whether it is known to the poll. Over several sites, highests of whole hours can be added up only to a bound.
    pub exact: bool,
}

/// How long a number was beyond its limit. What was only partly seen can be too many, never too few.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    pub limit: Limit,
    /// For certain.
    pub lasted: SignedDuration,
    /// At most: more only where whole hours are all that is kept, and the limit lies between an hour's lowest and highest.
    pub at_most: SignedDuration,
    /// How many times: a stretch that was not seen ends none.
    pub times: u64,
}

/// A part of all that was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// The site of a virtual proxy; empty for a directory.
    pub site: String,
    /// The prefix, empty for the default virtual proxy; or the directory as first received.
    pub name: String,
    pub people: u64,
    pub sessions: Sessions,
}

/// How well a site was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    pub site: String,
    /// The polls that were made; how many there should have been is the schedule's to say.
    pub polls: u64,
    /// Those that saw all.
    pub answered: u64,
    /// Those that saw a part.
    pub partly: u64,
    /// What was not seen, or only partly, in order. A schedule that rests at night is not polled then, as it should be.
    pub blind: Vec<Blind>,
}

/// A stretch that was not seen, or only partly, up to the poll that saw all again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blind {
    pub from: Timestamp,
    pub to: Timestamp,
    pub why: BlindWhy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlindWhy {
    /// Nobody asked: headcount was not running, or its schedule rests. A poll or two may be missed, and the numbers still be those
    /// of the last one before.
    NotPolled,
    /// Nothing answered.
    NotAnswered,
    /// A part answered.
    Partly,
}

impl Store {
    /// How some sites were used over a period.
    pub async fn usage(&self, period: &Period<'_>, ask: &Ask<'_>) -> Result<Usage, StoreError> {
        let mut usages = self.usages(&[(*period, *ask)]).await?;
        Ok(usages.pop().unwrap_or_default())
    }

    /// How some sites were used over each of several periods. What they share is read once.
    pub async fn usages(&self, asked: &[(Period<'_>, Ask<'_>)]) -> Result<Vec<Usage>, StoreError> {
        together::usages(&self.pool, asked).await
    }
}

fn lasting(ms: i64) -> SignedDuration {
    SignedDuration::from_millis(ms)
}

#[cfg(test)]
mod tests;
