//! `headcount test`: a real test message.

use std::sync::Arc;

use super::args::Test;
use super::deliver::{Unsent, see_through};
use super::exit::{Exit, Failure};
use super::{Context, output};
use crate::daemon;
use crate::jobs;

pub(super) async fn test(context: &Context<'_>, args: &Test) -> Result<Exit, Failure> {
    let config = context.config()?;
    let name = known_channel(&config, &args.channel)?;
    let rooms = daemon::rooms(&config, &context.state(), context.clock.clone()).await?;
    let ids = jobs::test(&rooms, &name).await?;
    let exit = see_through(&rooms, &ids, Unsent::Dropped).await?;
    if exit == Exit::Done {
        output::say("Look whether it came: a channel can take a message and lose it later.");
    }
    rooms.store.close().await;
    Ok(exit)
}

/// A channel of the configuration, or which there are.
pub(super) fn known_channel(config: &crate::config::Config, name: &str) -> Result<Arc<str>, Failure> {
    if config.channel(name).is_some() {
        return Ok(name.into());
    }
    let known: Vec<_> = config.channels.iter().map(|spec| format!("`{}`", spec.channel.name)).collect();
    let known =
        if known.is_empty() { "none is configured".to_owned() } else { format!("there is {}", known.join(", ")) };
    Err(Failure::usage(format!("no channel is called `{}`; {known}", output::shown(name))))
}
