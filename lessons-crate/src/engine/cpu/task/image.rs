//! Convolutions and pools.

use std::sync::Arc;

use lessons_compute::conv::{
    Conv2d, PackedFilter, Pooled, conv2d, conv2d_packed, packed_workspace, workspace,
};
use lessons_compute::cpu::Cpu;
use lessons_compute::error::KernelError;
use lessons_compute::gemm::Then;
use lessons_compute::pooling::pool2d;

use super::{Data, Ending, Workspace};

/// A convolution, and what is done with it on the way. Operands: images, the weight, unless it was
/// packed when the model was loaded, then those of the ending.
#[derive(Debug, Clone)]
pub struct Convolve {
    pub sizes: Conv2d,
    pub filter: Option<Arc<PackedFilter>>,
    pub ending: Ending,
    /// What is done with it at last.
    pub pool: Option<Pooled>,
}

impl Convolve {
    pub fn kernel(&self) -> &'static str {
        match self.filter {
            Some(_) => "packed convolution",
            None => "convolution",
        }
    }

    pub fn run(
        &self,
        cpu: Cpu<'_>,
        reads: &[Data<'_>],
        out: &mut [f32],
        memory: &mut Workspace,
    ) -> Result<(), KernelError> {
        let channels = self.sizes.channels[1];
        self.ending
            .with(reads, channels, |bias, then| match self.pool {
                Some(pool) if self.filter.is_none() || !pool.fits() => {
                    // This kernel cannot pool: that is another loop.
                    let [rows, columns] = self.sizes.output()?;
                    let len = self.sizes.batch * channels * rows * columns;
                    let (images, scratch) = memory.two(len, self.workspace(cpu, None));
                    self.convolve(cpu, None, reads, bias, then, images, scratch)?;
                    let window = Conv2d {
                        channels: [channels; 2],
                        groups: channels,
                        input: [rows, columns],
                        kernel: pool.kernel,
                        stride: pool.stride,
                        dilation: [1; 2],
                        padding: [[0; 2]; 2],
                        ..self.sizes
                    };
                    pool2d(cpu, pool.kind, &window, images, out)
                }
                _ => {
                    let pool = self.pool.as_ref();
                    let scratch = memory.floats(self.workspace(cpu, pool));
                    self.convolve(cpu, pool, reads, bias, then, out, scratch)
                }
            })
    }

    fn workspace(&self, cpu: Cpu<'_>, pool: Option<&Pooled>) -> usize {
        match self.filter {
            Some(_) => packed_workspace(cpu, &self.sizes, pool),
            None => workspace(cpu, &self.sizes),
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn convolve(
        &self,
        cpu: Cpu<'_>,
        pool: Option<&Pooled>,
        reads: &[Data<'_>],
        bias: Option<&[f32]>,
        then: &[Then<'_>],
        out: &mut [f32],
        scratch: &mut [f32],
    ) -> Result<(), KernelError> {
        let operand = |at: usize| reads.get(at).map_or(&[][..], |read| read.floats());
        let (sizes, images) = (&self.sizes, operand(0));
        match &self.filter {
            Some(filter) => {
                conv2d_packed(cpu, sizes, pool, images, filter, bias, then, out, scratch)
            }
            None => conv2d(cpu, sizes, images, operand(1), bias, then, out, scratch),
        }
    }
}
