//! Convolution over images in f32: `out = epilogue(weight ∗ input)`, layout NCHW, as products of matrices.
//!
//! Where a group has many output channels, [`conv2d_packed`] with weights that were packed before is the faster one: vectors
//! hold channels there. In [`conv2d`] they hold pixels.
//! For some pixels at a time, what the kernel covers around each (a column of `channels × height × width` numbers) is laid out
//! as a panel in the second-level cache, and the weights are multiplied by it: "im2col", but never a whole image of it. Where
//! the kernel moves by one, not even that: the products read a padded copy of the image.

mod direct;
mod image;
mod packed;
mod reference;
#[cfg(test)]
mod tests;

pub use packed::{MAX_POOL, PackedFilter, Pooled, conv2d_packed, packed_workspace};
pub use reference::conv2d_reference;

use self::direct::image_body;
use self::image::{Pixels, copy, fill};
use crate::cpu::Cpu;
use crate::error::{KernelError, equal, long_enough, product};
use crate::gemm::epilogue::{Place, Scratch, apply};
use crate::gemm::packed::columns_of_panel;
use crate::gemm::tile::{self, MAX_COLUMNS, MAX_ROWS, Tile};
use crate::gemm::{Epilogue, Operand, Then};
use crate::isa::Verified;
use crate::pool::SharedMut;
use crate::simd::{Simd, ladder};

/// The sizes of a convolution. Pairs are of height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv2d {
    pub batch: usize,
    /// Channels of the input and of the output; both are multiples of `groups`.
    pub channels: [usize; 2],
    /// Output channels of a group read the input channels of that group alone.
    pub groups: usize,
    pub input: [usize; 2],
    pub kernel: [usize; 2],
    /// At least 1.
    pub stride: [usize; 2],
    /// At least 1.
    pub dilation: [usize; 2],
    /// Zeros above and to the left, below and to the right.
    pub padding: [[usize; 2]; 2],
}

impl Conv2d {
    /// The height and width of the output: `(input + padding - dilation · (kernel - 1) - 1) / stride + 1`, rounded down; 0 if the
    /// kernel is larger than what it moves over.
    ///
    /// # Errors
    /// If a stride, dilation or kernel size is 0, or a size is beyond what memory has addresses.
    pub fn output(&self) -> Result<[usize; 2], KernelError> {
        let mut out = [0; 2];
        for (axis, out) in out.iter_mut().enumerate() {
            for (what, size) in [
                ("the smallest of the strides", self.stride[axis]),
                ("the smallest of the dilations", self.dilation[axis]),
                ("the smallest of the kernel's sizes", self.kernel[axis]),
            ] {
                equal(what, size.max(1), size)?;
            }
            let overflow = KernelError::Overflow {
                what: "the convolution",
            };
            let padded = self.input[axis]
                .checked_add(self.padding[0][axis])
                .and_then(|size| size.checked_add(self.padding[1][axis]))
                .filter(|&size| isize::try_from(size).is_ok());
            let reach = (self.kernel[axis] - 1)
                .checked_mul(self.dilation[axis])
                .filter(|&reach| isize::try_from(reach).is_ok());
            let (Some(padded), Some(reach)) = (padded, reach) else {
                return Err(overflow);
            };
            *out = if padded > reach {
                (padded - reach - 1) / self.stride[axis] + 1
            } else {
                0
            };
        }
        Ok(out)
    }

    /// The length of the sums: of one output channel's weights.
    fn depth(&self) -> usize {
        self.channels[0] / self.groups * self.kernel[0] * self.kernel[1]
    }

    /// The height and width of the output, if the groups divide the channels and the input has `input` numbers or fewer.
    fn check(&self, input: usize) -> Result<[usize; 2], KernelError> {
        let size = self.output()?;
        let [from, to] = self.channels;
        equal(
            "the smallest number of groups",
            self.groups.max(1),
            self.groups,
        )?;
        for (what, channels) in [
            (
                "what is left of the input channels after whole groups",
                from,
            ),
            ("what is left of the output channels after whole groups", to),
        ] {
            equal(what, 0, channels % self.groups)?;
        }
        let [height, width] = self.input;
        let needed = product("the input", &[self.batch, from, height, width])?;
        long_enough("the input", needed, input)?;
        Ok(size)
    }
}

/// How many numbers of scratch memory [`conv2d`] needs, for all threads of `cpu` together.
pub fn workspace(cpu: Cpu<'_>, conv: &Conv2d) -> usize {
    if conv.groups == 0 {
        return 0;
    }
    cpu.pool()
        .threads()
        .saturating_mul(thread_memory(cpu, conv))
}

