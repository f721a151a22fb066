//! Joins convolutions with the pools behind them.

use super::load_time::load_time;
use super::pass::{Pass, Patch, Tools};
use super::pattern::Pattern;
use crate::graph::ops::{Conv2d, Op, Pool2d};
use crate::graph::{Graph, GraphError, Node};

/// Makes one op of a convolution with a weight that is known when the model is loaded and the pool
/// behind it, as long as nothing else reads what is pooled, and its windows neither overlap nor reach
/// into padding: so that each number is read by one window, while it is still in the cache, and what is
/// written is a window's size smaller.
///
/// ```text
/// before                                          after
///   %3 = conv2d(%0, %1, 3x3) : f32[n, 4, 8, 8]      %5 = conv2d(%0, %1, 3x3 → max_pool2d 2x2, stride=2) : f32[n, 4, 4, 4]
///   %4 = max_pool2d(%3, 2x2, stride=2) : f32[n, 4, 4, 4]
/// ```
pub struct FusePool;

impl Pass for FusePool {
    fn name(&self) -> &'static str {
        "fuse_pool"
    }

    fn says(&self) -> &'static str {
        "joins convolutions with the pools behind them"
    }

    fn concerns(&self, graph: &Graph) -> bool {
        let mut nodes = graph.nodes().iter();
        nodes.any(|node| matches!(node.op, Op::Pool2d(_)))
    }

    fn next(&self, graph: &Graph, _tools: &Tools<'_>) -> Result<Option<Patch>, GraphError> {
        let pattern = Pattern::new(graph);
        let known = load_time(graph);
        let found = graph.nodes().iter().find_map(|pool| {
            let window = tiles(pool)?;
            let conv = pattern.only_read_once(*pool.inputs.first()?)?;
            let Op::Conv2d(op) = conv.op else {
                return None;
            };
            let weight = conv
                .inputs
                .get(1)
                .is_some_and(|weight| known.contains(weight));
            let fits = op.pool.is_none() && op.epilogue.residuals() == 0;
            let joined = Conv2d {
                pool: Some(window),
                ..op
            };
            (fits && weight && !known.contains(&conv.id)).then_some((conv, pool, joined))
        });
        Ok(found.map(|(conv, pool, joined)| {
            let label = format!("{} joins {}", graph.label(pool.id), graph.label(conv.id));
            pattern.with_op(pool, joined, conv.inputs.clone(), label)
        }))
    }
}

/// A pool of windows beside one another, without padding.
fn tiles(node: &Node) -> Option<Pool2d> {
    let Op::Pool2d(pool) = node.op else {
        return None;
    };
    let window = pool.window;
    let apart = (0..2).all(|axis| window.kernel[axis] <= window.stride[axis]);
    let plain = window.padding == [[0; 2]; 2] && window.dilation == [1; 2];
    (apart && plain).then_some(pool)
}
