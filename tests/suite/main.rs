//! Everything that headcount promises, told through the whole bot or its binary.

mod cli;
mod rooms;
mod shipped;
mod story;
mod support;
