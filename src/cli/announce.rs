//! `headcount announce`: who is on, now, to a channel.

use std::sync::Arc;

use super::args::Announce;
use super::deliver::{Unsent, see_through};
use super::exit::{Exit, Failure};
use super::test::known_channel;
use super::who::{sentence, summary};
use super::{Context, output, time, topology};
use crate::config::{Config, nearest};
use crate::daemon;
use crate::jobs::{self, Site};
use crate::message::Occasion;
use crate::qlik::Qlik;

pub(super) async fn announce(context: &Context<'_>, args: &Announce) -> Result<Exit, Failure> {
    let config = context.config()?;
    let site = known_site(&config, &args.site)?;
    let mut tell: Vec<Arc<str>> = Vec::new();
    for name in &args.tell {
        let name = known_channel(&config, name)?;
        if !tell.contains(&name) {
            tell.push(name);
        }
    }
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

/// A site of the configuration, or which there are.
pub(super) fn known_site<'a>(config: &'a Config, name: &str) -> Result<&'a Arc<Site>, Failure> {
    config.site(name).ok_or_else(|| {
        let which = nearest(name, config.sites.iter().map(|site| &*site.name));
        Failure::usage(format!("no site is called `{}`; {which}", output::shown(name)))
    })
}
