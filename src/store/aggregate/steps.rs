//! A site's numbers as steps over time, from its readings and its hours.

use sqlx::{QueryBuilder, Row as _};

use super::{Blind, BlindWhy, Coverage, Hour, Limit, Over, Peak, Spread, at, lasting, packed};
use crate::judge::{Bound, Metric};
use crate::store::StoreError;
use crate::store::dialect::{Db, Pool, Row};

const HOUR: i64 = 3_600_000;
/// The step of readings that were written before steps were.
pub(super) const STEP: i64 = 60_000;
/// What may be between two polls that follow each other, beside two steps.
pub(super) const SLACK: i64 = 60_000;

/// One reading, or one hour of old ones, as it is stored. Times are milliseconds.
pub(in crate::store) struct Stored {
    pub(in crate::store) from: i64,
    pub(in crate::store) to: i64,
    pub(in crate::store) polls: i64,
    pub(in crate::store) answered: i64,
    pub(in crate::store) asked: i64,
    pub(in crate::store) step: i64,
    /// How long an hour speaks for; a reading speaks until the next one.
    length: Option<i64>,
    pub(in crate::store) figures: Option<Figures>,
}

/// What was shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::store) struct Figures {
    pub(in crate::store) users: Figure,
    pub(in crate::store) sessions: Figure,
    pub(in crate::store) anonymous: Figure,
}

/// A number over a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::store) struct Figure {
    pub(in crate::store) min: u64,
    pub(in crate::store) max: u64,
    pub(in crate::store) mean: f64,
    /// The first moment of the highest.
    pub(in crate::store) peak: i64,
}

/// How much of a site was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Sight {
    Full,
    Partly,
    NotAnswered,
    NotPolled,
}

/// A stretch in which one thing was shown. The pieces of a period follow each other without a gap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::store) struct Piece {
    pub(in crate::store) from: i64,
    pub(in crate::store) to: i64,
    pub(in crate::store) sight: Sight,
    pub(in crate::store) figures: Option<Figures>,
    /// Whether its highest numbers are so, and not a bound.
    pub(in crate::store) exact: bool,
    /// Polls were missed in it, over which the last one before still speaks.
    pub(in crate::store) missed: bool,
}

/// Polls made, answered in full, and in part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Polls {
    made: u64,
    answered: u64,
    partly: u64,
}

/// What a site showed over a period, and its polls.
pub(super) type Shown = (Vec<Piece>, Polls);

impl Polls {
    /// Whether one of them saw all.
    pub(super) fn saw_all(self) -> bool {
        self.answered > 0
    }
}

impl Figures {
    /// None of what readings do not have.
    fn of(&self, metric: Metric) -> Option<Figure> {
        match metric {
            Metric::Users => Some(self.users),
            Metric::Sessions => Some(self.sessions),
            Metric::Anonymous => Some(self.anonymous),
            Metric::SessionsOfOneUser | Metric::Joined | Metric::Left => None,
        }
    }
}

impl Figure {
    fn once(number: i64, from: i64) -> Self {
        let number = number.unsigned_abs();
        Self { min: number, max: number, mean: number as f64, peak: from }
    }
}

/// The columns of a reading, and those of an hour.
const READING: [&str; 9] =
    ["\"from\"", "\"to\"", "polls", "answered", "asked", "step", "users", "sessions", "anonymous"];
const HOURLY: [&str; 18] = [
    "\"from\"",
    "\"to\"",
    "polls",
    "asked",
    "step",
    "length",
    "users_min",
    "users_max",
    "users_time",
    "users_peak",
    "sessions_min",
    "sessions_max",
    "sessions_time",
    "sessions_peak",
    "anonymous_min",
    "anonymous_max",
    "anonymous_time",
    "anonymous_peak",
];

/// What was stored of a site, of this stretch and next to it on either side, in order.
pub(super) async fn load(pool: &Pool, site: &str, (from, to): (i64, i64)) -> Result<Vec<Stored>, StoreError> {
    let mut stored = Vec::new();
    packed(pool, "reading", site, (from, to), READING, |numbers| stored.push(Stored::of_reading(numbers))).await?;
    packed(pool, "hour", site, (from, to), HOURLY, |numbers| stored.push(Stored::of_hour(&numbers))).await?;
    stored.sort_by_key(|stored| (stored.from, stored.to));
    Ok(stored)
}

