//! The crate that a cell is compiled as.
//!
//! `cell.rs` holds the cell's statements inside its entry function, `items.rs` and `macros.rs` its
//! items at module level, `items-N.rs` and `macros-N.rs` the items of earlier cells that it needs;
//! `main.rs` includes them all. In each file the user's code stands on the line on which it stands
//! in its cell, so that panics and `#[track_caller]` name that line. Generated code is squeezed
//! before and after it on the same lines, and a [`SourceFile`] knows which bytes are whose.

mod body;
mod items;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::cell::{CheckPoint, Declared, ItemKind, ParsedCell, check_points};

use super::dependencies::{Nameable, Runtime};
use super::notebook::{LiveItem, LiveVariable, Notebook};

pub use self::source::{CellText, Origin, SourceFile};

/// Lints about code that a notebook has good reasons for.
const LINTS: &str = "#![allow(unused_variables, unused_mut, unused_assignments, unused_imports, \
    unused_macros, unused_braces, unused_parens, unreachable_code, dead_code, non_local_definitions, \
    private_interfaces, improper_ctypes, redundant_imports, non_snake_case, \
    clashing_extern_declarations, non_upper_case_globals, path_statements, uncommon_codepoints, \
    mixed_script_confusables, confusable_idents)]\n";

/// Everything that is compiled for one cell.
#[derive(Debug, Clone)]
pub struct Unit {
    pub files: Vec<SourceFile>,
    /// Part of rustc's arguments: the crate's disambiguator.
    pub generation: u32,
    /// Whether any of the code loops, and so is worth optimizing.
    pub loops: bool,
    /// How many layers of dependencies it needs.
    pub layers: usize,
    /// The statics whose memory this unit holds.
    pub defines_statics: Vec<String>,
    /// The names of the statics that it uses and that are more than constants.
    pub changing_statics: Vec<String>,
}

/// What the generated code does with a variable that the cell declares.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// Declared variables that cannot be kept.
    pub lost_new: BTreeSet<String>,
    /// Variables of earlier cells that cannot be put back.
    pub lost_old: BTreeSet<String>,
    /// Types to coerce to when storing: function items become function pointers.
    pub coerced: BTreeMap<String, String>,
    /// Whether the value is shown by `Debug` without looking for a method of its own.
    pub by_debug: bool,
}

/// What the cell's end does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Keeps the variables: the code that runs.
    Run,
    /// Makes rustc name the types of the declared variables.
    Probe,
    /// Makes rustc name the type of the trailing expression, under the name [`VALUE`].
    Type,
    /// Nothing runs: the cell's macro calls stand in functions of their own, to be expanded.
    Expand,
}

/// What [`Mode::Type`] calls the trailing expression.
pub const VALUE: &str = "the value";
/// What the functions around macro calls are called; a number follows.
pub const CALL: &str = "__lessons_call_";

/// A cell on top of a notebook that already contains its items.
pub struct Generator<'n> {
    pub notebook: &'n Notebook,
    pub cell: &'n ParsedCell,
    pub form: Form,
    /// Whether loops look whether the cell has been interrupted.
    pub interruptible: bool,
    /// The crates that the cell can name.
    pub crates: &'n BTreeMap<String, Nameable>,
    /// What runs futures, if anything does.
    pub runtime: Option<&'n Runtime>,
}

/// How a cell's body runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body<'n> {
    Plain,
    /// With a runtime at hand for what it calls.
    Within(&'n Runtime),
    /// As a future in a runtime.
    Awaited(&'n Runtime),
}

/// How much of a cell's text is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Items, statements and value are known.
    Parsed,
    /// The brackets match; the whole text stands where statements do, for rustc to judge.
    Statements,
    /// Not even that: the text stands alone, so that rustc's judgement is about nothing else.
    Text,
}

impl<'n> Generator<'n> {
    /// The live variables that the cell mentions, and so takes.
    pub fn taken(&self) -> BTreeMap<&str, &LiveVariable> {
        let mentioned = self.notebook.variables.iter().filter(|(name, _)| {
            self.cell.uses.contains(*name)
                || self
                    .cell
                    .declared
                    .iter()
                    .any(|declared| declared.name == **name)
        });
        mentioned
            .map(|(name, variable)| (name.as_str(), variable))
            .collect()
    }

