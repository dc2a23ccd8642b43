//! `headcount run`: the daemon.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Context;
use super::exit::{Exit, Failure};
use crate::daemon::Daemon;

pub(super) async fn run(context: &Context<'_>) -> Result<Exit, Failure> {
    let config = context.config()?;
    let failed = |error: std::io::Error| Failure::new(Exit::Failed, format!("cannot listen for signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let daemon = Daemon::start(&config, &context.state(), context.clock.clone()).await?;
    let stop = CancellationToken::new();
    let asked = stop.clone();
    let listening = async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("asked to stop (SIGTERM)"),
            _ = interrupt.recv() => tracing::info!("asked to stop (SIGINT)"),
        }
        asked.cancel();
    };
    let (done, ()) = tokio::join!(daemon.run(stop.clone()), async {
        tokio::select! {
            () = listening => {}
            () = stop.cancelled() => {}
        }
    });
    done?;
    Ok(Exit::Done)
}
