//! Arithmetic of two values, with broadcasting.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample, Tolerance, broadcast_shapes, same_dtype};
use crate::graph::dtype::DType;
use crate::graph::error::Broken;
use crate::graph::tensor_type::{TensorType, f32s};

/// An operation on the elements of two values at the same place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    /// The largest integer that is not above `a / b`; for integers too.
    FloorDiv,
    /// What is left of `a` after that division: `a - b * floor_div(a, b)`, with the sign of `b`.
    Mod,
    /// `a` to the power of `b`; floats only.
    Pow,
    /// NaN if either is.
    Max,
    /// NaN if either is.
    Min,
}

impl Binary {
    pub const ALL: [Binary; 9] = [
        Binary::Add,
        Binary::Sub,
        Binary::Mul,
        Binary::Div,
        Binary::FloorDiv,
        Binary::Mod,
        Binary::Pow,
        Binary::Max,
        Binary::Min,
    ];
}

impl OpDef for Binary {
    fn name(&self) -> &str {
        match self {
            Binary::Add => "add",
            Binary::Sub => "sub",
            Binary::Mul => "mul",
            Binary::Div => "div",
            Binary::FloorDiv => "floor_div",
            Binary::Mod => "mod",
            Binary::Pow => "pow",
            Binary::Max => "max",
            Binary::Min => "min",
        }
    }

    fn arity(&self, _given: usize) -> usize {
        2
    }

    fn rule(&self) -> &'static str {
        "f(a, b): aligned at the last axis, dims are equal or one of them is 1; both have one dtype"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        let shape = broadcast_shapes(&inputs[0].shape, &inputs[1].shape)?;
        same_dtype(inputs)?;
        let dtype = inputs[0].dtype;
        if dtype == DType::Bool || (*self == Binary::Pow && !dtype.is_float()) {
            return Err(Broken::new(format!(
                "{{0}} holds {dtype}, and {} wants numbers",
                self.name()
            ))
            .help("{0}.cast(DType::F32)"));
        }
        Ok(TensorType { dtype, shape })
    }

    fn tolerance(&self) -> Tolerance {
        match self {
            Binary::Max | Binary::Min => Tolerance::EXACT,
            Binary::Pow => Tolerance::ACCUMULATED,
            _ => Tolerance::ROUNDING,
        }
    }

    fn samples() -> Vec<Sample> {
        Binary::ALL
            .map(|op| Sample {
                op: op.into(),
                inputs: vec![f32s(("n", 3)), f32s((3,))],
            })
            .to_vec()
    }
}
