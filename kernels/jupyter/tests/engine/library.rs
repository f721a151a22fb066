//! Cells on the prebuilt library.

use crate::harness::Session;

/// `LESSONS_LIBRARY` names the folder into which a library was built.
#[test]
fn cells_use_the_prebuilt_library_and_its_types() {
    let Some(folder) = std::env::var_os("LESSONS_LIBRARY").map(std::path::PathBuf::from) else {
        println!("skipped: LESSONS_LIBRARY names no prebuilt library");
        return;
    };
    let folder = lessons_kernel::library::locate(&folder).unwrap_or(folder);
    let library = lessons_kernel::library::Library::open(&folder).expect("a library");
    let mut session = Session::with(library);
    session.ok(":dep lessons = { path = \"../lessons-crate\" }\nuse lessons::prelude::*;");
    session.ok(
        "let graph = Graph::build(\"g\", |g| { let x = g.input(\"x\", f32s((\"batch\", 4))); g.output(\"y\", (2 * x + 1.0).relu()); })?;",
    );
    assert!(session.ok("graph").result().is_some());
    assert_eq!(session.variables(), ["graph: Graph"]);
    session.ok(
        "use candle_core::{Device, Tensor};\nlet t = Tensor::new(&[1f32, 2.0], &Device::Cpu)?;",
    );
    assert_eq!(session.value("t.sum_all()?.to_scalar::<f32>()?"), "3.0");
    session.ok("#[derive(Debug, serde::Serialize, serde::Deserialize)] struct S { x: i32 }");
    assert_eq!(
        session.value("serde_json::from_str::<S>(\"{\\\"x\\\": 3}\")?"),
        "S { x: 3 }"
    );
    let error = session.err("let bad = Graph::build(\"g\", |g| {\n    let x = g.input(\"x\", f32s((2, 3)));\n    let y = x.matmul(x);\n    g.output(\"y\", y);\n})?;");
    assert_eq!(error.ename, "Error");
    assert!(
        error.text().contains("let y = x.matmul(x);"),
        "{}",
        error.text()
    );
    assert!(session.err(":dep polars").evalue.contains("candle_core"));
}
