//! Which elements indices name: what `take_along_axis`, `gather_nd` and the scatters have in common.

use serde::{Deserialize, Serialize};

use super::axis_of;
use crate::graph::error::Broken;
use crate::graph::shape::Shape;
use crate::graph::tensor_type::TensorType;

/// How indices name elements of a value. An index that is negative or past the end is an error when
/// it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Each index names one element: its place along `axis`, where the index itself stands on all
    /// other axes.
    Along(i32),
    /// The last axis of the indices holds the place along the first axes of the value, one number an
    /// axis; together they name what lies there.
    Nd,
}

impl Place {
    /// The attribute that an op with this place prints.
    pub fn attributes(self) -> String {
        match self {
            Place::Along(axis) => format!("axis={axis}"),
            Place::Nd => String::new(),
        }
    }

    /// The shape of what the indices `{1}` name in the value `{0}`.
    ///
    /// # Errors
    /// When the indices are no integers, or of a shape that does not fit the value.
    pub fn shape(self, value: &TensorType, indices: &TensorType) -> Result<Shape, Broken> {
        if !indices.dtype.is_int() {
            return Err(Broken::new(format!(
                "the indices {{1}} hold {}, not integers",
                indices.dtype
            ))
            .help("{1}.cast(DType::I64), or swap the operands: the indices come second"));
        }
        match self {
            Place::Along(axis) => {
                let at = axis_of(value, axis)?;
                let same = value.rank() == indices.rank()
                    && (0..value.rank())
                        .all(|other| other == at || value.shape[other] == indices.shape[other]);
                match same {
                    true => Ok(indices.shape.clone()),
                    false => Err(Broken::new(format!(
                        "{{0}} has the shape {} and the indices {{1}} have {}: they may differ at axis {axis} only",
                        value.shape, indices.shape
                    ))
                    .help("to take whole rows by a list of indices: {0}.take({1}, axis)")),
                }
            }
            Place::Nd => {
                let count = indices.shape.last().and_then(|last| last.known());
                let Some(count) = count else {
                    return Err(Broken::new(format!(
                        "the last axis of the indices {{1}} of shape {} has no known size",
                        indices.shape
                    ))
                    .help("a last axis with one number for each axis that is indexed: [.., 2] for a row and a column"));
                };
                if count > value.rank() {
                    return Err(Broken::new(format!(
                        "the indices {{1}} go along {count} axes, and {{0}} has {}",
                        value.rank()
                    )));
                }
                let outer = &indices.shape[..indices.rank() - 1];
                Ok(Shape::new([outer, &value.shape[count..]].concat()))
            }
        }
    }
}
