//! A delivery, and what the outcome of a try makes of it.

use jiff::{SignedDuration, Timestamp};

use super::{HeldBy, Thread, backoff};
use crate::channels::{Belongs, Outcome, Scope};

/// The shortest wait, whatever a channel says: `Retry-After: 0` is no invitation to knock without a pause.
const SHORTEST: SignedDuration = SignedDuration::from_millis(800);
/// The longest one, where the channel itself did not ask for a longer pause.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);
/// The longest pause that a channel may ask for.
const LONGEST_ASKED: SignedDuration = SignedDuration::from_hours(24);

/// The store's number for a delivery, shown by `outbox list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(pub i64);

/// A promise to be made: one payload for one recipient of one channel.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// The stable name of what it is about; the same cause is never told twice.
    pub cause: String,
    pub channel: String,
    /// Empty except for mail.
    pub recipient: String,
    pub kind: &'static str,
    /// The kind of channel that the body was made for.
    pub form: &'static str,
    pub title: String,
    pub body: String,
    pub plainer: Option<String>,
    /// What is sent where the plainer form is refused, too.
    pub plainest: Option<String>,
    pub message_id: String,
    pub in_reply_to: Option<String>,
    /// How it belongs to what it follows, in a channel that can show that.
    pub thread: Option<Thread>,
    /// Kept back whole, for now.
    pub held: Option<HeldBy>,
    /// Goes ahead of the queue and of pauses: a test.
    pub urgent: bool,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    Pending,
    Delivered,
    GivenUp,
    Dropped,
}

impl DeliveryState {
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::GivenUp => "given up",
            Self::Dropped => "dropped",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::GivenUp, Self::Dropped].into_iter().find(|state| state.word() == word)
    }
}

/// A delivery as it is listed.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub id: DeliveryId,
    pub cause: String,
    pub channel: String,
    pub recipient: String,
    pub kind: String,
    pub title: String,
    pub body: String,
    pub state: DeliveryState,
    pub created: Timestamp,
    pub due: Timestamp,
    pub attempts: u32,
    pub settled: Option<Timestamp>,
    pub last_error: Option<String>,
    /// While its channel is left alone: until when, and why.
    pub channel_waits: Option<(Timestamp, String)>,
    /// Since when its channel is put aside.
    pub channel_down: Option<Timestamp>,
    pub held: Option<HeldBy>,
}

/// One try, as it is listed. No outcome: it goes on, or headcount died meanwhile.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub number: u32,
    pub began: Timestamp,
    pub ended: Option<Timestamp>,
    pub outcome: Option<String>,
    pub why: Option<String>,
}

/// A channel that is down, or that is well again while its fallback does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sick {
    pub channel: String,
    pub since: Timestamp,
    pub why: String,
    /// A hash of where it led when it was put aside.
    pub address: Option<String>,
    /// When its fallback was told.
    pub told: Option<Timestamp>,
    /// When it took something again.
    pub well: Option<Timestamp>,
    /// How many messages wait for it.
    pub waiting: u64,
}

/// How a channel was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    pub channel: String,
    /// When it was first known.
    pub since: Timestamp,
    /// When it last took something.
    pub used: Option<Timestamp>,
    /// Whether something is on its way to it.
    pub busy: bool,
}

impl Use {
    /// When it was last used, or first known.
    pub fn last(&self) -> Timestamp {
        self.used.unwrap_or(self.since)
    }
}

/// A delivery that is ours until its lease runs out.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub id: DeliveryId,
    pub channel: String,
    pub recipient: String,
    pub body: String,
    pub plainer: Option<String>,
    pub message_id: String,
    pub in_reply_to: Option<String>,
    /// How it belongs to the message that it follows, and what the channel called that one.
    pub thread: Option<Thread>,
    pub receipt: Option<String>,
    pub created: Timestamp,
    /// The number of this try, from 1.
    pub attempt: u32,
    /// Failures of the channel since it last took something.
    pub channel_failures: u32,
    /// Until when it is ours; also tells this claim from a later one.
    pub lease: Timestamp,
}

impl Claimed {
    /// How it belongs to what it follows, as the channel knows that.
    pub fn belongs(&self) -> Belongs<'_> {
        let receipt = self.receipt.as_deref();
        match self.thread {
            None => Belongs::Alone,
            Some(Thread::Reply) => Belongs::Under { receipt, beside: false },
            Some(Thread::Broadcast) => Belongs::Under { receipt, beside: true },
            Some(Thread::Edit) => Belongs::Instead { receipt },
        }
    }
}

/// Why a whole channel waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// It said how long; nothing at all knocks before that.
    Asked,
    /// It could not be reached.
    Failing,
    /// It is put aside until somebody mends it.
    Down,
}

/// What becomes of a delivery after a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Taken; by the receipt it can be answered and changed.
    Delivered { receipt: Option<String> },
    /// Nothing is left to do: what it should have changed is gone.
    Needless { why: String },
    /// Again at `due`; with `pause` the whole channel waits until then: because it asked for that, or is down, or failed.
    Later { due: Timestamp, pause: Option<Pause>, why: String },
    /// Again at once, in its plainer form.
    Degraded { why: String },
    /// Never; with `pause` what waits behind it waits until then, since the channel itself asked for it.
    GivenUp { why: String, pause: Option<(Timestamp, Pause)> },
}

