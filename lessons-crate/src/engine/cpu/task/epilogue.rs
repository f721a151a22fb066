//! What follows a product in the same kernel.

use lessons_compute::elementwise::{BinaryOp, UnaryOp};
use lessons_compute::gemm::{Operand, Then};

use super::Data;
use crate::graph::ops::MAX_STEPS;

/// A bias and the steps after it, as far as there are. They read the operands from `first` on.
#[derive(Debug, Clone, Copy)]
pub struct Ending {
    pub first: usize,
    pub bias: bool,
    pub steps: [Option<EndingStep>; MAX_STEPS],
}

/// One step on each element.
#[derive(Debug, Clone, Copy)]
pub enum EndingStep {
    Activation(UnaryOp),
    /// A residual is added, whose rows lie at this distance.
    Residual(usize),
}

impl Ending {
    /// Calls a kernel with the bias, which has `length` numbers, and the steps after it.
    pub fn with<T>(
        &self,
        reads: &[Data<'_>],
        length: usize,
        kernel: impl FnOnce(Option<&[f32]>, &[Then<'_>]) -> T,
    ) -> T {
        let operand = |at: usize| reads.get(at).map_or(&[][..], |read| read.floats());
        let bias = self.bias.then(|| {
            let bias = operand(self.first);
            bias.get(..length).unwrap_or(bias)
        });
        let mut steps = [Then::Unary(UnaryOp::Relu); MAX_STEPS];
        let (mut count, mut next) = (0, self.first + usize::from(self.bias));
        for (then, step) in steps.iter_mut().zip(self.steps.iter().flatten()) {
            *then = match *step {
                EndingStep::Activation(function) => Then::Unary(function),
                EndingStep::Residual(stride) => {
                    let data = operand(next);
                    next += 1;
                    Then::Binary(BinaryOp::Add, Operand::Matrix { data, stride })
                }
            };
            count += 1;
        }
        kernel(bias, &steps[..count])
    }
}
