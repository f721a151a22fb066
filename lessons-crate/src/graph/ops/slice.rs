//! A range of one axis.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample, axis_of};
use crate::graph::dim::{Dim, Symbols};
use crate::graph::error::Broken;
use crate::graph::shape::Shape;
use crate::graph::tensor_type::{TensorType, f32s};

/// The elements `start .. end` along `axis`. The ends may be symbolic; that they lie within the
/// axis is then checked when it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    pub axis: i32,
    pub start: Dim,
    pub end: Dim,
}

impl OpDef for Slice {
    fn name(&self) -> &str {
        "slice"
    }

    fn attributes(&self) -> String {
        format!("axis={}, {}..{}", self.axis, self.start, self.end)
    }

    fn arity(&self, _given: usize) -> usize {
        1
    }

    fn rule(&self) -> &'static str {
        "slice([.., n, ..], axis, start..end) -> [.., end - start, ..] with 0 <= start <= end <= n"
    }

    fn substitute(&mut self, symbols: &Symbols) {
        self.start = self.start.substitute(symbols);
        self.end = self.end.substitute(symbols);
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        let axis = axis_of(inputs[0], self.axis)?;
        let mut dims = inputs[0].shape.to_vec();
        // Where a difference is a known number it must not be negative.
        let gaps = [
            self.start.clone(),
            self.end.clone() - self.start.clone(),
            dims[axis].clone() - self.end.clone(),
        ];
        if gaps
            .iter()
            .any(|gap| gap.as_constant().is_some_and(|gap| gap < 0))
        {
            return Err(Broken::new(format!(
                "{}..{} does not lie within axis {} of {{0}}, which has the dim {}",
                self.start, self.end, self.axis, dims[axis]
            )));
        }
        dims[axis] = self.end.clone() - self.start.clone();
        Ok(TensorType {
            dtype: inputs[0].dtype,
            shape: Shape::new(dims),
        })
    }

    fn moves(&self) -> bool {
        true
    }

    fn samples() -> Vec<Sample> {
        let slice = |axis, start: Dim, end: Dim| Slice { axis, start, end };
        vec![
            Sample {
                op: slice(1, 0.into(), 1.into()).into(),
                inputs: vec![f32s(("n", 3))],
            },
            Sample {
                op: slice(0, 1.into(), "n".into()).into(),
                inputs: vec![f32s((8, 3))],
            },
        ]
    }
}
