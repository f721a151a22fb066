//! The fast path: block by block over registers in the L1 cache, in parallel where the output is large.

use std::cell::Cell;

use super::chain::{Link, MAX_LINKS, chain};
use super::error::RunError;
use super::kernel::{self, Values};
use super::layout::{Access, BLOCK, Layout, check};
use super::program::{Program, UnaryOp, View};
use super::schedule::{Operation, Source};
use crate::cpu::Cpu;
use crate::isa::{Isa, Verified};
use crate::pool::{Pool, SharedMut};
use crate::simd::fence;

/// Outputs at least this long are cut up for the thread pool.
const PARALLEL: usize = 1 << 16;

/// What one task of the thread pool computes.
const TASK: usize = 1 << 15;

/// Outputs at least this long lie beyond the caches: they are written past them, and while a block is computed, the next
/// one's inputs are asked for.
const LARGE: usize = 1 << 22;

/// A register: the values of one block.
#[derive(Clone)]
#[repr(align(64))]
struct Block([f32; BLOCK]);

/// What one thread needs to run blocks; kept from run to run.
#[derive(Default)]
struct Scratch {
    /// The registers of the schedule, then one for each input that may have to be gathered.
    blocks: Vec<Block>,
    index: Vec<usize>,
    offsets: Vec<usize>,
}

impl Scratch {
    /// Makes it large enough.
    fn grow(&mut self, blocks: usize, axes: usize, inputs: usize) {
        if self.blocks.len() < blocks {
            self.blocks.resize(blocks, Block([0.0; BLOCK]));
        }
        self.index.resize(axes, 0);
        self.offsets.resize(inputs, 0);
    }
}

// Taken out while in use and put back afterwards: a thread that waits for others inside a run may be given another run.
thread_local! {
    static LAYOUT: Cell<Layout> = Cell::default();
    /// One for each thread that may take part in a run that this thread begins: made by this thread, so that none makes its
    /// own in a later run because it came late to the first.
    static SCRATCH: Cell<Vec<Scratch>> = Cell::default();
}

