//! How it went to bring a payload to its channel.

use jiff::SignedDuration;

/// What became of one try, and so what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The next hop took it.
    Delivered,
    /// It was taken, and this is what the channel calls it: by that it can be answered and edited.
    Posted { receipt: String },
    /// What was to be changed is not there any more, or may not be changed any more: nothing is left to do.
    Gone { why: String },
    /// Again later: after so long, where the other side said so. `maybe_taken` says that another try may be a duplicate.
    Retry { after: Option<SignedDuration>, scope: Scope, maybe_taken: bool, why: String },
    /// This payload will never be taken. With `degrade`, its plainer form is worth one try.
    Refused { why: String, degrade: bool },
    /// Nothing will be taken until somebody mends the channel; its messages are kept.
    ChannelDown { why: String },
}

/// What must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// This delivery alone.
    Delivery,
    /// Everything for the channel.
    Channel,
}

impl Outcome {
    /// The same, with what it says put through this.
    pub(super) fn hiding(self, hide: impl Fn(String) -> String) -> Self {
        match self {
            Self::ChannelDown { why } => Self::ChannelDown { why: hide(why) },
            Self::Refused { why, degrade } => Self::Refused { why: hide(why), degrade },
            Self::Retry { after, scope, maybe_taken, why } => Self::Retry { after, scope, maybe_taken, why: hide(why) },
            Self::Gone { why } => Self::Gone { why: hide(why) },
            taken @ (Self::Delivered | Self::Posted { .. }) => taken,
        }
    }

    /// Why it was not taken, if it was not.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Delivered | Self::Posted { .. } => None,
            Self::Retry { why, .. } | Self::Refused { why, .. } | Self::ChannelDown { why } | Self::Gone { why } => {
                Some(why)
            }
        }
    }

    /// A fault on the other side that passes.
    pub(super) fn again(after: Option<SignedDuration>, why: String) -> Self {
        Self::Retry { after, scope: Scope::Delivery, maybe_taken: false, why }
    }

    /// Too fast: the whole channel waits, as long as it was told to.
    pub(super) fn too_fast(after: Option<SignedDuration>, why: String) -> Self {
        Self::Retry { after, scope: Scope::Channel, maybe_taken: false, why }
    }
}
