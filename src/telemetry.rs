//! Where the log goes: for people on a terminal, to journald under systemd, as JSON elsewhere; on standard error.
//! For the demo alone it is a file.

use std::fs::File;
use std::io::IsTerminal as _;
use std::sync::Mutex;

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts the log. `level` is headcount's own; libraries stay at warn. `journal` is systemd's `JOURNAL_STREAM`.
pub fn start(level: Level, color: bool, journal: bool) {
    let filter = filter(level);
    let registry = tracing_subscriber::registry();
    if journal && let Ok(layer) = tracing_journald::layer() {
        // A second start in one process changes nothing, and harms nothing.
        let _ = registry.with(layer.with_filter(filter)).try_init();
        return;
    }
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let _ = if std::io::stderr().is_terminal() {
        registry.with(layer.with_ansi(color).with_target(false).compact().with_filter(filter)).try_init()
    } else {
        registry.with(layer.json().flatten_event(true).with_filter(filter)).try_init()
    };
}

/// Starts the log as lines for people, in a file.
pub fn start_in(file: File, level: Level) {
    let layer = tracing_subscriber::fmt::layer().with_writer(Mutex::new(file)).with_ansi(false).with_target(false);
    let _ = tracing_subscriber::registry().with(layer.compact().with_filter(filter(level))).try_init();
}

fn filter(level: Level) -> Targets {
    Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("headcount", level)
        // These log what headcount tells better itself.
        .with_target("sqlx::query", LevelFilter::OFF)
        .with_target("tokio_cron_scheduler", LevelFilter::ERROR)
}
