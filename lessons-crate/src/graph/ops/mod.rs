//! The ops: one family a file, joined by one line in [`ops!`].
//!
//! A family is a small struct that carries its attributes and implements [`OpDef`]: name, shape
//! rule, cost, tolerance. What an op computes is said in words in its file and in code in the
//! reference engine.

mod add_layer_norm;
mod argsort;
mod attention;
mod binary;
mod body;
mod broadcast;
mod cast;
mod compare;
mod concat;
mod cond;
mod conv2d;
mod cumsum;
mod custom;
mod epilogue;
mod fused;
mod gather;
mod layer_norm;
mod linear;
mod logical;
mod matmul;
mod permute;
mod place;
mod pool2d;
mod random;
mod range;
mod reduce;
mod reshape;
mod rms_norm;
mod scatter;
mod select;
mod slice;
mod softmax;
mod source;
mod take;
mod unary;
mod while_loop;
mod window;

use serde::{Deserialize, Serialize};

pub use add_layer_norm::AddLayerNorm;
pub use argsort::ArgSort;
pub use attention::{Attention, Heads};
pub use binary::Binary;
pub use body::Body;
pub(crate) use body::unify;
pub use broadcast::{Broadcast, broadcast_shapes};
pub use cast::Cast;
pub use compare::Compare;
pub use concat::Concat;
pub use cond::Cond;
pub use conv2d::Conv2d;
pub use cumsum::CumSum;
pub use custom::{Custom, CustomInput};
pub use epilogue::{Epilogue, MAX_STEPS, Step as EpilogueStep, Steps};
pub use fused::{Argument, Fused, Step, StepOp};
pub use gather::Gather;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use logical::Logical;
pub use matmul::MatMul;
pub use permute::Permute;
pub use place::Place;
pub use pool2d::{Pool2d, PoolKind};
pub use random::{Distribution, Random};
pub use range::Range;
pub use reduce::{Reduce, ReduceKind};
pub use reshape::Reshape;
pub use rms_norm::RmsNorm;
pub use scatter::{Combine, Scatter};
pub use select::Select;
pub use slice::Slice;
pub use softmax::Softmax;
pub use source::{Constant, Input, Values, Weight};
pub use take::Take;
pub use unary::Unary;
pub use while_loop::While;
pub use window::{IntoPair, Window};

use super::dim::{Dim, Symbols};
use super::error::Broken;
use super::tensor_type::TensorType;

/// How far a result may be from the exact one: `|got - exact| <= absolute + relative * |exact|`,
/// in 32-bit floats on inputs of ordinary size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    pub absolute: f64,
    pub relative: f64,
}

impl Tolerance {
    /// The result is one of the inputs, or exactly representable.
    pub const EXACT: Tolerance = Tolerance {
        absolute: 0.0,
        relative: 0.0,
    };
    /// A handful of roundings.
    pub const ROUNDING: Tolerance = Tolerance {
        absolute: 1e-6,
        relative: 1e-6,
    };
    /// Long sums, or functions that amplify their argument's rounding.
    pub const ACCUMULATED: Tolerance = Tolerance {
        absolute: 1e-5,
        relative: 1e-5,
    };

    /// Whether `got` is close enough to `exact`. NaN agrees with NaN.
    pub fn accepts(&self, got: f64, exact: f64) -> bool {
        got == exact
            || (got.is_nan() && exact.is_nan())
            || (got - exact).abs() <= self.absolute + self.relative * exact.abs()
    }
}

/// An application of an op, for tests and documentation.
#[derive(Debug, Clone)]
pub struct Sample {
    pub op: Op,
    pub inputs: Vec<TensorType>,
}

/// What the graph knows of an op.
pub trait OpDef {
    /// The name in printed graphs: `matmul`, `relu`.
    fn name(&self) -> &str;

    /// The attributes in printed graphs: `axis=1`; empty if there are none.
    fn attributes(&self) -> String {
        String::new()
    }

    /// How many inputs it takes; `given` where it takes any number.
    fn arity(&self, given: usize) -> usize;

    /// The shape rule in one line: `matmul([.., m, k], [.., k, n]) -> [.., m, n]`.
    fn rule(&self) -> &'static str;

    /// The type of the result.
    ///
    /// # Errors
    /// When the inputs break the rule.
    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken>;

    /// Puts other dims in the place of symbols, where the attributes have any.
    fn substitute(&mut self, _symbols: &Symbols) {}

    /// Whether it only puts elements somewhere and computes nothing; then it is exact and takes no
    /// arithmetic.
    fn moves(&self) -> bool {
        false
    }

    /// Arithmetic operations, where a multiply and an add count as two and a transcendental
    /// function as one; by default one per element of the result, or none if it only moves them.
    fn flops(&self, _inputs: &[&TensorType], output: &TensorType) -> Dim {
        match self.moves() {
            true => Dim::constant(0),
            false => output.shape.elements(),
        }
    }

    /// How far an implementation in 32-bit floats may be from the exact result; by default not at
    /// all.
    fn tolerance(&self) -> Tolerance {
        Tolerance::EXACT
    }

    /// Every member of the family on small inputs that show its rule.
    fn samples() -> Vec<Sample>
    where
        Self: Sized;
}

