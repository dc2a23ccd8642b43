//! Stories: people come and go, things break, and each channel hears what it should, once.

mod change;
mod delivery;
mod discovery;
mod drain;
mod engines;
mod grouping;
mod hooks;
mod names;
mod quiet;
mod reload;
mod report;
mod restart;
mod sick;
mod threshold;
mod tidy;
mod unreachable;
