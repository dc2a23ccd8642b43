//! What is told to channels while the watching goes on.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::super::deliver::{Came, Unsent, settle};
use super::super::exit::Failure;
use super::super::output;
use crate::jobs::Rooms;
use crate::outbox::DeliveryId;

pub(super) struct Post {
    rooms: Arc<Rooms>,
    sending: JoinSet<Result<Vec<Came>, Failure>>,
    /// What no channel has taken yet: it goes with the next.
    again: Vec<DeliveryId>,
}

impl Post {
    pub(super) fn new(rooms: Arc<Rooms>) -> Self {
        Self { rooms, sending: JoinSet::new(), again: Vec::new() }
    }

    /// Sees new deliveries through, beside whatever else goes on.
    pub(super) fn send(&mut self, ids: Vec<DeliveryId>) {
        if ids.is_empty() {
            return;
        }
        let mut all = std::mem::take(&mut self.again);
        all.extend(ids);
        let rooms = self.rooms.clone();
        self.sending.spawn(async move { settle(&rooms, &all, Unsent::Waits).await });
    }

    /// What came of the next of them; it never ends while nothing is being sent.
    pub(super) async fn next(&mut self) -> Vec<Came> {
        match self.sending.join_next().await {
            None => std::future::pending().await,
            Some(Ok(Ok(came))) => {
                self.again.extend(came.iter().filter(|came| came.waits).map(|came| came.id));
                came
            }
            Some(Ok(Err(failure))) => {
                output::complain(&failure.to_string());
                Vec::new()
            }
            Some(Err(error)) => {
                output::complain(&format!("sending ended in a panic: {error}"));
                Vec::new()
            }
        }
    }

    /// Waits for everything that is being sent, and says what came of it.
    pub(super) async fn finish(&mut self) {
        while !self.sending.is_empty() {
            for came in self.next().await {
                say(&came);
            }
        }
    }
}

pub(super) fn say(came: &Came) {
    if came.taken { output::say(&came.said) } else { output::complain(&came.said) }
}
