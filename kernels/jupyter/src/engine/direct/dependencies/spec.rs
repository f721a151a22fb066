//! What follows `:dep`, in every spelling: a name, a path, or one or more lines of TOML.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// One dependency that a cell asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// The key in `[dependencies]`, as written.
    pub key: String,
    /// A table with absolute paths.
    pub table: Table,
}

impl Spec {
    /// The name by which code knows the crate.
    pub fn name(&self) -> String {
        self.key.replace('-', "_")
    }

    /// The package's name in its registry.
    pub fn package(&self) -> &str {
        self.text("package").unwrap_or(&self.key)
    }

    pub fn path(&self) -> Option<&Path> {
        self.text("path").map(Path::new)
    }

    pub fn version(&self) -> Option<&str> {
        self.text("version")
    }

    pub fn features(&self) -> Vec<&str> {
        let features = self.table.get("features").and_then(Value::as_array);
        let features = features.into_iter().flatten();
        features.filter_map(Value::as_str).collect()
    }

    /// Whether it names no place but the registry.
    pub fn is_from_registry(&self) -> bool {
        ["path", "git", "registry"]
            .iter()
            .all(|place| !self.table.contains_key(*place))
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.table.get(key)?.as_str()
    }

    /// As a line of TOML.
    pub fn line(&self) -> String {
        let only_version = self.table.len() == 1;
        match self.version().filter(|_| only_version) {
            Some(version) => format!("{} = {version:?}", self.key),
            None => format!("{} = {}", self.key, Value::Table(self.table.clone())),
        }
    }
}

/// Reads the argument of `:dep`; relative paths start at `base`.
///
/// # Errors
/// When it is in none of the spellings, as a sentence.
pub fn parse(argument: &str, base: &Path) -> Result<Vec<Spec>, String> {
    let argument = argument.trim();
    if argument.is_empty() {
        return Err("`:dep` takes a crate: `:dep rand`, `:dep rand = \"0.9\"`, `:dep mine = { path = \"…\" }`".into());
    }
    if argument.contains('=') && !argument.contains('@') || argument.contains('{') {
        return lines(argument, base);
    }
    if argument.starts_with(['.', '/', '~']) {
        return local(argument, base).map(|spec| vec![spec]);
    }
    let (key, version) = argument.split_once('@').unwrap_or((argument, "*"));
    let key = key.trim().trim_matches('"');
    Ok(vec![Spec {
        key: checked(key)?,
        table: Table::from_iter([("version".to_owned(), Value::from(version.trim()))]),
    }])
}

fn checked(key: &str) -> Result<String, String> {
    let fits = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    if !key.is_empty() && key.chars().all(fits) {
        Ok(key.to_owned())
    } else {
        Err(format!(
            "`{key}` is no crate's name: `:dep rand`, `:dep rand = \"0.9\"`, `:dep ../folder`"
        ))
    }
}

fn lines(argument: &str, base: &Path) -> Result<Vec<Spec>, String> {
    let text = joined(argument);
    let table: Table = text
        .parse()
        .map_err(|error: toml::de::Error| format!("this is not TOML: {}", error.message()))?;
    let mut specs = Vec::new();
    for (key, value) in table {
        let mut table = match value {
            Value::String(version) => {
                Table::from_iter([("version".to_owned(), Value::from(version))])
            }
            Value::Table(table) => table,
            other => {
                return Err(format!(
                    "`{key} = {other}`: a dependency is a version in quotes or a table in braces"
                ));
            }
        };
        for (evcxrs, cargos) in [("default_features", "default-features")] {
            if let Some(value) = table.remove(evcxrs) {
                table.insert(cargos.to_owned(), value);
            }
        }
        if let Some(path) = table.get("path").and_then(Value::as_str) {
            let folder = match existing(path, base) {
                // The prebuilt library is meant wherever the path points: notebooks are copied.
                Err(_) if key.trim() == "lessons" => base.join(path),
                found => found?,
            };
            table.insert(
                "path".into(),
                Value::from(folder.to_string_lossy().as_ref()),
            );
        }
        specs.push(Spec {
            key: checked(&key)?,
            table,
        });
    }
    Ok(specs)
}

/// A crate's folder alone: its manifest says the name.
fn local(argument: &str, base: &Path) -> Result<Spec, String> {
    let folder = existing(argument, base)?;
    let manifest = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest)
        .map_err(|_| format!("{argument} is no crate: it has no Cargo.toml"))?;
    let name = text.parse::<Table>().ok().and_then(|table| {
        let name = table.get("package")?.get("name")?.as_str()?;
        Some(name.to_owned())
    });
    let name = name.ok_or_else(|| format!("{argument}/Cargo.toml names no package"))?;
    Ok(Spec {
        key: name,
        table: Table::from_iter([(
            "path".to_owned(),
            Value::from(folder.to_string_lossy().as_ref()),
        )]),
    })
}

