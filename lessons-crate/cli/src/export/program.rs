//! The program that a notebook's cells make.

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::bail;
use lessons_syntax::{Name, Namespace, ParsedCell};
use quote::ToTokens;
use syn::Stmt;

use super::ipynb::Cell;
use super::items::{self, Piece, Placed};
use super::statements::{body, indented, path_roots, statements, undecided, uses};

/// What a notebook becomes.
#[derive(Debug, Default)]
pub struct Program {
    /// The text of `main.rs`.
    pub main: String,
    /// The arguments of its `:dep` lines.
    pub dependencies: Vec<String>,
    /// The first names of its paths, some of which are crates.
    pub roots: BTreeSet<String>,
    pub is_async: bool,
    /// What is left out or not as in the notebook.
    pub notes: Vec<String>,
}

/// What `main` says of one cell of the notebook.
enum Step {
    Comment(String),
    /// The code cell with this index among those that count.
    Code(usize),
}

/// Code cells that count, in order, with their number among all code cells.
struct Code {
    number: usize,
    cell: ParsedCell,
    statements: Vec<Stmt>,
    /// Commands, which mean nothing in a program.
    dropped: Vec<String>,
}

/// Makes a program of a notebook's cells; `file` is the notebook's name.
///
/// # Errors
/// When the notebook defines what a program needs for itself.
pub fn program(cells: &[Cell], file: &str) -> anyhow::Result<Program> {
    let mut program = Program::default();
    let mut steps = Vec::new();
    let mut code: Vec<Code> = Vec::new();
    let mut number = 0;
    for cell in cells {
        match cell {
            Cell::Text(text) => steps.push(Step::Comment(comment(text))),
            Cell::Code { text, raises } => {
                number += 1;
                match read(text, *raises, number, &mut program) {
                    Ok(read) => {
                        steps.push(Step::Code(code.len()));
                        code.push(read);
                    }
                    Err(why) => {
                        program
                            .notes
                            .push(format!("code cell {number} is left out: {why}"));
                        let left_out = format!("Left out: {why}.\n\n{}", text.trim_end());
                        steps.push(Step::Comment(comment(&left_out)));
                    }
                }
            }
        }
    }
    let parsed: Vec<ParsedCell> = code.iter().map(|code| code.cell.clone()).collect();
    refuse_reserved(&code)?;
    let mut placed = items::place(&parsed);
    program.notes.append(&mut placed.notes);
    for code in &code {
        for statement in &code.statements {
            path_roots(statement.to_token_stream(), &mut program.roots);
        }
        for item in &code.cell.items {
            let text = &code.cell.text[item.range.clone()];
            if let Ok(tokens) = text.parse() {
                path_roots(tokens, &mut program.roots);
            }
        }
    }
    let tokio = program.roots.contains("tokio");
    program.is_async = code.iter().any(|code| {
        let awaits = code.cell.awaits.as_ref();
        awaits.is_some_and(|awaits| awaits.certain || tokio)
    });
    program.main = write(&steps, &code, &placed, &program, file);
    Ok(program)
}

fn read(text: &str, raises: bool, number: usize, program: &mut Program) -> Result<Code, String> {
    if text.trim_start().starts_with('?') {
        return Err("it asks the notebook's kernel something".into());
    }
    if raises {
        return Err("it fails on purpose".into());
    }
    let cell =
        lessons_syntax::parse(text).map_err(|_| "it is not a whole piece of Rust".to_owned())?;
    let mut dropped = Vec::new();
    for command in &cell.commands {
        if command.name == "dep" {
            program.dependencies.push(command.argument.clone());
            continue;
        }
        let line = format!(":{} {}", command.name, command.argument);
        let line = line.trim_end().to_owned();
        program.notes.push(format!(
            "code cell {number}: `{line}` is for a notebook's kernel and left out"
        ));
        dropped.push(line);
    }
    Ok(Code {
        number,
        statements: statements(&cell),
        cell,
        dropped,
    })
}

/// # Errors
/// When an item has a name that the program itself needs.
fn refuse_reserved(code: &[Code]) -> anyhow::Result<()> {
    let reserved = [
        (Namespace::Value, "main"),
        (Namespace::Type, "show_value"),
        (Namespace::Macro, "show_value"),
        (Namespace::Macro, "settle"),
    ];
    for code in code {
        for Name { space, name } in code.cell.items.iter().flat_map(|item| &item.names) {
            if reserved.contains(&(*space, name.as_str())) {
                bail!(
                    "code cell {} defines `{name}`, which a program needs for itself: rename it",
                    code.number
                );
            }
        }
    }
    Ok(())
}

fn comment(text: &str) -> String {
    let lines = text.trim_end().lines();
    let lines: Vec<String> = lines
        .map(|line| format!("// {line}").trim_end().to_owned())
        .collect();
    lines.join("\n")
}

