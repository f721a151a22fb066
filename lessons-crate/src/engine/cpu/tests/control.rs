//! Choices and loops, whose bodies are plans of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{as_written, assert_close, inputs};
use crate::engine::Precision;
use crate::engine::Reference;
use crate::graph::{Bindings, Graph};
use crate::prelude::*;

/// Halved where it is large, and squared where it is not, three times; a choice inside of a loop.
fn nested() -> Graph {
    Graph::build("nested", |g| {
        let x = g.input("x", f32s(("n", 3)));
        let turns = g.input("turns", i64s(()));
        let [turns, y] = while_loop(
            [turns, x],
            |_, [turns, _]| turns.less(3),
            |_, [turns, y]| {
                let large = y.abs().sum(0).sum(0).greater(4);
                let y = cond(large, [y], |_, [y]| y * 0.5, |_, [y]| y * y + 1.0);
                [turns + 1, y]
            },
        );
        g.output("y", y.tanh());
        g.output("turns", turns);
    })
    .unwrap()
}

#[test]
fn bodies_run_as_plans_and_agree_with_the_reference() {
    let graph = nested();
    let model = as_written(&graph, &Weights::new());
    for size in [1, 5, 40] {
        let sizes = Bindings::from([("n".to_owned(), size)]);
        let given = inputs(&graph, &sizes, 3);
        let kernels = assert_close(&model, &graph, &Weights::new(), &given, 1e-5);
        assert!(kernels.contains(&"control flow"), "{kernels:?}");
    }
}

#[test]
fn a_loop_may_not_turn_at_all() {
    let graph = Graph::build("never", |g| {
        let x = g.input("x", f32s(("n",)));
        let [y] = while_loop([x], |_, [x]| x.sum(0).less(0), |_, [x]| [x - 1]);
        g.output("y", y);
    })
    .unwrap();
    let x = Tensor::new(&[1f32, 2.0], &Cpu).unwrap();
    let model = Session::cpu().load(&graph, &Weights::new()).unwrap();
    assert_eq!(
        model.call(&x).unwrap().to_vec1::<f32>().unwrap(),
        [1.0, 2.0]
    );
    let mut y = [0f32; 2];
    model.run_into(&[("x", &x)], &mut [("y", &mut y)]).unwrap();
    assert_eq!(y, [1.0, 2.0]);
}

/// A branch that cannot run on these values is no error as long as the other one runs.
#[test]
fn only_the_branch_that_is_chosen_runs() {
    let graph = Graph::build("lazy", |g| {
        let (x, at) = (g.input("x", f32s((2,))), g.input("at", i64s((1,))));
        let inside = at.less(2).cast(DType::F32).max(0).greater(0);
        let y = cond(
            inside,
            [x, at],
            |_, [x, at]| x.gather(at),
            |_, [x, _]| x.slice(0, 0, 1),
        );
        g.output("y", y);
    })
    .unwrap();
    let model = Session::cpu().load(&graph, &Weights::new()).unwrap();
    let reference = Reference::new(&graph, &Weights::new()).unwrap();
    let x = Tensor::new(&[5f32, 6.0], &Cpu).unwrap();
    for (at, expected) in [(1i64, 6.0), (9, 5.0)] {
        let at = Tensor::new(&[at], &Cpu).unwrap();
        let given = [("x", &x), ("at", &at)];
        let y = model.run(given).unwrap().only().unwrap();
        assert_eq!(y.to_vec1::<f32>().unwrap(), [expected]);
        let y = reference
            .run(given, Precision::F64)
            .unwrap()
            .only()
            .unwrap();
        assert_eq!(y.to_vec1::<f64>().unwrap(), [f64::from(expected)]);
    }
}

/// Each turn calls a closure that counts.
#[test]
fn a_loop_of_which_several_results_are_used_runs_once() {
    let turns = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&turns);
    let next = Custom::new(
        "next",
        |inputs| Ok(inputs[0].clone()),
        move |inputs, _| {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok(inputs[0].values.iter().map(|x| x + 1.0).collect())
        },
    );
    let graph = Graph::build("several", |g| {
        let x = g.input("x", f32s(()));
        let step = |_: &Builder, [n, sum]: [Value; 2]| [next.apply(&[n]), sum + n];
        let [n, sum] = while_loop([x, x], |_, [n, _]| n.less(4), step);
        g.output("n", n);
        g.output("sum", sum);
    })
    .unwrap();
    let model = Session::cpu().load(&graph, &Weights::new()).unwrap();
    for (start, expected) in [(0f32, [4f32, 6.0]), (2.0, [4.0, 7.0])] {
        turns.store(0, Ordering::Relaxed);
        let x = Tensor::new(start, &Cpu).unwrap();
        let outputs = model.run([("x", &x)]).unwrap();
        let value = |name: &str| outputs[name].to_scalar::<f32>().unwrap();
        assert_eq!([value("n"), value("sum")], expected);
        assert_eq!(turns.load(Ordering::Relaxed), 4 - start as usize);
    }
}

/// What a run that failed has left is not taken for a result of the next one.
#[test]
fn a_loop_runs_anew_after_a_run_that_failed() {
    let graph = Graph::build("fails", |g| {
        let (x, at) = (g.input("x", f32s(())), g.input("at", i64s((1,))));
        let step = |_: &Builder, [n, sum]: [Value; 2]| [n + 1, sum + n];
        let [n, sum] = while_loop([x, x], |_, [n, _]| n.less(4), step);
        let row = sum.reshape((1,)).gather(at);
        g.output("y", row + n);
    })
    .unwrap();
    let model = Session::cpu().load(&graph, &Weights::new()).unwrap();
    let run = |x: f32, at: i64| {
        let (x, at) = (Tensor::new(x, &Cpu)?, Tensor::new(&[at], &Cpu)?);
        let y = model.run([("x", &x), ("at", &at)])?.only()?;
        Ok::<Vec<f32>, Error>(y.to_vec1()?)
    };
    assert!(run(0.0, 7).is_err());
    assert_eq!(run(2.0, 0).unwrap(), [11.0]);
}
