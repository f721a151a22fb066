//! Evaluates constants for the compiler.

use candle_core::{DType, Device, Tensor};

use super::{Context, Precision, eval};
use crate::compile::Evaluate;
use crate::engine::error::RunError;
use crate::graph::ops::{Constant, Op, Values};
use crate::graph::{Bindings, Node, NodeId, TensorType};

/// The reference engine as the compiler's calculator.
pub struct Folder;

impl Evaluate for Folder {
    fn evaluate(&self, op: &Op, inputs: &[&Constant], ty: &TensorType) -> Result<Constant, String> {
        fold(op, inputs, ty).map_err(|error| error.to_string())
    }
}

fn fold(op: &Op, inputs: &[&Constant], ty: &TensorType) -> Result<Constant, RunError> {
    let bindings = Bindings::new();
    let context = Context {
        bindings: &bindings,
        device: &Device::Cpu,
        precision: Precision::Declared,
    };
    let tensors: Vec<Tensor> = inputs
        .iter()
        .map(|constant| super::source::constant(constant, &context))
        .collect::<Result<_, _>>()?;
    let node = Node {
        id: NodeId(0),
        op: op.clone(),
        inputs: vec![],
        ty: ty.clone(),
        scope: None,
        site: None,
    };
    let result = eval(&node, &tensors.iter().collect::<Vec<_>>(), &context)?;
    let shape = result.dims().to_vec();
    let flat = result.flatten_all()?;
    let values = if ty.dtype.is_float() {
        Values::Floats(flat.to_dtype(DType::F64)?.to_vec1()?)
    } else {
        Values::Ints(flat.to_dtype(DType::I64)?.to_vec1()?)
    };
    Ok(Constant {
        dtype: ty.dtype,
        shape,
        values,
    })
}
