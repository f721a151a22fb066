use proptest::prelude::*;

use super::*;
use crate::test::{assert_close, number, numbers, on_every_cpu};

const KINDS: [Reduce; 5] = [
    Reduce::Sum,
    Reduce::Mean,
    Reduce::Max,
    Reduce::Min,
    Reduce::Product,
];

/// Sums may err by as many ulp of the sum of the magnitudes as a number meets additions, products by one for each factor.
fn compare(kind: Reduce, data: &[f32], sizes: [usize; 3]) {
    let [outer, middle, inner] = sizes;
    let mut expected = vec![7.0; outer * inner];
    reduce_reference(kind, data, sizes, &mut expected);
    let largest = data
        .iter()
        .filter(|x| x.is_finite())
        .fold(0.0f32, |largest, x| largest.max(x.abs()));
    let magnitude = match kind {
        Reduce::Sum => largest * middle as f32,
        Reduce::Mean => largest,
        _ => 0.0,
    };
    let relative = match kind {
        Reduce::Product => 1.2e-7 * middle as f32,
        Reduce::Max | Reduce::Min => 0.0,
        _ => 2e-7,
    };
    on_every_cpu(|cpu| {
        let mut got = vec![7.0; outer * inner];
        reduce(cpu, kind, data, sizes, &mut got).unwrap();
        assert_close(
            &got,
            &expected,
            relative,
            magnitude * 1e-5,
            cpu.isa().name(),
        );
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn reductions_agree_with_the_reference(outer in 0..5usize, middle in 0..300usize, inner in prop_oneof![Just(1usize), 0..80usize], seed in any::<u64>()) {
        // Products of up to 300 factors stay far from the ends of the range.
        let data: Vec<f32> = numbers(seed, outer * middle * inner);
        let factors: Vec<f32> = data.iter().map(|x| 1.0 + 0.1 * x).collect();
        for kind in KINDS {
            let data = if kind == Reduce::Product { &factors } else { &data };
            compare(kind, data, [outer, middle, inner]);
        }
    }

    #[test]
    fn extremes_of_special_numbers_agree(data in prop::collection::vec(number(), 240)) {
        for kind in [Reduce::Max, Reduce::Min] {
            for sizes in [[1, 240, 1], [3, 80, 1], [2, 3, 40], [1, 20, 12]] {
                compare(kind, &data, sizes);
            }
        }
    }
}

#[test]
fn long_sums_keep_their_digits() {
    // One after the other, 4 million times 0.1 would be 4 % off.
    let data = vec![0.1f32; 4_000_000];
    on_every_cpu(|cpu| {
        for (sizes, expected) in [
            ([1, 4_000_000, 1], 400_000.0),
            ([1, 2_000_000, 2], 200_000.0),
        ] {
            let mut out = vec![0.0f32; sizes[2]];
            reduce(cpu, Reduce::Sum, &data, sizes, &mut out).unwrap();
            assert!((out[0] - expected).abs() < expected * 2e-3, "{}", out[0]);
        }
    });
}

#[test]
fn special_numbers_reach_sums_and_sizes_are_checked() {
    on_every_cpu(|cpu| {
        let mut data = [1.0; 200];
        data[150] = f32::NAN;
        data[50] = f32::INFINITY;
        let mut out = [0.0; 2];
        reduce(cpu, Reduce::Sum, &data, [2, 100, 1], &mut out).unwrap();
        assert!(out[0] == f32::INFINITY && out[1].is_nan());
        reduce(cpu, Reduce::Mean, &[], [2, 0, 1], &mut out).unwrap();
        assert!(out[0].is_nan());
        assert!(reduce(cpu, Reduce::Sum, &data, [2, 101, 1], &mut out).is_err());
        assert!(reduce(cpu, Reduce::Sum, &data, [3, 10, 1], &mut out).is_err());
    });
}
