//! The corpus as files: notebooks of cells, each with what a Rust user expects of it.
//!
//! A cell begins with a line `// %%`. What it is expected to do stands below its code:
//!
//! | line | the cell |
//! | --- | --- |
//! | `//.` | runs and shows nothing |
//! | `//= text` | has this value; several lines are one text |
//! | `//~ phrase` | has a value that contains this |
//! | `//> text` | prints this to standard output; several lines are one text |
//! | `//# 100 lines, the last: text` | prints so many lines |
//! | `//2 phrase` | prints this, among other things, to standard error |
//! | `//@ text/html: phrase` | shows a figure (or a value) of this type; one line a figure, in order |
//! | `//! E0308: phrase` | fails, with this name and with this phrase in what the user reads |
//! | `//+ phrase` | and with this phrase too |
//!
//! What is not named is not there: a cell without `//!` ends well, one without `//=` has no value.
//! In the file's head, `//? library` says that the cells use the prebuilt library, `//? dep CRATE` that
//! they use a crate of the registry.

use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub struct Notebook {
    pub name: String,
    pub library: bool,
    /// What `:dep` takes before the first cell.
    pub dep: Option<String>,
    pub cells: Vec<Cell>,
}

#[derive(Debug, Default)]
pub struct Cell {
    pub code: String,
    /// The line of the file on which the code begins.
    pub line: usize,
    pub expected: Expected,
}

#[derive(Debug, Default)]
pub struct Expected {
    pub value: Option<String>,
    pub value_has: Vec<String>,
    pub stdout: Option<String>,
    pub lines: Option<(usize, String)>,
    pub stderr_has: Vec<String>,
    pub figures: Vec<(String, String)>,
    pub error: Option<String>,
    pub error_has: Vec<String>,
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// All notebooks, in order of their names.
pub fn all() -> Vec<Notebook> {
    let entries = fs::read_dir(folder().join("notebooks")).expect("the corpus");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Notebook {
    let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
    let text = fs::read_to_string(path).unwrap();
    let (mut library, mut dep) = (false, None);
    let mut cells: Vec<Cell> = Vec::new();
    let mut expects = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_end() == "// %%" {
            assert!(
                cells.is_empty() || expects,
                "{name}: the cell above line {} expects nothing",
                index + 1
            );
            expects = false;
            cells.push(Cell {
                line: index + 2,
                ..Cell::default()
            });
        } else if let Some(cell) = cells.last_mut() {
            if read_expected(line, &mut cell.expected) {
                expects = true;
            } else if expects {
                assert!(
                    line.is_empty(),
                    "{name}:{}: code below an expectation",
                    index + 1
                );
            } else {
                cell.code.push_str(line);
                cell.code.push('\n');
            }
        } else {
            library |= line == "//? library";
            dep = dep.or(line.strip_prefix("//? dep ").map(str::to_owned));
        }
    }
    assert!(expects, "{name}: the last cell expects nothing");
    for cell in &mut cells {
        cell.code.truncate(cell.code.trim_end_matches('\n').len());
    }
    Notebook {
        name,
        library,
        dep,
        cells,
    }
}

fn read_expected(line: &str, expected: &mut Expected) -> bool {
    let Some(rest) = line.strip_prefix("//") else {
        return false;
    };
    let mut characters = rest.chars();
    let kind = characters.next();
    let rest = characters.as_str();
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let pair = || {
        let (name, phrase) = rest.split_once(':').unwrap_or((rest, ""));
        (name.trim().to_owned(), phrase.trim().to_owned())
    };
    match kind {
        Some('.') if rest.is_empty() => {}
        Some('=') => join(&mut expected.value, rest),
        Some('~') => expected.value_has.push(rest.to_owned()),
        Some('>') => join(&mut expected.stdout, rest),
        Some('#') => {
            let (count, last) = rest.split_once(" lines, the last: ").expect(rest);
            expected.lines = Some((count.parse().expect(rest), last.to_owned()));
        }
        Some('2') => expected.stderr_has.push(rest.to_owned()),
        Some('@') => expected.figures.push(pair()),
        Some('!') if !rest.starts_with('[') => {
            let (name, phrase) = pair();
            expected.error = Some(name);
            if !phrase.is_empty() {
                expected.error_has.push(phrase);
            }
        }
        Some('+') => expected.error_has.push(rest.to_owned()),
        _ => return false,
    }
    true
}

fn join(text: &mut Option<String>, line: &str) {
    match text {
        Some(text) => {
            text.push('\n');
            text.push_str(line);
        }
        None => *text = Some(line.to_owned()),
    }
}
