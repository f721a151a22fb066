//! Convolutions and pools.

use std::sync::Arc;

use lessons_compute::conv::{self, Pooled};
use lessons_compute::pooling::Pooling;

use super::{Operands, ending};
use crate::engine::cpu::load::Packed;
use crate::engine::cpu::task::{Convolve, Task};
use crate::graph::DType;
use crate::graph::ops::{Conv2d, Pool2d, PoolKind, Window};

/// A convolution, whose weight is not among the operands if it was packed.
pub fn conv2d(
    op: &Conv2d,
    operands: &mut Operands<'_>,
    shape: &[usize],
    packed: Option<&Packed>,
) -> Option<Task> {
    if operands
        .layouts
        .iter()
        .any(|(_, dtype)| *dtype != DType::F32)
    {
        return None;
    }
    operands.dense(0);
    let (filter, next) = match packed {
        Some(Packed::Filter(filter)) => (Some(Arc::clone(filter)), 1),
        _ => {
            operands.dense(1);
            (None, 2)
        }
    };
    let sizes = sizes(&op.window, operands.shape(0)?, shape[1], op.groups)?;
    let [rows, columns] = sizes.output().ok()?;
    let images = sizes.batch * sizes.channels[1];
    Some(Task::Convolve(Convolve {
        sizes,
        filter,
        pool: op.pool.map(|pool| Pooled {
            kind: pooling(pool.kind),
            kernel: pool.window.kernel,
            stride: pool.window.stride,
        }),
        ending: ending(&op.epilogue, operands, next, [images, rows * columns])?,
    }))
}

pub fn pool2d(op: &Pool2d, operands: &mut Operands<'_>) -> Option<Task> {
    operands.dense(0);
    let channels = *operands.shape(0)?.get(1)?;
    Some(Task::Pool {
        kind: pooling(op.kind),
        sizes: sizes(&op.window, operands.shape(0)?, channels, channels)?,
    })
}

fn pooling(kind: PoolKind) -> Pooling {
    match kind {
        PoolKind::Max => Pooling::Max,
        PoolKind::Mean => Pooling::Mean,
        PoolKind::MeanInside => Pooling::MeanInside,
    }
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
