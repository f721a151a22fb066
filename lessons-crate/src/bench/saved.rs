//! Saved reports: `{name}_{machine}_{timestamp}`, with an extension for each format.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::BenchError;
use super::machine::Machine;

/// The formats that a report is saved in.
pub const REPORT_FORMATS: [&str; 4] = ["json", "md", "csv", "svg"];

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
}

impl SavedReport {
    /// A report of this benchmark on this machine at this time.
    pub fn new(name: &str, machine: &Machine, time: &str) -> SavedReport {
        SavedReport {
            name: name.to_owned(),
            machine: slug(&format!("{} {}", machine.cpu, machine.threads)),
            time: time.to_owned(),
        }
    }

    /// What [`SavedReport`] prints as, read again; `None` for the name of another file.
    pub fn parse(stem: &str) -> Option<SavedReport> {
        let mut parts = stem.rsplitn(3, '_');
        let (time, machine, name) = (parts.next()?, parts.next()?, parts.next()?);
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_time = time.len() == 16
            && time.is_ascii()
            && digits(&time[..8])
            && &time[8..9] == "T"
            && digits(&time[9..15])
            && time.ends_with('Z');
        (is_time && !machine.is_empty() && !name.is_empty()).then(|| SavedReport {
            name: name.to_owned(),
            machine: machine.to_owned(),
            time: time.to_owned(),
        })
    }

    /// Its file of a format in a folder.
    pub fn path(&self, folder: &Path, format: &str) -> PathBuf {
        folder.join(format!("{self}.{format}"))
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
                let stem = path.file_stem().and_then(|stem| stem.to_str());
                reports.extend(stem.and_then(SavedReport::parse));
            }
        }
        reports.sort();
        Ok(reports)
    }
}

impl fmt::Display for SavedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}_{}", self.name, self.machine, self.time)
    }
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
