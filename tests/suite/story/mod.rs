//! Stories: people come and go, things break, and each channel hears what it should, once.

mod change;
mod delivery;
mod digest;
mod discovery;
mod drain;
mod engines;
mod grouping;
mod names;
mod quiet;
mod reload;
mod report;
mod restart;
mod sick;
mod threshold;
mod tidy;
mod unreachable;
