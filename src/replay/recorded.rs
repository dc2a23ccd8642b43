//! A recorded history: JSON Lines, one observation a line.
//!
//! `{"at": "2026-03-29T01:30:00Z", "proxy": "sense1", "prefix": "hr", "people": [["CORP", "anna", 2]]}`, or `"error": "timeout"`
//! in place of `people`. The lines of one instant are one poll.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::io::BufRead;

use jiff::{SignedDuration, Timestamp};
use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::secret::Secret;
use crate::snapshot::{Observation, Pair, Session, Unseen, UnseenKind, User, person_key};

/// The longest line that is read, in bytes: half a million people.
const LONGEST: u64 = 32 << 20;
/// The most sessions that one entry may stand for; a typing error would fill the memory.
const MOST_SESSIONS: u64 = 100_000;
/// How often the clock may go back before the lines are taken to be out of order.
const MOST_STEPS_BACK: u32 = 3;

/// What is wrong with a history, and where.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("line {line}: {what}")]
    Line { line: u64, what: String },
    #[error("cannot be read beyond line {line}: {source}")]
    Read { line: u64, source: std::io::Error },
}

/// One poll of a recorded history.
#[derive(Debug)]
pub struct RecordedPoll {
    pub at: Timestamp,
    /// The line that it begins at.
    pub line: u64,
    pub pairs: Vec<(Pair, Observation)>,
    /// Where the clock was before it was set back.
    pub set_back_from: Option<Timestamp>,
}

/// As many polls as are read ahead to learn the usual step between them.
const READ_AHEAD: usize = 30;

/// A history that is read line by line.
pub struct History<R> {
    lines: R,
    buffer: Vec<u8>,
    line: u64,
    /// The first observation of the next poll.
    ahead: Option<(Timestamp, Pair, Observation)>,
    last: Option<(Timestamp, Vec<Pair>)>,
    steps_back: u32,
    /// Polls that were read ahead.
    waiting: VecDeque<RecordedPoll>,
}

impl<R: BufRead> History<R> {
    pub fn new(lines: R) -> Self {
        Self { lines, buffer: Vec::new(), line: 0, ahead: None, last: None, steps_back: 0, waiting: VecDeque::new() }
    }

    /// The usual step between polls, learnt from the first ones; none of fewer than two.
    pub fn usual_step(&mut self) -> Result<Option<SignedDuration>, HistoryError> {
        while self.waiting.len() < READ_AHEAD {
            let Some(poll) = self.read_poll()? else { break };
            self.waiting.push_back(poll);
        }
        let moments = self.waiting.iter().map(|poll| poll.at);
        let mut steps: Vec<_> =
            moments.clone().skip(1).zip(moments).map(|(next, poll)| next.duration_since(poll)).collect();
        steps.retain(SignedDuration::is_positive);
        steps.sort_unstable();
        Ok(steps.get(steps.len() / 2).copied())
    }

    /// The next poll; none at the end.
    pub fn next_poll(&mut self) -> Result<Option<RecordedPoll>, HistoryError> {
        match self.waiting.pop_front() {
            Some(poll) => Ok(Some(poll)),
            None => self.read_poll(),
        }
    }

    fn read_poll(&mut self) -> Result<Option<RecordedPoll>, HistoryError> {
        let first = match self.ahead.take() {
            Some(ahead) => Some(ahead),
            None => self.observation()?,
        };
        let Some((at, pair, observation)) = first else { return Ok(None) };
        let line = self.line;
        let mut pairs = vec![(pair, observation)];
        while let Some((then, pair, observation)) = self.observation()? {
            if then != at {
                self.ahead = Some((then, pair, observation));
                break;
            }
            if pairs.iter().any(|(other, _)| *other == pair) {
                return Err(self.wrong(format!(
                    "proxy `{}`, prefix `{}` is there twice at {at}: write one line for each pair and instant",
                    pair.proxy, pair.prefix
                )));
            }
            pairs.push((pair, observation));
        }
        let set_back_from = self.in_order(at, line, &pairs)?;
        self.last = Some((at, pairs.iter().map(|(pair, _)| pair.clone()).collect()));
        Ok(Some(RecordedPoll { at, line, pairs, set_back_from }))
    }

    /// Whether a poll follows the last one. A clock that is set back goes on asking the same pairs; lines that are out of
    /// order are of other pairs, or go back again and again.
    fn in_order(
        &mut self,
        at: Timestamp,
        line: u64,
        pairs: &[(Pair, Observation)],
    ) -> Result<Option<Timestamp>, HistoryError> {
        let Some((last, before)) = self.last.take().filter(|(last, _)| *last > at) else { return Ok(None) };
        self.steps_back += 1;
        if self.steps_back > MOST_STEPS_BACK || !pairs.iter().any(|(pair, _)| before.contains(pair)) {
            let what = format!("{at} comes after {last}: sort the lines by `at`, with `sort -s -t'\"' -k4,4 FILE`");
            return Err(HistoryError::Line { line, what });
        }
        Ok(Some(last))
    }

    fn wrong(&self, what: impl Into<String>) -> HistoryError {
        HistoryError::Line { line: self.line, what: what.into() }
    }

