//! headcount tells who is on a client-managed Qlik Sense site: in Slack, Teams and e-mail, on schedules, and when something is off.
//!
//! ```text
//! schedule ──fires──▶ jobs ──┬─ qlik      who is connected?             touches
//!                            ├─ judge     is that news?                 thinks
//!                            ├─ message   what do we say?               thinks
//!                            ├─ channels  how does Slack put it?        thinks (format)
//!                            └─ store     remember it, all at once      touches
//!                                  │
//!                                  ▼ due deliveries
//!              outbox ──claims, sends, records──▶ channels ──▶ Slack, Teams, mail      touches
//! ```
//!
//! A poll reads the past, observes, judges, composes, formats, and then commits the snapshot, the incident changes and the
//! deliveries in one transaction. Nothing leaves except through the outbox. A room thinks (synchronous, pure, `now` is an
//! argument) or touches (async, decides nothing), never both.
//!
//! | word | means |
//! | --- | --- |
//! | site | one Qlik Sense deployment: one root, one repository, one or more proxies |
//! | proxy | a proxy service on one node of a site |
//! | virtual proxy | a prefix of a proxy; `""` is the default one |
//! | pair | one virtual proxy on one proxy: what is polled |
//! | user, session | directory and id, compared without case; one open session of a user on one pair |
//! | anonymous | a `NONE\anonymous…` session: counted in sessions and in `anonymous`, never a user |
//! | check | a site, a cron expression and the rules to judge by |
//! | observation | what one pair answered at one instant, or that it did not, and why |
//! | reading | what one pair showed over a stretch of polls |
//! | snapshot | all observations of a site at one instant, with its coverage |
//! | rule, finding, incident | what the operator wants told; a rule's answer about one snapshot; a finding that lasts |
//! | message, channel, payload | what we say in facts; a named place; the message in that channel's own form |
//! | delivery, attempt | the promise to bring one payload to one channel; one try at it |
//! | firing, slot | one moment that a schedule comes due |

pub mod schedule;
pub mod jobs;
pub mod qlik;
pub mod snapshot;
pub mod judge;
pub mod replay;
pub mod history;
pub mod message;
pub mod render;
pub mod channels;
pub mod preview;
pub mod outbox;
pub mod store;

pub mod cli;
pub mod config;
pub mod daemon;
#[cfg(feature = "demo")]
pub mod demo;

pub mod clean;
pub mod clock;
pub mod duration;
mod hex;
pub mod names;
pub mod pattern;
pub mod secret;
pub mod telemetry;
