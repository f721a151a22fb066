//! Which family an op belongs to, and its color.

use crate::figure::palette::{self, Color};
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

    /// At least 8.5 apart in CIE Lab for every kind of color vision, the three deficiencies included.
    pub fn fill(self) -> Color {
        match self {
            Kind::Input => Color(0xc7, 0xed, 0xf9),
            Kind::Output => Color(0xa2, 0xd9, 0xf9),
            Kind::Weight => Color(0xc9, 0xcc, 0xa0),
            Kind::Constant => Color(0xdd, 0xde, 0xdc),
            Kind::Elementwise => Color(0xe1, 0xf6, 0xe0),
            Kind::MatMul => Color(0xfd, 0xd3, 0xc1),
            Kind::Reduction => Color(0xe1, 0xc4, 0xdb),
            Kind::Movement => Color(0xfa, 0xf2, 0xc1),
            Kind::Control => Color(0xea, 0xb9, 0xba),
            Kind::Scope => palette::CARD,
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
