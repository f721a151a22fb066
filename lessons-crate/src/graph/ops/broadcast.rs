//! Repeating a value along new or unit axes.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample};
use crate::graph::dim::{Dim, Symbols};
use crate::graph::error::Broken;
use crate::graph::shape::Shape;
use crate::graph::tensor_type::{TensorType, f32s};

/// The shape that two shapes broadcast to (NumPy's rule): aligned at the last axis, dims are equal
/// or one of them is 1.
///
/// # Errors
/// When two dims are different, or not known to be equal.
///
/// ```
/// use lessons::graph::{IntoShape, ops::broadcast_shapes};
/// let shape = broadcast_shapes(&("batch", 4).into_shape(), &(4,).into_shape()).unwrap();
/// assert_eq!(shape.to_string(), "[batch, 4]");
/// ```
pub fn broadcast_shapes(a: &Shape, b: &Shape) -> Result<Shape, Broken> {
    let rank = a.rank().max(b.rank());
    let one = Dim::constant(1);
    let dim = |shape: &Shape, axis: usize| {
        (axis + shape.rank())
            .checked_sub(rank)
            .map_or(one.clone(), |at| shape[at].clone())
    };
    let dims = (0..rank).map(|axis| match (dim(a, axis), dim(b, axis)) {
        (left, right) if left == right => Ok(left),
        (left, right) if left.is(1) => Ok(right),
        (left, right) if right.is(1) => Ok(left),
        (left, right) => Err(clash(a, b, axis as i64 - rank as i64, &left, &right)),
    });
    dims.collect::<Result<_, _>>().map(Shape::new)
}

fn clash(a: &Shape, b: &Shape, axis: i64, left: &Dim, right: &Dim) -> Broken {
    let known = left.known().is_some() && right.known().is_some();
    let verb = if known {
        "differ"
    } else {
        "are not known to be equal"
    };
    let broken = Broken::new(format!(
        "{{0}} and {{1}} do not broadcast: at axis {axis} the dims {left} and {right} {verb}"
    ));
    // A vector that fits another axis is the usual mistake.
    let fits = |vector: &Shape, other: &Shape| {
        vector.rank() == 1
            && other.rank() > 1
            && other.iter().rev().skip(1).any(|dim| *dim == vector[0])
    };
    if fits(b, a) {
        broken.help("put the vector on the axis that it fits: {1}.reshape(..) with a 1 at the axes after it")
    } else if fits(a, b) {
        broken.help("put the vector on the axis that it fits: {0}.reshape(..) with a 1 at the axes after it")
    } else if !known {
        broken.help("give both inputs the same name for this dim if they always have the same size")
    } else {
        broken.help("reshape or slice one of them so that the dims are equal or one is 1")
    }
}

/// The value repeated to fill `shape`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broadcast {
    pub shape: Shape,
}

impl OpDef for Broadcast {
    fn name(&self) -> &str {
        "broadcast"
    }

    fn attributes(&self) -> String {
        self.shape.to_string()
    }

    fn arity(&self, _given: usize) -> usize {
        1
    }

    fn rule(&self) -> &'static str {
        "broadcast(x, shape): aligned at the last axis, each dim of x is 1 or that of shape"
    }

    fn substitute(&mut self, symbols: &Symbols) {
        self.shape = self.shape.substitute(symbols);
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        if broadcast_shapes(&inputs[0].shape, &self.shape)
            .ok()
            .as_ref()
            != Some(&self.shape)
        {
            return Err(Broken::new(format!(
                "{{0}} of shape {} does not fill {}",
                inputs[0].shape, self.shape
            )));
        }
        Ok(TensorType {
            dtype: inputs[0].dtype,
            shape: self.shape.clone(),
        })
    }

    fn moves(&self) -> bool {
        true
    }

    fn samples() -> Vec<Sample> {
        let shape = Shape::new(vec!["n".into(), 2.into(), 3.into()]);
        vec![Sample {
            op: Broadcast { shape }.into(),
            inputs: vec![f32s((2, 1))],
        }]
    }
}
