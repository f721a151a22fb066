//! Several stages of a graph as one set of units, so that all can be drawn in the same places.

use std::collections::{BTreeSet, HashMap};

use super::units::{Change, MANY, Unit, Units, folded};
use crate::graph::ops::{Argument, Op, Step};
use crate::graph::{Graph, NodeId};

/// The units of all stages, and for each stage what became of them.
pub(super) struct Stages {
    pub units: Vec<Unit>,
    pub states: Vec<State>,
}

/// One stage.
pub(super) struct State {
    /// For each unit how it differs from the stage before.
    pub changes: Vec<Change>,
    /// For each unit whether it is a step of a fused op.
    pub joined: Vec<bool>,
    /// Which unit reads which, those included that are gone.
    pub links: BTreeSet<(usize, usize)>,
}

impl Stages {
    /// `graphs` are the stages, the first first; there is at least one.
    pub fn of(graphs: &[&Graph]) -> Option<Stages> {
        let (last, earlier) = graphs.split_last()?;
        let many = graphs.iter().any(|graph| graph.nodes().len() > MANY);
        let mut all = Units::of(last, false, many);
        for graph in earlier.iter().rev() {
            let folded = folded(graph, false, many);
            let same_scopes = last.scopes().starts_with(graph.scopes());
            for node in graph.nodes() {
                // The steps of a fused op are in an earlier stage one by one.
                let known = all.of_node.contains_key(&node.id) || matches!(node.op, Op::Fused(_));
                if !known && !folded.contains(&node.id) {
                    let mut unit = all.unit(graph, node);
                    unit.scope = unit.scope.filter(|_| same_scopes);
                    all.push(node.id, unit);
                }
            }
        }
        let first_output = all.units.len();
        all.add_outputs();
        let of_node = std::mem::take(&mut all.of_node);
        let mut units = all.units;
        let mut states: Vec<State> = Vec::with_capacity(graphs.len());
        let mut before: Option<Present> = None;
        for graph in graphs {
            let now = Present::of(graph, &of_node, first_output, units.len());
            states.push(now.since(before.as_ref(), &units));
            before = Some(now);
        }
        // The layout takes the links of all stages.
        for (from, to) in states.iter().flat_map(|state| &state.links) {
            if !units[*to].inputs.contains(from) {
                units[*to].inputs.push(*from);
            }
        }
        Some(Stages { units, states })
    }
}

/// What there is in one stage.
struct Present {
    units: BTreeSet<usize>,
    /// The fused op that a unit is a step of.
    fused: HashMap<usize, NodeId>,
    links: BTreeSet<(usize, usize)>,
}

impl Present {
    fn of(
        graph: &Graph,
        of_node: &HashMap<NodeId, usize>,
        first_output: usize,
        count: usize,
    ) -> Present {
        let mut present = Present {
            units: (first_output..count).collect(),
            fused: HashMap::new(),
            links: BTreeSet::new(),
        };
        // A fused op's value is that of its last step.
        let mut of_value: HashMap<NodeId, usize> = HashMap::new();
        for node in graph.nodes() {
            if let Op::Fused(fused) = &node.op {
                for step in &fused.steps {
                    if let Some(unit) = of_node.get(&step.node) {
                        present.units.insert(*unit);
                        present.fused.insert(*unit, node.id);
                        of_value.insert(node.id, *unit);
                    }
                }
            } else if let Some(unit) = of_node.get(&node.id) {
                present.units.insert(*unit);
                of_value.insert(node.id, *unit);
            }
        }
        for node in graph.nodes() {
            if let Op::Fused(fused) = &node.op {
                for step in &fused.steps {
                    present.link_step(step, &fused.steps, &node.inputs, of_node, &of_value);
                }
            } else if let Some(to) = of_value.get(&node.id) {
                let from = node.inputs.iter().filter_map(|input| of_value.get(input));
                present.links.extend(from.map(|from| (*from, *to)));
            }
        }
        for (index, output) in graph.outputs().iter().enumerate() {
            if let Some(from) = of_value.get(&output.node) {
                present.links.insert((*from, first_output + index));
            }
        }
        present
    }

    fn link_step(
        &mut self,
        step: &Step,
        steps: &[Step],
        inputs: &[NodeId],
        of_node: &HashMap<NodeId, usize>,
        of_value: &HashMap<NodeId, usize>,
    ) {
        let Some(to) = of_node.get(&step.node) else {
            return;
        };
        let from = step.arguments.iter().filter_map(|argument| match argument {
            Argument::Input(input) => of_value.get(&inputs[*input]),
            Argument::Step(other) => of_node.get(&steps[*other].node),
            Argument::Scalar(_) => None,
        });
        self.links.extend(from.map(|from| (*from, *to)));
    }

    fn since(&self, before: Option<&Present>, units: &[Unit]) -> State {
        let change = |unit: usize| {
            let is = self.units.contains(&unit);
            let Some(before) = before else {
                return if is { Change::None } else { Change::Absent };
            };
            match (before.units.contains(&unit), is) {
                (false, false) => Change::Absent,
                (false, true) => Change::Added,
                (true, false) => Change::Removed,
                (true, true) => match (before.fused.get(&unit), self.fused.get(&unit)) {
                    (old, Some(new)) if old != Some(new) => Change::Fused,
                    _ => Change::None,
                },
            }
        };
        let changes: Vec<Change> = (0..units.len()).map(change).collect();
        let gone = |unit: usize| changes[unit] == Change::Removed;
        let old = before.iter().flat_map(|before| &before.links);
        let of_gone = old.filter(|(from, to)| gone(*from) || gone(*to));
        State {
            links: self.links.iter().chain(of_gone).copied().collect(),
            joined: (0..units.len())
                .map(|unit| self.fused.contains_key(&unit))
                .collect(),
            changes,
        }
    }
}
