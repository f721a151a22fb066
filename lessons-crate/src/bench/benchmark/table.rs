//! Reports as tables: for people, for templates, and in CSV.

use std::fmt;

use super::crossover::Crossover;
use super::memory::Memory;
use super::page::Page;
use super::report::{BenchReport, CaseReport};
use crate::bench::compare::Row;
use crate::bench::measurement::{Measurement, seconds};
use crate::figure::Table;

/// Columns and rows of text.
struct Cells {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl BenchReport {
    /// The table: a row a shape. Alone, ours with its scatter and shares; beside others, the median of
    /// each, our time over the best of theirs, and the largest difference between results.
    fn cells(&self) -> Cells {
        match self.engines.len() {
            1 => self.alone(),
            _ => self.beside_others(),
        }
    }

    fn alone(&self) -> Cells {
        let columns = [
            "shape",
            "median",
            "95 % interval",
            "fastest",
            "p95",
            "p99",
            "scatter",
            "samples",
            "GFLOP/s",
            "of the limit",
            "allocations",
            "peak memory",
        ];
        let row = |case: &CaseReport| {
            let mut cells = vec![case.shape.clone()];
            match &case.comparison.rows[0].time {
                Err(error) => cells.push(error.clone()),
                Ok(time) => {
                    let interval = time.interval();
                    let memory = case.memory.first().copied().unwrap_or_default();
                    let allocations = memory.allocations.map(|it| it.count.to_string());
                    cells.extend([
                        seconds(time.median()),
                        format!("{} … {}", seconds(interval.low), seconds(interval.high)),
                        seconds(time.min()),
                        seconds(time.p95()),
                        seconds(time.p99()),
                        percent(time.coefficient_of_variation()),
                        time.samples().len().to_string(),
                        case.gflops(time).map_or_else(none, |it| format!("{it:.1}")),
                        self.share(case, time),
                        allocations.unwrap_or_else(none),
                        memory.peak_bytes.map_or_else(none, megabytes),
                    ]);
                }
            }
            cells
        };
        Cells {
            columns: columns.map(str::to_owned).to_vec(),
            rows: self.cases.iter().map(row).collect(),
        }
    }

    fn beside_others(&self) -> Cells {
        let mut columns = vec!["shape".to_owned()];
        columns.extend(self.engines.iter().map(|(name, _)| name.clone()));
        columns
            .extend(["ours / best other", "largest difference", "of the limit"].map(str::to_owned));
        let row = |case: &CaseReport| {
            let mut cells = vec![case.shape.clone()];
            cells.extend(case.comparison.rows.iter().map(time));
            cells.push(match self.against_best(case) {
                None => none(),
                Some(it) => format!(
                    "{:.2} ({:.2} … {:.2}) of {}",
                    it.ratio, it.interval.low, it.interval.high, it.peer
                ),
            });
            let differences = case.comparison.rows.iter().filter_map(|row| row.difference);
            cells.push(match differences.map(|it| it.largest).reduce(f64::max) {
                None => none(),
                Some(largest) => format!("{largest:.1e}"),
            });
            cells.push(match &case.comparison.rows[0].time {
                Err(_) => none(),
                Ok(time) => self.share(case, time),
            });
            cells
        };
        Cells {
            columns,
            rows: self.cases.iter().map(row).collect(),
        }
    }

    /// The share of what limits a run: of copying where there is little arithmetic, else of the fused
    /// multiply-adds.
    fn share(&self, case: &CaseReport, time: &Measurement) -> String {
        match (case.copy_share(time), case.gflops(time)) {
            (Some(share), _) => format!("{} (copy)", percent(share)),
            (None, Some(gflops)) => format!("{} (FMA)", percent(gflops / self.limits.fma_gflops)),
            (None, None) => none(),
        }
    }

    /// What stands above the table.
    fn head(&self) -> Vec<String> {
        let limits = &self.limits;
        let mut lines = self.machine.details();
        lines.push(format!(
                "{}, {} computing{}; at most {:.0} GFLOP/s by fused multiply-adds, {:.1} GB/s read, {:.1} GB/s copied",
                self.precision,
                match self.threads {
                    1 => "1 thread".to_owned(),
                    threads => format!("{threads} threads"),
                },
                pinned(&self.pinned),
                limits.fma_gflops,
                limits.read_gbs,
                limits.copy_gbs,
            ));
        lines
    }

    /// What stands below the table: versions, loading times and failures of others, warnings.
    fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self
            .engines
            .iter()
            .map(|(name, loaded)| match loaded {
                Ok(loaded) => format!(
                    "{name}: {}, loaded in {}",
                    loaded.engine,
                    seconds(loaded.seconds)
                ),
                Err(error) => format!("{name} failed: {error}"),
            })
            .collect();
        notes.extend(self.failures());
        notes.extend(self.crossovers().iter().map(Crossover::to_string));
        notes.extend(self.cases.iter().filter_map(whole_process));
        if self.engines.len() > 1 {
            notes.extend(self.cases.iter().filter_map(memory_beside));
        }
        notes.extend(
            self.all_warnings()
                .iter()
                .map(|text| format!("warning: {text}")),
        );
        notes
    }

