//! Choices and loops: ops whose parts are graphs.

use std::panic::Location;

use super::Value;
use crate::graph::builder::{Builder, apply, fail_in, type_of};
use crate::graph::error::GraphError;
use crate::graph::ir::{Graph, NodeId};
use crate::graph::ops::{Body, Cond, While};
use crate::graph::tensor_type::TensorType;

/// The value of one of two branches, depending on one bool that is known when it runs. Only that branch
/// runs; [`Value::select`] computes both and chooses element by element.
///
/// A branch is a graph of its own: all that it uses are the values handed over, under its own names for
/// them, and what it makes itself with its builder. Both branches give one type.
///
/// ```
/// use lessons::prelude::*;
///
/// let graph = Graph::build("clip", |g| {
///     let x = g.input("x", f32s(("n",)));
///     let too_long = (x * x).sum(0).greater(1);
///     g.output("y", cond(too_long, [x], |_, [x]| x / (x * x).sum(0).sqrt(), |_, [x]| x));
/// })?;
/// let model = Session::cpu().load(&graph, &Weights::new())?;
/// let long = Tensor::new(&[3f32, 4.0], &Cpu)?;
/// assert_eq!(model.call(&long)?.to_vec1::<f32>()?, [0.6, 0.8]);
/// let short = Tensor::new(&[0.5f32, 0.5], &Cpu)?;
/// assert_eq!(model.call(&short)?.to_vec1::<f32>()?, [0.5, 0.5]);
/// # Ok::<(), lessons::Error>(())
/// ```
#[track_caller]
pub fn cond<const N: usize>(
    condition: Value,
    inputs: [Value; N],
    then: impl FnOnce(&Builder, [Value; N]) -> Value,
    otherwise: impl FnOnce(&Builder, [Value; N]) -> Value,
) -> Value {
    let site = Location::caller();
    let made = types(inputs).and_then(|types| {
        let then = body("then", &types, |g, values| [then(g, values)]);
        let otherwise = body("else", &types, |g, values| [otherwise(g, values)]);
        both(condition, then, otherwise)
    });
    let poisoned = Value::poisoned(condition.graph);
    made.map_or(poisoned, |(then, otherwise)| {
        let operands: Vec<Value> = [condition].into_iter().chain(inputs).collect();
        apply(Cond { then, otherwise }.into(), &operands, site)
    })
}

/// What becomes of a state while a condition, one bool, holds. It is asked before every turn, so the
/// result may be the state as it is. The state keeps its types from turn to turn.
///
/// Condition and step are graphs of their own, as the branches of [`cond`]. Each element of the last
/// state is a node of the graph; the CPU engine runs the loop once for all of them.
///
/// ```
/// use lessons::prelude::*;
///
/// // A square root by Newton's method, to one part in a thousand.
/// let graph = Graph::build("root", |g| {
///     let a = g.input("a", f32s(()));
///     let close = |x: Value, a: Value| (x * x - a).abs().less(1e-3 * a);
///     let [root, _] = while_loop(
///         [a, a],
///         |_, [x, a]| !close(x, a),
///         |_, [x, a]| [(x + a / x) / 2, a],
///     );
///     g.output("root", root);
/// })?;
/// let model = Session::cpu().load(&graph, &Weights::new())?;
/// let root = model.call(&Tensor::new(9f32, &Cpu)?)?.to_scalar::<f32>()?;
/// assert!((root - 3.0).abs() < 0.01);
/// # Ok::<(), lessons::Error>(())
/// ```
#[track_caller]
pub fn while_loop<const N: usize>(
    state: [Value; N],
    condition: impl FnOnce(&Builder, [Value; N]) -> Value,
    step: impl FnOnce(&Builder, [Value; N]) -> [Value; N],
) -> [Value; N] {
    let site = Location::caller();
    let Some(first) = state.first().copied() else {
        return state;
    };
    let made = types(state).and_then(|types| {
        let condition = body("condition", &types, |g, values| [condition(g, values)]);
        both(first, condition, body("step", &types, step))
    });
    let Some((condition, step)) = made else {
        return [Value::poisoned(first.graph); N];
    };
    std::array::from_fn(|result| {
        let op = While {
            condition: condition.clone(),
            step: step.clone(),
            result,
        };
        apply(op.into(), &state, site)
    })
}

/// The types of values; `None` where a mistake was noted already.
fn types<const N: usize>(values: [Value; N]) -> Option<[TensorType; N]> {
    let types = values.map(|value| type_of(value.graph, NodeId(value.node)));
    let types: Option<Vec<TensorType>> = types.into_iter().collect();
    types?.try_into().ok()
}

