//! Polls, rebuilt from what the store remembers: readings say when and whether each pair was seen, sessions who was on.
//!
//! What the store does not know is left out and counted, not guessed.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::recorded::unseen;
use crate::snapshot::{Counts, Observation, Pair, Session, User};
use crate::store::{RecalledReading, RecalledSession};

/// What is wanted next, or what there is.
#[derive(Debug)]
pub enum Step {
    /// One poll, with what was counted then.
    Poll(RebuiltPoll),
    /// The readings after this row, through [`Rebuilt::take_readings`].
    MoreReadings {
        after: i64,
    },
    /// The sessions after this row, through [`Rebuilt::take_sessions`].
    MoreSessions {
        after: i64,
    },
    End,
}

/// A poll of the past. Its pairs are lent: [`Rebuilt::take_back`] wants them before the next step, since copying everyone who
/// was on at each poll of a month would take longer than all else.
#[derive(Debug)]
pub struct RebuiltPoll {
    pub at: Timestamp,
    pub pairs: Vec<(Pair, Observation)>,
    /// What was counted of the whole site then.
    pub counted: Option<Counts>,
}

/// What could not be rebuilt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unknown {
    /// Polls while the clock was set back, of which the order is lost.
    pub set_back: u64,
    /// Polls of a stretch in which some were missed: they are spread evenly over it.
    pub spread: u64,
}

/// Who never counts.
pub type Excluded = Box<dyn Fn(&User) -> bool + Send>;

/// The memory of a site on its way to being polls again.
pub struct Rebuilt {
    excluded: Excluded,
    interval: SignedDuration,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    readings: VecDeque<RecalledReading>,
    readings_end: bool,
    last_reading: i64,
    /// The site's reading whose polls are given now, with the number of those given.
    current: Option<(RecalledReading, u64)>,
    sessions: VecDeque<RecalledSession>,
    sessions_end: bool,
    last_session: i64,
    /// The last poll of the newest stretch that is given.
    last_given: Option<Timestamp>,
    pairs: Vec<PairThen>,
    ends: BinaryHeap<Reverse<(Timestamp, i64, usize)>>,
    unknown: Unknown,
}

struct PairThen {
    pair: Pair,
    reading: Option<RecalledReading>,
    sessions: Vec<Session>,
    /// Which row each of them is, and where each row is.
    rows: Vec<i64>,
    places: HashMap<i64, usize>,
}

impl Rebuilt {
    /// The polls of a stretch of time: from the row before the first reading of it, and the sessions that were open as it
    /// began.
    pub fn new(
        (from, to): (Timestamp, Timestamp),
        after: i64,
        open: Vec<RecalledSession>,
        interval: SignedDuration,
        excluded: Excluded,
    ) -> Self {
        let mut rebuilt = Self {
            excluded,
            interval,
            from: Some(from),
            to: Some(to),
            readings: VecDeque::new(),
            readings_end: false,
            last_reading: after,
            current: None,
            sessions: VecDeque::new(),
            sessions_end: false,
            last_session: 0,
            last_given: None,
            pairs: Vec::new(),
            ends: BinaryHeap::new(),
            unknown: Unknown::default(),
        };
        for session in open {
            rebuilt.begin(session);
        }
        rebuilt
    }

    /// Takes back what the last poll was lent, as it was.
    pub fn take_back(&mut self, pairs: Vec<(Pair, Observation)>) {
        for (pair, observation) in pairs {
            if let Observation::Seen(sessions) = observation
                && let Some(then) = self.pairs.iter_mut().find(|then| then.pair == pair)
            {
                then.sessions = sessions;
            }
        }
    }

    pub fn unknown(&self) -> Unknown {
        self.unknown
    }

    pub fn take_readings(&mut self, page: Vec<RecalledReading>) {
        self.readings_end = page.is_empty();
        self.last_reading = page.last().map_or(self.last_reading, |reading| reading.id);
        self.readings.extend(page);
    }

    pub fn take_sessions(&mut self, page: Vec<RecalledSession>) {
        self.sessions_end = page.is_empty();
        self.last_session = page.last().map_or(self.last_session, |session| session.id);
        self.sessions.extend(page);
    }

    pub fn step(&mut self) -> Step {
        loop {
            let Some((reading, given)) = &mut self.current else {
                match self.next_stretch() {
                    Some(step) => return step,
                    None => continue,
                }
            };
            if *given == reading.polls {
                self.current = None;
                continue;
            }
            let at = instant(reading, *given);
            if self.to.is_some_and(|to| at > to) {
                return Step::End;
            }
            if self.from.is_some_and(|from| at < from) {
                *given += 1;
                continue;
            }
            if self.sessions.back().is_none_or(|last| last.began <= at) && !self.sessions_end {
                return Step::MoreSessions { after: self.last_session };
            }
            *given += 1;
            let counted = reading.counts;
            self.move_to(at);
            return Step::Poll(RebuiltPoll { at, pairs: self.observations(at), counted });
        }
    }

