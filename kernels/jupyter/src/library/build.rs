//! Builds the library with cargo and copies what cells need into a folder of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{CURRENT, Library, MANIFEST, Manifest, Package, fingerprint};

/// Builds the library of a workspace and puts it under `destination`.
///
/// Nothing is built when the same sources were built there before with the same rustc. `progress`
/// gets cargo's lines as they come.
///
/// # Errors
/// When cargo is missing or fails, or files cannot be written.
pub fn build(
    workspace: &Path,
    destination: &Path,
    progress: &mut dyn FnMut(&str),
) -> anyhow::Result<Library> {
    build_variant(workspace, destination, &[], progress)
}

/// What a build tells while it runs.
pub enum Event<'e> {
    /// One of cargo's lines.
    Line(&'e str),
    /// Cargo runs as the leader of this process group.
    Started(i32),
    /// Cargo's last line has been read; its process has not been reaped yet.
    Ended(i32),
}

/// [`build`], with features of the crate `lessons` (`cuda`, `metal`).
///
/// # Errors
/// As [`build`].
pub fn build_variant(
    workspace: &Path,
    destination: &Path,
    features: &[String],
    progress: &mut dyn FnMut(&str),
) -> anyhow::Result<Library> {
    // In the caller's process group: Ctrl-C in a terminal ends cargo as well.
    build_in(workspace, destination, features, false, &mut |event| {
        if let Event::Line(line) = event {
            progress(line);
        }
    })
}

