//! Joins a residual connection with the layer normalization after it.

use super::pass::{Pass, Patch, Tools};
use super::pattern::Pattern;
use crate::graph::ops::{AddLayerNorm, Binary, LayerNorm, Op};
use crate::graph::{Graph, GraphError};

/// Makes one op of a sum that only a layer normalization reads.
///
/// ```text
/// before                                       after
///   %2 = add(%0, %1) : f32[n, 4]                 %4 = add_layer_norm(%0, %1, ..) : f32[n, 4]
///   %3 = layer_norm(%2, ..) : f32[n, 4]
/// ```
pub struct FuseResidualNorm;

impl Pass for FuseResidualNorm {
    fn name(&self) -> &'static str {
        "fuse_residual_norm"
    }

    fn says(&self) -> &'static str {
        "joins residual sums with the layer normalization after them"
    }

    fn next(&self, graph: &Graph, _tools: &Tools<'_>) -> Result<Option<Patch>, GraphError> {
        let pattern = Pattern::new(graph);
        let found = graph.nodes().iter().find_map(|node| {
            let Op::LayerNorm(LayerNorm {
                epsilon,
                affine: true,
            }) = node.op
            else {
                return None;
            };
            let sum = pattern.only_read_once(node.inputs[0])?;
            let [a, b] = pattern.binary(sum.id, Binary::Add)?;
            let same = pattern.same_type(a, sum.id) && pattern.same_type(b, sum.id);
            same.then_some((node, sum, [a, b], AddLayerNorm { epsilon }))
        });
        Ok(found.map(|(node, sum, [a, b], op)| {
            let label = format!("{} joins {}", graph.label(sum.id), graph.label(node.id));
            let inputs = vec![a, b, node.inputs[1], node.inputs[2]];
            pattern.with_op(node, op, inputs, label)
        }))
    }
}
