//! Whole benchmarks of a small model, beside engines that answer, crash, hang, and talk nonsense. Those
//! are shell scripts.

use std::path::Path;
use std::time::Instant;

use super::*;
use crate::weights::Weights;

/// A benchmark of the small model of the fixtures, with these shell scripts as other engines.
fn config(scripts: &[(&str, &str)], time_limit: f64) -> Config {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/distilbert");
    let text = format!(
        "[benchmark]\nname = \"test\"\nthreads = 1\n[measure]\nwarm_up_ms = 1\ntime_ms = 5\n\
         min_samples = 3\nturn_ms = 1\n[model]\nkind = \"distilbert\"\ndirectory = {model:?}\n\
         [test_data]\nshapes = [\"1x4\", \"1x5\"]\n"
    );
    let mut config = Config::from_toml(&text).unwrap();
    config.implementations = scripts
        .iter()
        .map(|(name, script)| Implementation {
            name: (*name).to_owned(),
            command: ["sh", "-c", script].map(str::to_owned).into(),
            time_limit_s: time_limit,
            without: Vec::new(),
            folder: None,
        })
        .collect();
    config
}

const LOADED: &str =
    r#"read load; echo '{"engine":"sh 1","threads":1,"precision":"f32","seconds":0.5}'"#;
/// Answers `prepare` with a file that it is not asked to compute: the inputs.
const WRONG_RESULT: &str = r#"read p; i=$(echo "$p" | sed 's/.*"inputs":"\([^"]*\)".*/\1/'); o=$(echo "$p" | sed 's/.*"output":"\([^"]*\)".*/\1/'); cp "$i" "$o"; echo '{}'"#;
const TIMES: &str = r#"while read t; do echo '{"seconds":0.001}'; done"#;

/// The error in the row of an engine at a shape.
fn error(report: &crate::bench::BenchReport, name: &str, case: usize) -> String {
    let rows = &report.cases[case].comparison.rows;
    let row = rows.iter().find(|row| row.name == name).unwrap();
    row.time.as_ref().unwrap_err().clone()
}

#[test]
fn engines_that_fail_become_rows_and_the_rest_goes_on() {
    let crashes_later = format!("{LOADED}; read p; echo 'out of luck' >&2; exit 3");
    let garbage = format!("{LOADED}; read p; echo 'Hello!'; cat > /dev/null");
    let refuses =
        format!("{LOADED}; while read p; do echo '{{\"error\":\"no such shape\"}}'; done");
    let config = config(
        &[
            ("missing", "exec /nowhere/engine"),
            ("crashes", "echo 'no library' >&2; exit 1"),
            ("crashes later", &crashes_later),
            ("garbage", &garbage),
            ("refuses", &refuses),
        ],
        20.0,
    );
    let report = run(&config, &mut |_| ()).unwrap();
    assert!(
        report
            .cases
            .iter()
            .all(|case| case.comparison.rows[0].time.is_ok())
    );
    assert!(
        error(&report, "missing", 0).contains("it ended"),
        "{}",
        error(&report, "missing", 0)
    );
    let crash = error(&report, "crashes", 0);
    assert!(
        crash.contains("exit status: 1") && crash.contains("no library"),
        "{crash}"
    );
    let crash = error(&report, "crashes later", 0);
    assert!(
        crash.contains("exit status: 3") && crash.contains("out of luck"),
        "{crash}"
    );
    assert_eq!(error(&report, "crashes later", 1), "it has ended before");
    assert!(
        error(&report, "garbage", 0).contains("Hello!"),
        "{}",
        error(&report, "garbage", 0)
    );
    assert_eq!(error(&report, "refuses", 1), "no such shape");
    assert!(
        report
            .cases
            .iter()
            .all(|case| report.against_best(case).is_none())
    );
    let text = report.to_string();
    assert!(
        text.contains("crashes failed: it ended: exit status: 1 (no library)"),
        "{text}"
    );
    assert!(
        text.contains("refuses failed at 1x5: no such shape"),
        "{text}"
    );
}

#[test]
fn an_engine_that_hangs_is_ended() {
    let hangs = format!("{LOADED}; sleep 60 > /dev/null 2>&1");
    let config = config(&[("hangs", &hangs)], 0.5);
    let start = Instant::now();
    let report = run(&config, &mut |_| ()).unwrap();
    assert!(start.elapsed().as_secs() < 30);
    assert!(error(&report, "hangs", 0).contains("no answer within 0.5 s"));
}

