//! Files from the Hugging Face hub over HTTP, resumed where they stopped.
//!
//! A file grows as `NAME.part`; beside it `NAME.part.from` says which file that is: address and
//! ETag. `NAME` itself appears only when it is whole. This speaks HTTP through ureq and not through
//! hf-hub: hf-hub 0.5 appends whatever a server answers to a partial file without a look at status
//! or length, and needs headers that plain mirrors do not send; hf-hub 1.0 brings a tokio runtime.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use ureq::Agent;
use ureq::config::RedirectAuthHeaders;
use ureq::http::{HeaderMap, Response, StatusCode, header};

/// A server that speaks the hub's addresses, and who asks.
pub struct Hub {
    agent: Agent,
    endpoint: String,
    token: Option<String>,
}

/// Why a file did not come.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The server does not have the file.
    #[error("{url}: there is no such file")]
    Missing { url: String },
    /// The server wants to know who asks.
    #[error("{url}: the server answers {status}: there is no such model, or not for everybody")]
    Refused { url: String, status: StatusCode },
    /// No answer, or none that helps.
    #[error("{0:#}")]
    Failed(anyhow::Error),
}

/// What is told while a file comes: bytes that are here, and bytes in all if that is known.
pub type Progress<'a> = &'a mut dyn FnMut(u64, Option<u64>);

impl Hub {
    /// Nothing is sent yet.
    pub fn new(endpoint: &str, token: Option<String>) -> Hub {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .redirect_auth_headers(RedirectAuthHeaders::SameHost)
            .accept_encoding("identity")
            .user_agent(concat!("lessons/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(Duration::from_secs(60)))
            .timeout_per_read(Some(Duration::from_secs(60)))
            .build();
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        Hub {
            agent: config.into(),
            endpoint,
            token,
        }
    }

    /// Downloads a file of a model into a folder, or the rest of it, and gives its path.
    ///
    /// # Errors
    /// When the file is not there or does not come whole; what came stays for the next time.
    pub fn download(
        &self,
        model: &str,
        revision: &str,
        name: &str,
        folder: &Path,
        progress: Progress<'_>,
    ) -> Result<PathBuf, HubError> {
        let url = format!("{}/{model}/resolve/{revision}/{name}", self.endpoint);
        let partial = Partial::new(folder, name);
        let mut start = partial.resumable(&url);
        let mut response = self.get(&url, start.as_ref())?;
        // Nothing is left to send, or the server cannot go on where we stopped.
        let fits = match (response.status(), &start) {
            (StatusCode::PARTIAL_CONTENT, Some(start)) => {
                content_range(response.headers()).is_some_and(|range| range.first == start.length)
            }
            (StatusCode::RANGE_NOT_SATISFIABLE, Some(_)) => false,
            _ => true,
        };
        if !fits {
            partial.remove();
            start = None;
            response = self.get(&url, None)?;
        }
        match response.status() {
            StatusCode::OK => start = None,
            StatusCode::PARTIAL_CONTENT if start.is_some() => {}
            StatusCode::NOT_FOUND => return Err(HubError::Missing { url }),
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                return Err(HubError::Refused { url, status });
            }
            status => {
                return Err(HubError::Failed(anyhow!(
                    "{url}: the server answers {status}"
                )));
            }
        }
        let here = start.map_or(0, |start| start.length);
        partial
            .receive(&url, response, here, progress)
            .and_then(|()| partial.finish())
            .map_err(HubError::Failed)
    }

    fn get(&self, url: &str, start: Option<&Start>) -> Result<Response<ureq::Body>, HubError> {
        let mut request = self.agent.get(url);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(start) = start {
            request = request.header(header::RANGE, format!("bytes={}-", start.length));
            // Without an unchanged ETag the server sends the whole file.
            request = request.header(header::IF_RANGE, &start.etag);
        }
        request
            .call()
            .map_err(|error| HubError::Failed(anyhow!("{url}: {error}")))
    }
}

/// Where a partial file stops, and which version of the file it is.
struct Start {
    length: u64,
    etag: String,
}

/// A file that is on its way.
struct Partial {
    data: PathBuf,
    from: PathBuf,
    whole: PathBuf,
}

impl Partial {
    fn new(folder: &Path, name: &str) -> Partial {
        let path = |end: &str| folder.join(format!("{name}{end}"));
        Partial {
            data: path(".part"),
            from: path(".part.from"),
            whole: path(""),
        }
    }

    /// Where to go on, if the part is of this very file.
    fn resumable(&self, url: &str) -> Option<Start> {
        let from = fs::read_to_string(&self.from).ok()?;
        let etag = from.strip_prefix(url)?.strip_prefix('\n')?;
        let length = fs::metadata(&self.data).ok()?.len();
        (length > 0 && !etag.is_empty()).then(|| Start {
            length,
            etag: etag.to_owned(),
        })
    }

    fn remove(&self) {
        // Where this fails, opening them for writing tells why.
        let _ = fs::remove_file(&self.data);
        let _ = fs::remove_file(&self.from);
    }

    /// Appends a body to the `here` bytes that came before.
    fn receive(
        &self,
        url: &str,
        mut response: Response<ureq::Body>,
        here: u64,
        progress: Progress<'_>,
    ) -> anyhow::Result<()> {
        let headers = response.headers();
        let total = match here {
            0 => number(headers, header::CONTENT_LENGTH),
            _ => content_range(headers).and_then(|range| range.total),
        };
        let etag = headers
            .get(header::ETAG)
            .and_then(|etag| etag.to_str().ok())
            .unwrap_or_default();
        let unwritable = || format!("{} cannot be written", self.data.display());
        fs::write(&self.from, format!("{url}\n{etag}")).with_context(unwritable)?;
        let mut options = File::options();
        let file = match here {
            0 => options.create(true).write(true).truncate(true),
            _ => options.append(true),
        };
        let mut file = file.open(&self.data).with_context(unwritable)?;
        let mut here = here;
        let mut body = response.body_mut().as_reader();
        let mut buffer = vec![0; 1 << 16];
        progress(here, total);
        let broken = loop {
            match body.read(&mut buffer) {
                Ok(0) => break None,
                Ok(count) => {
                    file.write_all(&buffer[..count]).with_context(unwritable)?;
                    here += count as u64;
                    progress(here, total);
                }
                Err(error) => break Some(error.to_string()),
            }
        };
        file.sync_all().with_context(unwritable)?;
        if broken.is_none() && total.is_none_or(|total| total == here) {
            return Ok(());
        }
        let total = total
            .map(|total| format!(" of {total}"))
            .unwrap_or_default();
        let why = broken.unwrap_or_else(|| "the server sent less than it said".to_owned());
        bail!("{url}: stopped after {here}{total} bytes: {why}")
    }

    fn finish(&self) -> anyhow::Result<PathBuf> {
        fs::rename(&self.data, &self.whole)
            .with_context(|| format!("{} cannot be written", self.whole.display()))?;
        let _ = fs::remove_file(&self.from);
        Ok(self.whole.clone())
    }
}

/// The header `Content-Range: bytes FIRST-LAST/TOTAL`; the total may be `*`.
struct ContentRange {
    first: u64,
    total: Option<u64>,
}

fn content_range(headers: &HeaderMap) -> Option<ContentRange> {
    let text = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = range.split_once('-')?;
    Some(ContentRange {
        first: first.trim().parse().ok()?,
        total: total.trim().parse().ok(),
    })
}

fn number(headers: &HeaderMap, name: header::HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}