async fn packed<const COLUMNS: usize>(
    pool: &Pool,
    table: &str,
    site: &str,
    (from, to): (i64, i64),
    columns: [&str; COLUMNS],
    mut take: impl FnMut([Option<i64>; COLUMNS]),
) -> Result<(), StoreError> {
    let of = |sql: &mut QueryBuilder<Db>| {
        sql.push(table).push(" WHERE pair IS NULL AND site = ").push_bind(site.to_owned()).push(" AND \"to\" ");
    };
    let within = |sql: &mut QueryBuilder<Db>| {
        of(sql.push("FROM "));
        sql.push(">= ").push_bind(from).push(" AND \"to\" < ").push_bind(to);
    };
    packed::each(pool, None, columns, within, |_, numbers| take(numbers)).await?;
    // The newest before the stretch may speak into it, and the next after it says how long the last one speaks.
    for (beyond, bound, order) in [("< ", from, " DESC"), (">= ", to, "")] {
        let next = |sql: &mut QueryBuilder<Db>| {
            of(sql.push("FROM (SELECT * FROM "));
            sql.push(beyond).push_bind(bound).push(" ORDER BY \"to\"").push(order).push(" LIMIT 1) AS one");
        };
        packed::each(pool, None, columns, next, |_, numbers| take(numbers)).await?;
    }
    Ok(())
}

/// Those that have a say in a period, of all that was stored of a stretch around it.
pub(super) fn within(stored: &[Stored], from: i64, to: i64) -> &[Stored] {
    // One more of either kind before it, and after it.
    let first = stored.partition_point(|one| one.to < from).saturating_sub(2);
    let end = (stored.partition_point(|one| one.to < to) + 2).min(stored.len());
    stored.get(first..end).unwrap_or(stored)
}

impl Stored {
    pub(in crate::store) fn reading(row: &Row) -> Result<Self, StoreError> {
        let mut numbers = [None; READING.len()];
        for (number, column) in numbers.iter_mut().zip(READING) {
            *number = row.try_get(column.trim_matches('"'))?;
        }
        Ok(Self::of_reading(numbers))
    }

    fn of_reading(
        [from, to, polls, answered, asked, step, users, sessions, anonymous]: [Option<i64>; READING.len()],
    ) -> Self {
        let number = Option::unwrap_or_default;
        let from = number(from);
        let figures = match (users, sessions, anonymous) {
            (Some(users), Some(sessions), Some(anonymous)) => Some(Figures {
                users: Figure::once(users, from),
                sessions: Figure::once(sessions, from),
                anonymous: Figure::once(anonymous, from),
            }),
            _ => None,
        };
        Self {
            from,
            to: number(to),
            polls: number(polls),
            answered: number(answered),
            asked: number(asked),
            step: step.filter(|step| *step > 0).unwrap_or(STEP),
            length: None,
            figures,
        }
    }

    fn of_hour(numbers: &[Option<i64>; HOURLY.len()]) -> Self {
        let [from, to, polls, asked, step, length, figures @ ..] = numbers.map(Option::unwrap_or_default);
        let figure = |first: usize| Figure {
            min: figures[first].unsigned_abs(),
            max: figures[first + 1].unsigned_abs(),
            mean: figures[first + 2] as f64 / length.max(1) as f64,
            peak: figures[first + 3],
        };
        Self {
            from,
            to,
            polls,
            answered: asked,
            asked,
            step,
            length: Some(length),
            figures: Some(Figures { users: figure(0), sessions: figure(4), anonymous: figure(8) }),
        }
    }

    /// Until when it speaks, where `next` is the beginning of what comes after it.
    pub(in crate::store) fn until(&self, next: Option<i64>) -> i64 {
        match (self.length, next) {
            (Some(length), _) => self.from + length,
            (None, Some(next)) if next <= self.to + 2 * self.step + SLACK => next.max(self.to),
            (None, _) => self.to + self.step,
        }
    }

