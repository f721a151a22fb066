use proptest::prelude::*;

use super::*;
use crate::isa::Isa;
use crate::pool::Pool;
use crate::test::{assert_close, number, on_every_cpu};

fn both(cpu: Cpu<'_>, kind: Softmax, data: &[f32], rows: usize, columns: usize) -> [Vec<f32>; 2] {
    let input = Matrix {
        data,
        rows,
        columns,
        stride: columns + 1,
    };
    let mut out = [
        vec![7.0; rows * (columns + 2)],
        vec![7.0; rows * (columns + 2)],
    ];
    let [fast, slow] = out.each_mut().map(|data| MatrixMut {
        data,
        rows,
        columns,
        stride: columns + 2,
    });
    let (mut fast, mut slow) = (fast, slow);
    softmax(cpu, kind, input, &mut fast).unwrap();
    softmax_reference(kind, input, &mut slow);
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Relative: half an ulp of the distance from the largest number, at most 104, and an ulp for the exponential, the sum,
    /// its reciprocal and the product. The logarithm of a sum is within 2 ulp
    /// of itself, and of a sum near 1 it is as wrong as the sum is.
    #[test]
    fn softmax_agrees_with_the_reference(few in prop::collection::vec(number(), 1..50), rows in 0..5usize, columns in 0..300usize) {
        let data: Vec<f32> = (0..rows * (columns + 1)).map(|i| few[i % few.len()]).collect();
        on_every_cpu(|cpu| {
            let [fast, slow] = both(cpu, Softmax::Probabilities, &data, rows, columns);
            assert_close(&fast, &slow, 8e-6, 1e-42, cpu.isa().name());
            let [fast, slow] = both(cpu, Softmax::Logarithms, &data, rows, columns);
            assert_close(&fast, &slow, 5e-7, 2e-6, cpu.isa().name());
        });
    }
}

#[test]
fn probabilities_of_a_long_row_sum_to_one() {
    let pool = Pool::new(2);
    let data: Vec<f32> = (0..4 * 50_001).map(|i| (i % 1013) as f32 / 200.0).collect();
    for isa in Isa::available() {
        let cpu = Cpu::new(isa, &pool).unwrap();
        let [fast, slow] = both(cpu, Softmax::Probabilities, &data, 4, 50_000);
        let sum: f64 = fast[..50_000].iter().map(|&x| f64::from(x)).sum();
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
        assert_close(&fast, &slow, 2e-6, 0.0, isa.name());
    }
}

#[test]
fn minus_infinity_is_a_probability_of_zero_unless_it_is_all() {
    on_every_cpu(|cpu| {
        let inf = f32::INFINITY;
        let [fast, _] = both(
            cpu,
            Softmax::Probabilities,
            &[0.0, -inf, 0.0, -inf, -inf, 0.0],
            2,
            2,
        );
        assert_eq!(fast[..2], [1.0, 0.0]);
        assert!(fast[4..6].iter().all(|x| x.is_nan()));
    });
}
