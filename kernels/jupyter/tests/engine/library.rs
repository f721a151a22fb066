//! Cells on the prebuilt library.

use lessons_kernel::library::Library;

use crate::deps::{Crates, by_path};
use crate::harness::{Session, object_size};

/// `LESSONS_LIBRARY` names the folder into which a library was built.
fn prebuilt() -> Option<Library> {
    let Some(folder) = std::env::var_os("LESSONS_LIBRARY").map(std::path::PathBuf::from) else {
        println!("skipped: LESSONS_LIBRARY names no prebuilt library");
        return None;
    };
    let folder = lessons_kernel::library::locate(&folder).unwrap_or(folder);
    Some(Library::open(&folder).expect("a library"))
}

#[test]
fn cells_use_the_prebuilt_library_and_its_types() {
    let Some(library) = prebuilt() else { return };
    let mut session = Session::with(library);
    session.ok(":dep lessons = { path = \"../../lessons-crate\" }\nuse lessons::prelude::*;");
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
}

/// What a cell compiles beside its own code is most of its time: it calls what the library and
/// `lessons_cell` have compiled, also to show and to drop their values.
#[test]
fn a_cell_compiles_little_of_what_it_uses() {
    let Some(library) = prebuilt() else { return };
    let mut session = Session::with(library);
    session.ok("use lessons::prelude::*;");
    session.ok("let small = Graph::build(\"small\", |g| { let x = g.input(\"x\", f32s((4,))); g.output(\"y\", x.relu()); })?;");
    session.ok("small.clone()");
    session.ok("let classifier = Classifier::embedded()?;");
    session.ok("let small_answer = classifier.classify(\"fine\")?;");
    // Three and two times what they are; all that a graph and a tokenizer can hold made 112,000 and 259,000.
    let sizes = ["small.clone()", "let small_answer"].map(object_size);
    assert!(sizes[0] < 48_000 && sizes[1] < 96_000, "{sizes:?}");
}

#[test]
fn a_cell_that_names_a_crate_of_the_library_links_the_librarys_copy() {
    let Some(library) = prebuilt() else { return };
    let mut session = Session::with(library);
    // Numbered by a counter, of which each copy of candle would have its own.
    let id = "format!(\"{:?}\", candle_core::Tensor::new(1f32, &candle_core::Device::Cpu)?.id())";
    let ids = [
        session.value(id),
        session.value(&format!("{id} // again")),
        session.value(&format!("use lessons::prelude as _;\n{id}")),
    ];
    assert!(
        ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2],
        "{ids:?}"
    );
    // Whatever links the library's copy must leave the names of its types as they are.
    session.ok("use candle_nn::Module;\nuse lessons::prelude::*;\nlet type_of = f32s((2, 3));");
    assert_eq!(session.variables(), ["type_of: TensorType"]);
}

#[test]
fn a_crate_that_stands_on_the_librarys_crates_shares_their_types() {
    let Some(library) = prebuilt() else { return };
    let crates = Crates::new();
    let double = crates.write(
        "double",
        "[dependencies]\ncandle-core = \"0.11\"\nserde = { version = \"1\", features = [\"derive\"] }\n",
        "pub use candle_core::Tensor;
        pub fn double(tensor: &Tensor) -> candle_core::Result<Tensor> { tensor.affine(2.0, 0.0) }
        #[derive(serde::Serialize)] pub struct Named { pub name: String }",
    );
    let mut session = Session::with(library.clone());
    let ran = session.ok(&by_path("double", &double, ""));
    assert!(!ran.stderr().contains("note"), "{}", ran.stderr());
    let last = ran.displays().last().unwrap()["text/plain"].to_string();
    assert!(last.contains("(1 crate compiled)"), "{last}");
    session.ok("let t = candle_core::Tensor::new(&[1f32, 2.0], &candle_core::Device::Cpu)?;");
    assert_eq!(
        session.value("double::double(&t)?.sum_all()?.to_scalar::<f32>()?"),
        "6.0"
    );
    assert_eq!(
        session.value(
            "std::any::TypeId::of::<double::Tensor>() == std::any::TypeId::of::<lessons::Tensor>()"
        ),
        "true"
    );
    assert_eq!(
        session.value("serde_json::to_string(&double::Named { name: \"x\".into() })?"),
        "\"{\\\"name\\\":\\\"x\\\"}\""
    );

    // What the library holds in one version cannot be had in another of the same series.
    let old = crates.write("old", "[dependencies]\nserde = \"=1.0.100\"\n", "");
    let error = session.err(&by_path("old", &old, ""));
    assert!(
        error.evalue.contains("`old` needs `serde` =1.0.100"),
        "{}",
        error.text()
    );
    assert!(error.text().contains(":reload"), "{}", error.text());
}

#[test]
fn a_crate_of_the_library_with_a_feature_that_it_lacks_there_is_built_beside_it() {
    let Some(library) = prebuilt() else { return };
    let mut session = Session::with(library);
    session.ok("let t = candle_core::Tensor::new(&[1f32, 2.0], &candle_core::Device::Cpu)?;");
    let ran = session.ok(":dep half = { version = \"2\", features = [\"arbitrary\"] }");
    assert!(ran.stderr().contains("`half` with "), "{}", ran.stderr());
    assert_eq!(session.value("half::f16::from_f32(1.5).to_f32()"), "1.5");
    assert_eq!(session.value("t.dims()"), "[2]");
    assert!(
        session
            .ok(":dep serde_json = \"1\"\n:dep lessons")
            .outputs
            .is_empty()
    );
    assert_eq!(session.ok(":reload").stdout().lines().count(), 1);
}
