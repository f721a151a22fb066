//! How a notebook's crates meet those of the prebuilt library.

use std::collections::BTreeSet;

use semver::{Version, VersionReq};

use super::cargo::{Artifact, Metadata};
use super::project::PINS;
use super::spec::Spec;
use crate::library::{Library, Package};

/// Whether the prebuilt library has the very crate that is asked for.
///
/// `lessons` is the library's wherever a path points. Another crate is, when it comes from the
/// registry in a version that fits and nobody asks for a feature that the library's has not.
pub fn from_library(spec: &Spec, library: &Library) -> bool {
    let Some(manifest) = library.manifest() else {
        return false;
    };
    let name = spec.name();
    let ours = ["lessons", "lessons_compute", "lessons_channel"];
    let there = name == "lessons" || manifest.externs.contains_key(&name);
    if !there || ours.contains(&name.as_str()) {
        return there;
    }
    if !spec.is_from_registry() {
        return false;
    }
    let known = manifest
        .packages
        .iter()
        .find(|package| package.extern_name.as_deref() == Some(&*name));
    let Some(package) = known else {
        // Built before versions were noted down.
        return true;
    };
    let fits = |version: &str| {
        VersionReq::parse(version)
            .ok()
            .zip(Version::parse(&package.version).ok())
            .is_some_and(|(wanted, have)| wanted.matches(&have))
    };
    spec.package() == package.name
        && spec.version().is_none_or(fits)
        && spec
            .features()
            .iter()
            .all(|feature| package.features.iter().any(|have| have == feature))
}

/// Cargo's complaint that no versions fit together, in terms of the notebook where that is the
/// reason; else as it is.
pub fn conflict(said: &str, library: &Library) -> String {
    let Some(manifest) = library.manifest() else {
        return said.to_owned();
    };
    if !said.contains(PINS) {
        return said.to_owned();
    }
    let quoted = |mark: &str| {
        let rest = said.split_once(mark)?.1;
        Some(rest.split_once('`')?.0.to_owned())
    };
    let Some(name) = quoted("failed to select a version for `") else {
        return said.to_owned();
    };
    let versions: BTreeSet<&str> = manifest
        .packages
        .iter()
        .filter(|package| package.name == name)
        .map(|package| package.version.as_str())
        .collect();
    let versions = versions.into_iter().collect::<Vec<_>>().join(" and ");
    let wanted = quoted("versions that meet the requirements `");
    let wanted = wanted.map_or(String::new(), |wanted| format!(" {wanted}"));
    let who = quoted("required by package `").unwrap_or_default();
    let who = match who.split(' ').next().unwrap_or_default() {
        "" | super::project::ROOT | PINS => "this notebook".to_owned(),
        name => format!("`{name}`"),
    };
    format!(
        "error: {who} needs `{name}`{wanted}, and the prebuilt library holds {name} {versions}, of which it \
         cannot take another of the same series.\n\
         Try a version of {who} that accepts {versions}; or let the library have the other one: \
         `cargo update --package {name} --precise VERSION` in its checkout, then `:reload`.\n\n{said}"
    )
}

/// Which of the library's crates are there a second time, and why.
pub fn doubles(new: &[&Artifact], metadata: &Metadata, library: &Library) -> Vec<String> {
    let Some(manifest) = library.manifest() else {
        return Vec::new();
    };
    let mut grown = Vec::new();
    let mut names = Vec::new();
    for artifact in new.iter().filter(|artifact| !artifact.is_macro()) {
        let Some(package) = metadata.package(&artifact.package_id) else {
            continue;
        };
        let theirs: Option<&Package> = manifest.packages.iter().find(|theirs| {
            !theirs.host && theirs.name == package.name && theirs.version == package.version
        });
        let Some(theirs) = theirs else { continue };
        names.push(format!("`{}`", package.name));
        let more: Vec<&str> = artifact
            .features
            .iter()
            .filter(|feature| !theirs.features.contains(feature))
            .map(String::as_str)
            .collect();
        if !more.is_empty() {
            grown.push(format!("`{}` with {}", package.name, more.join(", ")));
        }
    }
    if names.is_empty() {
        return Vec::new();
    }
    let why = if grown.is_empty() {
        String::new()
    } else {
        format!(" ({})", grown.join("; "))
    };
    vec![format!(
        "built beside the prebuilt library's own, because of other features{why}: {}. A value of one \
         of their types does not go where `lessons` wants its own.",
        names.join(", ")
    )]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn library() -> (tempfile::TempDir, Library) {
        let folder = tempfile::tempdir().unwrap();
        let deps = folder.path().join("deps");
        std::fs::create_dir(&deps).unwrap();
        for file in ["liblessons.so", "librand.rlib"] {
            std::fs::write(deps.join(file), "").unwrap();
        }
        let manifest = crate::library::Manifest {
            lessons: "liblessons.so".into(),
            externs: [("rand".to_owned(), "librand.rlib".to_owned())].into(),
            packages: vec![Package {
                name: "rand".into(),
                version: "0.9.5".into(),
                features: vec!["std".into()],
                host: false,
                extern_name: Some("rand".into()),
            }],
            ..Default::default()
        };
        let text = serde_json::to_vec(&manifest).unwrap();
        std::fs::write(folder.path().join("manifest.json"), text).unwrap();
        let library = Library::open(folder.path()).unwrap();
        (folder, library)
    }

    #[test]
    fn the_library_answers_what_it_has() {
        let (_folder, library) = library();
        let answers = |argument: &str| {
            let specs = super::super::parse(argument, Path::new("/")).unwrap();
            from_library(&specs[0], &library)
        };
        for argument in [
            "lessons = { path = \"/\" }",
            "rand",
            "rand = \"0.9\"",
            "rand = { version = \"0.9.1\", features = [\"std\"] }",
        ] {
            assert!(answers(argument), "{argument}");
        }
        for argument in [
            "rand = \"0.8\"",
            "rand = { version = \"0.9\", features = [\"small_rng\"] }",
            "rand = { path = \"/\" }",
            "rand = { package = \"other\", version = \"0.9\" }",
            "regex",
        ] {
            assert!(!answers(argument), "{argument}");
        }
        assert!(!from_library(
            &super::super::parse("rand", Path::new("/")).unwrap()[0],
            &Library::none()
        ));
    }

    #[test]
    fn a_conflict_names_crates_versions_and_a_way_out() {
        let (_folder, library) = library();
        let said = "error: failed to select a version for `rand`.\n    ... required by package `mine v0.1.0 (/x)`\nversions that meet the requirements `=0.9.1` are: 0.9.1\n  previously selected package `rand v0.9.5`\n    ... which satisfies dependency `pin-0` of package `lessons-pins v0.0.0`";
        let told = conflict(said, &library);
        let first = told.lines().next().unwrap();
        assert!(
            first.starts_with(
                "error: `mine` needs `rand` =0.9.1, and the prebuilt library holds rand 0.9.5"
            ),
            "{first}"
        );
        assert!(told.contains(":reload") && told.ends_with(said));
        assert_eq!(conflict("error: no network", &library), "error: no network");
    }
}
