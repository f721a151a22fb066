//! Which kernel runs a node.

mod elements;
mod image;
mod index;
mod lines;
mod operands;
mod program;

use std::sync::Arc;

use lessons_compute::norm::NormKind;
use lessons_compute::random;
use lessons_compute::reduce::Reduce;
use lessons_compute::walk::Walk;

use super::layout::Layout;
use super::load::Packed;
use super::task::{Attend, Call, Ending, EndingStep, Gemm, MAX_READS, Normalize, Right, Task};
use crate::graph::ops::{
    Attention, Distribution, Epilogue, EpilogueStep, Heads, MAX_STEPS, Op, ReduceKind,
};
use crate::graph::{DType, Node, axis_of_rank};
use elements::is_wide;
use operands::Operands;
use program::unary;

pub use elements::has_kernel as elements_have_kernel;
pub use index::has_kernel as index_has_kernel;
pub use lines::has_kernel as lines_have_kernel;
pub use program::program;

/// A kernel for a node.
pub struct Lowered {
    pub task: Task,
    /// Which operands the task reads, in its order.
    pub reads: Vec<usize>,
    /// Which of these it wants copied first, since it cannot read them as they lie.
    pub copies: Vec<bool>,
}

/// The kernel for a node with operands that lie like this; [`Task::Reference`] if there is none.
/// `packed` is the node's second operand where that was packed when the model was loaded; it is not
/// among `layouts` then. `slot` is a place in the workspace that no other step uses.
pub fn lower(
    node: &Node,
    layouts: Vec<(&Layout, DType)>,
    shape: &[usize],
    packed: Option<&Packed>,
    slot: usize,
) -> Lowered {
    let count = layouts.len();
    let ours = count <= MAX_READS;
    let mut operands = Operands {
        copies: vec![false; count],
        layouts,
    };
    let mut reads: Vec<usize> = (0..count).collect();
    let task = if !ours {
        None
    } else {
        match (&node.op, packed) {
            (_, Some(Packed::Matrix(weight))) => {
                let right = Right::Loaded(Arc::clone(weight));
                gemm(node, &mut operands, shape, weight.rows(), right)
            }
            (Op::Conv2d(op), _) => image::conv2d(op, &mut operands, shape, packed),
            (Op::MatMul(_) | Op::Linear(_), _) if node.ty.dtype == DType::F32 => {
                reads.retain(|at| *at != 1);
                reads.push(1);
                product(node, &mut operands, shape, slot)
            }
            _ => task(node, &mut operands, shape),
        }
    };
    if task.is_none() {
        reads = (0..count).collect();
        operands.copies.fill(false);
    }
    Lowered {
        task: task.unwrap_or(match node.op.bodies().is_empty() {
            true => Task::Reference,
            false => Task::Control,
        }),
        copies: reads.iter().map(|at| operands.copies[*at]).collect(),
        reads,
    }
}

