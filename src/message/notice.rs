//! What people should know beside findings and reports: a channel that is down, a restart that is planned.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Counts, Coverage, Moment, Silent};

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
}

/// The steps of a restart, as they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It is planned, and people may be on.
    Planned,
    /// People are still on.
    StillOn,
    /// Nobody is on any more, or few enough.
    Clear,
    /// Its time has come, and people are still on.
    Overdue,
    /// It does not take place, or nobody waits for it any more.
    CalledOff,
}
