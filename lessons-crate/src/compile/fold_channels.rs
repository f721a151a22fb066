//! Makes what scales and shifts the channels of a product part of its weights.

use std::collections::HashSet;

use super::load_time::load_time;
use super::pass::{Pass, Patch, Tools};
use super::pattern::Pattern;
use crate::graph::ops::{Binary, Epilogue, Op, OpDef, Reshape};
use crate::graph::{Dim, Graph, GraphError, Node, NodeId, Shape};

/// Multiplies factors that are known when the model is loaded, one for each column or channel, into
/// the weights of the product or convolution before them, and joins summands of the same kind. What
/// batch normalization is then happens once, when the model is loaded.
///
/// ```text
/// before                                          after
///   %3 = conv2d(%0, %1, 3x3) : f32[n, 4, 8, 8]      %6 = reshape(%2, [4, 1, 1, 1]) : f32[4, 1, 1, 1]
///   %4 = mul(%3, %2) : f32[n, 4, 8, 8]              %7 = mul(%1, %6) : f32[4, 3, 3, 3]
///                                                   %8 = conv2d(%0, %7, 3x3) : f32[n, 4, 8, 8]
/// ```
pub struct FoldChannels;

impl Pass for FoldChannels {
    fn name(&self) -> &'static str {
        "fold_channels"
    }

    fn says(&self) -> &'static str {
        "makes what scales and shifts the channels of a product part of its weights"
    }

    fn next(&self, graph: &Graph, _tools: &Tools<'_>) -> Result<Option<Patch>, GraphError> {
        let search = Search {
            pattern: Pattern::new(graph),
            known: load_time(graph),
        };
        Ok(graph.nodes().iter().find_map(|node| search.patch(node)))
    }
}

struct Search<'g> {
    pattern: Pattern<'g>,
    known: HashSet<NodeId>,
}

impl Search<'_> {
    /// The first of `y * b`, `(y + a) * b` and `(y + a) + b` that a node is, with `y` a product and `a`
    /// and `b` known.
    fn patch(&self, node: &Node) -> Option<Patch> {
        let p = &self.pattern;
        let Op::Binary(outer @ (Binary::Add | Binary::Mul)) = node.op else {
            return None;
        };
        p.either_way(node.id, outer)
            .into_iter()
            .find_map(|[inner, number]| {
                let inner = p.only_read_once(inner)?;
                if self.product(inner.id).is_none() {
                    return self.summed(node, outer, inner, number);
                }
                let fits = outer == Binary::Mul && self.per_channel(number, inner);
                fits.then(|| self.scale_weight(node, inner, number))?
            })
    }

    /// `(y + a) * b` and `(y + a) + b`.
    fn summed(&self, node: &Node, outer: Binary, sum: &Node, number: NodeId) -> Option<Patch> {
        let sums = self.pattern.either_way(sum.id, Binary::Add).into_iter();
        let [product, shift] = sums
            .into_iter()
            .find(|[product, _]| self.product(*product).is_some())?;
        let product = self.pattern.only_read_once(product)?;
        let fits = self.per_channel(shift, product) && self.per_channel(number, product);
        fits.then(|| self.join_sums(node, outer, product.id, shift, number))?
    }

    /// A product with nothing after it whose weight alone is known.
    fn product(&self, id: NodeId) -> Option<&Node> {
        let node = self.pattern.node(id)?;
        let plain = node.op.epilogue()? == Epilogue::default();
        (plain && self.known.contains(&node.inputs[1]) && !self.known.contains(&id)).then_some(node)
    }

    /// Whether a value is known and has the shape of a product's bias.
    fn per_channel(&self, id: NodeId, product: &Node) -> bool {
        let p = &self.pattern;
        let bias = Epilogue {
            bias: true,
            ..Epilogue::default()
        };
        let typed = || {
            let types = [product.inputs[0], product.inputs[1], id].map(|id| p.node(id));
            let types: Option<Vec<_>> =
                types.iter().map(|node| node.map(|node| &node.ty)).collect();
            product.op.with_epilogue(bias)?.infer(&types?).ok()
        };
        self.known.contains(&id) && typed().is_some()
    }

    /// `product(x, w) * factor` as `product(x, w * factor)`.
    fn scale_weight(&self, node: &Node, product: &Node, factor: NodeId) -> Option<Patch> {
        let p = &self.pattern;
        let [x, weight] = [product.inputs[0], product.inputs[1]];
        let mut add = New::after(p, node);
        // Channels of a convolution are the first axis of its weight, columns the last of a matrix.
        let factor = match &product.op {
            Op::Conv2d(_) => {
                let mut dims = vec![Dim::constant(1); 4];
                dims[0] = product.ty.shape[1].clone();
                let shape = Shape::new(dims);
                add.op(Reshape { shape }.into(), vec![factor])?
            }
            _ => factor,
        };
        let weight = add.op(Binary::Mul.into(), vec![weight, factor])?;
        let by = add.op(product.op.clone(), vec![x, weight])?;
        let label = format!(
            "{} becomes part of the weight of {}",
            p.graph.label(node.id),
            p.graph.label(product.id)
        );
        Some(p.replace(node.id, add.nodes, by, label))
    }

    /// `(y + shift) + number` as `y + (shift + number)`, and `(y + shift) * number` as
    /// `y * number + shift * number`.
    fn join_sums(
        &self,
        node: &Node,
        outer: Binary,
        product: NodeId,
        shift: NodeId,
        number: NodeId,
    ) -> Option<Patch> {
        let p = &self.pattern;
        let mut add = New::after(p, node);
        let shift = add.op(outer.into(), vec![shift, number])?;
        let product = match outer {
            Binary::Mul => add.op(outer.into(), vec![product, number])?,
            _ => product,
        };
        let by = add.op(Binary::Add.into(), vec![product, shift])?;
        let label = format!("{} becomes part of the bias", p.graph.label(node.id));
        Some(p.replace(node.id, add.nodes, by, label))
    }
}

/// New nodes in the place of one.
struct New<'p, 'g> {
    pattern: &'p Pattern<'g>,
    like: &'p Node,
    next: u32,
    nodes: Vec<Node>,
}

impl<'p, 'g> New<'p, 'g> {
    fn after(pattern: &'p Pattern<'g>, like: &'p Node) -> New<'p, 'g> {
        New {
            pattern,
            like,
            next: Patch::fresh(pattern.graph).0,
            nodes: Vec::new(),
        }
    }

    fn op(&mut self, op: Op, inputs: Vec<NodeId>) -> Option<NodeId> {
        let id = NodeId(self.next);
        let node = |id: &NodeId| {
            let added = self.nodes.iter().find(|node| node.id == *id);
            added.or_else(|| self.pattern.node(*id))
        };
        let types = inputs.iter().map(|id| node(id).map(|node| &node.ty));
        let types: Vec<_> = types.collect::<Option<_>>()?;
        let ty = op.infer(&types).ok()?;
        self.nodes.push(Node {
            id,
            op,
            inputs,
            ty,
            ..self.like.clone()
        });
        self.next += 1;
        Some(id)
    }
}
