//! What follows a product in the same kernel: a bias, and a short chain of activations and residuals.

use serde::{Deserialize, Serialize};

use super::{Conv2d, Linear, Op, OpDef, Unary};
use crate::graph::dim::Dim;
use crate::graph::error::Broken;
use crate::graph::tensor_type::TensorType;

/// The most steps that follow a bias.
pub const MAX_STEPS: usize = 4;

/// What happens to a product of matrices or a convolution while it is still in registers: a bias is
/// added, then come some steps, such as `relu(product + bias + residual)`. The op's inputs end with
/// the bias and the residuals, as far as there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Epilogue {
    /// Whether a bias, one number a column or channel, is added first.
    pub bias: bool,
    #[serde(default)]
    pub steps: Steps,
}

/// One step on each element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Activation(Unary),
    /// A value of the result's type is added.
    Residual,
}

/// At most [`MAX_STEPS`] steps, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<Step>", into = "Vec<Step>")]
pub struct Steps([Option<Step>; MAX_STEPS]);

impl Steps {
    pub fn iter(&self) -> impl Iterator<Item = Step> + use<> {
        self.0.into_iter().flatten()
    }

    /// These steps and one more, if there is a place for it.
    pub fn then(mut self, step: Step) -> Option<Steps> {
        let place = self.0.iter_mut().find(|place| place.is_none())?;
        *place = Some(step);
        Some(self)
    }
}

impl From<Steps> for Vec<Step> {
    fn from(steps: Steps) -> Vec<Step> {
        steps.iter().collect()
    }
}

impl TryFrom<Vec<Step>> for Steps {
    type Error = String;

    fn try_from(steps: Vec<Step>) -> Result<Steps, String> {
        let all = steps
            .iter()
            .try_fold(Steps::default(), |all, step| all.then(*step));
        all.ok_or_else(|| {
            format!(
                "{} steps, where at most {MAX_STEPS} follow a bias",
                steps.len()
            )
        })
    }
}

impl Epilogue {
    /// The epilogue with one more step at its end, if there is a place for it.
    pub fn then(self, step: Step) -> Option<Epilogue> {
        let steps = self.steps.then(step)?;
        Some(Epilogue { steps, ..self })
    }

    /// The steps in their order, for printed graphs.
    pub fn names(&self) -> Vec<&str> {
        let steps = self.steps.0.iter().flatten().map(|step| match step {
            Step::Activation(function) => function.name(),
            Step::Residual => "residual",
        });
        self.bias
            .then_some("bias")
            .into_iter()
            .chain(steps)
            .collect()
    }

    /// How many residuals it adds.
    pub fn residuals(&self) -> usize {
        let residuals = self.steps.iter().filter(|step| *step == Step::Residual);
        residuals.count()
    }

    /// How many inputs it takes.
    pub fn arity(&self) -> usize {
        usize::from(self.bias) + self.residuals()
    }

    /// One operation per step and element.
    pub fn flops(&self, output: &TensorType) -> Dim {
        output.shape.elements() * Dim::from(self.names().len())
    }

    /// Says no unless the inputs from `first` on fit a product that has its columns or channels
    /// along `axis`: the bias has their shape, `[n]`, with a 1 for each axis behind.
    ///
    /// # Errors
    /// As said.
    pub fn check(
        &self,
        inputs: &[&TensorType],
        first: usize,
        product: &TensorType,
        axis: usize,
    ) -> Result<(), Broken> {
        let mut next = first;
        if self.bias {
            let mut expected = product.shape[axis..].to_vec();
            expected[1..].fill(Dim::constant(1));
            if *inputs[next].shape != *expected {
                return Err(Broken::new(format!(
                    "the bias {{{next}}} has the shape {}, and the product {} along axis {axis}",
                    inputs[next].shape, product.shape[axis]
                )));
            }
            next += 1;
        }
        let residuals = inputs.iter().enumerate().skip(next);
        for (at, residual) in residuals.take(self.residuals()) {
            if *residual != product {
                return Err(Broken::new(format!(
                    "the residual {{{at}}} is {residual}, and the product is {product}"
                )));
            }
        }
        Ok(())
    }
}

impl Op {
    /// What follows the product in the same kernel, if the op has a place for it: behind a pool there
    /// is none.
    pub fn epilogue(&self) -> Option<Epilogue> {
        match self {
            Op::MatMul(_) => Some(Epilogue::default()),
            Op::Linear(op) => Some(op.epilogue),
            Op::Conv2d(op) if op.pool.is_none() => Some(op.epilogue),
            _ => None,
        }
    }

    /// The op with this epilogue in place of its own, if it has a place for one.
    pub fn with_epilogue(&self, epilogue: Epilogue) -> Option<Op> {
        match self {
            Op::MatMul(_) | Op::Linear(_) => Some(Linear { epilogue }.into()),
            Op::Conv2d(op) => Some(Conv2d { epilogue, ..*op }.into()),
            _ => None,
        }
    }
}
