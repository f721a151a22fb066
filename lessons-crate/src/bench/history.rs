//! Saved reports of one benchmark side by side: what has changed, and what is noise.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::benchmark::Measures;
use super::error::BenchError;
use super::measurement::seconds;
use super::saved::SavedReport;
use super::statistics::{Interval, quantile, ratio_interval};
use crate::figure::{Figure, Show, Table};

/// A difference below this share is not worth a word, however sure it is.
const SMALLEST: f64 = 0.02;
/// How many steps from report to report it takes to know how much medians differ between runs.
const ENOUGH: usize = 2;

/// How our times changed from report to report.
///
/// ```no_run
/// # use lessons::bench::History;
/// let history = History::open("bench-reports".as_ref(), Some("distilbert"))?;
/// println!("{history}");
/// # Ok::<(), lessons::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// By benchmark, machine, precision, threads and shape, and then by time.
    pub entries: Vec<HistoryEntry>,
    /// Reports that cannot be read, each with the reason.
    pub unreadable: Vec<String>,
}

/// One shape of one report.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    pub report: SavedReport,
    /// `f32, 2 threads`
    pub setting: String,
    pub shape: String,
    /// Seconds.
    pub samples: Vec<f64>,
    /// Against the reports before it, of the same benchmark on the same machine; `None` for the first.
    pub change: Option<Change>,
}

/// What became of a time since the report before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// The median over the one before: above 1 it is slower.
    pub ratio: f64,
    pub interval: Interval,
    pub verdict: Verdict,
}

/// Whether a difference is more than noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The interval holds 1, the difference is below 2 %, or runs differ as much among themselves.
    Noise,
    /// More than three times what the reports before differ from one to the next.
    Changed,
    /// It differs, but there are fewer than three reports before to tell how much runs differ.
    TooFewReports,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(default)]
    measures: Measures,
}

#[derive(Deserialize)]
struct Report {
    precision: String,
    threads: usize,
    results: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    shape: String,
    #[serde(default)]
    samples_ms: Vec<f64>,
}

impl History {
    /// Reads the reports of a folder, those of one benchmark or of all.
    ///
    /// # Errors
    /// When the folder cannot be read, or holds no such report.
    pub fn open(folder: &Path, name: Option<&str>) -> Result<History, BenchError> {
        let mut unreadable = Vec::new();
        let mut series = BTreeMap::<_, Vec<HistoryEntry>>::new();
        for report in SavedReport::list(folder)? {
            if name.is_some_and(|name| name != report.name) {
                continue;
            }
            let path = report.path(folder, "json");
            let text = fs::read_to_string(&path).map_err(|error| error.to_string());
            let kind = text
                .as_ref()
                .ok()
                .and_then(|it| serde_json::from_str(it).ok());
            // The limits of a machine are no samples of a time.
            if kind.is_some_and(|kind: Kind| kind.measures == Measures::Roofline) {
                continue;
            }
            let read = text.and_then(|text| {
                serde_json::from_str::<Report>(&text).map_err(|error| error.to_string())
            });
            let read = match read {
                Ok(read) => read,
                Err(error) => {
                    unreadable.push(format!("{}: {error}", path.display()));
                    continue;
                }
            };
            let plural = if read.threads == 1 { "" } else { "s" };
            let setting = format!("{}, {} thread{plural}", read.precision, read.threads);
            for case in read.results {
                if case.samples_ms.is_empty() || !case.samples_ms.iter().all(|ms| *ms > 0.0) {
                    continue;
                }
                let key = (
                    report.name.clone(),
                    report.machine.clone(),
                    setting.clone(),
                    order(&case.shape),
                );
                let before = series.entry(key).or_default();
                let samples: Vec<f64> = case.samples_ms.iter().map(|ms| ms / 1e3).collect();
                let entry = HistoryEntry {
                    report: report.clone(),
                    setting: setting.clone(),
                    shape: case.shape,
                    change: Change::since(before, &samples),
                    samples,
                };
                before.push(entry);
            }
        }
        let entries: Vec<HistoryEntry> = series.into_values().flatten().collect();
        if entries.is_empty() && unreadable.is_empty() {
            let of = name.map_or_else(String::new, |name| format!(" of {name}"));
            return Err(BenchError::new(format!(
                "there is no report{of} with samples in {}",
                folder.display()
            ))
            .help(format!(
                "lessons bench {} --save {}",
                name.unwrap_or("NAME"),
                folder.display()
            )));
        }
        Ok(History {
            entries,
            unreadable,
        })
    }

