//! Everything that headcount promises, told through the whole bot or its binary.

#![expect(clippy::disallowed_methods, reason = "tests read files: what is shipped, and the source itself")]

mod budget;
mod announce;
mod certificates;
mod cli;
mod demo;
mod digest;
mod discovery;
mod drain;
mod engines;
mod forms;
mod histories;
mod past;
mod import;
mod names;
mod payloads;
mod restarts;
mod rooms;
mod secrets;
mod shipped;
mod sites;
mod story;
mod support;
