//! Graphs that are part of an op.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Op, OpDef};
use crate::graph::dim::{Dim, Symbols};
use crate::graph::error::Broken;
use crate::graph::ir::{Graph, Node, Parts};
use crate::graph::tensor_type::TensorType;

/// A graph that an op runs, such as a branch. It has inputs, which it is given in the order in which
/// they were declared, and no weights.
#[derive(Clone, PartialEq)]
pub struct Body(Graph);

impl Body {
    pub fn new(graph: Graph) -> Body {
        Body(graph)
    }

    pub fn graph(&self) -> &Graph {
        &self.0
    }

    /// What the body's ops are, in order: `{mul, add}`.
    pub fn summary(&self) -> String {
        const MOST: usize = 4;
        let ops = self.0.nodes().iter().filter(|node| !node.op.is_source());
        let mut names: Vec<&str> = ops.map(|node| node.op.name()).collect();
        if names.len() > MOST {
            names.truncate(MOST);
            names.push("…");
        }
        format!("{{{}}}", names.join(", "))
    }

    /// The types of the results for inputs of these types; the operands are those from `first` on, and
    /// `what` is what a message calls the body.
    ///
    /// # Errors
    /// When the inputs do not fit, or the body cannot be run with them alone.
    pub fn results(
        &self,
        what: &str,
        inputs: &[&TensorType],
        first: usize,
    ) -> Result<Vec<TensorType>, Broken> {
        let symbols = self.symbols(what, inputs, first)?;
        let outputs = self.0.outputs().iter();
        let nodes = outputs.filter_map(|output| self.0.node(output.node));
        Ok(nodes.map(|node| node.ty.substitute(&symbols)).collect())
    }

    /// The arithmetic of one run.
    pub fn flops(&self, inputs: &[&TensorType]) -> Dim {
        let symbols = self.symbols("body", inputs, 0).unwrap_or_default();
        let of = |node: &Node| {
            let read = node.inputs.iter().filter_map(|id| self.0.node(*id));
            let types: Vec<&TensorType> = read.map(|node| &node.ty).collect();
            node.op.flops(&types, &node.ty)
        };
        let nodes = self.0.nodes().iter();
        let sum = nodes.fold(Dim::constant(0), |sum, node| sum + of(node));
        sum.substitute(&symbols)
    }

    /// What the symbols of the body stand for.
    fn symbols(&self, what: &str, inputs: &[&TensorType], first: usize) -> Result<Symbols, Broken> {
        if let Some((name, _)) = self.0.weights().next() {
            return Err(Broken::new(format!("the {what} has the weight `{name}`"))
                .help("declare the weight outside, and hand it over as one more operand"));
        }
        let declared: Vec<(&str, &Node)> = self.0.inputs().collect();
        if declared.len() != inputs.len() {
            let (takes, given) = (declared.len(), inputs.len());
            return Err(Broken::new(format!(
                "the {what} takes {takes} values and is given {given}"
            )));
        }
        let types: Vec<&TensorType> = declared.iter().map(|(_, node)| &node.ty).collect();
        let symbols = unify(&types, inputs);
        for (at, (ty, given)) in types.iter().zip(inputs).enumerate() {
            if ty.substitute(&symbols) != **given {
                return Err(Broken::new(format!(
                    "{{{}}} is {given}, and the {what} takes {ty} as `{}`",
                    first + at,
                    declared[at].0
                )));
            }
        }
        let nodes = self.0.nodes().iter();
        let mut used = nodes.flat_map(|node| node.ty.shape.iter().flat_map(Dim::symbols));
        if let Some(unknown) = used.find(|symbol| !symbols.contains_key(*symbol)) {
            return Err(Broken::new(format!(
                "the {what} uses the dim {unknown}, which none of the values that it is given has"
            ))
            .help("hand over a value that has this dim"));
        }
        Ok(symbols)
    }
}

/// What the symbols that are dims of their own stand for where values of the types `given` are taken
/// for the types `declared`; the first that has a symbol decides.
pub(crate) fn unify(declared: &[&TensorType], given: &[&TensorType]) -> Symbols {
    let mut symbols = Symbols::new();
    for (ty, given) in declared.iter().zip(given) {
        for (dim, given) in ty.shape.iter().zip(given.shape.iter()) {
            if let Some(symbol) = dim.as_symbol() {
                symbols
                    .entry(symbol.to_owned())
                    .or_insert_with(|| given.clone());
            }
        }
    }
    symbols
}

impl Op {
    /// The graphs that the op runs, each with what it is to the op.
    pub fn bodies(&self) -> Vec<(&'static str, &Body)> {
        match self {
            Op::Cond(op) => vec![("then", &op.then), ("else", &op.otherwise)],
            Op::While(op) => vec![("condition", &op.condition), ("step", &op.step)],
            _ => vec![],
        }
    }

    /// The same op with each body as `change` makes it.
    ///
    /// # Errors
    /// As `change`.
    pub fn with_bodies<E>(
        &self,
        mut change: impl FnMut(&Body) -> Result<Body, E>,
    ) -> Result<Op, E> {
        let mut op = self.clone();
        let bodies = match &mut op {
            Op::Cond(op) => vec![&mut op.then, &mut op.otherwise],
            Op::While(op) => vec![&mut op.condition, &mut op.step],
            _ => vec![],
        };
        for body in bodies {
            *body = change(body)?;
        }
        Ok(op)
    }
}

impl fmt::Debug for Body {
    /// All that it is, to the last constant, which the printed graph shortens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.parts().fmt(f)
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.parts().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Body, D::Error> {
        let parts = Parts::deserialize(deserializer)?;
        Graph::from_parts(parts)
            .map(Body)
            .map_err(serde::de::Error::custom)
    }
}
