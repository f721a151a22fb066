//! What follows a product in the same kernel: bias, activation, residual.

use serde::{Deserialize, Serialize};

use super::{Conv2d, Linear, Op, OpDef, Unary};
use crate::graph::dim::Dim;
use crate::graph::error::Broken;
use crate::graph::tensor_type::TensorType;

/// `activation(product + bias) + residual`: what happens to a product of matrices or a convolution
/// while it is still in registers. The op's inputs end with the bias and the residual, as far as
/// there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Epilogue {
    /// Whether a bias, one number a column or channel, is added.
    pub bias: bool,
    /// What is applied to each element after the bias.
    pub activation: Option<Unary>,
    /// Whether a value of the result's type is added at the end.
    pub residual: bool,
}

impl Epilogue {
    /// The steps in their order, for printed graphs.
    pub fn steps(&self) -> Vec<&str> {
        let steps = [
            self.bias.then_some("bias"),
            self.activation.as_ref().map(Unary::name),
            self.residual.then_some("residual"),
        ];
        steps.into_iter().flatten().collect()
    }

    /// How many inputs it takes.
    pub fn arity(&self) -> usize {
        usize::from(self.bias) + usize::from(self.residual)
    }

    /// One operation per step and element.
    pub fn flops(&self, output: &TensorType) -> Dim {
        output.shape.elements() * Dim::from(self.steps().len())
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
        if self.residual && inputs[next] != product {
            return Err(Broken::new(format!(
                "the residual {{{next}}} is {}, and the product is {product}",
                inputs[next]
            )));
        }
        Ok(())
    }
}

impl Op {
    /// What follows the product in the same kernel, if the op has a place for it.
    pub fn epilogue(&self) -> Option<Epilogue> {
        match self {
            Op::MatMul(_) => Some(Epilogue::default()),
            Op::Linear(op) => Some(op.epilogue),
            Op::Conv2d(op) => Some(op.epilogue),
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
