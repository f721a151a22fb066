//! Measuring: how long something takes, against what, and whether the answers agree.
//!
//! [`measure`] times one closure, [`compare`] several that compute the same, and [`over_sizes`] a
//! graph on every device that is there. Each keeps its raw samples, shows a correctness beside every
//! time, and has a `verdict()` that reads the same on every machine, for the times do not.

mod allocation;
mod benchmark;
mod clock;
mod compare;
mod conditions;
mod difference;
mod error;
mod figure;
mod history;
pub mod load;
mod machine;
mod measurement;
mod over_sizes;
mod pinning;
mod recorded;
mod saved;
mod statistics;

pub use allocation::{AllocationCounter, Allocations, count_allocations_with};
pub use benchmark::{
    About, Bandwidth, BenchReport, CaseReport, CaseShape, Config, Crossover, Devices,
    Implementation, Limits, Loaded, Measure, Measures, Memory, ModelKeys, Once, Output, Page,
    Precision, REPORT_FOLDER, Ratio, Roofline, RooflineKeys, RooflineRow, TestData, once, roofline,
    run, write_directory,
};
pub use compare::{Comparison, Contest, Row, compare};
pub use difference::Difference;
pub use error::BenchError;
pub use history::{Change, History, HistoryEntry, Verdict};
pub use machine::{Cache, Gpu, Machine};
pub(crate) use measurement::seconds;
pub use measurement::{Budget, Measurement, measure, measure_with};
pub use over_sizes::{Point, Scaling, Series, over_sizes, over_sizes_with};
pub use recorded::{RecordedPoint, RecordedRun, RecordedSeries, recorded};
pub use saved::{REPORT_FORMATS, SavedReport};
pub use statistics::Interval;
pub(crate) use statistics::quantile_of_sorted;
