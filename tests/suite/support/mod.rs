//! The World: a make-believe Qlik site and inboxes on real sockets, headcount between them, and a clock that is set by hand.

pub(crate) mod crowds;
pub(crate) mod gallery;
pub(crate) mod hostile;
pub(crate) mod limits;
mod log;
mod world;

pub(crate) use log::Log;
pub(crate) use world::{Folder, World};
