//! The fast path against the reference, on every instruction set of the machine and several numbers of threads.

mod case;

use proptest::prelude::*;

use self::case::{Case, case};
use super::*;
use crate::cpu::Cpu;
use crate::elementwise::{BinaryOp, Operand as Argument, Program, Step, UnaryOp};
use crate::error::KernelError;
use crate::isa::Isa;
use crate::matrix::{Matrix, MatrixMut};
use crate::pool::Pool;
use crate::test::on_every_cpu;

fn run(cpu: Cpu<'_>, case: &Case, epilogue: &Epilogue<'_>) -> Vec<f32> {
    let weights =
        PackedMatrix::new(cpu, &case.b, [case.k, case.n], case.b_strides).expect("it is whole");
    let mut c = vec![7.0; case.m * (case.n + case.c_gap)];
    let mut to = MatrixMut {
        data: &mut c,
        rows: case.m,
        columns: case.n,
        stride: case.n + case.c_gap,
    };
    gemm(cpu, case.a(), &weights, &mut to, epilogue).expect("the sizes fit");
    c
}

fn reference(case: &Case, epilogue: &Epilogue<'_>) -> Vec<f32> {
    let mut c = vec![7.0; case.m * (case.n + case.c_gap)];
    let mut to = MatrixMut {
        data: &mut c,
        rows: case.m,
        columns: case.n,
        stride: case.n + case.c_gap,
    };
    gemm_reference(case.a(), &case.b, case.b_strides, &mut to, epilogue).expect("the sizes fit");
    c
}

/// Sums in f32 differ from sums in f64 by at most k roundings of the largest partial sum; inputs are below 1 here, so is the
/// bias, and no activation is steeper than 1.2.
fn assert_close(got: &[f32], expected: &[f32], k: usize, name: &str) {
    let allowed = 1.6e-6 * (k as f32).sqrt().max(1.0) + 1e-6;
    crate::test::assert_close(got, expected, allowed, allowed, name);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_product_agrees_with_the_reference(case in case()) {
        let epilogue = Epilogue { bias: case.bias.then_some(&case.columns[..]), then: &[] };
        let expected = reference(&case, &epilogue);
        on_every_cpu(|cpu| assert_close(&run(cpu, &case, &epilogue), &expected, case.k, cpu.isa().name()));
    }

    #[test]
    fn an_epilogue_agrees_with_the_reference(case in case(), order in prop::collection::vec(0..6usize, 0..4)) {
        let program = Program::new(3, vec![
            Step::Binary(BinaryOp::Mul, Argument::Input(0), Argument::Input(1)),
            Step::Unary(UnaryOp::Sigmoid, Argument::Step(0)),
            Step::Binary(BinaryOp::Sub, Argument::Input(2), Argument::Step(1)),
        ]).unwrap();
        let residual = Operand::Matrix { data: &case.residual, stride: case.n + 3 };
        let operands = [Operand::Columns(&case.columns), residual];
        let steps = [
            Then::Unary(UnaryOp::Gelu),
            Then::Unary(UnaryOp::Relu),
            Then::Binary(BinaryOp::Add, residual),
            Then::Binary(BinaryOp::Mul, Operand::Scalar(0.5)),
            Then::Binary(BinaryOp::Max, Operand::Rows(&case.rows)),
            Then::Program(&program, &operands),
        ];
        let then: Vec<_> = order.iter().map(|&step| steps[step]).collect();
        let epilogue = Epilogue { bias: case.bias.then_some(&case.columns[..]), then: &then };
        let expected = reference(&case, &epilogue);
        on_every_cpu(|cpu| assert_close(&run(cpu, &case, &epilogue), &expected, case.k, cpu.isa().name()));
    }
}

