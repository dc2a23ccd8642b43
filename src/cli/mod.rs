//! The command line.
//!
//! Takes arguments. Gives results on standard output, everything else on standard error, and an exit status.
//! Prints and asks, never decides: each command reads the store, or walks the same rooms as the daemon once.

mod announce;
mod args;
mod check;
mod connect;
mod deliver;
#[cfg(feature = "demo")]
mod demo;
mod drain;
mod exit;
mod export;
mod forget;
mod held;
mod health;
mod import;
mod incidents;
mod init;
mod known;
mod outbox;
mod output;
mod poll;
mod preview;
mod replay;
mod report;
mod run;
mod shell;
mod silence;
mod templates;
mod test;
mod then;
mod time;
mod told;
mod topology;
mod who;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser as _;
use jiff::tz::TimeZone;

pub use exit::Exit;

use crate::clock::Clock;
use crate::config::{Config, load};
use crate::store::Store;
use args::{Args, Command};
use exit::Failure;

/// Runs one command to its end.
pub fn main() -> ExitCode {
    // What headcount makes is for its owner alone.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    // Whatever builds a client without saying so gets the one provider that there is; a second call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let args = Args::parse();
    let exit = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let exit = runtime.block_on(dispatch(args));
            // A name look-up that still hangs in its thread must not hold up the end.
            runtime.shutdown_background();
            exit
        }
        Err(error) => Err(Failure::new(Exit::Failed, format!("the runtime cannot be started: {error}"))),
    };
    match exit {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output::complain(&failure.to_string());
            failure.exit.into()
        }
    }
}

async fn dispatch(args: Args) -> Result<Exit, Failure> {
    let context = Context { args: &args.global, clock: Clock::System };
    // The demo's terminal is its stage: its log goes to a file.
    #[cfg(feature = "demo")]
    let staged = matches!(args.command, Command::Demo(_));
    #[cfg(not(feature = "demo"))]
    let staged = false;
    if !staged {
        context.start_log(matches!(args.command, Command::Run));
    }
    match &args.command {
        Command::Who(who) => who::who(&context, who).await,
        Command::Run => run::run(&context).await,
        Command::Poll(poll) => poll::poll(&context, poll).await,
        Command::Report(report) => report::report(&context, report).await,
        Command::Announce(announce) => announce::announce(&context, announce).await,
        Command::Drain(drain) => drain::drain(&context, drain).await,
        Command::Check(check) => check::check(&context, check).await,
        Command::Test(test) => test::test(&context, test).await,
        Command::Preview(preview) => preview::show(&context, preview).await,
        Command::Templates(templates) => templates::templates(templates),
        Command::Outbox(outbox) => outbox::outbox(&context, outbox).await,
        Command::Incidents(incidents) => incidents::incidents(&context, incidents).await,
        Command::Silence(silence) => silence::silence(&context, silence).await,
        Command::Replay(replay) => replay::replay(&context, replay).await,
        Command::Export(args) => export::export(&context, args).await,
        Command::Forget(forget) => forget::forget(&context, forget).await,
        Command::Import(import) => import::import(&context, import).await,
        Command::Init(init) => init::init(&context, init).await,
        Command::Schema(schema) => shell::schema(schema.of),
        Command::Completions { shell } => shell::completions(*shell),
        Command::Man => shell::man(),
        #[cfg(feature = "demo")]
        Command::Demo(demo) => demo::demo(&context, demo).await,
    }
}

/// What every command is given.
struct Context<'a> {
    args: &'a args::Global,
    clock: Clock,
}

impl Context<'_> {
    fn start_log(&self, daemon: bool) {
        let color = match self.args.color {
            args::Color::Always => true,
            args::Color::Never => false,
            args::Color::Auto => load::environment("NO_COLOR").is_none(),
        };
        // A command tells what went wrong itself; only the daemon has a log worth reading by default.
        let level = self.args.log.unwrap_or(if daemon { args::Level::Info } else { args::Level::Error });
        crate::telemetry::start(level.into(), color, daemon && load::environment("JOURNAL_STREAM").is_some());
    }

    /// The configuration, with every mistake told at once.
    fn config(&self) -> Result<Config, Failure> {
        let path = load::configuration(self.args.config.as_deref()).map_err(|what| Failure::new(Exit::Usage, what))?;
        Config::load(&path).map_err(|problems| Failure::new(Exit::Usage, problems.to_string()))
    }

    /// The store of a configuration, which must be there, and the zone to show times in.
    async fn store(&self) -> Result<(Store, TimeZone), Failure> {
        let path = load::configuration(self.args.config.as_deref()).map_err(Failure::usage)?;
        let (zone, database) = Config::store_only(&path).map_err(|problems| Failure::usage(problems.to_string()))?;
        let database = self.state().join(database);
        match Store::open_existing(&database).await? {
            Some(store) => Ok((store, zone)),
            None => Err(Failure::new(
                Exit::Failed,
                format!(
                    "there is no store `{}` yet: name the state directory of the daemon with `--state`",
                    database.display()
                ),
            )),
        }
    }

    /// The state directory: named, or systemd's, or `./state`.
    fn state(&self) -> PathBuf {
        self.args.state.clone().unwrap_or_else(|| {
            let systemd = load::environment("STATE_DIRECTORY");
            systemd
                .as_deref()
                .and_then(|all| all.split(':').next())
                .map_or_else(|| PathBuf::from("state"), PathBuf::from)
        })
    }
}
