//! A small web server on the loopback that answers as the hub does, or badly on purpose.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A file of the server.
#[derive(Clone)]
pub struct File {
    pub body: Vec<u8>,
    pub etag: Option<String>,
    /// Close the connection after so many bytes of a body, as if the network had gone.
    pub cut_after: Option<usize>,
    /// Go on where the client asks; else always send all.
    pub ranges: bool,
    /// Answer with a redirect to this path first.
    pub redirect: Option<String>,
    /// Answer with this status and no body.
    pub status: Option<u16>,
}

impl File {
    pub fn new(body: impl Into<Vec<u8>>) -> File {
        let etag = Some("\"v1\"".to_owned());
        File {
            body: body.into(),
            etag,
            cut_after: None,
            ranges: true,
            redirect: None,
            status: None,
        }
    }
}

/// What a client asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub path: String,
    pub headers: BTreeMap<String, String>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, File>,
    requests: Vec<Request>,
}

/// Serves until the test ends.
pub struct Server {
    pub address: String,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                // A client that leaves early is part of the tests.
                std::thread::spawn(move || drop(answer(stream, &shared)));
            }
        });
        Server { address, state }
    }

    pub fn put(&self, path: &str, file: File) {
        self.state
            .lock()
            .unwrap()
            .files
            .insert(path.to_owned(), file);
    }

    pub fn change(&self, path: &str, change: impl FnOnce(&mut File)) {
        change(self.state.lock().unwrap().files.get_mut(path).unwrap());
    }

    pub fn remove(&self, path: &str) {
        self.state.lock().unwrap().files.remove(path);
    }

    /// The requests since the last call.
    pub fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }
}

fn answer(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = BTreeMap::new();
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let file = {
        let mut state = state.lock().unwrap();
        state.requests.push(Request {
            path: path.clone(),
            headers: headers.clone(),
        });
        state.files.get(&path).cloned()
    };
    let status = |stream: &mut TcpStream, line: &str| {
        write!(
            stream,
            "HTTP/1.1 {line}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
    };
    let Some(file) = file else {
        return status(&mut stream, "404 Not Found");
    };
    if let Some(code) = file.status {
        return status(&mut stream, &format!("{code} Because"));
    }
    if let Some(target) = &file.redirect {
        return status(&mut stream, &format!("302 Found\r\nlocation: {target}"));
    }
    let total = file.body.len();
    let unchanged = headers
        .get("if-range")
        .is_none_or(|etag| Some(etag) == file.etag.as_ref());
    let start = headers.get("range").filter(|_| file.ranges && unchanged);
    let start = start.and_then(|range| {
        range
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse::<usize>()
            .ok()
    });
    let etag = file
        .etag
        .map(|etag| format!("etag: {etag}\r\n"))
        .unwrap_or_default();
    let body = &file.body[start.unwrap_or(0).min(total)..];
    match start {
        Some(start) if start >= total => {
            return status(
                &mut stream,
                &format!("416 Range Not Satisfiable\r\ncontent-range: bytes */{total}"),
            );
        }
        Some(start) => write!(
            stream,
            "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes {start}-{}/{total}\r\n",
            total - 1
        )?,
        None => write!(stream, "HTTP/1.1 200 OK\r\n")?,
    }
    write!(
        stream,
        "{etag}content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body[..file.cut_after.unwrap_or(total).min(body.len())])?;
    stream.flush()
}
