//! The same elements in another shape.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample};
use crate::graph::dim::{Dim, Symbols};
use crate::graph::error::Broken;
use crate::graph::shape::Shape;
use crate::graph::tensor_type::{TensorType, f32s};

/// The elements of the input in row-major order, in `shape`. One dim may be -1: what is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reshape {
    pub shape: Shape,
}

impl OpDef for Reshape {
    fn name(&self) -> &str {
        "reshape"
    }

    fn attributes(&self) -> String {
        self.shape.to_string()
    }

    fn arity(&self, _given: usize) -> usize {
        1
    }

    fn rule(&self) -> &'static str {
        "reshape(x, shape): as many elements as x; one dim may be -1, which is what is left"
    }

    fn substitute(&mut self, symbols: &Symbols) {
        self.shape = self.shape.substitute(symbols);
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        let elements = inputs[0].shape.elements();
        let rest = Dim::constant(-1);
        let mut dims = self.shape.to_vec();
        match dims.iter().filter(|dim| **dim == rest).count() {
            0 => {
                let wanted = self.shape.elements();
                if wanted != elements {
                    return Err(Broken::new(format!(
                        "{{0}} has {elements} elements, and {} has {wanted}",
                        self.shape
                    ))
                    .help("write -1 for one dim and it becomes what is left"));
                }
            }
            1 => {
                let others = dims.iter().filter(|dim| **dim != rest).cloned();
                let product = others.fold(Dim::constant(1), |product, dim| product * dim);
                let left = (!product.is(0)).then(|| elements.div_exact(&product)).flatten().ok_or_else(|| {
                    Broken::new(format!("the {elements} elements of {{0}} cannot be divided by the {product} that {} asks for", self.shape))
                })?;
                if let Some(dim) = dims.iter_mut().find(|dim| **dim == rest) {
                    *dim = left;
                }
            }
            _ => return Err(Broken::new(format!("{} has more than one -1", self.shape))),
        }
        Ok(TensorType {
            dtype: inputs[0].dtype,
            shape: Shape::new(dims),
        })
    }

    fn moves(&self) -> bool {
        true
    }

    fn samples() -> Vec<Sample> {
        let shape = Shape::new(vec!["n".into(), 2.into(), Dim::constant(-1)]);
        vec![Sample {
            op: Reshape { shape }.into(),
            inputs: vec![f32s(("n", 6))],
        }]
    }
}
