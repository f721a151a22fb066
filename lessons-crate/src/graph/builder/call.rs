//! Graphs as parts of other graphs.

use std::collections::HashMap;

use super::{Builder, Draft, open};
use crate::graph::error::{Broken, GraphError};
use crate::graph::ir::{Graph, NodeId, Scope};
use crate::graph::ops::{Op, OpDef, unify};
use crate::graph::site::Site;
use crate::graph::tensor_type::TensorType;
use crate::graph::value::Value;

impl Builder {
    /// The results of another graph for `inputs`, in the order in which it declares inputs and outputs.
    ///
    /// Its nodes become nodes of this graph, in a scope of its name. Symbols stand for whatever dims the
    /// inputs have. `prefix` goes before the names of its weights, so that each call has weights of its
    /// own; calls with one prefix share them.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let layer = Graph::build("layer", |g| {
    ///     let x = g.input("x", f32s(("rows", 4)));
    ///     g.output("y", (x.matmul(g.weight("weight", f32s((4, 4)))) + x).relu());
    /// })?;
    /// let graph = Graph::build("deep", |g| {
    ///     let mut x = g.input("x", f32s((Dim::from("batch") * Dim::from(2), 4)));
    ///     for number in 0..3 {
    ///         x = g.call(&layer, &format!("layer.{number}."), &[x])[0];
    ///     }
    ///     g.output("y", x);
    /// })?;
    /// let weights: Vec<&str> = graph.weights().map(|(name, _)| name).collect();
    /// assert_eq!(weights, ["layer.0.weight", "layer.1.weight", "layer.2.weight"]);
    /// assert_eq!(graph.output("y").unwrap().ty.to_string(), "f32[2*batch, 4]");
    /// # Ok::<(), lessons::Error>(())
    /// ```
    #[track_caller]
    pub fn call(&self, graph: &Graph, prefix: &str, inputs: &[Value]) -> Vec<Value> {
        let site = Site::here();
        let poisoned = vec![Value::poisoned(self.id); graph.outputs().len()];
        let mut open = open();
        let Some(draft) = open.graphs.get_mut(&self.id) else {
            return poisoned;
        };
        if draft.error.is_some() {
            return poisoned;
        }
        match draft.call(self.id, graph, prefix, inputs, &site) {
            Ok(nodes) => nodes
                .into_iter()
                .map(|node| Value::new(self.id, node))
                .collect(),
            Err(error) => {
                draft.error = Some(error);
                poisoned
            }
        }
    }
}

impl Draft {
    fn call(
        &mut self,
        id: u32,
        graph: &Graph,
        prefix: &str,
        inputs: &[Value],
        site: &Site,
    ) -> Result<Vec<NodeId>, GraphError> {
        let nodes: Option<Vec<NodeId>> = inputs.iter().map(|value| value.node_in(id)).collect();
        let given = nodes.ok_or_else(|| super::foreign(graph.name(), site.clone()))?;
        let types: Vec<TensorType> = given
            .iter()
            .map(|node| self.parts.nodes[node.0 as usize].ty.clone())
            .collect();
        let types: Vec<&TensorType> = types.iter().collect();
        let declared: Vec<&TensorType> = graph.inputs().map(|(_, node)| &node.ty).collect();
        let symbols = unify(&declared, &types);
        fits(graph, &declared, &types).map_err(|broken| {
            let operands = given.iter().map(|node| self.operand(*node)).collect();
            let rule = "call(graph, ..x): x are of the types that the graph declares";
            GraphError::broken(graph.name(), broken, rule, operands).at(Some(site.clone()))
        })?;

        let around = self.parts.scopes.len();
        self.parts.scopes.push(Scope {
            name: graph.name().to_owned(),
            parent: self.around.last().copied(),
        });
        let inner = graph.scopes().iter().map(|scope| Scope {
            name: scope.name.clone(),
            parent: Some(scope.parent.map_or(around, |parent| around + 1 + parent)),
        });
        self.parts.scopes.extend(inner);

        let inputs = graph.inputs().map(|(_, node)| node.id).zip(given);
        let mut to: HashMap<NodeId, NodeId> = inputs.collect();
        for node in graph.nodes() {
            let mut op = node.op.clone();
            let known = match &mut op {
                Op::Input(_) => continue,
                Op::Weight(weight) => {
                    weight.name.insert_str(0, prefix);
                    let mut nodes = self.parts.nodes.iter();
                    nodes
                        .find(|other| matches!(&other.op, Op::Weight(other) if other == weight))
                        .map(|found| found.id)
                }
                _ => None,
            };
            op.substitute(&symbols);
            let scope = Some(node.scope.map_or(around, |scope| around + 1 + scope));
            let inputs = node.inputs.iter().map(|id| to[id]).collect();
            let site = node.site.clone().unwrap_or_else(|| site.clone());
            let added = match known {
                Some(known) => known,
                None => self.add(op, inputs, scope, site)?,
            };
            to.insert(node.id, added);
        }
        let outputs = graph.outputs().iter();
        Ok(outputs.map(|output| to[&output.node]).collect())
    }
}

