//! The crate that a cell is compiled as.
//!
//! `cell.rs` holds the cell's statements inside its entry function, `items.rs` and `macros.rs` its
//! items at module level, `items-N.rs` and `macros-N.rs` the items of earlier cells that it needs;
//! `main.rs` includes them all. In each file the user's code stands on the line on which it stands
//! in its cell, so that panics and `#[track_caller]` name that line. Generated code is squeezed
//! before and after it on the same lines, and a [`SourceFile`] knows which bytes are whose.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

use crate::cell::{CheckPoint, Declared, ItemKind, ParsedCell, Piece, as_written, check_points};

use super::dependencies::{Nameable, Runtime};
use super::notebook::{LiveItem, LiveVariable, Notebook};

/// Lints about code that a notebook has good reasons for.
const LINTS: &str = "#![allow(unused_variables, unused_mut, unused_assignments, unused_imports, \
    unused_macros, unused_braces, unused_parens, unreachable_code, dead_code, non_local_definitions, \
    private_interfaces, improper_ctypes, redundant_imports, non_snake_case, \
    clashing_extern_declarations, non_upper_case_globals, path_statements, uncommon_codepoints, \
    mixed_script_confusables, confusable_idents)]\n";

/// What a stretch of a generated file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The user's code, from this byte of the file's cell on.
    User(usize),
    /// Takes this variable out of the store.
    Take(String),
    /// Puts this variable, declared by the cell, into the store.
    KeepNew(String),
    /// Puts this variable, which the cell only borrowed, back into the store.
    KeepOld(String),
    /// Shows the cell's value.
    Shown,
}

#[derive(Debug, Clone)]
pub struct Segment {
    pub generated: Range<usize>,
    pub origin: Origin,
}

/// One generated file.
#[derive(Debug, Clone)]
pub struct SourceFile {
    pub name: String,
    pub text: String,
    pub segments: Vec<Segment>,
    /// The cell whose code stands in it; `None` for `main.rs`.
    pub cell: Option<CellText>,
}

/// A cell that code came from.
#[derive(Debug, Clone)]
pub struct CellText {
    pub text: Arc<str>,
    pub current: bool,
}

impl SourceFile {
    fn new(name: &str, cell: Option<CellText>) -> Self {
        SourceFile {
            name: name.to_owned(),
            text: String::new(),
            segments: Vec::new(),
            cell,
        }
    }

    fn push(&mut self, origin: Origin, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        self.segments.push(Segment {
            generated: start..self.text.len(),
            origin,
        });
    }

    /// Goes on to the line on which this byte of the cell stands.
    fn go_to(&mut self, position: usize) {
        let Some(cell) = &self.cell else { return };
        let line = cell.text[..position].matches('\n').count();
        let here = self.text.matches('\n').count();
        self.text
            .extend(std::iter::repeat_n('\n', line.saturating_sub(here)));
    }

    /// Puts code that is nobody's on the line of a byte of the cell.
    fn push_generated(&mut self, position: usize, text: &str) {
        self.go_to(position);
        self.text.push_str(text);
    }

