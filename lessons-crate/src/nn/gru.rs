//! Gated recurrent units.

use std::panic::Location;

use crate::graph::{Broken, Builder, Dim, Value, concat, f32s, refuse};

/// What a recurrent layer computes.
#[derive(Debug, Clone, Copy)]
pub struct Recurrent {
    /// The state after each step: `[batch, steps, hidden]`.
    pub states: Value,
    /// The state after the last step: `[batch, hidden]`.
    pub last: Value,
}

/// A layer of gated recurrent units (Cho et al., 2014) over `x` of shape `[batch, steps, inputs]`, from a
/// state of zeros. In each step, with `⊙` element by element,
///
/// ```text
/// r  = sigmoid(W_ir x + b_ir + W_hr h + b_hr)      how much of the state the candidate sees
/// z  = sigmoid(W_iz x + b_iz + W_hz h + b_hz)      how much of the state stays
/// n  = tanh(W_in x + b_in + r ⊙ (W_hn h + b_hn))   the candidate
/// h' = (1 - z) ⊙ n + z ⊙ h
/// ```
///
/// Declares what PyTorch's `GRU` does, the weights of `r`, `z` and `n` one below the other:
/// `{prefix}.weight_ih_l0` of shape `[3 * hidden, inputs]`, `{prefix}.weight_hh_l0` of shape
/// `[3 * hidden, hidden]`, and biases `{prefix}.bias_ih_l0` and `{prefix}.bias_hh_l0` of `[3 * hidden]`.
///
/// The steps are unrolled, so their number must be known; what does not depend on the state, `W_i x + b_i`,
/// is one product for all of them.
///
/// ```
/// use lessons::prelude::*;
/// let graph = Graph::build("forecast", |g| {
///     let x = g.input("x", f32s(("batch", 24, 8)));
///     let state = nn::gru(g, "gru", x, 8, 32).last;
///     g.output("y", nn::linear(g, "fc", state, 32, 1));
/// })?;
/// assert_eq!(graph.output("y").unwrap().ty.to_string(), "f32[batch, 1]");
/// # Ok::<(), lessons::Error>(())
/// ```
#[track_caller]
pub fn gru(g: &Builder, prefix: &str, x: Value, inputs: usize, hidden: usize) -> Recurrent {
    let weight = |name: &str, columns: usize| {
        g.weight(&format!("{prefix}.{name}_l0"), f32s((3 * hidden, columns)))
    };
    let bias = |name: &str| g.weight(&format!("{prefix}.{name}_l0"), f32s((3 * hidden,)));
    let of_inputs = x.matmul(weight("weight_ih", inputs).t()) + bias("bias_ih");
    let (of_state, bias) = (weight("weight_hh", hidden).t(), bias("bias_hh"));

    let shape = x.shape();
    let (batch, steps) = match &shape[..] {
        [batch, steps, _] => (batch, steps.known().filter(|steps| *steps > 0)),
        _ => (&Dim::from("batch"), None),
    };
    let Some(steps) = steps else {
        let what = format!("{{0}} is {}, which has no number of steps", x.ty());
        let broken = Broken::new(what).help("f32s((\"batch\", 24, 8)): 24 steps of 8 numbers");
        let rule = "gru([batch, steps, inputs]): the number of steps is known, and at least 1";
        let poisoned = refuse("gru", broken, rule, &[x], Location::caller());
        return Recurrent {
            states: poisoned,
            last: poisoned,
        };
    };
    let mut state = g.constant([0.0], ()).broadcast_to((batch, hidden));
    let mut states = Vec::new();
    for step in 0..steps {
        let x = of_inputs.slice(1, step, step + 1);
        let x = x.reshape((batch, 3 * hidden));
        let [xr, xz, xn] = x.split([hidden; 3], 1);
        let [hr, hz, hn] = (state.matmul(of_state) + bias).split([hidden; 3], 1);
        let (r, z) = ((xr + hr).sigmoid(), (xz + hz).sigmoid());
        let candidate = (xn + r * hn).tanh();
        state = (1.0 - z) * candidate + z * state;
        states.push(state.reshape((batch, 1, hidden)));
    }
    Recurrent {
        states: concat(&states, 1),
        last: state,
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use candle_nn::VarBuilder;
    use candle_nn::rnn::{GRU, GRUConfig, RNN};

    use super::*;
    use crate::engine::{Precision, Reference};
    use crate::prelude::*;

    fn graph() -> Graph {
        Graph::build("gru", |g| {
            let x = g.input("x", f32s(("batch", 5, 3)));
            let states = gru(g, "gru", x, 3, 7);
            g.output("states", states.states);
            g.output("last", states.last);
        })
        .unwrap()
    }

    /// candle's own layer on the same weights, step by step; and the reference in f64.
    #[test]
    fn it_computes_what_gated_recurrent_units_do() {
        let graph = graph();
        let weights = Weights::random(&graph, 3).unwrap();
        let named = weights.iter().map(|(name, weight)| {
            let name = name.strip_prefix("gru.").unwrap();
            (name.to_owned(), weight.tensor().unwrap())
        });
        let weights_of_candle = VarBuilder::from_tensors(named.collect(), DType::F32, &Device::Cpu);
        let layer = GRU::new(3, 7, GRUConfig::default(), weights_of_candle).unwrap();
        let x = Tensor::randn(0f32, 1.0, (2, 5, 3), &Device::Cpu).unwrap();
        let states = layer.seq(&x).unwrap();
        let states: Vec<Tensor> = states.iter().map(|state| state.h().clone()).collect();
        let expected = Tensor::stack(&states, 1).unwrap();

        let model = Session::cpu().load(&graph, &weights).unwrap();
        let ours = model.run([("x", &x)]).unwrap();
        let reference = Reference::new(&graph, &weights).unwrap();
        let exact = reference.run([("x", &x)], Precision::F64).unwrap();
        let apart = |a: &Tensor, b: &Tensor| {
            let (a, b) = (
                a.to_dtype(DType::F64).unwrap(),
                b.to_dtype(DType::F64).unwrap(),
            );
            let difference = (a - b).unwrap().abs().unwrap().max_all().unwrap();
            difference.to_scalar::<f64>().unwrap()
        };
        assert!(apart(&ours["states"], &expected) < 1e-5);
        assert!(apart(&exact["states"], &expected) < 1e-5);
        let last = expected.narrow(1, 4, 1).unwrap().squeeze(1).unwrap();
        assert!(apart(&ours["last"], &last) < 1e-5);
        assert!(
            last.abs()
                .unwrap()
                .max_all()
                .unwrap()
                .to_scalar::<f32>()
                .unwrap()
                > 0.1
        );
    }

    #[test]
    fn steps_that_are_not_known_are_refused() {
        for shape in [
            f32s(("batch", "steps", 3)),
            f32s(("batch", 3)),
            f32s(("batch", 0, 3)),
        ] {
            let error = Graph::build("gru", |g| {
                let x = g.input("x", shape);
                g.output("y", gru(g, "gru", x, 3, 7).last);
            })
            .unwrap_err()
            .to_string();
            assert!(error.contains("f32s((\"batch\", 24, 8))"), "{error}");
        }
    }
}
