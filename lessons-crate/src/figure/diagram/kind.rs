//! Which family an op belongs to, and its color.

use crate::figure::palette::Color;
use crate::graph::ops::Op;

/// What a box stands for; boxes of a kind have a color in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Input,
    Output,
    Weight,
    Constant,
    Elementwise,
    MatMul,
    Reduction,
    Movement,
    Control,
    Scope,
}

/// All kinds, in the order in which legends name them.
pub const KINDS: [Kind; 10] = [
    Kind::Input,
    Kind::Output,
    Kind::Weight,
    Kind::Constant,
    Kind::Elementwise,
    Kind::MatMul,
    Kind::Reduction,
    Kind::Movement,
    Kind::Control,
    Kind::Scope,
];

impl Kind {
    pub fn of(op: &Op) -> Kind {
        match op {
            Op::Input(_) => Kind::Input,
            Op::Weight(_) => Kind::Weight,
            Op::Constant(_) | Op::Range(_) | Op::Random(_) => Kind::Constant,
            Op::MatMul(_) | Op::Linear(_) | Op::Conv2d(_) | Op::Attention(_) => Kind::MatMul,
            Op::Reduce(_)
            | Op::Pool2d(_)
            | Op::CumSum(_)
            | Op::ArgSort(_)
            | Op::Softmax(_)
            | Op::LayerNorm(_)
            | Op::RmsNorm(_)
            | Op::AddLayerNorm(_) => Kind::Reduction,
            Op::Gather(_)
            | Op::Take(_)
            | Op::Scatter(_)
            | Op::Reshape(_)
            | Op::Permute(_)
            | Op::Broadcast(_)
            | Op::Slice(_)
            | Op::Concat(_) => Kind::Movement,
            Op::Cond(_) | Op::While(_) | Op::Custom(_) => Kind::Control,
            op if op.is_elementwise() => Kind::Elementwise,
            _ => Kind::Movement,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Kind::Input => "input",
            Kind::Output => "output",
            Kind::Weight => "weight",
            Kind::Constant => "constant",
            Kind::Elementwise => "elementwise",
            Kind::MatMul => "matrix product",
            Kind::Reduction => "reduction",
            Kind::Movement => "data movement",
            Kind::Control => "choice, loop or custom",
            Kind::Scope => "part, folded",
        }
    }

    pub fn fill(self) -> Color {
        match self {
            Kind::Input => Color(0xdd, 0xee, 0xfb),
            Kind::Output => Color(0xc3, 0xdf, 0xf5),
            Kind::Weight => Color(0xd8, 0xde, 0xb4),
            Kind::Constant => Color(0xee, 0xf0, 0xf2),
            Kind::Elementwise => Color(0xdd, 0xf3, 0xea),
            Kind::MatMul => Color(0xfd, 0xe3, 0xd0),
            Kind::Reduction => Color(0xf3, 0xe1, 0xee),
            Kind::Movement => Color(0xfb, 0xf2, 0xd2),
            Kind::Control => Color(0xf6, 0xd2, 0xd0),
            Kind::Scope => Color(0xff, 0xff, 0xff),
        }
    }

    pub fn edge(self) -> Color {
        match self {
            Kind::Input | Kind::Output => Color(0x00, 0x62, 0xa3),
            Kind::Weight => Color(0x5f, 0x6a, 0x1f),
            Kind::Reduction => Color(0x9c, 0x4f, 0x86),
            Kind::Constant | Kind::Scope => Color(0x6b, 0x75, 0x80),
            Kind::Elementwise => Color(0x00, 0x7d, 0x5b),
            Kind::MatMul => Color(0xc4, 0x56, 0x00),
            Kind::Control => Color(0x8a, 0x3f, 0x3f),
            Kind::Movement => Color(0x9a, 0x74, 0x00),
        }
    }
}
