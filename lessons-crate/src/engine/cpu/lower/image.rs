//! Convolutions and pools.

use lessons_compute::conv;
use lessons_compute::pooling::Pooling;

use super::{Operands, ending};
use crate::engine::cpu::task::{Convolve, Task};
use crate::graph::ops::{Conv2d, Pool2d, PoolKind, Window};

pub fn conv2d(op: &Conv2d, operands: &mut Operands<'_>, shape: &[usize]) -> Option<Task> {
    operands.dense(0);
    operands.dense(1);
    let sizes = sizes(&op.window, operands.shape(0)?, shape[1], op.groups)?;
    let [rows, columns] = [*shape.get(2)?, *shape.get(3)?];
    let images = sizes.batch * sizes.channels[1];
    Some(Task::Convolve(Convolve {
        sizes,
        ending: ending(&op.epilogue, operands, 2, [images, rows * columns])?,
    }))
}

pub fn pool2d(op: &Pool2d, operands: &mut Operands<'_>) -> Option<Task> {
    operands.dense(0);
    let channels = *operands.shape(0)?.get(1)?;
    Some(Task::Pool {
        kind: match op.kind {
            PoolKind::Max => Pooling::Max,
            PoolKind::Mean => Pooling::Mean,
            PoolKind::MeanInside => Pooling::MeanInside,
        },
        sizes: sizes(&op.window, operands.shape(0)?, channels, channels)?,
    })
}

/// A window over images of a shape, as the kernels have it.
fn sizes(window: &Window, images: &[usize], to: usize, groups: usize) -> Option<conv::Conv2d> {
    let [batch, from, height, width] = *images else {
        return None;
    };
    Some(conv::Conv2d {
        batch,
        channels: [from, to],
        groups,
        input: [height, width],
        kernel: window.kernel,
        stride: window.stride,
        dilation: window.dilation,
        padding: window.padding,
    })
}
