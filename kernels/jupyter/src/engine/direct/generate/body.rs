//! A cell's statements inside its entry function: variables are taken, the body runs, what it leaves
//! is kept.

use std::fmt::Write;

use super::{Body, CellText, Choices, Form, Generator, Mode, Origin, SourceFile, VALUE};
use crate::cell::as_written;

impl<'n> Generator<'n> {
    pub(super) fn cell_file(
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
            file.text.push('\n');
            file.push(Origin::End, ";");
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
