//! The process that evcxr takes for the one in which cells run: it passes on what evcxr asks for to
//! the kernel, and the kernel's answers to evcxr.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

/// Names the socket on which the kernel listens.
pub const SOCKET_ENV: &str = "LESSONS_EVCXR_SOCKET";

/// Relays until either side hangs up.
pub fn main() -> ExitCode {
    let socket = std::env::var_os(SOCKET_ENV);
    let connected = socket
        .ok_or_else(|| io::Error::other("evcxr starts it for the kernel, nobody by hand"))
        .and_then(UnixStream::connect)
        .and_then(|kernel| Ok((kernel.try_clone()?, kernel)));
    let (mut asks, mut answers) = match connected {
        Ok(connected) => connected,
        Err(error) => {
            eprintln!("lessons-kernel {}: {error}", super::RELAY);
            return ExitCode::FAILURE;
        }
    };
    std::thread::spawn(move || {
        // However it ends, there is nobody to tell.
        let _ = io::copy(&mut io::stdin(), &mut asks);
        std::process::exit(0);
    });
    let mut stdout = io::stdout();
    let _ = io::copy(&mut answers, &mut stdout);
    let _ = stdout.flush();
    ExitCode::SUCCESS
}