    /// The next line that is not empty.
    fn observation(&mut self) -> Result<Option<(Timestamp, Pair, Observation)>, HistoryError> {
        loop {
            self.buffer.clear();
            let read = std::io::Read::take(&mut self.lines, LONGEST).read_until(b'\n', &mut self.buffer);
            let read = read.map_err(|source| HistoryError::Read { line: self.line, source })?;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            if read as u64 == LONGEST {
                return Err(self.wrong("it is longer than 32 MiB: write one observation a line"));
            }
            let mut text = self.buffer.as_slice();
            if self.line == 1 {
                text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
            }
            if !text.trim_ascii().is_empty() {
                return observation(text).map(Some).map_err(|what| self.wrong(what));
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow)]
    at: Cow<'a, str>,
    #[serde(borrow)]
    proxy: Cow<'a, str>,
    #[serde(borrow)]
    prefix: Cow<'a, str>,
    #[serde(default)]
    people: Option<People>,
    #[serde(borrow, default)]
    error: Option<Cow<'a, str>>,
}

/// `[directory, id, sessions]`, unfolded into sessions. Their ids are made up: the format has none.
struct People(Vec<Session>);

const PEOPLE: &str = "a list such as `[[\"CORP\", \"anna\", 2]]`, each a directory, an id and a number of sessions";

impl<'de> Deserialize<'de> for People {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = People;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(PEOPLE)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<People, A::Error> {
                let mut sessions = Vec::new();
                while let Some(Entry { directory, id, count }) = seq.next_element()? {
                    if count == 0 || count > MOST_SESSIONS {
                        return Err(A::Error::custom(format!(
                            "`{count}` sessions of one user: write a number from 1 to {MOST_SESSIONS}"
                        )));
                    }
                    unfold(&directory, &id, count, &mut sessions);
                }
                Ok(People(sessions))
            }
        }

        deserializer.deserialize_seq(List)
    }
}

/// One entry of the list.
struct Entry<'a> {
    directory: Cow<'a, str>,
    id: Cow<'a, str>,
    count: u64,
}

impl<'de> Deserialize<'de> for Entry<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Three;

        impl<'de> Visitor<'de> for Three {
            type Value = Entry<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an entry such as `[\"CORP\", \"anna\", 2]`: a directory, an id and a number of sessions")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Entry<'de>, A::Error> {
                let short = |length| A::Error::invalid_length(length, &self);
                let Text(directory) = seq.next_element()?.ok_or_else(|| short(0))?;
                let Text(id) = seq.next_element()?.ok_or_else(|| short(1))?;
                let count = seq.next_element()?.ok_or_else(|| short(2))?;
                if seq.next_element::<IgnoredAny>()?.is_some() {
                    return Err(short(4));
                }
                Ok(Entry { directory, id, count })
            }
        }

        deserializer.deserialize_seq(Three)
    }
}

/// A text that is borrowed from the line where it can be.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Any)
    }
}

/// One session for each that was counted, named so that the same user's sessions are the same ones at the next poll.
fn unfold(directory: &str, id: &str, count: u64, into: &mut Vec<Session>) {
    let folded = person_key(directory, id);
    for number in 0..count {
        let user = User { directory: directory.into(), id: id.into(), name: None };
        into.push(Session { id: Secret::new(format!("{number} {folded}")), user });
    }
}

fn observation(text: &[u8]) -> Result<(Timestamp, Pair, Observation), String> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8 text".to_owned())?;
    let line: Line<'_> = serde_json::from_str(text).map_err(|error| plain(&error))?;
    let at: Timestamp = line.at.parse().map_err(|_| {
        format!("`at` is `{}`: write an instant such as `2026-03-29T01:30:00Z`", crate::clean::clean(&line.at))
    })?;
    let at = crate::clock::whole_milliseconds(at.as_millisecond());
    let pair = Pair { proxy: line.proxy.as_ref().into(), prefix: line.prefix.as_ref().into() };
    let observation = match (line.people, line.error) {
        (Some(People(sessions)), None) => Observation::Seen(sessions),
        (None, Some(why)) => Observation::Unseen(unseen(&why)),
        (Some(_), Some(_)) => {
            return Err("both `people` and `error` are given: a pair was seen, or it was not".to_owned());
        }
        (None, None) => {
            return Err(
                "neither `people` nor `error` is given: write `\"people\": []` where nobody was on, or `\"error\": \"timeout\"`"
                    .to_owned(),
            );
        }
    };
    Ok((at, pair, observation))
}

/// A word that is not known is still a reason.
pub(super) fn unseen(why: &str) -> Unseen {
    let kind = UnseenKind::ALL.into_iter().find(|kind| kind.word() == why).unwrap_or(UnseenKind::Other);
    Unseen { kind, tried: String::new(), what: why.replace('_', " "), advice: String::new() }
}

/// The parser's words in ours.
fn plain(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let (said, place) = match said.rsplit_once(" at line ") {
        Some((said, place)) => (said, place.split_once(" column ").map_or("", |(_, column)| column)),
        None => (said.as_str(), ""),
    };
    if let Some(field) = said.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        let right = match field {
            "prefix" => ": write it, `\"\"` for the default virtual proxy",
            "at" => ": write an instant such as `2026-03-29T01:30:00Z`",
            _ => ": write the proxy's name, such as `\"sense1\"`",
        };
        return format!("`{field}` is missing{right}");
    }
    if let Some(rest) = said.strip_prefix("unknown field `") {
        let field = rest.split('`').next().unwrap_or_default();
        return format!(
            "there is no field `{}` here: an observation has `at`, `proxy`, `prefix`, and `people` or `error`",
            crate::clean::clean(field)
        );
    }
    if error.is_eof() {
        return format!("it ends too early, after {place} characters: is the file cut off?");
    }
    if error.is_syntax() {
        return format!("it is no JSON, at character {place}: {said}");
    }
    let said = crate::clean::clean(said).replace("expected u64", "expected a number of sessions");
    format!("{said}, at character {place}")
}
