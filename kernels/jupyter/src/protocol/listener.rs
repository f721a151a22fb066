//! Where the sockets listen: TCP or Unix sockets, and nowhere but where the connection says.

use std::io::{self, ErrorKind};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};

use super::{Channel, Connection, Transport};

pub(super) type Reader = Box<dyn AsyncRead + Send + Unpin>;
pub(super) type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// A bound socket of one channel.
pub struct Listener {
    pub(super) name: &'static str,
    socket: Socket,
}

enum Socket {
    Tcp(TcpListener),
    Ipc(UnixListener),
}

impl Listener {
    /// Binds one channel of a connection.
    ///
    /// # Errors
    /// When the address is taken or not one of this machine.
    pub async fn bind(connection: &Connection, channel: Channel) -> io::Result<Self> {
        let endpoint = connection.endpoint(channel);
        let (_, address) = endpoint.split_once("://").unwrap_or(("", &endpoint));
        let socket = match connection.transport {
            Transport::Tcp => Socket::Tcp(TcpListener::bind(address).await?),
            Transport::Ipc => Socket::Ipc(bind_path(Path::new(address))?),
        };
        let name = channel.name();
        Ok(Self { name, socket })
    }

    /// Waits for the next peer.
    pub(super) async fn accept(&self) -> io::Result<(Reader, Writer)> {
        Ok(match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Replies are small and awaited: none may wait for more to come.
                stream.set_nodelay(true)?;
                let (reader, writer) = stream.into_split();
                (Box::new(reader), Box::new(writer))
            }
            Socket::Ipc(listener) => {
                let (stream, _) = listener.accept().await?;
                let (reader, writer) = stream.into_split();
                (Box::new(reader), Box::new(writer))
            }
        })
    }
}

/// A killed kernel leaves its socket files behind, and its successor gets the same names: a file
/// behind which nobody listens gives way.
fn bind_path(path: &Path) -> io::Result<UnixListener> {
    match UnixListener::bind(path) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            let is_socket = path.symlink_metadata()?.file_type().is_socket();
            let refused = |error: io::Error| error.kind() == ErrorKind::ConnectionRefused;
            let abandoned = std::os::unix::net::UnixStream::connect(path).is_err_and(refused);
            if !(is_socket && abandoned) {
                return Err(error);
            }
            std::fs::remove_file(path)?;
            UnixListener::bind(path)
        }
        bound => bound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_abandoned_socket_file_gives_way_and_a_live_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kernel-1");
        let first = bind_path(&path).unwrap();
        assert_eq!(bind_path(&path).unwrap_err().kind(), ErrorKind::AddrInUse);
        drop(first);
        assert!(path.exists());
        bind_path(&path).unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "a user's").unwrap();
        assert!(bind_path(&file).is_err());
        assert!(file.exists());
    }
}
