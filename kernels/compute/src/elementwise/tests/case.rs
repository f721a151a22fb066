//! Random programs, shapes and strided arrays for the tests.

use proptest::prelude::*;

use crate::elementwise::{BinaryOp, Operand, Step, UnaryOp, View};

const UNARY: [UnaryOp; 24] = [
    UnaryOp::Neg,
    UnaryOp::Abs,
    UnaryOp::Exp,
    UnaryOp::Log,
    UnaryOp::Log1p,
    UnaryOp::Sqrt,
    UnaryOp::Rsqrt,
    UnaryOp::Recip,
    UnaryOp::Sin,
    UnaryOp::Cos,
    UnaryOp::Acos,
    UnaryOp::Tanh,
    UnaryOp::Atanh,
    UnaryOp::Erf,
    UnaryOp::Sigmoid,
    UnaryOp::Floor,
    UnaryOp::Ceil,
    UnaryOp::Round,
    UnaryOp::Trunc,
    UnaryOp::Relu,
    UnaryOp::Gelu,
    UnaryOp::GeluTanh,
    UnaryOp::GeluQuick,
    UnaryOp::Silu,
];

const BINARY: [BinaryOp; 15] = [
    BinaryOp::Add,
    BinaryOp::Sub,
    BinaryOp::Mul,
    BinaryOp::Div,
    BinaryOp::FloorDiv,
    BinaryOp::Mod,
    BinaryOp::Pow,
    BinaryOp::Max,
    BinaryOp::Min,
    BinaryOp::Equal,
    BinaryOp::NotEqual,
    BinaryOp::Less,
    BinaryOp::LessEqual,
    BinaryOp::Greater,
    BinaryOp::GreaterEqual,
];

/// Numbers at which functions change their ways, beside ordinary ones.
fn number() -> impl Strategy<Value = f32> {
    let special = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MIN_POSITIVE,
        -f32::MIN_POSITIVE / 8.0,
        f32::from_bits(1),
        f32::MAX,
        -88.0,
        88.5,
        1e5,
        -3e7,
    ];
    prop_oneof![
        12 => -4.0f32..4.0,
        2 => -100.0f32..100.0,
        1 => prop::sample::select(special.to_vec()),
        1 => any::<u32>().prop_map(f32::from_bits),
    ]
}

/// One program and all that it needs to run.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub steps: Vec<Step>,
    pub shape: Vec<usize>,
    pub data: Vec<Vec<f32>>,
    pub strides: Vec<Vec<usize>>,
}

impl Case {
    pub fn views(&self) -> Vec<View<'_>> {
        let pairs = self.data.iter().zip(&self.strides);
        pairs
            .map(|(data, strides)| View { data, strides })
            .collect()
    }
}

fn shape() -> impl Strategy<Value = Vec<usize>> {
    let short = prop_oneof![1 => Just(0usize), 4 => Just(1), 30 => 2..7usize];
    let long = prop_oneof![6 => 1..100usize, 1 => 500..1100usize];
    (prop::collection::vec(short, 0..4), prop::option::of(long)).prop_map(|(mut shape, long)| {
        shape.extend(long);
        shape
    })
}

/// Strides of a permuted, spread or repeated array: per axis its place in memory order, whether it repeats, and a gap.
pub(super) fn strides(
    shape: &[usize],
    order: &[usize],
    repeats: &[bool],
    gap: usize,
) -> Vec<usize> {
    let mut strides = vec![0; shape.len()];
    let mut axes: Vec<_> = (0..shape.len()).collect();
    axes.sort_by_key(|&axis| (order[axis], axis));
    let mut stride = gap;
    for axis in axes.into_iter().rev() {
        if !repeats[axis] {
            strides[axis] = stride;
            stride *= shape[axis].max(1);
        }
    }
    strides
}

fn input(shape: Vec<usize>) -> impl Strategy<Value = (Vec<f32>, Vec<usize>)> {
    let axes = shape.len();
    let order = prop_oneof![
        3 => Just((0..axes).collect::<Vec<_>>()),
        1 => prop::collection::vec(0..axes.max(1), axes)
    ];
    let repeats = prop_oneof![
        2 => Just(vec![false; axes]),
        2 => prop::collection::vec(any::<bool>(), axes)
    ];
    (order, repeats, prop_oneof![4 => Just(1), 1 => 2..4usize]).prop_flat_map(
        move |(order, repeats, gap)| {
            let strides = strides(&shape, &order, &repeats, gap);
            let reach: usize = shape
                .iter()
                .zip(&strides)
                .map(|(dim, s)| dim.saturating_sub(1) * s)
                .sum();
            // A few numbers, repeated: long arrays cost nothing to make or to shrink.
            (prop::collection::vec(number(), 1..41), Just(strides)).prop_map(
                move |(few, strides)| ((0..=reach).map(|i| few[i % few.len()]).collect(), strides),
            )
        },
    )
}

fn step(inputs: usize, before: usize) -> impl Strategy<Value = Step> {
    let operand = move || {
        (0..inputs + before + 1, number()).prop_map(move |(n, value)| match n {
            n if n < inputs => Operand::Input(n),
            n if n < inputs + before => Operand::Step(n - inputs),
            _ => Operand::Scalar(value),
        })
    };
    prop_oneof![
        (prop::sample::select(UNARY.to_vec()), operand()).prop_map(|(op, a)| Step::Unary(op, a)),
        (prop::sample::select(BINARY.to_vec()), operand(), operand())
            .prop_map(|(op, a, b)| Step::Binary(op, a, b)),
        (operand(), operand(), operand()).prop_map(|(mask, a, b)| Step::Select(mask, a, b)),
    ]
}

pub(super) fn case() -> impl Strategy<Value = Case> {
    (shape(), 0..4usize, 1..13usize).prop_flat_map(|(shape, inputs, steps)| {
        let steps: Vec<_> = (0..steps).map(|n| step(inputs, n)).collect();
        let arrays = prop::collection::vec(input(shape.clone()), inputs);
        (steps, arrays).prop_map(move |(steps, arrays)| {
            let (data, strides) = arrays.into_iter().unzip();
            Case {
                steps,
                shape: shape.clone(),
                data,
                strides,
            }
        })
    })
}
