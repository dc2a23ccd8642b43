//! Puts a message into a channel's own form, and brings it there.
//!
//! `format` thinks: message in, payload out, within the vendor's limits; it never fails, since a broken template falls back
//! to plain words. `send` touches: payload in, [`Outcome`] out; it never fails, since "again later" and "never" are answers.
//! Decides neither who is told nor when to try again.