macro_rules! ops {
    ($($family:ident),+ $(,)?) => {
        /// An op with its attributes.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Op {
            $($family($family)),+
        }

        $(impl From<$family> for Op {
            fn from(op: $family) -> Op {
                Op::$family(op)
            }
        })+

        impl OpDef for Op {
            fn name(&self) -> &str {
                match self { $(Op::$family(op) => op.name()),+ }
            }

            fn attributes(&self) -> String {
                match self { $(Op::$family(op) => op.attributes()),+ }
            }

            fn arity(&self, given: usize) -> usize {
                match self { $(Op::$family(op) => op.arity(given)),+ }
            }

            fn rule(&self) -> &'static str {
                match self { $(Op::$family(op) => op.rule()),+ }
            }

            fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
                match self { $(Op::$family(op) => op.infer(inputs)),+ }
            }

            fn substitute(&mut self, symbols: &Symbols) {
                match self { $(Op::$family(op) => op.substitute(symbols)),+ }
            }

            fn moves(&self) -> bool {
                match self { $(Op::$family(op) => op.moves()),+ }
            }

            fn flops(&self, inputs: &[&TensorType], output: &TensorType) -> Dim {
                match self { $(Op::$family(op) => op.flops(inputs, output)),+ }
            }

            fn tolerance(&self) -> Tolerance {
                match self { $(Op::$family(op) => op.tolerance()),+ }
            }

            fn samples() -> Vec<Sample> {
                [$($family::samples()),+].concat()
            }
        }
    };
}

// The registry: one line an op family.
ops! {
    Input,
    Weight,
    Constant,
    Unary,
    Binary,
    Compare,
    Logical,
    Select,
    Cast,
    MatMul,
    Linear,
    Conv2d,
    Attention,
    Reduce,
    Pool2d,
    Softmax,
    LayerNorm,
    RmsNorm,
    AddLayerNorm,
    CumSum,
    ArgSort,
    Gather,
    Take,
    Scatter,
    Reshape,
    Permute,
    Broadcast,
    Slice,
    Concat,
    Range,
    Random,
    Fused,
    Cond,
    While,
    Custom,
}

impl Op {
    /// Whether it computes each element of the result from the elements at the same place in its
    /// inputs, broadcasting included.
    pub fn is_elementwise(&self) -> bool {
        matches!(
            self,
            Op::Unary(_)
                | Op::Binary(_)
                | Op::Compare(_)
                | Op::Logical(_)
                | Op::Select(_)
                | Op::Cast(_)
                | Op::Fused(_)
        )
    }

    /// Whether its result is its input, read in another order: where memory is addressed by strides,
    /// nothing has to be moved for it, but for a reshape across a permute.
    pub fn is_view(&self) -> bool {
        matches!(
            self,
            Op::Reshape(_) | Op::Permute(_) | Op::Broadcast(_) | Op::Slice(_)
        )
    }

    /// Whether it reads nothing of other nodes: an input, a weight or a constant.
    pub fn is_source(&self) -> bool {
        matches!(self, Op::Input(_) | Op::Weight(_) | Op::Constant(_))
    }
}

/// Says no unless all inputs have a float dtype, and the same one.
fn same_float(inputs: &[&TensorType]) -> Result<(), Broken> {
    for (index, input) in inputs.iter().enumerate() {
        if !input.dtype.is_float() {
            return Err(
                Broken::new(format!("{{{index}}} holds {}, not floats", input.dtype))
                    .help(format!("{{{index}}}.cast(DType::F32)")),
            );
        }
    }
    same_dtype(inputs)
}

/// Says no unless all inputs have the same dtype.
fn same_dtype(inputs: &[&TensorType]) -> Result<(), Broken> {
    let Some((first, rest)) = inputs.split_first() else {
        return Ok(());
    };
    match rest.iter().position(|input| input.dtype != first.dtype) {
        None => Ok(()),
        Some(at) => {
            let other = at + 1;
            Err(Broken::new(format!(
                "{{0}} holds {} and {{{other}}} holds {}",
                first.dtype, inputs[other].dtype
            ))
            .help(format!("{{{other}}}.cast(DType::{:?})", first.dtype)))
        }
    }
}

/// The index of an axis that may count from the end, or what is wrong with it.
pub(crate) fn axis_of(input: &TensorType, axis: i32) -> Result<usize, Broken> {
    input.shape.axis(axis).ok_or_else(|| {
        let rank = input.rank();
        Broken::new(format!("{{0}} has {rank} axes, so there is no axis {axis}")).help(match rank {
            0 => "a scalar has no axes".to_owned(),
            _ => format!("an axis from {} to {}", -(rank as i64), rank - 1),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name(types) -> type` for every op there is, from the registry.
    #[test]
    fn every_op_types_its_samples() {
        let mut lines = Vec::new();
        for Sample { op, inputs } in Op::samples() {
            let types: Vec<&TensorType> = inputs.iter().collect();
            assert_eq!(op.arity(types.len()), types.len(), "{}", op.name());
            let result = op
                .infer(&types)
                .unwrap_or_else(|broken| panic!("{}: {}", op.name(), broken.what));
            let mut arguments: Vec<_> = inputs.iter().map(|input| input.to_string()).collect();
            if !op.attributes().is_empty() {
                arguments.push(op.attributes());
            }
            lines.push(format!(
                "{}({}) -> {result}",
                op.name(),
                arguments.join(", ")
            ));
        }
        insta::assert_snapshot!(lines.join("\n"));
    }
}
