//! `lessons classify`: answers, their order and shape, and every way to ask wrongly.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::fixture::{Fixture, original};
use crate::run::{answer, check_error, command, misuse, refusal, with_stdin};

/// Runs `classify --format json` with more arguments.
fn asked(args: &[&str]) -> Vec<Value> {
    answer(&[&["classify", "--format", "json"], args].concat()).json()
}

fn logits(answer: &Value) -> Vec<f64> {
    let logits = answer["logits"].as_array().unwrap();
    logits.iter().map(|logit| logit.as_f64().unwrap()).collect()
}

fn close(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4)
}

#[test]
fn the_embedded_model_tells_good_from_bad() {
    let answers = asked(&[
        "a wonderful film, full of life",
        "dull, lifeless and far too long",
    ]);
    assert_eq!(
        (&answers[0]["label"], &answers[1]["label"]),
        (&json!("POSITIVE"), &json!("NEGATIVE"))
    );
}

#[test]
fn json_has_the_promised_keys_in_order() {
    for model in [&[][..], &["--model", "lexicon"]] {
        let said = answer(
            &[
                &["classify", "--format", "json", "a \"fine\" film 🎬"],
                model,
            ]
            .concat(),
        );
        assert_eq!(said.stderr, "");
        let [answer] = said.json().try_into().unwrap();
        let keys: Vec<_> = answer.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["text", "label", "score", "scores", "logits"]);
        assert_eq!(answer["text"], "a \"fine\" film 🎬");
        let scores = answer["scores"].as_object().unwrap();
        assert_eq!(scores.keys().collect::<Vec<_>>(), ["NEGATIVE", "POSITIVE"]);
        let sum: f64 = scores.values().map(|score| score.as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-6);
        assert_eq!(answer["score"], scores[answer["label"].as_str().unwrap()]);
        assert_eq!(logits(&answer).len(), if model.is_empty() { 2 } else { 0 });
    }
}

#[test]
fn ids_give_the_logits_of_transformers_alone_and_as_a_padded_batch() {
    let cases = fs::read(original().join("cases.json")).unwrap();
    let cases: Value = serde_json::from_slice(&cases).unwrap();
    let (mut all, mut expected) = (Vec::new(), Vec::new());
    for case in cases["cases"].as_array().unwrap() {
        let rows = case["input_ids"].as_array().unwrap().iter();
        let rows = rows.zip(case["attention_mask"].as_array().unwrap());
        for ((ids, mask), logits) in rows.zip(case["logits"].as_array().unwrap()) {
            let kept = ids.as_array().unwrap().iter().zip(mask.as_array().unwrap());
            let kept: Vec<String> = kept
                .filter(|(_, mask)| **mask == 1)
                .map(|(id, _)| id.to_string())
                .collect();
            all.push(kept.join(","));
            expected.push(
                logits
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|l| l.as_f64().unwrap())
                    .collect::<Vec<_>>(),
            );
        }
    }
    // No tokenizer is needed.
    let fixture = Fixture::copy();
    fs::remove_file(fixture.file("vocab.txt")).unwrap();
    let mut args = vec!["--model", fixture.path()];
    args.extend(all.iter().flat_map(|ids| ["--ids", ids]));
    let answers = asked(&args);
    assert_eq!(answers.len(), expected.len());
    for (answer, expected) in answers.iter().zip(&expected) {
        assert!(close(&logits(answer), expected), "{answer} {expected:?}");
        assert_eq!(answer["text"], Value::Null);
    }
    let alone = asked(&["--model", fixture.path(), "--ids", &all[0]]);
    assert!(close(&logits(&alone[0]), &expected[0]));
}

#[test]
fn ids_that_are_none() {
    let model = original();
    let model = model.to_str().unwrap();
    refusal(
        &["classify", "--model", model, "--ids", "2,200,3"],
        &["the id 200", "ids from 0 to 199"],
    );
    let long = vec!["7"; 65].join(",");
    refusal(
        &["classify", "--model", model, "--ids", &long],
        &["65 ids", "at most 64"],
    );
    misuse(&["classify", "--ids", ""], "the list is empty");
    misuse(
        &["classify", "--ids", "2,three,4"],
        "`three` is not a token id",
    );
    misuse(&["classify", "--ids", "2,,4"], "`` is not a token id");
    misuse(&["classify", "--ids", "-1"], "`-1` is not a token id");
    misuse(
        &["classify", "--ids", "4294967296"],
        "`4294967296` is not a token id",
    );
    misuse(
        &["classify", "--model", "lexicon", "--ids", "2"],
        "the lexicon reads words",
    );
}

#[test]
fn one_way_to_ask_at_a_time() {
    misuse(&["classify"], "required");
    misuse(&["classify", "text", "--ids", "2"], "cannot be used with");
    misuse(&["classify", "text", "--file", "f"], "cannot be used with");
    misuse(
        &["classify", "--ids", "2", "--file", "f"],
        "cannot be used with",
    );
    misuse(
        &["classify", "--device", "gpu", "text"],
        "write cpu, cuda:0 or metal",
    );
    misuse(&["classify", "--format", "xml", "text"], "xml");
    misuse(
        &[
            "classify", "--model", "lexicon", "--device", "cuda:0", "text",
        ],
        "the CPU only",
    );
}