/// The graph that a closure describes, given inputs of these types.
fn body<const N: usize, const M: usize>(
    name: &str,
    inputs: &[TensorType; N],
    describe: impl FnOnce(&Builder, [Value; N]) -> [Value; M],
) -> Result<Body, GraphError> {
    let builder = Graph::start(name);
    let values = std::array::from_fn(|at| builder.input(&format!("in{at}"), inputs[at].clone()));
    for (at, value) in describe(&builder, values).into_iter().enumerate() {
        builder.output(&format!("out{at}"), value);
    }
    builder.finish().map(Body::new)
}

/// Two bodies, or else what is wrong with one of them as the mistake of the graph around.
fn both(
    value: Value,
    first: Result<Body, GraphError>,
    second: Result<Body, GraphError>,
) -> Option<(Body, Body)> {
    match (first, second) {
        (Ok(first), Ok(second)) => Some((first, second)),
        (Err(error), _) | (_, Err(error)) => {
            fail_in(value.graph, error);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::GraphError;
    use crate::prelude::*;

    fn told(describe: impl FnOnce(&Builder, Value, Value)) -> String {
        let error: GraphError = Graph::build("wrong", |g| {
            describe(g, g.input("x", f32s(("n", 2))), g.input("go", f32s(())));
        })
        .unwrap_err();
        let help = error.suggestion().unwrap_or("nothing");
        format!("{}: {} (try: {help})", error.op(), error.what())
    }

    #[test]
    fn mistakes_in_branches_and_loops_are_told() {
        let texts = [
            told(|_, x, go| {
                cond(go, [x], |_, [x]| x, |_, [x]| x);
            }),
            told(|_, x, _| {
                cond(x.less(0), [x], |_, [x]| x, |_, [x]| x);
            }),
            told(|_, x, go| {
                cond(go.less(0), [x], |_, [x]| x, |_, [x]| x.sum(0));
            }),
            told(|_, x, go| {
                cond(go.less(0), [x], |_, [x]| x.matmul(x), |_, [x]| x);
            }),
            told(|_, x, go| {
                cond(go.less(0), [x], |_, [inner]| inner + x, |_, [x]| x);
            }),
            told(|_, x, go| {
                let weight = |g: &Builder| g.weight("w", f32s((2,)));
                cond(go.less(0), [x], |g, [x]| x + weight(g), |_, [x]| x);
            }),
            told(|_, _, go| {
                let range = |g: &Builder| g.range("n").cast(DType::F32).sum(0);
                cond(go.less(0), [go], |g, _| range(g), |_, [go]| go);
            }),
            told(|_, x, _| {
                while_loop([x], |_, [x]| x.less(0), |_, [x]| [x]);
            }),
            told(|_, x, go| {
                while_loop(
                    [x, go],
                    |_, [_, go]| go.less(0),
                    |_, [x, go]| [concat(&[x, x], 0), go],
                );
            }),
        ];
        insta::assert_snapshot!(texts.join("\n"));
    }

    fn graph() -> Graph {
        Graph::build("control", |g| {
            let (x, go) = (g.input("x", f32s(("n",))), g.input("go", f32s(())));
            let y = cond(go.greater(0), [x], |_, [x]| 2 * x, |_, [x]| -x);
            let [_, z] = while_loop([go, y], |_, [n, _]| n.less(2), |_, [n, z]| [n + 1, z * z]);
            g.output("z", z);
        })
        .unwrap()
    }

    #[test]
    fn printed_graphs_show_what_is_inside() {
        insta::assert_snapshot!(graph());
    }

    #[test]
    fn files_and_calls_keep_what_is_inside() {
        let graph = graph();
        let read = Graph::from_json(&graph.to_json().unwrap()).unwrap();
        assert_eq!(read.to_string(), graph.to_string());
        let around = Graph::build("around", |g| {
            let x = g.input("x", f32s((3,)));
            let go = g.input("go", f32s(()));
            g.output("y", g.call(&read, "", &[x, go])[0]);
        })
        .unwrap();
        assert_eq!(around.output("y").unwrap().ty, f32s((3,)));
        let x = Tensor::new(&[1f32, 2.0, 3.0], &Cpu).unwrap();
        let model = Session::cpu().load(&around, &Weights::new()).unwrap();
        for (go, expected) in [(1f32, [4f32, 16.0, 36.0]), (0.0, [1.0, 16.0, 81.0])] {
            let go = Tensor::new(go, &Cpu).unwrap();
            let y = model.run([("x", &x), ("go", &go)]).unwrap().only().unwrap();
            assert_eq!(y.to_vec1::<f32>().unwrap(), expected);
        }
    }
}
