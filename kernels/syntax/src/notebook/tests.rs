//! Cells added to notebooks: what counts then, and what is needed.

use super::*;
use crate::parse;

fn notebook(cells: &[&str]) -> Notebook {
    let mut notebook = Notebook::default();
    for code in cells {
        notebook.define(&parse(code).unwrap());
    }
    notebook
}

fn needed(notebook: &Notebook, code: &str) -> Vec<String> {
    let indices = notebook.needed(&parse(code).unwrap().uses);
    let items = indices.into_iter().map(|index| &notebook.items[index]);
    items.map(|live| live.item.normalized.clone()).collect()
}

fn with_variable(mut notebook: Notebook, ty: &str) -> Notebook {
    let variable = LiveVariable {
        ty: ty.into(),
        mutable: false,
    };
    notebook.variables.insert("v".into(), variable);
    notebook
}

#[test]
fn a_cell_gets_only_what_it_mentions_and_what_that_needs() {
    let notebook = notebook(&[
        "fn a() -> B { B }\nstruct B;\nstruct Unused;",
        "impl Clone for B { fn clone(&self) -> B { helper(); B } }\nfn helper() {}",
    ]);
    assert_eq!(needed(&notebook, "a()").len(), 4);
    assert!(needed(&notebook, "1 + 1").is_empty());
}

#[test]
fn a_method_call_brings_its_trait_and_the_impls_for_foreign_types() {
    let notebook = notebook(&[
        "trait Area { fn area(&self) -> f64; }",
        "impl Area for f64 { fn area(&self) -> f64 { *self } }",
    ]);
    assert_eq!(needed(&notebook, "3.0.area()").len(), 2);
}

#[test]
fn a_function_replaces_its_namesake_and_drops_no_variable() {
    let mut notebook = with_variable(notebook(&["fn f() {}", "struct S;"]), "S");
    let redefined = notebook.define(&parse("fn f() { 1; }").unwrap());
    assert_eq!(notebook.items.len(), 2);
    assert_eq!(redefined, Redefined::default());
    assert_eq!(notebook.generation, 0);
}

#[test]
fn a_type_that_changes_drops_what_is_laid_out_after_it() {
    let cells = [
        "const N: usize = 2;",
        "struct S([u8; N]);",
        "struct T(Vec<S>);",
    ];
    let mut notebook = with_variable(notebook(&cells), "std::option::Option<T>");
    let same = notebook.define(&parse("const N: usize = 2; // again").unwrap());
    assert_eq!(same, Redefined::default());
    let redefined = notebook.define(&parse("const N: usize = 3;").unwrap());
    assert_eq!(redefined.dropped, ["v"]);
    assert_eq!(notebook.generation, 1);
}

#[test]
fn an_impl_replaces_the_same_impl_only() {
    let mut notebook = notebook(&[
        "struct S;",
        "impl S { fn a(&self) {} fn b(&self) {} }",
        "impl Clone for S { fn clone(&self) -> S { S } }",
    ]);
    notebook.define(&parse("impl S { fn a(&self) -> i32 { 1 } }").unwrap());
    notebook.define(&parse("impl Clone for S { fn clone(&self) -> S { loop {} } }").unwrap());
    assert_eq!(notebook.items.len(), 4);
    assert_eq!(notebook.items[1].holes.len(), 1);
}

#[test]
fn a_use_gives_way_name_by_name() {
    let mut notebook = notebook(&["use std::collections::{HashMap, HashSet};"]);
    notebook.define(&parse("struct HashMap;").unwrap());
    assert_eq!(notebook.items[0].leaves.len(), 1);
    assert_eq!(
        notebook.items[0].leaves[0].path,
        "std::collections::HashSet"
    );
}

#[test]
fn an_import_goes_with_what_it_named() {
    let mut notebook = notebook(&[
        "mod m { pub fn a() {} pub enum E { V } }",
        "use m::{a, E::{self, V}};\nuse std::fmt;",
    ]);
    notebook.define(&parse("mod m { pub fn a() { 1; } }").unwrap());
    let leaves = notebook.items.iter().flat_map(|live| &live.leaves);
    let paths: Vec<&str> = leaves.map(|leaf| leaf.path.as_str()).collect();
    assert_eq!(paths, ["m::a", "std::fmt"]);
}

#[test]
fn an_unchanged_static_keeps_its_memory() {
    let mut notebook = notebook(&["static N: u8 = 1;"]);
    let symbols = notebook.items[0].symbols.clone();
    notebook.define(&parse("static N: u8 = 1;").unwrap());
    assert_eq!(notebook.items[0].symbols, symbols);
    notebook.define(&parse("static N: u8 = 2;").unwrap());
    assert_ne!(notebook.items[0].symbols, symbols);
}

#[test]
fn a_static_of_a_redefined_type_gets_new_memory() {
    let mut notebook = notebook(&[
        "struct S(u8);",
        "mod m { static ALL: Vec<super::S> = Vec::new(); }",
    ]);
    let symbols = notebook.items[1].symbols.clone();
    notebook.loaded_statics.extend(symbols.iter().cloned());
    let redefined = notebook.define(&parse("struct S(u16);").unwrap());
    assert_eq!(redefined.reset, ["ALL"]);
    let module = notebook
        .items
        .iter()
        .find(|live| live.item.title() == Some("m"));
    assert_ne!(module.unwrap().symbols, symbols);
}

#[test]
fn sources_are_what_counts_now() {
    let mut notebook = notebook(&[
        "use std::{fmt, io};",
        "struct S;\nimpl S { fn a(&self) {} fn b(&self) {} }",
    ]);
    notebook.define(&parse("impl S { fn a(&self) -> u8 { 1 } }").unwrap());
    assert_eq!(
        notebook.sources(),
        [
            "use std::fmt;use std::io;",
            "struct S;",
            "impl S {  fn b(&self) {} }",
            "impl S { fn a(&self) -> u8 { 1 } }"
        ]
    );
}

#[test]
fn a_superseded_cell_takes_its_impls_along() {
    let mut notebook = notebook(&["struct S { a: u8 } impl S { fn a(&self) -> u8 { self.a } }"]);
    notebook.define(&parse("struct S { b: u8 } impl S { fn b(&self) -> u8 { self.b } }").unwrap());
    assert_eq!(notebook.items.len(), 2);
}
