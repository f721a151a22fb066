//! Times over sizes: what agrees, what fails, and what is recorded.

use super::*;
use crate::graph::{Custom, f32s, i64s};

fn affine() -> Graph {
    Graph::build("affine", |g| {
        let x = g.input("x", f32s(("n",)));
        g.output("y", (2 * x + 1.0).relu());
    })
    .unwrap()
}

fn scaling() -> Scaling {
    over_sizes(&affine(), &Weights::new(), &[3, 70]).unwrap()
}

#[test]
fn the_cpu_is_measured_both_ways_and_agrees() {
    let scaling = scaling();
    let cpu: Vec<_> = scaling
        .series
        .iter()
        .filter(|s| s.device == Device::Cpu)
        .collect();
    assert_eq!(cpu.len(), 2);
    for series in cpu {
        assert!(
            series
                .points
                .iter()
                .all(|point| point.median().is_some_and(|time| time > 0.0))
        );
    }
    assert!(scaling.verdict().ends_with(": yes"));
    let text = scaling.to_string();
    assert!(
        text.contains("CPU op by op") && text.contains("docs/gpu.md") == scaling.note.is_some()
    );
}

#[test]
fn wrong_results_are_said_and_not_drawn() {
    let mut scaling = scaling();
    scaling.series[1].points[1].difference = Some(Difference {
        largest: 1.0,
        ..Difference::default()
    });
    assert!(scaling.verdict().ends_with("no: CPU differs at 70"));
    assert_eq!(scaling.lines()[1].1.len(), 1);
    assert!(scaling.to_string().contains("wrong result"));
}

#[test]
fn a_device_that_fails_gets_points_that_say_so() {
    let mut scaling = scaling();
    scaling.series[1].device = Device::Cuda(0);
    scaling.series[1].points[0].time = Err("out of memory".to_owned());
    assert!(scaling.verdict().ends_with("yes"));
    assert!(scaling.to_string().contains("failed at 3: out of memory"));
}

#[test]
fn crossover_is_where_one_stays_faster() {
    let mut scaling = scaling();
    assert_eq!(scaling.crossover("CPU", "CPU"), None);
    let time = scaling.series[0].points[0].time.clone();
    scaling.series[0]
        .points
        .iter_mut()
        .for_each(|point| point.time = time.clone());
    let fast = crate::bench::measure_with(&Budget::quick(), || ());
    scaling.series[1].points[0].time = time;
    scaling.series[1].points[1].time = Ok(fast);
    assert_eq!(scaling.crossover("CPU", "CPU op by op"), Some(70));
}

#[test]
fn gpu_times_are_recorded_and_shown_where_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.json");
    let mut scaling = scaling();
    scaling.series.retain(|series| series.device == Device::Cpu);
    assert!(scaling.record(&path, "Example", "2026-01-01").is_err());
    scaling.series[1].device = Device::Cuda(0);
    scaling.series[1].name = "cuda:0".to_owned();
    scaling.record(&path, "Example", "2026-01-01").unwrap();
    let run = RecordedRun::open(&path).unwrap();
    let (run, note) = elsewhere(Ok(Some(run)));
    assert!(note.unwrap().contains("recorded on Example, 2026-01-01"));
    scaling.series.truncate(1);
    scaling.recorded = run;
    assert_eq!(scaling.lines()[1].0, "cuda:0, recorded");
    assert_eq!(scaling.lines()[1].1.len(), 2);
    let (_, note) = elsewhere(Err(BenchError::new("damaged")));
    assert!(note.unwrap().contains("damaged"));
}

#[test]
fn integers_are_ones_and_graphs_with_two_symbols_bring_their_own_inputs() {
    let graph = Graph::build("rows", |g| {
        let ids = g.input("ids", i64s(("batch", "seq")));
        let table = g.weight("table", f32s((5, 3)));
        g.output("y", table.gather(ids));
    })
    .unwrap();
    let weights = Weights::random(&graph, 1).unwrap();
    let error = over_sizes(&graph, &weights, &[1]).unwrap_err().to_string();
    assert!(
        error.contains("batch, seq") && error.contains("over_sizes_with"),
        "{error}"
    );
    let inputs = |seq| {
        Ok(vec![(
            "ids",
            Tensor::ones((1, seq), candle_core::DType::I64, &CandleDevice::Cpu)?,
        )])
    };
    let scaling =
        over_sizes_with(&graph, &weights, "seq", &[1, 8], &Budget::quick(), inputs).unwrap();
    assert!(scaling.verdict().starts_with("seq = 1, 8") && scaling.verdict().ends_with("yes"));
    assert!(over_sizes(&affine(), &Weights::new(), &[]).is_err());
}

/// Three ways to fail: no driver, no place for the inputs, a kernel that panics. The rest goes on.
#[test]
fn whatever_fails_on_a_device_becomes_its_row() {
    let cpu = || Session::cpu().load(&affine(), &Weights::new()).unwrap();
    let broken = Custom::new(
        "broken",
        |inputs| Ok(inputs[0].clone()),
        |_, _| panic!("no kernel for broken"),
    );
    let graph = Graph::build("broken", |g| {
        let x = g.input("x", f32s(("n",)));
        g.output("y", broken.apply(&[x]));
    });
    let panics = Session::cpu().load(&graph.unwrap(), &Weights::new());
    let runner = |name: &str, device, model| Runner {
        name: name.to_owned(),
        device,
        model,
        copies: false,
    };
    let runners = [
        runner("CPU", Device::Cpu, Ok(cpu())),
        runner(
            "no driver",
            Device::Cuda(0),
            Err("its driver cannot be loaded".to_owned()),
        ),
        runner("elsewhere", Device::Cuda(7), Ok(cpu())),
        runner("no kernel", Device::Cpu, Ok(panics.unwrap())),
        runner("CPU again", Device::Cpu, Ok(cpu())),
    ];
    let inputs = random_inputs(&affine(), "n", 5);
    let rows = at_size(&runners, inputs, &Budget::quick());
    let error = |row: usize| rows[row].time.as_ref().unwrap_err();
    assert!(error(1).contains("driver cannot be loaded"));
    assert!(error(2).contains("cuda:7 cannot be used"), "{}", error(2));
    assert_eq!(error(3), "panicked: no kernel for broken");
    assert!(rows[0].time.is_ok() && rows[4].time.is_ok());
    assert!(rows[4].difference.unwrap().agrees);
}
