//! `lessons bench` where something goes wrong: peers that fail in all ways, results that are none, files that
//! are not there. What was measured is told all the same.

#![cfg(unix)]

use std::path::Path;

use lessons::bench::SavedReport;
use serde_json::Value;

use crate::run::{Said, lessons, refusal};

const LOADED: &str =
    r#"read load; echo '{"engine":"sh 1","threads":1,"precision":"f32","seconds":0.5}'"#;
/// Answers `prepare` with the inputs as its result.
const COPIES: &str = r#"read p; i=$(echo "$p" | sed 's/.*"inputs":"\([^"]*\)".*/\1/'); o=$(echo "$p" | sed 's/.*"output":"\([^"]*\)".*/\1/'); cp "$i" "$o"; echo '{}'"#;
const TIMES: &str = r#"while read t; do echo '{"seconds":0.001}'; done"#;

/// `relu(x)` of four numbers, beside these shell scripts, with `keys` of `[measure]`.
fn toml(multiplier: &str, keys: &str, scripts: &[(&str, &str)]) -> String {
    let mut toml = format!(
        "[benchmark]\nname = \"bad\"\nthreads = 1\n[measure]\nwarm_up_ms = 1\ntime_ms = 1\nturn_ms = 1\n{keys}\n\
         [model]\nkind = \"elementwise\"\nmultiplier = {multiplier}\noffset = 0.0\n\
         [test_data]\nshapes = [\"4\"]\n"
    );
    for (name, script) in scripts {
        toml += &format!(
            "[[implementations]]\nname = \"{name}\"\ncommand = [\"sh\", \"-c\", '''{script}''']\ntime_limit_s = 2.0\n"
        );
    }
    toml
}

fn bench(folder: &Path, toml: &str, options: &[&str]) -> Said {
    let path = folder.join("bad.toml");
    std::fs::write(&path, toml).unwrap();
    lessons(&[&["bench", path.to_str().unwrap()], options].concat())
}

#[test]
fn peers_that_fail_get_rows_an_exit_code_and_leave_the_rest_whole() {
    let folder = tempfile::tempdir().unwrap();
    let crashes = format!("{LOADED}; read p; echo 'out of luck' >&2; exit 7");
    let garbage = format!("{LOADED}; read p; echo 'Hello!'; cat > /dev/null");
    let hangs = format!("{LOADED}; sleep 60 > /dev/null 2>&1");
    let scripts = [
        ("missing", "exec /nowhere/engine"),
        ("crashes", &crashes),
        ("garbage", &garbage),
        ("hangs", &hangs),
    ];
    let reports = folder.path().join("reports");
    let said = bench(
        folder.path(),
        &toml("1.0", "", &scripts),
        &["--save", reports.to_str().unwrap()],
    );
    assert_eq!(said.code, 3, "{said:?}");
    for says in [
        "missing failed: it ended",
        "crashes failed at 4: it ended: exit status: 7 (out of luck)",
        "garbage failed at 4: an answer that is none",
        "hangs failed at 4: no answer within 2 s",
    ] {
        assert!(said.stdout.contains(says), "{says}: {}", said.stdout);
    }
    assert!(
        said.stderr.contains("error: the report is there, but"),
        "{said:?}"
    );
    for (name, _) in scripts {
        assert!(
            said.stderr.contains(&format!("{name} failed at 4")),
            "{said:?}"
        );
    }
    // Ours was measured and is saved.
    let saved = SavedReport::list(&reports).unwrap().remove(0);
    let text = std::fs::read_to_string(saved.path(&reports, "json")).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap();
    assert!(report["results"][0]["samples_ms"].as_array().unwrap().len() >= 10);
    let errors: Vec<&str> = (0..4)
        .filter_map(|peer| report["peers"][peer]["results"][0]["error"].as_str())
        .collect();
    assert_eq!(errors.len(), 4, "{report}");
}

#[test]
fn what_a_peer_took_before_it_crashed_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "{LOADED}; {COPIES}; n=0; while [ $n -lt 400 ] && read t; do echo '{{\"seconds\":0.001}}'; n=$((n+1)); done; exit 9"
    );
    let toml = toml(
        "1.0",
        "min_samples = 2000\nmax_samples = 2000",
        &[("tires", &script)],
    );
    let said = bench(folder.path(), &toml, &["--format", "json"]);
    assert_eq!(said.code, 3, "{said:?}");
    let [report] = said.json().try_into().unwrap();
    assert_eq!(report["results"][0]["runs"].as_u64().unwrap() % 2000, 0);
    let result = &report["peers"][0]["results"][0];
    assert!(
        result["error"].as_str().unwrap().contains("exit status: 9"),
        "{result}"
    );
    let kept = result["samples_before_failing_ms"].as_array().unwrap();
    assert!(
        (10..400).contains(&kept.len()) && kept.iter().all(|ms| ms == 1.0),
        "{result}"
    );
    let said = bench(folder.path(), &toml, &[]);
    assert!(
        said.stdout.contains("; before that ") && said.stdout.contains("median 1.00 ms"),
        "{said:?}"
    );
}

#[test]
fn another_result_is_an_exit_code_too() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("{LOADED}; {COPIES}; {TIMES}");
    let said = bench(folder.path(), &toml("3.0", "", &[("copies", &script)]), &[]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.stdout.contains("(differs)"), "{said:?}");
    assert!(
        said.stderr.contains("copies gave another result at 4"),
        "{said:?}"
    );
}

#[test]
fn a_result_of_nan_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let said = bench(folder.path(), &toml("nan", "", &[]), &[]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.stdout
            .contains("lessons failed at 4: its result holds NaN: 4 of 4"),
        "{said:?}"
    );
    assert!(
        said.stderr
            .contains("error: nothing was measured: its result holds NaN"),
        "{said:?}"
    );
}

#[test]
fn an_answer_of_no_time_or_nan_is_garbage() {
    let folder = tempfile::tempdir().unwrap();
    let times = |seconds: &str| {
        format!("{LOADED}; {COPIES}; while read t; do echo '{{\"seconds\":{seconds}}}'; done")
    };
    let (zero, nan) = (times("0"), times("NaN"));
    let toml = toml("1.0", "", &[("zero", &zero), ("nan", &nan)]);
    let said = bench(folder.path(), &toml, &[]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(
        said.stdout
            .contains("zero failed at 4: it says that 1 runs took 0 s"),
        "{said:?}"
    );
    assert!(
        said.stdout
            .contains("nan failed at 4: an answer that is none"),
        "{said:?}"
    );
}

#[test]
fn zero_iterations_and_missing_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zero.toml");
    for keys in [
        "min_samples = 0",
        "max_samples = 0",
        "min_samples = 5\nmax_samples = 4",
    ] {
        std::fs::write(&path, toml("1.0", keys, &[])).unwrap();
        refusal(
            &["bench", path.to_str().unwrap()],
            &[
                "zero.toml",
                "without a sample nothing is measured",
                "min_samples = 10",
            ],
        );
    }
    refusal(
        &["bench", "nowhere/a.toml"],
        &["nowhere/a.toml: cannot be read"],
    );
    refusal(
        &["bench", "mlp", "--engines", "nowhere/e.toml"],
        &["nowhere/e.toml: cannot be read"],
    );
    refusal(
        &["bench", "history", "--folder", "nowhere"],
        &["the folder nowhere cannot be read"],
    );
}
