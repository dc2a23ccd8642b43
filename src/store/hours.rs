//! Old readings put together to hours: their lowest, their highest with its time, and what makes their mean.

use sqlx::QueryBuilder;

use super::StoreError;
use super::aggregate::steps::{Figure, Stored, missed_since};
use super::dialect::{Db, Transaction};

const HOUR: i64 = 3_600_000;
/// Rows in one INSERT, of 20 values each.
const ROWS: usize = 200;

/// A part of one hour, in which every poll was answered.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Folded {
    from: i64,
    to: i64,
    length: i64,
    step: i64,
    polls: i64,
    asked: i64,
    /// Users, sessions and anonymous sessions.
    figures: [Adding; 3],
}

/// A number while it is put together; `time` is the number times the milliseconds that it was so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Adding {
    min: u64,
    max: u64,
    peak: i64,
    time: i64,
}

impl Adding {
    fn add(self, figure: Figure, from: i64, length: i64) -> Self {
        let time = i64::try_from(figure.max).unwrap_or(i64::MAX).saturating_mul(length);
        let (max, peak) = if figure.max > self.max { (figure.max, from) } else { (self.max, self.peak) };
        Self { min: self.min.min(figure.min), max, peak, time: self.time.saturating_add(time) }
    }
}

impl Folded {
    /// Since when polls were missed at its end.
    fn missed(&self) -> Option<i64> {
        missed_since(self.to, self.step, self.from + self.length)
    }
}

/// Folds readings, each with the time until which it speaks, into the hours of a clock that is `offset` ahead of UTC. Those
/// that were not fully answered are left out, and part what is around them.
pub(super) fn fold<'a>(readings: impl Iterator<Item = (&'a Stored, i64)>, offset: impl Fn(i64) -> i64) -> Vec<Folded> {
    let mut hours: Vec<Folded> = Vec::new();
    for (stored, until) in readings {
        let Some(figures) = stored.figures.filter(|_| stored.is_full()) else { continue };
        let figures = [figures.users, figures.sessions, figures.anonymous];
        let mut begins = stored.from;
        while begins < until {
            let ahead = offset(begins);
            let ends = (begins + ahead).div_euclid(HOUR) * HOUR + HOUR - ahead;
            let ends = ends.min(until);
            let length = ends - begins;
            let polls = stored.polls_in(begins, if ends == until { i64::MAX } else { ends });
            let last = stored.to.min(ends - 1).max(begins);
            match hours.last_mut() {
                Some(hour)
                    if hour.from + hour.length == begins
                        // Where polls were missed, it stays known when.
                        && hour.missed().is_none()
                        && (hour.asked, hour.step) == (stored.asked, stored.step)
                        && (begins + ahead).rem_euclid(HOUR) != 0 =>
                {
                    for (adding, figure) in hour.figures.iter_mut().zip(figures) {
                        *adding = adding.add(figure, begins, length);
                    }
                    hour.to = last;
                    hour.length += length;
                    hour.polls += polls;
                }
                _ => {
                    let first = |figure: Figure| {
                        Adding { min: figure.min, max: figure.max, peak: begins, time: 0 }.add(figure, begins, length)
                    };
                    let (step, asked) = (stored.step, stored.asked);
                    hours.push(Folded {
                        from: begins,
                        to: last,
                        length,
                        step,
                        polls,
                        asked,
                        figures: figures.map(first),
                    });
                }
            }
            begins = ends;
        }
    }
    hours
}

/// Writes hours of one source.
pub(super) async fn insert(
    tx: &mut Transaction,
    (site, pair): (&str, Option<i64>),
    hours: &[Folded],
) -> Result<(), StoreError> {
    for chunk in hours.chunks(ROWS) {
        let mut sql = QueryBuilder::<Db>::new(
            "INSERT INTO hour (site, pair, \"from\", \"to\", length, step, polls, asked, \
             users_min, users_max, users_peak, users_time, sessions_min, sessions_max, sessions_peak, sessions_time, \
             anonymous_min, anonymous_max, anonymous_peak, anonymous_time) ",
        );
        sql.push_values(chunk, |mut row, hour| {
            row.push_bind(site).push_bind(pair).push_bind(hour.from).push_bind(hour.to);
            row.push_bind(hour.length).push_bind(hour.step).push_bind(hour.polls).push_bind(hour.asked);
            for adding in hour.figures {
                row.push_bind(adding.min.cast_signed()).push_bind(adding.max.cast_signed());
                row.push_bind(adding.peak).push_bind(adding.time);
            }
        });
        sql.build().execute(&mut **tx).await?;
    }
    Ok(())
}
