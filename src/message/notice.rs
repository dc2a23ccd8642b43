//! What people should know beside findings and reports: a channel that is down, a restart that is planned.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::alert::silent;
use super::{
    Counts, Coverage, Facts, Kind, Message, Moment, Named, Person, Reason, Severity, Silent, Step, clean_to, lasting,
};
use crate::snapshot::Snapshot;

/// The longest reason that is repeated, in characters.
const LONGEST_REASON: usize = 500;

/// What a notice is about.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    /// A channel takes nothing any more; `why` in few words, and how many messages wait for it.
    ChannelDown { channel: String, since: Moment, why: String, waiting: u64 },
    /// It takes messages again; those that waited go out now.
    ChannelWell { channel: String, since: Moment, lasted: String, waiting: u64 },
    /// A restart of the site that the message is about; who is left are the message's people.
    Restart(Restart),
    /// The same, to one person who is on.
    LogOut(LogOut),
}

/// How far a planned restart has come.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Restart {
    pub step: Step,
    /// When it is planned for, or until when headcount waits.
    pub planned: Option<Moment>,
    /// How long until then, such as `15 min`.
    pub left: Option<String>,
    pub because: Option<String>,
    /// How many may be left when it begins.
    pub until: u64,
    /// Absent when nothing answered, and a lower bound while the coverage is not full.
    pub counts: Option<Counts>,
    pub silent: Vec<Silent>,
    pub coverage: Coverage,
    /// How many of those users do something, where the engines were asked.
    pub active: Option<Active>,
    /// After how many minutes a session ends that nobody uses.
    pub idle: Option<u32>,
    /// Whether proxies may be there that the repository's list leaves out: then the counts are a lower bound, too.
    pub unlisted: bool,
}

/// Users who do something at this moment, by the engines' own count.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Active {
    pub users: u64,
    /// Of the engines.
    pub coverage: Coverage,
}

/// What one person is told before a restart.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LogOut {
    pub planned: Moment,
    pub left: String,
    pub because: Option<String>,
    pub sessions: u64,
    /// The prefixes that the person is on; empty text for the default virtual proxy.
    pub on: Vec<String>,
}

/// What is new about a restart that is waited for.
pub struct RestartNews<'a> {
    pub step: Step,
    pub planned: Timestamp,
    pub because: Option<&'a str>,
    pub until: u64,
    /// After how many minutes a session ends that nobody uses.
    pub idle: Option<u32>,
    /// Whether the repository's list of proxies may be short.
    pub unlisted: bool,
}

/// How far a restart has come. Who is left are `people`.
pub fn restart(
    news: &RestartNews<'_>,
    snapshot: &Snapshot,
    people: Vec<Person>,
    link: Option<&str>,
    (now, zone): (Timestamp, &TimeZone),
) -> Message {
    let (coverage, step) = (snapshot.coverage(), news.step);
    let facts = Restart {
        step,
        planned: Some(Moment::new(news.planned, zone)),
        left: matches!(step, Step::Planned | Step::StillOn).then(|| left(news.planned.duration_since(now))),
        because: news.because.map(|text| clean_to(text, LONGEST_REASON)),
        until: news.until,
        counts: (coverage.answered > 0).then(|| snapshot.counts()),
        silent: silent(snapshot),
        coverage,
        active: active(snapshot),
        idle: news.idle,
        unlisted: news.unlisted,
    };
    let severity = if step == Step::Overdue { Severity::Warning } else { Severity::Info };
    notice(Notice::Restart(facts), snapshot.site(), link, severity, people, (snapshot.at(), zone))
}

/// What one person on a site is told before its restart, for nobody's eyes but theirs.
pub fn log_out(
    site: &str,
    person: &Person,
    (planned, because): (Timestamp, Option<&str>),
    (now, zone): (Timestamp, &TimeZone),
) -> Message {
    let facts = LogOut {
        planned: Moment::new(planned, zone),
        left: left(planned.duration_since(now)),
        because: because.map(|text| clean_to(text, LONGEST_REASON)),
        sessions: person.sessions,
        on: person.on.clone(),
    };
    notice(Notice::LogOut(facts), site, None, Severity::Info, Vec::new(), (now, zone))
}

fn notice(
    notice: Notice,
    site: &str,
    link: Option<&str>,
    severity: Severity,
    people: Vec<Person>,
    (at, zone): (Timestamp, &TimeZone),
) -> Message {
    Message {
        kind: Kind::Notice,
        severity,
        reason: Reason::Asked { planned: None, because: None },
        site: Some(Named { name: site.to_owned(), link: link.map(str::to_owned) }),
        source: None,
        at: Moment::new(at, zone),
        facts: Facts::Notice(notice),
        people,
        chart: None,
    }
}

/// A length of time to go, in whole minutes where it is that long.
fn left(length: SignedDuration) -> String {
    let seconds = length.as_secs();
    if seconds < 60 { lasting(length) } else { lasting(SignedDuration::from_mins((seconds + 30) / 60)) }
}

/// How many users do something, as the engines count them; somebody on two of them counts twice.
pub fn active(snapshot: &Snapshot) -> Option<Active> {
    let health = snapshot.engines().iter().filter_map(|engine| engine.health.as_ref().ok());
    let told: Vec<u64> = health.filter_map(|health| health.users_active).collect();
    let coverage = Coverage { answered: told.len() as u64, asked: snapshot.engines().len() as u64 };
    (!told.is_empty()).then(|| Active { users: told.iter().sum(), coverage })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_in_whole_minutes() {
        for (seconds, told) in
            [(0, "0 s"), (59, "59 s"), (60, "1 min"), (299, "5 min"), (899, "15 min"), (5395, "1 h 30 min")]
        {
            assert_eq!(left(SignedDuration::from_secs(seconds)), told);
        }
    }
}
