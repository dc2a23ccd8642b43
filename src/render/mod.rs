//! Turns templates and facts into text.
//!
//! Takes the built-in templates, and a folder that may replace them one by one. Gives an [`Engine`] in which every template
//! is compiled, so that a mistake is told at the start, with its file and line. Strict: what is not there is an error.
//! Escapes by file name: `.json.j2` as JSON, `.html.j2` as HTML, `.txt.j2` not at all.
//! Draws charts, as SVG by a template like any other, and as PNG with a font of its own.
//! Knows no channel's limits, and decides nothing about what is told.

mod chart;
mod embedded;
mod engine;
mod filters;
mod picture;

pub use embedded::TEMPLATES;
pub use engine::{Engine, TemplateError};
pub(crate) use filters::{escaped, short, spoken};
pub use picture::png;