    /// Since when nobody polled, where it speaks until an instant.
    fn missed(&self, until: i64) -> Option<i64> {
        missed_since(self.to, self.step, until)
    }

    /// How many of its polls lie in a period. Their times are known where they were made at even steps, as schedules have it.
    pub(in crate::store) fn polls_in(&self, from: i64, to: i64) -> i64 {
        if self.from >= from && self.to < to {
            return self.polls;
        }
        if self.polls <= 1 || self.to <= self.from {
            return if self.from >= from && self.from < to { self.polls } else { 0 };
        }
        // The polls of this reading before an instant.
        let before = |instant: i64| {
            if instant <= self.from {
                return 0;
            }
            if instant > self.to {
                return self.polls;
            }
            ((instant - self.from) * (self.polls - 1) - 1) / (self.to - self.from) + 1
        };
        before(to) - before(from)
    }

    /// Whether all of it was answered.
    pub(in crate::store) fn is_full(&self) -> bool {
        self.sight() == Sight::Full
    }

    fn sight(&self) -> Sight {
        match (self.answered, self.figures) {
            (0, _) | (_, None) => Sight::NotAnswered,
            (answered, _) if answered == self.asked => Sight::Full,
            _ => Sight::Partly,
        }
    }
}

/// Since when polls were missed after the one at `to`, where that speaks until an instant: from when the next one was due.
pub(in crate::store) fn missed_since(to: i64, step: i64, until: i64) -> Option<i64> {
    (until - to >= 2 * step && step > 0).then_some(to + step)
}

/// The pieces of a period, one after the other, and the polls that were made in it.
pub(in crate::store) fn pieces(stored: &[Stored], from: i64, to: i64) -> (Vec<Piece>, Polls) {
    let mut pieces = Vec::with_capacity(stored.len() + 1);
    let unseen = |from, to| Piece { from, to, sight: Sight::NotPolled, figures: None, exact: true, missed: true };
    let mut polls = Polls::default();
    let mut reached = from;
    for (i, one) in stored.iter().enumerate() {
        let sight = one.sight();
        let made = one.polls_in(from, to).unsigned_abs();
        polls.made += made;
        match sight {
            Sight::Full => polls.answered += made,
            Sight::Partly => polls.partly += made,
            _ => {}
        }
        let begins = one.from.max(reached);
        let until = one.until(stored.get(i + 1).map(|next| next.from));
        let ends = until.min(to);
        if ends <= begins {
            continue;
        }
        if begins > reached {
            pieces.push(unseen(reached, begins));
        }
        let shown = Piece { from: begins, to: ends, sight, figures: one.figures, exact: true, missed: false };
        match one.missed(until).map(|missed| missed.clamp(begins, ends)) {
            Some(missed) if missed < ends => {
                if begins < missed {
                    pieces.push(Piece { to: missed, ..shown });
                }
                pieces.push(Piece { from: missed, missed: true, ..shown });
            }
            _ => pieces.push(shown),
        }
        reached = ends;
    }
    if reached < to {
        pieces.push(unseen(reached, to));
    }
    (pieces, polls)
}

pub(super) fn coverage(site: &str, pieces: &[Piece], polls: Polls) -> Coverage {
    let mut blind: Vec<Blind> = Vec::new();
    for piece in pieces {
        let why = match piece.sight {
            _ if piece.missed => BlindWhy::NotPolled,
            Sight::Full => continue,
            Sight::Partly => BlindWhy::Partly,
            Sight::NotAnswered => BlindWhy::NotAnswered,
            Sight::NotPolled => BlindWhy::NotPolled,
        };
        match blind.last_mut() {
            Some(last) if last.to == at(piece.from) && last.why == why => last.to = at(piece.to),
            _ => blind.push(Blind { from: at(piece.from), to: at(piece.to), why }),
        }
    }
    Coverage { site: site.to_owned(), polls: polls.made, answered: polls.answered, partly: polls.partly, blind }
}

