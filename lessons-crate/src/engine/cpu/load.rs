//! The load-time program: what depends on weights alone is computed once, when a model is loaded.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use candle_core::{CpuStorage, Device, Storage, Tensor};
use lessons_compute::conv::PackedFilter;
use lessons_compute::cpu::Cpu;
use lessons_compute::error::KernelError;
use lessons_compute::gemm::PackedMatrix;
use lessons_compute::isa::Isa;

use crate::compile::load_time;
use crate::engine::error::RunError;
use crate::engine::reference::{Context, Precision, eval};
use crate::graph::ops::Op;
use crate::graph::{Bindings, DType, Graph, Node, NodeId, axis_of_rank};
use crate::weights::ForGraph;

/// A weight in the layout that the kernel streams.
#[derive(Debug, Clone)]
pub enum Packed {
    /// The right side of a matrix product.
    Matrix(Arc<PackedMatrix>),
    /// The weights of a convolution.
    Filter(Arc<PackedFilter>),
}

/// What a weight is packed for, since a kernel reads each in a layout of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Use {
    Product,
    /// With so many groups.
    Convolution(usize),
}

/// What a model holds once it is loaded.
#[derive(Debug)]
pub struct Loaded {
    /// The nodes whose values are known now.
    pub known: HashSet<NodeId>,
    /// The values of those that a run reads, contiguous.
    pub tensors: Vec<Tensor>,
    positions: HashMap<NodeId, usize>,
    packed: HashMap<(NodeId, Use), Packed>,
}

impl Loaded {
    /// Runs the load-time program of a graph. A weight is read when something is made of it, and dropped
    /// when all is: so a file of weights never lies in memory beside what is kept of it.
    ///
    /// # Errors
    /// When a weight cannot be read, or an op cannot run on these weights; the error names the node.
    pub fn new(graph: &Graph, weights: &ForGraph<'_>, cpu: Cpu<'_>) -> crate::Result<Loaded> {
        let known = load_time(graph);
        let bindings = Bindings::new();
        let context = Context {
            bindings: &bindings,
            device: &Device::Cpu,
            precision: Precision::Declared,
        };
        let (needed, to_pack) = read_by_runs(graph, &known, cpu.isa());
        let wanted = |node: &&Node| needed.contains(&node.id) || to_pack.contains_key(&node.id);
        let order = order(graph, graph.nodes().iter().filter(wanted));
        let last_uses = last_uses(&order);
        let mut values: HashMap<NodeId, Tensor> = HashMap::new();
        let mut loaded = Loaded {
            known,
            tensors: Vec::new(),
            positions: HashMap::new(),
            packed: HashMap::new(),
        };
        for (at, node) in order.iter().enumerate() {
            let used_later = last_uses.contains_key(&node.id);
            let uses = to_pack.get(&node.id).map_or(&[][..], Vec::as_slice);
            let only_packed = uses == [Use::Product] && !needed.contains(&node.id) && !used_later;
            let at_node = |error: RunError| error.of(graph.label(node.id));
            match side_by_side(node, &values).filter(|_| only_packed) {
                Some(parts) => {
                    let packed = pack(&parts, cpu).map_err(at_node)?;
                    loaded.packed.insert((node.id, Use::Product), packed);
                }
                None => {
                    let value = match weights.tensor(node.id)? {
                        Some(weight) => weight,
                        None => {
                            let arguments: Vec<&Tensor> =
                                node.inputs.iter().filter_map(|id| values.get(id)).collect();
                            eval(node, &arguments, &context).map_err(at_node)?
                        }
                    };
                    for use_of in uses {
                        let packed = match *use_of {
                            Use::Product => pack(&[&value], cpu),
                            Use::Convolution(groups) => pack_filter(&value, groups, cpu),
                        };
                        loaded
                            .packed
                            .insert((node.id, *use_of), packed.map_err(at_node)?);
                    }
                    if needed.contains(&node.id) {
                        loaded.positions.insert(node.id, loaded.tensors.len());
                        loaded.tensors.push(value.contiguous()?);
                    }
                    if used_later {
                        values.insert(node.id, value);
                    }
                }
            }
            for input in &node.inputs {
                if last_uses.get(input) == Some(&at) {
                    values.remove(input);
                }
            }
        }
        Ok(loaded)
    }

    /// The second operand of a product or convolution that our kernel computes, if it was packed.
    pub fn weight_of(&self, node: &Node) -> Option<&Packed> {
        let weight = *node.inputs.get(1)?;
        self.packed.get(&(weight, packed_use(node)?))
    }

    /// The number of the tensor that is the value of a node.
    pub fn position(&self, node: NodeId) -> Option<usize> {
        self.positions.get(&node).copied()
    }
}

/// How our kernel reads the second operand of a node, if it can be packed.
fn packed_use(node: &Node) -> Option<Use> {
    match &node.op {
        _ if node.ty.dtype != DType::F32 => None,
        Op::MatMul(_) | Op::Linear(_) => Some(Use::Product),
        Op::Conv2d(op) => Some(Use::Convolution(op.groups)),
        _ => None,
    }
}

