//! Elementwise steps that write over an operand.

use super::{as_written, assert_close, inputs};
use crate::graph::{Bindings, Graph, Value};
use crate::prelude::*;

/// The bytes of the arena, and those of its values if each had its own, of a function of 64 x 64
/// numbers, in places of 64 x 64 numbers. Its results were seen to be right.
fn places(function: impl FnOnce(Value) -> Value) -> [usize; 2] {
    let graph = Graph::build("in place", |g| {
        let x = g.input("x", f32s((64, 64)));
        g.output("y", function(x.softmax(-1)).sum(-1));
    })
    .unwrap();
    let model = as_written(&graph, &Weights::new());
    let given = inputs(&graph, &Bindings::new(), 3);
    assert_close(&model, &graph, &Weights::new(), &given, 1e-6);
    let arena = model.arena(given.iter().map(|(name, x)| (name.as_str(), x)));
    let arena = arena.unwrap().unwrap();
    [arena.bytes, arena.separate].map(|bytes| bytes / (4 * 64 * 64))
}

#[test]
fn a_chain_of_steps_needs_one_place() {
    // Softmax, exp, sqrt, tanh.
    assert_eq!(places(|x| x.exp().sqrt().tanh()), [1, 4]);
    // The softmax is read twice, and the second time it dies.
    assert_eq!(places(|x| (x.exp() + x).sqrt()), [2, 4]);
    assert_eq!(places(|x| x.exp() * x.tanh()), [2, 4]);
}

#[test]
fn what_is_read_otherwise_is_not_overwritten() {
    // In two orders, and in another one.
    assert_eq!(places(|x| x + x.t()), [2, 2]);
    assert_eq!(places(|x| x.t().exp()), [2, 2]);
}
