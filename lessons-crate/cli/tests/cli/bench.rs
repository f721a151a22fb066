//! `lessons bench`: what it prints in each format, and what it refuses.

use lessons::bench::{REPORT_FORMATS, SavedReport};
use serde_json::Value;

use crate::fixture::original;
use crate::run::{Said, answer, command, lessons, misuse, refusal};

/// The benchmark of DistilBERT on the small model of the fixtures.
fn bench(options: &[&str]) -> Said {
    let model = original();
    let mut args = vec![
        "bench",
        "distilbert",
        "--model",
        model.to_str().unwrap(),
        "--time",
        "5",
        "--shapes",
        "1x4,2x5",
    ];
    args.extend(options);
    answer(&args)
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn json_has_the_promised_keys_and_the_logits_of_the_model() {
    let said = bench(&["--format", "json", "--threads", "1", "--precision", "f32"]);
    let [report] = said.json().try_into().unwrap();
    assert_eq!(
        keys(&report),
        [
            "machine",
            "precision",
            "threads",
            "results",
            "benchmark",
            "measures",
            "timestamp"
        ]
    );
    assert_eq!(
        (&report["precision"], &report["threads"]),
        (&"f32".into(), &1.into())
    );
    assert!(report["machine"]["fma_gflops"].as_f64().unwrap() > 0.1);
    for key in [
        "cpu",
        "isa",
        "caches",
        "memory_bytes",
        "gpus",
        "lessons",
        "rustc",
        "commit",
    ] {
        assert!(report["machine"].get(key).is_some(), "{key}");
    }
    let results = report["results"].as_array().unwrap();
    let shapes: Vec<_> = results.iter().map(|result| &result["shape"]).collect();
    assert_eq!(shapes, ["1x4", "2x5"]);
    for result in results {
        let expected = [
            "shape",
            "median_ms",
            "min_ms",
            "p95_ms",
            "runs",
            "gflops",
            "peak_share",
            "peak_bytes",
            "allocations",
            "allocated_bytes",
            "logits",
        ];
        let told = |key: &&str| *key != "peak_bytes" || cfg!(target_os = "linux");
        let expected: Vec<&str> = expected.into_iter().filter(told).collect();
        assert_eq!(keys(result), expected);
        let time = |key: &str| result[key].as_f64().unwrap();
        assert!(0.0 < time("min_ms") && time("min_ms") <= time("median_ms"));
        assert!(time("median_ms") <= time("p95_ms") && result["runs"].as_u64().unwrap() >= 5);
        let (gflops, share) = (time("gflops"), time("peak_share"));
        let peak = report["machine"]["fma_gflops"].as_f64().unwrap();
        assert!((gflops / peak / share - 1.0).abs() < 1e-3);
    }
    // The fixture knows 200 tokens.
    let id = |n: u32| (1000 + (7919 * n) % 29000) % 200;
    let ids = format!("101,{},{},102", id(1), id(2));
    let model = original();
    let classify = answer(&[
        "classify",
        "--model",
        model.to_str().unwrap(),
        "--ids",
        &ids,
        "--format",
        "json",
    ]);
    let [answered] = classify.json().try_into().unwrap();
    let logits = |value: &Value| -> Vec<f64> {
        let numbers = value.as_array().unwrap().iter();
        numbers.map(|number| number.as_f64().unwrap()).collect()
    };
    let (timed, classified) = (logits(&results[0]["logits"]), logits(&answered["logits"]));
    assert_eq!(timed.len(), 2);
    for (a, b) in timed.iter().zip(&classified) {
        assert!((a - b).abs() < 1e-5, "{timed:?} {classified:?}");
    }
}

#[test]
fn raw_samples_are_kept_when_asked_for() {
    let [report] = bench(&["--format", "json", "--samples"])
        .json()
        .try_into()
        .unwrap();
    for result in report["results"].as_array().unwrap() {
        let samples = result["samples_ms"].as_array().unwrap().len() as u64;
        let calls = result["calls_per_sample"].as_u64().unwrap();
        assert_eq!(result["runs"].as_u64().unwrap(), samples * calls);
        let interval = result["interval_ms"].as_array().unwrap();
        let median = result["median_ms"].as_f64().unwrap();
        assert!(interval[0].as_f64().unwrap() <= median && median <= interval[1].as_f64().unwrap());
    }
}

#[test]
fn people_get_tables() {
    let text = bench(&[]).stdout;
    assert!(
        text.contains("GFLOP/s") && text.contains("1x4") && text.contains("threads"),
        "{text}"
    );
    let markdown = bench(&["--format", "markdown"]).stdout;
    for head in [&text, &markdown] {
        for says in [
            "logical processor",
            "of memory",
            "GPU",
            "lessons 0.",
            "commit",
        ] {
            assert!(head.contains(says), "{says}: {head}");
        }
    }
    let rows = markdown
        .lines()
        .filter(|line| line.starts_with('|'))
        .count();
    assert_eq!(rows, 4, "{markdown}");
    let csv = bench(&["--format", "csv"]).stdout;
    let columns: Vec<usize> = csv.lines().map(|line| line.split(',').count()).collect();
    assert_eq!(columns, [21; 3], "{csv}");
}

#[test]
fn the_random_model_is_the_same_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str| {
        let path = folder.path().join(name);
        answer(&[
            "bench",
            "distilbert",
            "--write-model",
            path.to_str().unwrap(),
        ]);
        std::fs::read(path.join("model.safetensors")).unwrap()
    };
    let (first, second) = (write("a"), write("b"));
    assert!(first.len() > 4 * 66_955_010 && first == second);
    assert!(folder.path().join("a/config.json").is_file());
}

