//! Orders: which element comes where.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample, axis_of};
use crate::graph::dim::{Dim, Symbols};
use crate::graph::dtype::DType;
use crate::graph::error::Broken;
use crate::graph::tensor_type::{TensorType, f32s};

/// The indices, along `axis`, of the elements in order; where `count` is given, of the first so many
/// only. Equal elements keep their order, and NaN counts as larger than every number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArgSort {
    pub axis: i32,
    /// Whether the largest comes first.
    pub descending: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<Dim>,
}

impl OpDef for ArgSort {
    fn name(&self) -> &str {
        match (&self.count, self.descending) {
            (None, _) => "argsort",
            (Some(_), true) => "arg_top_k",
            (Some(_), false) => "arg_bottom_k",
        }
    }

    fn attributes(&self) -> String {
        let descending = match (&self.count, self.descending) {
            (None, true) => ", descending",
            _ => "",
        };
        let count = self.count.as_ref().map(|count| format!(", k={count}"));
        format!(
            "axis={}{descending}{}",
            self.axis,
            count.unwrap_or_default()
        )
    }

    fn arity(&self, _given: usize) -> usize {
        1
    }

    fn rule(&self) -> &'static str {
        match self.count {
            None => "argsort([.., n, ..], axis) -> i64[.., n, ..]",
            Some(_) => "arg_top_k([.., n, ..], k, axis) -> i64[.., k, ..] with k <= n",
        }
    }

    fn substitute(&mut self, symbols: &Symbols) {
        if let Some(count) = &mut self.count {
            *count = count.substitute(symbols);
        }
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        let axis = axis_of(inputs[0], self.axis)?;
        let mut shape = inputs[0].shape.to_vec();
        if let Some(count) = &self.count {
            // Where the difference is a known number it must not be negative.
            let left = shape[axis].clone() - count.clone();
            if left.as_constant().is_some_and(|left| left < 0) {
                return Err(Broken::new(format!(
                    "axis {} of {{0}} has the dim {}, so there are no {count} elements to take",
                    self.axis, shape[axis]
                ))
                .help(format!("k up to {}", shape[axis])));
            }
            shape[axis] = count.clone();
        }
        Ok(TensorType::new(DType::I64, shape))
    }

    /// At least one comparison an element.
    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> Dim {
        inputs[0].shape.elements()
    }

    fn samples() -> Vec<Sample> {
        let sample = |axis, descending, count: Option<i32>| Sample {
            op: ArgSort {
                axis,
                descending,
                count: count.map(Dim::from),
            }
            .into(),
            inputs: vec![f32s(("n", 3))],
        };
        vec![
            sample(-1, false, None),
            sample(0, true, None),
            sample(-1, true, Some(2)),
            sample(-1, false, Some(2)),
        ]
    }
}