fn task(node: &Node, operands: &mut Operands<'_>, shape: &[usize]) -> Option<Task> {
    let dtypes = operands.dtypes();
    let first = dtypes.first().copied().unwrap_or(DType::F32);
    let floats = node.ty.dtype == DType::F32 && dtypes.iter().all(|dtype| *dtype == DType::F32);
    match &node.op {
        op if floats && program(op).is_some() => Some(Task::Elementwise {
            program: program(op)?,
            shape: shape.to_vec(),
            over: None,
            strides: operands
                .layouts
                .iter()
                .map(|(layout, _)| layout.broadcast(shape).strides)
                .collect(),
        }),
        op if elements::has_kernel(op, &dtypes) => {
            Some(Task::Elements(elements::elements(op, operands, shape)?))
        }
        op if lines::has_kernel(op, first) => Some(Task::Lines(lines::lines(op, operands, shape)?)),
        op if index::has_kernel(op, first) => Some(Task::Indexed(index::indexed(op, operands)?)),
        Op::Reshape(_) => copy(operands.layouts.first()?.0),
        Op::Concat(op) => {
            let axis = axis_of_rank(shape.len(), op.axis)?;
            let inner: usize = shape[axis + 1..].iter().product();
            (0..operands.layouts.len()).for_each(|at| operands.dense(at));
            Some(Task::Concat {
                outer: shape[..axis].iter().product(),
                sizes: operands
                    .layouts
                    .iter()
                    .map(|(layout, _)| layout.shape[axis] * inner)
                    .collect(),
            })
        }
        Op::Pool2d(op) if floats => image::pool2d(op, operands),
        Op::Attention(op) if floats => attention(op, operands, shape),
        Op::LayerNorm(op) if floats => {
            let weights = if op.affine { 2 } else { 0 };
            normalize(operands, shape, NormKind::Layer, weights, op.epsilon)
        }
        Op::RmsNorm(op) if floats => normalize(operands, shape, NormKind::Rms, 1, op.epsilon),
        Op::AddLayerNorm(op) if floats => {
            normalize(operands, shape, NormKind::Layer, 2, op.epsilon)
        }
        // Other axes are brought to the end before.
        Op::Softmax(_) if floats => {
            let (columns, outer) = shape.split_last()?;
            let rows = outer.iter().product();
            Some(Task::Softmax(operands.rows(0, rows, *columns)?))
        }
        Op::Reduce(op) if floats => {
            let kind = match op.kind {
                ReduceKind::Sum => Reduce::Sum,
                ReduceKind::Mean => Reduce::Mean,
                ReduceKind::Max => Reduce::Max,
                ReduceKind::Min => Reduce::Min,
                ReduceKind::Prod => Reduce::Product,
                ReduceKind::ArgMax | ReduceKind::ArgMin => return None,
            };
            operands.dense(0);
            let from = operands.shape(0)?;
            let axis = axis_of_rank(from.len(), op.axis)?;
            // Where nothing has no result, the reference says so.
            let defined = from[axis] > 0 || op.kind.of_nothing().is_some();
            defined.then(|| Task::Reduce {
                kind,
                sizes: [
                    from[..axis].iter().product(),
                    from[axis],
                    from[axis + 1..].iter().product(),
                ],
            })
        }
        Op::Range(_) => Some(Task::Range),
        Op::Random(op) => Some(Task::Random {
            distribution: match op.distribution {
                Distribution::Uniform => random::Distribution::Uniform,
                Distribution::Normal => random::Distribution::Normal,
            },
            seed: op.seed,
        }),
        Op::Custom(op) if custom_has_kernel(node.ty.dtype, &dtypes) => {
            (0..dtypes.len()).for_each(|at| operands.dense(at));
            let shapes = operands
                .layouts
                .iter()
                .map(|(layout, _)| layout.shape.clone());
            Some(Task::Custom(Call {
                op: op.clone(),
                inputs: shapes.collect(),
                shape: shape.to_vec(),
            }))
        }
        _ => None,
    }
}

/// Whether a closure is called without candle: its numbers are `f64`, from and to any dtype but the floats of 16 bits.
pub fn custom_has_kernel(result: DType, operands: &[DType]) -> bool {
    operands.len() <= MAX_READS && is_wide(result) && operands.iter().all(|dtype| is_wide(*dtype))
}

/// A view written in row-major order.
pub fn copy(view: &Layout) -> Option<Task> {
    Some(Task::Copy(Walk::new(&view.shape, [&view.strides]).ok()?))
}

/// A normalization whose last operands are `weights` vectors: the scale, then the shift.
fn normalize(
    operands: &mut Operands<'_>,
    shape: &[usize],
    kind: NormKind,
    weights: usize,
    epsilon: f64,
) -> Option<Task> {
    let (columns, outer) = shape.split_last()?;
    let rows = outer.iter().product();
    let first = operands.layouts.len().checked_sub(weights)?;
    (first..first + weights).for_each(|at| operands.dense(at));
    Some(Task::Normalize(Normalize {
        kind,
        x: operands.rows(0, rows, *columns)?,
        residual: match first > 1 {
            true => Some(operands.rows(1, rows, *columns)?),
            false => None,
        },
        epsilon: epsilon as f32,
    }))
}

