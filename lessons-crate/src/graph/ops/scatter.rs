//! Elements written by index.

use serde::{Deserialize, Serialize};

use super::{OpDef, Place, Sample, Tolerance, same_dtype};
use crate::graph::dim::Dim;
use crate::graph::dtype::DType;
use crate::graph::error::Broken;
use crate::graph::tensor_type::{TensorType, f32s, i64s};

/// What becomes of an element that is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// It is replaced.
    Set,
    Add,
    Mul,
    /// NaN if either is.
    Max,
    /// NaN if either is.
    Min,
}

/// The first input with the third, the updates, written where the second, the indices, says. Where
/// several updates go to one place they are taken in row-major order: so of `set` the last one
/// stays, and sums come out the same to the bit every time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scatter {
    pub place: Place,
    pub combine: Combine,
}

impl Combine {
    pub const ALL: [Combine; 5] = [
        Combine::Set,
        Combine::Add,
        Combine::Mul,
        Combine::Max,
        Combine::Min,
    ];
}

impl OpDef for Scatter {
    fn name(&self) -> &str {
        match (self.place, self.combine) {
            (Place::Along(_), Combine::Set) => "scatter",
            (Place::Along(_), Combine::Add) => "scatter_add",
            (Place::Along(_), Combine::Mul) => "scatter_mul",
            (Place::Along(_), Combine::Max) => "scatter_max",
            (Place::Along(_), Combine::Min) => "scatter_min",
            (Place::Nd, Combine::Set) => "scatter_nd",
            (Place::Nd, Combine::Add) => "scatter_nd_add",
            (Place::Nd, Combine::Mul) => "scatter_nd_mul",
            (Place::Nd, Combine::Max) => "scatter_nd_max",
            (Place::Nd, Combine::Min) => "scatter_nd_min",
        }
    }

    fn attributes(&self) -> String {
        self.place.attributes()
    }

    fn arity(&self, _given: usize) -> usize {
        3
    }

    fn rule(&self) -> &'static str {
        match self.place {
            Place::Along(_) => {
                "scatter(x: [.., n, ..], indices: [.., i, ..], updates: [.., i, ..], axis) has the type of x"
            }
            Place::Nd => {
                "scatter_nd(x: [a, b, .., ..rest], indices: [..i, k], updates: [..i, ..rest]) has the type of x"
            }
        }
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        let [value, indices, updates] = inputs else {
            return Err(Broken::new("scatter takes a value, indices and updates"));
        };
        let shape = self.place.shape(value, indices)?;
        if updates.shape != shape {
            return Err(Broken::new(format!(
                "the updates {{2}} have the shape {}, and the indices {{1}} name {shape}",
                updates.shape
            ))
            .help(format!(
                "{{2}}.broadcast_to({shape}) if they are the same everywhere"
            )));
        }
        same_dtype(&[value, updates]).map_err(|_| {
            let (value, updates) = (value.dtype, updates.dtype);
            Broken::new(format!(
                "{{0}} holds {value} and the updates {{2}} hold {updates}"
            ))
            .help(format!("{{2}}.cast(DType::{value:?})"))
        })?;
        if value.dtype == DType::Bool && self.combine != Combine::Set {
            return Err(
                Broken::new("{0} holds bools, which are only set").help("{0}.cast(DType::I64)")
            );
        }
        Ok((*value).clone())
    }

    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> Dim {
        match self.combine {
            Combine::Set => Dim::constant(0),
            _ => inputs[2].shape.elements(),
        }
    }

    fn tolerance(&self) -> Tolerance {
        match self.combine {
            Combine::Add | Combine::Mul => Tolerance::ACCUMULATED,
            Combine::Set | Combine::Max | Combine::Min => Tolerance::EXACT,
        }
    }

    fn samples() -> Vec<Sample> {
        let along = Combine::ALL.map(|combine| Sample {
            op: Scatter {
                place: Place::Along(1),
                combine,
            }
            .into(),
            inputs: vec![f32s(("n", 6)), i64s(("n", 4)), f32s(("n", 4))],
        });
        let nd = Combine::ALL.map(|combine| Sample {
            op: Scatter {
                place: Place::Nd,
                combine,
            }
            .into(),
            inputs: vec![f32s((5, 6, "n")), i64s((4, 2)), f32s((4, "n"))],
        });
        [along, nd].concat()
    }
}
