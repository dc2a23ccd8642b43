//! Make-believe inboxes: a chat service's webhooks and a mail server, on loopback.
//!
//! Takes what headcount sends, and faults to meet it with. Gives back what was taken, in order, and what was refused and why.
//! Refuses what the vendors refuse, by their words; where sources differ over a limit, the lower one holds.

mod bot;
mod check;
mod http;
mod plain;
mod proxy;
mod slack;
mod smtp;
mod teams;
mod webhook;

pub use bot::{Channel as BotChannel, Post, Workspace};
pub use http::{Fault, HttpInbox, Kind, Received};
pub use plain::plain_text;
pub use proxy::Proxy;
pub use smtp::{Mail, Options as SmtpOptions, Part, Smtp, SmtpFault};
