//! `lessons fetch` against a server of our own: whole, cut off, changed, missing, gone.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use crate::fixture::original;
use crate::run::{Said, answer, check_error, command, lessons, misuse};
use crate::server::{File, Server};

const MODEL: &str = "owner/tiny";
const WEIGHTS: &str = "/owner/tiny/resolve/main/model.safetensors";
const VOCABULARY: &str = "/owner/tiny/resolve/main/vocab.txt";

/// A server with the fixture as a model of the hub.
fn hub() -> Server {
    let server = Server::start();
    for name in ["config.json", "model.safetensors", "vocab.txt"] {
        let body = fs::read(original().join(name)).unwrap();
        server.put(&format!("/{MODEL}/resolve/main/{name}"), File::new(body));
    }
    server
}

fn fetch(server: &Server, folder: &Path) -> Said {
    lessons(&[
        "fetch",
        MODEL,
        "--endpoint",
        &server.address,
        "--out",
        folder.to_str().unwrap(),
    ])
}

fn failed(server: &Server, folder: &Path, parts: &[&str]) {
    let said = fetch(server, folder);
    assert_eq!((said.code, said.stdout.as_str()), (1, ""), "{said:?}");
    let error = said.stderr.find("error: ").unwrap();
    check_error(
        &Said {
            stderr: said.stderr[error..].to_owned(),
            ..said
        },
        parts,
    );
}

fn succeeded(server: &Server, folder: &Path) {
    let said = fetch(server, folder);
    assert_eq!(said.code, 0, "{said:?}");
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["config.json", "model.safetensors", "vocab.txt"]);
    for name in names {
        assert!(
            fs::read(folder.join(&name)).unwrap() == fs::read(original().join(&name)).unwrap(),
            "{name}"
        );
    }
}

/// The `Range` headers of the requests for the weights.
fn ranges(server: &Server) -> Vec<Option<String>> {
    let requests = server
        .requests()
        .into_iter()
        .filter(|request| request.path == WEIGHTS);
    requests
        .map(|request| request.headers.get("range").cloned())
        .collect()
}

#[test]
fn a_whole_model_that_then_classifies() {
    let (server, folder) = (hub(), tempfile::tempdir().unwrap());
    let out = folder.path().join("deep/tiny");
    succeeded(&server, &out);
    answer(&["classify", "--model", out.to_str().unwrap(), "a film"]);
    let said = fetch(&server, &out);
    assert!(
        said.stdout.contains("lessons classify --model "),
        "{said:?}"
    );
    assert!(said.stderr.contains("model.safetensors  287.7"), "{said:?}");
}

#[test]
fn a_download_that_is_cut_off_goes_on() {
    let (server, folder) = (hub(), tempfile::tempdir().unwrap());
    server.change(WEIGHTS, |file| file.cut_after = Some(100_000));
    failed(
        &server,
        folder.path(),
        &[
            "stopped after 100000 of 294632 bytes",
            "goes on where it stopped; without a network",
        ],
    );
    assert_eq!(
        fs::read(folder.path().join("model.safetensors.part"))
            .unwrap()
            .len(),
        100_000
    );
    assert!(!folder.path().join("model.safetensors").exists());
    failed(
        &server,
        folder.path(),
        &["stopped after 200000 of 294632 bytes"],
    );
    assert_eq!(ranges(&server), [None, Some("bytes=100000-".to_owned())]);
    server.change(WEIGHTS, |file| file.cut_after = None);
    succeeded(&server, folder.path());
    assert_eq!(ranges(&server), [Some("bytes=200000-".to_owned())]);
}

#[test]
fn a_file_that_changed_meanwhile_starts_anew() {
    let (server, folder) = (hub(), tempfile::tempdir().unwrap());
    let new = fs::read(original().join("model.safetensors")).unwrap();
    server.change(WEIGHTS, |file| {
        file.body.fill(7);
        file.cut_after = Some(5000);
    });
    failed(&server, folder.path(), &["stopped after 5000"]);
    server.put(
        WEIGHTS,
        File {
            etag: Some("\"v2\"".to_owned()),
            ..File::new(new)
        },
    );
    succeeded(&server, folder.path());
}

#[test]
fn servers_that_cannot_go_on_send_all_again() {
    for (etag, ranges) in [(true, false), (false, true)] {
        let (server, folder) = (hub(), tempfile::tempdir().unwrap());
        server.change(WEIGHTS, |file| {
            file.cut_after = Some(5000);
            file.ranges = ranges;
            if !etag {
                file.etag = None;
            }
        });
        failed(&server, folder.path(), &["stopped after 5000"]);
        server.change(WEIGHTS, |file| file.cut_after = None);
        succeeded(&server, folder.path());
    }
}

#[test]
fn a_part_that_was_whole_already() {
    let (server, folder) = (hub(), tempfile::tempdir().unwrap());
    let part = |end: &str| folder.path().join(format!("model.safetensors.part{end}"));
    fs::copy(original().join("model.safetensors"), part("")).unwrap();
    fs::write(
        part(".from"),
        format!("{}{WEIGHTS}\n\"v1\"", server.address),
    )
    .unwrap();
    succeeded(&server, folder.path());
}

