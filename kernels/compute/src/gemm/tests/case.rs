//! Random products for the tests.

use proptest::prelude::*;

use crate::matrix::Matrix;

/// One product and all that its epilogues may read.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub m: usize,
    pub k: usize,
    pub n: usize,
    pub a: Vec<f32>,
    a_gap: usize,
    pub b: Vec<f32>,
    pub b_strides: [usize; 2],
    pub c_gap: usize,
    pub bias: bool,
    pub columns: Vec<f32>,
    pub rows: Vec<f32>,
    /// Of `m` rows at a distance of `n + 3`.
    pub residual: Vec<f32>,
}

impl Case {
    pub fn a(&self) -> Matrix<'_> {
        Matrix {
            data: &self.a,
            rows: self.m,
            columns: self.k,
            stride: self.k + self.a_gap,
        }
    }

    pub fn regular(m: usize, k: usize, n: usize) -> Case {
        new(m, k, n, 1, (0, 0), false)
    }
}

fn new(
    m: usize,
    k: usize,
    n: usize,
    seed: u64,
    (a_gap, c_gap): (usize, usize),
    turned: bool,
) -> Case {
    let mut state = seed;
    let mut numbers = |len: usize| -> Vec<f32> {
        let next = || {
            // Knuth's linear congruential generator of MMIX.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        };
        std::iter::repeat_with(next).take(len).collect()
    };
    Case {
        m,
        k,
        n,
        a: numbers(m * (k + a_gap)),
        a_gap,
        b: numbers(k * n),
        b_strides: if turned { [1, k] } else { [n, 1] },
        c_gap,
        bias: seed % 2 == 1,
        columns: numbers(n),
        rows: numbers(m),
        residual: numbers(m * (n + 3)),
    }
}

pub(super) fn case() -> impl Strategy<Value = Case> {
    let rows = prop_oneof![1 => Just(0usize), 6 => 1..14usize, 3 => 14..60usize];
    let depth = prop_oneof![1 => Just(0usize), 6 => 1..40usize, 2 => 40..200usize];
    let columns = prop_oneof![1 => Just(0usize), 6 => 1..70usize, 1 => 70..200usize];
    (
        rows,
        depth,
        columns,
        any::<u64>(),
        (0..3usize, 0..3usize),
        any::<bool>(),
    )
        .prop_map(|(m, k, n, seed, gaps, turned)| new(m, k, n, seed, gaps, turned))
}