    /// Finds the site's next reading, once every reading of its pairs that falls into it is at hand: they are written
    /// before the site's next one.
    fn next_stretch(&mut self) -> Option<Step> {
        let mut sites = self.readings.iter().enumerate().filter(|(_, reading)| reading.pair.is_none());
        let first = sites.next().map(|(i, _)| i);
        if (first.is_none() || sites.next().is_none()) && !self.readings_end {
            return Some(Step::MoreReadings { after: self.last_reading });
        }
        let Some(first) = first else { return Some(Step::End) };
        let reading = self.readings.remove(first)?;
        if reading.to < reading.from || self.last_given.is_some_and(|last| reading.from < last) {
            self.unknown.set_back += reading.polls;
            return None;
        }
        self.last_given = Some(reading.to);
        let polls = i32::try_from(reading.polls).unwrap_or(i32::MAX);
        if polls > 1 && reading.to.duration_since(reading.from) > self.interval * (polls - 1) {
            self.unknown.spread += reading.polls;
        }
        self.current = Some((reading, 0));
        None
    }

    /// Lets sessions begin and end, and readings take over, up to an instant.
    fn move_to(&mut self, at: Timestamp) {
        while let Some(reading) = self.readings.pop_front_if(|reading| reading.pair.is_some() && reading.from <= at) {
            let Some(pair) = &reading.pair else { continue };
            let place = self.place_of(&pair.clone());
            self.pairs[place].reading = Some(reading);
        }
        while let Some(session) = self.sessions.pop_front_if(|session| session.began <= at) {
            self.begin(session);
        }
        while let Some(Reverse((ended, row, place))) = self.ends.peek().copied() {
            if ended > at {
                break;
            }
            self.ends.pop();
            self.pairs[place].end(row);
        }
    }

    fn place_of(&mut self, pair: &Pair) -> usize {
        if let Some(place) = self.pairs.iter().position(|then| then.pair == *pair) {
            return place;
        }
        let (reading, sessions, rows, places) = (None, Vec::new(), Vec::new(), HashMap::new());
        self.pairs.push(PairThen { pair: pair.clone(), reading, sessions, rows, places });
        self.pairs.len() - 1
    }

    fn begin(&mut self, session: RecalledSession) {
        let place = self.place_of(&session.pair);
        let user = session.user.unwrap_or_else(anonymous);
        if (self.excluded)(&user) {
            return;
        }
        if let Some(ended) = session.ended {
            self.ends.push(Reverse((ended, session.id, place)));
        }
        let then = &mut self.pairs[place];
        then.places.insert(session.id, then.sessions.len());
        then.rows.push(session.id);
        then.sessions.push(Session { id: session.session, user });
    }

    /// What each pair that was asked then answered; lent.
    fn observations(&mut self, at: Timestamp) -> Vec<(Pair, Observation)> {
        let asked = self.pairs.iter_mut().filter_map(|then| {
            let reading = then.reading.as_ref().filter(|reading| reading.to >= at)?;
            let observation = match &reading.why {
                Some(why) => Observation::Unseen(unseen(why)),
                None => Observation::Seen(std::mem::take(&mut then.sessions)),
            };
            Some((then.pair.clone(), observation))
        });
        asked.collect()
    }
}

impl PairThen {
    fn end(&mut self, row: i64) {
        if let Some(place) = self.places.remove(&row) {
            self.sessions.swap_remove(place);
            self.rows.swap_remove(place);
            if let Some(moved) = self.rows.get(place) {
                self.places.insert(*moved, place);
            }
        }
    }
}

/// The instants of a stretch lie evenly between its ends.
fn instant(reading: &RecalledReading, given: u64) -> Timestamp {
    let steps = i64::try_from(reading.polls.saturating_sub(1)).unwrap_or(i64::MAX);
    if steps == 0 {
        return reading.from;
    }
    let length = reading.to.as_millisecond() - reading.from.as_millisecond();
    let along = i128::from(length) * i128::from(given) / i128::from(steps);
    crate::clock::whole_milliseconds(reading.from.as_millisecond() + i64::try_from(along).unwrap_or(length))
}

/// The store keeps no name of an anonymous visitor.
fn anonymous() -> User {
    User { directory: "NONE".into(), id: "anonymous".into(), name: None }
}