#[test]
fn long_sums_and_many_rows_agree() {
    for (m, k, n) in [
        (128, 1100, 70),
        (200, 513, 33),
        (1, 3000, 40),
        (13, 1024, 96),
    ] {
        let case = Case::regular(m, k, n);
        let then = [Then::Unary(UnaryOp::Tanh)];
        let epilogue = Epilogue {
            bias: Some(&case.columns),
            then: &then,
        };
        let expected = reference(&case, &epilogue);
        on_every_cpu(|cpu| {
            assert_close(&run(cpu, &case, &epilogue), &expected, k, cpu.isa().name());
        });
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let case = Case::regular(150, 700, 300);
    for isa in Isa::available() {
        let results = [1, 2, 5].map(|threads| {
            let pool = Pool::new(threads);
            run(Cpu::new(isa, &pool).unwrap(), &case, &Epilogue::default())
        });
        assert!(results[0] == results[1] && results[0] == results[2]);
    }
}

#[test]
fn not_a_number_and_infinity_stay_in_their_rows() {
    let mut case = Case::regular(14, 20, 40);
    case.a[3 * 20 + 5] = f32::NAN;
    case.a[7 * 20 + 5] = f32::INFINITY;
    case.a[9 * 20 + 5] = f32::from_bits(3);
    let expected = reference(&case, &Epilogue::default());
    on_every_cpu(|cpu| {
        let got = run(cpu, &case, &Epilogue::default());
        assert!(got[3 * 40..4 * 40].iter().all(|x| x.is_nan()));
        assert!(got[7 * 40..8 * 40].iter().all(|x| !x.is_finite()));
        assert_close(&got, &expected, 20, cpu.isa().name());
    });
}

#[test]
fn columns_are_packed_in_several_goes() {
    let cpu = Cpu::best();
    let case = Case::regular(1, 10, 90);
    let whole = PackedMatrix::new(cpu, &case.b, [10, 90], case.b_strides).unwrap();
    let mut joined = PackedMatrix::zeros(cpu.isa(), 10, 90).unwrap();
    for (first, columns) in [(0, 31), (31, 33), (64, 26)] {
        let from = &case.b[first * case.b_strides[1]..];
        joined
            .write_columns(cpu, first, from, [10, columns], case.b_strides)
            .unwrap();
    }
    assert!(whole.data() == joined.data());
    assert!(whole.bytes() >= 4 * 10 * 90);
}

#[test]
fn what_does_not_fit_is_an_error() {
    let cpu = Cpu::best();
    let weights = PackedMatrix::new(cpu, &[0.0; 12], [3, 4], [4, 1]).unwrap();
    let (a, mut c) = ([0.0; 6], [7.0; 8]);
    let mut error = |a: Matrix<'_>, rows, columns, stride, epilogue: &Epilogue<'_>| {
        let mut to = MatrixMut {
            data: &mut c,
            rows,
            columns,
            stride,
        };
        let error = gemm(cpu, a, &weights, &mut to, epilogue).unwrap_err();
        assert!(c.iter().all(|&x| x == 7.0));
        error
    };
    let none = Epilogue::default();
    let dense = Matrix::dense(&a, 2, 3);
    assert_eq!(
        error(Matrix::dense(&a, 2, 2), 2, 4, 4, &none).to_string(),
        "the number of columns of the left matrix is 2, but must be 3"
    );
    assert!(matches!(
        error(Matrix::dense(&a[..5], 2, 3), 2, 4, 4, &none),
        KernelError::Short {
            needed: 6,
            given: 5,
            ..
        }
    ));
    assert!(matches!(
        error(dense, 2, 4, 3, &none),
        KernelError::Overlap { .. }
    ));
    assert!(matches!(
        error(dense, 2, 4, 5, &none),
        KernelError::Short { needed: 9, .. }
    ));
    assert!(matches!(
        error(dense, 1, 4, 4, &none),
        KernelError::Mismatch { .. }
    ));
    let bias = Epilogue {
        bias: Some(&[0.0; 3]),
        then: &[],
    };
    assert!(matches!(
        error(dense, 2, 4, 4, &bias),
        KernelError::Mismatch { .. }
    ));
    let then = [Then::Binary(BinaryOp::Add, Operand::Rows(&[0.0]))];
    let short = Epilogue {
        bias: None,
        then: &then,
    };
    assert!(matches!(
        error(dense, 2, 4, 4, &short),
        KernelError::Short { .. }
    ));
    assert!(PackedMatrix::new(cpu, &[0.0; 11], [3, 4], [4, 1]).is_err());
    assert!(PackedMatrix::zeros(cpu.isa(), usize::MAX, 2).is_err());
}