    /// The table: a row for each shape of each report.
    pub fn table(&self) -> Table {
        let columns = [
            "benchmark",
            "machine",
            "setting",
            "shape",
            "measured",
            "median",
            "since the one before",
        ];
        let row = |table: Table, entry: &HistoryEntry| {
            let change = entry.change.map(|change| change.to_string());
            table.row([
                entry.report.name.clone(),
                entry.report.machine.clone(),
                entry.setting.clone(),
                entry.shape.clone(),
                readable(&entry.report.time),
                seconds(entry.median()),
                change.unwrap_or_else(|| "—".to_owned()),
            ])
        };
        let table = Table::new("Saved reports", columns).finding(&self.finding());
        self.entries.iter().fold(table, row)
    }

    /// Which changes are more than noise, in a sentence.
    fn finding(&self) -> String {
        let changes = self.entries.iter().filter_map(|entry| entry.change);
        let real: Vec<Change> = changes
            .filter(|change| change.verdict == Verdict::Changed)
            .collect();
        let slower = real.iter().filter(|change| change.ratio > 1.0).count();
        match real.len() {
            0 => "No time changed by more than noise.".to_owned(),
            _ => format!(
                "By more than noise {slower} times slower and {} times faster than the report before.",
                real.len() - slower
            ),
        }
    }
}

impl Show for History {
    fn figure(&self) -> Figure {
        self.table().figure()
    }

    fn evcxr_display(&self) {
        self.table().evcxr_display();
    }
}

impl Change {
    /// Of samples against the entries before.
    fn since(before: &[HistoryEntry], samples: &[f64]) -> Option<Change> {
        let last = before.last()?;
        let medians: Vec<f64> = before.iter().map(HistoryEntry::median).collect();
        let ratio = quantile(samples, 0.5) / last.median();
        let interval = ratio_interval(samples, &last.samples);
        let differs = !interval.holds(1.0) && (ratio - 1.0).abs() > SMALLEST;
        let verdict = match usual_step(&medians) {
            _ if !differs => Verdict::Noise,
            None => Verdict::TooFewReports,
            Some(usual) if ratio.ln().abs() > 3.0 * usual => Verdict::Changed,
            Some(_) => Verdict::Noise,
        };
        Some(Change {
            ratio,
            interval,
            verdict,
        })
    }
}

impl HistoryEntry {
    /// The median, in seconds.
    pub fn median(&self) -> f64 {
        quantile(&self.samples, 0.5)
    }
}

/// The standard deviation of the steps from one median to the next, as logarithms of their quotients: by
/// the median of their sizes, so that a change that lasts, which is one step of many, counts for little.
fn usual_step(medians: &[f64]) -> Option<f64> {
    /// The standard deviation of a normal distribution over its median absolute deviation.
    const SCALE: f64 = 1.4826;
    let steps = medians
        .windows(2)
        .map(|pair| (pair[1] / pair[0]).ln().abs());
    let steps: Vec<f64> = steps.collect();
    (steps.len() >= ENOUGH).then(|| SCALE * quantile(&steps, 0.5))
}

/// Shapes by their numbers, then by their text: `1x8` before `1x16`.
fn order(shape: &str) -> (Vec<u64>, String) {
    let numbers = shape.split(|digit: char| !digit.is_ascii_digit());
    (numbers.flat_map(str::parse).collect(), shape.to_owned())
}

