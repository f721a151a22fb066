//! Into which blocks an output is cut.

use std::ops::Range;

use super::patch::Patch;
use super::{Conv2d, Pooled, columns_of_panel, strip};
use crate::cpu::Cpu;
use crate::gemm::tile::cut;

/// The most numbers of a patch: it stays in the second-level cache beside the weights.
const PATCH: usize = 1 << 16;

/// So many multiplications are worth a task of their own.
const GRAIN: usize = 1 << 17;

/// The blocks of an image in one group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blocks {
    /// Into how many its rows and its columns are cut.
    counts: [usize; 2],
    /// Into how many parts the panels of the weights are cut, for few images.
    parts: usize,
    panels: usize,
    output: [usize; 2],
    /// The patch of the largest block.
    pub patch: Patch,
    /// Numbers of memory for the sums of a strip.
    sums: usize,
}

/// One of them.
pub(super) struct Block {
    pub rows: Range<usize>,
    pub columns: Range<usize>,
    pub panels: Range<usize>,
}

impl Blocks {
    /// For an output that is not empty, and groups.
    pub fn new(cpu: Cpu<'_>, conv: &Conv2d, pool: &Pooled, output: [usize; 2]) -> Blocks {
        let panel = columns_of_panel(cpu.isa());
        let panels = (conv.channels[1] / conv.groups).div_ceil(panel);
        let [rows, columns] = output;
        let patch = |counts: [usize; 2]| {
            let size = [rows.div_ceil(counts[0]), columns.div_ceil(counts[1])];
            Patch::new(conv, [0, 1].map(|axis| pool.covers(axis, size[axis])))
        };
        let mut counts = [1, 1];
        let narrow = columns.div_ceil(strip::windows(cpu.isa(), pool));
        while patch([rows, counts[1]]).len() > PATCH && counts[1] < narrow {
            counts[1] = narrow.min(counts[1] * 2);
        }
        while patch(counts).len() > PATCH && counts[0] < rows {
            counts[0] = rows.min(counts[0] * 2);
        }
        let mut parts = 1;
        let (threads, images) = (cpu.pool().threads(), conv.batch * conv.groups);
        if images * counts[0] * counts[1] < 4 * threads {
            // In which division the thread with the most to do has the least: of copies, which take about as long as eight
            // numbers for each multiplication of a vector, and of sums.
            let time = |counts: [usize; 2], parts: usize| {
                let tasks = images * counts[0] * counts[1] * parts;
                let size = [rows.div_ceil(counts[0]), columns.div_ceil(counts[1])];
                let sums = pool
                    .covers(0, size[0])
                    .saturating_mul(pool.covers(1, size[1]));
                let sums = sums.saturating_mul(conv.depth() * panels.div_ceil(parts));
                sums.saturating_add(patch(counts).len() / 8)
                    .saturating_mul(tasks.div_ceil(threads))
            };
            let bands = (1..=2 * threads).map(|times| rows.min(counts[0] * times));
            let choices =
                bands.flat_map(|bands| (1..=panels.min(threads)).map(move |n| (bands, n)));
            let best = choices.min_by_key(|&(bands, parts)| time([bands, counts[1]], parts));
            (counts[0], parts) = best.unwrap_or((counts[0], 1));
        }
        Blocks {
            counts,
            parts,
            panels,
            output,
            patch: patch(counts),
            sums: strip::memory(panel, pool),
        }
    }

    pub fn count(&self) -> usize {
        self.counts[0] * self.counts[1] * self.parts
    }

    pub fn get(&self, number: usize) -> Block {
        let (place, part) = (number / self.parts, number % self.parts);
        let [bands, columns] = self.counts;
        Block {
            rows: cut(self.output[0], bands, place / columns),
            columns: cut(self.output[1], columns, place % columns),
            panels: cut(self.panels, self.parts, part),
        }
    }

    /// Numbers of scratch memory for a thread; a few more, to begin where a cache line does.
    pub fn memory(&self) -> usize {
        let patch = self.patch.len().next_multiple_of(16);
        patch.saturating_add(self.sums + 32)
    }

    /// How many tasks are worth waking a thread.
    pub fn grain(&self, conv: &Conv2d) -> usize {
        let pixels = (self.output[0] * self.output[1]).div_ceil(self.count());
        let of_pixel = conv.depth().saturating_mul(conv.channels[1] / conv.groups);
        GRAIN.div_ceil(of_pixel.saturating_mul(pixels).max(1))
    }
}
