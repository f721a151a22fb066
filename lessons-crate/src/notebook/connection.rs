//! The process-wide connection to the kernel that runs this cell, if there is one.

use std::env;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lessons_channel::{
    Comm, FromCell, SOCKET_ENV, ToCell, read_frame, write_frame, write_frame_with,
};

/// Whether the cell's messages go anywhere.
enum Connection {
    Untried,
    Open(UnixStream),
    /// There is no kernel that listens, or it went away.
    None,
}

static CONNECTION: Mutex<Connection> = Mutex::new(Connection::Untried);

/// Sends a message to the kernel, after everything that the cell printed before it, and waits until
/// it has arrived. Gives false where no kernel listens.
pub(super) fn send(message: &FromCell) -> bool {
    send_with(message, &[])
}

/// As [`send`], for a message to a comm, with its buffers.
pub(super) fn send_comm(mut comm: Comm) -> bool {
    let buffers = std::mem::take(&mut comm.buffers);
    send_with(&FromCell::Comm(comm), &buffers)
}

fn send_with(message: &FromCell, parts: &[Vec<u8>]) -> bool {
    // Text and figures come on different ways; flushing keeps them in the order they were made in.
    let _ = io::stdout().flush();
    let _ = io::stderr().flush();
    let mut connection = connection();
    let Connection::Open(stream) = &mut *connection else {
        return false;
    };
    let answered =
        write_frame_with(stream, message, parts).and_then(|()| read_frame::<ToCell>(stream));
    match answered {
        Ok(Some(_)) => true,
        // A message that is too long breaks nothing: no byte of it was written.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => false,
        Ok(None) | Err(_) => {
            *connection = Connection::None;
            false
        }
    }
}

/// Asks the kernel something whose answer may take long, on a connection of its own, so that other
/// threads can show things meanwhile. `None` where no kernel listens.
pub(super) fn ask(message: &FromCell) -> Option<io::Result<ToCell>> {
    let _ = io::stdout().flush();
    let _ = io::stderr().flush();
    let path = env::var_os(SOCKET_ENV)?;
    let mut stream = UnixStream::connect(path).ok()?;
    let answer = write_frame(&mut stream, message).and_then(|()| read_frame(&mut stream));
    Some(answer.and_then(|answer| answer.ok_or(io::ErrorKind::UnexpectedEof.into())))
}

/// Whether a kernel listens.
pub(super) fn is_open() -> bool {
    matches!(*connection(), Connection::Open(_))
}

/// The connection, made on first use.
fn connection() -> MutexGuard<'static, Connection> {
    let mut connection = CONNECTION.lock().unwrap_or_else(PoisonError::into_inner);
    if let Connection::Untried = *connection {
        *connection = env::var_os(SOCKET_ENV)
            .and_then(|path| UnixStream::connect(path).ok())
            .map_or(Connection::None, Connection::Open);
    }
    connection
}

#[cfg(test)]
pub(super) mod testing {
    //! A kernel for tests: it answers everything and keeps what it was sent.

    use std::sync::mpsc;

    use lessons_channel::read_frame_with;

    use super::*;

    /// The process has one connection, so one test at a time has it.
    static TURN: Mutex<()> = Mutex::new(());

    pub struct Kernel {
        received: mpsc::Receiver<FromCell>,
        _turn: MutexGuard<'static, ()>,
    }

    fn connect(stream: Option<UnixStream>) {
        let mut connection = CONNECTION.lock().unwrap_or_else(PoisonError::into_inner);
        *connection = stream.map_or(Connection::None, Connection::Open);
    }

    /// No kernel for as long as the guard lives.
    pub fn without_kernel() -> MutexGuard<'static, ()> {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        connect(None);
        turn
    }

    impl Kernel {
        pub fn start() -> Kernel {
            let turn = without_kernel();
            let (cell, mut kernel) = UnixStream::pair().unwrap();
            let (sender, received) = mpsc::channel();
            std::thread::spawn(move || {
                while let Ok(Some((mut message, parts))) = read_frame_with(&mut kernel) {
                    if let FromCell::Comm(comm) = &mut message {
                        comm.buffers = parts;
                    }
                    let kept = sender.send(message);
                    if kept.is_err() || write_frame(&mut kernel, &ToCell::Done).is_err() {
                        return;
                    }
                }
            });
            connect(Some(cell));
            Kernel {
                received,
                _turn: turn,
            }
        }

        /// What has come since this was called last.
        pub fn received(&self) -> Vec<FromCell> {
            self.received.try_iter().collect()
        }

        /// Of that, the messages to comms.
        pub fn comms(&self) -> Vec<Comm> {
            let comms = self
                .received()
                .into_iter()
                .filter_map(|message| match message {
                    FromCell::Comm(comm) => Some(comm),
                    _ => None,
                });
            comms.collect()
        }

        /// The kernel goes away.
        pub fn stop(self) {
            connect(None);
        }
    }

    impl Drop for Kernel {
        fn drop(&mut self) {
            connect(None);
        }
    }
}