    /// Writes the crate.
    pub fn unit(&self, choices: &Choices, mode: Mode) -> Unit {
        if self.form == Form::Text {
            return self.text_alone();
        }
        let own = self.notebook.texts.len().wrapping_sub(1);
        let own = if self.cell.items.is_empty() {
            usize::MAX
        } else {
            own
        };
        let mut names = self.cell.uses.clone();
        for (_, variable) in self.taken().into_iter().chain(self.revived()) {
            names.extend(crate::cell::identifiers(&variable.ty));
        }
        for item in &self.cell.items {
            names.extend(item.uses.iter().cloned());
        }
        let mut needed = self.notebook.needed(&names);
        for (index, live) in self.notebook.items.iter().enumerate() {
            if live.cell == own && !needed.contains(&index) {
                needed.push(index);
            }
        }
        needed.sort_unstable();
        let live: Vec<&LiveItem> = needed
            .iter()
            .map(|&index| &self.notebook.items[index])
            .collect();

        for item in &live {
            names.extend(item.item.uses.iter().cloned());
            for leaf in &item.leaves {
                names.extend(crate::cell::identifiers(&leaf.path));
            }
        }
        let mentioned: Vec<&Nameable> = names
            .iter()
            .filter_map(|name| self.crates.get(name))
            .collect();
        let body = match self.runtime {
            Some(runtime) if self.cell.awaits.is_some() => Body::Awaited(runtime),
            Some(runtime) if names.contains(&runtime.tokio) => Body::Within(runtime),
            _ => Body::Plain,
        };
        let below = match body {
            Body::Plain => 0,
            Body::Within(runtime) | Body::Awaited(runtime) => runtime.layers,
        };
        let layers = mentioned.iter().map(|named| named.layers).chain([below]);

        let mut defines_statics = Vec::new();
        let mut main = SourceFile::new("main.rs", None);
        main.text.push_str(LINTS);
        for range in &self.cell.attributes {
            main.text.push_str(&self.cell.text[range.clone()]);
            main.text.push('\n');
        }
        if names.contains("dbg") {
            main.text
                .push_str("#[macro_use(dbg)] extern crate lessons_cell;\n");
        }
        // A crate's code and statics are in a dylib: without it, the cell would get its own copy.
        let anchors: BTreeSet<&String> = mentioned
            .iter()
            .filter_map(|named| named.anchor.as_ref())
            .collect();
        for anchor in anchors {
            // Not `extern crate … as _`: rustc would call its types `_::…`.
            let _ = writeln!(main.text, "use ::{anchor} as _;");
        }
        let mut files = Vec::new();
        let mut cells: Vec<usize> = live.iter().map(|live| live.cell).collect();
        cells.sort_unstable();
        cells.dedup();
        // Macros must stand before their first use, whichever cell that is in.
        for macros in [true, false] {
            for (number, &cell) in cells.iter().enumerate() {
                let part = live.iter().filter(|live| {
                    live.cell == cell && (live.item.kind == ItemKind::Macro) == macros
                });
                let part: Vec<&LiveItem> = part.copied().collect();
                let name = match (macros, cell == own) {
                    (true, true) => "macros.rs".to_owned(),
                    (true, false) => format!("macros-{number}.rs"),
                    (false, true) => "items.rs".to_owned(),
                    (false, false) => format!("items-{number}.rs"),
                };
                let file =
                    self.items_file(&name, &part, own, &needed, &mut main, &mut defines_statics);
                if !file.text.trim().is_empty() {
                    // A macro from an `include!` would not shadow one of std's: its own module does.
                    let _ = if macros {
                        let module = name.replace(['-', '.'], "_");
                        writeln!(
                            main.text,
                            "#[path = {name:?}] #[macro_use] mod __lessons_{module};"
                        )
                    } else {
                        writeln!(main.text, "include!({name:?});")
                    };
                    files.push(file);
                }
            }
        }
        main.text.push_str("include!(\"cell.rs\");\n");
        let mut points = self
            .cell
            .check_points
            .iter()
            .chain(live.iter().flat_map(|live| &live.item.check_points));
        let checked = self.interruptible && points.next().is_some();
        if checked {
            let _ = writeln!(
                main.text,
                "static __LESSONS_CHECK_POINT: ::lessons_cell::CheckPoint = \
                 ::lessons_cell::CheckPoint::new(); \
                 #[inline(always)] #[track_caller] fn {}() {{ __LESSONS_CHECK_POINT.check() }}",
                check_points::FUNCTION
            );
        }
        files.push(match mode {
            Mode::Expand => self.calls_file(),
            Mode::Run | Mode::Probe | Mode::Type => self.cell_file(choices, mode, checked, body),
        });
        files.push(main);
        let changing_statics = live
            .iter()
            .filter(|live| {
                let mut pieces = live.item.memory.iter().flat_map(|memory| &memory.pieces);
                pieces.any(|piece| piece.mutable || self.notebook.changes_inside(&piece.ty))
            })
            .filter_map(|live| live.item.title());
        Unit {
            files,
            generation: self.notebook.generation,
            loops: self.cell.loops || live.iter().any(|live| live.item.loops),
            layers: layers.max().unwrap_or(0),
            defines_statics,
            changing_statics: changing_statics.map(str::to_owned).collect(),
        }
    }

    fn text_alone(&self) -> Unit {
        let text = CellText {
            text: self.cell.text.as_str().into(),
            current: true,
        };
        let mut file = SourceFile::new("cell.rs", Some(text));
        file.push_user(0..self.cell.text.len(), &[]);
        let mut main = SourceFile::new("main.rs", None);
        main.text.push_str("include!(\"cell.rs\");\n");
        Unit {
            files: vec![file, main],
            generation: self.notebook.generation,
            loops: false,
            layers: 0,
            defines_statics: Vec::new(),
            changing_statics: Vec::new(),
        }
    }

    /// Those of the check points that are wanted here.
    fn check_points<'p>(&self, points: &'p [CheckPoint]) -> Vec<&'p CheckPoint> {
        let wanted = points.iter().filter(|point| {
            self.interruptible && point.condition.holds(|name| self.notebook.is_short(name))
        });
        wanted.collect()
    }

    /// Variables without a value that the cell gives one, unless it declares them anew.
    pub fn revived(&self) -> BTreeMap<&str, &LiveVariable> {
        let vacant = self.notebook.vacant.iter().filter(|(name, _)| {
            let declared = |declared: &Declared| declared.name == **name;
            self.cell.assigned.contains(*name)
                && !self.notebook.variables.contains_key(*name)
                && !self.cell.declared.iter().any(declared)
        });
        vacant
            .map(|(name, variable)| (name.as_str(), variable))
            .collect()
    }

    /// The cell's macro calls, each in a function of its own.
    fn calls_file(&self) -> SourceFile {
        let mut file = SourceFile::new("cell.rs", None);
        for (number, call) in self.cell.calls.iter().enumerate() {
            let _ = writeln!(
                file.text,
                "fn {CALL}{number}() {{ {} }}",
                call.as_statement()
            );
        }
        file
    }
}
