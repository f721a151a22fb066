//! The heartbeat socket: returns what it gets.

use std::collections::HashMap;

use super::peers::{self, Event, Kind};
use super::{Listener, zmtp};

/// Echoes every message on a bound REP socket, for ever.
pub async fn echo(listener: Listener) {
    let mut events = peers::serve(listener, Kind::Rep);
    let mut queues = HashMap::new();
    while let Some(event) = events.recv().await {
        match event {
            Event::Joined { peer, queue, .. } => {
                queues.insert(peer, queue);
            }
            Event::Message { peer, frames } => {
                // The envelope, empty frame and all, goes back as it came.
                if let Some(queue) = queues.get(&peer) {
                    queue.send(zmtp::encode(&frames));
                }
            }
            Event::Left { peer } => {
                queues.remove(&peer);
            }
        }
    }
}