#[test]
fn a_part_of_something_else_is_not_built_on() {
    let (server, folder) = (hub(), tempfile::tempdir().unwrap());
    fs::write(
        folder.path().join("model.safetensors.part"),
        "something else",
    )
    .unwrap();
    succeeded(&server, folder.path());
    assert_eq!(ranges(&server), [None]);
}

#[test]
fn redirects_are_followed_also_when_resuming() {
    let (server, folder) = (hub(), tempfile::tempdir().unwrap());
    let body = fs::read(original().join("model.safetensors")).unwrap();
    server.put(
        "/store/blob",
        File {
            cut_after: Some(9000),
            ..File::new(body)
        },
    );
    server.change(WEIGHTS, |file| {
        file.redirect = Some("/store/blob".to_owned())
    });
    failed(&server, folder.path(), &["stopped after 9000"]);
    server.change("/store/blob", |file| file.cut_after = None);
    server.requests();
    succeeded(&server, folder.path());
    let last = server
        .requests()
        .into_iter()
        .find(|request| request.path == "/store/blob")
        .unwrap();
    assert_eq!(last.headers["range"], "bytes=9000-");
}

#[test]
fn files_that_are_not_there() {
    let (server, folder) = (hub(), tempfile::tempdir().unwrap());
    server.remove(VOCABULARY);
    let said = fetch(&server, folder.path());
    assert!(
        said.code == 0
            && said
                .stderr
                .contains("note: the model has neither tokenizer.json nor vocab.txt")
    );
    server.remove(WEIGHTS);
    failed(
        &server,
        folder.path(),
        &[
            "model.safetensors: there is no such file",
            "/owner/tiny/tree/main",
        ],
    );
    let said = lessons(&[
        "fetch",
        "owner/other",
        "--endpoint",
        &server.address,
        "--out",
        folder.path().to_str().unwrap(),
    ]);
    assert_eq!(said.code, 1);
    check_error(
        &said,
        &["owner/other/resolve/main/config.json: there is no such file"],
    );
}

#[test]
fn damaged_files_and_other_models_are_noticed() {
    let (server, folder) = (hub(), tempfile::tempdir().unwrap());
    server.change(WEIGHTS, |file| file.body.truncate(1000));
    failed(&server, folder.path(), &["model.safetensors", "cut short"]);
    server.put(
        "/owner/tiny/resolve/main/config.json",
        File::new(r#"{"model_type": "gpt2"}"#),
    );
    let said = fetch(&server, folder.path());
    assert!(
        said.stderr
            .contains("note: `lessons classify` will not run this model"),
        "{said:?}"
    );
}

#[test]
fn refusals_and_failures_of_the_server() {
    for (status, part) in [
        (401, "HF_TOKEN"),
        (403, "HF_TOKEN"),
        (500, "answers 500"),
        (206, "answers 206"),
    ] {
        let (server, folder) = (hub(), tempfile::tempdir().unwrap());
        server.change(WEIGHTS, |file| file.status = Some(status));
        failed(&server, folder.path(), &["model.safetensors", part]);
    }
}

#[test]
fn without_a_network_it_says_how_to_place_the_files() {
    // A port that was free a moment ago: nobody answers there.
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("tiny");
    let out = out.to_str().unwrap();
    let said = lessons(&[
        "fetch",
        MODEL,
        "--endpoint",
        &format!("http://{gone}"),
        "--out",
        out,
    ]);
    assert_eq!(said.code, 1);
    let by_hand = format!("lessons classify --model {out}");
    check_error(
        &said,
        &[
            "config.json, model.safetensors, tokenizer.json (or vocab.txt)",
            &format!("into {out}/"),
            &by_hand,
        ],
    );
}

#[test]
fn the_environment_names_hub_and_token() {
    let (server, folder) = (hub(), tempfile::tempdir().unwrap());
    let run = |name: &str, value: &str| {
        let mut command = command(&["fetch", MODEL]);
        command
            .current_dir(folder.path())
            .env("HF_ENDPOINT", &server.address)
            .env("HF_TOKEN", "secret");
        Said::of(command.env(name, value).output().unwrap())
    };
    let said = run("HF_TOKEN", "secret");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(folder.path().join("tiny/model.safetensors").is_file());
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.headers["authorization"] == "Bearer secret")
    );
    let said = run("HF_ENDPOINT", "hub.example");
    assert_eq!(said.code, 1);
    check_error(&said, &["HF_ENDPOINT is `hub.example`", "https://"]);
    let said = run("HF_TOKEN", "two\nlines");
    assert_eq!(said.code, 1);
    check_error(&said, &[]);
}

#[test]
fn names_that_are_none() {
    for name in ["", "a/b/c", "../up", "a b", "a/", "a/..", "a?b"] {
        misuse(&["fetch", name], "OWNER/NAME");
    }
    misuse(
        &["fetch", "a", "--revision", "../x"],
        "a branch, a tag or a commit",
    );
    misuse(&["fetch", "a", "--endpoint", "hub.example"], "https://");
}
