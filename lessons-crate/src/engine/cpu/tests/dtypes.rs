//! Ops on all dtypes that they take, on views, with numbers at the edges of what there is.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{as_written, assert_close, flat, inputs};
use crate::engine::{Model, Precision, Reference};
use crate::graph::{Bindings, Graph, Value};
use crate::prelude::*;
use crate::weights::to_candle;

/// What reads and writes the dtypes that processors compute in; candle computes in floats of 16 bits.
const WIDE: [DType; 7] = [
    DType::F64,
    DType::F32,
    DType::I64,
    DType::I32,
    DType::U32,
    DType::U8,
    DType::Bool,
];
const NUMBERS: [DType; 5] = [DType::F32, DType::I64, DType::I32, DType::U32, DType::U8];
const INTEGERS: [DType; 4] = [DType::I64, DType::I32, DType::U32, DType::U8];

/// A tensor of numbers that are small, or at the edges of the dtype.
fn tensor(dtype: DType, shape: &[usize], seed: u64) -> Tensor {
    let count: usize = shape.iter().product();
    let pick = |at: usize| (at as u64 * 7 + seed * 13 + at as u64 * at as u64) % 17;
    let floats = |at: usize| match pick(at) {
        0 => f64::NAN,
        1 => f64::INFINITY,
        2 => f64::NEG_INFINITY,
        3 => -0.0,
        4 => 1e-40,
        other => other as f64 / 3.0 - 3.0,
    };
    let ints = |at: usize| match (pick(at), dtype) {
        (_, DType::Bool) => at as i64 % 2,
        (0, _) => i64::MAX,
        (1, _) => i64::MIN,
        (other, DType::U8 | DType::U32) => other as i64,
        (other, _) => other as i64 - 8,
    };
    let tensor = match dtype.is_float() {
        true => Tensor::from_vec((0..count).map(floats).collect(), shape, &Cpu),
        false => Tensor::from_vec((0..count).map(ints).collect(), shape, &Cpu),
    };
    tensor.unwrap().to_dtype(to_candle(dtype)).unwrap()
}

/// Runs a graph of one op on `x`, `y` of a dtype and a mask.
fn run(dtype: DType, shape: [usize; 2], seed: u64, op: impl FnOnce(Value, Value, Value) -> Value) {
    let [rows, columns] = shape;
    let graph = Graph::build("one", |g| {
        let of = |dtype, shape: (usize, usize)| TensorType::new(dtype, shape);
        // One lies as it is, one is transposed, and the mask is a column or a row that repeats.
        let x = g.input("x", of(dtype, (rows, columns)));
        let y = g.input("y", of(dtype, (columns, rows))).t();
        let mask = match seed % 3 {
            0 => g.input("mask", of(DType::Bool, (rows, 1))),
            1 => g.input("mask", of(DType::Bool, (1, columns))),
            _ => g.input("mask", of(DType::Bool, (rows, columns))),
        };
        g.output("y", op(x, y, mask));
    })
    .unwrap();
    let mask_shape = match seed % 3 {
        0 => [rows, 1],
        1 => [1, columns],
        _ => shape,
    };
    let given = BTreeMap::from([
        ("x".to_owned(), tensor(dtype, &shape, seed)),
        ("y".to_owned(), tensor(dtype, &[columns, rows], seed + 1)),
        ("mask".to_owned(), tensor(DType::Bool, &mask_shape, seed)),
    ]);
    let model = as_written(&graph, &Weights::new());
    assert_same(&model, &graph, &given);
}

