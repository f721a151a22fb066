//! Weights of a convolution in the order in which the products read them.

use super::Conv2d;
use super::tile::CHANNELS;
use crate::buffer::Buffer;
use crate::cpu::Cpu;
use crate::error::{KernelError, equal, long_enough, product};
use crate::gemm::packed::columns_of_panel;
use crate::isa::Isa;
use crate::pool::SharedMut;

/// The widest kernel: the places of its columns are kept side by side.
pub(super) const MAX_WIDTH: usize = 32;

/// The weights of a convolution, cut into panels of output channels of one group, each filled up with zeros. Made for one
/// instruction set.
#[derive(Clone, Debug)]
pub struct PackedFilter {
    isa: Isa,
    /// Output channels of a panel.
    width: usize,
    /// Panel after panel, group after group; in each, one row for each step of the sums.
    data: Buffer,
    /// Output channels, and input channels of a group; height and width of the kernel.
    shape: [usize; 4],
    groups: usize,
}

impl PackedFilter {
    /// Whether [`conv2d_packed`](super::conv2d_packed) is the faster one for a weight of this shape, as for
    /// [`new`](PackedFilter::new): the output channels of a group fill its vectors well, and the kernel is not too wide for it.
    pub fn suits(isa: Isa, [to, _, _, width]: [usize; 4], groups: usize) -> bool {
        let lanes = columns_of_panel(isa) / 2;
        let to = to.checked_div(groups).unwrap_or(0);
        let filled = to.next_multiple_of(lanes);
        to > 0 && 3 * to >= 2 * filled && (1..=MAX_WIDTH).contains(&width)
    }

    /// Packs `weight` of `shape`, `(output channels, input channels of a group, height, width)`.
    ///
    /// # Errors
    /// If `weight` is too short, the groups do not divide the output channels, or the kernel is wider than 32.
    pub fn new(
        cpu: Cpu<'_>,
        weight: &[f32],
        shape: [usize; 4],
        groups: usize,
    ) -> Result<PackedFilter, KernelError> {
        let [to, from, height, width] = shape;
        equal("the smallest number of groups", groups.max(1), groups)?;
        let rest = "what is left of the output channels after whole groups";
        equal(rest, 0, to % groups)?;
        equal("the width of the kernel", width.min(MAX_WIDTH), width)?;
        long_enough("the weights", product("the weights", &shape)?, weight.len())?;
        let (width, depth) = (columns_of_panel(cpu.isa()), from * height * width);
        let panels = (to / groups).div_ceil(width);
        let len = product("the weights", &[groups, panels, depth, width])?;
        let mut data = Buffer::zeros(len);
        let all = SharedMut::new(&mut data);
        // Without input channels there are no weights.
        let panels_of_all = if depth == 0 { 0 } else { groups * panels };
        cpu.pool().for_each(panels_of_all, |task, _| {
            let (group, panel) = (task / panels, task % panels);
            // SAFETY: each task writes another panel of the buffer, which is borrowed until all have ended.
            let panel_data = unsafe { all.part(task * depth * width, depth * width) };
            let channels = panel * width..(to / groups).min((panel + 1) * width);
            for (lane, channel) in channels.enumerate() {
                let weight = &weight[(group * (to / groups) + channel) * depth..][..depth];
                write_channel(weight, from, &mut panel_data[lane..], width);
            }
        });
        Ok(PackedFilter {
            isa: cpu.isa(),
            width,
            data,
            shape,
            groups,
        })
    }

    /// The memory that it takes, in bytes.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.data)
    }

    /// Output channels, and input channels of a group; height and width of the kernel.
    pub fn shape(&self) -> [usize; 4] {
        self.shape
    }

    pub(super) fn check(&self, cpu: Cpu<'_>, conv: &Conv2d) -> Result<(), KernelError> {
        let panel = columns_of_panel(cpu.isa());
        equal("the width of the panels of the weights", panel, self.width)?;
        equal(
            "the number of groups of the weights",
            conv.groups,
            self.groups,
        )?;
        let [from, to] = conv.channels;
        let [height, width] = conv.kernel;
        let expected = [to, from / conv.groups, height, width];
        let named = [
            "the output channels of the weights",
            "the input channels of the weights",
            "the height of the weights",
            "the width of the weights",
        ];
        for ((what, expected), given) in named.into_iter().zip(expected).zip(self.shape) {
            equal(what, expected, given)?;
        }
        Ok(())
    }

    /// The instruction set that it is made for.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// The weights of a panel of a group: for each step of the sums, one number for each channel of the panel.
    pub(super) fn panel(&self, group: usize, panel: usize) -> &[f32] {
        let [to, from, height, width] = self.shape;
        let size = self.width * from * height * width;
        let of_group = (to / self.groups).div_ceil(self.width);
        &self.data[(group * of_group + panel) * size..][..size]
    }
}

/// Writes the weights of an output channel, `(channels, places)`, in the order of the sums: some channels, place after place,
/// then the next ones. One number in each row of `width`.
fn write_channel(weight: &[f32], channels: usize, to: &mut [f32], width: usize) {
    let Some(places) = weight.len().checked_div(channels) else {
        return;
    };
    let mut rows = to.chunks_mut(width);
    for first in (0..channels).step_by(CHANNELS) {
        let block = first..channels.min(first + CHANNELS);
        for place in 0..places {
            for (channel, row) in block.clone().zip(&mut rows) {
                row[0] = weight[channel * places + place];
            }
        }
    }
}