#[test]
fn a_model_that_cannot_run_is_a_failure_with_its_table() {
    let model = original();
    // Longer than the model's positions.
    let said = lessons(&[
        "bench",
        "distilbert",
        "--model",
        model.to_str().unwrap(),
        "--shapes",
        "1x5000",
        "--time",
        "1",
    ]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stdout.contains("failed at 1x5000"), "{said:?}");
    assert!(
        said.stderr.contains("error: nothing was measured: "),
        "{said:?}"
    );
}

#[test]
fn what_is_wrong_is_named() {
    refusal(&["bench", "distillbert"], &["did you mean `distilbert`?"]);
    refusal(&["bench", "none.toml"], &["none.toml: cannot be read"]);
    refusal(
        &["bench", "distilbert", "--model", "nowhere"],
        &["nowhere does not exist"],
    );
    misuse(
        &["bench", "distilbert", "--shapes", "1y8"],
        "`1y8` is no shape",
    );
    misuse(
        &["bench", "distilbert", "--precision", "f8"],
        "`f8` is no precision",
    );
    misuse(&["bench", "distilbert", "--threads", "0"], "0 is not in");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    std::fs::write(&path, "[benchmark]\nname = \"a\"\ntolerence = 1\n").unwrap();
    refusal(
        &["bench", path.to_str().unwrap()],
        &[
            "mine.toml",
            "unknown field `tolerence`",
            "did you mean `tolerance`?",
        ],
    );
}

