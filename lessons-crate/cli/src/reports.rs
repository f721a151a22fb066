//! `lessons bench --save`, `history` and `clean`: reports in a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use lessons::bench::{
    BenchReport, History, Output, REPORT_FOLDER, REPORT_FORMATS, Roofline, SavedReport,
};
use lessons::figure::Show as _;

use crate::{markdown, output};

/// Show how times changed over saved reports, and which changes are more than noise.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// Name of a benchmark, instead of all.
    name: Option<String>,
    /// Folder of the reports.
    #[arg(long, value_name = "DIR", default_value = REPORT_FOLDER)]
    folder: PathBuf,
}

/// Remove saved reports; other files of the folder stay.
#[derive(Debug, Args)]
pub struct CleanArgs {
    /// Name of a benchmark, instead of all.
    name: Option<String>,
    /// Folder of the reports.
    #[arg(long, value_name = "DIR", default_value = REPORT_FOLDER)]
    folder: PathBuf,
    /// How many of the newest to keep, for each benchmark and machine.
    #[arg(long, value_name = "N", default_value_t = 0)]
    keep: usize,
}

/// What a benchmark found.
#[derive(Debug)]
pub enum Report {
    Times(BenchReport),
    Limits(Roofline),
}

impl Report {
    /// Notes when it was made.
    pub fn stamp(&mut self) {
        let time = chrono::Utc::now().format("%Y%m%dT%H%M%SZ").to_string();
        match self {
            Report::Times(report) => report.timestamp = Some(time),
            Report::Limits(limits) => limits.timestamp = Some(time),
        }
    }

    /// The name of its files, as `output` wants them.
    fn saved(&self, output: &Output) -> SavedReport {
        let (name, machine, time) = match self {
            Report::Times(it) => (&it.name, &it.machine, &it.timestamp),
            Report::Limits(it) => (&it.benchmark, &it.machine, &it.timestamp),
        };
        SavedReport::named(output, name, machine, time.as_deref().unwrap_or_default())
    }

    /// One line of JSON; with all samples, if asked for.
    pub fn json(&self, samples: bool) -> anyhow::Result<String> {
        Ok(match self {
            Report::Times(report) => report.to_json(samples)?,
            Report::Limits(limits) => limits.to_json()?,
        })
    }

    /// Markdown from a template.
    pub fn markdown(&self, template: Option<&Path>) -> anyhow::Result<String> {
        let page = match self {
            Report::Times(report) => report.page()?,
            Report::Limits(limits) => limits.page()?,
        };
        markdown::render(&page, template)
    }

    pub fn csv(&self) -> String {
        match self {
            Report::Times(report) => report.to_csv(),
            Report::Limits(limits) => limits.to_csv(),
        }
    }

    pub fn svg(&self) -> String {
        let figure = match self {
            Report::Times(report) => report.figure(),
            Report::Limits(limits) => limits.figure(),
        };
        figure.to_svg().to_owned()
    }

    pub fn warnings(&self) -> Vec<String> {
        match self {
            Report::Times(report) => report.all_warnings(),
            Report::Limits(limits) => limits.warnings.clone(),
        }
    }

    /// Saves it in the formats that are wanted. What is saved does not wait for what cannot be: a template
    /// with a mistake takes nothing else with it.
    pub fn save(&self, output: &Output) -> anyhow::Result<()> {
        let folder = &output.folder;
        std::fs::create_dir_all(folder)
            .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        let saved = self.saved(output);
        let mut failure = None;
        for (format, extension) in REPORT_FORMATS {
            if !output.formats.iter().any(|wanted| wanted == format) {
                continue;
            }
            let path = saved.path(folder, extension);
            let text = match format {
                "json" => self.json(true).map(|line| line + "\n"),
                "markdown" => self.markdown(output.template.as_deref()),
                "svg" => Ok(self.svg()),
                _ => Ok(self.csv()),
            };
            let written = text.and_then(|text| {
                std::fs::write(&path, text)
                    .with_context(|| format!("{} cannot be written", path.display()))
            });
            match written {
                Ok(()) => output::note(format_args!("saved {}", path.display())),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(()), Err)
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Report::Times(report) => report.fmt(f),
            Report::Limits(limits) => limits.fmt(f),
        }
    }
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
            for (_, extension) in REPORT_FORMATS {
                let path = report.path(&args.folder, extension);
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
