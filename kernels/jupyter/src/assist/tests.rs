//! Completion and inspection over a small API.

use proptest::prelude::*;

use super::*;

const API: &str = r#"
    pub mod graph {
        /// A finished graph.
        pub struct Graph;
        impl Graph {
            /// Builds a graph in one go.
            pub fn build(name: &str, describe: impl FnOnce(&Builder)) -> Result<Graph, Error> {}
            pub fn start(name: &str) -> Builder {}
            pub fn nodes(&self) -> Vec<Node> {}
        }
        pub struct Builder { pub name: String }
        impl Builder {
            pub fn input(&self, name: &str, ty: TensorType) -> Value {}
        }
        pub struct Value;
        impl Value {
            /// The matrix product.
            pub fn matmul(self, other: Value) -> Value {}
            pub fn max(self, axis: i64) -> Value {}
            pub fn relu(self) -> Value {}
        }
        pub fn f32s(shape: usize) -> TensorType {}
        pub enum DType { F32, I64 }
    }
"#;

fn assistant() -> Assistant {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("lib.rs");
    std::fs::write(&root, API).unwrap();
    Index::of_crate("lessons", &root)
        .unwrap()
        .write(&folder.path().join(files::LIBRARY))
        .unwrap();
    let assistant = Assistant::new(Some(folder.path()));
    let variable = |name: &str, ty: &str| Variable {
        name: name.into(),
        ty: ty.into(),
    };
    assistant.learn(
        vec![
            variable("graph", "lessons::graph::Graph"),
            variable("x", "lessons::Value"),
        ],
        vec!["Point".into(), "area".into()],
        None,
    );
    // Read before the folder goes.
    assistant.loaded(&assistant.notebook());
    assistant
}

/// What completes the `|` in a text.
fn complete(marked: &str) -> Vec<String> {
    let cursor = marked.chars().position(|c| c == '|').unwrap();
    let code = marked.replacen('|', "", 1);
    let completions = assistant().complete(&code, cursor);
    completions
        .matches
        .into_iter()
        .map(|item| item.text)
        .collect()
}

fn inspect(marked: &str) -> Option<Doc> {
    let cursor = marked.chars().position(|c| c == '|').unwrap();
    assistant().inspect(&marked.replacen('|', "", 1), cursor, false)
}

#[test]
fn methods_of_a_variable() {
    assert_eq!(complete("x.mat|"), ["matmul"]);
    assert_eq!(complete("x.m|"), ["matmul", "max"]);
    assert_eq!(complete("graph.|"), ["nodes"]);
    assert_eq!(complete("x.relu().max(1).re|"), ["relu"]);
    assert_eq!(complete("(2 * x + 1.0).mat|"), ["matmul"]);
    assert_eq!(complete("(-x).mat|"), ["matmul"]);
}

#[test]
fn methods_of_what_this_cell_binds() {
    // The shadowing `let` counts, not the notebook's `x`.
    assert_eq!(
        complete("let x = Graph::start(\"g\");\nx.|"),
        ["input", "name"]
    );
    let first = "Graph::build(\"g\", §g§ {\n    let h = g.input(\"h\", f32s(3));\n    h.mat|";
    assert_eq!(complete_with_bars(first), ["matmul"]);
    assert_eq!(
        complete_with_bars("Graph::build(\"g\", §g§ g.in|"),
        ["input"]
    );
    assert_eq!(complete("let y: Value = todo!(); y.rel|"), ["relu"]);
    assert_eq!(complete("let g = Graph::build(\"g\", f)?; g.|"), ["nodes"]);
    assert_eq!(complete("fn f(v: Value) { v.mat|"), ["matmul"]);
}

/// `§` stands for the bars of a closure, `|` for the cursor.
fn complete_with_bars(marked: &str) -> Vec<String> {
    let cursor = marked.chars().position(|c| c == '|').unwrap();
    let code = marked.replacen('|', "", 1).replace('§', "|");
    let completions = assistant().complete(&code, cursor);
    completions
        .matches
        .into_iter()
        .map(|item| item.text)
        .collect()
}

#[test]
fn members_of_standard_types() {
    assert_eq!(complete("graph.nodes().is_e|"), ["is_empty"]);
    assert_eq!(complete("format!(\"a\").push|"), ["push", "push_str"]);
    assert_eq!(complete("\"a\".to_upper|"), ["to_uppercase"]);
    assert_eq!(complete("vec![1].pus|"), ["push"]);
    assert_eq!(
        complete("let v: Vec<Value> = f(); v.pop().unwrap().re|"),
        ["relu"]
    );
    assert_eq!(
        complete("let v: Vec<Value> = f(); v.first()?.re|"),
        ["relu"]
    );
}