#[test]
fn it_works_from_any_folder() {
    let folder = tempfile::tempdir().unwrap();
    let model = original().canonicalize().unwrap();
    let output = command(&[
        "bench",
        "distilbert",
        "--model",
        model.to_str().unwrap(),
        "--shapes",
        "1x2",
        "--time",
        "1",
    ])
    .current_dir(folder.path())
    .output()
    .unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_cold_start_is_a_fresh_process_with_its_memory() {
    let model = original();
    let model = model.to_str().unwrap();
    let said = answer(&[
        "bench",
        "cold-start",
        "--model",
        model,
        "--time",
        "1",
        "--format",
        "json",
        "--threads",
        "1",
    ]);
    let [report] = said.json().try_into().unwrap();
    let result = &report["results"][0];
    assert_eq!(result["shape"], "1x8");
    assert!(result["gflops"].is_null() && result["logits"].as_array().unwrap().len() == 2);
    if cfg!(target_os = "linux") {
        let bytes = |key: &str| result[key].as_u64().unwrap();
        assert!(bytes("peak_bytes") > bytes("weights_bytes") && bytes("weights_bytes") > 1000);
    }
    let once = answer(&[
        "bench",
        "distilbert",
        "--once",
        "--model",
        model,
        "--shapes",
        "1x8",
    ]);
    let [once] = once.json().try_into().unwrap();
    assert_eq!(once["output"], result["logits"]);
}

#[test]
fn compiling_and_the_limits_of_the_machine_are_benchmarks_too() {
    let compile = answer(&["bench", "compile-small", "--time", "1", "--format", "json"]);
    let [report] = compile.json().try_into().unwrap();
    let result = &report["results"][0];
    assert!(result["median_ms"].as_f64().unwrap() > 0.0);
    // Compiling has no arithmetic and moves no vectors of which there could be a share.
    assert!(result["gflops"].is_null() && result["copy_share"].is_null());
    assert_eq!(result["outputs"].as_array().unwrap().len(), 4);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.toml");
    let toml = "[benchmark]\nname = \"r\"\nmeasures = \"roofline\"\n[roofline]\nbytes = [4096]\nruns = 1\n";
    std::fs::write(&path, toml).unwrap();
    let said = answer(&[
        "bench",
        path.to_str().unwrap(),
        "--threads",
        "1",
        "--format",
        "json",
    ]);
    let [report] = said.json().try_into().unwrap();
    assert_eq!(report["results"][0]["threads"], 1);
    assert!(
        report["results"][0]["bandwidths"][0]["triad_gbs"]
            .as_f64()
            .unwrap()
            > 0.0
    );
}

#[cfg(target_os = "linux")]
#[test]
fn threads_are_pinned_when_asked_for() {
    let pinned = bench(&["--pin", "--threads", "1", "--format", "json"]);
    let [report] = pinned.json().try_into().unwrap();
    assert_eq!(report["pinned"].as_array().unwrap().len(), 1, "{report}");
    let text = bench(&["--pin", "--threads", "1"]).stdout;
    assert!(
        text.contains("1 thread computing, pinned to processor "),
        "{text}"
    );
    let model = original();
    let model = model.to_str().unwrap();
    let cold = [
        "bench",
        "cold-start",
        "--model",
        model,
        "--time",
        "1",
        "--threads",
        "1",
        "--pin",
    ];
    assert!(answer(&cold).stdout.contains("pinned to processor "));
    refusal_after_words(
        &["bench", "mlp", "--pin", "--threads", "64"],
        "cannot be pinned",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.toml");
    let toml = "[benchmark]\nname = \"r\"\nmeasures = \"roofline\"\npin = true\n[roofline]\nbytes = [4096]\nthreads = [1]\nruns = 1\n";
    std::fs::write(&path, toml).unwrap();
    let said = answer(&["bench", path.to_str().unwrap(), "--format", "json"]);
    assert_eq!(
        said.json()[0]["results"][0]["pinned"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

/// Fails with this error, after it has said what it is doing.
#[cfg(target_os = "linux")]
fn refusal_after_words(args: &[&str], part: &str) {
    if std::thread::available_parallelism().is_ok_and(|threads| threads.get() >= 64) {
        eprintln!("skipped: this machine has enough processors");
        return;
    }
    let said = lessons(args);
    assert_eq!((said.code, said.stdout.as_str()), (1, ""), "{said:?}");
    assert!(
        said.stderr.contains("error: ") && said.stderr.contains(part),
        "{said:?}"
    );
}

/// What is compiled allocates, so the counter counts; runs into a given output don't.
#[test]
fn a_run_allocates_nothing() {
    let first = |args: &[&str]| {
        let said = answer(&[&["bench"], args, &["--time", "5", "--format", "json"]].concat());
        said.json()[0]["results"][0].clone()
    };
    let model = original();
    let distilbert = [
        "distilbert",
        "--shapes",
        "2x8",
        "--model",
        model.to_str().unwrap(),
    ];
    for args in [
        distilbert.as_slice(),
        &["elementwise", "--shapes", "262144"],
        &["mlp", "--shapes", "4x8"],
        &["cnn", "--shapes", "2x1x28x28"],
    ] {
        let result = first(args);
        assert_eq!(result["allocations"], 0, "{args:?}: {result}");
        assert_eq!(result["allocated_bytes"], 0, "{args:?}: {result}");
        if cfg!(target_os = "linux") {
            assert!(result["peak_bytes"].as_u64() > Some(1 << 20), "{result}");
        }
    }
    let compiled = first(&["compile-small"]);
    assert!(compiled["allocations"].as_u64() > Some(10), "{compiled}");
    assert!(
        compiled["allocated_bytes"].as_u64() > Some(100),
        "{compiled}"
    );
}

#[test]
fn the_other_models_run_and_are_saved_in_all_forms() {
    let folder = tempfile::tempdir().unwrap();
    for (name, shape) in [
        ("elementwise", "64"),
        ("linear", "2x1024"),
        ("mlp", "4x8"),
        ("cnn", "1x1x28x28"),
        ("rnn", "2x24x16"),
        ("attention", "1x4x768"),
        ("elementwise-scaling", "32"),
    ] {
        answer(&[
            "bench",
            name,
            "--shapes",
            shape,
            "--time",
            "1",
            "--save",
            folder.path().to_str().unwrap(),
        ]);
        let reports = SavedReport::list(folder.path()).unwrap();
        let report = reports.iter().find(|report| report.name == name).unwrap();
        for (_, extension) in REPORT_FORMATS {
            let text = std::fs::read_to_string(report.path(folder.path(), extension));
            assert!(text.unwrap().contains(shape), "{report}.{extension}");
        }
        let picture = report.path(folder.path(), "svg");
        assert!(
            std::fs::read_to_string(picture)
                .unwrap()
                .starts_with("<svg")
        );
    }
    let folder = folder.path().to_str().unwrap();
    let history = answer(&["bench", "history", "mlp", "--folder", folder]).stdout;
    assert!(
        history.contains("4x8") && !history.contains("cnn"),
        "{history}"
    );
    let removed = answer(&["bench", "clean", "--folder", folder]).stdout;
    assert_eq!(removed.trim_end(), "removed 7 reports");
}
