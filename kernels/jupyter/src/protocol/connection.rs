//! The connection file: where a frontend wants the kernel's five sockets, and the key that signs.

use std::fmt;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

/// One of the five sockets of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    Shell,
    Control,
    Stdin,
    Iopub,
    Heartbeat,
}

impl Channel {
    /// As logs name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shell => "shell",
            Self::Control => "control",
            Self::Stdin => "stdin",
            Self::Iopub => "iopub",
            Self::Heartbeat => "heartbeat",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Tcp,
    Ipc,
}

/// A signing key. Its `Debug` form doesn't show it.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

impl Key {
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() {
            "Key(empty)"
        } else {
            "Key(hidden)"
        })
    }
}

/// A connection file as `jupyter_client` writes it; unknown fields are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Connection {
    #[serde(default = "tcp")]
    pub transport: Transport,
    /// An address for TCP, the first part of the sockets' paths for IPC.
    pub ip: String,
    pub shell_port: u16,
    pub control_port: u16,
    pub stdin_port: u16,
    pub iopub_port: u16,
    pub hb_port: u16,
    #[serde(default)]
    pub key: Key,
    #[serde(default = "hmac_sha256")]
    pub signature_scheme: String,
}

fn tcp() -> Transport {
    Transport::Tcp
}

fn hmac_sha256() -> String {
    "hmac-sha256".into()
}

impl Connection {
    /// Reads a connection file.
    ///
    /// # Errors
    /// When the file can't be read or is not a connection file; the message never quotes its text,
    /// which holds the key.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("can't read the connection file {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is not a connection file", path.display()))
    }

    /// # Errors
    /// When the text is not JSON, or a field is missing or of the wrong type.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let value: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)
            .map_err(|error| {
                anyhow::anyhow!(
                    "not a JSON object (line {}, column {})",
                    error.line(),
                    error.column()
                )
            })?;
        for field in [
            "ip",
            "shell_port",
            "control_port",
            "stdin_port",
            "iopub_port",
            "hb_port",
        ] {
            anyhow::ensure!(value.contains_key(field), "the field {field:?} is missing");
        }
        serde_json::from_value(value.into()).map_err(|_| {
            anyhow::anyhow!("a field has the wrong type, or the transport is neither tcp nor ipc")
        })
    }

    /// The ZeroMQ endpoint of a channel.
    ///
    /// ```
    /// use lessons_kernel::protocol::{Channel, Connection};
    ///
    /// let connection = Connection::parse(
    ///     r#"{"ip": "127.0.0.1", "shell_port": 5001, "control_port": 5002, "stdin_port": 5003,
    ///         "iopub_port": 5004, "hb_port": 5005}"#,
    /// )?;
    /// assert_eq!(connection.endpoint(Channel::Iopub), "tcp://127.0.0.1:5004");
    /// # Ok::<(), anyhow::Error>(())
    /// ```
    pub fn endpoint(&self, channel: Channel) -> String {
        let port = match channel {
            Channel::Shell => self.shell_port,
            Channel::Control => self.control_port,
            Channel::Stdin => self.stdin_port,
            Channel::Iopub => self.iopub_port,
            Channel::Heartbeat => self.hb_port,
        };
        match self.transport {
            Transport::Ipc => format!("ipc://{}-{port}", self.ip),
            Transport::Tcp if self.ip == "*" => format!("tcp://0.0.0.0:{port}"),
            Transport::Tcp if self.ip.contains(':') && !self.ip.starts_with('[') => {
                format!("tcp://[{}]:{port}", self.ip)
            }
            Transport::Tcp => format!("tcp://{}:{port}", self.ip),
        }
    }

    /// Removes the socket files of an IPC connection; nothing for TCP.
    pub fn remove_files(&self) {
        if self.transport == Transport::Ipc {
            for channel in [
                Channel::Shell,
                Channel::Control,
                Channel::Stdin,
                Channel::Iopub,
                Channel::Heartbeat,
            ] {
                let endpoint = self.endpoint(channel);
                // Absent already is what we want.
                let _ = std::fs::remove_file(endpoint.trim_start_matches("ipc://"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"transport": "ipc", "ip": "/run/k", "shell_port": 1, "control_port": 2,
        "stdin_port": 3, "iopub_port": 4, "hb_port": 5, "key": "s3cret",
        "signature_scheme": "hmac-sha256", "kernel_name": "lessons", "jupyter_session": "x.ipynb"}"#;

    #[test]
    fn ipc_endpoints_are_paths_with_a_number() {
        let connection = Connection::parse(FILE).unwrap();
        assert_eq!(connection.endpoint(Channel::Shell), "ipc:///run/k-1");
    }

    #[test]
    fn ipv6_addresses_get_brackets() {
        let mut connection = Connection::parse(FILE).unwrap();
        connection.transport = Transport::Tcp;
        connection.ip = "::1".into();
        assert_eq!(connection.endpoint(Channel::Heartbeat), "tcp://[::1]:5");
    }

    #[test]
    fn the_key_never_shows() {
        let connection = Connection::parse(FILE).unwrap();
        assert!(!format!("{connection:?}").contains("s3cret"));
        for broken in [
            FILE.replace("\"ipc\"", "\"s3cret\""),
            FILE.replace("5,", "\"s3cret\","),
            FILE.replace("\"key\": ", "\"key\""),
        ] {
            let error = format!("{:#}", Connection::parse(&broken).unwrap_err());
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_missing_field_is_named() {
        let error = Connection::parse(&FILE.replace("hb_port", "hb")).unwrap_err();
        assert!(error.to_string().contains("hb_port"), "{error}");
    }
}
