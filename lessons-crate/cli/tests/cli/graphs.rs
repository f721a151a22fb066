//! `lessons inspect` and `lessons compile` on graph files, whole and broken.

use std::fs;

use lessons::graph::{Graph, f32s};
use serde_json::{Value, json};

use crate::run::{answer, refusal};

fn graph() -> Value {
    let graph = Graph::build("affine", |g| {
        let x = g.input("x", f32s(("n",)));
        g.output("y", (2 * x + 1.0).relu());
    });
    serde_json::from_str(&graph.unwrap().to_json().unwrap()).unwrap()
}

/// A file with this graph, and the folder that holds it.
fn file(graph: &Value) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph.json");
    fs::write(&path, graph.to_string()).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn a_graph_is_verified_and_printed() {
    let (_folder, path) = file(&graph());
    let said = answer(&["inspect", &path]);
    assert!(
        said.stdout
            .starts_with("graph affine\n  %0 = input x : f32[n]\n"),
        "{said:?}"
    );
    let [shown] = answer(&["inspect", &path, "--format", "json"])
        .json()
        .try_into()
        .unwrap();
    assert_eq!(shown["inputs"], json!([{"name": "x", "type": "f32[n]"}]));
    assert_eq!(shown["outputs"], json!([{"name": "y", "type": "f32[n]"}]));
    assert_eq!(shown["ir"], said.stdout);
}

#[test]
fn compiling_reports_what_the_passes_did() {
    let (_folder, path) = file(&graph());
    let said = answer(&["compile", &path]);
    assert!(
        said.stdout.starts_with("affine compiled for cpu"),
        "{said:?}"
    );
    let [report] = answer(&["compile", &path, "--format", "json"])
        .json()
        .try_into()
        .unwrap();
    let kernels = |when: &str| report[when]["kernels"].as_u64().unwrap();
    assert_eq!((kernels("before"), kernels("after")), (3, 1));
    assert_eq!(report["kernels"].as_array().unwrap().len(), 1);
}

#[test]
fn broken_graphs_are_refused() {
    type Break = fn(&mut Value);
    let cases: [(Break, &str); 7] = [
        // The multiplication takes the result of the addition that takes its own.
        (
            |graph| {
                let last = last(graph);
                graph["nodes"][2]["inputs"][0] = last;
            },
            "circle",
        ),
        (
            |graph| graph["nodes"][2]["inputs"][0] = json!(77),
            "%77, which does not exist",
        ),
        (
            |graph| graph["outputs"][0]["node"] = json!(77),
            "%77, which does not exist",
        ),
        (
            |graph| graph["nodes"][1]["id"] = json!(0),
            "two nodes have the id %0",
        ),
        (
            |graph| graph["nodes"][2]["inputs"] = json!([0]),
            "it takes 2",
        ),
        (|graph| graph["outputs"] = json!([]), "no output"),
        (|graph| graph["extra"] = json!(1), "unknown field `extra`"),
    ];
    for (damage, part) in cases {
        let mut graph = graph();
        damage(&mut graph);
        let (_folder, path) = file(&graph);
        for command in ["inspect", "compile"] {
            refusal(&[command, &path], &["graph.json", part]);
        }
    }
}

fn last(graph: &Value) -> Value {
    graph["nodes"].as_array().unwrap().last().unwrap()["id"].clone()
}

#[test]
fn what_is_no_graph_is_refused() {
    for text in ["", "[]", "{}", "{\"name\": 3}"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("graph.json");
        fs::write(&path, text).unwrap();
        refusal(
            &["compile", path.to_str().unwrap()],
            &["graph.json", "graph file"],
        );
        refusal(
            &["inspect", path.to_str().unwrap()],
            &["graph.json", "graph file"],
        );
    }
    refusal(
        &["compile", "nowhere.json"],
        &["nowhere.json cannot be read"],
    );
}
