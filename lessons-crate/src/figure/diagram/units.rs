//! A graph as the units that a diagram can draw: ops with their constants and weights written into
//! them, the steps of fused ops one by one, and, beside an older graph, what is gone.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::kind::Kind;
use crate::figure::number::short;
use crate::graph::ops::{Argument, Binary, Constant, Fused, Op, OpDef, Step, StepOp};
use crate::graph::{Graph, Node, NodeId, Output, TensorType};

/// In graphs of more nodes than this, transposes of weights have no boxes of their own.
pub(super) const MANY: usize = 60;

/// What became of a unit since the graph that the diagram compares with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Change {
    None,
    Added,
    Removed,
    /// It is a step of a fused op now.
    Fused,
    /// It is in another stage.
    Absent,
}

/// One op, input or output.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    /// The node that runs it: its own, or the fused one that it is a step of. `None` for outputs.
    pub node: Option<NodeId>,
    /// How the text twin calls its value: `x`, `%3`.
    pub value: String,
    /// The op, or the name of an input or output.
    pub name: String,
    /// What belongs to the op: attributes, constants.
    pub detail: String,
    /// The weights that it reads, as `name f32[2, 4]`.
    pub weights: Vec<String>,
    pub ty: TensorType,
    pub kind: Kind,
    /// How many ops of the graph it stands for: with it those that are written into it.
    pub ops: usize,
    /// The units whose values it reads.
    pub inputs: Vec<usize>,
    /// The scope that it is in, as an index into the scopes of the graph.
    pub scope: Option<usize>,
    /// The fused op that it is a step of.
    pub fused: Option<NodeId>,
    pub change: Change,
    /// Whether it is a step of its fused op by now; later in a film.
    pub joined: bool,
    /// Equal for units that compute the same in the same way, whatever weights are called.
    pub shape_key: String,
}

/// The units of a graph, each after those it reads, and with `before` those that are gone.
pub(super) fn units(graph: &Graph, before: Option<&Graph>, show_weights: bool) -> Vec<Unit> {
    let mut builder = Units::of(graph, show_weights, graph.nodes().len() > MANY);
    if let Some(before) = before {
        builder.compare(before, show_weights);
    }
    builder.add_outputs();
    builder.units
}

impl<'g> Units<'g> {
    pub fn of(graph: &'g Graph, show_weights: bool, many: bool) -> Units<'g> {
        let mut builder = Units {
            units: Vec::with_capacity(graph.nodes().len() + graph.outputs().len()),
            of_node: HashMap::new(),
            folded: folded(graph, show_weights, many),
            graph,
        };
        for node in graph.nodes() {
            if !builder.folded.contains(&node.id) {
                builder.add_node(node);
            }
        }
        builder
    }

    pub fn add_outputs(&mut self) {
        for output in self.graph.outputs() {
            self.add_output(output);
        }
    }

    fn add_output(&mut self, output: &Output) {
        let Some(node) = self.graph.node(output.node) else {
            return;
        };
        let source = self.of_node.get(&output.node).copied();
        self.units.push(Unit {
            node: None,
            value: output.name.clone(),
            name: output.name.clone(),
            detail: String::new(),
            weights: Vec::new(),
            ty: node.ty.clone(),
            kind: Kind::Output,
            ops: 0,
            inputs: source.into_iter().collect(),
            scope: None,
            fused: None,
            change: Change::None,
            joined: true,
            shape_key: "output".into(),
        });
    }
}

/// The weights and constants that are written into the ops that use them.
pub(super) fn folded(graph: &Graph, show_weights: bool, many: bool) -> BTreeSet<NodeId> {
    let users = graph.users();
    let outputs: BTreeSet<NodeId> = graph.outputs().iter().map(|output| output.node).collect();
    // Where there are many boxes, a weight's transpose is written into its reader as well.
    let transposes = !show_weights && many;
    let is_weight =
        |id: &NodeId| matches!(graph.node(*id).map(|node| &node.op), Some(Op::Weight(_)));
    let folds = |node: &&Node| match node.op {
        Op::Constant(_) => true,
        Op::Weight(_) => !show_weights,
        Op::Permute(_) => transposes && node.inputs.iter().all(is_weight),
        _ => false,
    };
    let inside = |node: &&Node| users.contains_key(&node.id) && !outputs.contains(&node.id);
    let nodes = graph.nodes().iter().filter(folds).filter(inside);
    nodes.map(|node| node.id).collect()
}

pub(super) struct Units<'g> {
    pub graph: &'g Graph,
    pub units: Vec<Unit>,
    pub of_node: HashMap<NodeId, usize>,
    folded: BTreeSet<NodeId>,
}

