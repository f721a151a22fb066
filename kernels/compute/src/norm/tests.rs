use proptest::prelude::*;

use super::*;
use crate::test::{assert_close, numbers, on_every_cpu};

fn compare(
    norm: &Norm<'_>,
    rows: usize,
    columns: usize,
    offset: f32,
    with_residual: bool,
    tolerance: f32,
) {
    let data: Vec<f32> = numbers(3, rows * (columns + 1))
        .iter()
        .map(|x| x + offset)
        .collect();
    let other = numbers(4, rows * columns);
    let input = Matrix {
        data: &data,
        rows,
        columns,
        stride: columns + 1,
    };
    let residual = with_residual.then(|| Matrix::dense(&other, rows, columns));
    let mut expected = vec![7.0; rows * (columns + 2)];
    fn matrix(data: &mut [f32], rows: usize, columns: usize) -> MatrixMut<'_> {
        let stride = columns + 2;
        MatrixMut {
            data,
            rows,
            columns,
            stride,
        }
    }
    normalize_reference(
        norm,
        input,
        residual,
        &mut matrix(&mut expected, rows, columns),
    );
    on_every_cpu(|cpu| {
        let mut got = vec![7.0; rows * (columns + 2)];
        normalize(
            cpu,
            norm,
            input,
            residual,
            &mut matrix(&mut got, rows, columns),
        )
        .unwrap();
        assert_close(&got, &expected, tolerance, tolerance, cpu.isa().name());
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn norms_agree_with_the_reference(
        rows in 0..6usize, columns in 0..300usize, layer in any::<bool>(),
        scaled in any::<bool>(), biased in any::<bool>(), residual in any::<bool>(), seed in any::<u64>(),
    ) {
        let (scale, bias) = (numbers(seed, columns), numbers(seed ^ 1, columns));
        let kind = if layer { NormKind::Layer } else { NormKind::Rms };
        // A row of one column has no variance of its own.
        let epsilon = 1e-3;
        let norm = Norm { kind, epsilon, scale: scaled.then_some(&scale), bias: biased.then_some(&bias) };
        compare(&norm, rows, columns, 0.25, residual, 5e-6);
    }
}

#[test]
fn a_large_mean_costs_only_the_digits_that_it_has_taken() {
    // An ulp of 1000 is 6e-5, and the numbers lie within 1 of it.
    let norm = Norm {
        kind: NormKind::Layer,
        epsilon: 1e-5,
        scale: None,
        bias: None,
    };
    compare(&norm, 3, 768, 1000.0, true, 5e-4);
}

#[test]
fn a_row_of_equal_numbers_is_zero_and_special_numbers_spread() {
    let norm = Norm {
        kind: NormKind::Layer,
        epsilon: 1e-12,
        scale: None,
        bias: None,
    };
    on_every_cpu(|cpu| {
        let mut data = vec![2.0; 4 * 100];
        data[130] = f32::NAN;
        data[230] = f32::INFINITY;
        data[300..].fill(f32::from_bits(5));
        let mut out = vec![7.0; 4 * 100];
        normalize(
            cpu,
            &norm,
            Matrix::dense(&data, 4, 100),
            None,
            &mut MatrixMut::dense(&mut out, 4, 100),
        )
        .unwrap();
        assert!(out[..100].iter().all(|&x| x == 0.0));
        assert!(out[100..300].iter().all(|x| x.is_nan()));
        assert!(out[300..].iter().all(|&x| x.abs() < 1e-30));
    });
}

#[test]
fn what_does_not_fit_is_an_error() {
    let cpu = Cpu::best();
    let norm = Norm {
        kind: NormKind::Rms,
        epsilon: 0.0,
        scale: Some(&[1.0]),
        bias: None,
    };
    let (input, mut out) = ([1.0; 4], [7.0; 4]);
    let to = &mut MatrixMut::dense(&mut out, 2, 2);
    let error = normalize(cpu, &norm, Matrix::dense(&input, 2, 2), None, to).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the length of the scale is 1, but must be 2"
    );
    let plain = Norm {
        scale: None,
        ..norm
    };
    let short = Some(Matrix::dense(&input[..3], 2, 2));
    assert!(normalize(cpu, &plain, Matrix::dense(&input, 2, 2), short, to).is_err());
    assert!(normalize(cpu, &plain, Matrix::dense(&input, 1, 4), None, to).is_err());
}
