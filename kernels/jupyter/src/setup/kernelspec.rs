//! Kernelspecs: the folders with a `kernel.json` in which Jupyter finds kernels.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::engine::Kind;
use crate::paths;

/// The file name of the kernel's binary.
pub(super) const KERNEL: &str = "lessons-kernel";

/// The files beside `kernel.json` that frontends show.
const LOGOS: [(&str, &[u8]); 3] = [
    ("logo-svg.svg", include_bytes!("../../assets/logo-svg.svg")),
    (
        "logo-32x32.png",
        include_bytes!("../../assets/logo-32x32.png"),
    ),
    (
        "logo-64x64.png",
        include_bytes!("../../assets/logo-64x64.png"),
    ),
];

/// Where a kernelspec goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The user's Jupyter data directory.
    User,
    /// `PREFIX/share/jupyter`.
    Prefix(PathBuf),
    /// The active virtual or conda environment.
    ActiveEnvironment,
}

impl Place {
    /// The folder that holds the kernelspecs of this place.
    ///
    /// # Errors
    /// When there is no active environment, or no home directory.
    pub fn kernels(&self) -> anyhow::Result<PathBuf> {
        let data = match self {
            Self::User => paths::jupyter_user()?,
            Self::Prefix(prefix) => std::path::absolute(prefix)?.join("share/jupyter"),
            Self::ActiveEnvironment => paths::active_prefix()
                .context(
                    "no environment is active: activate a virtual environment, \
                     or name one with --prefix",
                )?
                .join("share/jupyter"),
        };
        Ok(data.join("kernels"))
    }
}

/// What a kernelspec of ours says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernelspec {
    /// The name of the folder, by which notebooks ask for the kernel.
    pub name: String,
    /// The kernel's binary.
    pub binary: PathBuf,
    /// The folder that holds the prebuilt library.
    pub library: PathBuf,
    /// What runs the cells.
    pub engine: Kind,
}

/// How `kernel.json` names an engine other than the default.
const EVCXR: [&str; 2] = ["--engine", "evcxr"];

impl Kernelspec {
    /// The content of `kernel.json`.
    pub fn json(&self) -> anyhow::Result<Value> {
        let display_name = match self.name.strip_prefix("lessons-") {
            Some("evcxr") => "Rust (lessons, evcxr engine)".into(),
            Some(variant) => format!("Rust (lessons, {variant})"),
            None => "Rust (lessons)".into(),
        };
        let mut argv = vec![
            text(&self.binary)?,
            "start",
            "--library",
            text(&self.library)?,
            "--connection-file",
            "{connection_file}",
        ];
        if self.engine == Kind::Evcxr {
            argv.extend(EVCXR);
        }
        Ok(json!({
            "argv": argv,
            "display_name": display_name,
            "language": "rust",
            "interrupt_mode": "message",
            "metadata": {"debugger": false},
        }))
    }

    /// Writes the kernelspec and its logos into `kernels/NAME`; returns that folder. One of the
    /// same name that is not ours is left alone.
    ///
    /// # Errors
    /// When the name is not one that Jupyter accepts, another kernel has it, or the folder can't be
    /// written.
    pub fn write(&self, kernels: &Path) -> anyhow::Result<PathBuf> {
        let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        ensure!(
            !self.name.is_empty() && self.name.chars().all(legal),
            "{:?} can't be a kernel's name: use letters, digits, '.', '_' and '-'",
            self.name,
        );
        let folder = kernels.join(&self.name);
        if folder.join("kernel.json").exists() && Self::read(&folder).is_err() {
            bail!(
                "{} belongs to another kernel; choose another name with --name",
                folder.display(),
            );
        }
        fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
        for (name, content) in LOGOS {
            write(&folder.join(name), content)?;
        }
        let json = serde_json::to_string_pretty(&self.json()?)?;
        write(&folder.join("kernel.json"), format!("{json}\n").as_bytes())?;
        Ok(folder)
    }

