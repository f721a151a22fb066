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
    let mut salt = seed / 2;
    let mut numbers = |len: usize| {
        salt += 1;
        crate::test::numbers(salt, len)
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
