//! Calls to cargo that can be interrupted and say how far they are.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use serde::Deserialize;

use super::super::running::{Role, Running};

/// Why a call came to nothing.
#[derive(Debug)]
pub enum Stop {
    Interrupted,
    /// What cargo said.
    Failed(String),
    /// Files, or cargo itself, could not be used.
    Other(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Stop::Other(error.into())
    }
}

/// How cargo is called.
pub struct Cargo<'c> {
    /// Cargo's configuration is searched from here upwards.
    pub folder: &'c Path,
    pub target: &'c Path,
    pub offline: bool,
    pub environment: &'c [(String, String)],
    pub running: &'c Running,
}

/// What `cargo metadata` knows.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    pub packages: Vec<Package>,
    pub resolve: Resolve,
}

#[derive(Debug, Deserialize)]
pub struct Package {
    pub id: String,
    pub name: String,
    pub version: String,
    /// `None` for a path.
    pub source: Option<String>,
    pub manifest_path: PathBuf,
}

#[derive(Debug, Deserialize)]
pub struct Resolve {
    pub nodes: Vec<Node>,
    pub root: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Node {
    pub id: String,
    pub deps: Vec<Edge>,
}

#[derive(Debug, Deserialize)]
pub struct Edge {
    /// The name by which code knows it; empty for a package without a library.
    pub name: String,
    pub pkg: String,
}

impl Metadata {
    pub fn package(&self, id: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.id == id)
    }

    pub fn edges(&self, id: &str) -> &[Edge] {
        let node = self.resolve.nodes.iter().find(|node| node.id == id);
        node.map_or(&[], |node| &node.deps)
    }

    /// Everything that these packages need, they themselves included.
    pub fn closure<'a>(&'a self, roots: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
        let mut seen = BTreeSet::new();
        let mut queue: Vec<&str> = roots.into_iter().collect();
        while let Some(id) = queue.pop() {
            if seen.insert(id) {
                queue.extend(self.edges(id).iter().map(|edge| edge.pkg.as_str()));
            }
        }
        seen
    }
}

/// A library that cargo built, or found built.
#[derive(Debug, Deserialize)]
pub struct Artifact {
    pub package_id: String,
    pub target: Target,
    pub filenames: Vec<PathBuf>,
    pub features: Vec<String>,
    pub profile: Profile,
    pub fresh: bool,
}

#[derive(Debug, Deserialize)]
pub struct Target {
    pub kind: Vec<String>,
    pub src_path: PathBuf,
}

#[derive(Debug, Deserialize)]
pub struct Profile {
    pub opt_level: String,
}

impl Artifact {
    pub fn is_macro(&self) -> bool {
        self.target.kind.iter().any(|kind| kind == "proc-macro")
    }

    /// Whether this build compiled it.
    pub fn compiled(&self) -> bool {
        !self.fresh && self.target.kind != ["custom-build"]
    }

    /// Whether it serves build scripts and procedural macros only.
    pub fn for_host(&self) -> bool {
        self.profile.opt_level == "0" && !self.is_macro()
    }
}

/// What a build made.
#[derive(Debug, Default)]
pub struct Built {
    pub artifacts: Vec<Artifact>,
    /// Folders with native libraries, as build scripts named them.
    pub native: Vec<PathBuf>,
}

#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact(Artifact),
    BuildScriptExecuted {
        linked_paths: Vec<String>,
    },
    #[serde(other)]
    Other,
}

/// Something to tell the user while cargo works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A line of cargo's.
    Line(String),
    /// The package with this id is done.
    Done(String),
}

