//! Runs cells and looks at what came out.

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use lessons_kernel::engine::direct::{DirectEngine, Documentation, Options};
use lessons_kernel::engine::{
    Bundle, Cell, CellError, Engine, Frontend, Interrupter, Outcome, Output,
};
use lessons_kernel::library::Library;

/// Collects outputs, and interrupts if asked to: at the first output, and at the note that the cell
/// does not stop.
#[derive(Default)]
struct Collector {
    outputs: Mutex<Vec<Output>>,
    first: Mutex<Option<Arc<dyn Interrupter>>>,
    again: Option<Arc<dyn Interrupter>>,
}

/// As a collector, with nobody there to answer.
struct Unattended(Collector);

impl Frontend for Unattended {
    fn emit(&self, output: Output) {
        self.0.emit(output);
    }

    fn input(&self, _: &str, _: bool) -> Result<String, String> {
        Err("nobody is there".into())
    }
}

impl Frontend for Collector {
    fn emit(&self, output: Output) {
        let first = self.first.lock().unwrap().take();
        let note = matches!(&output, Output::Stderr(text)
            if String::from_utf8_lossy(text).contains("no check point"));
        self.outputs.lock().unwrap().push(output);
        let again = self.again.clone().filter(|_| note);
        for interrupter in first.into_iter().chain(again) {
            interrupter.interrupt();
        }
    }

    fn input(&self, prompt: &str, _password: bool) -> Result<String, String> {
        Ok(format!("answer to {prompt}"))
    }
}

/// What one cell did.
#[derive(Debug)]
pub struct Ran {
    pub outcome: Outcome,
    pub outputs: Vec<Output>,
}

impl Ran {
    pub fn result(&self) -> Option<&Bundle> {
        self.outputs.iter().find_map(|output| match output {
            Output::Result { data, .. } => Some(data),
            _ => None,
        })
    }

    /// Everything displayed, in order.
    pub fn displays(&self) -> Vec<&Bundle> {
        let displays = self.outputs.iter().filter_map(|output| match output {
            Output::Display { data, .. } => Some(data),
            _ => None,
        });
        displays.collect()
    }

    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout_bytes()).into_owned()
    }

    pub fn stdout_bytes(&self) -> Vec<u8> {
        let parts = self.outputs.iter().filter_map(|output| match output {
            Output::Stdout(bytes) => Some(bytes.as_slice()),
            _ => None,
        });
        parts.collect::<Vec<_>>().concat()
    }

    pub fn stderr(&self) -> String {
        let parts = self.outputs.iter().filter_map(|output| match output {
            Output::Stderr(bytes) => Some(bytes.as_slice()),
            _ => None,
        });
        plain(&String::from_utf8_lossy(
            &parts.collect::<Vec<_>>().concat(),
        ))
    }

    pub fn error(&self) -> Shown {
        match &self.outcome {
            Outcome::Failed(error) => Shown(error.clone()),
            Outcome::Done => panic!("the cell did not fail: {self:?}"),
        }
    }
}

/// An error, with its traceback as one text without colors.
#[derive(Debug)]
pub struct Shown(CellError);

impl Shown {
    pub fn text(&self) -> String {
        plain(&self.0.traceback.join("\n"))
    }
}

impl std::ops::Deref for Shown {
    type Target = CellError;
    fn deref(&self) -> &CellError {
        &self.0
    }
}

/// Without color sequences.
pub fn plain(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    plain
}