/// Holds a model against the reference, in the dtypes that the graph declares, to the last bit; and none of it runs through
/// candle. Says which kernels run.
fn assert_same(
    model: &Model,
    graph: &Graph,
    given: &BTreeMap<String, Tensor>,
) -> Vec<&'static str> {
    let given = || given.iter().map(|(name, tensor)| (name.as_str(), tensor));
    let reference = Reference::new(graph, &Weights::new()).unwrap();
    let expected = reference.run(given(), Precision::Declared).unwrap();
    model.run(given()).unwrap();
    let got = model.run(given()).unwrap();
    for (name, tensor) in got.iter() {
        let expected = &expected[name];
        assert_eq!(tensor.dtype(), expected.dtype(), "{name} of {graph}");
        assert_eq!(tensor.dims(), expected.dims(), "{name} of {graph}");
        for (at, (got, expected)) in flat(tensor).iter().zip(flat(expected)).enumerate() {
            let same = *got == expected || got.is_nan() && expected.is_nan();
            assert!(same, "{name}[{at}]: {got:e} for {expected:e}\n{graph}");
        }
    }
    let profile = model.profile(given()).unwrap();
    let kernels: Vec<_> = profile.kernels.iter().map(|step| step.kernel).collect();
    assert!(!kernels.contains(&"candle"), "{kernels:?}\n{graph}");
    kernels
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn comparisons_logic_and_choices(rows in 0usize..5, columns in 0usize..40, seed in 0u64..1000) {
        let shape = [rows, columns];
        for dtype in WIDE {
            run(dtype, shape, seed, |x, y, _| x.less(y));
            run(dtype, shape, seed, |x, y, _| x.less_equal(y));
            run(dtype, shape, seed, |x, y, _| x.greater(y));
            run(dtype, shape, seed, |x, y, _| x.greater_equal(y));
            run(dtype, shape, seed, |x, y, _| x.equal(y));
            run(dtype, shape, seed, |x, y, _| x.not_equal(y));
            run(dtype, shape, seed, |x, y, mask| {
                let both = x.equal(y).logical_and(mask).logical_or(x.not_equal(x));
                both.logical_xor(mask).logical_not()
            });
            run(dtype, shape, seed, |x, y, mask| mask.select(x, y));
        }
    }

    #[test]
    fn casts_between_all_dtypes(rows in 0usize..5, columns in 0usize..40, seed in 0u64..1000) {
        for from in WIDE {
            for to in WIDE {
                run(from, [rows, columns], seed, |_, y, _| y.cast(to));
            }
        }
    }

    #[test]
    fn integers_wrap_around(rows in 0usize..5, columns in 0usize..40, seed in 0u64..1000) {
        let shape = [rows, columns];
        for dtype in INTEGERS {
            run(dtype, shape, seed, |x, y, _| x + y);
            run(dtype, shape, seed, |x, y, _| x - y);
            run(dtype, shape, seed, |x, y, _| x * y);
            run(dtype, shape, seed, |x, y, _| x.maximum(y));
            run(dtype, shape, seed, |x, y, _| x.minimum(y));
            run(dtype, shape, seed, |x, _, _| -x);
            run(dtype, shape, seed, |_, y, _| y.abs());
            run(dtype, shape, seed, |_, y, _| y.relu());
            // By what is not 0, and not the -1 that candle cannot divide the smallest number by.
            run(dtype, shape, seed, |x, _, _| x / 3);
            run(dtype, shape, seed, |x, y, _| x.floor_div(y.maximum(2)));
            run(dtype, shape, seed, |x, y, _| x.modulo(y.maximum(2)));
        }
    }

    #[test]
    fn lines(rows in 1usize..5, columns in 1usize..40, seed in 0u64..1000, axis in 0i32..2) {
        let shape = [rows, columns];
        let size = shape[axis as usize];
        for dtype in NUMBERS {
            run(dtype, shape, seed, |_, y, _| y.cumsum(axis));
            run(dtype, shape, seed, |_, y, _| y.argsort(axis, seed % 2 == 0));
            run(dtype, shape, seed, |x, _, _| x.top_k(size.div_ceil(2), axis).0);
            run(dtype, shape, seed, |x, _, _| x.bottom_k(size.div_ceil(3), axis).1);
        }
        run(DType::Bool, shape, seed, |_, y, _| y.argsort(axis, false));
        run(DType::F64, shape, seed, |_, y, _| y.cumsum(axis));
        run(DType::F32, shape, seed, |_, y, _| y.argmax(axis));
        run(DType::F32, shape, seed, |_, y, _| y.argmin(axis));
    }

    #[test]
    fn movement(rows in 1usize..5, columns in 1usize..40, seed in 0u64..1000, parts in 1usize..40) {
        let shape = [rows, columns];
        for dtype in DType::ALL {
            if dtype == DType::F16 || dtype == DType::BF16 {
                continue;
            }
            run(dtype, shape, seed, |_, y, _| y.flatten(0, 1));
            run(dtype, shape, seed, |x, y, _| concat(&[x, y].repeat(parts), 1));
        }
    }
}

/// Indices of every dtype into values of every dtype, and updates that go there.
#[test]
fn elements_by_index() {
    for (values, numbers) in WIDE.into_iter().flat_map(|a| INTEGERS.map(|b| (a, b))) {
        let graph = Graph::build("index", |g| {
            let x = g.input("x", TensorType::new(values, (4, 3, "n")));
            let rows = g.input("rows", TensorType::new(numbers, ("n", 2)));
            let along = g.input("along", TensorType::new(numbers, (4, 5, "n")));
            let new = g.input("new", TensorType::new(values, (4, 5, "n")));
            g.output("gather", x.gather(rows));
            g.output("take", x.take_along_axis(along, 1));
            g.output("nd", x.gather_nd(rows));
            g.output("set", x.scatter(along, new, 1));
            g.output(
                "turned",
                x.permute([1, 0, 2])
                    .scatter(along.permute([1, 0, 2]), new.permute([1, 0, 2]), 0),
            );
            if values != DType::Bool && values != DType::F64 {
                g.output("add", x.scatter_add(along, new, 1));
                g.output("mul", x.scatter_mul(along, new, 1));
                g.output("max", x.scatter_max(along, new, 1));
                g.output("min", x.scatter_min(along, new, 1));
            }
        })
        .unwrap();
        let model = as_written(&graph, &Weights::new());
        for size in [0, 1, 4, 17] {
            let sizes = Bindings::from([("n".to_owned(), size)]);
            let given = inputs(&graph, &sizes, 5);
            let kernels = assert_close(&model, &graph, &Weights::new(), &given, 1e-6);
            assert!(!kernels.contains(&"candle"), "{kernels:?}\n{graph}");
        }
    }
}