fn thread_memory(cpu: Cpu<'_>, conv: &Conv2d) -> usize {
    direct::memory(conv, columns_of_panel(cpu.isa())).unwrap_or_else(|| panel_size(cpu, conv))
}

fn panel_size(cpu: Cpu<'_>, conv: &Conv2d) -> usize {
    conv.depth()
        .saturating_mul(columns_of_panel(cpu.isa()))
        .next_multiple_of(16)
}

/// Computes the convolution (without turning the kernel around, as neural networks have it) of `input`,
/// `(batch, channels[0], height, width)`, with `weight`, `(channels[1], channels[0] / groups, kernel)`, into `out`,
/// `(batch, channels[1], output)`, all without gaps; then `bias`, one for each output channel, is added, and the result
/// goes through `then`, for which it is a matrix of `batch · channels[1]` rows and as many columns as an image has pixels.
/// Allocates nothing.
///
/// # Errors
/// If a slice is too short for the sizes, or `scratch` for [`workspace`]; if groups do not divide the channels; if a stride,
/// dilation or size of the kernel is 0.
///
/// ```
/// use lessons_compute::conv::{Conv2d, conv2d, workspace};
/// use lessons_compute::cpu::Cpu;
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
/// assert_eq!(conv.output()?, [2, 2]);
/// let (input, weight) = ([1.0, 2.0, 4.0, 0.0, 5.0, 5.0], [-1.0, 1.0]);
/// let mut out = [0.0; 4];
/// let mut scratch = vec![0.0; workspace(cpu, &conv)];
/// conv2d(cpu, &conv, &input, &weight, None, &[], &mut out, &mut scratch)?;
/// assert_eq!(out, [1.0, 2.0, 5.0, 0.0]);
/// # Ok::<(), lessons_compute::error::KernelError>(())
/// ```
#[allow(clippy::too_many_arguments)]
pub fn conv2d(
    cpu: Cpu<'_>,
    conv: &Conv2d,
    input: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    then: &[Then<'_>],
    out: &mut [f32],
    scratch: &mut [f32],
) -> Result<(), KernelError> {
    let [rows, columns] = conv.check(input.len())?;
    let [from, to] = conv.channels;
    let [down, right] = conv.kernel;
    let needed = product("the weights", &[to, from / conv.groups, down, right])?;
    long_enough("the weights", needed, weight.len())?;
    let needed = product("the output", &[conv.batch, to, rows, columns])?;
    long_enough("the output", needed, out.len())?;
    if let Some(bias) = bias {
        equal("the length of the bias", conv.channels[1], bias.len())?;
    }
    let pixels = rows * columns;
    Epilogue { bias: None, then }.check(conv.batch.saturating_mul(conv.channels[1]), pixels)?;
    long_enough("the scratch memory", workspace(cpu, conv), scratch.len())?;
    if conv.batch == 0 || conv.channels[1] == 0 || pixels == 0 {
        return Ok(());
    }
    let width = columns_of_panel(cpu.isa());
    // Panels reach over the ends of images, unless a step has to know which image it is at.
    let images = if local(then) { conv.batch } else { 1 };
    let panels = (images * pixels).div_ceil(width);
    let size = thread_memory(cpu, conv);
    let (out, scratch) = (SharedMut::new(out), SharedMut::new(scratch));
    let job = Job {
        isa: cpu.verified(),
        conv,
        input,
        weight,
        bias,
        then,
        out,
        output: [rows, columns],
        images,
    };
    // About as many multiplications as are worth a task.
    let grain = |pixels: usize| {
        let of_pixel = conv.depth().saturating_mul(conv.channels[1] / conv.groups);
        (1usize << 17).div_ceil(of_pixel.saturating_mul(pixels).max(1))
    };
    if direct::memory(conv, width).is_some() {
        let whole = conv.batch * conv.groups;
        // Few images are cut into parts, each with a copy of its own.
        let threads = cpu.pool().threads();
        let parts = if whole < 4 * threads { threads } else { 1 };
        let grain = grain(pixels.div_ceil(parts));
        cpu.pool()
            .for_ranges(whole * parts, grain, |range, worker| {
                // SAFETY: no two threads are the same worker at the same time, and `scratch` is borrowed until all have ended.
                let scratch = unsafe { scratch.part(worker * size, size) };
                for task in range {
                    let (of, part) = (task / parts, task % parts);
                    let at = [of / conv.groups, of % conv.groups];
                    run_image(cpu.verified(), &job, at, [part, parts], scratch);
                }
            });
        return Ok(());
    }
    let tasks = conv.batch / images * conv.groups * panels;
    cpu.pool().for_ranges(tasks, grain(width), |range, worker| {
        // SAFETY: no two threads are the same worker at the same time, and `scratch` is borrowed until all have ended.
        let scratch = unsafe { scratch.part(worker * size, size) };
        for task in range {
            let (part, panel) = (task / panels, task % panels);
            run(
                cpu.verified(),
                &job,
                part / conv.groups * images,
                part % conv.groups,
                panel * width,
                scratch,
            );
        }
    });
    Ok(())
}

/// Whether steps need nothing but the numbers themselves.
fn local(then: &[Then<'_>]) -> bool {
    let scalar = |operand: &Operand<'_>| matches!(operand, Operand::Scalar(_));
    then.iter().all(|then| match then {
        Then::Unary(_) => true,
        Then::Binary(_, operand) => scalar(operand),
        Then::Program(_, operands) => operands.iter().all(scalar),
    })
}

/// A checked convolution.
struct Job<'a> {
    isa: Verified,
    conv: &'a Conv2d,
    input: &'a [f32],
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
    then: &'a [Then<'a>],
    out: SharedMut,
    /// Rows and columns of the output.
    output: [usize; 2],
    /// Whose pixels are counted through.
    images: usize,
}