/// Whether the weight of a convolution is packed, if it is known when the model is loaded.
pub fn packs_filter(isa: Isa, weight: &Node, groups: usize) -> bool {
    let dims: Option<Vec<usize>> = weight.ty.shape.iter().map(|dim| dim.known()).collect();
    let shape = dims.and_then(|dims| <[usize; 4]>::try_from(dims).ok());
    shape.is_some_and(|shape| PackedFilter::suits(isa, shape, groups))
}

/// Known values that a node which is not known reads, or that the graph shows; and those of them that
/// kernels read packed, with what each is packed for.
fn read_by_runs(
    graph: &Graph,
    known: &HashSet<NodeId>,
    isa: Isa,
) -> (HashSet<NodeId>, HashMap<NodeId, Vec<Use>>) {
    let mut needed: HashSet<NodeId> = graph.outputs().iter().map(|output| output.node).collect();
    let mut to_pack: HashMap<NodeId, Vec<Use>> = HashMap::new();
    for node in graph
        .nodes()
        .iter()
        .filter(|node| !known.contains(&node.id))
    {
        for (at, input) in node.inputs.iter().enumerate() {
            let packed = packed_use(node).filter(|use_of| {
                at == 1
                    && known.contains(input)
                    && graph.node(*input).is_some_and(|weight| match use_of {
                        Use::Product => weight.ty.rank() == 2,
                        Use::Convolution(groups) => packs_filter(isa, weight, *groups),
                    })
            });
            match packed {
                Some(use_of) => {
                    let uses = to_pack.entry(*input).or_default();
                    if !uses.contains(&use_of) {
                        uses.push(use_of);
                    }
                }
                None => {
                    needed.insert(*input);
                }
            }
        }
    }
    needed.retain(|id| known.contains(id));
    (needed, to_pack)
}

/// The nodes to compute for those that are wanted: what each is made of comes right before it, unless it
/// came already.
fn order<'g>(graph: &'g Graph, wanted: impl Iterator<Item = &'g Node>) -> Vec<&'g Node> {
    let mut order = Vec::new();
    let mut seen = HashSet::new();
    for node in wanted {
        // Each node twice: to reach what it is made of, and to come after that.
        let mut stack = vec![(node, false)];
        while let Some((node, reached)) = stack.pop() {
            if reached {
                order.push(node);
            } else if seen.insert(node.id) {
                stack.push((node, true));
                let inputs = node.inputs.iter().rev();
                let inputs = inputs.filter_map(|input| graph.node(*input));
                stack.extend(inputs.map(|input| (input, false)));
            }
        }
    }
    order
}

/// Where in an order each value is read for the last time.
fn last_uses(order: &[&Node]) -> HashMap<NodeId, usize> {
    let uses = order.iter().enumerate();
    let uses = uses.flat_map(|(at, node)| node.inputs.iter().map(move |input| (*input, at)));
    uses.collect()
}

/// The matrices that a node puts side by side, such as the weights of Q, K and V: they are packed
/// one by one, and are never one tensor.
fn side_by_side<'v>(node: &Node, values: &'v HashMap<NodeId, Tensor>) -> Option<Vec<&'v Tensor>> {
    let Op::Concat(op) = &node.op else {
        return None;
    };
    let columns = axis_of_rank(node.ty.rank(), op.axis)? == 1 && node.ty.rank() == 2;
    let parts = node.inputs.iter().map(|input| values.get(input));
    parts.collect::<Option<_>>().filter(|_| columns)
}

/// Packs matrices side by side, each of which may be a transposed view of a weight.
fn pack(parts: &[&Tensor], cpu: Cpu<'_>) -> Result<Packed, RunError> {
    let refused = |error: KernelError| RunError::new(error.to_string());
    let mut sizes = Vec::with_capacity(parts.len());
    for part in parts {
        sizes.push(part.dims2()?);
    }
    let rows = sizes.first().map_or(0, |(rows, _)| *rows);
    let columns = sizes.iter().map(|(_, columns)| columns).sum();
    let mut packed = PackedMatrix::zeros(cpu.isa(), rows, columns).map_err(refused)?;
    let mut first = 0;
    for (part, (rows, columns)) in parts.iter().zip(sizes) {
        let (storage, layout) = part.storage_and_layout();
        let Storage::Cpu(CpuStorage::F32(data)) = &*storage else {
            return Err(RunError::new("only f32 in CPU memory is packed"));
        };
        let data = data.get(layout.start_offset()..).unwrap_or(&[]);
        let strides = [layout.stride()[0], layout.stride()[1]];
        packed
            .write_columns(cpu, first, data, [rows, columns], strides)
            .map_err(refused)?;
        first += columns;
    }
    Ok(Packed::Matrix(Arc::new(packed)))
}

fn pack_filter(weight: &Tensor, groups: usize, cpu: Cpu<'_>) -> Result<Packed, RunError> {
    let (to, from, height, width) = weight.dims4()?;
    let weight = weight.contiguous()?;
    let (storage, layout) = weight.storage_and_layout();
    let Storage::Cpu(CpuStorage::F32(data)) = &*storage else {
        return Err(RunError::new("only f32 in CPU memory is packed"));
    };
    let data = data.get(layout.start_offset()..).unwrap_or(&[]);
    let packed = PackedFilter::new(cpu, data, [to, from, height, width], groups);
    let packed = packed.map_err(|error| RunError::new(error.to_string()))?;
    Ok(Packed::Filter(Arc::new(packed)))
}
