//! The heartbeat socket: returns what it gets.

use std::time::Duration;

use zeromq::{RepSocket, SocketRecv, SocketSend};

/// Echoes every message on a bound REP socket, for ever.
pub async fn echo(mut socket: RepSocket) {
    loop {
        let result = match socket.recv().await {
            Ok(message) => socket.send(message).await,
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            tracing::warn!("heartbeat: {error}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
