"""Completion and inspection over a real notebook: what rustc, the indexes and the cells know."""

import statistics
import time

import pytest

from conftest import started

SETUP = """
use std::collections::HashMap;

/// A point in the plane.
#[derive(Debug, Clone)]
struct Point { x: f64, y: f64 }

impl Point {
    /// Its distance from the origin.
    fn length(&self) -> f64 { self.x.hypot(self.y) }
    fn new(x: f64, y: f64) -> Self { Point { x, y } }
}

trait Doubled { fn doubled(&self) -> Self; }
impl Doubled for f64 { fn doubled(&self) -> f64 { self * 2.0 } }

/// Adds one.
fn increased(n: i32) -> i32 { n + 1 }

macro_rules! twice { ($x:expr) => { $x + $x } }

let v = vec![1, 2];
let s = String::from("text");
let point = Point::new(3.0, 4.0);
let shared = std::rc::Rc::new(std::cell::RefCell::new(vec![1.5]));
let ages: HashMap<String, u32> = HashMap::new();
let pair = (vec![1.5], ("a", 'b'));
"""


@pytest.fixture(scope="module")
def notebook():
    with started() as frontend:
        reply, _ = frontend.run(SETUP)
        assert reply["status"] == "ok", reply
        yield frontend


def completed(notebook, marked):
    """The names that can stand at the `¦`, with their types and signatures."""
    cursor = marked.index("¦")
    code = marked.replace("¦", "")
    content = notebook.reply(notebook.client.complete(code, cursor))["content"]
    assert content["status"] == "ok"
    shown = content["metadata"]["_jupyter_types_experimental"]
    assert [one["text"] for one in shown] == content["matches"]
    for one in shown:
        assert (one["start"], one["end"]) == (content["cursor_start"], content["cursor_end"])
    return {one["text"]: (one["type"], one["signature"]) for one in shown}


def inspected(notebook, marked, detail=0):
    cursor = marked.index("¦")
    message = notebook.client.inspect(marked.replace("¦", ""), cursor, detail)
    content = notebook.reply(message)["content"]
    assert content["status"] == "ok"
    if not content["found"]:
        assert content["data"] == {}
        return None
    assert "```rust" in content["data"]["text/markdown"]
    return content["data"]["text/plain"]


def test_members_of_values(notebook):
    of_vec = completed(notebook, "v.¦")
    assert of_vec["push"] == ("method", "fn push(&mut self, value: T)")
    assert {"iter", "len", "clone"} <= of_vec.keys()
    assert "&self" in of_vec["len"][1]
    assert {"push_str", "len", "trim", "chars"} <= completed(notebook, "s.¦").keys()
    of_point = completed(notebook, "point.¦")
    assert of_point["x"] == ("field", "x: f64")
    assert of_point["length"] == ("method", "fn length(&self) -> f64")
    assert "clone" in of_point and "new" not in of_point
    assert {"insert", "entry"} <= completed(notebook, "ages.¦").keys()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("v.iter().map(|n| n + 1).¦", {"filter", "collect", "rev"}),
        ("v.iter().map(|n| n.¦", {"pow", "abs"}),
        ("shared.borrow_mut().¦", {"push", "iter_mut"}),
        ("point.clone().length().¦", {"doubled"}),
        ("for (name, age) in &ages { name.¦ }", {"len", "to_uppercase"}),
        ("fn f(p: &Point) -> f64 { p.¦", {"length", "y"}),
        ("let w = twice!(point.x); w.¦", {"doubled"}),
        ("println!(\"{}\", point.¦)", {"length"}),
        ("if let Some(first) = ages.get(\"a\") { first.¦ }", {"pow"}),
        ("struct New { inner: Point }\nimpl New { fn a(&self) { self.inner.¦ } }", {"length", "x"}),
        ("'a'.¦", {"is_alphabetic"}),
        ("pair.0.¦", {"push", "iter"}),
        ("pair.0.le¦", {"len"}),
        ("pair.1.1.¦", {"is_alphabetic"}),
        ("let nested = ((1u8, String::new()), 2); nested.0.1.¦", {"push_str"}),
        ("for entry in &ages { entry.0.¦ }", {"push_str", "len"}),
    ],
)
def test_members_of_what_only_the_compiler_knows(notebook, code, expected):
    assert expected <= completed(notebook, code).keys()


