//! The machine's own limits: arithmetic in registers, and bytes to and from each level of memory.

use std::fmt;

use lessons_compute::cpu::Cpu;
use lessons_compute::pool::{MAX_THREADS, Pool};
use lessons_compute::roofline::{copy_bandwidth, fma_peak, read_bandwidth, triad_bandwidth};
use serde::{Deserialize, Serialize};

use super::config::{Config, Measures};
use super::page::Page;
use super::table::pinned;
use crate::bench::conditions::Conditions;
use crate::bench::error::BenchError;
use crate::bench::load::warning_before;
use crate::bench::machine::Machine;
use crate::bench::pinning::{Pinning, starting};
use crate::figure::{Figure, LineChart, Show, Table};

/// What `[roofline]` says: how many bytes, and on how many threads.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RooflineKeys {
    /// Sizes of the vectors that are read, copied and added, in bytes.
    pub bytes: Vec<usize>,
    /// Numbers of threads; where there are none, one and as many as processors.
    #[serde(default)]
    pub threads: Vec<usize>,
    /// The best of so many runs is taken.
    #[serde(default = "runs")]
    pub runs: usize,
}

fn runs() -> usize {
    10
}

impl RooflineKeys {
    pub(super) fn check(&self) -> Result<(), BenchError> {
        let sizes = 1 << 10..=1 << 32;
        if self.bytes.is_empty() || self.bytes.iter().any(|bytes| !sizes.contains(bytes)) {
            return Err(
                BenchError::new("roofline.bytes must be sizes from 1 KiB to 4 GiB")
                    .help("bytes = [32768, 134217728]"),
            );
        }
        if self
            .threads
            .iter()
            .any(|it| !(1..=MAX_THREADS).contains(it))
        {
            return Err(BenchError::new(format!(
                "roofline.threads must be numbers from 1 to {MAX_THREADS}"
            )));
        }
        if self.runs == 0 {
            return Err(BenchError::new("roofline.runs is 0").help("runs = 10"));
        }
        Ok(())
    }
}

/// The limits of a machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Roofline {
    pub machine: Machine,
    /// The instruction set that was used.
    pub isa: &'static str,
    pub results: Vec<RooflineRow>,
    pub warnings: Vec<String>,
    /// The benchmark's name.
    pub benchmark: String,
    #[serde(skip)]
    pub description: String,
    pub measures: Measures,
    /// When it was saved or printed, in UTC: `20260102T030405Z`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
}

/// The limits on a number of threads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RooflineRow {
    pub threads: usize,
    /// The processors that they stayed on; empty where they might move.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pinned: Vec<usize>,
    /// Fused multiply-adds on f32 in registers, two operations each, in GFLOP/s.
    pub fma_gflops: f64,
    pub bandwidths: Vec<Bandwidth>,
}

/// The rates at which vectors of a size are moved, in GB/s; all bytes that are read or written count.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bandwidth {
    pub bytes: usize,
    pub read_gbs: f64,
    pub copy_gbs: f64,
    pub triad_gbs: f64,
}

/// Measures the limits; each thread stays on a processor of its own where it is to be pinned. `say` is told
/// what is being done.
///
/// # Errors
/// When the config has no `[roofline]`, or threads cannot be pinned that are to be.
pub fn roofline(config: &Config, say: &mut dyn FnMut(&str)) -> Result<Roofline, BenchError> {
    config.check()?;
    let keys = config.roofline.as_ref().ok_or_else(|| {
        BenchError::new("there is no roofline to measure").help("[roofline] bytes = [134217728]")
    })?;
    let pin = config.benchmark.pin;
    let mut warnings: Vec<String> = warning_before().into_iter().collect();
    let mut conditions = Conditions::start();
    let machine = Machine::here();
    let threads = match keys.threads.as_slice() {
        [] if machine.threads > 1 => vec![1, machine.threads],
        [] => vec![1],
        threads => threads.to_vec(),
    };
    let results = threads.into_iter().map(|threads| {
        say(&format!("roofline, threads: {threads}"));
        let row = row(threads, keys, pin)?;
        conditions.look();
        Ok(row)
    });
    let results = results.collect::<Result<_, BenchError>>()?;
    warnings.extend(conditions.end(&[]));
    Ok(Roofline {
        isa: lessons_compute::isa::Isa::best().name(),
        machine,
        results,
        warnings,
        benchmark: config.benchmark.name.clone(),
        description: config.benchmark.description.clone(),
        measures: config.benchmark.measures,
        timestamp: None,
    })
}

fn row(threads: usize, keys: &RooflineKeys, pin: bool) -> Result<RooflineRow, BenchError> {
    let pinning = pin.then(|| Pinning::new(threads)).transpose()?;
    let pool = starting(pinning.as_ref(), || Pool::new(threads));
    let cpu = Cpu::with_pool(&pool);
    let bandwidth = |bytes: &usize| Bandwidth {
        bytes: *bytes,
        read_gbs: read_bandwidth(cpu, *bytes, keys.runs) / 1e9,
        copy_gbs: copy_bandwidth(cpu, *bytes, keys.runs) / 1e9,
        triad_gbs: triad_bandwidth(cpu, *bytes, keys.runs) / 1e9,
    };
    Ok(RooflineRow {
        threads,
        pinned: pinning.map_or_else(Vec::new, |it| it.processors().to_vec()),
        fma_gflops: fma_peak(cpu, 4 * keys.runs) / 1e9,
        bandwidths: keys.bytes.iter().map(bandwidth).collect(),
    })
}

const COLUMNS: [&str; 6] = [
    "threads",
    "FMA GFLOP/s",
    "vector",
    "read GB/s",
    "copy GB/s",
    "triad GB/s",
];