/// [`build_variant`] for a caller that wants to be able to end it.
///
/// # Errors
/// As [`build`].
pub fn build_watched(
    workspace: &Path,
    destination: &Path,
    features: &[String],
    watch: &mut dyn FnMut(Event<'_>),
) -> anyhow::Result<Library> {
    build_in(workspace, destination, features, true, watch)
}

fn build_in(
    workspace: &Path,
    destination: &Path,
    features: &[String],
    own_group: bool,
    watch: &mut dyn FnMut(Event<'_>),
) -> anyhow::Result<Library> {
    let workspace = fs::canonicalize(workspace)
        .with_context(|| format!("there is no folder {}", workspace.display()))?;
    let rustc = rustc_version(&workspace)?;
    let sources = fingerprint(&workspace)?;
    let mut hash = Sha256::new();
    for part in [&rustc, &sources, &features.join(",")] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    let key = hex::encode(&hash.finalize()[..12]);
    let folder = destination.join(&key);
    if let Ok(library) = Library::open(&folder) {
        point_at(destination, &key)?;
        return Ok(library);
    }

    let artifacts = run_cargo(&workspace, features, own_group, watch)?;
    let metadata = metadata(&workspace, features)?;
    let direct = metadata
        .direct_dependencies(&workspace.join("lessons-crate/Cargo.toml"))
        .context("cargo metadata does not know the crate `lessons`")?;
    fs::create_dir_all(destination)
        .with_context(|| format!("cannot create {}", destination.display()))?;
    let work = tempfile::tempdir_in(destination)?;
    let deps = work.path().join("deps");
    fs::create_dir(&deps)?;
    let mut lessons = None;
    let mut externs = BTreeMap::new();
    for artifact in &artifacts {
        let is_lessons = artifact.target.name == "lessons" && artifact.is_library();
        for file in &artifact.filenames {
            let Some(name) = file.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            let dynamic = name.ends_with(std::env::consts::DLL_SUFFIX);
            // The dylib is all there is of `lessons`: an rlib beside it would be a second one.
            if is_lessons && !dynamic {
                continue;
            }
            // Files of path crates are written anew under the same name; the others never change.
            place(
                file,
                &deps.join(name),
                artifact.package_id.starts_with("path+"),
            )?;
            if is_lessons {
                lessons = Some(name.to_owned());
            } else if let Some(extern_name) = direct.get(&artifact.package_id)
                && (name.ends_with(".rlib") || artifact.is_macro() && dynamic)
            {
                externs.insert(extern_name.clone(), name.to_owned());
            }
        }
    }
    let manifest = Manifest {
        rustc,
        workspace,
        sources,
        features: features.to_vec(),
        lessons: lessons.context("cargo built no dylib of the crate `lessons`")?,
        externs,
        packages: metadata.packages(&artifacts, &direct),
        target: metadata.target_directory,
    };
    fs::write(
        work.path().join(MANIFEST),
        serde_json::to_vec_pretty(&manifest)?,
    )?;
    let work = work.keep();
    if folder.exists() {
        // Left behind damaged, or built at the same time by somebody else: the new one counts.
        fs::remove_dir_all(&folder)?;
    }
    fs::rename(&work, &folder).with_context(|| format!("cannot create {}", folder.display()))?;
    point_at(destination, &key)?;
    Library::open(&folder)
}

/// Names the current library, and removes those that two newer ones have followed.
fn point_at(destination: &Path, key: &str) -> anyhow::Result<()> {
    let current = destination.join(CURRENT);
    let previous = fs::read_to_string(&current).unwrap_or_default();
    if previous.trim() == key {
        return Ok(());
    }
    crate::engine::direct::write_whole(&current, key.as_bytes())?;
    for entry in fs::read_dir(destination)?.flatten() {
        let name = entry.file_name();
        let kept = name == key || name == previous.trim() || !entry.path().join(MANIFEST).exists();
        if !kept {
            // A kernel that still runs with it has its files mapped.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

fn place(from: &Path, to: &Path, copy: bool) -> anyhow::Result<()> {
    if to.exists() {
        return Ok(());
    }
    if copy || fs::hard_link(from, to).is_err() {
        fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
struct Artifact {
    reason: String,
    package_id: String,
    target: Target,
    filenames: Vec<PathBuf>,
    features: Vec<String>,
    profile: Profile,
}

#[derive(Debug, Deserialize)]
struct Profile {
    opt_level: String,
}

#[derive(Debug, Deserialize)]
struct Target {
    kind: Vec<String>,
    name: String,
}

impl Artifact {
    fn is_macro(&self) -> bool {
        self.target.kind.iter().any(|kind| kind == "proc-macro")
    }

    fn is_library(&self) -> bool {
        let library = |kind: &String| matches!(kind.as_str(), "lib" | "rlib" | "dylib");
        self.target.kind.iter().any(library)
    }
}

fn cargo(workspace: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace).stdin(Stdio::null());
    command
}

fn rustc_version(workspace: &Path) -> anyhow::Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .arg("-V")
        .current_dir(workspace)
        .output()
        .context("cannot run rustc: is Rust installed and on the path?")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn run_cargo(
    workspace: &Path,
    features: &[String],
    own_group: bool,
    watch: &mut dyn FnMut(Event<'_>),
) -> anyhow::Result<Vec<Artifact>> {
    let mut command = cargo(workspace);
    command.args([
        "rustc",
        "--release",
        "--locked",
        "--package=lessons",
        "--lib",
    ]);
    command.args([
        "--crate-type=dylib",
        "--message-format=json-render-diagnostics",
    ]);
    // At this level rustc lets cells use the instances of generics, destructors above all, that the
    // library has compiled, which at 3 each cell would compile again: a third of its time. What must
    // be fast at run time is in `lessons-compute`.
    command.arg("--config=profile.release.package.lessons.opt-level=\"s\"");
    if !features.is_empty() {
        command.arg(format!("--features={}", features.join(",")));
    }
    if own_group {
        command.process_group(0);
    }
    let mut child = command
        .args(["--", "-Cprefer-dynamic"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run cargo: is Rust installed and on the path?")?;
    let group = child.id().cast_signed();
    watch(Event::Started(group));
    let stdout = child.stdout.take().context("cargo has no output")?;
    let stderr = child.stderr.take().context("cargo has no output")?;
    let reader = std::thread::spawn(move || {
        let lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let artifacts = lines.filter_map(|line| serde_json::from_str::<Artifact>(&line).ok());
        artifacts
            .filter(|artifact| artifact.reason == "compiler-artifact")
            .collect::<Vec<_>>()
    });
    let mut last = Vec::new();
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        watch(Event::Line(&line));
        last.push(line);
        if last.len() > 40 {
            last.remove(0);
        }
    }
    watch(Event::Ended(group));
    let artifacts = reader
        .join()
        .map_err(|_| anyhow::anyhow!("reading cargo's answer failed"))?;
    if !child.wait()?.success() {
        bail!(
            "cargo cannot build the lessons library:\n{}",
            last.join("\n")
        );
    }
    let libraries = artifacts
        .into_iter()
        .filter(|artifact| artifact.is_library() || artifact.is_macro());
    Ok(libraries.collect())
}

/// What `cargo metadata` says, as far as it is needed.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Known>,
    resolve: Resolve,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Known {
    id: String,
    name: String,
    version: String,
    source: Option<String>,
    manifest_path: PathBuf,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

impl Metadata {
    /// The packages that the package of a manifest depends on directly, and the names under which
    /// code knows them. Ids hold URLs, so a package is found by its manifest's path.
    fn direct_dependencies(&self, manifest: &Path) -> Option<BTreeMap<String, String>> {
        let package = self
            .packages
            .iter()
            .find(|package| package.manifest_path == manifest)?;
        let node = self
            .resolve
            .nodes
            .iter()
            .find(|node| node.id == package.id)?;
        let normal = node
            .deps
            .iter()
            .filter(|dependency| dependency.dep_kinds.iter().any(|kind| kind.kind.is_none()));
        let named = normal.map(|dependency| (dependency.pkg.clone(), dependency.name.clone()));
        Some(named.collect())
    }

    /// What took part in a build, without the packages of the workspace.
    fn packages(&self, artifacts: &[Artifact], direct: &BTreeMap<String, String>) -> Vec<Package> {
        let mut packages = Vec::new();
        for artifact in artifacts {
            let known = self
                .packages
                .iter()
                .find(|known| known.id == artifact.package_id && known.source.is_some());
            let Some(known) = known else { continue };
            // Only what build scripts and macros need is compiled without optimization.
            let host = artifact.profile.opt_level == "0";
            packages.push(Package {
                name: known.name.clone(),
                version: known.version.clone(),
                features: artifact.features.clone(),
                host,
                extern_name: direct.get(&known.id).cloned().filter(|_| !host),
            });
        }
        packages
    }
}

fn metadata(workspace: &Path, features: &[String]) -> anyhow::Result<Metadata> {
    let mut command = cargo(workspace);
    command.args(["metadata", "--format-version=1", "--locked"]);
    command.arg("--manifest-path=lessons-crate/Cargo.toml");
    if !features.is_empty() {
        command.arg(format!("--features={}", features.join(",")));
    }
    let output = command.output().context("cannot run cargo metadata")?;
    if !output.status.success() {
        bail!(
            "cargo metadata fails:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_may_lie_in_a_folder_with_spaces() {
        let metadata: Metadata = serde_json::from_str(
            r#"{
            "target_directory": "/a b/target",
            "packages": [
                {"id": "half-2", "name": "half", "version": "2.0.0", "source": "registry",
                 "manifest_path": "/half/Cargo.toml"},
                {"id": "path+file:///a%20b/lessons-crate#lessons@0.1.0",
                 "name": "lessons", "version": "0.1.0", "source": null,
                 "manifest_path": "/a b/lessons-crate/Cargo.toml"},
                {"id": "path+file:///a%20b/lessons-crate/cli#lessons-cli@0.1.0",
                 "name": "lessons-cli", "version": "0.1.0", "source": null,
                 "manifest_path": "/a b/lessons-crate/cli/Cargo.toml"}],
            "resolve": {"nodes": [
                {"id": "path+file:///a%20b/lessons-crate#lessons@0.1.0", "deps": [
                    {"name": "half", "pkg": "half-2", "dep_kinds": [{"kind": null}]},
                    {"name": "insta", "pkg": "insta-1", "dep_kinds": [{"kind": "dev"}]}]},
                {"id": "path+file:///a%20b/lessons-crate/cli#lessons-cli@0.1.0", "deps": []}]}
            }"#,
        )
        .unwrap();
        let direct = metadata.direct_dependencies(Path::new("/a b/lessons-crate/Cargo.toml"));
        let half = BTreeMap::from([("half-2".to_owned(), "half".to_owned())]);
        assert_eq!(direct, Some(half));

        let artifact = |id: &str, level: &str| -> Artifact {
            serde_json::from_value(serde_json::json!({
                "reason": "compiler-artifact", "package_id": id, "filenames": [],
                "target": {"kind": ["lib"], "name": "x"}, "features": ["std"],
                "profile": {"opt_level": level},
            }))
            .unwrap()
        };
        let artifacts = [
            artifact("half-2", "3"),
            artifact("half-2", "0"),
            artifact("path+file:///a%20b/lessons-crate#lessons@0.1.0", "3"),
        ];
        let packages = metadata.packages(&artifacts, &direct.unwrap());
        let told: Vec<(&str, bool, Option<&str>)> = packages
            .iter()
            .map(|package| {
                (
                    package.version.as_str(),
                    package.host,
                    package.extern_name.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [("2.0.0", false, Some("half")), ("2.0.0", true, None)]
        );
    }
}
