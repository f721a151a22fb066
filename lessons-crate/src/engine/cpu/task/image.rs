//! Convolutions and pools.

use lessons_compute::conv::{Conv2d, conv2d, workspace};
use lessons_compute::cpu::Cpu;
use lessons_compute::error::KernelError;

use super::{Data, Ending, Workspace};

/// A convolution, and what is done with it on the way. Operands: images, weight, then those of the
/// ending.
#[derive(Debug, Clone, Copy)]
pub struct Convolve {
    pub sizes: Conv2d,
    pub ending: Ending,
}

impl Convolve {
    pub fn run(
        &self,
        cpu: Cpu<'_>,
        reads: &[Data<'_>],
        out: &mut [f32],
        memory: &mut Workspace,
    ) -> Result<(), KernelError> {
        let operand = |at: usize| reads.get(at).map_or(&[][..], |read| read.floats());
        let scratch = memory.floats(workspace(cpu, &self.sizes));
        let channels = self.sizes.channels[1];
        self.ending.with(reads, channels, |bias, then| {
            conv2d(
                cpu,
                &self.sizes,
                operand(0),
                operand(1),
                bias,
                then,
                out,
                scratch,
            )
        })
    }
}
