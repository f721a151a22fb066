//! `lessons bench --save`, `history` and `clean`: reports in a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use lessons::bench::{BenchReport, History, REPORT_FORMATS, SavedReport};
use lessons::figure::Show as _;

use crate::output;

/// Where reports are without another word.
pub const FOLDER: &str = "bench-reports";

/// Show how times changed over saved reports, and which changes are more than noise.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// Name of a benchmark, instead of all.
    name: Option<String>,
    /// Folder of the reports.
    #[arg(long, value_name = "DIR", default_value = FOLDER)]
    folder: PathBuf,
}

/// Remove saved reports; other files of the folder stay.
#[derive(Debug, Args)]
pub struct CleanArgs {
    /// Name of a benchmark, instead of all.
    name: Option<String>,
    /// Folder of the reports.
    #[arg(long, value_name = "DIR", default_value = FOLDER)]
    folder: PathBuf,
    /// How many of the newest to keep, for each benchmark and machine.
    #[arg(long, value_name = "N", default_value_t = 0)]
    keep: usize,
}

/// Saves the report in all formats that programs and people read.
pub fn save(report: &BenchReport, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    let time = chrono::Utc::now().format("%Y%m%dT%H%M%SZ").to_string();
    let saved = SavedReport::new(&report.name, &report.machine, &time);
    for format in REPORT_FORMATS {
        let text = match format {
            "json" => report.to_json(true)? + "\n",
            "md" => report.to_markdown(),
            "svg" => report.figure().to_svg().to_owned(),
            _ => report.to_csv(),
        };
        let path = saved.path(folder, format);
        std::fs::write(&path, text)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    output::note(format_args!(
        "saved {}",
        saved.path(folder, "json").display()
    ));
    Ok(())
}

/// Runs `lessons bench history`.
pub fn history(args: &HistoryArgs) -> anyhow::Result<()> {
    let history = History::open(&args.folder, args.name.as_deref())?;
    Ok(output::line(history.to_string().trim_end())?)
}

/// Runs `lessons bench clean`.
pub fn clean(args: &CleanArgs) -> anyhow::Result<()> {
    let mut series = BTreeMap::<_, Vec<SavedReport>>::new();
    for report in SavedReport::list(&args.folder)? {
        if args.name.as_ref().is_none_or(|name| *name == report.name) {
            let key = (report.name.clone(), report.machine.clone());
            series.entry(key).or_default().push(report);
        }
    }
    let mut removed = 0;
    for reports in series.into_values() {
        let old = reports.len().saturating_sub(args.keep);
        for report in &reports[..old] {
            for format in REPORT_FORMATS {
                let path = report.path(&args.folder, format);
                if path.exists() {
                    std::fs::remove_file(&path)
                        .with_context(|| format!("{} cannot be removed", path.display()))?;
                }
            }
            removed += 1;
        }
    }
    let plural = if removed == 1 { "" } else { "s" };
    Ok(output::line(format_args!(
        "removed {removed} report{plural}"
    ))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_keeps_the_newest_of_each_and_what_is_no_report() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            "a_m_20260101T000000Z.json",
            "a_m_20260101T000000Z.csv",
            "a_m_20260102T000000Z.json",
            "b_m_20260101T000000Z.json",
            "notes.json",
        ];
        for name in names {
            std::fs::write(folder.path().join(name), "{}").unwrap();
        }
        let clean = |name: Option<&str>, keep| {
            super::clean(&CleanArgs {
                name: name.map(str::to_owned),
                folder: folder.path().to_owned(),
                keep,
            })
            .unwrap();
            names.map(|name| folder.path().join(name).exists())
        };
        assert_eq!(clean(None, 1), [false, false, true, true, true]);
        assert_eq!(clean(Some("b"), 0), [false, false, true, false, true]);
        assert_eq!(clean(None, 0), [false, false, false, false, true]);
    }
}
