//! A recurrent network that forecasts the next value of a series.

use crate::graph::{Graph, GraphError, f32s};
use crate::nn::{gru, linear};

/// Series of `[batch, steps, inputs]` in, forecasts `[batch, outputs]` out: gated recurrent units over all
/// steps, then a linear layer on the last state.
///
/// Weights are named and laid out as PyTorch's `GRU` and `Linear`: `gru.weight_ih_l0`, …, `fc.weight`.
///
/// # Errors
/// When there are no steps.
pub fn graph(
    steps: usize,
    inputs: usize,
    hidden: usize,
    outputs: usize,
) -> Result<Graph, GraphError> {
    Graph::build("rnn", |g| {
        let x = g.input("x", f32s(("batch", steps, inputs)));
        let state = gru(g, "gru", x, inputs, hidden).last;
        g.output("y", linear(g, "fc", state, hidden, outputs));
    })
}
