//! Convolutions with many output channels, whose weights were packed once: the vectors hold neighboring output channels, and
//! the numbers of the image are broadcast, so that any stride, dilation and width keeps all lanes busy.
//!
//! A block of the output is computed from a copy of what its windows cover, with the padding, in the second-level cache (a
//! [`patch`]); the products read that copy in place, so nothing is laid out once for each position of the kernel. A pool behind
//! the convolution whose windows do not overlap is computed from sums that are still in the first-level cache.

mod block;
mod blocks;
mod filter;
mod patch;
mod strip;
#[cfg(test)]
mod tests;
mod tile;

pub use filter::PackedFilter;

use self::block::block_body;
use self::blocks::Blocks;
use super::{Conv2d, local};
use crate::cpu::Cpu;
use crate::elementwise::UnaryOp;
use crate::error::{KernelError, equal, long_enough, product};
use crate::gemm::packed::columns_of_panel;
use crate::gemm::{Epilogue, Then};
use crate::isa::Verified;
use crate::pool::SharedMut;
use crate::pooling::Pooling;
use crate::simd::ladder;

/// A pool behind a convolution: windows without padding that do not overlap. Pairs are of height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pooled {
    pub kind: Pooling,
    /// At least 1, at most `stride`.
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
}

/// The largest stride of a [`Pooled`]: the windows of one step are summed up in registers.
pub const MAX_POOL: usize = 6;

impl Pooled {
    /// The windows of no pool: single numbers.
    const NONE: Pooled = Pooled {
        kind: Pooling::Max,
        kernel: [1; 2],
        stride: [1; 2],
    };

    /// Whether [`conv2d_packed`] can compute it: no window is empty, larger than its distance to the next one, or more than
    /// [`MAX_POOL`] away from it.
    ///
    /// ```
    /// use lessons_compute::{conv::Pooled, pooling::Pooling};
    ///
    /// let halves = Pooled { kind: Pooling::Max, kernel: [2, 2], stride: [2, 2] };
    /// assert!(halves.fits());
    /// assert!(!Pooled { kernel: [3, 3], ..halves }.fits());
    /// ```
    pub fn fits(&self) -> bool {
        let mut axes = self.kernel.iter().zip(self.stride);
        axes.all(|(&kernel, stride)| 0 < kernel && kernel <= stride && stride <= MAX_POOL)
    }

    /// The height and width of what it makes of images; 0 where they are smaller than a window.
    pub fn output(&self, images: [usize; 2]) -> [usize; 2] {
        [0, 1].map(|axis| match images[axis].checked_sub(self.kernel[axis]) {
            Some(rest) => rest / self.stride[axis].max(1) + 1,
            None => 0,
        })
    }

    /// What so many windows of a row, or rows of windows, cover.
    fn covers(&self, axis: usize, windows: usize) -> usize {
        (windows - 1) * self.stride[axis] + self.kernel[axis]
    }
}

/// How many numbers of scratch memory [`conv2d_packed`] needs, for all threads of `cpu` together.
pub fn packed_workspace(cpu: Cpu<'_>, conv: &Conv2d, pool: Option<&Pooled>) -> usize {
    let pool = pool.unwrap_or(&Pooled::NONE);
    let output = conv.output().map(|size| pool.output(size));
    match output {
        Ok(output) if conv.groups > 0 && pool.fits() && !output.contains(&0) => {
            let blocks = Blocks::new(cpu, conv, pool, output);
            cpu.pool().threads().saturating_mul(blocks.memory())
        }
        _ => 0,
    }
}

