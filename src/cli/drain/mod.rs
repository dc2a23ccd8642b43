//! `headcount drain`: waits until people have left, and says how it goes: here, and to channels.

mod post;
mod screen;
mod words;

use std::pin::pin;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::args::Drain as Args;
use super::exit::{Exit, Failure};
use super::{Context, health, known, output, time, topology, who};
use crate::clock::Clock;
use crate::daemon;
use crate::jobs::{Draining, Looked, Rooms};
use crate::judge::{Drain, End};
use crate::snapshot::UnseenKind;
use post::Post;
use screen::Screen;

/// How often the time that is left is drawn anew.
const TICK: Duration = Duration::from_secs(1);

pub(super) async fn drain(context: &Context<'_>, args: &Args) -> Result<Exit, Failure> {
    let config = context.config()?;
    let site = known::site(&config, &args.site)?;
    let tell = known::channels(&config, &args.tell)?;
    let clock = context.clock.clone();
    let begun = clock.now();
    let deadline = time::deadline(&args.deadline, begun, &config.time_zone).map_err(Failure::usage)?;
    let mut asked = Asked::listen()?;
    let rooms = daemon::rooms(&config, &context.state(), clock.clone()).await?;
    let drain = Drain::new(args.until, deadline);
    let draining = Draining::new(site.clone(), tell, args.reason.clone(), drain, begun)
        .map_err(|error| Failure::usage(error.to_string()))?;
    let mut waiting = Waiting {
        draining,
        rooms: rooms.clone(),
        clock,
        every: args.every,
        screen: Screen::new(context.args.color, &site.name, deadline, config.time_zone.clone()),
        post: Post::new(rooms.clone()),
        complained: Vec::new(),
    };
    let end = waiting.wait(&mut asked).await;
    waiting.screen.clear();
    let mut exit = if let Some((over, looked)) = end? {
        output::print(&waiting.screen.ended(over, &looked, &waiting.draining))?;
        topology::complain(waiting.draining.qlik());
        for (pair, why) in looked.snapshot.silent() {
            output::complain(&who::sentence(looked.snapshot.site(), pair, why));
        }
        match over {
            End::Clear => Exit::Done,
            End::StillOn => Exit::No,
            End::Blind => Exit::Unseen,
        }
    } else {
        let ids = waiting.draining.call_off(&rooms).await?;
        let told = if ids.is_empty() { "" } else { " The channels are told so; Ctrl-C once more ends it at once." };
        output::say(&format!("Called off.{told}"));
        waiting.post.send(ids);
        Exit::Failed
    };
    // Whoever was promised a message gets it, unless somebody cannot wait.
    tokio::select! {
        () = waiting.post.finish() => {}
        () = asked.once() => {}
    }
    if let Some(missing) = waiting.post.missing() {
        // Who promised to tell them, and did not, has not done what it was asked.
        if exit == Exit::Done {
            exit = Exit::Failed;
        }
        output::complain(&format!("{missing}: the exit status is {}", exit as u8));
    }
    tokio::select! {
        () = rooms.store.close() => {}
        () = tokio::time::sleep(TICK) => {}
    }
    Ok(exit)
}

/// Everything that is at work while people leave.
struct Waiting {
    draining: Draining,
    rooms: std::sync::Arc<Rooms>,
    clock: Clock,
    every: jiff::SignedDuration,
    screen: Screen,
    post: Post,
    /// What was said of engines that were not seen, so that it is said once.
    complained: Vec<(String, UnseenKind)>,
}

impl Waiting {
    /// Looks, tells and waits, until it is over; none where somebody ended it.
    async fn wait(&mut self, asked: &mut Asked) -> Result<Option<(End, Looked)>, Failure> {
        loop {
            let Some(looked) = self.look(asked).await? else { return Ok(None) };
            if let Some(looked) = looked {
                self.complain(&looked);
                self.screen.looked(&looked, &self.draining, self.clock.now())?;
                self.post.send(looked.ids.clone());
                if let Some(over) = looked.over {
                    return Ok(Some((over, looked)));
                }
            }
            let next = self.draining.next_look(self.clock.now(), self.every);
            loop {
                let now = self.clock.now();
                let rest = next.duration_since(now).unsigned_abs();
                if now >= next {
                    break;
                }
                tokio::select! {
                    () = tokio::time::sleep(rest.min(TICK)) => self.screen.tick(self.clock.now()),
                    came = self.post.next() => self.screen.came(&came),
                    () = asked.once() => return Ok(None),
                }
            }
        }
    }

    /// One look; none where somebody ended it, nothing where the store failed it this time.
    async fn look(&mut self, asked: &mut Asked) -> Result<Option<Option<Looked>>, Failure> {
        let announced = self.draining.is_announced();
        let Self { draining, rooms, screen, clock, .. } = self;
        let mut looking = pin!(draining.look(rooms));
        let looked = loop {
            tokio::select! {
                looked = &mut looking => break looked,
                // A site that hangs does not stop the time.
                () = tokio::time::sleep(TICK) => screen.tick(clock.now()),
                () = asked.once() => {
                    // What it may have told already must be known; a site that hangs is not waited for a second time.
                    tokio::select! {
                        _ = &mut looking => {}
                        () = asked.once() => {}
                    }
                    return Ok(None);
                }
            }
        };
        match looked {
            Ok(looked) => Ok(Some(Some(looked))),
            Err(error) if announced => {
                self.screen.complain(&format!("{error}; looking again"));
                // The moment that it was for may have come, and would be gone at once.
                tokio::time::sleep(TICK).await;
                Ok(Some(None))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn complain(&mut self, looked: &Looked) {
        for engine in looked.snapshot.engines() {
            let host = engine.host.to_string();
            match &engine.health {
                Ok(_) => self.complained.retain(|(known, _)| *known != host),
                Err(why) if self.complained.contains(&(host.clone(), why.kind)) => {}
                Err(why) => {
                    self.complained.retain(|(known, _)| *known != host);
                    self.complained.push((host, why.kind));
                    self.screen.complain(&health::sentence(looked.snapshot.site(), &engine.host, why));
                }
            }
        }
    }
}

/// Whether somebody asked it to end: Ctrl-C, or a polite kill.
struct Asked {
    interrupt: Signal,
    terminate: Signal,
}

impl Asked {
    fn listen() -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::new(Exit::Failed, format!("cannot listen for signals: {error}"));
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
        })
    }

    async fn once(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