#[cfg(not(any(feature = "cuda", feature = "metal")))]
#[test]
fn a_missing_device_says_which_there_are() {
    refusal(
        &["classify", "--device", "cuda:0", "text"],
        &["cuda:0", "devices here: cpu", "--features cuda"],
    );
    refusal(
        &["classify", "--device", "metal", "text"],
        &["metal", "devices here: cpu", "--features metal"],
    );
}

#[test]
fn files_are_answered_line_by_line_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("texts");
    // More lines than one batch and than one chunk, of different lengths.
    let lines: Vec<String> = (0..150)
        .map(|n| match n % 5 {
            0 => String::new(),
            1 => format!("a wonderful film, number {n}"),
            2 => format!("dull {n} 🎬"),
            3 => format!("nul \0 byte {n}"),
            _ => format!("it was long {}", "and longer ".repeat(n / 10)),
        })
        .collect();
    fs::write(&path, lines.join("\r\n") + "\r\n").unwrap();
    let path = path.to_str().unwrap();
    for model in [&[][..], &["--model", "lexicon"]] {
        let answers = asked(&[&["--file", path], model].concat());
        let texts: Vec<_> = answers
            .iter()
            .map(|answer| answer["text"].as_str().unwrap())
            .collect();
        assert_eq!(texts, lines);
    }
    let from_file = asked(&["--file", path]);
    for index in [0, 1, 97, 149] {
        if !lines[index].contains('\0') {
            let alone = asked(&["--", &lines[index]]);
            assert!(close(&logits(&alone[0]), &logits(&from_file[index])));
        }
    }
    let stdin = with_stdin(
        &["classify", "--format", "json", "--file", "-"],
        lines.join("\n").as_bytes(),
    );
    assert_eq!((stdin.code, stdin.json()), (0, from_file));
}

#[test]
fn files_that_are_no_text() {
    refusal(
        &["classify", "--file", "nowhere"],
        &["nowhere cannot be read"],
    );
    let said = with_stdin(&["classify", "--file", "-"], b"fine\nna\xefve\n");
    assert_eq!((said.code, said.stdout.as_str()), (1, ""));
    check_error(&said, &["stdin, line 2", "not UTF-8"]);
    let said = with_stdin(&["classify", "--file", "-"], b"");
    assert_eq!(
        (said.code, said.stdout.as_str(), said.stderr.as_str()),
        (0, "", "")
    );
}

#[test]
fn odd_texts_get_answers() {
    let answers = asked(&["", "🎬🍿😀", " \t ", "\u{202e}abc", "e\u{301}"]);
    assert_eq!(answers.len(), 5);
    let said = answer(&["classify", "", "line\nbreak \x1b[31m"]);
    let lines: Vec<_> = said.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{said:?}");
    assert!(
        lines[0].ends_with("(empty text)") && lines[1].ends_with("line\\nbreak \\u{1b}[31m"),
        "{said:?}"
    );
}

#[test]
fn overlong_texts_are_cut_and_said_so() {
    let model = original();
    let model = model.to_str().unwrap();
    let long = "the film ".repeat(100);
    let answers = asked(&["--model", model, "short", &long]);
    assert!(answers[0].get("truncated").is_none());
    assert_eq!(answers[1]["truncated"]["used"], 64);
    assert!(answers[1]["truncated"]["tokens"].as_u64().unwrap() > 200);
    let said = answer(&["classify", "--model", model, "short", &long]);
    assert!(said.stderr.starts_with("note: text 2 has "), "{said:?}");
    assert!(
        said.stdout.lines().all(|line| line.chars().count() < 100),
        "{said:?}"
    );
    assert!(
        said.stdout.lines().nth(1).unwrap().ends_with('…'),
        "{said:?}"
    );
    // A text of a megabyte is no different.
    let megabyte = with_stdin(
        &["classify", "--file", "-"],
        "word ".repeat(200_000).as_bytes(),
    );
    assert!(
        megabyte.code == 0 && megabyte.stderr.starts_with("note: "),
        "{}",
        megabyte.stderr
    );
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("texts");
    fs::write(&path, "a film\n".repeat(20_000)).unwrap();
    let args = [
        "classify",
        "--model",
        "lexicon",
        "--file",
        path.to_str().unwrap(),
    ];
    let mut child = command(&args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    assert!(first.contains("a film"));
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(0), &b""[..])
    );
}

#[test]
fn help_and_version_are_there() {
    assert_eq!(
        answer(&["--version"]).stdout,
        format!("lessons {}\n", env!("CARGO_PKG_VERSION"))
    );
    let help = answer(&["--help"]).stdout;
    for command in ["classify", "inspect", "compile", "fetch", "train"] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
        assert!(
            answer(&[command, "--help"])
                .stdout
                .contains("Usage: lessons")
        );
    }
    misuse(&["clasify"], "classify");
}
