//! One tick a second, from tokio-cron-scheduler.
//!
//! The scheduler keeps a schedule's zone as the fixed offset of the day it was made (its issue #107), forgets what it
//! missed, and runs a job beside itself. So it gives the pulse alone: one cheap job, every second, in UTC.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// How long a beat may be missing.
const MISSING: Duration = Duration::from_secs(2);

/// The pulse of the daemon.
pub struct Ticker {
    scheduler: JobScheduler,
    pulse: Arc<Notify>,
}

/// Why there is no pulse.
#[derive(Debug, thiserror::Error)]
#[error("the scheduler cannot be started: {0}")]
pub struct TickerError(#[from] JobSchedulerError);

impl Ticker {
    pub async fn start() -> Result<Self, TickerError> {
        let pulse = Arc::new(Notify::new());
        let scheduler = JobScheduler::new().await?;
        let beat = pulse.clone();
        let job = Job::new_async("* * * * * *", move |_, _| {
            let beat = beat.clone();
            Box::pin(async move { beat.notify_one() })
        })?;
        scheduler.add(job).await?;
        scheduler.start().await?;
        Ok(Self { scheduler, pulse })
    }

    /// Waits for the next second, or two; ticks that nobody waited for are one.
    pub async fn tick(&self) {
        // The scheduler is silent after the clock was set back, until it has caught up: this goes on without it.
        let _ = tokio::time::timeout(MISSING, self.pulse.notified()).await;
    }

    pub async fn stop(&mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::debug!(%error, "the scheduler did not stop in order");
        }
    }
}
