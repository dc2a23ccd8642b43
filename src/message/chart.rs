//! A number over time, as a message carries it: each channel draws it in its own way.

use schemars::JsonSchema;
use serde::Serialize;

/// Lines over the same labels, and the limits that they are measured against. Holds nobody's name.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Chart {
    /// What is shown, such as `Users on prod, Mon 23 Nov 2026`.
    pub title: String,
    /// What is counted, such as `users`.
    pub unit: String,
    /// One for each place along the time axis, from left to right.
    pub labels: Vec<String>,
    /// The one that it is about first; those behind it are for comparison.
    pub series: Vec<Series>,
    pub limits: Vec<Limit>,
}

/// One line of a chart.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Series {
    pub name: String,
    /// One for each label; none where it was not seen, which is a gap and never a zero.
    pub values: Vec<Option<f64>>,
}

/// A number that something is told at, such as a rule's threshold.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Limit {
    pub name: String,
    pub value: f64,
}