    /// The failures at single shapes of implementations that had loaded.
    fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        for case in &self.cases {
            for (row, (_, loaded)) in case.comparison.rows.iter().zip(&self.engines) {
                if let (Ok(_), Err(error)) = (loaded, &row.time) {
                    let before = row.before_failing.as_ref().map(|time| {
                        format!(
                            "; before that {} samples, median {}",
                            time.samples().len(),
                            seconds(time.median())
                        )
                    });
                    failures.push(format!(
                        "{} failed at {}: {error}{}",
                        row.name,
                        case.shape,
                        before.unwrap_or_default()
                    ));
                }
            }
        }
        failures
    }

    /// The report as texts, for a template.
    ///
    /// # Errors
    /// Never for a report that was measured.
    pub fn page(&self) -> Result<Page, serde_json::Error> {
        let Cells { columns, mut rows } = self.cells();
        for row in &mut rows {
            row.resize(columns.len(), String::new());
        }
        Ok(Page {
            name: self.name.clone(),
            description: self.description.clone(),
            head: self.head(),
            columns,
            rows,
            notes: self.notes(),
            report: serde_json::from_str(&self.to_json(true)?)?,
        })
    }

    /// The report as CSV: a line for each implementation at each shape, times in milliseconds.
    pub fn to_csv(&self) -> String {
        let mut text = "benchmark,shape,implementation,precision,threads,median_ms,low_ms,high_ms,min_ms,\
                        p95_ms,p99_ms,scatter,runs,gflops,peak_share,allocations,allocated_bytes,peak_bytes,\
                        largest_difference,agrees,error\n"
            .to_owned();
        for case in &self.cases {
            for (number, row) in case.comparison.rows.iter().enumerate() {
                let difference = row.difference.map(|it| format!("{:e}", it.largest));
                let agrees = row.difference.map(|it| it.agrees.to_string());
                let mut cells = vec![
                    quoted(&self.name),
                    case.shape.clone(),
                    quoted(&row.name),
                    self.precision.clone(),
                    self.threads.to_string(),
                ];
                match &row.time {
                    Ok(time) => {
                        cells.extend(self.numbers(case, time));
                        let memory = case.memory.get(number).copied().unwrap_or_default();
                        cells.extend(memory_cells(memory));
                    }
                    Err(_) => cells.extend(vec![String::new(); 13]),
                }
                cells.push(difference.unwrap_or_default());
                cells.push(agrees.unwrap_or_default());
                cells.push(
                    row.time
                        .as_ref()
                        .err()
                        .map_or(String::new(), |it| quoted(it)),
                );
                text += &(cells.join(",") + "\n");
            }
        }
        text
    }

    fn numbers(&self, case: &CaseReport, time: &Measurement) -> Vec<String> {
        let interval = time.interval();
        let milliseconds = [
            time.median(),
            interval.low,
            interval.high,
            time.min(),
            time.p95(),
            time.p99(),
        ];
        let mut cells: Vec<String> = milliseconds
            .iter()
            .map(|it| format!("{:.6}", it * 1e3))
            .collect();
        let runs = time.samples().len() * time.calls_per_sample as usize;
        let gflops = case.gflops(time);
        let text = |number: Option<f64>| number.map_or_else(String::new, |it| format!("{it:.4}"));
        cells.extend([
            format!("{:.4}", time.coefficient_of_variation()),
            runs.to_string(),
            text(gflops),
            text(gflops.map(|it| it / self.limits.fma_gflops)),
        ]);
        cells
    }
}

/// The table as aligned text.
impl fmt::Display for BenchReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.head() {
            writeln!(f, "{line}")?;
        }
        let Cells { columns, rows } = self.cells();
        let table = rows
            .into_iter()
            .fold(Table::new(&self.name, columns), Table::row);
        write!(f, "\n{table}")?;
        for note in self.notes() {
            write!(f, "\n{note}")?;
        }
        Ok(())
    }
}

/// The median of a row; what gives another result says so instead.
fn time(row: &Row) -> String {
    match (&row.time, row.difference) {
        (Err(_), _) => "failed".to_owned(),
        (Ok(time), Some(difference)) if !difference.agrees => {
            format!("{} (differs)", seconds(time.median()))
        }
        (Ok(time), _) => seconds(time.median()),
    }
}

/// What a whole process took of memory, in words.
fn whole_process(case: &CaseReport) -> Option<String> {
    let memory = case.memory.first()?;
    let (peak, weights) = (memory.peak_bytes?, memory.weights_bytes?);
    Some(format!(
        "{}: {} of memory at most, {:.2} times the weights' {}",
        case.shape,
        megabytes(peak),
        peak as f64 / weights as f64,
        megabytes(weights)
    ))
}

/// What each implementation takes of memory while it runs, in words.
fn memory_beside(case: &CaseReport) -> Option<String> {
    let rows = case.comparison.rows.iter().zip(&case.memory);
    let told: Vec<String> = rows
        .filter_map(|(row, memory)| {
            let peak = memory.peak_bytes.map(megabytes);
            let allocations = memory
                .allocations
                .map(|it| format!("{} allocations a run", it.count));
            let told: Vec<String> = peak.into_iter().chain(allocations).collect();
            (!told.is_empty()).then(|| format!("{} {}", row.name, told.join(" and ")))
        })
        .collect();
    (!told.is_empty()).then(|| format!("memory at {}: {}", case.shape, told.join("; ")))
}

fn memory_cells(memory: Memory) -> [String; 3] {
    let numbers = [
        memory.allocations.map(|it| it.count),
        memory.allocations.map(|it| it.bytes),
        memory.peak_bytes,
    ];
    numbers.map(|number| number.map_or_else(String::new, |it| it.to_string()))
}

/// `, pinned to processors 0 2`; nothing where threads might move.
pub(super) fn pinned(processors: &[usize]) -> String {
    let numbers: Vec<String> = processors.iter().map(usize::to_string).collect();
    match numbers.len() {
        0 => String::new(),
        1 => format!(", pinned to processor {}", numbers[0]),
        _ => format!(", pinned to processors {}", numbers.join(" ")),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn none() -> String {
    "—".to_owned()
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