    /// Reads a kernelspec of ours.
    ///
    /// # Errors
    /// When there is none, or it is another kernel's.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join("kernel.json");
        let content = fs::read(&file).with_context(|| format!("can't read {}", file.display()))?;
        let json: Value = serde_json::from_slice(&content)
            .with_context(|| format!("{} is not JSON", file.display()))?;
        let argv: Vec<&str> = json["argv"]
            .as_array()
            .map(|list| list.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        match argv[..] {
            [binary, "start", "--library", library, ..]
                if Path::new(binary)
                    .file_name()
                    .is_some_and(|name| name == KERNEL) =>
            {
                Ok(Self {
                    name: folder
                        .file_name()
                        .map(|name| name.to_string_lossy().into_owned())
                        .unwrap_or_default(),
                    binary: binary.into(),
                    library: library.into(),
                    engine: if argv.ends_with(&EVCXR) {
                        Kind::Evcxr
                    } else {
                        Kind::Direct
                    },
                })
            }
            _ => bail!("{} is another kernel's", file.display()),
        }
    }

    /// All kernelspecs of ours that Jupyter would find here, each with its folder.
    pub fn find_all() -> Vec<(PathBuf, Self)> {
        let mut found = Vec::new();
        for data in paths::jupyter_all() {
            let Ok(entries) = fs::read_dir(data.join("kernels")) else {
                continue;
            };
            let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            folders.sort();
            for folder in folders {
                if let Ok(spec) = Self::read(&folder)
                    && !found.iter().any(|(known, _)| *known == folder)
                {
                    found.push((folder, spec));
                }
            }
        }
        found
    }
}

fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str()
        .with_context(|| format!("the path {} is not UTF-8, which JSON needs", path.display()))
}

fn write(file: &Path, content: &[u8]) -> anyhow::Result<()> {
    fs::write(file, content).with_context(|| format!("can't write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(name: &str) -> Kernelspec {
        Kernelspec {
            name: name.into(),
            binary: "/opt/lib 1/lessons-kernel".into(),
            library: "/opt/lib 1".into(),
            engine: Kind::Direct,
        }
    }

    #[test]
    fn a_kernelspec_survives_its_folder_and_has_its_logos() {
        let kernels = tempfile::tempdir().unwrap();
        let folder = spec("lessons").write(kernels.path()).unwrap();
        assert_eq!(Kernelspec::read(&folder).unwrap(), spec("lessons"));
        for file in [
            "kernel.json",
            "logo-svg.svg",
            "logo-32x32.png",
            "logo-64x64.png",
        ] {
            assert!(folder.join(file).is_file(), "{file}");
        }
        // Written again, as an update does.
        spec("lessons").write(kernels.path()).unwrap();
    }

    #[test]
    fn kernel_json_says_what_frontends_need() {
        let json = spec("lessons").json().unwrap();
        assert_eq!(json["display_name"], "Rust (lessons)");
        assert_eq!(json["language"], "rust");
        assert_eq!(json["interrupt_mode"], "message");
        assert_eq!(json["argv"][5], "{connection_file}");
        let json = spec("lessons-cuda").json().unwrap();
        assert_eq!(json["display_name"], "Rust (lessons, cuda)");
    }

    #[test]
    fn the_engine_is_remembered() {
        let kernels = tempfile::tempdir().unwrap();
        let evcxr = Kernelspec {
            engine: Kind::Evcxr,
            ..spec("lessons-evcxr")
        };
        let json = evcxr.json().unwrap();
        assert_eq!(json["display_name"], "Rust (lessons, evcxr engine)");
        assert_eq!(json["argv"][7], "evcxr");
        let folder = evcxr.write(kernels.path()).unwrap();
        assert_eq!(Kernelspec::read(&folder).unwrap(), evcxr);
    }

    #[test]
    fn another_kernel_is_never_overwritten() {
        let kernels = tempfile::tempdir().unwrap();
        let folder = kernels.path().join("rust");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("kernel.json"), r#"{"argv": ["evcxr_jupyter"]}"#).unwrap();
        let error = spec("rust").write(kernels.path()).unwrap_err();
        assert!(error.to_string().contains("--name"), "{error}");
        assert!(spec("../up").write(kernels.path()).is_err());
    }

    #[test]
    fn the_logos_are_of_the_size_that_their_names_say() {
        for (name, size) in [("logo-32x32.png", 32), ("logo-64x64.png", 64)] {
            let (_, content) = LOGOS.iter().find(|(logo, _)| *logo == name).unwrap();
            // A PNG's width and height are big-endian numbers after its first 16 bytes.
            assert_eq!(content[16..24], [0, 0, 0, size, 0, 0, 0, size], "{name}");
        }
    }
}
