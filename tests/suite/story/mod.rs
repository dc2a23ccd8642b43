//! Stories: people come and go, things break, and each channel hears what it should, once.

mod change;
mod damp;
mod delivery;
mod discovery;
mod drain;
mod engines;
mod grouping;
mod maintenance;
mod names;
mod quiet;
mod reload;
mod report;
mod restart;
mod sick;
mod silence;
mod stale;
mod threshold;
mod tidy;
mod unreachable;
