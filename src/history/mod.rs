//! Compares the past with what was before it.
//!
//! Takes the aggregates that the store gives, of some periods and of those that they are set beside. Gives numbers with what
//! they were then, usual hours, a line over time, and the hours of a week.
//! Thinks only: the zone is an argument, and whoever asks the store hands in what it gave. What was not seen is never a zero.
//! Words nothing; that is [`message`](crate::message)'s and the templates' work.

mod calendar;
mod compare;
mod engines;
mod hours;

pub use calendar::{Period, Span, start_of};
pub use compare::{Compared, Looked, Set};
pub use engines::{EngineHealth, engines};
pub use hours::{Course, Heat, UsualHours, course, heat, usual_hours, working};