#[test]
fn associated_names_and_modules() {
    assert_eq!(complete("Graph::|"), ["build", "nodes", "start"]);
    assert_eq!(complete("lessons::graph::Graph::st|"), ["start"]);
    assert_eq!(complete("DType::|"), ["F32", "I64"]);
    assert_eq!(complete("lessons::gra|"), ["graph"]);
    assert_eq!(complete("use lessons::graph::Bu|"), ["Builder"]);
}

#[test]
fn plain_names() {
    assert_eq!(complete("gra|"), ["graph"]);
    assert_eq!(complete("Poi|"), ["Point"]);
    assert_eq!(complete("printl|"), ["println!"]);
    assert_eq!(complete("f3|"), ["f32s"]);
    assert_eq!(complete("|"), ["Point", "area", "graph", "x"]);
    // Case is only ignored where nothing fits otherwise.
    assert_eq!(complete("POIN|"), ["Point"]);
    assert_eq!(complete(":va|"), [":vars"]);
    assert_eq!(complete("let x = 1;\n:d|"), [":dep", ":doc"]);
}

#[test]
fn offsets_and_types_in_the_reply() {
    let code = "let ß = \"😀\"; x.ma";
    let content = assistant().complete(code, 17).content(code);
    assert_eq!(content["matches"], serde_json::json!(["matmul", "max"]));
    assert_eq!(
        (
            content["cursor_start"].as_i64(),
            content["cursor_end"].as_i64()
        ),
        (Some(15), Some(17))
    );
    let first = &content["metadata"]["_jupyter_types_experimental"][0];
    assert_eq!(first["type"], "method");
    assert_eq!(first["signature"], "fn matmul(self, other: Value) -> Value");
}

/// A notebook on a library that was built after the kernel was started.
struct Rebuilt(PathBuf);

impl Analyst for Rebuilt {
    fn check(&self, _: &str, _: std::time::Duration) -> Option<Vec<crate::engine::Finding>> {
        None
    }

    fn variables(&self) -> Vec<Variable> {
        Vec::new()
    }

    fn items(&self) -> Vec<String> {
        Vec::new()
    }

    fn library(&self) -> Option<PathBuf> {
        Some(self.0.clone())
    }
}

#[test]
fn a_library_that_was_built_anew_is_read_anew() {
    let assistant = assistant();
    let names = |code: &str| {
        let found = assistant.complete(code, code.chars().count()).matches;
        found
            .into_iter()
            .map(|found| found.text)
            .collect::<Vec<_>>()
    };
    assert_eq!(names("Value::re"), ["relu"]);
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("lib.rs");
    std::fs::write(&root, API.replace("relu", "rectified")).unwrap();
    let index = Index::of_crate("lessons", &root).unwrap();
    index.write(&folder.path().join(files::LIBRARY)).unwrap();
    let analyst = Arc::new(Rebuilt(folder.path().to_owned()));
    assistant.learn(Vec::new(), Vec::new(), Some(analyst));
    assert_eq!(names("Value::re"), ["rectified"]);
}

#[test]
fn inspection() {
    let doc = inspect("x.mat|mul(y)").unwrap();
    assert_eq!(
        doc.signature,
        "fn Value::matmul(self, other: Value) -> Value"
    );
    assert_eq!(doc.text, "The matrix product.");
    assert_eq!(
        inspect("Graph::build(|").unwrap().text,
        "Builds a graph in one go."
    );
    assert_eq!(inspect("gra|ph").unwrap().signature, "let graph: Graph");
    assert_eq!(
        inspect("let v = x.relu(); v|").unwrap().signature,
        "let v: Value"
    );
    assert_eq!(
        inspect("let |v = x.relu(); v").unwrap().signature,
        "let v: Value"
    );
    assert_eq!(
        inspect("let gra|ph = 1;").unwrap().signature,
        "let graph: i32"
    );
    assert!(inspect("println|!(\"a\")").unwrap().text.contains("stdout"));
    assert_eq!(inspect("no_such_name|"), None);
    assert_eq!(inspect("|"), None);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        code in "[a-z.:()\\[\\]{}<>?\"'!/| ;=&\\né😀]{0,40}",
        cursor in 0usize..50,
    ) {
        let assistant = assistant();
        assistant.complete(&code, cursor);
        assistant.inspect(&code, cursor, true);
    }
}