/// What is kept in order: the deliveries to one recipient of one channel.
#[derive(Clone, Debug)]
pub struct Lane {
    pub channel: String,
    pub recipient: String,
    /// The kind of channel that they were made for.
    pub form: String,
    /// When the oldest of them was promised.
    pub oldest: Timestamp,
}

/// Decides what a try's outcome means.
pub fn settle(claimed: &Claimed, outcome: &Outcome, give_up: SignedDuration, now: Timestamp) -> Settled {
    let too_old = now.duration_since(claimed.created) >= give_up;
    let later = |wait: SignedDuration, pause: Option<Pause>, why: &String| {
        let longest = if pause == Some(Pause::Asked) { LONGEST_ASKED } else { LONGEST };
        let due = now.checked_add(wait.clamp(SHORTEST, longest)).unwrap_or(Timestamp::MAX);
        if too_old {
            let why = format!("{why}; given up after {}", crate::duration::show(give_up));
            return Settled::GivenUp { why, pause: pause.map(|pause| (due, pause)) };
        }
        Settled::Later { due, pause, why: why.clone() }
    };
    match outcome {
        Outcome::Delivered => Settled::Delivered { receipt: None },
        Outcome::Posted { receipt } => Settled::Delivered { receipt: Some(receipt.clone()) },
        Outcome::Gone { why } => Settled::Needless { why: why.clone() },
        Outcome::Retry { after, scope, maybe_taken, why } => {
            let why =
                if *maybe_taken { format!("{why}; it may have been taken, and may come twice") } else { why.clone() };
            let asked = if after.is_some() { Pause::Asked } else { Pause::Failing };
            let pause = (*scope == Scope::Channel).then_some(asked);
            let failures = if pause.is_some() { claimed.channel_failures + 1 } else { claimed.attempt };
            let wait = after.unwrap_or_else(|| backoff::after(failures, claimed.id.0));
            later(wait, pause, &why)
        }
        Outcome::Refused { why, degrade } if *degrade && claimed.plainer.is_some() => {
            Settled::Degraded { why: why.clone() }
        }
        Outcome::Refused { why, .. } => Settled::GivenUp { why: why.clone(), pause: None },
        Outcome::ChannelDown { why } => {
            later(backoff::after_down(claimed.channel_failures + 1, claimed.id.0), Some(Pause::Down), why)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(plainer: bool) -> Claimed {
        let created = Timestamp::from_second(1_770_000_000).unwrap();
        Claimed {
            id: DeliveryId(7),
            channel: "ops".into(),
            recipient: String::new(),
            body: "{}".into(),
            plainer: plainer.then(|| "{}".into()),
            message_id: "<m@x>".into(),
            in_reply_to: None,
            thread: None,
            receipt: None,
            created,
            attempt: 1,
            channel_failures: 0,
            lease: created,
        }
    }

    #[test]
    fn each_outcome_has_one_consequence() {
        let day = SignedDuration::from_hours(24);
        let now = Timestamp::from_second(1_770_000_010).unwrap();
        let old = Timestamp::from_second(1_770_000_000 + 86_400).unwrap();
        let retry = |after: Option<i64>, scope, maybe_taken| Outcome::Retry {
            after: after.map(SignedDuration::from_secs),
            scope,
            maybe_taken,
            why: "busy".into(),
        };
        let refused = |degrade| Outcome::Refused { why: "no".into(), degrade };

        let taken = |receipt| Settled::Delivered { receipt };
        assert_eq!(settle(&claimed(false), &Outcome::Delivered, day, old), taken(None));
        let posted = Outcome::Posted { receipt: "C1/1.2".into() };
        assert_eq!(settle(&claimed(false), &posted, day, old), taken(Some("C1/1.2".into())));
        let gone = Outcome::Gone { why: "no".into() };
        assert_eq!(settle(&claimed(true), &gone, day, old), Settled::Needless { why: "no".into() });
        let Settled::Later { due, pause: Some(Pause::Asked), .. } =
            settle(&claimed(false), &retry(Some(30), Scope::Channel, false), day, now)
        else {
            panic!("a channel that names its pause is left alone so long")
        };
        assert_eq!(due.duration_since(now).as_secs(), 30);
        let Settled::Later { due, pause: None, why, .. } =
            settle(&claimed(false), &retry(None, Scope::Delivery, true), day, now)
        else {
            panic!("a failed try comes back")
        };
        assert!(due.duration_since(now).as_millis() <= 1_200 && why.contains("may come twice"));
        assert!(matches!(
            settle(&claimed(false), &retry(None, Scope::Delivery, false), day, old),
            Settled::GivenUp { .. }
        ));
        assert!(matches!(settle(&claimed(true), &refused(true), day, now), Settled::Degraded { .. }));
        assert!(matches!(settle(&claimed(false), &refused(true), day, now), Settled::GivenUp { .. }));
        assert!(matches!(settle(&claimed(true), &refused(false), day, now), Settled::GivenUp { .. }));
        let down = Outcome::ChannelDown { why: "gone".into() };
        assert!(matches!(settle(&claimed(true), &down, day, now), Settled::Later { pause: Some(Pause::Down), .. }));
        assert!(matches!(settle(&claimed(true), &down, day, old), Settled::GivenUp { .. }));
    }
}
