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
    /// The channels that did not take theirs, where nobody goes on trying; and whether the store failed it.
    untold: Vec<(DeliveryId, String)>,
    failed: bool,
}

impl Post {
    pub(super) fn new(rooms: Arc<Rooms>) -> Self {
        Self { rooms, sending: JoinSet::new(), again: Vec::new(), untold: Vec::new(), failed: false }
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
                self.untold.retain(|(id, _)| came.iter().all(|came| came.id != *id));
                let untold = came.iter().filter(|came| came.alone && !came.taken);
                self.untold.extend(untold.map(|came| (came.id, came.channel.clone())));
                came
            }
            Some(Ok(Err(failure))) => {
                self.failed = true;
                output::complain(&failure.to_string());
                Vec::new()
            }
            Some(Err(error)) => {
                self.failed = true;
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

    /// What nobody was told of, in words, once everything was sent as far as it could be; none where all was taken, or
    /// a daemon goes on trying.
    pub(super) fn missing(&self) -> Option<String> {
        if self.failed || !self.sending.is_empty() {
            return Some("it is not known whether everything was told".to_owned());
        }
        let mut channels: Vec<String> =
            self.untold.iter().map(|(_, name)| format!("`{}`", output::shown(name))).collect();
        channels.sort();
        channels.dedup();
        let messages = output::count(self.untold.len() as u64, "message was", "messages were");
        (!channels.is_empty()).then(|| format!("{messages} not taken by {}", channels.join(", ")))
    }
}

pub(super) fn say(came: &Came) {
    if came.taken { output::say(&came.said) } else { output::complain(&came.said) }
}