/// The message of the reference, and of the model.
fn errors(graph: &Graph, given: &[(&str, &Tensor)]) -> [String; 2] {
    let reference = Reference::new(graph, &Weights::new()).unwrap();
    let precision = Precision::Declared;
    let expected = reference.run(given.iter().copied(), precision);
    let got = as_written(graph, &Weights::new()).run(given.iter().copied());
    [
        expected.unwrap_err().to_string(),
        got.unwrap_err().to_string(),
    ]
}

#[test]
fn what_cannot_be_is_the_error_of_the_reference() {
    let x = Tensor::zeros((3, 4), candle_core::DType::F32, &Cpu).unwrap();
    for index in [-1i64, 3, 4, i64::MAX, i64::MIN] {
        let at = Tensor::full(index, (3, 2), &Cpu).unwrap();
        let ops: [fn(Value, Value) -> Value; 6] = [
            |x, at| x.gather(at),
            |x, at| {
                x.take_along_axis(
                    at.slice(0, 0, 1).broadcast_to((1, 2)).broadcast_to((3, 2)),
                    1,
                )
                .slice(0, 0, 1)
            },
            |x, at| x.gather_nd(at),
            |x, at| x.scatter(at, x.slice(1, 0, 2), 1),
            |x, at| x.scatter_add(at, x.slice(1, 0, 2), 1),
            |x, at| x.scatter_nd(at, x.slice(1, 0, 1).reshape((3,))),
        ];
        for op in ops {
            let graph = Graph::build("off", |g| {
                let x = g.input("x", f32s((3, 4)));
                g.output("y", op(x, g.input("at", i64s((3, 2)))));
            })
            .unwrap();
            // A row that is not there may be a column that is.
            if index == 3 && graph.to_string().contains("axis=1") {
                continue;
            }
            let [expected, got] = errors(&graph, &[("x", &x), ("at", &at)]);
            assert_eq!(expected, got);
            assert!(got.contains(&format!("{index} is not")), "{got}");
        }
    }
    let graph = Graph::build("divide", |g| {
        let (a, b) = (g.input("a", i64s(("n",))), g.input("b", i64s(("n",))));
        g.output("y", a.floor_div(b));
    })
    .unwrap();
    let (a, b) = (
        Tensor::new(&[1i64, 2], &Cpu).unwrap(),
        Tensor::new(&[1i64, 0], &Cpu).unwrap(),
    );
    let [expected, got] = errors(&graph, &[("a", &a), ("b", &b)]);
    assert_eq!(expected, got);
    assert!(got.contains("division by zero"), "{got}");
    let graph = Graph::build("few", |g| {
        g.output(
            "y",
            g.input("x", f32s(("n",)))
                .argsort(0, false)
                .cast(DType::F32)
                + g.input("x2", f32s(("n",))).top_k(3, 0).0.sum(0),
        );
    })
    .unwrap();
    let x = Tensor::new(&[1f32, 2.0], &Cpu).unwrap();
    let [expected, got] = errors(&graph, &[("x", &x), ("x2", &x)]);
    assert_eq!(expected, got);
    assert!(got.contains("are asked for"), "{got}");
}

/// Numbers of a seed, and counts, of more elements than are computed when a plan is made.
#[test]
fn large_sources_are_computed_in_the_run() {
    let graph = Graph::build("sources", |g| {
        let n = g.input("x", f32s(("n", 1, 3)));
        g.output("uniform", g.random_uniform(("n", 5), 7) + n.sum(-1));
        g.output("normal", g.random_normal(("n", 5), 8));
        g.output("range", g.range("n"));
    })
    .unwrap();
    let x = Tensor::zeros((1 << 20 | 3, 1, 3), candle_core::DType::F32, &Cpu).unwrap();
    let given = BTreeMap::from([("x".to_owned(), x)]);
    let model = as_written(&graph, &Weights::new());
    let kernels = assert_same(&model, &graph, &given);
    assert!(
        kernels.contains(&"random numbers") && kernels.contains(&"range"),
        "{kernels:?}"
    );
}
