//! Saved reports: `{name}_{machine}_{timestamp}`, with an extension for each format.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::benchmark::Output;
use super::error::BenchError;
use super::machine::Machine;

/// The formats that a report is saved in, with the extensions of their files.
pub const REPORT_FORMATS: [(&str, &str); 4] = [
    ("json", "json"),
    ("markdown", "md"),
    ("csv", "csv"),
    ("svg", "svg"),
];

/// A saved report, known by the name of its files. Ordered by benchmark, machine, and time.
///
/// ```
/// use lessons::bench::{Machine, SavedReport};
/// let saved = SavedReport::new("mlp", &Machine::here(), "20260102T030405Z");
/// let stem = saved.to_string();
/// assert!(stem.starts_with("mlp_") && stem.ends_with("_20260102T030405Z"));
/// assert_eq!(SavedReport::parse(&stem), Some(saved));
/// assert_eq!(SavedReport::parse("notes_on_mlp"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SavedReport {
    /// The benchmark's name.
    pub name: String,
    /// The CPU's model and its threads, as far as they are letters and digits.
    pub machine: String,
    /// When it was measured, in UTC: `20260102T030405Z`.
    pub time: String,
    /// The name of its files, without an extension.
    pub stem: String,
}

/// What a report says of itself.
#[derive(Deserialize)]
struct Head {
    benchmark: String,
    timestamp: String,
    machine: HeadMachine,
}

#[derive(Deserialize)]
struct HeadMachine {
    cpu: String,
    threads: usize,
}

impl SavedReport {
    /// A report of this benchmark on this machine at this time.
    pub fn new(name: &str, machine: &Machine, time: &str) -> SavedReport {
        SavedReport::named(&Output::default(), name, machine, time)
    }

    /// The same with files that are named as an `[output]` says.
    pub fn named(output: &Output, name: &str, machine: &Machine, time: &str) -> SavedReport {
        let machine = machine_slug(&machine.cpu, machine.threads);
        SavedReport {
            stem: output.stem(name, &machine, time),
            name: name.to_owned(),
            machine,
            time: time.to_owned(),
        }
    }

    /// What the file of a report says of itself, whatever its name; those of older versions are known by
    /// their name alone.
    fn read(path: &Path) -> Option<SavedReport> {
        let stem = path.file_stem()?.to_str()?;
        let text = fs::read_to_string(path).ok();
        let head = text.and_then(|text| serde_json::from_str::<Head>(&text).ok());
        match head {
            Some(head) if is_time(&head.timestamp) => Some(SavedReport {
                name: head.benchmark,
                machine: machine_slug(&head.machine.cpu, head.machine.threads),
                time: head.timestamp,
                stem: stem.to_owned(),
            }),
            _ => SavedReport::parse(stem),
        }
    }

    /// What [`SavedReport`] prints as, read again; `None` for the name of another file.
    pub fn parse(stem: &str) -> Option<SavedReport> {
        let mut parts = stem.rsplitn(3, '_');
        let (time, machine, name) = (parts.next()?, parts.next()?, parts.next()?);
        (is_time(time) && !machine.is_empty() && !name.is_empty()).then(|| SavedReport {
            name: name.to_owned(),
            machine: machine.to_owned(),
            time: time.to_owned(),
            stem: stem.to_owned(),
        })
    }

    /// Its file with an extension in a folder.
    pub fn path(&self, folder: &Path, extension: &str) -> PathBuf {
        folder.join(format!("{self}.{extension}"))
    }

    /// The reports that a folder holds as JSON, in order.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(folder: &Path) -> Result<Vec<SavedReport>, BenchError> {
        let unreadable = |error: std::io::Error| {
            BenchError::new(format!(
                "the folder {} cannot be read: {error}",
                folder.display()
            ))
            .help("lessons bench NAME --save writes a report there")
        };
        let mut reports = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                reports.extend(SavedReport::read(&path));
            }
        }
        reports.sort();
        Ok(reports)
    }
}

impl fmt::Display for SavedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stem)
    }
}

/// `20260102T030405Z`
fn is_time(time: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    time.len() == 16
        && time.is_ascii()
        && digits(&time[..8])
        && &time[8..9] == "T"
        && digits(&time[9..15])
        && time.ends_with('Z')
}

fn machine_slug(cpu: &str, threads: usize) -> String {
    slug(&format!("{cpu} {threads}"))
}

/// Lower case letters and digits, and single hyphens for all between.
fn slug(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_were_written() {
        let machine = Machine {
            cpu: "Example(R) CPU_3000 @ 2.80GHz".to_owned(),
            threads: 8,
            ..Machine::here()
        };
        let saved = SavedReport::new("mine_too", &machine, "20260102T030405Z");
        let stem = "mine_too_example-r-cpu-3000-2-80ghz-8_20260102T030405Z";
        assert_eq!(saved.to_string(), stem);
        assert_eq!(SavedReport::parse(stem), Some(saved));
        for other in [
            "",
            "a_b",
            "a_b_20260102",
            "_b_20260102T030405Z",
            "a_b_2026010éT030405Z",
        ] {
            assert_eq!(SavedReport::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_report_of_any_name_is_known_by_what_it_says() {
        let folder = tempfile::tempdir().unwrap();
        let text = r#"{"machine":{"cpu":"A B","threads":2},"benchmark":"mlp","timestamp":"20260102T030405Z"}"#;
        fs::write(folder.path().join("mine-1.json"), text).unwrap();
        let saved = SavedReport::list(folder.path()).unwrap().remove(0);
        assert_eq!(
            (
                saved.name.as_str(),
                saved.machine.as_str(),
                saved.stem.as_str()
            ),
            ("mlp", "a-b-2", "mine-1")
        );
        assert!(saved.path(folder.path(), "json").is_file());
    }

    #[test]
    fn a_folder_is_listed_in_order_without_what_is_no_report() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "b_m_20260102T030405Z.json",
            "a_m_20260103T030405Z.json",
            "a_m_20260102T030405Z.json",
            "a_m_20260102T030405Z.csv",
            "notes.json",
        ] {
            fs::write(folder.path().join(name), "{}").unwrap();
        }
        let reports = SavedReport::list(folder.path()).unwrap();
        let found: Vec<String> = reports.iter().map(SavedReport::to_string).collect();
        assert_eq!(
            found,
            [
                "a_m_20260102T030405Z",
                "a_m_20260103T030405Z",
                "b_m_20260102T030405Z"
            ]
        );
        let missing = SavedReport::list(&folder.path().join("none")).unwrap_err();
        assert!(missing.to_string().contains("--save"), "{missing}");
    }
}
