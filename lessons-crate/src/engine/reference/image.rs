//! Convolutions and pools of images: place after place of the window, what lies there for each of
//! its positions.

use candle_core::Tensor;

use super::{elementwise, matmul};
use crate::engine::error::RunError;
use crate::graph::ops::{Binary, Conv2d, Pool2d, PoolKind, Window};

type Run = Result<Tensor, RunError>;

/// For each place of the window, one matrix product with the weights of that place.
pub fn conv2d(op: &Conv2d, inputs: &[&Tensor], shape: &[usize]) -> Run {
    let (x, weight) = (inputs[0], inputs[1]);
    let (batch, outputs, ..) = four(shape)?;
    let (_, channels, height, width) = weight.dims4()?;
    let (_, _, image_height, image_width) = x.dims4()?;
    let [rows, columns] = positions(&op.window, [image_height, image_width]);
    let groups = op.groups;
    let sizes = [batch, groups, outputs / groups, rows * columns];
    let mut sum = Tensor::zeros(sizes.as_slice(), x.dtype(), x.device())?;
    // Where there are no numbers there is nothing to sum.
    if sum.elem_count() > 0 && channels > 0 {
        let x = padded(x, &op.window, 0.0)?;
        for (i, j) in (0..height).flat_map(|i| (0..width).map(move |j| (i, j))) {
            let covered = at_place(&x, &op.window, [i, j], [rows, columns])?;
            let covered = covered.reshape((batch, groups, channels, rows * columns))?;
            let weight = weight.narrow(2, i, 1)?.narrow(3, j, 1)?;
            let weight = weight.reshape((1, groups, outputs / groups, channels))?;
            sum = (sum + matmul::matmul(&weight, &covered, &sizes)?)?;
        }
    }
    let sum = sum.reshape((batch, outputs, rows, columns))?;
    let y = matmul::epilogue(&op.epilogue, sum, &inputs[2..])?;
    match op.pool {
        Some(pool) => pool2d(&pool, &y, shape),
        None => Ok(y),
    }
}

/// How often a window of a checked op fits into images, down and to the right.
fn positions(window: &Window, size: [usize; 2]) -> [usize; 2] {
    [0, 1].map(|axis| {
        let padded = size[axis] + window.padding[0][axis] + window.padding[1][axis];
        let reach = (window.kernel[axis] - 1) * window.dilation[axis] + 1;
        (padded + window.stride[axis] - reach) / window.stride[axis]
    })
}

pub fn pool2d(op: &Pool2d, x: &Tensor, shape: &[usize]) -> Run {
    let outside = match op.kind {
        PoolKind::Max => f64::NEG_INFINITY,
        PoolKind::Mean | PoolKind::MeanInside => 0.0,
    };
    let join = match op.kind {
        PoolKind::Max => Binary::Max,
        PoolKind::Mean | PoolKind::MeanInside => Binary::Add,
    };
    let joined = joined(join, outside, x, &op.window, shape)?;
    match op.kind {
        PoolKind::Max => Ok(joined),
        PoolKind::Mean => Ok((joined / op.window.area() as f64)?),
        PoolKind::MeanInside => {
            let counts = self::joined(join, 0.0, &x.ones_like()?, &op.window, shape)?;
            elementwise::binary(Binary::Div, &joined, &counts)
        }
    }
}

/// What the window covers, joined place by place.
fn joined(join: Binary, outside: f64, x: &Tensor, window: &Window, shape: &[usize]) -> Run {
    let (_, _, rows, columns) = four(shape)?;
    let mut all = filled(outside, shape, x)?;
    if all.elem_count() > 0 {
        let x = padded(x, window, outside)?;
        let [height, width] = window.kernel;
        for (i, j) in (0..height).flat_map(|i| (0..width).map(move |j| (i, j))) {
            let covered = at_place(&x, window, [i, j], [rows, columns])?;
            all = elementwise::binary(join, &all, &covered)?;
        }
    }
    Ok(all)
}

/// What lies at one place of the window for each of its positions, in images with their padding.
fn at_place(x: &Tensor, window: &Window, place: [usize; 2], positions: [usize; 2]) -> Run {
    let mut x = x.clone();
    for axis in 0..2 {
        let first = place[axis] * window.dilation[axis];
        let numbers = (0..positions[axis]).map(|at| (first + at * window.stride[axis]) as u32);
        let numbers = Tensor::from_vec(numbers.collect(), positions[axis], x.device())?;
        x = x.index_select(&numbers, axis + 2)?;
    }
    Ok(x)
}

/// Images with a number around them.
fn padded(x: &Tensor, window: &Window, with: f64) -> Run {
    let mut x = x.contiguous()?;
    for axis in 0..2 {
        let around = |size: usize| {
            let mut dims = x.dims().to_vec();
            dims[axis + 2] = size;
            filled(with, &dims, &x)
        };
        let [before, after] = window.padding.map(|padding| padding[axis]);
        let parts = [around(before)?, x.clone(), around(after)?];
        let parts: Vec<&Tensor> = parts.iter().filter(|part| part.elem_count() > 0).collect();
        x = Tensor::cat(&parts, axis + 2)?;
    }
    Ok(x.contiguous()?)
}

fn filled(with: f64, shape: &[usize], like: &Tensor) -> Run {
    let number = Tensor::full(with as f32, shape, like.device())?;
    Ok(number.to_dtype(like.dtype())?)
}

fn four(shape: &[usize]) -> Result<(usize, usize, usize, usize), RunError> {
    match *shape {
        [batch, channels, rows, columns] => Ok((batch, channels, rows, columns)),
        _ => Err(RunError::new("images have 4 axes")),
    }
}