def test_members_of_the_library(notebook):
    graph = completed(notebook, "use lessons::prelude::*;\nGraph::¦")
    assert graph["build"][0] == "method" and "name: &str" in graph["build"][1]
    session = completed(notebook, "use lessons::prelude::*;\nlet session = Session::cpu();\nsession.¦")
    assert "compile" in session and "&self" in session["compile"][1]
    inside = 'use lessons::prelude::*;\nGraph::build("g", |g| { let x = g.input("x", f32s(("n",))); x.¦'
    assert "matmul" in completed(notebook, inside)


def test_paths(notebook):
    assert completed(notebook, "std::collections::¦")["HashMap"] == (
        "struct",
        completed(notebook, "use std::collections::HashM¦")["HashMap"][1],
    )
    assert {"new", "length"} <= completed(notebook, "Point::¦").keys()
    assert "with_capacity" in completed(notebook, "HashMap::<u8, u8>::wi¦")
    assert "collections" in completed(notebook, "std::coll¦")
    assert "Some" in completed(notebook, "Option::¦")
    assert "from" in completed(notebook, "String::fr¦")
    assert "MAX" in completed(notebook, "i32::MA¦")
    assert "new" in completed(notebook, "impl Doubled for Point { fn doubled(&self) -> Self { Self::¦")


def test_nothing_is_offered_that_is_not_there(notebook):
    assert completed(notebook, "no_such_variable.¦") == {}
    for receiver in ["1u8.¦", "v.¦"]:
        offered = completed(notebook, receiver)
        assert not {"learning_rate", "argmax", "x", "doubled"} & offered.keys()


def test_crates(notebook, tmp_path):
    assert "matmul" in completed(notebook, "use candle_core::{Device, Tensor};\nTensor::mat¦")
    tensor = "let t = candle_core::Tensor::zeros(3, candle_core::DType::F32, &candle_core::Device::Cpu)?;\nt.¦"
    assert {"to_vec1", "matmul"} <= completed(notebook, tensor).keys()
    crate = tmp_path / "pebbles"
    (crate / "src").mkdir(parents=True)
    (crate / "Cargo.toml").write_text('[package]\nname = "pebbles"\nversion = "0.1.0"\nedition = "2021"\n')
    (crate / "src/lib.rs").write_text(
        "/// A pile of pebbles.\npub struct Pile;\nimpl Pile { /// How many.\n pub fn count(&self) -> u32 { 3 } }\n"
    )
    reply, _ = notebook.run(f":dep {crate}", allow_stdin=False)
    assert reply["status"] == "ok", reply
    assert completed(notebook, "let p = pebbles::Pile;\np.¦")["count"] == ("method", "fn count(&self) -> u32")
    assert "Pile" in completed(notebook, "pebbles::¦")
    assert "How many." in inspected(notebook, "pebbles::Pile.cou¦nt()")


def test_a_type_that_the_cell_defines_anew(notebook):
    members = completed(notebook, "struct Point { z: u8 }\nlet p = Point { z: 1 };\np.¦")
    assert "z" in members and "x" not in members


