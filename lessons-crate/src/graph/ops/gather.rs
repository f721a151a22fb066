//! Rows of a table by index: embeddings.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample};
use crate::graph::error::Broken;
use crate::graph::shape::Shape;
use crate::graph::tensor_type::{TensorType, f32s, i64s};

/// `gather(table, indices)` puts the row `table[i]` where `indices` holds `i`. An index that is
/// negative or past the table's end is an error when it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gather;

impl OpDef for Gather {
    fn name(&self) -> &str {
        "gather"
    }

    fn arity(&self, _given: usize) -> usize {
        2
    }

    fn rule(&self) -> &'static str {
        "gather(table: [n, ..row], indices: [..i]) -> [..i, ..row]; indices are integers"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        let (table, indices) = (inputs[0], inputs[1]);
        if !indices.dtype.is_int() {
            return Err(Broken::new(format!(
                "the indices {{1}} hold {}, not integers",
                indices.dtype
            ))
            .help("{1}.cast(DType::I64), or swap the operands: the table comes first"));
        }
        if table.rank() == 0 {
            return Err(Broken::new("the table {0} is a scalar and has no rows"));
        }
        let dims = indices
            .shape
            .iter()
            .chain(&table.shape[1..])
            .cloned()
            .collect();
        Ok(TensorType {
            dtype: table.dtype,
            shape: Shape::new(dims),
        })
    }

    fn moves(&self) -> bool {
        true
    }

    fn samples() -> Vec<Sample> {
        vec![Sample {
            op: Gather.into(),
            inputs: vec![f32s((5, 4)), i64s(("n", 2))],
        }]
    }
}
