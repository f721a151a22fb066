//! `:dep`: from what is written to crates that cells can name.

use std::sync::Arc;

use super::super::dependencies::{self, Change, Progress, Site, Spec, Stop};
use super::super::{ADDED, DEPENDENCIES, DirectEngine, explain as told};
use super::Call;
use crate::engine::{CellError, Frontend, Output};

pub fn dep(engine: &mut DirectEngine, call: &Call<'_>) -> Result<(), CellError> {
    let base = std::env::current_dir()
        .map_err(|error| call.refuse(format!("there is no working directory: {error}")))?;
    let mut specs: Vec<Spec> = Vec::new();
    for command in std::iter::once(call.command).chain(call.more) {
        let parsed = dependencies::parse(&command.argument, &base).map_err(|message| {
            let call = Call {
                command,
                more: &[],
                frontend: call.frontend,
            };
            call.refuse(message)
        })?;
        specs.extend(parsed);
    }
    if let Some(outdated) = &engine.outdated
        && specs.iter().any(|spec| spec.name() == "lessons")
    {
        return Err(call.refuse(told::outdated(outdated, &engine.compiler.toolchain.version)));
    }
    if let Some(spec) = specs.iter().find(|spec| spec.name() == "lessons")
        && engine.compiler.library.manifest().is_none()
        && spec.is_from_registry()
    {
        return Err(call.refuse(format!(
            "`:dep {}`: this kernel has no prebuilt library",
            spec.key
        )));
    }
    let change = engine.build(call, |engine, site| {
        engine.compiler.dependencies.add(specs, site)
    })?;
    if let Some(change) = change {
        engine.accept(change, call.frontend);
    }
    Ok(())
}

impl DirectEngine {
    /// Lets dependencies be built, with progress shown.
    pub(super) fn build(
        &self,
        call: &Call<'_>,
        build: impl FnOnce(&DirectEngine, &Site<'_>) -> Result<Option<Change>, Stop>,
    ) -> Result<Option<Change>, CellError> {
        let progress = Progress::new(call.frontend.clone());
        let site = Site {
            toolchain: &self.compiler.toolchain,
            library: &self.compiler.library,
            home: self.cache.join(DEPENDENCIES),
            offline: self.settings.offline,
            environment: &self.compiler.environment,
            running: &self.compiler.running,
            progress: &progress,
        };
        match build(self, &site) {
            Ok(change) => {
                let summary = change.as_ref().map(|change| change.summary.as_str());
                progress.finish(summary.filter(|text| !text.is_empty()).unwrap_or("done"));
                Ok(change)
            }
            Err(Stop::Interrupted) => {
                progress.finish("interrupted");
                Err(told::interrupted_compiling())
            }
            Err(Stop::Failed(message)) => {
                progress.finish("failed");
                Err(failed(message))
            }
            Err(Stop::Other(error)) => {
                progress.finish("failed");
                Err(call.refuse(format!("{error:#}")))
            }
        }
    }

    /// Takes over what was built; the process starts anew where it holds other versions of it.
    pub(super) fn accept(&mut self, change: Change, frontend: &Arc<dyn Frontend>) {
        let note = |text: String| {
            frontend.emit(Output::Stderr(format!("note: {text}\n").into_bytes()));
        };
        self.compiler.dependencies = change.dependencies;
        for text in change.notes {
            note(text);
        }
        if change.replaced {
            let lost = self.stop_process("a crate that it stands on was built anew");
            if !lost.is_empty() {
                note(format!(
                    "crates that were in use have changed, so the process that runs cells starts anew; \
                     lost: {}",
                    lost.join(", ")
                ));
            }
        }
        let added = self.session.path().join(ADDED);
        for file in self.compiler.dependencies.shared_objects() {
            if let Some(name) = file.file_name() {
                // One that is there already was linked by an earlier `:dep`.
                let _ = std::os::unix::fs::symlink(&file, added.join(name));
            }
        }
    }
}

pub fn failed(message: String) -> CellError {
    let first = message
        .lines()
        .find(|line| line.starts_with("error"))
        .or_else(|| message.lines().next())
        .unwrap_or_default();
    let mut traceback: Vec<String> = message.lines().map(str::to_owned).collect();
    let offline = [
        "failed to download",
        "Could not resolve",
        "failed to fetch",
        "download of config.json failed",
    ];
    if offline.iter().any(|word| message.contains(word)) {
        traceback.push(
            "If there is no network here, `:offline 1` makes cargo use what it has downloaded before."
                .to_owned(),
        );
    }
    CellError {
        ename: "DependencyError".into(),
        evalue: first.trim_start_matches("error: ").to_owned(),
        traceback,
    }
}
