//! Commands that change how cells are built and run.

use std::fs;

use super::super::{DirectEngine, Timing};
use super::Call;
use crate::engine::{Cell, CellError, Outcome};

pub fn clear(engine: &mut DirectEngine, _: &Call<'_>) -> Result<(), CellError> {
    engine.stop_process("everything was cleared");
    engine.notebook = Default::default();
    engine.replay.clear();
    engine.compiler.dependencies = Default::default();
    Ok(())
}

pub fn replay(engine: &mut DirectEngine, call: &Call<'_>) -> Result<(), CellError> {
    engine.run_again(call.frontend)
}

pub fn restart(engine: &mut DirectEngine, call: &Call<'_>) -> Result<(), CellError> {
    let lost = engine.stop_process("`:restart` ended the process that runs cells");
    let lost = if lost.is_empty() {
        "no variable was lost".to_owned()
    } else {
        format!("lost: {}", lost.join(", "))
    };
    call.say(format!(
        "The process that runs cells is started anew; {lost}.\n"
    ));
    Ok(())
}

pub fn opt(engine: &mut DirectEngine, call: &Call<'_>) -> Result<(), CellError> {
    match call.argument() {
        "auto" => engine.settings.optimization = None,
        "" => {
            let level = engine.settings.optimization;
            let level = level.map_or("auto".to_owned(), |level| level.to_string());
            call.say(format!("Optimization level: {level}\n"));
        }
        asked => match asked.parse() {
            Ok(level @ 0..=3) => engine.settings.optimization = Some(level),
            _ => {
                return Err(call.refuse(format!(
                    "`:opt {asked}`: the levels are 0, 1, 2, 3 and auto"
                )));
            }
        },
    }
    Ok(())
}

pub fn timing_switch(engine: &mut DirectEngine, _: &Call<'_>) -> Result<(), CellError> {
    engine.settings.timing = !engine.settings.timing;
    Ok(())
}

/// Where a cell's time went, as one line.
pub fn timing(timing: &Timing) -> String {
    let ms = |duration: std::time::Duration| duration.as_secs_f64() * 1e3;
    let build = if timing.cached {
        "compiled before".to_owned()
    } else {
        // Types are found out while the cell compiles.
        format!(
            "probe {:.0} beside compile {:.0} | link {:.0}",
            ms(timing.probe),
            ms(timing.compile),
            ms(timing.link)
        )
    };
    format!(
        "parse {:.1} | {build} | load {:.1} | run {:.1} | total {:.0} ms\n",
        ms(timing.parse),
        ms(timing.load),
        ms(timing.run),
        ms(timing.total)
    )
}

/// Sets a variable in the live process and in those that follow it.
pub fn env(engine: &mut DirectEngine, call: &Call<'_>) -> Result<(), CellError> {
    let Some((key, value)) = call.argument().split_once('=') else {
        return Err(call.refuse("`:env` takes KEY=VALUE"));
    };
    let (key, value) = (key.trim(), value.trim());
    if key.is_empty() || call.argument().contains('\0') {
        return Err(call.refuse("`:env` takes KEY=VALUE"));
    }
    engine.start.environment.retain(|(old, _)| old != key);
    engine
        .start
        .environment
        .push((key.to_owned(), value.to_owned()));
    // As evcxr does it: other threads of the process should be idle between two cells.
    let cell = Cell {
        code: format!("unsafe {{ ::std::env::set_var({key:?}, {value:?}) }}"),
        number: 0,
        allow_stdin: false,
    };
    let timing = std::mem::take(&mut engine.settings.timing);
    let ran = engine.run_cell(&cell, call.frontend);
    engine.settings.timing = timing;
    match ran {
        Ok(Outcome::Done) => Ok(()),
        Ok(Outcome::Failed(error)) => Err(error),
        Err(error) => Err(call.refuse(format!("`{key}` cannot be set: {error:#}"))),
    }
}

pub fn clear_cache(engine: &mut DirectEngine, call: &Call<'_>) -> Result<(), CellError> {
    let units = engine.cache.join("units");
    match fs::remove_dir_all(&units) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(call.refuse(format!("not everything could be removed: {error}"))),
    }
    Ok(())
}

/// Sets a variable for rustc and cargo.
pub fn build_env(engine: &mut DirectEngine, call: &Call<'_>) -> Result<(), CellError> {
    let Some((key, value)) = call.argument().split_once('=') else {
        return Err(call.refuse("`:build_env` takes KEY=VALUE"));
    };
    let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
    if key.is_empty() || call.argument().contains('\0') {
        return Err(call.refuse("`:build_env` takes KEY=VALUE"));
    }
    let environment = &mut engine.compiler.environment;
    environment.retain(|(old, _)| *old != key);
    environment.push((key, value));
    Ok(())
}

pub fn offline(engine: &mut DirectEngine, call: &Call<'_>) -> Result<(), CellError> {
    engine.settings.offline = match call.argument() {
        "1" | "" => true,
        "0" => false,
        other => return Err(call.refuse(format!("`:offline {other}`: it is 0 or 1"))),
    };
    Ok(())
}
