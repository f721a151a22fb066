//! Calls to rustc: where it is, its arguments for a cell, and its diagnostics as JSON.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::dependencies::{Dependencies, Nameable};
use super::generate::Unit;
use super::linking::Stopwatch;
use super::running::{Role, Running};
use crate::library::Library;

/// The user's rustc.
#[derive(Debug, Clone)]
pub struct Toolchain {
    pub rustc: PathBuf,
    /// What `rustc -V` says.
    pub version: String,
    /// Where the dynamic std lies.
    pub libraries: PathBuf,
}

impl Toolchain {
    /// The platform's name, such as `x86_64-unknown-linux-gnu`.
    pub fn platform(&self) -> &str {
        // …/lib/rustlib/PLATFORM/lib
        let folder = self.libraries.parent().and_then(Path::file_name);
        folder.and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// Asks the `rustc` of the environment (`RUSTC`, else the one on the path) where it lives.
    ///
    /// # Errors
    /// When there is none that answers.
    pub fn find() -> anyhow::Result<Toolchain> {
        let named = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let ask = |arguments: &[&str]| -> anyhow::Result<String> {
            let output = Command::new(&named)
                .args(arguments)
                .stdin(Stdio::null())
                .output()
                .with_context(|| {
                    format!(
                        "cannot run {}: is Rust installed and on the path?",
                        named.display()
                    )
                })?;
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr);
                bail!("{} does not answer: {said}", named.display());
            }
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let paths = ask(&["--print=sysroot", "--print=target-libdir"])?;
        let mut lines = paths.lines();
        let sysroot = PathBuf::from(lines.next().context("rustc names no sysroot")?);
        let libraries = PathBuf::from(lines.next().context("rustc names no library folder")?);
        let version = ask(&["-V"])?.trim().to_owned();
        // The compiler itself: rustup's proxy would cost each cell its start.
        let direct = sysroot.join("bin").join("rustc");
        Ok(Toolchain {
            rustc: if direct.exists() {
                direct
            } else {
                PathBuf::from(named)
            },
            version,
            libraries,
        })
    }
}

/// One of rustc's messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Diagnostic {
    pub message: String,
    pub code: Option<Code>,
    pub level: String,
    pub spans: Vec<Span>,
    #[serde(default)]
    pub children: Vec<Diagnostic>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Code {
    pub code: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    pub file_name: String,
    pub byte_start: usize,
    pub byte_end: usize,
    pub is_primary: bool,
    pub label: Option<String>,
    pub suggested_replacement: Option<String>,
    pub expansion: Option<Box<Expansion>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expansion {
    pub span: Span,
}

impl Diagnostic {
    pub fn code(&self) -> Option<&str> {
        self.code.as_ref().map(|code| code.code.as_str())
    }

    pub fn is_error(&self) -> bool {
        self.level.starts_with("error")
    }

    /// The same without what a reader of the cell has no use for: the paths of generated files, which
    /// stand in the names of closures, and notes about files that rustc has written.
    pub fn without_paths(mut self) -> Diagnostic {
        self.message = without_paths(&self.message);
        for span in &mut self.spans {
            span.label = span.label.as_deref().map(without_paths);
        }
        self.children.retain(|child| {
            !child.message.starts_with("the full name for the type")
                && !child
                    .message
                    .starts_with("the full type name has been written")
                && !child.message.starts_with("consider using `--verbose`")
        });
        self.children = self
            .children
            .into_iter()
            .map(Diagnostic::without_paths)
            .collect();
        self
    }
}

/// `{closure@/a/cell.rs:3:9: 3:12}` becomes `{closure}`.
fn without_paths(text: &str) -> String {
    let mut rest = text;
    let mut cleaned = String::with_capacity(text.len());
    while let Some(begin) = rest.find("{closure@") {
        let Some(end) = rest[begin..].find('}') else {
            break;
        };
        cleaned.push_str(&rest[..begin]);
        cleaned.push_str("{closure}");
        rest = &rest[begin + end + 1..];
    }
    cleaned.push_str(rest);
    cleaned
}

/// How a call ended.
#[derive(Debug)]
pub struct Answer {
    pub success: bool,
    pub diagnostics: Vec<Diagnostic>,
    /// What rustc wrote that is not JSON: a crash of its own.
    pub noise: String,
    /// How long the linker took, where that is measured.
    pub link: Duration,
}

/// What one call makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emit {
    /// The shared object.
    Link,
    /// Nothing but diagnostics, with types spelled out in full.
    Types,
    /// The source text with all macros expanded.
    Expanded,
}

/// Everything about the calls that does not change from cell to cell.
#[derive(Clone)]
pub struct Compiler {
    pub toolchain: Toolchain,
    pub library: Library,
    /// The compiled `lessons_cell`.
    pub support: PathBuf,
    pub running: Running,
    /// Measures the linker.
    pub stopwatch: Option<Stopwatch>,
    /// What `:dep` brought.
    pub dependencies: Dependencies,
    /// Set for rustc and cargo by `:build_env`.
    pub environment: Vec<(String, String)>,
}

impl Compiler {
    /// The crates that cells can name.
    pub fn crates(&self) -> BTreeMap<String, Nameable> {
        self.dependencies.nameable(&self.library)
    }

