//! Engines that are processes of their own: one line of JSON in, one line out (`docs/bench.md`).

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::engine::{Case, Engine, Loaded, Task};
use super::implementation::Implementation;
use crate::bench::difference::Numbers;
use crate::weights::Weights;

/// The longest line that an engine may answer, and what is kept of what it says on stderr.
const LONGEST: usize = 1 << 16;
/// How much of garbage is shown.
const SHOWN: usize = 80;

/// What an engine is asked to do.
#[derive(Debug, Serialize)]
#[serde(tag = "do", rename_all = "lowercase")]
enum Request<'a> {
    Load {
        kind: &'a str,
        directory: Option<&'a Path>,
        weights: &'a Path,
        parameters: &'a serde_json::Value,
        threads: usize,
        precision: &'a str,
    },
    Prepare {
        inputs: &'a Path,
        output: &'a Path,
    },
    Time {
        calls: u32,
    },
}

#[derive(Debug, Deserialize)]
struct LoadAnswer {
    engine: String,
    threads: usize,
    precision: String,
    seconds: f64,
}

#[derive(Debug, Deserialize)]
struct PrepareAnswer {}

#[derive(Debug, Deserialize)]
struct TimeAnswer {
    seconds: f64,
}

#[derive(Debug, Deserialize)]
struct ErrorAnswer {
    error: String,
}

/// An engine in a process, which is started when it is first asked to load something.
pub struct External {
    about: Implementation,
    /// Where files for it lie.
    folder: PathBuf,
    running: Option<Running>,
}

/// A process that is there.
struct Running {
    child: Child,
    requests: ChildStdin,
    answers: Receiver<Vec<u8>>,
    /// The end of what it said on stderr.
    complaints: Arc<Mutex<Vec<u8>>>,
}

impl External {
    /// `folder` is where files for the process will lie.
    pub fn new(about: Implementation, folder: &Path) -> External {
        External {
            about,
            folder: folder.to_owned(),
            running: None,
        }
    }

    /// Asks and waits for the answer. Whoever does not answer in time, or answers what is none, is ended.
    fn ask<A: for<'de> Deserialize<'de>>(&mut self, request: &Request<'_>) -> Result<A, String> {
        let limit = Duration::try_from_secs_f64(self.about.time_limit_s).unwrap_or(Duration::MAX);
        let running = self.running.as_mut().ok_or("it has ended before")?;
        let answer = running
            .send(request)
            .and_then(|()| running.receive(limit))
            .and_then(|line| parse(&line));
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            // It is well, and cannot do this one thing.
            Ok(Err(refusal)) => Err(refusal),
            Err(failure) => Err(match self.end() {
                Some(last_words) => format!("{failure} ({last_words})"),
                None => failure,
            }),
        }
    }

    /// Ends the process; gives the last line that it said on stderr.
    fn end(&mut self) -> Option<String> {
        let Running {
            mut child,
            complaints,
            ..
        } = self.running.take()?;
        // A process that has ended by itself cannot be ended.
        let _ = child.kill();
        let _ = child.wait();
        // What it said last may still be on its way.
        std::thread::sleep(Duration::from_millis(20));
        let said = complaints.lock().unwrap_or_else(PoisonError::into_inner);
        let said = String::from_utf8_lossy(&said);
        let last = said.lines().rev().find(|line| !line.trim().is_empty())?;
        Some(shown(last))
    }
}

impl Running {
    fn start(about: &Implementation) -> Result<Running, String> {
        let (program, arguments) = about.command.split_first().ok_or("it has no command")?;
        let mut command = match &about.folder {
            // A path is seen from the file's folder; a bare name is looked for as shells do.
            Some(folder) if program.contains('/') => Command::new(folder.join(program)),
            _ => Command::new(program),
        };
        if let Some(folder) = about
            .folder
            .as_ref()
            .filter(|it| !it.as_os_str().is_empty())
        {
            command.current_dir(folder);
        }
        for name in &about.without {
            command.env_remove(name);
        }
        let mut child = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{program} cannot be started: {error}"))?;
        let (Some(requests), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(format!("{program} cannot be talked to"));
        };
        // An engine has one answer to give at a time; one that says more has to wait.
        let (send, answers) = sync_channel(1);
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stdout);
            while let Some(line) = next_line(&mut lines) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&complaints);
        std::thread::spawn(move || keep_end(stderr, &kept));
        Ok(Running {
            child,
            requests,
            answers,
            complaints,
        })
    }

    fn send(&mut self, request: &Request<'_>) -> Result<(), String> {
        let mut line = serde_json::to_vec(request).map_err(|error| error.to_string())?;
        line.push(b'\n');
        let sent = self.requests.write_all(&line);
        sent.and_then(|()| self.requests.flush())
            .map_err(|_| self.how_it_ended())
    }

    fn receive(&mut self, limit: Duration) -> Result<Vec<u8>, String> {
        self.answers
            .recv_timeout(limit)
            .map_err(|error| match error {
                RecvTimeoutError::Timeout => {
                    format!("no answer within {} s", limit.as_secs_f64())
                }
                RecvTimeoutError::Disconnected => self.how_it_ended(),
            })
    }

    fn how_it_ended(&mut self) -> String {
        // It has closed its end, so it is about to end; one that is not is ended by the caller.
        for _ in 0..100 {
            match self.child.try_wait() {
                Ok(Some(status)) => return format!("it ended: {status}"),
                _ => std::thread::sleep(Duration::from_millis(10)),
            }
        }
        "it closed its output".to_owned()
    }
}