#[test]
fn another_result_and_other_conditions_get_no_speed_up() {
    let wrong = format!("{LOADED}; for i in 1 2; do {WRONG_RESULT}; done; {TIMES}");
    let more_threads = LOADED.replace("\"threads\":1", "\"threads\":8");
    let unequal = format!("{more_threads}; while read t; do echo '{{\"seconds\":0.001}}'; done");
    let mut config = config(&[("wrong", &wrong), ("unequal", &unequal)], 20.0);
    config.test_data.shapes.truncate(1);
    // The second `prepare` of the script is answered by nobody.
    config.implementations[0].command[2] = format!("{LOADED}; {WRONG_RESULT}; {TIMES}");
    let report = run(&config, &mut |_| ()).unwrap();
    let case = &report.cases[0];
    let wrong = &case.comparison.rows[1];
    assert_eq!(
        wrong.time.as_ref().map(|time| time.median()),
        Ok(0.001 / 1.0)
    );
    assert!(!wrong.difference.unwrap().agrees);
    assert!(report.against_best(case).is_none() && case.comparison.speed_up(wrong).is_none());
    let text = report.to_string();
    assert!(text.contains("(differs)"), "{text}");
    assert!(
        text.contains("unequal computes with 8 threads instead of 1"),
        "{text}"
    );
}

/// One row at a time is other work than all rows at once.
#[test]
fn another_batch_is_warned_of_and_gets_no_speed_up() {
    let folder = tempfile::tempdir().unwrap();
    let result = folder.path().join("result.safetensors");
    let row =
        candle_core::Tensor::zeros((1, 2), candle_core::DType::F32, &candle_core::Device::Cpu);
    Weights::from([("output", row.unwrap())])
        .save(&result)
        .unwrap();
    let single = format!(
        r#"{LOADED}; read p; o=$(echo "$p" | sed 's/.*"output":"\([^"]*\)".*/\1/'); cp {result:?} "$o"; echo '{{}}'; {TIMES}"#
    );
    let mut config = config(&[("single", &single)], 20.0);
    config.test_data.shapes = vec!["3x4".to_owned()];
    let report = run(&config, &mut |_| ()).unwrap();
    let text = report.to_string();
    assert!(
        text.contains("warning: single at 3x4 computes a batch of 1 instead of 3"),
        "{text}"
    );
    assert!(report.against_best(&report.cases[0]).is_none());
}

#[test]
fn an_engine_that_agrees_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    let result = folder.path().join("result.safetensors");
    let mut config = config(&[], 20.0);
    config.test_data.shapes.truncate(1);
    let alone = run(&config, &mut |_| ()).unwrap();
    let logits: Vec<f32> = alone.cases[0].outputs[0]
        .iter()
        .map(|x| *x as f32)
        .collect();
    let logits = candle_core::Tensor::new(logits, &candle_core::Device::Cpu).unwrap();
    let logits = logits.unsqueeze(0).unwrap();
    Weights::from([("output", logits)]).save(&result).unwrap();
    let copies = format!(
        r#"{LOADED}; read p; o=$(echo "$p" | sed 's/.*"output":"\([^"]*\)".*/\1/'); cp {result:?} "$o"; echo '{{}}'; {TIMES}"#
    );
    config.implementations = self::config(&[("copies", &copies)], 20.0).implementations;
    let report = run(&config, &mut |_| ()).unwrap();
    let ratio = report.against_best(&report.cases[0]).unwrap();
    assert_eq!(ratio.peer, "copies");
    let ours = report.cases[0].comparison.rows[0].time.as_ref().unwrap();
    let theirs = report.cases[0].comparison.rows[1].time.as_ref().unwrap();
    assert!((ratio.ratio - ours.median() / theirs.median()).abs() < 1e-12);
    assert!(ratio.interval.holds(ratio.ratio));
    let json: serde_json::Value = serde_json::from_str(&report.to_json(false).unwrap()).unwrap();
    assert_eq!(json["peers"][0]["engine"], "sh 1");
    assert_eq!(json["peers"][0]["results"][0]["agrees"], true);
    let page = report.page().unwrap();
    assert!(page.rows[0].iter().any(|cell| cell.ends_with(" of copies")));
    assert_eq!(page.report["peers"][0]["name"], "copies");
}

#[test]
fn lines_that_never_end_do_not_fill_the_memory() {
    let endless = "read load; yes '' | tr '\\n' 'x'";
    let mut config = config(&[("endless", endless)], 20.0);
    config.test_data.shapes.truncate(1);
    let report = run(&config, &mut |_| ()).unwrap();
    assert!(error(&report, "endless", 0).contains("an answer that is none"));
}

/// Rows of mixed length give the same in groups as padded.
#[test]
fn groups_by_length_agree_with_padding() {
    let mut config = config(&[], 20.0);
    config.test_data.shapes = vec!["6x3-9".to_owned()];
    let report = run(&config, &mut |_| ()).unwrap();
    let [grouped, padded] = report.cases[0].comparison.rows.as_slice() else {
        panic!("{report}");
    };
    assert_eq!(
        (grouped.name.as_str(), padded.name.as_str()),
        ("lessons", "lessons, padded")
    );
    assert!(padded.difference.unwrap().agrees, "{report}");
    // Our own engine in another way of use is no peer.
    assert!(report.against_best(&report.cases[0]).is_none());
}
