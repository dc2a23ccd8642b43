//! Calls the dead man's switch after good polls: never more often than it says, and never in a poll's way.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::channels::ping::Ping;
use crate::clock::Clock;

/// A switch, and when it is called next.
#[derive(Debug)]
pub struct Pulse {
    ping: Arc<Ping>,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// A good poll since the last call.
    good: bool,
    /// When it was called last.
    called: Option<Timestamp>,
    calling: bool,
    failing: bool,
}

impl Pulse {
    /// `before` is what it takes the place of: a reload is no reason to call again.
    pub fn new(ping: Arc<Ping>, clock: Clock, before: Option<&Self>) -> Self {
        let called = before.and_then(|before| before.state().called);
        Self { ping, clock, state: Mutex::new(State { called, ..State::default() }) }
    }

    /// Notes that a poll saw something, and that it is recorded.
    pub fn beat(&self) {
        self.state().good = true;
    }

    /// Whether it is to be called now; then it counts as called, and [`Pulse::call`] is to follow.
    pub fn is_due(&self) -> bool {
        let now = self.clock.now();
        let mut state = self.state();
        // A clock that was set back must not silence it.
        let rested = state.called.is_none_or(|called| now.duration_since(called) >= self.ping.every || now < called);
        if !state.good || state.calling || !rested {
            return false;
        }
        *state = State { good: false, called: Some(now), calling: true, failing: state.failing };
        true
    }

    /// Calls it. That it fails is said once, and so is that it works again.
    pub async fn call(&self) {
        let called = self.ping.call(self.clock.now()).await;
        let mut state = self.state();
        state.calling = false;
        match called {
            Ok(()) if state.failing => {
                state.failing = false;
                tracing::info!("the dead man's switch (`ping`) is called again");
            }
            Ok(()) => tracing::debug!("called the dead man's switch"),
            Err(why) if state.failing => tracing::debug!(why, "cannot call the dead man's switch (`ping`)"),
            Err(why) => {
                state.failing = true;
                tracing::warn!(
                    why,
                    "cannot call the dead man's switch (`ping`); whoever watches it may take headcount for gone"
                );
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