fn write(steps: &[Step], code: &[Code], placed: &Placed, program: &Program, file: &str) -> String {
    let mut main = format!(
        "//! The notebook {file} as a program.\n//!\n//! `cargo run --release` runs its cells in \
         order. What they print goes to the terminal, pictures go\n//! to the folder `out`.\n"
    );
    for note in &placed.notes {
        let _ = write!(main, "//!\n//! {note}.\n");
    }
    main.push_str("\n#![allow(unused, non_local_definitions, private_interfaces)]\n");
    for code in code {
        for range in &code.cell.attributes {
            let _ = writeln!(main, "{}", &code.cell.text[range.clone()]);
        }
    }
    main.push_str("\n#[macro_use]\nmod show_value;\n\n");
    write_pieces(&mut main, &placed.top, code, 0);
    main.push_str(match program.is_async {
        true => "#[tokio::main]\nasync fn main() -> Result<(), show_value::Failure> {\n",
        false => "fn main() -> Result<(), show_value::Failure> {\n",
    });
    if program.roots.contains("lessons") {
        main.push_str("    lessons::notebook::save_into(\"out\");\n\n");
    }
    let mut depth = 1;
    for step in steps {
        match step {
            Step::Comment(text) => {
                let _ = write!(main, "{}\n\n", indented(text, 4 * depth));
            }
            Step::Code(index) => write_cell(&mut main, *index, code, placed, &mut depth),
        }
    }
    while depth > 1 {
        depth -= 1;
        let _ = writeln!(main, "{}}}", " ".repeat(4 * depth));
    }
    main.push_str("    Ok(())\n}\n");
    main
}

fn write_cell(main: &mut String, index: usize, code: &[Code], placed: &Placed, depth: &mut usize) {
    if let Some(scope) = placed.scopes.iter().find(|scope| scope.first == index) {
        if index > 0 {
            let indent = " ".repeat(4 * *depth);
            let number = code[index].number;
            let _ = writeln!(
                main,
                "{indent}// From code cell {number} on, with what it redefines."
            );
            let _ = writeln!(main, "{indent}{{");
            *depth += 1;
        }
        write_pieces(main, &scope.pieces, code, *depth);
    }
    let Code {
        number,
        cell,
        dropped,
        statements,
    } = &code[index];
    let mut lines = Vec::new();
    lines.extend(dropped.iter().map(|line| format!("// Left out: {line}")));
    let body = body(cell);
    if !body.is_empty() {
        lines.push(body);
    }
    let later = || code[index + 1..].iter().flat_map(|code| &code.statements);
    let settled: Vec<String> = undecided(statements)
        .into_iter()
        .filter(|name| uses(later(), name))
        .collect();
    if !settled.is_empty() {
        lines.push(format!("settle!({});", settled.join(", ")));
    }
    if !lines.is_empty() {
        let text = format!("// Code cell {number}\n{}", lines.join("\n"));
        let _ = write!(main, "{}\n\n", indented(&text, 4 * *depth));
    }
}

/// Macros first, the rest in the order of the cells.
fn write_pieces(main: &mut String, pieces: &[Piece], code: &[Code], depth: usize) {
    for macros in [true, false] {
        let mut last = None;
        for piece in pieces.iter().filter(|piece| piece.is_macro == macros) {
            if last.replace(piece.cell) != Some(piece.cell) {
                let number = code[piece.cell].number;
                let _ = writeln!(main, "{}// Code cell {number}", " ".repeat(4 * depth));
            }
            let _ = write!(main, "{}\n\n", indented(&piece.text, 4 * depth));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Cell {
        Cell::Code {
            text: text.into(),
            raises: false,
        }
    }

    #[test]
    fn a_program_tells_its_notebook() {
        let cells = [
            Cell::Text("# Title\n\nWords.".into()),
            code(":dep rand = \"0.9\"\n:vars\nuse rand::Rng;\nfn twice(x: f64) -> f64 { 2.0 * x }"),
            code("let x = 1.5; // half\ntwice(x)"),
            Cell::Code {
                text: "x.oops()".into(),
                raises: true,
            },
            code("let y = ("),
            code("x.sqrt();"),
        ];
        let program = program(&cells, "a.ipynb").unwrap();
        assert_eq!(program.dependencies, ["rand = \"0.9\""]);
        assert!(program.roots.contains("rand"));
        assert_eq!(program.notes.len(), 3, "{:?}", program.notes);
        let (_, main) = program.main.split_once("mod show_value;\n\n").unwrap();
        assert_eq!(
            main,
            "// Code cell 1\nuse rand::Rng;\n\nfn twice(x: f64) -> f64 { 2.0 * x }\n\n\
             fn main() -> Result<(), show_value::Failure> {\n    // # Title\n    //\n    // Words.\n\n    \
             // Code cell 1\n    // Left out: :vars\n\n    \
             // Code cell 2\n    let x = 1.5; // half\n    show_value!(twice(x));\n    settle!(x);\n\n    \
             // Left out: it fails on purpose.\n    //\n    // x.oops()\n\n    \
             // Left out: it is not a whole piece of Rust.\n    //\n    // let y = (\n\n    \
             // Code cell 5\n    x.sqrt();\n\n    Ok(())\n}\n"
        );
    }

    #[test]
    fn what_is_redefined_begins_a_block() {
        let cells = [
            code("fn g() -> i32 { 1 }\nlet v = g();"),
            code("v"),
            code("fn g() -> i32 { 2 }\nlet v = v + g();"),
            code("v"),
        ];
        let program = program(&cells, "a.ipynb").unwrap();
        let (_, main) = program.main.split_once("fn main()").unwrap();
        assert!(
            main.contains("    // From code cell 3 on, with what it redefines.\n    {\n        // Code cell 3\n        fn g() -> i32 { 2 }\n"),
            "{main}"
        );
        assert!(
            main.ends_with("        show_value!(v);\n\n    }\n    Ok(())\n}\n"),
            "{main}"
        );
    }

    #[test]
    fn a_notebook_cannot_define_main() {
        let error = program(&[code("fn main() {}")], "a.ipynb").unwrap_err();
        assert!(error.to_string().contains("code cell 1 defines `main`"));
    }
}
