//! Every pass against the graph that it was given, and passes that must not fire.

mod fusion;
mod image;
mod random;
mod simplify;
mod support;

use super::*;
use crate::engine::{Folder, Session};
use crate::graph::ops::OpDef;
use crate::graph::{Builder, Graph, Value, f32s};
use crate::prelude::*;

fn compiled(describe: impl FnOnce(&Builder)) -> Compiled {
    let graph = Graph::build("test", describe).unwrap();
    compile(&graph, &Folder, &Options::default()).unwrap()
}

#[test]
fn a_chain_becomes_one_loop() {
    let compiled = compiled(|g| {
        let x = g.input("x", f32s(("n",)));
        g.output("y", (x * 2.0 + 1.0).relu());
    });
    insta::assert_snapshot!(compiled.graph);
    assert_eq!(compiled.kernels(), ["fused"]);
}

#[test]
fn constants_are_computed_once_and_dead_nodes_go() {
    let compiled = compiled(|g| {
        let x = g.input("x", f32s((2,)));
        let scale = g.constant([64.0], ()).rsqrt() * 2.0;
        let _unused = x.exp();
        g.output("y", x.matmul_scale(scale));
    });
    insta::assert_snapshot!(compiled.graph);
}

trait Scale {
    fn matmul_scale(self, scale: Value) -> Value;
}

impl Scale for Value {
    /// Not elementwise on purpose, so that fusion leaves it alone.
    fn matmul_scale(self, scale: Value) -> Value {
        self.reshape((1, 2)).matmul(scale.broadcast_to((2, 1)))
    }
}

#[test]
fn what_others_use_or_see_stays_outside_the_loop() {
    let compiled = compiled(|g| {
        let x = g.input("x", f32s((4,)));
        let shared = x.exp();
        g.output("seen", shared);
        g.output("y", (shared + 1.0).relu());
    });
    assert_eq!(compiled.kernels(), ["exp", "fused"]);
}

#[test]
fn a_small_operand_is_not_computed_again_for_each_repetition() {
    let compiled = compiled(|g| {
        let x = g.input("x", f32s((8, 4)));
        let row = g.input("row", f32s((4,)));
        g.output("y", (x + row.exp()).relu());
    });
    assert_eq!(compiled.kernels(), ["exp", "fused"]);
}

#[test]
fn nothing_to_do_leaves_the_very_same_graph() {
    let compiled = compiled(|g| {
        let x = g.input("x", f32s((2, 2)));
        g.output("y", x.matmul(x));
    });
    assert_eq!(compiled.graph, compiled.source);
    assert!(compiled.stages.iter().all(|stage| stage.patches.is_empty()));
}

#[test]
fn compiling_stops_after_as_many_patches_as_asked() {
    let graph = Graph::build("stop", |g| {
        let x = g.input("x", f32s((4,)));
        g.output("a", x.exp().log());
        g.output("b", x.sin().cos());
    })
    .unwrap();
    let after = |patches| {
        let options = Options {
            stop_after: Some(patches),
        };
        compile(&graph, &Folder, &options).unwrap().kernels().len()
    };
    assert_eq!([after(0), after(1), after(2)], [4, 3, 2]);
}

#[test]
fn a_pass_that_breaks_the_graph_is_named() {
    struct Saboteur;
    impl Pass for Saboteur {
        fn name(&self) -> &'static str {
            "sabotage"
        }
        fn says(&self) -> &'static str {
            "removes a node that is in use"
        }
        fn next(
            &self,
            graph: &Graph,
            _: &Tools<'_>,
        ) -> Result<Option<Patch>, crate::graph::GraphError> {
            let remove = vec![graph.nodes()[0].id];
            Ok(Some(Patch {
                label: "remove the input".into(),
                add: vec![],
                replace: vec![],
                remove,
            }))
        }
    }
    let graph = Graph::build("victim", |g| g.output("y", g.input("x", f32s((1,))).relu())).unwrap();
    let passes: Vec<Box<dyn Pass>> = vec![Box::new(Saboteur)];
    let error = compile_with(&passes, &graph, &Folder, &Options::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("sabotage broke the graph (\"remove the input\")"),
        "{error}"
    );
}

#[test]
fn the_report_says_what_happened() {
    let graph = Graph::build("linear", |g| {
        let x = g.input("x", f32s(("batch", 4)));
        let w = g.weight("fc.weight", f32s((2, 4)));
        let b = g.weight("fc.bias", f32s((2,)));
        g.weight("forgotten", f32s((2,)));
        g.output("y", (x.matmul(w.t()) + b).relu());
    })
    .unwrap();
    insta::assert_snapshot!(Session::cpu().compile(&graph).unwrap().report());
}

#[test]
fn costs_are_functions_of_the_symbols() {
    let compiled = compiled(|g| {
        let x = g.input("x", f32s(("n",)));
        g.output("y", (x * 2.0 + 1.0).relu());
    });
    assert_eq!(Cost::of(&compiled.source).bytes.to_string(), "24*n + 8");
    assert_eq!(Cost::of(&compiled.graph).bytes.to_string(), "8*n");
    assert_eq!(Cost::of(&compiled.graph).flops.to_string(), "3*n");
    assert_eq!(compiled.graph.nodes().last().unwrap().op.name(), "fused");
}
