//! Stories: people come and go, things break, and each channel hears what it should, once.

mod bot;
mod change;
mod damp;
mod delivery;
mod digest;
mod discovery;
mod drain;
mod engines;
mod grouping;
mod hooks;
mod maintenance;
mod names;
mod ping;
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
mod unusual;
