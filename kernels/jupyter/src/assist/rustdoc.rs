//! Makes an [`Index`] of the standard library from rustdoc's pages.
//!
//! std's own sources are rarely installed, and macros make much of what is in them. Its pages are
//! there with rustup's default profile; else `rustdoc` itself makes them, in some seconds, from what
//! the compiler knows about std: a crate that re-exports std's modules is enough.

mod page;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use self::page::read_page;
use super::index::Index;

/// The modules that are indexed; the rest is for operating systems, processors and std itself.
const MODULES: [&str; 43] = [
    "any",
    "array",
    "borrow",
    "boxed",
    "cell",
    "char",
    "clone",
    "cmp",
    "collections",
    "convert",
    "default",
    "env",
    "error",
    "f32",
    "f64",
    "fmt",
    "fs",
    "future",
    "hash",
    "io",
    "iter",
    "marker",
    "mem",
    "net",
    "num",
    "ops",
    "option",
    "panic",
    "path",
    "pin",
    "process",
    "ptr",
    "rc",
    "result",
    "slice",
    "str",
    "string",
    "sync",
    "task",
    "thread",
    "time",
    "vec",
    "ascii",
];
impl Index {
    /// The standard library of a toolchain, from its installed pages or from pages made for this.
    ///
    /// # Errors
    /// When there are neither pages nor a `rustdoc` that makes some.
    pub fn of_std(sysroot: &Path) -> anyhow::Result<Self> {
        let installed = sysroot.join("share/doc/rust/html/std");
        if installed.join("index.html").is_file() {
            return Self::of_pages(&installed);
        }
        let folder = tempfile::tempdir()?;
        let pages = make_pages(sysroot, folder.path())?;
        Self::of_pages(&pages)
    }

    /// The crate `std`, from the folder with its pages.
    ///
    /// # Errors
    /// When the folder holds none.
    pub fn of_pages(folder: &Path) -> anyhow::Result<Self> {
        let mut index = Index::default();
        read_folder(folder, "std", &mut index);
        for module in MODULES {
            read_tree(&folder.join(module), &format!("std::{module}"), &mut index);
        }
        if index.entries.is_empty() {
            bail!("{} holds no pages of std", folder.display());
        }
        let mut seen = BTreeSet::new();
        // Methods of slices stand on the pages of all that dereference to them.
        index.entries.retain(|entry| {
            let primitive = entry.owner.starts_with(char::is_lowercase);
            !(entry.is_member() && primitive)
                || seen.insert((entry.owner.clone(), entry.name.clone()))
        });
        Ok(index)
    }
}

/// Lets rustdoc write about std what it writes about a crate of one's own.
fn make_pages(sysroot: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let rustdoc = sysroot.join("bin/rustdoc");
    let source = folder.join("std_pages.rs");
    let modules: Vec<&str> = MODULES.to_vec();
    fs::write(
        &source,
        format!("#[doc(inline)] pub use std::{{{}}};\n", modules.join(", ")),
    )?;
    let out = folder.join("pages");
    let output = Command::new("nice")
        .args(["-n", "10"])
        .arg(if rustdoc.is_file() {
            rustdoc
        } else {
            "rustdoc".into()
        })
        .arg(&source)
        .args(["--edition=2024", "--crate-name=std_pages", "-o"])
        .arg(&out)
        .stdin(Stdio::null())
        .output()
        .context("cannot run rustdoc")?;
    if !output.status.success() {
        bail!(
            "rustdoc makes no pages of std: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(out.join("std_pages"))
}

fn read_tree(folder: &Path, module: &str, index: &mut Index) {
    read_folder(folder, module, index);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            let name = entry.file_name().to_string_lossy().into_owned();
            read_tree(&entry.path(), &format!("{module}::{name}"), index);
        }
    }
}

/// Reads the pages of one module, in the order of their names.
fn read_folder(folder: &Path, module: &str, index: &mut Index) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    for file in files {
        let Some(name) = file.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if let Ok(page) = fs::read_to_string(&file) {
            read_page(name, &page, module, index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assist::index::Kind;

    fn sysroot() -> PathBuf {
        let output = Command::new("rustc").args(["--print", "sysroot"]).output();
        String::from_utf8(output.unwrap().stdout)
            .unwrap()
            .trim()
            .into()
    }

    /// The signature of a member.
    fn signature(index: &Index, owner: &str, name: &str) -> String {
        let mut entries = index.entries.iter();
        let found = entries.find(|entry| entry.owner == owner && entry.name == name);
        found
            .unwrap_or_else(|| panic!("no {owner}::{name}"))
            .signature
            .clone()
    }

    fn check(index: &Index) {
        assert_eq!(
            signature(index, "Vec", "push"),
            "fn push(&mut self, value: T)"
        );
        assert_eq!(signature(index, "slice", "len"), "fn len(&self) -> usize");
        assert_eq!(signature(index, "str", "trim"), "fn trim(&self) -> &str");
        assert_eq!(signature(index, "Option", "Some"), "Option::Some(T)");
        assert_eq!(
            signature(index, "Iterator", "count"),
            "fn count(self) -> usize where Self: Sized"
        );
        let map = index
            .entries
            .iter()
            .find(|entry| entry.name == "HashMap")
            .unwrap();
        assert_eq!(
            (map.owner.as_str(), map.kind),
            ("std::collections", Kind::Struct)
        );
        assert!(map.doc.contains("hash"), "{}", map.doc);
        assert!(index.implements["String"].contains("Clone"));
        assert_eq!(index.derefs["Vec"], "slice");
    }

    #[test]
    fn installed_pages_of_std_are_read() {
        let pages = sysroot().join("share/doc/rust/html/std");
        if !pages.is_dir() {
            eprintln!("skipped: rustc has no pages of std with it");
            return;
        }
        let index = Index::of_pages(&pages).unwrap();
        check(&index);
        assert_eq!(signature(&index, "f64", "sqrt"), "fn sqrt(self) -> f64");
    }

    #[test]
    fn rustdoc_makes_pages_where_there_are_none() {
        let folder = tempfile::tempdir().unwrap();
        let pages = make_pages(&sysroot(), folder.path()).unwrap();
        check(&Index::of_pages(&pages).unwrap());
    }
}
