//! `headcount run`: the daemon.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Context;
use super::exit::{Exit, Failure};
use crate::daemon::Daemon;

pub(super) async fn run(context: &Context<'_>) -> Result<Exit, Failure> {
    let config = context.config()?;
    let failed = |error: std::io::Error| Failure::new(Exit::Failed, format!("cannot listen for signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
    let daemon = Daemon::start(&config, &context.state(), context.clock.clone()).await?;
    let stop = CancellationToken::new();
    let asked = stop.clone();
    let (configs, reloads) = mpsc::channel(1);
    let listening = async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {
                    tracing::info!("asked to stop (SIGTERM)");
                    break;
                }
                _ = interrupt.recv() => {
                    tracing::info!("asked to stop (SIGINT)");
                    break;
                }
                _ = hangup.recv() => match context.config() {
                    // Where nobody takes it any more, the daemon is about to end.
                    Ok(config) => drop(configs.send(config).await),
                    Err(failure) => {
                        tracing::error!("the configuration is wrong; the one before it goes on: {failure}");
                    }
                },
            }
        }
        asked.cancel();
    };
    let (done, ()) = tokio::join!(daemon.run_reloading(stop.clone(), reloads), async {
        tokio::select! {
            () = listening => {}
            () = stop.cancelled() => {}
        }
    });
    done?;
    Ok(Exit::Done)
}