impl Program {
    /// Computes the program over `shape` into `out`, which is contiguous in row-major order, on the threads of the pool that
    /// everything shares.
    ///
    /// # Errors
    /// If this machine lacks `isa`; if the inputs are not as many as the program's, have not one stride per axis, or would
    /// be read out of bounds; if `out` has another length than `shape`. Nothing is written then.
    pub fn run(
        &self,
        isa: Isa,
        shape: &[usize],
        inputs: &[View<'_>],
        out: &mut [f32],
    ) -> Result<(), RunError> {
        let cpu = Cpu::new(isa, Pool::global()).ok_or(RunError::MissingIsa(isa))?;
        self.run_on(cpu, shape, inputs, out)
    }

    /// As [`run`](Program::run), on the given threads. Allocates nothing once the calling thread has run a program as large.
    ///
    /// # Errors
    /// As [`run`](Program::run).
    pub fn run_on(
        &self,
        cpu: Cpu<'_>,
        shape: &[usize],
        inputs: &[View<'_>],
        out: &mut [f32],
    ) -> Result<(), RunError> {
        self.run_over(cpu, shape, inputs, None, out)
    }

    /// As [`run_on`](Program::run_on), where `out` is the input number `at` as well: each of its numbers is read before it is
    /// overwritten. That input has the strides of `out`, and its data is not looked at.
    ///
    /// ```
    /// use lessons_compute::cpu::Cpu;
    /// use lessons_compute::elementwise::{BinaryOp, Operand, Program, Step, View};
    ///
    /// let add = Step::Binary(BinaryOp::Add, Operand::Input(0), Operand::Input(1));
    /// let program = Program::new(2, vec![add])?;
    /// let x = View { data: &[10.0, 20.0], strides: &[1] };
    /// let overwritten = View { data: &[], strides: &[1] };
    /// let mut sum = [1.0, 2.0];
    /// program.run_in_place(Cpu::best(), &[2], &[x, overwritten], 1, &mut sum)?;
    /// assert_eq!(sum, [11.0, 22.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`run`](Program::run), and if that input has other strides.
    pub fn run_in_place(
        &self,
        cpu: Cpu<'_>,
        shape: &[usize],
        inputs: &[View<'_>],
        at: usize,
        out: &mut [f32],
    ) -> Result<(), RunError> {
        self.run_over(cpu, shape, inputs, Some(at), out)
    }

    fn run_over(
        &self,
        cpu: Cpu<'_>,
        shape: &[usize],
        inputs: &[View<'_>],
        in_place: Option<usize>,
        out: &mut [f32],
    ) -> Result<(), RunError> {
        self.check_run(shape, inputs, in_place, out)?;
        if out.is_empty() {
            return Ok(());
        }
        let mut layout = LAYOUT.take();
        layout.set(shape, inputs, in_place);
        let isa = cpu.verified();
        let mut scratch = SCRATCH.take();
        let threads = match out.len() < PARALLEL {
            true => 1,
            false => cpu.pool().threads(),
        };
        if scratch.len() < threads {
            scratch.resize_with(threads, Scratch::default);
        }
        let blocks = self.schedule.registers + if layout.copies() { inputs.len() } else { 0 };
        for scratch in &mut scratch[..threads] {
            scratch.grow(blocks, layout.shape.len(), inputs.len());
        }
        if threads == 1 {
            self.run_range(isa, &layout, inputs, 0, &mut scratch[0], out);
        } else {
            let len = out.len();
            let (out, shared) = (SharedMut::new(out), SharedMut::new(&mut scratch[..threads]));
            cpu.pool().for_ranges(len, TASK, |range, worker| {
                // SAFETY: ranges do not overlap, and `out` is borrowed until all have ended.
                let part = unsafe { out.part(range.start, range.len()) };
                if worker < threads {
                    // SAFETY: a worker's number is that of one thread at a time.
                    let scratch = unsafe { &mut shared.part(worker, 1)[0] };
                    self.run_range(isa, &layout, inputs, range.start, scratch, part);
                } else {
                    // The pool has grown since it was asked.
                    let mut own = Scratch::default();
                    own.grow(blocks, layout.shape.len(), inputs.len());
                    self.run_range(isa, &layout, inputs, range.start, &mut own, part);
                }
            });
        }
        SCRATCH.set(scratch);
        LAYOUT.set(layout);
        Ok(())
    }

    pub(super) fn check_run(
        &self,
        shape: &[usize],
        inputs: &[View<'_>],
        in_place: Option<usize>,
        out: &[f32],
    ) -> Result<(), RunError> {
        if inputs.len() != self.inputs() {
            return Err(RunError::InputCount {
                expected: self.inputs(),
                given: inputs.len(),
            });
        }
        check(shape, inputs, in_place, out.len())?;
        Ok(())
    }

    /// Computes one block of at most [`BLOCK`] elements from inputs that are laid out as it is.
    pub(crate) fn run_block_of(&self, isa: Verified, inputs: &[Values<'_>], out: &mut [f32]) {
        let mut scratch = SCRATCH.take();
        if scratch.is_empty() {
            scratch.push(Scratch::default());
        }
        scratch[0].grow(self.schedule.registers, 0, 0);
        let registers = &mut scratch[0].blocks[..self.schedule.registers];
        self.run_block(isa, |input| inputs[input], registers, out, false);
        SCRATCH.set(scratch);
    }

    /// Computes the elements of the output from `start` on.
    fn run_range(
        &self,
        isa: Verified,
        layout: &Layout,
        inputs: &[View<'_>],
        start: usize,
        scratch: &mut Scratch,
        out: &mut [f32],
    ) {
        let registers = self.schedule.registers;
        let gathers = layout.copies();
        let (registers, gathered) = scratch.blocks.split_at_mut(registers);
        let mut done = 0;
        let mut longest = to_alignment(out);
        let large = layout.shape.iter().product::<usize>() >= LARGE;
        while done < out.len() {
            let length = layout
                .block(start + done)
                .min(out.len() - done)
                .min(longest);
            longest = BLOCK;
            layout.locate(start + done, &mut scratch.index, &mut scratch.offsets);
            if gathers {
                for (input, view) in inputs.iter().enumerate() {
                    if layout.access[input] == Access::Overwritten {
                        gathered[input].0[..length].copy_from_slice(&out[done..][..length]);
                    }
                    if layout.access[input] == Access::Gathered {
                        let to = &mut gathered[input].0[..length];
                        let offset = scratch.offsets[input];
                        layout.gather(input, view.data, offset, &mut scratch.index, to);
                        layout.locate(start + done, &mut scratch.index, &mut scratch.offsets);
                    }
                }
            }
            let block = BlockInputs {
                layout,
                inputs,
                offsets: &scratch.offsets,
                gathered,
                length,
            };
            let block_out = &mut out[done..][..length];
            if large {
                block.prefetch_next();
            }
            self.run_block(
                isa,
                |input| block.values(input),
                registers,
                block_out,
                large,
            );
            done += length;
        }
        if large {
            fence();
        }
    }

    fn run_block<'a>(
        &self,
        isa: Verified,
        inputs: impl Fn(usize) -> Values<'a>,
        registers: &mut [Block],
        out: &mut [f32],
        stream: bool,
    ) {
        for instruction in &self.schedule.instructions {
            let length = out.len();
            let (to, before, after) = match instruction.to {
                Some(register) => {
                    let (before, rest) = registers.split_at_mut(register);
                    let (to, after) = rest.split_at_mut(1);
                    (&mut to[0].0[..length], &*before, &*after)
                }
                None => (&mut *out, &*registers, &[][..]),
            };
            let values = |source| match source {
                Source::Scalar(value) => Values::Scalar(value),
                Source::Input(input) => inputs(input),
                Source::Register(register) => {
                    let block = match register.checked_sub(before.len() + 1) {
                        Some(behind) => &after[behind],
                        None => &before[register],
                    };
                    Values::Slice(&block.0[..length])
                }
            };
            match instruction.operation {
                Operation::Unary(op, a) => kernel::unary(isa, op, to, values(a)),
                Operation::Binary(op, a, b) => kernel::binary(isa, op, to, values(a), values(b)),
                Operation::Select(mask, a, b) => {
                    kernel::select(isa, to, values(mask), values(a), values(b));
                }
                Operation::Chain(first, ref links) => {
                    let mut resolved = [Link::Unary(UnaryOp::Neg); MAX_LINKS];
                    for (to, link) in resolved.iter_mut().zip(links) {
                        *to = link.map(values);
                    }
                    let stream = stream && instruction.to.is_none();
                    chain(isa, to, values(first), &resolved[..links.len()], stream);
                }
            }
        }
    }
}

/// How long the first block is if those after it begin where a cache line does: a vector that spans two lines is slow to write.
fn to_alignment(out: &[f32]) -> usize {
    match out.as_ptr().align_offset(64) {
        0 => BLOCK,
        _ if out.len() < 16 * BLOCK => BLOCK,
        head => BLOCK.min(head),
    }
}

/// The inputs of one block.
struct BlockInputs<'a> {
    layout: &'a Layout,
    inputs: &'a [View<'a>],
    offsets: &'a [usize],
    gathered: &'a [Block],
    length: usize,
}

/// Asks for the cache lines of `data` before they are needed.
#[inline(always)]
fn prefetch(data: &[f32]) {
    #[cfg(target_arch = "x86_64")]
    for line in data.chunks(16) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch of any address is allowed, and this one is inside a slice.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = data;
}

impl BlockInputs<'_> {
    fn prefetch_next(&self) {
        for ((view, &offset), access) in self
            .inputs
            .iter()
            .zip(self.offsets)
            .zip(&self.layout.access)
        {
            if *access == Access::Contiguous {
                let behind = &view.data[offset + self.length..];
                prefetch(&behind[..behind.len().min(self.length)]);
            }
        }
    }

    fn values(&self, input: usize) -> Values<'_> {
        let (data, offset) = (self.inputs[input].data, self.offsets[input]);
        match self.layout.access[input] {
            Access::Contiguous => Values::Slice(&data[offset..][..self.length]),
            Access::Repeated => Values::Scalar(data[offset]),
            Access::Gathered | Access::Overwritten => {
                Values::Slice(&self.gathered[input].0[..self.length])
            }
        }
    }
}