def test_names(notebook):
    assert completed(notebook, "ag¦")["ages"] == ("instance", "HashMap<String, u32>")
    assert completed(notebook, "incr¦")["increased"] == ("function", "fn increased(n: i32) -> i32")
    assert {"twice!"} <= completed(notebook, "twi¦").keys()
    assert {"println!"} <= completed(notebook, "printl¦").keys()
    assert {"while"} <= completed(notebook, "whi¦").keys()
    assert set(completed(notebook, ":d¦")) == {":dep", ":doc"}
    assert set(completed(notebook, "let a = 1;\n:exp¦")) == {":explain"}
    # What this cell defines above the cursor has not run yet.
    assert completed(notebook, "let fresh = 1.5;\nfre¦")["fresh"] == ("instance", "f64")
    assert "fresh_one" in completed(notebook, "fn fresh_one() {}\nlet x = fre¦")


def test_nothing_is_offered_in_texts(notebook):
    for code in ['"std::¦', "// v.¦", '"v.¦"', "/* v.¦ */", 'r#"v.¦"#', '"a\nv.¦"']:
        assert completed(notebook, code) == {}, code


def test_offsets_count_code_points(notebook):
    code = 'let face = "😀é"; v.pu¦'
    message = notebook.client.complete(code.replace("¦", ""), code.index("¦"))
    content = notebook.reply(message)["content"]
    assert "push" in content["matches"]
    assert (content["cursor_start"], content["cursor_end"]) == (19, 21)


def test_inspection(notebook):
    assert "let ages: HashMap<String, u32>" in inspected(notebook, "ag¦es")
    assert inspected(notebook, "increased¦(1)").startswith("fn increased(n: i32) -> i32\n\nAdds one.")
    assert "n + 1" in inspected(notebook, "increased¦(1)", detail=1)
    assert "Its distance" in inspected(notebook, "point.len¦gth()")
    assert "A point in the plane" in inspected(notebook, "Poi¦nt")
    assert "let half: f64" in inspected(notebook, "let half = point.length() / 2.0; half¦")
    assert "let half: f64" in inspected(notebook, "let ha¦lf = point.length() / 2.0;")
    assert "let v: f64" in inspected(notebook, "let mut v¦ = 1.5;\nprintln!(\"{v}\");")
    assert "let second: char" in inspected(notebook, "let (first, sec¦ond) = pair.1")
    assert "let age: &u32" in inspected(notebook, "for (name, a¦ge) in &ages { println!(\"{name}\"); }")
    assert "let n: &i32" in inspected(notebook, "if let Some(n¦) = v.first() { }")
    assert "fn push(&mut self" in inspected(notebook, "v.push¦(1)").replace("Vec::", "")
    assert "build" in inspected(notebook, "lessons::graph::Graph::build¦")
    assert inspected(notebook, "v.iter().rev¦()")
    assert "struct HashMap" in inspected(notebook, "HashMap¦")
    assert inspected(notebook, ":de¦p")
    assert inspected(notebook, "lessons¦").startswith("crate lessons\n\n")
    for code in ["no_such_name¦", "¦", "\"v¦\"", "v.no_such¦"]:
        assert inspected(notebook, code) is None, code


def test_answers_come_soon_while_a_cell_runs(notebook):
    def seconds(code):
        start = time.monotonic()
        completed(notebook, code)
        return time.monotonic() - start

    # Each is another question, so that none is answered from memory.
    codes = [f"let a{n} = v.iter().map(|x| x + {n}); a{n}.¦" for n in range(6)]
    idle = statistics.median(seconds(code) for code in codes[:3])
    cell = notebook.client.execute(
        'println!("go"); for _ in 0..300 { std::thread::sleep(std::time::Duration::from_millis(10)); }'
    )
    notebook.wait_for_output(cell, "stream")
    busy = statistics.median(seconds(code) for code in codes[3:])
    known = statistics.median(seconds("v.¦") for _ in range(3))
    print(f"completion: {idle:.3f} s idle, {busy:.3f} s busy; {known:.3f} s without the compiler")
    assert "filter" in completed(notebook, codes[5])
    assert max(idle, busy, known) < 2
    assert notebook.reply(cell)["content"]["status"] == "ok"
