//! `:reload`: newer sources of the library and of path crates, and a newer rustc.

use super::super::dependencies::{Change, Dependencies, Progress, Step};
use super::super::running::Role;
use super::super::rustc::Toolchain;
use super::super::{DirectEngine, explain as told, session};
use super::Call;
use crate::assist::write_indexes;
use crate::engine::CellError;
use crate::library::{self, Event, Library};

pub fn reload(engine: &mut DirectEngine, call: &Call<'_>) -> Result<(), CellError> {
    let other = |error: anyhow::Error| call.refuse(format!("{error:#}"));
    let toolchain = Toolchain::find().map_err(other)?;
    let newer_rustc = toolchain.version != engine.compiler.toolchain.version;
    let library = engine
        .outdated
        .as_ref()
        .unwrap_or(&engine.compiler.library)
        .clone();
    let newer_sources = !library.is_fresh();
    let rebuilt = if newer_sources || newer_rustc || engine.outdated.is_some() {
        rebuild(engine, call, &library)?
    } else {
        None
    };
    if !newer_rustc && rebuilt.is_none() {
        let change = engine.build(call, |engine, site| {
            engine.compiler.dependencies.refresh(site)
        })?;
        match change {
            Some(change) => {
                engine.accept(change, call.frontend);
                call.say("The crates of this notebook are those of today.\n");
            }
            None => {
                call.say("Nothing has changed: library, crates and rustc are those of today.\n")
            }
        }
        return Ok(());
    }

    let what = match (&rebuilt, newer_rustc) {
        (Some(_), true) => format!("The library was built anew by {}", toolchain.version),
        (Some(_), false) => "The library was built anew from today's sources".to_owned(),
        (None, _) => format!("Cells are compiled by {} from now on", toolchain.version),
    };
    let support = session::support(&toolchain, &engine.cache).map_err(other)?;
    let specs = engine.compiler.dependencies.specs().to_vec();
    engine.compiler.toolchain = toolchain;
    engine.compiler.support = support;
    if let Some(rebuilt) = rebuilt {
        engine.compiler.library = rebuilt;
        engine.outdated = None;
    }
    engine.compiler.dependencies = Dependencies::default();
    let lost = engine.stop_process("`:reload` started the process that runs cells anew");
    engine.look_for_libraries();
    let lost = if lost.is_empty() {
        "no variable was lost".to_owned()
    } else {
        format!("lost: {}", lost.join(", "))
    };
    call.say(format!(
        "{what}. The process that runs cells is started anew; {lost}.\n"
    ));
    if !specs.is_empty() {
        let change = engine.build(call, |engine, site| {
            engine.compiler.dependencies.add(specs, site)
        })?;
        if let Some(change) = change {
            // Nothing of it can be loaded yet.
            let change = Change {
                replaced: false,
                ..change
            };
            engine.accept(change, call.frontend);
        }
    }
    Ok(())
}

/// Builds the library in its checkout; `None` without a library.
fn rebuild(
    engine: &DirectEngine,
    call: &Call<'_>,
    library: &Library,
) -> Result<Option<Library>, CellError> {
    let Some((manifest, destination)) = library.manifest().zip(library.destination()) else {
        return Ok(None);
    };
    let progress = Progress::new(call.frontend.clone());
    let running = &engine.compiler.running;
    let built = library::build_watched(
        &manifest.workspace,
        destination,
        &manifest.features,
        &mut |event| match event {
            Event::Line(line) => progress.step(Step::Line(line.to_owned())),
            Event::Started(group) => running.add(group, Role::Compiler),
            Event::Ended(group) => running.remove(group),
        },
    );
    let built = built.and_then(|built| {
        if let Some(folder) = built.folder() {
            write_indexes(&manifest.workspace, folder)?;
        }
        Ok(built)
    });
    match built {
        Ok(built) => {
            progress.finish("The library is built");
            Ok(Some(built))
        }
        Err(_) if running.interrupted() => {
            progress.finish("interrupted");
            Err(told::interrupted_compiling())
        }
        Err(error) => {
            progress.finish("failed");
            Err(super::dep::failed(format!("{error:#}")))
        }
    }
}
