//! Reports that nobody measured, for tests of what is made of them.

use super::config::Measures;
use super::engine::Loaded;
use super::limits::Limits;
use super::report::{BenchReport, CaseReport};
use crate::bench::compare::{Comparison, Row};
use crate::bench::difference::Difference;
use crate::bench::machine::Machine;
use crate::bench::measurement::Measurement;

/// A report on these engines at these shapes: for each engine its times in seconds, and whether its results
/// agree with the first one's. Samples scatter by a hundredth; a time that is not above 0 is a failure.
pub fn report(shapes: &[&str], engines: &[(&str, &[(f64, bool)])]) -> BenchReport {
    let row = |case: usize, (name, times): &(&str, &[(f64, bool)])| {
        let (seconds, agrees) = times[case];
        let samples = [0.99, 1.0, 1.0, 1.0, 1.01].map(|factor| factor * seconds);
        Row {
            name: (*name).to_owned(),
            time: match seconds > 0.0 {
                true => Ok(Measurement::of_samples(samples.to_vec())),
                false => Err("out of memory".to_owned()),
            },
            before_failing: None,
            difference: Some(Difference {
                agrees,
                ..Difference::default()
            }),
        }
    };
    let case = |(at, shape): (usize, &&str)| CaseReport {
        shape: (*shape).to_owned(),
        flops: None,
        bytes: 1.0,
        copy_gbs: None,
        memory: Vec::new(),
        outputs: Vec::new(),
        comparison: Comparison {
            title: String::new(),
            rows: engines.iter().map(|engine| row(at, engine)).collect(),
            tolerance: 1.0,
            conditions: Vec::new(),
        },
    };
    let loaded = Loaded {
        engine: "e".to_owned(),
        threads: 1,
        precision: "f32".to_owned(),
        seconds: 0.0,
    };
    BenchReport {
        name: "test".to_owned(),
        description: String::new(),
        measures: Measures::Run,
        timestamp: None,
        machine: Machine::here(),
        limits: Limits {
            fma_gflops: 1.0,
            read_gbs: 1.0,
            copy_gbs: 1.0,
        },
        precision: "f32".to_owned(),
        threads: 1,
        pinned: Vec::new(),
        output: "y".to_owned(),
        engines: engines
            .iter()
            .map(|(name, _)| ((*name).to_owned(), Ok(loaded.clone())))
            .collect(),
        cases: shapes.iter().enumerate().map(case).collect(),
        warnings: Vec::new(),
    }
}