/// Says no unless values of the types `given` can be what the graph declares.
fn fits(graph: &Graph, declared: &[&TensorType], given: &[&TensorType]) -> Result<(), Broken> {
    let names: Vec<&str> = graph.inputs().map(|(name, _)| name).collect();
    if declared.len() != given.len() {
        let (takes, given) = (declared.len(), given.len());
        return Err(
            Broken::new(format!("it takes {takes} values and is given {given}"))
                .help(format!("give it {}, in this order", names.join(", "))),
        );
    }
    let symbols = unify(declared, given);
    for (at, (ty, given)) in declared.iter().zip(given).enumerate() {
        if ty.substitute(&symbols) != **given {
            let name = names[at];
            return Err(Broken::new(format!(
                "{{{at}}} is {given}, and it takes {ty} as `{name}`"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    fn block() -> Graph {
        Graph::build("block", |g| {
            let x = g.input("x", f32s(("n", 3)));
            let y = g.scope("inner", || x.reshape((Dim::from("n") * Dim::from(3),)));
            let w = g.weight("w", f32s((3,)));
            g.output("flat", y);
            g.output("sum", (x * w).sum(0) + g.range("n").cast(DType::F32).sum(0));
        })
        .unwrap()
    }

    #[test]
    fn symbols_become_dims_and_scopes_nest() {
        let graph = Graph::build("outer", |g| {
            let x = g.input("x", f32s((4, 3)));
            g.scope("twice", || {
                for (number, prefix) in ["a.", "b.", "a."].into_iter().enumerate() {
                    let results = g.call(&block(), prefix, &[x]);
                    assert_eq!(results[0].shape().to_string(), "[12]");
                    g.output(&format!("sum {number}"), results[1]);
                }
            });
        })
        .unwrap();
        insta::assert_snapshot!(graph);
        let names: Vec<&str> = graph.weights().map(|(name, _)| name).collect();
        assert_eq!(names, ["a.w", "b.w"]);
        let scopes: Vec<_> = graph
            .scopes()
            .iter()
            .map(|scope| (scope.name.as_str(), scope.parent))
            .collect();
        assert_eq!(
            scopes[..3],
            [("twice", None), ("block", Some(0)), ("inner", Some(1))]
        );
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let error = Graph::build("outer", |g| {
            let x = g.input("x", f32s(("m", 4)));
            g.output("y", g.call(&block(), "", &[x])[0]);
        })
        .unwrap_err();
        assert_eq!(error.op(), "block");
        assert_eq!(
            error.what(),
            "x is f32[m, 4], and it takes f32[n, 3] as `x`"
        );
        let error = Graph::build("outer", |g| {
            g.output("y", g.call(&block(), "", &[])[1]);
        })
        .unwrap_err();
        assert_eq!(error.what(), "it takes 1 values and is given 0");
    }
}