/// As [`conv2d`](super::conv2d), with weights that are packed; then the result goes through `pool`, if there is one, and `out`
/// is of the size that [`Pooled::output`] makes of that of the convolution. With a pool, the steps of `then` must need nothing
/// but the number itself. Allocates nothing.
///
/// # Errors
/// As [`conv2d`](super::conv2d), with [`packed_workspace`]; if `filter` is packed for another instruction set or another
/// convolution; if `pool` does not [fit](Pooled::fits), or a step before it has an operand that is no scalar.
///
/// ```
/// use lessons_compute::conv::{Conv2d, PackedFilter, Pooled, conv2d_packed, packed_workspace};
/// use lessons_compute::{cpu::Cpu, pooling::Pooling};
///
/// let cpu = Cpu::best();
/// let conv = Conv2d {
///     batch: 1,
///     channels: [1, 1],
///     groups: 1,
///     input: [2, 3],
///     kernel: [1, 2],
///     stride: [1, 1],
///     dilation: [1, 1],
///     padding: [[0, 0], [0, 0]],
/// };
/// let filter = PackedFilter::new(cpu, &[-1.0, 1.0], [1, 1, 1, 2], 1)?;
/// let pool = Pooled { kind: Pooling::Max, kernel: [2, 2], stride: [2, 2] };
/// let input = [1.0, 2.0, 4.0, 0.0, 5.0, 5.0];
/// let mut out = [0.0; 1];
/// let mut scratch = vec![0.0; packed_workspace(cpu, &conv, Some(&pool))];
/// conv2d_packed(cpu, &conv, Some(&pool), &input, &filter, None, &[], &mut out, &mut scratch)?;
/// assert_eq!(out, [5.0]); // of 1, 2, 5 and 0
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
#[allow(clippy::too_many_arguments)]
pub fn conv2d_packed(
    cpu: Cpu<'_>,
    conv: &Conv2d,
    pool: Option<&Pooled>,
    input: &[f32],
    filter: &PackedFilter,
    bias: Option<&[f32]>,
    then: &[Then<'_>],
    out: &mut [f32],
    scratch: &mut [f32],
) -> Result<(), KernelError> {
    let size = conv.check(input.len())?;
    filter.check(cpu, conv)?;
    if let Some(pool) = pool {
        equal("1 where the pool fits, else 0,", 1, pool.fits().into())?;
        let steps = "1 where the steps before the pool read no operands, else 0,";
        equal(steps, 1, local(then).into())?;
    }
    let window = pool.unwrap_or(&Pooled::NONE);
    let [rows, columns] = window.output(size);
    let needed = product("the output", &[conv.batch, conv.channels[1], rows, columns])?;
    long_enough("the output", needed, out.len())?;
    if let Some(bias) = bias {
        equal("the length of the bias", conv.channels[1], bias.len())?;
    }
    let images = conv.batch.saturating_mul(conv.channels[1]);
    Epilogue { bias: None, then }.check(images, rows.saturating_mul(columns))?;
    let needed_scratch = packed_workspace(cpu, conv, pool);
    long_enough("the scratch memory", needed_scratch, scratch.len())?;
    if needed == 0 {
        return Ok(());
    }
    let blocks = Blocks::new(cpu, conv, window, [rows, columns]);
    let memory = blocks.memory();
    let scratch = SharedMut::new(scratch);
    let job = Job {
        isa: cpu.verified(),
        conv,
        pool: pool.copied(),
        input,
        filter,
        bias,
        then,
        late: matches!(pool, Some(pool) if pool.kind == Pooling::Max) && then.iter().all(rises),
        out: SharedMut::new(out),
        output: [rows, columns],
        blocks,
    };
    let tasks = conv.batch * conv.groups * blocks.count();
    cpu.pool()
        .for_ranges(tasks, blocks.grain(conv), |range, worker| {
            // SAFETY: no two threads are the same worker at the same time, and `scratch` is borrowed until all have ended.
            let scratch = unsafe { scratch.part(worker * memory, memory) };
            for task in range {
                run_block(job.isa, &job, task, scratch);
            }
        });
    Ok(())
}

/// Whether a step never makes a larger number the smaller one: then it may come behind the largest of several.
fn rises(then: &Then<'_>) -> bool {
    matches!(then, Then::Unary(UnaryOp::Relu))
}

/// A checked convolution.
struct Job<'a> {
    isa: Verified,
    conv: &'a Conv2d,
    pool: Option<Pooled>,
    input: &'a [f32],
    filter: &'a PackedFilter,
    bias: Option<&'a [f32]>,
    then: &'a [Then<'a>],
    /// Whether the steps may be done behind the pool, where there is less to do.
    late: bool,
    out: SharedMut,
    /// Rows and columns of the output.
    output: [usize; 2],
    blocks: Blocks,
}

ladder! {
    fn run_block(job: &Job<'_>, task: usize, scratch: &mut [f32]) = block_body;
}
