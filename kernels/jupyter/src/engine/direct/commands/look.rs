//! Commands that show something and change nothing.

use std::fmt::Write;
use std::process::{Command, Stdio};

use serde_json::json;

use super::super::compile::{self, Failure};
use super::super::generate::{Form, Generator};
use super::super::{DirectEngine, explain as told};
use super::Call;
use crate::cell::parse;
use crate::engine::{Bundle, CellError, Engine};

pub fn vars(engine: &mut DirectEngine, call: &Call<'_>) -> Result<(), CellError> {
    let mut text = String::new();
    for variable in engine.variables() {
        let _ = writeln!(text, "{}: {}", variable.name, variable.ty);
    }
    call.say(text);
    Ok(())
}

/// Asks rustc for the type of an expression, without running it.
pub fn ty(engine: &mut DirectEngine, call: &Call<'_>) -> Result<(), CellError> {
    let usage = "`:type` takes an expression, such as `:type 1 + 1`";
    // Where it stands in the cell, so that errors name line and column.
    let above = "\n".repeat(call.command.line - 1);
    let before = " ".repeat(format!(":{} ", call.command.name).len());
    let code = format!("{above}{before}{}", call.argument());
    let cell = match parse(&code) {
        Ok(cell) if cell.trailing.is_some() => cell,
        Ok(_) => return Err(call.refuse(usage)),
        Err(_) => return Err(call.refuse(format!("{usage}; this is none"))),
    };
    let mut notebook = engine.notebook.clone();
    notebook.define(&cell);
    let crates = engine.compiler.crates();
    let runtime = engine.runtime_for(&cell)?;
    let generator = Generator {
        notebook: &notebook,
        cell: &cell,
        form: Form::Parsed,
        interruptible: false,
        crates: &crates,
        runtime: runtime.as_ref(),
    };
    let asked = compile::type_of(&engine.compiler, &generator, engine.session.path());
    match asked {
        Ok(Ok(ty)) => {
            call.say(format!("{}\n", told::short_type(&ty)));
            Ok(())
        }
        Ok(Err(Failure::Errors(unit, errors))) => {
            Err(told::errors(&unit, &errors, &engine.notebook))
        }
        Ok(Err(Failure::Interrupted)) => Err(told::interrupted_compiling()),
        Err(error) => Err(call.refuse(format!("{error:#}"))),
    }
}

pub fn doc(engine: &mut DirectEngine, call: &Call<'_>) -> Result<(), CellError> {
    let name = call.argument().trim_end_matches(['!', ';']);
    if name.is_empty() {
        return Err(call.refuse("`:doc` takes a name, such as `:doc Vec`"));
    }
    let found = engine
        .documentation
        .as_ref()
        .and_then(|documentation| documentation(name));
    match found {
        Some(data) => {
            call.show(data);
            Ok(())
        }
        None => Err(call.refuse(format!("nothing is known about {name}"))),
    }
}

/// `rustc --explain`, for the given codes or for those of the last error.
pub fn explain(engine: &mut DirectEngine, call: &Call<'_>) -> Result<(), CellError> {
    let mut codes: Vec<String> = call
        .argument()
        .split([' ', ','])
        .filter(|code| !code.is_empty())
        .map(|code| code.trim_matches(['[', ']']).to_uppercase())
        .collect();
    if codes.is_empty() {
        for error in &engine.last_errors {
            if let Some(code) = error.code().map(str::to_owned)
                && !codes.contains(&code)
            {
                codes.push(code);
            }
        }
    }
    if codes.is_empty() {
        return Err(call.refuse("no error of this notebook has a code yet: `:explain E0382`"));
    }
    let mut texts = Vec::new();
    for code in codes {
        // `382` is as good as `E0382`; anything else is no code, and no option of rustc's either.
        let digits = code.strip_prefix('E').unwrap_or(&code);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(call.refuse(format!(
                "`{code}` is no code of an error: they look like E0382"
            )));
        }
        let code = format!("E{digits:0>4}");
        let output = Command::new(&engine.compiler.toolchain.rustc)
            .args(["--explain", &code])
            .stdin(Stdio::null())
            .output();
        match output {
            Ok(output) if output.status.success() => {
                let text = String::from_utf8_lossy(&output.stdout);
                texts.push(format!("### {code}\n\n{}", text.trim()));
            }
            Ok(_) => {
                return Err(call.refuse(format!(
                    "rustc explains no error {code}: its codes look like E0382"
                )));
            }
            Err(error) => return Err(call.refuse(format!("rustc does not answer: {error}"))),
        }
    }
    let text = texts.join("\n\n");
    call.show(Bundle::from([
        ("text/plain".to_owned(), json!(text)),
        ("text/markdown".to_owned(), json!(rust_fences(&text))),
    ]));
    Ok(())
}

/// Fences that say `compile_fail,E0382` say `rust` as well, so that frontends color them.
fn rust_fences(text: &str) -> String {
    let mut inside = false;
    let lines = text.lines().map(|line| match line.strip_prefix("```") {
        None => line,
        Some(_) if inside => {
            inside = false;
            line
        }
        Some(language) => {
            inside = true;
            match language {
                "text" | "toml" | "sh" | "console" => line,
                _ => "```rust",
            }
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub fn show_deps(engine: &mut DirectEngine, call: &Call<'_>) -> Result<(), CellError> {
    let mut text = String::new();
    for line in engine.compiler.dependencies.lines() {
        let _ = writeln!(text, "{line}");
    }
    let externs = engine.compiler.library.externs();
    let names: Vec<&str> = externs.iter().map(|(name, _)| *name).collect();
    if !names.is_empty() {
        let _ = writeln!(text, "prebuilt: {}", names.join(", "));
    }
    if text.is_empty() {
        text.push_str("cells have std alone; `:dep NAME` brings a crate\n");
    }
    call.say(text);
    Ok(())
}

pub fn version(engine: &mut DirectEngine, call: &Call<'_>) -> Result<(), CellError> {
    let own = env!("CARGO_PKG_VERSION");
    call.say(format!(
        "lessons-kernel {own}, {}\n",
        engine.compiler.toolchain.version
    ));
    Ok(())
}

pub fn last_compile_dir(engine: &mut DirectEngine, call: &Call<'_>) -> Result<(), CellError> {
    let folder = engine.session.path().join("unit");
    call.say(format!("{}\n", folder.display()));
    Ok(())
}

pub fn last_error_json(engine: &mut DirectEngine, call: &Call<'_>) -> Result<(), CellError> {
    let mut text = String::new();
    for error in &engine.last_errors {
        let _ = writeln!(text, "{}", serde_json::to_string(error).unwrap_or_default());
    }
    call.say(text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_of_explanations_name_rust() {
        let text = "a\n```compile_fail,E0382\nlet x;\n```\n```text\nb\n```\n```\nlet y;\n```";
        assert_eq!(
            rust_fences(text),
            "a\n```rust\nlet x;\n```\n```text\nb\n```\n```rust\nlet y;\n```"
        );
    }
}
