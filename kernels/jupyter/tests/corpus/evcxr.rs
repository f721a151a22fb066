//! What evcxr gives for the corpus, recorded once, and the list of where it differs.
//!
//! `LESSONS_RECORD=1 cargo test --release -p lessons-kernel --features evcxr --test corpus record`
//! records again; with `CORPUS=name`, only the notebooks whose name contains that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::notebook::{self, Notebook};

/// One cell as it was recorded.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Recorded {
    code: String,
    answer: Answer,
}

/// The cells of each notebook.
type Recording = BTreeMap<String, Vec<Recorded>>;

const RECORDING: &str = "evcxr.json";
const DIFFERENCES: &str = "DIFFERENCES.md";

fn recording() -> Recording {
    let text = fs::read_to_string(notebook::folder().join(RECORDING)).expect("a recording");
    serde_json::from_str(&text).expect("a recording")
}

/// The notebooks that were recorded: all but those of the library, which evcxr would have to build.
fn notebooks() -> Vec<Notebook> {
    let mut notebooks = notebook::all();
    notebooks.retain(|notebook| !notebook.library);
    notebooks
}

/// The name of a cell in the list.
fn title(notebook: &Notebook, index: usize) -> String {
    format!("`{}` cell {}", notebook.name, index + 1)
}

/// The lines of the list: each cell with what it does instead.
fn differences(recording: &Recording) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for notebook in notebooks() {
        let recorded = recording.get(&notebook.name).map_or(&[][..], Vec::as_slice);
        for (index, (cell, recorded)) in notebook.cells.iter().zip(recorded).enumerate() {
            if let Some(difference) = recorded.answer.differs(&cell.expected, false) {
                let line = difference.split_whitespace().collect::<Vec<_>>().join(" ");
                lines.insert(format!("- {}: {line}", title(&notebook, index)));
            }
        }
    }
    lines
}

#[test]
fn the_recording_of_evcxr_is_of_this_corpus() {
    let recording = recording();
    let mut stale = Vec::new();
    for notebook in notebooks() {
        let recorded = recording.get(&notebook.name).map_or(&[][..], Vec::as_slice);
        let codes = recorded.iter().map(|cell| &cell.code);
        if !notebook.cells.iter().map(|cell| &cell.code).eq(codes) {
            stale.push(notebook.name);
        }
    }
    assert!(
        stale.is_empty(),
        "these notebooks have changed since evcxr's answers were recorded: {stale:?}. Record them \
         again: LESSONS_RECORD=1 CORPUS=NAME cargo test --release -p lessons-kernel --features evcxr \
         --test corpus record"
    );
    let names: BTreeSet<String> = notebooks().into_iter().map(|known| known.name).collect();
    assert_eq!(recording.into_keys().collect::<BTreeSet<_>>(), names);
}

#[test]
fn the_list_of_evcxrs_differences_is_that_of_the_recording() {
    let text = fs::read_to_string(notebook::folder().join(DIFFERENCES)).expect("the list");
    let listed: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("- `") && line.contains("` cell "))
        .collect();
    let unique: BTreeSet<String> = listed.iter().map(|line| (*line).to_owned()).collect();
    assert_eq!(unique.len(), listed.len(), "a cell is listed twice");
    let recorded = differences(&recording());
    let missing: Vec<_> = recorded.difference(&unique).cloned().collect();
    let wrong: Vec<_> = unique.difference(&recorded).cloned().collect();
    assert!(
        missing.is_empty() && wrong.is_empty(),
        "{DIFFERENCES} lacks\n{}\n\nand has what is not so:\n{}",
        missing.join("\n"),
        wrong.join("\n")
    );
}

#[cfg(feature = "evcxr")]
mod live {
    use std::time::Duration;

    use super::*;
    use crate::harness;

    /// Notebooks whose answers depend neither on the machine nor on its speed.
    const LIVE: [&str; 5] = [
        "03_display",
        "05_mutate",
        "07_move",
        "11_impls",
        "19_panics",
    ];

    /// What takes longer does not end.
    const LIMIT: Duration = Duration::from_secs(180);

    fn answers(notebook: &Notebook) -> Vec<Recorded> {
        let mut session = harness::evcxr();
        if let Some(dep) = &notebook.dep {
            session.ok(&format!(":dep {dep}"));
        }
        let cells = notebook.cells.iter();
        cells
            .map(|cell| {
                let mut answer = Answer::of(&session.run_within(&cell.code, LIMIT));
                // The first line says it; the rest may name what changes from run to run.
                answer.said = answer.said.lines().next().unwrap_or_default().to_owned();
                Recorded {
                    code: cell.code.clone(),
                    answer,
                }
            })
            .collect()
    }

    #[test]
    #[ignore = "takes minutes, and rust-src, without which evcxr knows few types"]
    fn evcxr_still_gives_what_was_recorded() {
        let recording = recording();
        let mut live = notebooks();
        live.retain(|notebook| LIVE.contains(&notebook.name.as_str()));
        assert_eq!(live.len(), LIVE.len());
        let check = |notebook: &Notebook| {
            let recorded = &recording[&notebook.name];
            for (index, (now, then)) in answers(notebook).iter().zip(recorded).enumerate() {
                let then = Answer {
                    stderr: now.answer.stderr.clone(),
                    ..then.answer.clone()
                };
                assert_eq!(now.answer, then, "{}\n{}", title(notebook, index), now.code);
            }
        };
        std::thread::scope(|scope| {
            // evcxr compiles on one core at a time.
            for half in live.chunks(live.len().div_ceil(2)) {
                scope.spawn(move || half.iter().for_each(check));
            }
        });
    }

    #[test]
    fn record_evcxr() {
        if std::env::var_os("LESSONS_RECORD").is_none() {
            println!("skipped: LESSONS_RECORD is not set");
            return;
        }
        let name = std::env::var("CORPUS").unwrap_or_default();
        let path = notebook::folder().join(RECORDING);
        let mut recording = match path.exists() {
            true => recording(),
            false => Recording::new(),
        };
        let all = notebooks();
        recording.retain(|known, _| all.iter().any(|notebook| notebook.name == *known));
        for notebook in all.iter().filter(|notebook| notebook.name.contains(&name)) {
            recording.insert(notebook.name.clone(), answers(notebook));
            let text = serde_json::to_string_pretty(&recording).unwrap();
            fs::write(&path, text + "\n").unwrap();
        }
        for line in differences(&recording) {
            println!("{line}");
        }
    }
}
