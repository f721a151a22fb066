//! `lessons export`: projects that build and run, and notebooks that are none.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::run::{answer, misuse, refusal};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// A folder inside the workspace's target folder.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn notebook(folder: &Path, cells: &[&str]) -> String {
    let cells: Vec<_> = cells
        .iter()
        .map(|source| json!({"cell_type": "code", "metadata": {}, "outputs": [], "source": source}))
        .collect();
    let path = folder.join("small.ipynb");
    let text = json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells});
    fs::write(&path, text.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Builds and runs a project with what the workspace has built; gives what it printed.
fn run(project: &Path) -> String {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["run", "--release", "--offline", "--quiet", "--target-dir"])
        .arg(target)
        .current_dir(project)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(!stderr.contains("warning"), "{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_project_does_what_its_notebook_did() {
    let folder = folder();
    let path = notebook(
        folder.path(),
        &[
            "use std::collections::HashMap;\nfn step() -> i32 { 1 }\nfn twice() -> i32 { 2 * step() }\n#[derive(Debug, Clone)] struct Keep(i32);\nlet keep = Keep(step());",
            "let x = 2.0;\nlet list = vec![1, 2, 3];\nlet counts = HashMap::from([(\"a\", 3)]);",
            "(x.sqrt() * 10.0).round()",
            "list.iter().map(|n| n.pow(2)).sum::<i32>() + counts[\"a\"].pow(2)",
            "fn step() -> i32 { 10 }\nlet x = format!(\"{x} is text now\");\ntwice()",
            "keep.clone()",
            "#[derive(Debug)] struct Keep { other: &'static str }\nlet n: i32 = \"12\".parse()?;\n(n, Keep { other: \"new\" })",
            "println!(\"{x} {}\", twice());",
            "let text = \"a\n  b\";\ntext.len()",
            "fn nothing() {}\nnothing()",
        ],
    );
    let project = folder.path().join("made/project");
    let said = answer(&["export", &path, project.to_str().unwrap()]);
    assert!(said.stdout.contains("cargo run --release"), "{said:?}");
    assert_eq!(
        run(&project),
        "14.0\n23\n20\nKeep(1)\n(12, Keep { other: \"new\" })\n2 is text now 20\n5\n"
    );
}

#[test]
fn pictures_are_saved_and_their_text_is_printed() {
    let folder = folder();
    let path = notebook(
        folder.path(),
        &[
            ":dep lessons = { path = \"../elsewhere\" }\nuse lessons::prelude::*;",
            "let graph = Graph::build(\"affine\", |g| {\n    let x = g.input(\"x\", f32s((\"n\",)));\n    g.output(\"y\", 2 * x + 1.0);\n})?;\ngraph",
            "let device = candle_core::Device::Cpu;\nTensor::arange(0f32, 3.0, &device)?.to_vec1::<f32>()?",
            "\"12x\".parse::<i32>()?;",
        ],
    );
    let project = folder.path().join("project");
    answer(&["export", &path, project.to_str().unwrap()]);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["run", "--release", "--offline", "--target-dir"])
        .arg(target)
        .current_dir(&project)
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("Compiling candle"), "{stderr}");
    assert!(stdout.contains("affine"), "{stdout}\n{stderr}");
    assert!(stdout.ends_with("[0.0, 1.0, 2.0]\n"), "{stdout}");
    // The failing `?` ends the program, and says where.
    assert!(!output.status.success());
    assert!(
        stderr.contains("invalid digit found in string") && stderr.contains("src/main.rs:"),
        "{stderr}"
    );
    let picture = fs::read_to_string(project.join("out/01.html")).unwrap();
    assert!(picture.contains("<figure>"));
}

#[test]
fn every_lesson_exports() {
    let folder = folder();
    let lessons = workspace().join("notebooks");
    let mut count = 0;
    for entry in fs::read_dir(lessons).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_none_or(|extension| extension != "ipynb")
        {
            continue;
        }
        count += 1;
        let project = folder.path().join(path.file_stem().unwrap());
        let said = answer(&["export", path.to_str().unwrap(), project.to_str().unwrap()]);
        // What is left out fails on purpose, and nothing else.
        for note in said.stderr.lines() {
            assert!(note.ends_with("is left out: it fails on purpose"), "{note}");
        }
        let manifest = fs::read_to_string(project.join("Cargo.toml")).unwrap();
        assert!(manifest.contains("lessons-crate\" }"), "{manifest}");
        assert!(project.join("Cargo.lock").is_file());
        let main = fs::read_to_string(project.join("src/main.rs")).unwrap();
        assert_eq!(main.matches("fn main()").count(), 1);
        assert_eq!(main.matches("use lessons::prelude::*;").count(), 1);
        if std::env::var_os("LESSONS_EXPORT_ALL").is_some() {
            run(&project);
        }
    }
    assert!(count >= 4);
}

#[test]
fn bad_notebooks_and_taken_folders_are_refused() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let out = at("out");
    let broken = |name: &str, text: &str| {
        fs::write(at(name), text).unwrap();
        at(name)
    };
    refusal(
        &["export", &at("none.ipynb"), &out],
        &["cannot read", "none.ipynb"],
    );
    refusal(
        &["export", &broken("a.ipynb", "let x = 1;"), &out],
        &["not JSON"],
    );
    refusal(
        &["export", &broken("b.ipynb", "{\"nbformat\": 4}"), &out],
        &["no list of cells"],
    );
    let python =
        r#"{"nbformat": 4, "metadata": {"kernelspec": {"language": "python"}}, "cells": []}"#;
    refusal(
        &["export", &broken("c.ipynb", python), &out],
        &["python, not Rust"],
    );
    assert!(
        !Path::new(&out).exists(),
        "a refused notebook leaves no folder"
    );

    let good = notebook(folder.path(), &["1"]);
    let taken = at("taken");
    fs::create_dir(&taken).unwrap();
    fs::write(format!("{taken}/file"), "").unwrap();
    refusal(&["export", &good, &taken], &["is not empty"]);
    refusal(&["export", &good, &broken("file", "")], &["is a file"]);
    let dep = notebook(folder.path(), &[":dep a = {\n1"]);
    refusal(&["export", &dep, &out], &[":dep a = {"]);
    let main = notebook(folder.path(), &["fn main() {}"]);
    refusal(&["export", &main, &out], &["defines `main`"]);
    misuse(&["export", &good], "DIR");
}
