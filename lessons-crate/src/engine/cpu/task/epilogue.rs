//! What follows a product in the same kernel.

use lessons_compute::elementwise::{BinaryOp, UnaryOp};
use lessons_compute::gemm::{Operand, Then};

use super::Data;

/// Bias, activation and residual, as far as there are. They read the operands from `first` on.
#[derive(Debug, Clone, Copy)]
pub struct Ending {
    pub first: usize,
    pub bias: bool,
    pub activation: Option<UnaryOp>,
    /// From one row of the residual to the next, if there is one.
    pub residual: Option<usize>,
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
        let mut steps = [Then::Unary(UnaryOp::Relu); 2];
        let mut count = 0;
        if let Some(activation) = self.activation {
            steps[count] = Then::Unary(activation);
            count += 1;
        }
        if let Some(stride) = self.residual {
            let data = operand(self.first + usize::from(self.bias));
            steps[count] = Then::Binary(BinaryOp::Add, Operand::Matrix { data, stride });
            count += 1;
        }
        kernel(bias, &steps[..count])
    }
}