fn attention(op: &Attention, operands: &mut Operands<'_>, shape: &[usize]) -> Option<Task> {
    let [.., queries, width] = *operands.shape(0)? else {
        return None;
    };
    let [.., keys, _] = *operands.shape(1)? else {
        return None;
    };
    let outer = &shape[..shape.len() - 2];
    let heads = match op.heads {
        Heads::Joined(heads) => heads,
        Heads::Apart => 1,
    };
    // The kernel has one size for queries, keys and values.
    if *shape.last()? != width || heads == 0 {
        return None;
    }
    let batch: usize = outer.iter().product();
    let tokens = [
        operands.rows(0, batch * queries, width)?.stride,
        operands.rows(1, batch * keys, width)?.stride,
        operands.rows(2, batch * keys, width)?.stride,
    ];
    let mask = match op.mask {
        false => None,
        true => {
            let mut scores = outer.to_vec();
            if let Heads::Joined(_) = op.heads {
                scores.push(heads);
            }
            scores.extend([queries, keys]);
            let mask = operands.layout(3)?.broadcast(&scores);
            let mask = mask.reshape(&[batch, heads, queries, keys])?;
            Some(mask.strides.try_into().ok()?)
        }
    };
    Some(Task::Attention(Attend {
        batch,
        heads,
        size: width / heads,
        queries,
        keys,
        scale: op.scale as f32,
        tokens,
        mask,
    }))
}

/// A product whose right side is one matrix of `depth` rows, and so all rows of the left side are of
/// one product.
fn gemm(
    node: &Node,
    operands: &mut Operands<'_>,
    shape: &[usize],
    depth: usize,
    right: Right,
) -> Option<Task> {
    let (columns, outer) = shape.split_last()?;
    let rows: usize = outer.iter().product();
    let next = match right {
        Right::Loaded(_) => 1,
        Right::Computed { .. } => 2,
    };
    let epilogue = node.op.epilogue()?;
    Some(Task::Gemm(Gemm {
        right,
        rows,
        stride: operands.rows(0, rows, depth)?.stride,
        // The kernel reads the right side last, if at all.
        ending: Ending {
            first: 1,
            ..ending(&epilogue, operands, next, [rows, *columns])?
        },
    }))
}

/// What follows a product of so many rows and columns, of which the operands stand from `first` on.
fn ending(
    op: &Epilogue,
    operands: &mut Operands<'_>,
    first: usize,
    [rows, columns]: [usize; 2],
) -> Option<Ending> {
    if op.bias {
        operands.dense(first);
    }
    let mut next = first + usize::from(op.bias);
    let mut steps = [None; MAX_STEPS];
    for (place, step) in steps.iter_mut().zip(op.steps.iter()) {
        *place = Some(match step {
            EpilogueStep::Activation(function) => EndingStep::Activation(unary(function)),
            EpilogueStep::Residual => {
                let residual = operands.rows(next, rows, columns)?;
                next += 1;
                EndingStep::Residual(residual.stride)
            }
        });
    }
    Some(Ending {
        first,
        bias: op.bias,
        steps,
    })
}

/// A product whose right side is computed in the run.
fn product(node: &Node, operands: &mut Operands<'_>, shape: &[usize], slot: usize) -> Option<Task> {
    let [outer @ .., rows, columns] = shape else {
        return None;
    };
    let depth = *operands.shape(0)?.last()?;
    let matrix = operands.layout(1)?;
    // Where one matrix is the right side of all, the rows of all are the left side.
    let one = matrix.broadcast(&[outer, &[depth, *columns]].concat());
    if outer
        .iter()
        .zip(&one.strides)
        .all(|(size, stride)| *size == 1 || *stride == 0)
    {
        let size = [depth, *columns];
        let [.., down, right] = *one.strides else {
            return None;
        };
        let rows: usize = outer.iter().product::<usize>() * rows;
        let right = Right::Computed {
            slot,
            left: Layout::contiguous(&[rows, depth]),
            right: Layout {
                shape: size.to_vec(),
                strides: vec![down, right],
                offset: 0,
            },
        };
        return gemm(node, operands, shape, depth, right);
    }
    let Op::MatMul(_) = node.op else {
        return None;
    };
    let last = operands.shape(0)?.len() - 1;
    operands.copies[0] |= depth > 1 && operands.layouts[0].0.strides[last] != 1;
    let left = operands
        .layout(0)?
        .broadcast(&[outer, &[*rows, depth]].concat());
    Some(Task::Gemm(Gemm {
        rows: *rows,
        stride: left.strides[outer.len()],
        right: Right::Computed {
            slot,
            left,
            right: one,
        },
        ending: ending(&Epilogue::default(), operands, 1, [*rows, *columns])?,
    }))
}
