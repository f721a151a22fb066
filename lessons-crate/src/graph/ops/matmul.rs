//! Matrix products.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample, Tolerance, broadcast_shapes, same_float};
use crate::graph::dim::Dim;
use crate::graph::error::Broken;
use crate::graph::shape::Shape;
use crate::graph::tensor_type::{TensorType, f32s};

/// The matrix product over the last two axes; the axes before them broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatMul;

impl OpDef for MatMul {
    fn name(&self) -> &str {
        "matmul"
    }

    fn arity(&self, _given: usize) -> usize {
        2
    }

    fn rule(&self) -> &'static str {
        "matmul([.., m, k], [.., k, n]) -> [.., m, n]"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        let (a, b) = (inputs[0], inputs[1]);
        if let Some(index) = inputs.iter().position(|input| input.rank() < 2) {
            let help = format!(
                "make a vector of n elements a row or a column: {{{index}}}.reshape((1, -1)) or {{{index}}}.reshape((-1, 1))"
            );
            return Err(Broken::new(format!(
                "{{{index}}} has {} axes, and a matrix has at least 2",
                inputs[index].rank()
            ))
            .help(help));
        }
        let (rows, inner) = (&a.shape[a.rank() - 2], &a.shape[a.rank() - 1]);
        let (other, columns) = (&b.shape[b.rank() - 2], &b.shape[b.rank() - 1]);
        if inner != other {
            let verb = if inner.known().is_some() && other.known().is_some() {
                "differ"
            } else {
                "are not known to be equal"
            };
            let broken = Broken::new(format!(
                "the inner dims of {{0}} and {{1}} {verb}: {inner} and {other}"
            ));
            return Err(if inner == columns {
                broken.help("transpose the right side: {0}.matmul({1}.t())")
            } else if rows == other {
                broken.help("transpose the left side: {0}.t().matmul({1})")
            } else {
                broken.help(
                    "the last dim of the left side must be the last but one of the right side",
                )
            });
        }
        same_float(inputs)?;
        let batch = |ty: &TensorType| Shape::new(ty.shape[..ty.rank() - 2].to_vec());
        let mut dims = broadcast_shapes(&batch(a), &batch(b))?.to_vec();
        dims.extend([rows.clone(), columns.clone()]);
        Ok(TensorType {
            dtype: a.dtype,
            shape: Shape::new(dims),
        })
    }

    fn flops(&self, inputs: &[&TensorType], output: &TensorType) -> Dim {
        let inner = inputs[0]
            .shape
            .last()
            .cloned()
            .unwrap_or_else(|| Dim::constant(1));
        output.shape.elements() * inner * Dim::constant(2)
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::ACCUMULATED
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample {
                op: MatMul.into(),
                inputs: vec![f32s(("n", 3)), f32s((3, 2))],
            },
            Sample {
                op: MatMul.into(),
                inputs: vec![f32s(("n", 2, 4, 3)), f32s((2, 3, 5))],
            },
        ]
    }
}
