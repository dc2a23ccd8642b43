//! `headcount test`: a real test message.

use super::args::Test;
use super::deliver::{Unsent, see_through};
use super::exit::{Exit, Failure};
use super::{Context, known, output};
use crate::daemon;
use crate::jobs;

pub(super) async fn test(context: &Context<'_>, args: &Test) -> Result<Exit, Failure> {
    let config = context.config()?;
    let name = known::channel(&config, &args.channel)?;
    let rooms = daemon::rooms(&config, &context.state(), context.clock.clone()).await?;
    let ids = jobs::test(&rooms, &name).await?;
    let exit = see_through(&rooms, &ids, Unsent::Dropped).await?;
    if exit == Exit::Done {
        output::say("Look whether it came: a channel can take a message and lose it later.");
    }
    rooms.store.close().await;
    Ok(exit)
}
