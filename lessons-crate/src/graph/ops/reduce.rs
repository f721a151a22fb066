//! Reductions along one axis.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample, Tolerance, axis_of, same_float};
use crate::graph::dim::Dim;
use crate::graph::dtype::DType;
use crate::graph::error::Broken;
use crate::graph::shape::Shape;
use crate::graph::tensor_type::{TensorType, f32s};

/// What becomes of the elements along the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReduceKind {
    Sum,
    Mean,
    Prod,
    Max,
    Min,
    /// The index of the first largest element, as `i64`.
    ArgMax,
    /// The index of the first smallest element, as `i64`.
    ArgMin,
}

/// A reduction along `axis`, which may count from the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reduce {
    pub kind: ReduceKind,
    pub axis: i32,
    /// Whether the axis stays, with size 1.
    pub keep: bool,
}

impl ReduceKind {
    pub const ALL: [ReduceKind; 7] = [
        ReduceKind::Sum,
        ReduceKind::Mean,
        ReduceKind::Prod,
        ReduceKind::Max,
        ReduceKind::Min,
        ReduceKind::ArgMax,
        ReduceKind::ArgMin,
    ];

    /// Whether the result is an index.
    pub fn is_arg(self) -> bool {
        matches!(self, ReduceKind::ArgMax | ReduceKind::ArgMin)
    }

    /// What it makes of no elements at all, if anything.
    pub fn of_nothing(self) -> Option<f64> {
        match self {
            ReduceKind::Sum => Some(0.0),
            ReduceKind::Prod => Some(1.0),
            _ => None,
        }
    }
}

impl OpDef for Reduce {
    fn name(&self) -> &str {
        match self.kind {
            ReduceKind::Sum => "sum",
            ReduceKind::Mean => "mean",
            ReduceKind::Prod => "prod",
            ReduceKind::Max => "reduce_max",
            ReduceKind::Min => "reduce_min",
            ReduceKind::ArgMax => "argmax",
            ReduceKind::ArgMin => "argmin",
        }
    }

    fn attributes(&self) -> String {
        format!(
            "axis={}{}",
            self.axis,
            if self.keep { ", keep" } else { "" }
        )
    }

    fn arity(&self, _given: usize) -> usize {
        1
    }

    fn rule(&self) -> &'static str {
        "reduce([.., n, ..], axis) -> [.., ..], or [.., 1, ..] if the axis is kept"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        let axis = axis_of(inputs[0], self.axis)?;
        same_float(inputs)?;
        let mut dims = inputs[0].shape.to_vec();
        if dims[axis].is(0) && self.kind.of_nothing().is_none() {
            return Err(Broken::new(format!(
                "axis {} of {{0}} is empty, so it has no {}",
                self.axis,
                self.name()
            )));
        }
        if self.keep {
            dims[axis] = Dim::constant(1);
        } else {
            dims.remove(axis);
        }
        let dtype = if self.kind.is_arg() {
            DType::I64
        } else {
            inputs[0].dtype
        };
        Ok(TensorType {
            dtype,
            shape: Shape::new(dims),
        })
    }

    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> Dim {
        inputs[0].shape.elements()
    }

    fn tolerance(&self) -> Tolerance {
        match self.kind {
            ReduceKind::Sum | ReduceKind::Mean | ReduceKind::Prod => Tolerance::ACCUMULATED,
            _ => Tolerance::EXACT,
        }
    }

    fn samples() -> Vec<Sample> {
        let kinds = ReduceKind::ALL
            .into_iter()
            .zip([false, true].into_iter().cycle());
        kinds
            .map(|(kind, keep)| Sample {
                op: Reduce {
                    kind,
                    axis: -1,
                    keep,
                }
                .into(),
                inputs: vec![f32s(("n", 3))],
            })
            .collect()
    }
}