/// The next line, or what there was of one that is too long.
fn next_line(lines: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    let limit = LONGEST as u64;
    match lines.take(limit).read_until(b'\n', &mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line),
    }
}

/// Reads all that comes, and keeps the end of it.
fn keep_end(mut from: impl Read, kept: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&buffer[..count]);
        let too_many = kept.len().saturating_sub(LONGEST);
        kept.drain(..too_many);
    }
}

/// An answer, or the error that is one; the outer error is for what is neither.
fn parse<A: for<'de> Deserialize<'de>>(line: &[u8]) -> Result<Result<A, String>, String> {
    if let Ok(refusal) = serde_json::from_slice::<ErrorAnswer>(line) {
        return Ok(Err(shown(&refusal.error)));
    }
    serde_json::from_slice(line).map(Ok).map_err(|error| {
        let garbage = shown(&String::from_utf8_lossy(line));
        format!("an answer that is none ({error}): {garbage}")
    })
}

/// A text on one line that fits a table.
fn shown(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let mut shown: String = line
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(SHOWN)
        .collect();
    if line.chars().count() > SHOWN {
        shown.push('…');
    }
    shown
}

impl Engine for External {
    fn name(&self) -> &str {
        &self.about.name
    }

    fn load(&mut self, task: &Task) -> Result<Loaded, String> {
        let written;
        let weights = match &task.directory {
            Some(directory) => {
                written = directory.join("model.safetensors");
                &written
            }
            None => {
                written = self.folder.join("weights.safetensors");
                if !written.exists() {
                    task.weights
                        .save(&written)
                        .map_err(|error| error.to_string())?;
                }
                &written
            }
        };
        let weights = weights.canonicalize().map_err(|error| error.to_string())?;
        let directory = task.directory.as_ref().map(|it| it.canonicalize());
        let directory = directory.transpose().map_err(|error| error.to_string())?;
        self.running = Some(Running::start(&self.about)?);
        let answer: LoadAnswer = self.ask(&Request::Load {
            kind: task.kind,
            directory: directory.as_deref(),
            weights: &weights,
            parameters: &task.parameters,
            threads: task.threads,
            precision: task.precision,
        })?;
        Ok(Loaded {
            engine: shown(&answer.engine),
            threads: answer.threads,
            precision: shown(&answer.precision),
            seconds: answer.seconds,
        })
    }

    fn prepare(&mut self, case: &Case) -> Result<Numbers, String> {
        let inputs = self.folder.join("inputs.safetensors");
        let output = self.folder.join("output.safetensors");
        let given: Weights = case.inputs.iter().cloned().collect();
        given.save(&inputs).map_err(|error| error.to_string())?;
        // An old result must not be taken for a new one.
        let _ = std::fs::remove_file(&output);
        let PrepareAnswer {} = self.ask(&Request::Prepare {
            inputs: &inputs,
            output: &output,
        })?;
        let written = Weights::open(&output).map_err(|error| shown(&error.to_string()))?;
        let (_, first) = written.iter().next().ok_or("it wrote no output")?;
        let first = first.tensor().map_err(|error| shown(&error.to_string()))?;
        Numbers::of(&first).map_err(|error| shown(&error.to_string()))
    }

    fn time(&mut self, calls: u32) -> Result<Duration, String> {
        let TimeAnswer { seconds } = self.ask(&Request::Time { calls })?;
        match Duration::try_from_secs_f64(seconds) {
            Ok(time) if !time.is_zero() => Ok(time),
            _ => Err(format!("it says that {calls} runs took {seconds} s")),
        }
    }

    fn process(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.child.id())
    }
}

impl Drop for External {
    fn drop(&mut self) {
        self.end();
    }
}