/// `2026-01-02 03:04` of `20260102T030405Z`.
fn readable(time: &str) -> String {
    format!(
        "{}-{}-{} {}:{}",
        &time[..4],
        &time[4..6],
        &time[6..8],
        &time[9..11],
        &time[11..13]
    )
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |ratio: f64| match ((ratio - 1.0) * 100.0).round() {
            0.0 => "0".to_owned(),
            percent => format!("{percent:+.0}"),
        };
        let word = match self.verdict {
            Verdict::Noise => "noise",
            Verdict::TooFewReports => "too few reports to tell",
            Verdict::Changed if self.ratio > 1.0 => "slower",
            Verdict::Changed => "faster",
        };
        write!(
            f,
            "{} % ({} to {}), {word}",
            percent(self.ratio),
            percent(self.interval.low),
            percent(self.interval.high)
        )
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}", self.table(), self.finding())?;
        for report in &self.unreadable {
            writeln!(f, "not read: {report}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with a report for each set of samples, in milliseconds.
    fn folder(reports: &[Vec<f64>]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (day, samples) in reports.iter().enumerate() {
            let name = format!("b_m_202601{:02}T030405Z.json", day + 1);
            let text = format!(
                r#"{{"precision":"f32","threads":2,"results":[{{"shape":"1x16","samples_ms":{samples:?}}},{{"shape":"1x8","error":"no"}}]}}"#
            );
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn around(middle: f64) -> Vec<f64> {
        (0..40)
            .map(|n| middle * (1.0 + 0.001 * f64::from(n % 9)))
            .collect()
    }

    fn judged(reports: &[Vec<f64>]) -> Vec<Option<Verdict>> {
        let folder = folder(reports);
        let history = History::open(folder.path(), Some("b")).unwrap();
        let entries = history.entries.iter();
        entries
            .map(|entry| entry.change.map(|change| change.verdict))
            .collect()
    }

    #[test]
    fn a_step_is_a_change_and_counts_once() {
        let reports = [10.0, 10.1, 10.0, 10.1, 12.0, 12.1].map(around);
        let noise = Some(Verdict::Noise);
        let expected = [None, noise, noise, noise, Some(Verdict::Changed), noise];
        assert_eq!(judged(&reports), expected);
    }

    #[test]
    fn runs_that_differ_among_themselves_make_no_change() {
        let reports = [10.0, 11.5, 9.0, 10.8, 9.4, 10.9].map(around);
        let few = Some(Verdict::TooFewReports);
        let noise = Some(Verdict::Noise);
        assert_eq!(judged(&reports), [None, few, few, noise, noise, noise]);
    }

    #[test]
    fn nothing_has_no_sign_of_less() {
        let change = Change {
            ratio: 0.999,
            interval: Interval {
                low: 0.996,
                high: 1.012,
            },
            verdict: Verdict::Noise,
        };
        assert_eq!(change.to_string(), "0 % (0 to +1), noise");
    }

    #[test]
    fn the_table_says_what_changed_and_what_could_not_be_read() {
        let folder = folder(&[10.0, 10.1, 10.0, 20.0].map(around));
        fs::write(folder.path().join("b_m_20260109T030405Z.json"), "{").unwrap();
        let history = History::open(folder.path(), None).unwrap();
        let text = history.to_string();
        assert!(
            text.contains("+100 %") && text.contains("1 times slower"),
            "{text}"
        );
        assert!(text.contains("2026-01-02 03:04"), "{text}");
        assert!(
            text.contains("not read: ") && text.contains("20260109"),
            "{text}"
        );
        let error = History::open(folder.path(), Some("c")).unwrap_err();
        assert!(
            error.to_string().contains("lessons bench c --save"),
            "{error}"
        );
    }
}
