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

use crate::cell::{CheckPoint, Declared, ItemKind, ParsedCell, as_written, check_points};

use super::notebook::{LiveItem, LiveVariable, Notebook};

/// Lints about code that a notebook has good reasons for.
const LINTS: &str = "#![allow(unused_variables, unused_mut, unused_assignments, unused_imports, \
    unused_macros, unused_braces, unused_parens, unreachable_code, dead_code, non_local_definitions, \
    private_interfaces, improper_ctypes, redundant_imports, non_snake_case, \
    clashing_extern_declarations, non_upper_case_globals)]\n";

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

    /// Puts a range of the cell on its own lines, with these check points between its parts.
    fn push_user(&mut self, range: Range<usize>, check_points: &[&CheckPoint]) {
        let Some(cell) = self.cell.clone() else {
            return;
        };
        let line = cell.text[..range.start].matches('\n').count();
        let here = self.text.matches('\n').count();
        self.text
            .extend(std::iter::repeat_n('\n', line.saturating_sub(here)));
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
}

/// What [`Mode::Type`] calls the trailing expression.
pub const VALUE: &str = "the value";

/// A cell on top of a notebook that already contains its items.
pub struct Generator<'n> {
    pub notebook: &'n Notebook,
    pub cell: &'n ParsedCell,
    pub form: Form,
    /// Whether loops look whether the cell has been interrupted.
    pub interruptible: bool,
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

impl Generator<'_> {
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
        for (_, variable) in self.taken() {
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

        let mut defines_statics = Vec::new();
        let mut main = SourceFile::new("main.rs", None);
        main.text.push_str(LINTS);
        for range in &self.cell.attributes {
            main.text.push_str(&self.cell.text[range.clone()]);
            main.text.push('\n');
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
                if !file.segments.is_empty() {
                    let _ = writeln!(main.text, "include!({name:?});");
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
        files.push(self.cell_file(choices, mode, checked));
        files.push(main);
        let changing_statics = live
            .iter()
            .filter(|live| match &live.item.kind {
                ItemKind::Static { mutable, ty } => *mutable || self.notebook.changes_inside(ty),
                _ => false,
            })
            .filter_map(|live| live.item.title());
        Unit {
            files,
            generation: self.notebook.generation,
            loops: self.cell.loops || live.iter().any(|live| live.item.loops),
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
            if let (ItemKind::Static { mutable, ty }, Some(symbol)) =
                (&live.item.kind, &live.symbol)
            {
                let name = as_written(live.item.title().unwrap_or_default());
                if self.notebook.loaded_statics.contains(symbol) {
                    let (unsafe_or_safe, mutable) = if *mutable {
                        ("", "mut ")
                    } else {
                        ("safe ", "")
                    };
                    let _ = writeln!(
                        main.text,
                        "unsafe extern \"C\" {{ #[link_name = {symbol:?}] \
                         {unsafe_or_safe}static {mutable}{name}: {ty}; }}"
                    );
                    continue;
                }
                defines_statics.push(symbol.clone());
                let mark = format!("#[unsafe(export_name = {symbol:?})] ");
                let start = live.item.range.start;
                let line = self.notebook.texts[cell][..start].matches('\n').count();
                let here = file.text.matches('\n').count();
                file.text
                    .extend(std::iter::repeat_n('\n', line.saturating_sub(here)));
                file.text.push_str(&mark);
            }
            let points = self.check_points(&live.item.check_points);
            let mut start = live.item.range.start;
            let mut holes = live.holes.clone();
            holes.sort_by_key(|hole| hole.start);
            for hole in holes {
                file.push_user(start..hole.start, &points);
                start = hole.end;
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

    fn cell_file(&self, choices: &Choices, mode: Mode, checked: bool) -> SourceFile {
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
        for (name, variable) in &taken {
            let mutable = if variable.mutable { "mut " } else { "" };
            let code = format!(
                "let {mutable}{}: {} = ::lessons_cell::take({name:?}); ",
                as_written(name),
                variable.ty
            );
            file.push(Origin::Take((*name).to_owned()), &code);
        }
        file.text.push_str(
            "let __lessons_done = ::lessons_cell::catch(\
             || -> ::core::result::Result<(), ::lessons_cell::CellError> { ",
        );
        if self.form == Form::Parsed {
            let points = self.check_points(&self.cell.check_points);
            for range in &self.cell.statements {
                file.push_user(range.clone(), &points);
            }
            if let Some(range) = &self.cell.trailing {
                let line = self.cell.text[..range.start].matches('\n').count();
                let here = file.text.matches('\n').count();
                file.text
                    .extend(std::iter::repeat_n('\n', line.saturating_sub(here)));
                if mode == Mode::Type {
                    let origin = Origin::KeepNew(VALUE.to_owned());
                    file.push(origin, "let ::lessons_cell::Probe = ");
                    file.push_user(range.clone(), &points);
                    file.text.push_str("; ");
                } else {
                    file.text.push_str("match &(");
                    file.push_user(range.clone(), &points);
                    file.push(
                        Origin::Shown,
                        ") { __lessons_value => { \
                     let __lessons_showing = ::lessons_cell::Showing::new(); \
                     use ::lessons_cell::{Fallback as _, Peel as _, PeelOne as _}; \
                     (&&::lessons_cell::Wrap((&&::lessons_cell::Wrap(__lessons_value)).peel()))\
                     .peel().evcxr_display() } } ",
                    );
                }
            }
        } else {
            file.push_user(0..self.cell.text.len(), &[]);
            file.text.push_str("\n;");
        }
        for declared in &self.cell.declared {
            self.push_end(&mut file, declared, choices, mode);
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

    fn push_end(&self, file: &mut SourceFile, declared: &Declared, choices: &Choices, mode: Mode) {
        let name = &declared.name;
        let written = as_written(name);
        let code = match mode {
            Mode::Probe => format!("let ::lessons_cell::Probe = {written}; "),
            Mode::Type => return,
            Mode::Run if choices.lost_new.contains(name) => return,
            Mode::Run => match choices.coerced.get(name) {
                Some(ty) => format!("::lessons_cell::keep::<{ty}>({name:?}, {written}); "),
                None => format!("::lessons_cell::keep({name:?}, {written}); "),
            },
        };
        file.push(Origin::KeepNew(name.clone()), &code);
    }
}
