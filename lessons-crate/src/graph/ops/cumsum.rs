//! Running sums.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample, Tolerance, axis_of};
use crate::graph::dim::Dim;
use crate::graph::dtype::DType;
use crate::graph::error::Broken;
use crate::graph::tensor_type::{TensorType, f32s};

/// Each element and all before it along `axis`, added up; integers wrap around where they overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CumSum {
    pub axis: i32,
}

impl OpDef for CumSum {
    fn name(&self) -> &str {
        "cumsum"
    }

    fn attributes(&self) -> String {
        format!("axis={}", self.axis)
    }

    fn arity(&self, _given: usize) -> usize {
        1
    }

    fn rule(&self) -> &'static str {
        "cumsum(x, axis) has the type of x, which holds numbers"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        axis_of(inputs[0], self.axis)?;
        if inputs[0].dtype == DType::Bool {
            return Err(Broken::new("{0} holds bools, and cumsum adds numbers")
                .help("to count them: {0}.cast(DType::I64)"));
        }
        Ok(inputs[0].clone())
    }

    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> Dim {
        inputs[0].shape.elements()
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::ACCUMULATED
    }

    fn samples() -> Vec<Sample> {
        let sample = |axis| Sample {
            op: CumSum { axis }.into(),
            inputs: vec![f32s(("n", 3))],
        };
        vec![sample(-1), sample(0)]
    }
}
