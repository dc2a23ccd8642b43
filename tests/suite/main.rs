//! Everything that headcount promises, told through the whole bot or its binary.

#![expect(clippy::disallowed_methods, reason = "tests read files: what is shipped, and the source itself")]

mod certificates;
mod cli;
mod demo;
mod digest;
mod discovery;
mod engines;
mod forms;
mod histories;
mod import;
mod rooms;
mod shipped;
mod story;
mod support;
