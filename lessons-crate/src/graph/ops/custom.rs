//! Ops that are Rust closures.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{OpDef, Sample, Tolerance};
use crate::graph::error::Broken;
use crate::graph::tensor_type::{TensorType, f32s};

type Rule = dyn Fn(&[&TensorType]) -> Result<TensorType, Broken> + Send + Sync;
type Compute = dyn Fn(&[CustomInput<'_>], &[usize]) -> Result<Vec<f64>, String> + Send + Sync;

/// What a custom op is given when it runs.
#[derive(Debug, Clone, Copy)]
pub struct CustomInput<'a> {
    pub shape: &'a [usize],
    /// Row-major elements, whatever the dtype is; bools are 0 and 1, and integers are exact up to 2 to
    /// the power of 53.
    pub values: &'a [f64],
}

/// An op of one's own: a name, a shape rule and what it computes, as closures.
///
/// The closure computes in `f64`, and its result is rounded to the dtype that the rule gives. It must
/// give the same result for the same inputs, for the compiler may run it once where it stands twice, or
/// when it compiles. Two custom ops are equal if one is a clone of the other. A graph with a custom op
/// cannot be written to a file.
///
/// ```
/// use lessons::prelude::*;
///
/// let cube = Custom::new(
///     "cube",
///     |inputs| Ok(inputs[0].clone()),
///     |inputs, _shape| Ok(inputs[0].values.iter().map(|x| x * x * x).collect()),
/// );
/// let graph = Graph::build("volume", |g| {
///     let x = g.input("x", f32s(("n",)));
///     g.output("y", cube.apply(&[x + 1.0]) / 2.0);
/// })?;
/// let x = Tensor::new(&[1f32, 2.0], &Cpu)?;
/// let y = Session::cpu().load(&graph, &Weights::new())?.call(&x)?;
/// assert_eq!(y.to_vec1::<f32>()?, [4.0, 13.5]);
/// # Ok::<(), lessons::Error>(())
/// ```
#[derive(Clone)]
pub struct Custom {
    name: String,
    rule: Arc<Rule>,
    compute: Arc<Compute>,
}

impl Custom {
    /// An op whose result has the type that `rule` gives its inputs' types, and the elements that
    /// `compute` makes of its inputs and the shape of the result, in row-major order.
    ///
    /// In the texts of a [`Broken`] `{0}`, `{1}`, … stand for the names of the operands.
    pub fn new(
        name: &str,
        rule: impl Fn(&[&TensorType]) -> Result<TensorType, Broken> + Send + Sync + 'static,
        compute: impl Fn(&[CustomInput<'_>], &[usize]) -> Result<Vec<f64>, String>
        + Send
        + Sync
        + 'static,
    ) -> Custom {
        Custom {
            name: name.to_owned(),
            rule: Arc::new(rule),
            compute: Arc::new(compute),
        }
    }

    /// The elements of the result.
    ///
    /// # Errors
    /// What the closure says, or how many elements it gave if they do not fill the shape.
    pub fn compute(&self, inputs: &[CustomInput<'_>], shape: &[usize]) -> Result<Vec<f64>, String> {
        let values = (self.compute)(inputs, shape)?;
        let wanted: usize = shape.iter().product();
        match values.len() == wanted {
            true => Ok(values),
            false => Err(format!(
                "its closure gave {} elements, and the shape {shape:?} has {wanted}",
                values.len()
            )),
        }
    }
}

impl OpDef for Custom {
    fn name(&self) -> &str {
        &self.name
    }

    fn arity(&self, given: usize) -> usize {
        given
    }

    fn rule(&self) -> &'static str {
        "a custom op has the rule that it was made with"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        (self.rule)(inputs)
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::ROUNDING
    }

    fn samples() -> Vec<Sample> {
        let cube = Custom::new(
            "cube",
            |inputs| Ok(inputs[0].clone()),
            |inputs, _| Ok(inputs[0].values.iter().map(|x| x * x * x).collect()),
        );
        vec![Sample {
            op: cube.into(),
            inputs: vec![f32s(("n", 3))],
        }]
    }
}

impl PartialEq for Custom {
    fn eq(&self, other: &Custom) -> bool {
        self.name == other.name
            && Arc::ptr_eq(&self.rule, &other.rule)
            && Arc::ptr_eq(&self.compute, &other.compute)
    }
}

impl fmt::Debug for Custom {
    /// With the addresses of the closures, since they are what tells it from another of its name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Custom({:?}, {:p}, {:p})",
            self.name, self.rule, self.compute
        )
    }
}

impl Serialize for Custom {
    fn serialize<S: Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom(format!(
            "`{}` is a custom op: a closure of this program, which a file cannot hold",
            self.name
        )))
    }
}

impl<'de> Deserialize<'de> for Custom {
    fn deserialize<D: Deserializer<'de>>(_deserializer: D) -> Result<Custom, D::Error> {
        Err(serde::de::Error::custom(
            "custom ops are closures of the program that made the graph, which a file cannot hold",
        ))
    }
}