impl Units<'_> {
    fn add_node(&mut self, node: &Node) {
        match &node.op {
            Op::Fused(fused) => self.add_fused(node, fused),
            _ => {
                let unit = self.unit(self.graph, node);
                self.push(node.id, unit);
            }
        }
    }

    pub fn push(&mut self, id: NodeId, unit: Unit) {
        self.of_node.insert(id, self.units.len());
        self.units.push(unit);
    }

    pub fn unit(&self, graph: &Graph, node: &Node) -> Unit {
        let (name, detail) = match &node.op {
            Op::Input(input) => (input.name.clone(), String::new()),
            Op::Weight(weight) => (weight.name.clone(), String::new()),
            op => {
                let scalars: Vec<Option<f64>> = node
                    .inputs
                    .iter()
                    .map(|id| self.scalar(graph, *id))
                    .collect();
                let mut details = vec![op.attributes()];
                details.push(match op {
                    Op::Binary(binary) => operands(*binary, scalars[0], scalars[1]),
                    _ => scalars
                        .iter()
                        .flatten()
                        .map(number)
                        .collect::<Vec<_>>()
                        .join(", "),
                });
                details.extend(node.inputs.iter().filter_map(|id| self.array(graph, *id)));
                details.retain(|detail| !detail.is_empty());
                (op.name().to_owned(), details.join("  "))
            }
        };
        let read: Vec<&Node> = node
            .inputs
            .iter()
            .filter_map(|id| graph.node(*id))
            .collect();
        let weights = read.iter().filter_map(|input| self.weight(graph, input));
        let folded_ops = read
            .iter()
            .filter(|input| !input.op.is_source() && self.folded.contains(&input.id));
        let is_source = matches!(node.op, Op::Input(_) | Op::Weight(_));
        let weight_types: Vec<String> = read
            .iter()
            .filter(|input| self.folded.contains(&input.id) || matches!(input.op, Op::Weight(_)))
            .map(|input| input.ty.to_string())
            .collect();
        Unit {
            node: Some(node.id),
            value: if is_source {
                name.clone()
            } else {
                node.id.to_string()
            },
            shape_key: format!("{name} {detail} {} {}", node.ty, weight_types.join(" ")),
            name,
            detail,
            weights: weights.collect(),
            ty: node.ty.clone(),
            kind: Kind::of(&node.op),
            ops: usize::from(!node.op.is_source()) + folded_ops.count(),
            inputs: self.inputs(&node.inputs),
            scope: node.scope,
            fused: None,
            change: Change::None,
            joined: true,
        }
    }

    fn inputs(&self, ids: &[NodeId]) -> Vec<usize> {
        ids.iter()
            .filter_map(|id| self.of_node.get(id).copied())
            .collect()
    }

    fn add_fused(&mut self, node: &Node, fused: &Fused) {
        let given: Vec<&TensorType> = node
            .inputs
            .iter()
            .filter_map(|id| Some(&self.graph.node(*id)?.ty))
            .collect();
        let types = fused.step_types(&given).unwrap_or_default();
        let first = self.units.len();
        for (step, ty) in fused.steps.iter().zip(types) {
            let unit = self.step(node, step, ty, first);
            self.units.push(unit);
        }
        for (index, step) in fused.steps.iter().enumerate() {
            self.of_node.entry(step.node).or_insert(first + index);
        }
        self.of_node.insert(node.id, self.units.len() - 1);
    }

    fn step(&self, node: &Node, step: &Step, ty: TensorType, first: usize) -> Unit {
        let scalar = |argument: &Argument| match argument {
            Argument::Scalar(value) => Some(*value),
            Argument::Input(input) => self.scalar(self.graph, node.inputs[*input]),
            Argument::Step(_) => None,
        };
        let scalars: Vec<Option<f64>> = step.arguments.iter().map(scalar).collect();
        let detail = match step.op {
            StepOp::Binary(binary) => operands(binary, scalars[0], scalars[1]),
            _ => String::new(),
        };
        let inputs = step.arguments.iter().filter_map(|argument| match argument {
            Argument::Input(input) => self.of_node.get(&node.inputs[*input]).copied(),
            Argument::Step(step) => Some(first + step),
            Argument::Scalar(_) => None,
        });
        let weights = step.arguments.iter().filter_map(|argument| match argument {
            Argument::Input(input) => {
                self.weight(self.graph, self.graph.node(node.inputs[*input])?)
            }
            _ => None,
        });
        let name = step.op.name().to_owned();
        Unit {
            node: Some(node.id),
            value: step.node.to_string(),
            shape_key: format!("step {name} {detail} {ty}"),
            name,
            detail,
            weights: weights.collect(),
            ty,
            kind: Kind::Elementwise,
            ops: 1,
            inputs: inputs.collect(),
            scope: node.scope,
            fused: Some(node.id),
            change: Change::None,
            joined: true,
        }
    }

    /// A weight, or the transpose of one, as it is written into the op that reads it.
    fn weight(&self, graph: &Graph, node: &Node) -> Option<String> {
        match &node.op {
            _ if !self.folded.contains(&node.id) => None,
            Op::Weight(weight) => Some(format!("{} {}", weight.name, node.ty)),
            Op::Permute(_) => {
                let name = graph.label(*node.inputs.first()?);
                Some(format!("{name}ᵀ {}", node.ty))
            }
            _ => None,
        }
    }

    /// A constant of one element without axes; it is written into the op.
    fn scalar(&self, graph: &Graph, id: NodeId) -> Option<f64> {
        match &graph.node(id)?.op {
            Op::Constant(constant) if constant.shape.is_empty() => constant.as_scalar(),
            _ => None,
        }
    }

    /// A constant with axes, as it is written into the op.
    fn array(&self, graph: &Graph, id: NodeId) -> Option<String> {
        let node = graph.node(id)?;
        match &node.op {
            Op::Constant(constant @ Constant { shape, .. }) if !shape.is_empty() => {
                Some(format!("{} {}", constant.attributes(), node.ty))
            }
            _ => None,
        }
    }

    /// Marks what changed since `before`, and adds what is gone.
    fn compare(&mut self, before: &Graph, show_weights: bool) {
        let old_folded = folded(before, show_weights, before.nodes().len() > MANY);
        for node in self.graph.nodes() {
            if let (None, Some(unit)) = (before.node(node.id), self.of_node.get(&node.id))
                && !matches!(node.op, Op::Fused(_))
            {
                self.units[*unit].change = Change::Added;
            }
        }
        for unit in &mut self.units {
            let new = unit.fused.is_some_and(|fused| before.node(fused).is_none());
            if new {
                unit.change = Change::Fused;
            }
        }
        let same_scopes = self.graph.scopes().starts_with(before.scopes());
        for node in before.nodes() {
            let there = self.of_node.contains_key(&node.id) || self.graph.node(node.id).is_some();
            if there || old_folded.contains(&node.id) {
                continue;
            }
            let mut unit = self.unit(before, node);
            unit.change = Change::Removed;
            unit.scope = unit.scope.filter(|_| same_scopes);
            self.push(node.id, unit);
        }
    }
}

/// How a number stands beside an op: `× 2` for `x * 2`, `2 −` for `2 - x`.
fn operands(op: Binary, left: Option<f64>, right: Option<f64>) -> String {
    let sign = match op {
        Binary::Add => "+",
        Binary::Sub => "−",
        Binary::Mul => "×",
        Binary::Div => "÷",
        Binary::FloorDiv => "÷",
        Binary::Mod => "mod",
        Binary::Pow => "^",
        Binary::Max | Binary::Min => ",",
    };
    match (left, right) {
        (Some(left), Some(right)) => format!("{} {sign} {}", number(&left), number(&right)),
        (Some(left), None) => format!("{} {sign}", number(&left)),
        (None, Some(right)) => format!("{sign} {}", number(&right)),
        (None, None) => String::new(),
    }
}

/// A number at six significant digits at most.
fn number(value: &f64) -> String {
    short(*value, 6)
}

/// The numbers of units of each fused op.
pub(super) fn fused_sizes(units: &[Unit]) -> BTreeMap<NodeId, usize> {
    let mut sizes = BTreeMap::new();
    for unit in units {
        if let Some(fused) = unit.fused {
            *sizes.entry(fused).or_insert(0) += 1;
        }
    }
    sizes
}