impl Cargo<'_> {
    fn command(&self, task: &str, project: &Path) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .arg(task)
            .arg("--manifest-path")
            .arg(project.join("Cargo.toml"))
            .current_dir(self.folder)
            .envs(self.environment.iter().map(|(key, value)| (key, value)))
            .env("CARGO_TARGET_DIR", self.target)
            .env("CARGO_TERM_COLOR", "never");
        if self.offline {
            command.arg("--offline");
        }
        command
    }

    /// Decides on versions, writes them to the lock file, and tells the graph of packages.
    ///
    /// # Errors
    /// When cargo finds no versions, or cannot be used.
    pub fn metadata(
        &self,
        project: &Path,
        platform: &str,
        progress: &(dyn Fn(Step) + Sync),
    ) -> Result<Metadata, Stop> {
        let mut command = self.command("metadata", project);
        command.args(["--format-version=1", "--filter-platform", platform]);
        let text = self.run(&mut command, progress, |stdout| {
            let mut text = Vec::new();
            let mut stdout = stdout;
            stdout.read_to_end(&mut text)?;
            Ok(text)
        })?;
        Ok(serde_json::from_slice(&text).context("cargo metadata answers in an unknown form")?)
    }

    /// Builds the libraries of some packages.
    ///
    /// # Errors
    /// When they do not compile, or cargo cannot be used.
    pub fn build(
        &self,
        project: &Path,
        packages: &[String],
        progress: &(dyn Fn(Step) + Sync),
    ) -> Result<Built, Stop> {
        let mut command = self.command("build", project);
        command.args([
            "--release",
            "--locked",
            "--lib",
            "--message-format=json-render-diagnostics",
        ]);
        for package in packages {
            command.args(["--package", package]);
        }
        self.run(&mut command, progress, |stdout| {
            let mut built = Built::default();
            for line in BufReader::new(stdout).lines() {
                match serde_json::from_str(&line?) {
                    Ok(Message::CompilerArtifact(artifact)) => {
                        if artifact.target.kind != ["custom-build"] {
                            progress(Step::Done(artifact.package_id.clone()));
                        }
                        built.artifacts.push(artifact);
                    }
                    Ok(Message::BuildScriptExecuted { linked_paths }) => {
                        let paths = linked_paths.iter().map(|path| {
                            // `native=/folder`
                            PathBuf::from(
                                path.split_once('=').map_or(path.as_str(), |(_, path)| path),
                            )
                        });
                        built.native.extend(paths);
                    }
                    Ok(Message::Other) | Err(_) => {}
                }
            }
            Ok(built)
        })
    }

    /// Runs cargo in its own process group, so that an interrupt ends its compilers as well.
    fn run<T: Send>(
        &self,
        command: &mut Command,
        progress: &(dyn Fn(Step) + Sync),
        read: impl FnOnce(std::process::ChildStdout) -> std::io::Result<T> + Send,
    ) -> Result<T, Stop> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("cannot run cargo: is Rust installed and on the path?")?;
        let group = child.id().cast_signed();
        self.running.add(group, Role::Compiler);
        let stdout = child.stdout.take().context("cargo has no output")?;
        let stderr = child.stderr.take().context("cargo has no output")?;
        let mut said = String::new();
        let answer = std::thread::scope(|scope| {
            let reading = scope.spawn(|| read(stdout));
            for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                said.push_str(&line);
                said.push('\n');
                progress(Step::Line(line));
            }
            reading.join()
        });
        self.running.remove(group);
        let status = child.wait()?;
        if self.running.interrupted() {
            return Err(Stop::Interrupted);
        }
        if !status.success() {
            return Err(Stop::Failed(complaint(&said)));
        }
        let answer = answer.map_err(|_| anyhow::anyhow!("reading cargo's answer failed"))?;
        Ok(answer?)
    }
}

/// Cargo's words without the account of what it did before.
fn complaint(said: &str) -> String {
    let lines = said.lines().filter(|line| {
        let first = line.split_whitespace().next().unwrap_or_default();
        !matches!(
            first,
            "Compiling"
                | "Updating"
                | "Locking"
                | "Adding"
                | "Downloading"
                | "Downloaded"
                | "Fresh"
                | "Blocking"
                | "Finished"
        ) || !line.starts_with("  ")
    });
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_what_went_wrong() {
        let said =
            "    Updating git repository\n   Compiling a v0.1.0\nerror: no\n  Compiling\n  --> x\n";
        assert_eq!(complaint(said), "error: no\n  --> x");
    }

    #[test]
    fn messages_are_read() {
        let line = r#"{"reason":"build-script-executed","package_id":"x","linked_libs":[],"linked_paths":["native=/a/b"],"cfgs":[],"env":[],"out_dir":"/o"}"#;
        let Ok(Message::BuildScriptExecuted { linked_paths }) = serde_json::from_str(line) else {
            panic!("not understood");
        };
        assert_eq!(linked_paths, ["native=/a/b"]);
    }
}
