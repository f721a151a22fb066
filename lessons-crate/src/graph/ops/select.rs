//! `where`: one of two values, element by element.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample, broadcast_shapes};
use crate::graph::dtype::DType;
use crate::graph::error::Broken;
use crate::graph::tensor_type::{TensorType, f32s};

/// `select(c, a, b)` is `a` where `c` is true and `b` elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Select;

impl OpDef for Select {
    fn name(&self) -> &str {
        "select"
    }

    fn arity(&self, _given: usize) -> usize {
        3
    }

    fn rule(&self) -> &'static str {
        "select(c: bool, a, b): all three broadcast to one shape; a and b have one dtype"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        if inputs[0].dtype != DType::Bool {
            return Err(Broken::new(format!(
                "the condition {{0}} holds {}, not bools",
                inputs[0].dtype
            ))
            .help("compare it first: {0}.not_equal(0)"));
        }
        if inputs[1].dtype != inputs[2].dtype {
            let (a, b) = (inputs[1].dtype, inputs[2].dtype);
            return Err(Broken::new(format!("{{1}} holds {a} and {{2}} holds {b}"))
                .help(format!("{{2}}.cast(DType::{a:?})")));
        }
        let branches = broadcast_shapes(&inputs[1].shape, &inputs[2].shape)?;
        let shape = broadcast_shapes(&inputs[0].shape, &branches)?;
        Ok(TensorType {
            dtype: inputs[1].dtype,
            shape,
        })
    }

    fn samples() -> Vec<Sample> {
        let condition = TensorType::new(DType::Bool, ("n", 1));
        vec![Sample {
            op: Select.into(),
            inputs: vec![condition, f32s(("n", 3)), f32s(())],
        }]
    }
}
