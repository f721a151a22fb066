//! The load-time program: what depends on weights alone is computed once, when a model is loaded.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use candle_core::{CpuStorage, Device, Storage, Tensor};
use lessons_compute::cpu::Cpu;
use lessons_compute::gemm::PackedMatrix;

use crate::compile::load_time;
use crate::engine::error::RunError;
use crate::engine::reference::{Context, Precision, eval};
use crate::graph::ops::Op;
use crate::graph::{Bindings, DType, Graph, Node, NodeId};

/// What a model holds once it is loaded.
#[derive(Debug)]
pub struct Loaded {
    /// The nodes whose values are known now.
    pub known: HashSet<NodeId>,
    /// The values of those that a run reads, contiguous.
    pub tensors: Vec<Tensor>,
    positions: HashMap<NodeId, usize>,
    /// The right sides of matrix products, in the layout that the kernel streams.
    packed: HashMap<NodeId, Arc<PackedMatrix>>,
}

impl Loaded {
    /// Runs the load-time program of a graph.
    ///
    /// # Errors
    /// When an op cannot run on these weights; the error names the node.
    pub fn new(
        graph: &Graph,
        weights: &HashMap<NodeId, Tensor>,
        cpu: Cpu<'_>,
    ) -> Result<Loaded, RunError> {
        let known = load_time(graph);
        let bindings = Bindings::new();
        let context = Context {
            bindings: &bindings,
            device: &Device::Cpu,
            precision: Precision::Declared,
        };
        let (needed, to_pack) = read_by_runs(graph, &known);
        let mut values: HashMap<NodeId, Tensor> = HashMap::new();
        let mut loaded = Loaded {
            known,
            tensors: Vec::new(),
            positions: HashMap::new(),
            packed: HashMap::new(),
        };
        for node in graph.nodes() {
            if !loaded.known.contains(&node.id) {
                continue;
            }
            let value = match (&node.op, weights.get(&node.id)) {
                (Op::Weight(_), Some(weight)) => weight.clone(),
                _ => {
                    let arguments: Vec<&Tensor> =
                        node.inputs.iter().filter_map(|id| values.get(id)).collect();
                    eval(node, &arguments, &context)
                        .map_err(|error| error.of(graph.label(node.id)))?
                }
            };
            if to_pack.contains(&node.id) {
                let packed = pack(&value, cpu).map_err(|error| error.of(graph.label(node.id)))?;
                loaded.packed.insert(node.id, Arc::new(packed));
            }
            if needed.contains(&node.id) {
                loaded.positions.insert(node.id, loaded.tensors.len());
                loaded.tensors.push(value.contiguous()?);
            }
            values.insert(node.id, value);
        }
        Ok(loaded)
    }

    /// The weight of a product that our kernel computes: the matrix that is its second operand.
    pub fn weight_of(&self, product: &Node) -> Option<&Arc<PackedMatrix>> {
        match is_product(product) {
            true => self.packed.get(&product.inputs[1]),
            false => None,
        }
    }

    /// The number of the tensor that is the value of a node.
    pub fn position(&self, node: NodeId) -> Option<usize> {
        self.positions.get(&node).copied()
    }
}

/// Whether our kernel computes the product, if its right side is known.
fn is_product(node: &Node) -> bool {
    let op = matches!(node.op, Op::MatMul(_) | Op::Linear(_));
    op && node.ty.dtype == DType::F32
}

/// Known values that a node which is not known reads, or that the graph shows; and those of them that
/// are the right sides of products, which are packed.
fn read_by_runs(graph: &Graph, known: &HashSet<NodeId>) -> (HashSet<NodeId>, HashSet<NodeId>) {
    let mut needed: HashSet<NodeId> = graph.outputs().iter().map(|output| output.node).collect();
    let mut to_pack = HashSet::new();
    for node in graph
        .nodes()
        .iter()
        .filter(|node| !known.contains(&node.id))
    {
        for (at, input) in node.inputs.iter().enumerate() {
            let matrix = || {
                graph
                    .node(*input)
                    .is_some_and(|weight| weight.ty.rank() == 2)
            };
            if at == 1 && is_product(node) && known.contains(input) && matrix() {
                to_pack.insert(*input);
            } else {
                needed.insert(*input);
            }
        }
    }
    needed.retain(|id| known.contains(id));
    (needed, to_pack)
}

/// Packs a matrix, which may be a transposed view of a weight.
fn pack(value: &Tensor, cpu: Cpu<'_>) -> Result<PackedMatrix, RunError> {
    let (storage, layout) = value.storage_and_layout();
    let Storage::Cpu(CpuStorage::F32(data)) = &*storage else {
        return Err(RunError::new("only f32 in CPU memory is packed"));
    };
    let data = data.get(layout.start_offset()..).unwrap_or(&[]);
    let (rows, columns) = value.dims2()?;
    let strides = [layout.stride()[0], layout.stride()[1]];
    PackedMatrix::new(cpu, data, [rows, columns], strides)
        .map_err(|error| RunError::new(error.to_string()))
}
