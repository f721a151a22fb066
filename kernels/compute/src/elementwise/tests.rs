//! The fast path against the reference: random programs over random views, on every instruction set of the machine.

mod case;

use proptest::prelude::*;

use self::case::{case, strides};
use super::*;
use crate::cpu::Cpu;
use crate::isa::Isa;
use crate::math::test::ulps;
use crate::pool::Pool;

/// Whether an op may give `got` where the reference gives `expected`, at the operand `x`.
fn agrees(step: &Step, x: f32, got: f32, expected: f32) -> bool {
    // In ulps, or else as a difference.
    let (allowed, difference) = match step {
        Step::Unary(op, _) => match op {
            UnaryOp::Neg
            | UnaryOp::Abs
            | UnaryOp::Sqrt
            | UnaryOp::Recip
            | UnaryOp::Floor
            | UnaryOp::Ceil
            | UnaryOp::Round
            | UnaryOp::Trunc
            | UnaryOp::Relu => (0, 0.0),
            UnaryOp::Sigmoid | UnaryOp::Log1p | UnaryOp::Acos => (3, 0.0),
            UnaryOp::Atanh => (4, 0.0),
            // Where the factor beside x is subnormal it has few digits, and so has the product.
            UnaryOp::Silu => (4, 1e-42),
            UnaryOp::Gelu => (8, 1e-43),
            // The argument of the exponential function is large in the tail, and so is what its rounding does.
            UnaryOp::GeluTanh | UnaryOp::GeluQuick => (4, x.abs() * 1e-6),
            _ => (2, 0.0),
        },
        Step::Binary(BinaryOp::Pow, ..) => (1, 0.0),
        // A large quotient is rounded three times.
        Step::Binary(BinaryOp::FloorDiv, ..) => (2, 0.0),
        Step::Binary(..) | Step::Select(..) => (0, 0.0),
    };
    ulps(got, expected) <= allowed || (got - expected).abs() <= difference
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Each prefix of a program is a program whose result is one step's. That step alone, run through the reference on what
    /// the fast path gave for the steps before it, must agree: so errors are those of one step, whatever comes before.
    #[test]
    fn every_step_agrees_with_the_reference(case in case()) {
        let row_major = strides(&case.shape, &(0..case.shape.len()).collect::<Vec<_>>(), &vec![false; case.shape.len()], 1);
        let elements = case.shape.iter().product();
        for isa in Isa::available() {
            let mut results: Vec<Vec<f32>> = Vec::new();
            for (n, step) in case.steps.iter().enumerate() {
                let mut got = vec![f32::NAN; elements];
                let prefix = Program::new(case.data.len(), case.steps[..=n].to_vec()).unwrap();
                prefix.run(isa, &case.shape, &case.views(), &mut got).unwrap();

                let mut views = case.views();
                views.extend(results.iter().map(|data| View { data, strides: &row_major }));
                let alone = |operand| match operand {
                    Operand::Step(step) => Operand::Input(case.data.len() + step),
                    other => other,
                };
                let step = match *step {
                    Step::Unary(op, a) => Step::Unary(op, alone(a)),
                    Step::Binary(op, a, b) => Step::Binary(op, alone(a), alone(b)),
                    Step::Select(mask, a, b) => Step::Select(alone(mask), alone(a), alone(b)),
                };
                let mut expected = vec![0.0; elements];
                Program::new(views.len(), vec![step]).unwrap().run_reference(&case.shape, &views, &mut expected).unwrap();
                let mut x = vec![0.0; elements];
                let operand = step.operands().next().unwrap();
                let same = Step::Binary(BinaryOp::Max, operand, operand);
                Program::new(views.len(), vec![same]).unwrap().run_reference(&case.shape, &views, &mut x).unwrap();
                for (i, ((&x, &got), &expected)) in x.iter().zip(&got).zip(&expected).enumerate() {
                    prop_assert!(
                        agrees(&step, x, got, expected),
                        "{}: step {n} {step:?} at element {i}: {got:e} instead of {expected:e}, first operand {x:e}", isa.name(),
                    );
                }
                results.push(got);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// What is written over an input is, to the bit, what is written elsewhere.
    #[test]
    fn a_program_may_overwrite_an_input(case in case()) {
        let program = Program::new(case.data.len(), case.steps.clone()).unwrap();
        let elements = case.shape.iter().product();
        let row_major = strides(&case.shape, &(0..case.shape.len()).collect::<Vec<_>>(), &vec![false; case.shape.len()], 1);
        for isa in Isa::available() {
            let cpu = Cpu::new(isa, Pool::global()).unwrap();
            for at in (0..case.data.len()).filter(|at| case.strides[*at] == row_major) {
                let mut expected = vec![f32::NAN; elements];
                program.run(isa, &case.shape, &case.views(), &mut expected).unwrap();
                let mut got = case.data[at][..elements].to_vec();
                let mut views = case.views();
                views[at].data = &[];
                program.run_in_place(cpu, &case.shape, &views, at, &mut got).unwrap();
                let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                prop_assert_eq!(bits(&got), bits(&expected), "{}, input {}", isa.name(), at);
            }
        }
    }
}

#[test]
fn only_what_is_laid_out_as_the_output_is_overwritten() {
    let mut out = [1.0, 2.0, 3.0, 4.0];
    let run = |strides: &[usize], out: &mut [f32]| {
        let view = View { data: &[], strides };
        relu_of_2x_plus_1().run_in_place(Cpu::best(), &[2, 2], &[view], 0, out)
    };
    let error = run(&[1, 2], &mut out).unwrap_err();
    assert!(
        error.to_string().contains("cannot be overwritten"),
        "{error}"
    );
    assert_eq!(out, [1.0, 2.0, 3.0, 4.0]);
    run(&[2, 1], &mut out).unwrap();
    assert_eq!(out, [3.0, 5.0, 7.0, 9.0]);
}

fn relu_of_2x_plus_1() -> Program {
    Program::new(
        1,
        vec![
            Step::Binary(BinaryOp::Mul, Operand::Input(0), Operand::Scalar(2.0)),
            Step::Binary(BinaryOp::Add, Operand::Step(0), Operand::Scalar(1.0)),
            Step::Unary(UnaryOp::Relu, Operand::Step(1)),
        ],
    )
    .unwrap()
}

#[test]
fn sines_do_not_depend_on_their_neighbors() {
    for op in [UnaryOp::Sin, UnaryOp::Cos] {
        let program = Program::new(1, vec![Step::Unary(op, Operand::Input(0))]).unwrap();
        let mut x: Vec<f32> = (0..200).map(|i| i as f32 * 0.37 - 30.0).collect();
        for isa in Isa::available() {
            let run = |x: &[f32]| {
                let mut y = vec![0.0; x.len()];
                let view = View {
                    data: x,
                    strides: &[1],
                };
                program.run(isa, &[x.len()], &[view], &mut y).unwrap();
                y
            };
            x[199] = 1.0;
            let alone = run(&x);
            x[199] = 1e9;
            assert_eq!(run(&x)[..199], alone[..199], "{op:?} on {}", isa.name());
        }
    }
}

#[test]
fn large_outputs_are_the_same_in_parallel() {
    // Three rows of a length that no task and no block divides.
    let shape = [3, 100_003];
    let x: Vec<f32> = (0..300_009).map(|i| (i % 1009) as f32 - 500.0).collect();
    let bias: Vec<f32> = (0..100_003).map(|i| (i % 17) as f32).collect();
    let program = Program::new(
        2,
        vec![Step::Binary(
            BinaryOp::Sub,
            Operand::Input(0),
            Operand::Input(1),
        )],
    )
    .unwrap();
    for strides in [[100_003, 1], [1, 3]] {
        let views = [
            View {
                data: &x,
                strides: &strides,
            },
            View {
                data: &bias,
                strides: &[0, 1],
            },
        ];
        let mut expected = vec![0.0; x.len()];
        program
            .run_reference(&shape, &views, &mut expected)
            .unwrap();
        for isa in Isa::available() {
            let mut got = vec![f32::NAN; x.len()];
            program.run(isa, &shape, &views, &mut got).unwrap();
            assert!(got == expected, "{}", isa.name());
        }
    }
}

#[test]
fn an_output_beyond_the_caches_is_whole() {
    let program = relu_of_2x_plus_1();
    let x: Vec<f32> = (0..(1 << 22) + 77)
        .map(|i| (i % 1009) as f32 - 500.0)
        .collect();
    let mut y = vec![f32::NAN; x.len()];
    for isa in Isa::available() {
        y.fill(f32::NAN);
        let view = View {
            data: &x,
            strides: &[1],
        };
        program.run(isa, &[x.len()], &[view], &mut y).unwrap();
        let wrong = x
            .iter()
            .zip(&y)
            .position(|(x, &y)| y != (x * 2.0 + 1.0).max(0.0));
        assert_eq!(wrong, None, "{}", isa.name());
    }
}

#[test]
fn a_run_may_happen_inside_the_pool() {
    let program = relu_of_2x_plus_1();
    let x = vec![1.0; 1 << 17];
    crate::pool::Pool::global().for_each(8, |_, _| {
        let mut y = vec![0.0; x.len()];
        let view = View {
            data: &x,
            strides: &[1],
        };
        program
            .run(Isa::best(), &[x.len()], &[view], &mut y)
            .unwrap();
        assert!(y.iter().all(|&y| y == 3.0));
    });
}

#[test]
fn not_a_number_passes_through() {
    let x = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0];
    let run = |isa, step| {
        let mut y = [0.0; 4];
        let view = View {
            data: &x,
            strides: &[1],
        };
        Program::new(1, vec![step])
            .unwrap()
            .run(isa, &[4], &[view], &mut y)
            .unwrap();
        y
    };
    for isa in Isa::available() {
        let relu = run(isa, Step::Unary(UnaryOp::Relu, Operand::Input(0)));
        assert!(relu[0].is_nan());
        assert_eq!(relu[1..], [f32::INFINITY, 0.0, 0.0]);
        for op in [BinaryOp::Max, BinaryOp::Min] {
            for (a, b) in [
                (Operand::Input(0), Operand::Scalar(1.0)),
                (Operand::Scalar(1.0), Operand::Input(0)),
            ] {
                let y = run(isa, Step::Binary(op, a, b));
                assert_eq!(y.map(f32::is_nan), [true, false, false, false], "{op:?}");
            }
        }
    }
}

#[test]
fn bad_views_are_errors_and_write_nothing() {
    let program = relu_of_2x_plus_1();
    let data = [1.0; 6];
    let run = |shape: &[usize], views: &[View<'_>], len: usize| {
        let mut out = vec![7.0; len];
        let error = program
            .run(Isa::best(), shape, views, &mut out)
            .unwrap_err();
        assert_eq!(
            program.run_reference(shape, views, &mut out).unwrap_err(),
            error
        );
        assert!(out.iter().all(|&y| y == 7.0));
        error
    };
    let view = |strides| View {
        data: &data,
        strides,
    };

    assert_eq!(
        run(&[6], &[], 6),
        RunError::InputCount {
            expected: 1,
            given: 0
        }
    );
    assert_eq!(
        run(&[2, 3], &[view(&[1])], 6),
        RunError::StrideCount {
            input: 0,
            strides: 1,
            axes: 2
        }
    );
    assert_eq!(
        run(&[6], &[view(&[1])], 5),
        RunError::OutputLength {
            shape: vec![6],
            expected: 6,
            given: 5
        }
    );
    let error = run(&[2, 4], &[view(&[3, 1])], 8);
    assert_eq!(
        error.to_string(),
        "input 0 has 6 element(s), but its strides [3, 1] reach index 6 over the shape [2, 4]"
    );
    let error = run(&[3], &[view(&[usize::MAX])], 3);
    assert!(
        matches!(error, RunError::OutOfBounds { index: None, .. }),
        "{error}"
    );
    let error = run(&[usize::MAX, 2], &[view(&[0, 0])], 6);
    assert!(matches!(error, RunError::ShapeOverflow { .. }), "{error}");
}

#[test]
fn an_empty_output_reads_nothing() {
    let view = View {
        data: &[],
        strides: &[5, 1, 1],
    };
    relu_of_2x_plus_1()
        .run(Isa::best(), &[2, 0, usize::MAX], &[view], &mut [])
        .unwrap();
}

#[test]
fn a_missing_instruction_set_is_an_error() {
    let missing = if cfg!(target_arch = "x86_64") {
        Isa::Neon
    } else {
        Isa::Avx2
    };
    let error = relu_of_2x_plus_1().run(
        missing,
        &[0],
        &[View {
            data: &[],
            strides: &[1],
        }],
        &mut [],
    );
    assert_eq!(error, Err(RunError::MissingIsa(missing)));
}
