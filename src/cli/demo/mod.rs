//! `headcount demo`: the whole thing against a make-believe site on this machine, as a story of half a minute.

mod history;
mod scenes;
mod screen;

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::args::{Demo, Level};
use super::exit::{Exit, Failure};
use super::{Context, output};
use crate::config::{Config, load};
use crate::daemon::Daemon;
use crate::demo::story::Stage;
use crate::{hex, telemetry};
use scenes::Show;
use screen::Screen;

pub(super) async fn demo(context: &Context<'_>, args: &Demo) -> Result<Exit, Failure> {
    if let Some(days) = args.history {
        return history::make(context, args, days).await;
    }
    let failed = |error: std::io::Error| Failure::new(Exit::Failed, format!("cannot listen for signals: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let folder = Folder::make()?;
    let stage = Stage::start().await;
    let config = folder.set(&stage, context.args.log.unwrap_or(Level::Info))?;
    let daemon = Daemon::start(&config, &folder.state(), context.clock.clone()).await?;
    let rooms = daemon.rooms().clone();
    let stop = CancellationToken::new();
    let mut running = tokio::spawn(daemon.run(stop.clone()));

    let mut show = Show::new(stage, Screen::new(context.args.color), context.clock.clone(), config.time_zone.clone());
    show.open(&folder.path)?;
    let mut done = None;
    let asked = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    let play = async {
        show.play(&rooms, &config).await?;
        if args.keep {
            folder.write("messages.html", &show.page())?;
            show.stay(&folder).await?;
        }
        Ok::<_, Failure>(())
    };
    let interrupted = tokio::select! {
        played = play => {
            played?;
            false
        }
        () = asked => true,
        ended = &mut running => {
            done = Some(ended);
            false
        }
    };
    stop.cancel();
    let done = match done {
        Some(done) => done,
        None => running.await,
    };
    match done {
        Ok(done) => done?,
        Err(error) => return Err(Failure::new(Exit::Failed, format!("the daemon ended in a panic: {error}"))),
    }
    show.news()?;
    folder.write("messages.html", &show.page())?;
    show.close(&folder, interrupted && !show.is_over())
}

/// The folder that the demo leaves behind.
struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A new one, for its owner alone, under `$TMPDIR` or `/tmp`.
    fn make() -> Result<Self, Failure> {
        let mut bytes = [0_u8; 6];
        let failed = |what: String| Failure::new(Exit::Failed, what);
        SystemRandom::new().fill(&mut bytes).map_err(|_| failed("the machine gives no randomness".to_owned()))?;
        let parent = PathBuf::from(load::environment("TMPDIR").unwrap_or_else(|| "/tmp".to_owned()));
        let path = parent.join(format!("headcount-demo-{}", hex::encode(&bytes)));
        Self::make_at(&path)
    }

    /// A new one at a place of the caller's choice.
    fn make_at(path: &Path) -> Result<Self, Failure> {
        let failed = |what: String| Failure::new(Exit::Failed, what);
        // It is named in commands that may be typed anywhere.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|error| failed(format!("cannot make the folder `{}`: {error}", path.display())))?;
        Ok(Self { path })
    }

    fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn state(&self) -> PathBuf {
        self.at("state")
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf, Failure> {
        let path = self.at(name);
        std::fs::write(&path, text).map_err(|error| unwritten(&path, &error))?;
        Ok(path)
    }

    /// Writes certificates and configuration, starts the log, and reads the configuration as the daemon would.
    fn set(&self, stage: &Stage, level: Level) -> Result<Config, Failure> {
        stage.site.authority().export(&self.path).map_err(|error| unwritten(&self.path, &error))?;
        let zone = TimeZone::system();
        let file = self.write("headcount.yaml", &stage.configuration(zone.iana_name().unwrap_or("UTC")))?;
        let log = self.at("headcount.log");
        telemetry::start_in(File::create(&log).map_err(|error| unwritten(&log, &error))?, level.into());
        Config::load(&file).map_err(|problems| Failure::new(Exit::Failed, problems.to_string()))
    }

    /// A command that looks at the demo, in lines that a shell takes.
    fn command(&self, words: &str) -> [String; 3] {
        let program = std::env::args().next().unwrap_or_else(|| "headcount".to_owned());
        [
            format!("{} {words} \\", quoted(&program)),
            format!("  --config {} \\", quoted(&self.at("headcount.yaml").display().to_string())),
            format!("  --state {}", quoted(&self.state().display().to_string())),
        ]
    }
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("cannot write `{}`: {error}", path.display()))
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let word = output::cut(word, 4096);
    if word.chars().all(plain) { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_each_word_whole() {
        for (word, expected) in
            [("/tmp/a-b_c.d", "/tmp/a-b_c.d"), ("/tmp/a b", "'/tmp/a b'"), ("it's", "'it'\\''s'"), ("$(x)", "'$(x)'")]
        {
            assert_eq!(quoted(word), expected);
        }
    }
}