/// A fresh folder for each run of the tests, so that cells are really compiled. Cargo's own folder
/// stays: crates of the registry take long to build. Tests that start others share it with them: what is
/// in it goes only when nobody uses it.
fn cache() -> PathBuf {
    static CACHE: OnceLock<(PathBuf, File)> = OnceLock::new();
    let fresh = || {
        let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("engine-cache");
        std::fs::create_dir_all(&cache).expect("a folder");
        let used = File::create(cache.join("used")).expect("a file");
        if used.try_lock().is_ok() {
            let _ = std::fs::remove_dir_all(cache.join("units"));
            for entry in std::fs::read_dir(cache.join("deps")).into_iter().flatten() {
                let path = entry.expect("an entry").path();
                if !path.ends_with("target") {
                    let _ = std::fs::remove_dir_all(&path).or_else(|_| std::fs::remove_file(&path));
                }
            }
        }
        used.lock_shared().expect("a lock");
        (cache, used)
    };
    CACHE.get_or_init(fresh).0.clone()
}

fn options() -> Options {
    Options {
        runtime: vec![
            env!("CARGO_BIN_EXE_lessons-kernel").into(),
            "runtime".into(),
        ],
        cache: Some(cache()),
        sessions: None,
        documentation: None,
    }
}

fn direct(library: Library, options: Options) -> Box<dyn Engine> {
    Box::new(DirectEngine::new(library, options).expect("an engine"))
}

/// How many bytes the shared object of a cell has, by the cell's text.
pub fn object_size(code: &str) -> u64 {
    let units = std::fs::read_dir(cache().join("units")).unwrap();
    let mut folders = units.flatten().map(|entry| entry.path());
    let compiled = |folder: &PathBuf| {
        std::fs::read_to_string(folder.join("cell.rs")).is_ok_and(|text| text.contains(code))
    };
    let folder = folders.find(compiled).expect("a compiled cell");
    std::fs::metadata(folder.join("cell.so")).unwrap().len()
}

/// A notebook on the evcxr engine.
#[cfg(feature = "evcxr")]
#[allow(dead_code, reason = "only some tests need it")]
pub fn evcxr() -> Session {
    use lessons_kernel::engine::evcxr::{EvcxrEngine, Options};
    let program = env!("CARGO_BIN_EXE_lessons-kernel").into();
    let engine = EvcxrEngine::new(Options { program }).expect("an engine");
    Session::on(Box::new(engine))
}

/// A notebook.
pub struct Session {
    engine: Box<dyn Engine>,
    number: u32,
}

impl Session {
    pub fn new() -> Session {
        Session::with(Library::none())
    }

    pub fn with(library: Library) -> Session {
        Session::start(library, None)
    }

    /// A session that finds in a folder what the one before has left there, and leaves its own.
    pub fn after(sessions: &std::path::Path) -> Session {
        Session::start(Library::none(), Some(sessions.to_owned()))
    }

    fn start(library: Library, sessions: Option<PathBuf>) -> Session {
        let options = Options {
            sessions,
            ..options()
        };
        Session::on(direct(library, options))
    }

    /// A notebook on an engine.
    pub fn on(engine: Box<dyn Engine>) -> Session {
        Session { engine, number: 0 }
    }

    /// Gives the notebook an answer to `:doc`.
    pub fn document(&mut self, documentation: Documentation) {
        let options = Options {
            documentation: Some(documentation),
            ..options()
        };
        self.engine = direct(Library::none(), options);
    }

    pub fn run(&mut self, code: &str) -> Ran {
        self.run_with(code, Collector::default())
    }

    fn run_with(&mut self, code: &str, collector: Collector) -> Ran {
        self.number += 1;
        let collector = Arc::new(collector);
        let cell = Cell {
            code: code.into(),
            number: self.number,
            allow_stdin: false,
        };
        let outcome = self.engine.run(&cell, collector.clone());
        let outputs = std::mem::take(&mut *collector.outputs.lock().unwrap());
        Ran { outcome, outputs }
    }