fn existing(path: &str, base: &Path) -> Result<PathBuf, String> {
    let full = match path.strip_prefix("~/") {
        Some(rest) => std::env::var_os("HOME")
            .map(|home| PathBuf::from(home).join(rest))
            .ok_or("`~` has no meaning here: HOME is not set")?,
        None => base.join(path),
    };
    full.canonicalize().map_err(|_| {
        format!(
            "there is no folder {path} (looked for in {})",
            base.display()
        )
    })
}

/// Lines inside braces become one, as TOML wants inline tables; comments and commas before a closing
/// brace go.
fn joined(text: &str) -> String {
    let mut joined = String::new();
    let mut braces = 0usize;
    let mut quote = None;
    let mut comment = false;
    let mut escaped = false;
    for c in text.chars() {
        if comment {
            comment = c != '\n';
            if comment {
                continue;
            }
        }
        if let Some(open) = quote {
            joined.push(c);
            if escaped {
                escaped = false;
            } else if c == '\\' && open == '"' {
                escaped = true;
            } else if c == open {
                quote = None;
            }
            continue;
        }
        match c {
            '"' | '\'' => quote = Some(c),
            '#' => {
                comment = true;
                continue;
            }
            '{' => braces += 1,
            '}' => {
                braces = braces.saturating_sub(1);
                let end = joined.trim_end().trim_end_matches(',').len();
                joined.truncate(end);
            }
            '\n' if braces > 0 => {
                joined.push(' ');
                continue;
            }
            _ => {}
        }
        joined.push(c);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(argument: &str) -> Spec {
        let specs = parse(argument, Path::new("/")).unwrap();
        assert_eq!(specs.len(), 1, "{specs:?}");
        specs.into_iter().next().unwrap()
    }

    #[test]
    fn every_spelling_is_read() {
        assert_eq!(one("rand").line(), "rand = \"*\"");
        assert_eq!(one("rand@0.9").version(), Some("0.9"));
        assert_eq!(one("rand = \"0.9\"").line(), "rand = \"0.9\"");
        let spec = one(
            "my-rand = { package = \"rand\", version = \"0.9\", default_features = false, features = [\"std\"] }",
        );
        assert_eq!((spec.name().as_str(), spec.package()), ("my_rand", "rand"));
        assert_eq!(spec.features(), ["std"]);
        assert_eq!(spec.table["default-features"].as_bool(), Some(false));
        let git = one("x = { git = \"https://example.org/x\", rev = \"abc\" }");
        assert!(!git.is_from_registry());
    }

    #[test]
    fn tables_may_go_over_several_lines() {
        let spec = one(
            "a = {\n  version = \"1\", # why\n  features = [\n    \"x\",\n    \"y#\",\n  ],\n}",
        );
        assert_eq!(spec.features(), ["x", "y#"]);
        let two = parse("a = \"1\"\nb = { version = \"2\" }", Path::new("/")).unwrap();
        assert_eq!(two.len(), 2);
    }

    #[test]
    fn paths_start_at_the_notebook() {
        let folder = tempfile::tempdir().unwrap();
        let crate_ = folder.path().join("mine");
        std::fs::create_dir(&crate_).unwrap();
        std::fs::write(crate_.join("Cargo.toml"), "[package]\nname = \"my-crate\"").unwrap();
        let full = crate_.canonicalize().unwrap();
        for argument in ["./mine", "my-crate = { path = \"mine\" }"] {
            let specs = parse(argument, folder.path()).unwrap();
            assert_eq!(specs[0].path(), Some(full.as_path()), "{argument}");
            assert_eq!(specs[0].name(), "my_crate");
        }
    }

    #[test]
    fn a_copy_of_a_notebook_still_names_the_library() {
        let spec = one("lessons = { path = \"../lessons-crate\" }");
        assert_eq!(spec.name(), "lessons");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (argument, word) in [
            ("", "takes a crate"),
            ("a = 1", "version in quotes"),
            ("a = {", "not TOML"),
            ("a b", "no crate's name"),
            ("x = { path = \"nowhere-at-all\" }", "no folder"),
            ("../nowhere-at-all", "no folder"),
        ] {
            let error = parse(argument, Path::new("/")).unwrap_err();
            assert!(error.contains(word), "{argument}: {error}");
        }
    }
}
