//! The weights that one graph asks for.

use std::collections::HashMap;

use candle_core::{Device, Tensor};

use super::Weights;
use super::check::Check;
use super::dtypes::to_candle;
use super::weight::Weight;
use crate::graph::{DType, Graph, NodeId};

/// Weights by the nodes that stand for them, each read when it is asked for.
#[derive(Debug, Default)]
pub struct ForGraph<'w> {
    weights: HashMap<NodeId, (&'w Weight, DType)>,
}

impl<'w> ForGraph<'w> {
    /// Finds what a graph asks for. More weights than that are fine.
    ///
    /// # Errors
    /// When weights are missing, or of the wrong shape or dtype: all of them are listed.
    pub fn new(weights: &'w Weights, graph: &Graph) -> crate::Result<ForGraph<'w>> {
        Check::of(weights, graph).lenient()?;
        let found = graph.weights().filter_map(|(name, node)| {
            let weight = weights.tensors.get(name)?;
            Some((node.id, (weight, node.ty.dtype)))
        });
        Ok(ForGraph {
            weights: found.collect(),
        })
    }

    /// The value of a node that is a weight, contiguous, in the dtype that the graph declares: floats of
    /// another width are converted. `None` for other nodes.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn tensor(&self, node: NodeId) -> crate::Result<Option<Tensor>> {
        let Some((weight, dtype)) = self.weights.get(&node) else {
            return Ok(None);
        };
        let tensor = weight.tensor()?.to_dtype(to_candle(*dtype))?;
        Ok(Some(tensor.contiguous()?))
    }

    /// All of them, on a device.
    ///
    /// # Errors
    /// When a file cannot be read, or the device has no room.
    pub fn on(&self, device: &Device) -> crate::Result<HashMap<NodeId, Tensor>> {
        let mut tensors = HashMap::new();
        for node in self.weights.keys() {
            if let Some(tensor) = self.tensor(*node)? {
                tensors.insert(*node, tensor.to_device(device)?);
            }
        }
        Ok(tensors)
    }
}