    /// Runs a cell and interrupts it when it takes longer.
    #[cfg(feature = "evcxr")]
    #[allow(dead_code, reason = "only some tests need it")]
    pub fn run_within(&mut self, code: &str, limit: Duration) -> Ran {
        let interrupter = self.engine.interrupter();
        let (running, ended) = std::sync::mpsc::channel::<()>();
        let timer = std::thread::spawn(move || {
            if ended.recv_timeout(limit) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                interrupter.interrupt();
            }
        });
        let ran = self.run(code);
        drop(running);
        timer.join().unwrap();
        ran
    }

    /// Runs a cell with nobody there to answer.
    pub fn run_unattended(&mut self, code: &str) -> Ran {
        self.number += 1;
        let frontend = Arc::new(Unattended(Collector::default()));
        let cell = Cell {
            code: code.into(),
            number: self.number,
            allow_stdin: false,
        };
        let outcome = self.engine.run(&cell, frontend.clone());
        let outputs = std::mem::take(&mut *frontend.0.outputs.lock().unwrap());
        Ran { outcome, outputs }
    }

    /// A cell that must work.
    pub fn ok(&mut self, code: &str) -> Ran {
        let ran = self.run(code);
        if let Outcome::Failed(error) = &ran.outcome {
            panic!("{code}\n{}", plain(&error.traceback.join("\n")));
        }
        ran
    }

    /// A cell that must fail.
    pub fn err(&mut self, code: &str) -> Shown {
        self.run(code).error()
    }

    /// The text of a cell's value.
    pub fn value(&mut self, code: &str) -> String {
        let ran = self.ok(code);
        let bundle = ran
            .result()
            .unwrap_or_else(|| panic!("{code} shows nothing: {ran:?}"));
        bundle["text/plain"].as_str().expect("text").to_owned()
    }

    /// Runs a cell and interrupts it after some milliseconds.
    pub fn interrupted(&mut self, code: &str, after: u64) -> Shown {
        let interrupter = self.engine.interrupter();
        let waiting = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(after));
            interrupter.interrupt();
        });
        let error = self.err(code);
        waiting.join().unwrap();
        error
    }

    /// Runs a cell and interrupts it as soon as something is the case.
    pub fn interrupted_when(&mut self, code: &str, case: impl Fn() -> bool + Sync) -> Shown {
        let interrupter = self.engine.interrupter();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !case() {
                    std::thread::sleep(Duration::from_millis(5));
                }
                interrupter.interrupt();
            });
            self.err(code)
        })
    }

    /// Runs a cell and interrupts it at its first output.
    pub fn interrupted_at_output(&mut self, code: &str) -> Shown {
        let collector = Collector {
            first: Mutex::new(Some(self.engine.interrupter())),
            ..Collector::default()
        };
        self.run_with(code, collector).error()
    }

    /// The same, and again when it is said that the cell does not stop.
    pub fn interrupted_twice(&mut self, code: &str) -> Ran {
        let collector = Collector {
            first: Mutex::new(Some(self.engine.interrupter())),
            again: Some(self.engine.interrupter()),
            ..Collector::default()
        };
        self.run_with(code, collector)
    }

    /// Adds a crate of the registry; false where the registry is not to be reached.
    pub fn has_dep(&mut self, dep: &str) -> bool {
        let ran = self.run(&format!(":dep {dep}"));
        if let Outcome::Failed(error) = &ran.outcome {
            let text = error.traceback.join("\n");
            assert!(text.contains(":offline 1"), "{text}");
            println!("skipped: the registry is not to be reached");
            return false;
        }
        true
    }

    pub fn interrupt_idle(&mut self) {
        self.engine.interrupter().interrupt();
    }

    pub fn variables(&self) -> Vec<String> {
        let variables = self.engine.variables().into_iter();
        variables
            .map(|variable| format!("{}: {}", variable.name, variable.ty))
            .collect()
    }

    pub fn items(&self) -> Vec<String> {
        self.engine.items()
    }

    /// The crates that the notebook has added, and where their sources begin.
    pub fn crates(&self) -> Vec<(String, PathBuf)> {
        self.engine
            .analyst()
            .map_or_else(Vec::new, |analyst| analyst.crates())
    }
}
