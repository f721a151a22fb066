//! Another element type.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample, Tolerance};
use crate::graph::dtype::DType;
use crate::graph::error::Broken;
use crate::graph::tensor_type::{TensorType, i64s};

/// Each element in another dtype: floats round to nearest when they narrow and toward zero when
/// they become integers; a bool is whether the element differs from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cast {
    pub dtype: DType,
}

impl OpDef for Cast {
    fn name(&self) -> &str {
        "cast"
    }

    fn attributes(&self) -> String {
        self.dtype.to_string()
    }

    fn arity(&self, _given: usize) -> usize {
        1
    }

    fn rule(&self) -> &'static str {
        "cast(x, dtype) has the shape of x"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        Ok(TensorType {
            dtype: self.dtype,
            shape: inputs[0].shape.clone(),
        })
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::ROUNDING
    }

    fn samples() -> Vec<Sample> {
        vec![Sample {
            op: Cast { dtype: DType::F32 }.into(),
            inputs: vec![i64s(("n", 3))],
        }]
    }
}