/// One for each hour from `from` on.
pub(super) fn hours(pieces: &[Piece], from: i64, to: i64) -> Vec<Hour> {
    let mut hours = Vec::new();
    let (mut begins, mut first) = (from, 0);
    while begins < to {
        let ends = (begins + HOUR).min(to);
        while pieces.get(first).is_some_and(|piece| piece.to <= begins) {
            first += 1;
        }
        let length = pieces[first..].iter().take_while(|piece| piece.from < ends).count();
        hours.push(hour(&pieces[first..first + length], begins, ends));
        begins = ends;
    }
    hours
}

/// What was shown in a stretch somewhere within these pieces.
pub(super) fn hour_of(pieces: &[Piece], from: i64, to: i64) -> Hour {
    let first = pieces.partition_point(|piece| piece.to <= from);
    let length = pieces[first..].partition_point(|piece| piece.from < to);
    hour(&pieces[first..first + length], from, to)
}

/// What was shown from `from` to `to`.
pub(super) fn hour(pieces: &[Piece], from: i64, to: i64) -> Hour {
    let (mut seen, mut partly) = (0, 0);
    let mut spreads = [Adding::default(); 3];
    for piece in pieces {
        let length = piece.to.min(to) - piece.from.max(from);
        if length <= 0 {
            continue;
        }
        match piece.sight {
            Sight::Full => seen += length,
            Sight::Partly => partly += length,
            Sight::NotAnswered | Sight::NotPolled => {}
        }
        if let Some(figures) = piece.figures {
            let full = piece.sight == Sight::Full;
            for (spread, figure) in spreads.iter_mut().zip([figures.users, figures.sessions, figures.anonymous]) {
                spread.add(figure, length, full);
            }
        }
    }
    let [users, sessions, anonymous] = spreads.map(|adding| adding.spread(seen));
    Hour { from: at(from), to: at(to), users, sessions, anonymous, seen: lasting(seen), partly: lasting(partly) }
}

/// A spread while it is added up.
#[derive(Clone, Copy, Default)]
struct Adding {
    min: Option<u64>,
    max: Option<u64>,
    sum: f64,
}

impl Adding {
    fn add(&mut self, figure: Figure, length: i64, full: bool) {
        self.max = self.max.max(Some(figure.max));
        if full {
            self.min = Some(self.min.map_or(figure.min, |min| min.min(figure.min)));
            self.sum += figure.mean * length as f64;
        }
    }

    fn spread(self, seen: i64) -> Spread {
        Spread { min: self.min, mean: (seen > 0).then(|| self.sum / seen as f64), max: self.max }
    }
}

pub(super) fn peak(pieces: &[Piece], of: impl Fn(&Figures) -> Figure) -> Option<Peak> {
    let mut highest: Option<(Figure, &Piece)> = None;
    for piece in pieces {
        if let Some(figure) = piece.figures.as_ref().map(&of)
            && highest.is_none_or(|(known, _)| figure.max > known.max)
        {
            highest = Some((figure, piece));
        }
    }
    highest.map(|(figure, piece)| Peak {
        number: figure.max,
        // A reading that began before the period was as high at its beginning.
        at: at(figure.peak.max(piece.from)),
        full: piece.sight == Sight::Full,
        exact: piece.exact,
    })
}

/// How long a number was beyond its limit.
pub(super) fn over(pieces: &[Piece], limit: Limit) -> Over {
    let (mut lasted, mut at_most, mut times, mut beyond) = (0, 0, 0, false);
    for piece in pieces {
        let Some(figure) = piece.figures.as_ref().and_then(|figures| figures.of(limit.metric)) else { continue };
        let full = piece.sight == Sight::Full;
        // Surely beyond, perhaps beyond, and surely not.
        let (surely, perhaps, within) = match limit.bound {
            Bound::Above => (figure.min > limit.number, figure.max > limit.number, full && figure.max <= limit.number),
            Bound::Below => (
                full && figure.max < limit.number,
                full && figure.min < limit.number,
                full && figure.min >= limit.number,
            ),
        };
        let length = piece.to - piece.from;
        lasted += if surely { length } else { 0 };
        at_most += if perhaps { length } else { 0 };
        times += u64::from(surely && !beyond);
        beyond = surely || (beyond && !within);
    }
    Over { limit, lasted: lasting(lasted), at_most: lasting(at_most), times }
}