    /// The arguments for a cell, without the paths that differ between sessions.
    pub fn arguments(&self, unit: &Unit, optimization: u8) -> Vec<String> {
        let mut arguments: Vec<String> = [
            "--edition=2024",
            "--crate-name=cell",
            "--crate-type=cdylib",
            "--error-format=json",
            "-Cprefer-dynamic",
            "-Cdebuginfo=0",
            "-Cembed-bitcode=no",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("-Cmetadata=lessons-cell-{}", unit.generation));
        arguments.push(format!("-Copt-level={optimization}"));
        // At every level alike: overflow panics, as is right for learning, and nothing else differs.
        arguments.push("-Cdebug-assertions=no".to_owned());
        arguments.push("-Coverflow-checks=yes".to_owned());
        arguments.push(format!("--extern=lessons_cell={}", self.support.display()));
        // Only the layers that it needs, so that a later `:dep` leaves a compiled cell as it is.
        for (name, nameable) in self.dependencies.upto(unit.layers).nameable(&self.library) {
            arguments.push(format!("--extern={name}={}", nameable.path.display()));
        }
        for (name, path) in self.dependencies.dylibs(unit.layers) {
            arguments.push(format!("--extern={name}={}", path.display()));
        }
        let folders = self.dependencies.folders(unit.layers);
        let library = self.library.dependencies().map(Path::to_owned);
        for folder in folders.into_iter().chain(library) {
            arguments.push(format!("-Ldependency={}", folder.display()));
        }
        arguments
    }

    /// Compiles `main.rs` of a folder to its `cell.so`, or asks for types only.
    ///
    /// # Errors
    /// When rustc cannot be started.
    pub fn compile(
        &self,
        folder: &Path,
        arguments: &[String],
        emit: Emit,
        output: &Path,
    ) -> anyhow::Result<Answer> {
        let mut command = Command::new(&self.toolchain.rustc);
        command
            .args(arguments)
            .arg(folder.join("main.rs"))
            .arg("-o")
            .arg(output)
            // What a linker leaves behind when it is stopped goes with the session's folder.
            .env("TMPDIR", folder)
            .current_dir(folder)
            .envs(self.environment.iter().map(|(key, value)| (key, value)));
        match emit {
            Emit::Link => {
                command.arg("--emit=link");
                command.args(self.stopwatch.as_ref().map(Stopwatch::argument));
            }
            Emit::Types => {
                command
                    .args(["--emit=metadata", "-Ztrim-diagnostic-paths=no"])
                    .arg("-Zwrite-long-types-to-disk=no")
                    .env("RUSTC_BOOTSTRAP", "1");
            }
            Emit::Expanded => {
                command
                    .arg("-Zunpretty=expanded")
                    .env("RUSTC_BOOTSTRAP", "1");
            }
        }
        let mut answer = run(&mut command, &self.running)?;
        if let (Emit::Link, Some(stopwatch)) = (emit, &self.stopwatch) {
            answer.link = stopwatch.since_call();
        }
        Ok(answer)
    }
}

/// Runs a rustc command in its own process group, so that an interrupt ends the linker as well.
pub fn run(command: &mut Command, running: &Running) -> anyhow::Result<Answer> {
    use std::os::unix::process::CommandExt;

    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0);
    #[cfg(target_os = "linux")]
    // SAFETY: a system call that is allowed between fork and exec. It binds the compiler to the life
    // of this thread, which waits for it below.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let group = child.id().cast_signed();
    running.add(group, Role::Compiler);
    let mut text = Vec::new();
    let read = match child.stderr.take() {
        Some(mut stderr) => stderr.read_to_end(&mut text),
        None => Ok(0),
    };
    running.remove(group);
    let status = child.wait()?;
    read?;
    let mut answer = Answer {
        success: status.success(),
        diagnostics: Vec::new(),
        noise: String::new(),
        link: Duration::ZERO,
    };
    for line in String::from_utf8_lossy(&text).lines() {
        match serde_json::from_str(line) {
            Ok(mut diagnostic) => {
                shorten_places(&mut diagnostic);
                answer.diagnostics.push(diagnostic);
            }
            // Messages of other kinds, such as artifact notices, are JSON too.
            Err(_) if line.starts_with('{') => {}
            Err(_) => {
                answer.noise.push_str(line);
                answer.noise.push('\n');
            }
        }
    }
    Ok(answer)
}

/// Types without a name are named after the place of their code; users know the cell, not the file.
fn shorten_places(diagnostic: &mut Diagnostic) {
    let shorten = |text: &mut String| {
        if let Some(short) = short_places(text) {
            *text = short;
        }
    };
    shorten(&mut diagnostic.message);
    for span in &mut diagnostic.spans {
        span.label.as_mut().map(shorten);
    }
    diagnostic.children.iter_mut().for_each(shorten_places);
}

/// `{closure@cell:3}` for `{closure@/folder/cell.rs:3:14: 3:17}`; `None` when there is no such place.
fn short_places(text: &str) -> Option<String> {
    let mut parts = text.split("@/");
    let mut short = parts.next()?.to_owned();
    for part in parts {
        let place = part.split_once(".rs:").and_then(|(path, rest)| {
            let name = path.rsplit('/').next()?;
            let name = if name.contains('-') {
                "earlier cell"
            } else {
                "cell"
            };
            let (line, rest) = rest.split_once(':')?;
            let (_, rest) = rest.split_once('}')?;
            Some((name, line, rest))
        });
        match place {
            Some((name, line, rest)) => short.push_str(&format!("@{name}:{line}}}{rest}")),
            None => {
                short.push_str("@/");
                short.push_str(part);
            }
        }
    }
    (short != text).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::short_places;

    #[test]
    fn a_closure_is_named_after_its_line_in_the_cell() {
        assert_eq!(
            short_places("found `(i32, {closure@/a b/units/0f/cell.rs:1:263: 1:276})` here")
                .unwrap(),
            "found `(i32, {closure@cell:1})` here"
        );
        assert_eq!(
            short_places("{async block@/x/items-2.rs:7:1: 9:2}, {closure@/y/cell.rs:2:1: 2:3}")
                .unwrap(),
            "{async block@earlier cell:7}, {closure@cell:2}"
        );
        assert_eq!(short_places("a user@/home or nothing"), None);
    }
}