impl Roofline {
    fn rows(&self) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for row in &self.results {
            for bandwidth in &row.bandwidths {
                rows.push(vec![
                    format!("{}{}", row.threads, pinned(&row.pinned)),
                    format!("{:.1}", row.fma_gflops),
                    size(bandwidth.bytes),
                    format!("{:.1}", bandwidth.read_gbs),
                    format!("{:.1}", bandwidth.copy_gbs),
                    format!("{:.1}", bandwidth.triad_gbs),
                ]);
            }
        }
        rows
    }

    /// The limits as texts, for a template.
    ///
    /// # Errors
    /// Never for limits that were measured.
    pub fn page(&self) -> Result<Page, serde_json::Error> {
        let warnings = self.warnings.iter();
        Ok(Page {
            name: self.benchmark.clone(),
            description: self.description.clone(),
            head: self.machine.details(),
            columns: COLUMNS.map(str::to_owned).to_vec(),
            rows: self.rows(),
            notes: warnings.map(|it| format!("warning: {it}")).collect(),
            report: serde_json::to_value(self)?,
        })
    }

    /// A line for each number of threads and size.
    pub fn to_csv(&self) -> String {
        let mut text = "threads,fma_gflops,bytes,read_gbs,copy_gbs,triad_gbs\n".to_owned();
        for row in &self.results {
            for it in &row.bandwidths {
                text += &format!(
                    "{},{:.3},{},{:.3},{:.3},{:.3}\n",
                    row.threads, row.fma_gflops, it.bytes, it.read_gbs, it.copy_gbs, it.triad_gbs
                );
            }
        }
        text
    }

    /// One line of JSON.
    ///
    /// # Errors
    /// Never for limits that were measured.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

impl fmt::Display for Roofline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = Table::new("roofline", COLUMNS);
        let table = self.rows().into_iter().fold(table, Table::row);
        write!(f, "{}\n\n{table}", self.machine.details().join("\n"))?;
        for warning in &self.warnings {
            write!(f, "\nwarning: {warning}")?;
        }
        Ok(())
    }
}

/// The rates of reading, copying and adding over the bytes of a vector, a line for each number of threads.
impl Show for Roofline {
    fn figure(&self) -> Figure {
        let mut chart = LineChart::new(&format!("The limits of {}", self.machine.cpu))
            .x("bytes of a vector")
            .y("GB/s, all bytes that are moved")
            .log_x()
            .log_y();
        type Rate = fn(&Bandwidth) -> f64;
        let rates: [(&str, Rate); 3] = [
            ("read", |it| it.read_gbs),
            ("copied", |it| it.copy_gbs),
            ("added", |it| it.triad_gbs),
        ];
        let mut finding = Vec::new();
        for row in &self.results {
            let threads = match row.threads {
                1 => "1 thread".to_owned(),
                threads => format!("{threads} threads"),
            };
            let gflops = row.fma_gflops;
            finding.push(format!(
                "{threads}: {gflops:.0} GFLOP/s by fused multiply-adds"
            ));
            for (name, rate) in rates {
                let points = row.bandwidths.iter().map(|it| (it.bytes as f64, rate(it)));
                chart = chart.series(&format!("{name}, {threads}"), points);
            }
            if let [first, .., last] = row.bandwidths.as_slice() {
                finding.push(format!(
                    "{:.1} GB/s read of {}, {:.1} of {}",
                    first.read_gbs,
                    size(first.bytes),
                    last.read_gbs,
                    size(last.bytes)
                ));
            }
        }
        finding.extend(self.warnings.iter().map(|text| format!("warning: {text}")));
        chart.finding(&format!("{}.", finding.join("; "))).figure()
    }
}

/// A size in the largest unit of which it is a whole number.
fn size(bytes: usize) -> String {
    let units = ["B", "KiB", "MiB", "GiB"];
    let mut unit = 0;
    let mut count = bytes;
    while count >= 1024 && count.is_multiple_of(1024) && unit + 1 < units.len() {
        count /= 1024;
        unit += 1;
    }
    format!("{count} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_in_whole_units() {
        assert_eq!(
            [1000, 32768, 1 << 27, 3 << 29].map(size),
            ["1000 B", "32 KiB", "128 MiB", "1536 MiB"]
        );
    }

    #[test]
    fn every_thread_count_and_size_gets_its_rates() {
        let config = Config::from_toml(
            "[benchmark]\nname = \"r\"\nmeasures = \"roofline\"\n\
             [roofline]\nbytes = [4096, 16384]\nthreads = [1, 2]\nruns = 1\n",
        )
        .unwrap();
        let found = roofline(&config, &mut |_| ()).unwrap();
        assert_eq!(found.to_csv().lines().count(), 5);
        let page = found.page().unwrap();
        assert_eq!((page.rows.len(), page.rows[0][2].as_str()), (4, "4 KiB"));
        let figure = found.figure();
        assert!(
            figure.alt().contains("1 thread: ") && figure.alt().contains(" GB/s read of 4 KiB")
        );
        assert!(figure.to_svg().contains(">copied, 2 threads<"));
        let rates = found.results.iter().flat_map(|row| &row.bandwidths);
        for it in rates {
            for rate in [it.read_gbs, it.copy_gbs, it.triad_gbs] {
                assert!((1e-2..1e5).contains(&rate), "{it:?}");
            }
        }
    }

    #[test]
    fn sizes_and_threads_that_make_no_sense_are_refused() {
        let keys = |bytes: &[usize], threads: &[usize], runs| RooflineKeys {
            bytes: bytes.to_vec(),
            threads: threads.to_vec(),
            runs,
        };
        for bad in [
            keys(&[], &[], 1),
            keys(&[8], &[], 1),
            keys(&[4096], &[0], 1),
            keys(&[4096], &[1000], 1),
            keys(&[4096], &[], 0),
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