    /// Puts a range of the cell on its own lines, with these check points between its parts.
    fn push_user(&mut self, range: Range<usize>, check_points: &[&CheckPoint]) {
        let Some(cell) = self.cell.clone() else {
            return;
        };
        if range.is_empty() {
            return;
        }
        self.go_to(range.start);
        let mut start = range.start;
        for point in check_points {
            if point.is_within(&range) {
                self.push(Origin::User(start), &cell.text[start..point.at]);
                self.text.push_str(point.text);
                start = point.at;
            }
        }
        self.push(Origin::User(start), &cell.text[start..range.end]);
        self.text.push(' ');
    }
}

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

    fn items_file(
        &self,
        name: &str,
        items: &[&LiveItem],
        own: usize,
        needed: &[usize],
        main: &mut SourceFile,
        defines_statics: &mut Vec<String>,
    ) -> SourceFile {
        let Some(cell) = items.first().map(|live| live.cell) else {
            return SourceFile::new(name, None);
        };
        let text = CellText {
            text: self.notebook.texts[cell].clone(),
            current: cell == own,
        };
        let mut file = SourceFile::new(name, Some(text));
        for live in items {
            if cell != own && !live.leaves.is_empty() {
                for leaf in live
                    .leaves
                    .iter()
                    .filter(|leaf| self.notebook.leads(leaf, needed))
                {
                    let _ = writeln!(main.text, "use {};", leaf.path);
                }
                continue;
            }
            let points = self.check_points(&live.item.check_points);
            let mut start = live.item.range.start;
            for (range, text) in self.edits(live, defines_statics) {
                // A static inside of what is replaced goes with it.
                if range.start < start {
                    continue;
                }
                file.push_user(start..range.start, &points);
                file.push_generated(range.start, &text);
                start = range.end;
            }
            file.push_user(start..live.item.range.end, &points);
        }
        file
    }

    /// Those of the check points that are wanted here.
    fn check_points<'p>(&self, points: &'p [CheckPoint]) -> Vec<&'p CheckPoint> {
        let wanted = points.iter().filter(|point| {
            self.interruptible && point.condition.holds(|name| self.notebook.is_short(name))
        });
        wanted.collect()
    }

    /// What stands in an item's text in place of some ranges: nothing for what was replaced, and for
    /// statics what makes their memory one for all cells.
    fn edits(
        &self,
        live: &LiveItem,
        defines_statics: &mut Vec<String>,
    ) -> Vec<(Range<usize>, String)> {
        let holes = live.holes.iter().map(|hole| (hole.clone(), String::new()));
        let mut edits: Vec<(Range<usize>, String)> = holes.collect();
        let mut symbols = live.symbols.iter();
        for memory in &live.item.memory {
            let pieces: Vec<(&Piece, &String)> =
                memory.pieces.iter().zip(symbols.by_ref()).collect();
            let loaded =
                |(_, symbol): &(&Piece, &String)| self.notebook.loaded_statics.contains(*symbol);
            if pieces.iter().all(loaded) {
                let text = pieces
                    .iter()
                    .map(|(piece, symbol)| declaration(piece, symbol, memory.thread_local));
                edits.push((memory.range.clone(), text.collect()));
                continue;
            }
            defines_statics.extend(pieces.iter().map(|(_, symbol)| (*symbol).clone()));
            let Range { start, end } = memory.range;
            if memory.thread_local {
                let keys = pieces.iter().map(|(Piece { name, ty, .. }, symbol)| {
                    format!(
                        " #[unsafe(export_name = {symbol:?})] static __{symbol}: \
                         ::std::thread::LocalKey<{ty}> = {name};"
                    )
                });
                edits.push((end..end, keys.collect()));
            } else if let Some((_, symbol)) = pieces.first() {
                let mark = format!("#[unsafe(export_name = {symbol:?})] ");
                edits.push((start..start, mark));
            }
        }
        edits.sort_by_key(|(range, _)| range.start);
        edits
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

    fn cell_file(
        &self,
        choices: &Choices,
        mode: Mode,
        checked: bool,
        body: Body<'n>,
    ) -> SourceFile {
        let text = CellText {
            text: self.cell.text.as_str().into(),
            current: true,
        };
        let mut file = SourceFile::new("cell.rs", Some(text));
        let taken = self.taken();
        let names: Vec<&str> = taken.keys().copied().collect();
        let _ = write!(
            file.text,
            "#[unsafe(no_mangle)] extern \"C\" fn lessons_cell_entry() {{ \
             ::lessons_cell::enter(&{names:?}, {}, || {{ ",
            if checked {
                "::core::option::Option::Some(&crate::__LESSONS_CHECK_POINT)"
            } else {
                "::core::option::Option::None"
            }
        );
        if let Body::Within(runtime) = body {
            let _ = write!(
                file.text,
                "let __lessons_runtime = ::{}::enter(); ",
                runtime.dylib
            );
        }
        for (name, variable) in &taken {
            let mutable = if variable.mutable { "mut " } else { "" };
            let code = format!(
                "let {mutable}{}: {} = ::lessons_cell::take({name:?}); ",
                as_written(name),
                variable.ty
            );
            file.push(Origin::Take((*name).to_owned()), &code);
        }
        let _ = match body {
            Body::Plain | Body::Within(_) => write!(
                file.text,
                "let __lessons_done = ::lessons_cell::catch(\
                 || -> ::core::result::Result<(), ::lessons_cell::CellError> {{ ",
            ),
            Body::Awaited(runtime) => write!(
                file.text,
                "let __lessons_done = ::lessons_cell::catch_awaiting(::{}::block_on, async {{ ",
                runtime.dylib
            ),
        };
        self.push_revived(&mut file);
        if self.form == Form::Parsed {
            let points = self.check_points(&self.cell.check_points);
            for range in &self.cell.statements {
                file.push_user(range.clone(), &points);
            }
            if let Some(range) = &self.cell.trailing {
                if mode == Mode::Type {
                    file.go_to(range.start);
                    let origin = Origin::KeepNew(VALUE.to_owned());
                    file.push(origin, "let ::lessons_cell::Probe = ");
                    file.push_user(range.clone(), &points);
                    file.text.push_str("; ");
                } else {
                    file.push_generated(range.start, "match &(");
                    file.push_user(range.clone(), &points);
                    let shown = if choices.by_debug {
                        ") { __lessons_value => { \
                         let __lessons_showing = ::lessons_cell::Showing::new(); \
                         ::lessons_cell::show_by_debug(__lessons_value) } } "
                    } else {
                        ") { __lessons_value => { \
                         let __lessons_showing = ::lessons_cell::Showing::new(); \
                         use ::lessons_cell::{Fallback as _, Peel as _, PeelOne as _}; \
                         (&&::lessons_cell::Wrap((&&::lessons_cell::Wrap(__lessons_value)).peel()))\
                         .peel().evcxr_display() } } "
                    };
                    file.push(Origin::Shown, shown);
                }
            }
        } else {
            file.push_user(0..self.cell.text.len(), &[]);
            file.text.push_str("\n;");
        }
        for declared in &self.cell.declared {
            self.push_end(&mut file, &declared.name, choices, mode);
        }
        if mode == Mode::Run {
            for name in self.revived().keys() {
                self.push_end(&mut file, name, choices, mode);
            }
        }
        file.text.push_str("::core::result::Result::Ok(()) }); ");
        if mode == Mode::Run {
            for name in taken.keys() {
                if choices.lost_old.contains(*name) {
                    continue;
                }
                let redeclared = self
                    .cell
                    .declared
                    .iter()
                    .any(|declared| declared.name == **name);
                let when = if redeclared {
                    "if !__lessons_done "
                } else {
                    ""
                };
                let code = format!(
                    "{when}{{ ::lessons_cell::keep({name:?}, {}); }} ",
                    as_written(name)
                );
                file.push(Origin::KeepOld((*name).to_owned()), &code);
            }
        }
        file.text.push_str("}); }\n");
        file
    }

    fn push_revived(&self, file: &mut SourceFile) {
        for (name, variable) in self.revived() {
            let mutable = if variable.mutable { "mut " } else { "" };
            let code = format!("let {mutable}{}: {}; ", as_written(name), variable.ty);
            file.push(Origin::Take(name.to_owned()), &code);
        }
    }

    fn push_end(&self, file: &mut SourceFile, name: &str, choices: &Choices, mode: Mode) {
        let written = as_written(name);
        let code = match mode {
            Mode::Probe if choices.lost_new.contains(name) => return,
            Mode::Expand => return,
            Mode::Probe => format!("let ::lessons_cell::Probe = {written}; "),
            Mode::Type => return,
            Mode::Run if choices.lost_new.contains(name) => return,
            Mode::Run => match choices.coerced.get(name) {
                Some(ty) => format!("::lessons_cell::keep::<{ty}>({name:?}, {written}); "),
                None => format!("::lessons_cell::keep({name:?}, {written}); "),
            },
        };
        file.push(Origin::KeepNew(name.to_owned()), &code);
    }
}

/// Memory that another cell holds.
fn declaration(piece: &Piece, symbol: &str, thread_local: bool) -> String {
    let Piece {
        name,
        ty,
        mutable,
        visibility,
    } = piece;
    let (safe, mutable) = if *mutable {
        ("", "mut ")
    } else {
        ("safe ", "")
    };
    let ty = if thread_local {
        format!("::std::thread::LocalKey<{ty}>")
    } else {
        ty.clone()
    };
    format!(
        "unsafe extern \"C\" {{ #[link_name = {symbol:?}] \
         {visibility} {safe}static {mutable}{name}: {ty}; }} "
    )
}
