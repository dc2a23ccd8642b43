//! `headcount announce`: who is on, now, to a channel.

use super::args::Announce;
use super::deliver::{Unsent, see_through};
use super::exit::{Exit, Failure};
use super::who::{sentence, summary};
use super::{Context, known, output, time, topology};
use crate::daemon;
use crate::jobs;
use crate::message::Occasion;
use crate::qlik::Qlik;

pub(super) async fn announce(context: &Context<'_>, args: &Announce) -> Result<Exit, Failure> {
    let config = context.config()?;
    let site = known::site(&config, &args.site)?;
    let tell = known::channels(&config, &args.tell)?;
    let now = context.clock.now();
    let planned =
        args.at.as_deref().map(|at| time::next(at, now, &config.time_zone)).transpose().map_err(Failure::usage)?;
    let qlik = Qlik::new(&site.qlik).map_err(|error| Failure::usage(error.to_string()))?;
    let rooms = daemon::rooms(&config, &context.state(), context.clock.clone()).await?;
    let occasion = Occasion::Asked { planned, because: args.reason.clone() };
    let (snapshot, ids) = jobs::announce(&rooms, site, &qlik, &tell, &occasion).await?;
    output::print(&format!("{}\n", summary(&snapshot)))?;
    topology::complain(&qlik);
    for (pair, why) in snapshot.silent() {
        output::complain(&sentence(snapshot.site(), pair, why));
    }
    let exit = see_through(&rooms, &ids, Unsent::Waits).await?;
    rooms.store.close().await;
    Ok(match exit {
        Exit::Done if !snapshot.coverage().is_full() => Exit::Unseen,
        exit => exit,
    })
}
