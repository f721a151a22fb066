//! The Jupyter wire protocol: connection files, signatures, messages and the five sockets.
//!
//! Nothing here knows what a Rust cell is. Every socket is owned by one task, and no input ends it:
//! what can't be read or verified is logged and dropped. `zmtp` turns bytes into messages and
//! `peers` keeps the connections apart: a peer that stops reading holds nobody up.

mod connection;
mod heartbeat;
mod listener;
mod message;
mod peers;
mod publisher;
mod replay;
mod router;
mod session;
mod signature;
mod zmtp;

pub use connection::{Channel, Connection, Key, Transport};
pub use heartbeat::echo;
pub use listener::Listener;
pub use message::{Header, Outgoing, Rejected, Request};
pub use publisher::{Publisher, State};
pub use router::{Replier, serve};
pub use session::{Session, now};
pub use signature::{Signer, UnknownScheme};

/// The version of the messaging protocol that this kernel speaks.
pub const VERSION: &str = "5.5";
