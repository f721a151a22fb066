//! Every example runs with the parameters beside it, and says no to what it does not know.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[cfg(not(any(feature = "cuda", feature = "metal")))]
use lessons::prelude::*;

/// An example that cargo built beside this test.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile: PathBuf = test.ancestors().nth(2).unwrap().into();
    profile.join("examples").join(name)
}

/// Runs an example.
fn run(name: &str, arguments: &[&str]) -> Output {
    let program = program(name);
    Command::new(&program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| {
            panic!(
                "{}: {error}; cargo build --examples makes it",
                program.display()
            )
        })
}

fn says(name: &str, expected: &[&str]) {
    let output = run(name, &[]);
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {errors}");
    for expected in expected {
        assert!(
            text.contains(expected),
            "{name} does not say `{expected}`:\n{text}"
        );
    }
}

#[test]
fn the_tour_classifies_and_times() {
    says("00_tour", &["POSITIVE", "NEGATIVE", "kernels:", "median"]);
}

#[test]
fn elementwise_computes_and_every_device_agrees() {
    says(
        "01_elementwise",
        &["y = [0.0, 0.0, 1.0, 4.0]", "op by op: yes"],
    );
}

#[test]
fn the_linear_layer_agrees_with_its_typed_twin() {
    says(
        "02_linear_layer",
        &["ours: [[7.35", "they agree to 1e-5: yes"],
    );
}

#[test]
fn distilbert_goes_from_tokens_to_probabilities() {
    says(
        "08_distilbert",
        &["[CLS]", "logits", "POSITIVE", "op by op: yes"],
    );
}

/// Where there is no GPU, what was recorded of this very graph in `data/timings` is shown, and said to be.
#[test]
#[cfg(not(any(feature = "cuda", feature = "metal")))]
fn recorded_gpu_times_are_shown_as_recorded() {
    let graph = Graph::build("elementwise", |g| {
        let x = g.input("x", f32s(("n",)));
        g.output("y", (x * 2.0 + 1.0).relu());
    })
    .unwrap();
    let point = |size: usize, median: f64| serde_json::json!({"size": size, "median": median, "p95": median, "samples": 9, "agrees": true});
    let run = serde_json::json!({
        "schema": 1, "graph": graph.to_string(), "symbol": "n", "date": "2026-01-31",
        "gpu": "Example GPU, driver 1.2", "machine": lessons::bench::Machine::here(),
        "series": [{"name": "cuda:0", "points": [point(4, 1e-5), point(1_048_576, 2e-5)]}],
    });
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("data/timings");
    std::fs::create_dir_all(&folder).unwrap();
    let text_in = |folder: &Path| {
        let mut command = Command::new(program("01_elementwise"));
        let output = command.current_dir(folder).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(text_in(home.path()).contains("only the CPU is measured"));
    std::fs::write(folder.join("example.json"), run.to_string()).unwrap();
    let text = text_in(home.path());
    assert!(
        text.contains("its times were recorded on Example GPU, driver 1.2, 2026-01-31"),
        "{text}"
    );
    assert!(text.contains("cuda:0, recorded"), "{text}");
}

/// Without valgrind, each workload whose instructions are on record.
#[test]
#[cfg(target_arch = "x86_64")]
fn instructions_are_counted_of_what_is_on_record() {
    if !is_x86_feature_detected!("avx2") {
        eprintln!("skipped: this machine has no AVX2");
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let record = std::fs::read_to_string(root.join("data/instruction-counts.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let known = record["instructions"].as_object().unwrap().keys();
    let output = run("instruction_counts", &[]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let names = text.lines().filter(|line| !line.starts_with('#'));
    assert!(names.eq(known), "{text}");
    let alone = run("instruction_counts", &["softmax"]);
    assert!(String::from_utf8_lossy(&alone.stdout).starts_with("softmax\n"));
}

/// The README's pictures are those that the library draws now, under their alt texts.
#[test]
fn the_readme_shows_what_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let output = run("readme_images", &[folder.path().to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.lines().count() > 1);
    for line in shown.lines() {
        assert!(
            readme.contains(line),
            "README.md lacks `{line}`; draw anew: \
             cargo run --release --example readme_images docs/images"
        );
        let name = line.rsplit('/').next().unwrap().trim_end_matches(')');
        let read = |folder: &Path| std::fs::read(folder.join(name)).unwrap();
        // The first bytes of a PNG are its size; pixels may differ in their last bits from one
        // instruction set to another.
        let [drawn, kept] = [read(folder.path()), read(&root.join("docs/images"))];
        assert_eq!(drawn[..33], kept[..33], "{name} has another size");
    }
}

#[test]
fn options_and_parameters_that_are_wrong_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("wrong.toml");
    std::fs::write(&config, "multiplyer = 2").unwrap();
    let config = config.to_str().unwrap();
    for (arguments, expected) in [
        (["--device", "gpu"], "write cpu, cuda:0 or metal"),
        (["--size", "3"], "--size is no option"),
        (["--config", "nowhere.toml"], "nowhere.toml"),
        (["--config", config], "multiplyer"),
    ] {
        let output = run("01_elementwise", &arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
    }
}