ladder! {
    fn run_image(job: &Job<'_>, at: [usize; 2], part: [usize; 2], scratch: &mut [f32]) = image_body;
    fn run(job: &Job<'_>, image: usize, group: usize, first: usize, panel: &mut [f32]) = run_body;
}

/// All output channels of a group at the pixels of one panel, from number `first` on, counted from an image on.
#[inline(always)]
fn run_body<S: Simd>(job: &Job<'_>, image: usize, group: usize, first: usize, panel: &mut [f32]) {
    let width = tile::VECTORS * S::LANES;
    let of_image = job.output[0] * job.output[1];
    let count = width.min(job.images * of_image - first);
    let pixels = Pixels::new(job.output, first, count);
    let [from, to] = job.conv.channels.map(|channels| channels / job.conv.groups);
    let depth = job.conv.depth();
    let plane = job.conv.input[0] * job.conv.input[1];
    let channel = image * job.conv.channels[0] + group * from;
    fill(
        job.conv,
        &pixels,
        &job.input[channel * plane..],
        panel,
        width,
    );
    let tiles = to.div_ceil(tile::max_rows::<S>());
    let mut start = [0.0; MAX_ROWS * MAX_COLUMNS];
    let (mut products, mut spare) = (Scratch::ZERO, Scratch::ZERO);
    for number in 0..tiles {
        let rows = tile::cut(to, tiles, number);
        let row = group * to + rows.start;
        if let Some(bias) = job.bias {
            for (start, &bias) in start
                .chunks_exact_mut(width)
                .zip(&bias[row..][..rows.len()])
            {
                start.fill(bias);
            }
        }
        let tile = Tile {
            depth,
            a: job.weight[row * depth..].as_ptr(),
            a_row: depth,
            b: panel.as_ptr(),
            b_step: width,
            start: start.as_ptr(),
            start_row: width,
            c: products.0.as_mut_ptr(),
            c_row: width,
            ahead: panel.as_ptr(),
            ahead_step: 0,
        };
        // SAFETY: this runs where `S` is there. The weights were checked: from `row` on there are the tile's rows. The panel
        // has `depth` rows of `width`, and `start` and `products` have room for the largest tile.
        unsafe { tile::run::<S>(rows.len(), &tile) };
        let place = Place {
            row: image * job.conv.channels[1] + row,
            rows: rows.len(),
            column: first,
            columns: pixels.count,
            width,
        };
        let done = apply(job.isa, job.then, place, &mut products, &mut spare);
        for (i, row_of) in done.0.chunks_exact(width).take(rows.len()).enumerate() {
            for run in pixels.by_image() {
                let channel = (image + run.image) * job.conv.channels[1] + row + i;
                let at = channel * of_image + run.y * job.output[1] + run.x;
                // SAFETY: each task has other images, groups or pixels, and the output is borrowed until all have ended.
                let to = unsafe { job.out.part(at, run.count) };
                copy(to, &row_of[run.at..][..run.count]);
            }
        }
    }
}
