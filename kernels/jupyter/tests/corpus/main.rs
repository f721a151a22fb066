//! A corpus of short notebooks, each cell with what a Rust user expects of it.
//!
//! The direct engine gives all of it. What evcxr gives for the same cells is in `evcxr.json`, and where
//! that differs from what is expected in `DIFFERENCES.md`.
//!
//! `CORPUS=name` runs the notebooks whose name contains that.

mod answer;
mod evcxr;
#[path = "../harness/mod.rs"]
#[allow(dead_code)]
mod harness;
mod notebook;

use std::sync::Mutex;
use std::time::Instant;

use answer::Answer;
use harness::Session;
use lessons_kernel::library::{self, Library};
use notebook::Notebook;

/// Runs each notebook in a session of its own, as many at a time as there are cores; what differed, in
/// order.
fn run(notebooks: &[Notebook], session: impl Fn() -> Session + Sync) -> Vec<String> {
    let queue = Mutex::new(notebooks.iter().enumerate());
    let failures = Mutex::new(Vec::new());
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores.clamp(2, 8) {
            scope.spawn(|| {
                loop {
                    let Some((index, notebook)) = queue.lock().unwrap().next() else {
                        return;
                    };
                    let mut session = session();
                    if let Some(dep) = &notebook.dep
                        && !session.has_dep(dep)
                    {
                        println!(
                            "{} skipped: the registry is not to be reached",
                            notebook.name
                        );
                        continue;
                    }
                    for cell in &notebook.cells {
                        let ran = session.run(&cell.code);
                        if let Some(difference) = Answer::of(&ran).differs(&cell.expected, true) {
                            let at = format!("{}.rs:{}", notebook.name, cell.line);
                            let failure = format!("{at}\n{}\n{difference}\n", cell.code);
                            failures.lock().unwrap().push((index, cell.line, failure));
                        }
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    failures
        .into_iter()
        .map(|(_, _, failure)| failure)
        .collect()
}

fn selected(library: bool) -> Vec<Notebook> {
    let name = std::env::var("CORPUS").unwrap_or_default();
    let mut notebooks = notebook::all();
    notebooks.retain(|notebook| notebook.library == library && notebook.name.contains(&name));
    notebooks
}

fn report(notebooks: &[Notebook], failures: &[String], begin: Instant) {
    let cells: usize = notebooks.iter().map(|notebook| notebook.cells.len()).sum();
    println!(
        "{} notebooks, {cells} cells, {} differences, {:.1} s",
        notebooks.len(),
        failures.len(),
        begin.elapsed().as_secs_f64()
    );
    assert!(
        failures.is_empty(),
        "{} of {cells} cells differ:\n\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn the_corpus_is_as_large_as_it_is_said_to_be() {
    let notebooks = notebook::all();
    let cells: usize = notebooks.iter().map(|notebook| notebook.cells.len()).sum();
    assert!(notebooks.len() >= 40, "{} notebooks", notebooks.len());
    assert!(cells >= 200, "{cells} cells");
}

#[test]
fn the_direct_engine_gives_what_is_expected() {
    let notebooks = selected(false);
    let begin = Instant::now();
    let failures = run(&notebooks, Session::new);
    report(&notebooks, &failures, begin);
}

/// `LESSONS_LIBRARY` names the folder into which a library was built.
#[test]
fn the_direct_engine_gives_what_is_expected_of_the_library() {
    let Some(folder) = std::env::var_os("LESSONS_LIBRARY").map(std::path::PathBuf::from) else {
        println!("skipped: LESSONS_LIBRARY names no prebuilt library");
        return;
    };
    let folder = library::locate(&folder).unwrap_or(folder);
    let notebooks = selected(true);
    let begin = Instant::now();
    let failures = run(&notebooks, || {
        Session::with(Library::open(&folder).expect("a library"))
    });
    report(&notebooks, &failures, begin);
}
