//! The parts of a diagram: scopes, fused ops and runs of ops that can be folded and opened.
//!
//! What repeats is folded (`fold.rs`); then parts are opened from the outside in as long as the
//! diagram stays readable.

use std::collections::{BTreeSet, HashMap};

use super::heat::Heat;
use super::units::{Change, Unit, fused_sizes};
use crate::graph::{Graph, NodeId};

/// What a diagram is asked to open and close.
#[derive(Debug, Clone, Default)]
pub(super) struct Wishes {
    pub expand: Vec<String>,
    pub collapse: Vec<String>,
    pub expand_all: bool,
    pub unfold: bool,
    /// Keeps the steps of a fused op in one box.
    pub kernels: bool,
    /// As many boxes as are shown without being asked for.
    pub most_boxes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// The whole graph.
    All,
    /// One unit; the only parts without children.
    Unit(usize),
    Scope,
    Fused(NodeId),
    /// Ops that follow one another, cut out of a long list.
    Run,
}

#[derive(Debug, Clone)]
pub(super) struct Part {
    pub holds: Holds,
    pub label: String,
    /// The names of the equal parts that this one stands for, its own first; empty if it stands for
    /// itself alone.
    pub repeats: Vec<String>,
    pub parent: Option<usize>,
    pub children: Vec<usize>,
    /// Whether its children are drawn, in a hull.
    pub open: bool,
    pub alias: Option<Alias>,
}

/// Another part stands for this one, which is in the `repeat`-th part like `stand_in`.
#[derive(Debug, Clone)]
pub(super) struct Alias {
    pub part: usize,
    pub stand_in: usize,
    pub repeat: usize,
}

struct Trace {
    part: usize,
    /// Stand-ins and the number of the repeat.
    repeats: Vec<(usize, usize)>,
}

/// A link between two parts that are drawn as boxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Edge {
    pub from: usize,
    pub to: usize,
    /// Whether all that it stands for comes in a later stage.
    pub late: bool,
}

pub(super) struct Scene {
    pub units: Vec<Unit>,
    pub parts: Vec<Part>,
    /// The part of each unit.
    pub of_unit: Vec<usize>,
    /// Names that were to be opened or closed and are no parts.
    pub unknown: Vec<String>,
    /// What the boxes cost, where they are colored by it.
    pub heat: Option<Heat>,
    /// The only links that are drawn, where not all are.
    pub links: Option<BTreeSet<(usize, usize)>>,
    /// The links between units that are not in the first of several stages.
    pub late: BTreeSet<(usize, usize)>,
}

/// The outermost part.
pub(super) const ROOT: usize = 0;

impl Scene {
    pub fn new(graph: &Graph, units: Vec<Unit>, wishes: &Wishes) -> Scene {
        let mut scene = Scene {
            parts: vec![Part::new(Holds::All, graph.name().to_owned(), None)],
            of_unit: Vec::with_capacity(units.len()),
            units,
            unknown: Vec::new(),
            heat: None,
            links: None,
            late: BTreeSet::new(),
        };
        scene.plant(graph);
        if !wishes.unfold {
            scene.fold_repeats(ROOT);
        }
        scene.cut_runs(ROOT);
        scene.open_parts(wishes);
        scene
    }

    /// Builds the tree of scopes, fused ops and units.
    fn plant(&mut self, graph: &Graph) {
        let sizes = fused_sizes(&self.units);
        let mut of_scope: HashMap<usize, usize> = HashMap::new();
        let mut of_fused: HashMap<NodeId, usize> = HashMap::new();
        for index in 0..self.units.len() {
            let mut path = Vec::new();
            let mut scope = self.units[index].scope;
            while let Some(at) = scope.filter(|at| !of_scope.contains_key(at)) {
                path.push(at);
                scope = graph.scopes()[at].parent;
            }
            let mut parent = scope.map_or(ROOT, |at| of_scope[&at]);
            for at in path.into_iter().rev() {
                let name = graph.scopes()[at].name.clone();
                parent = self.part(Holds::Scope, name, parent);
                of_scope.insert(at, parent);
            }
            let fused = self.units[index].fused.filter(|id| sizes[id] > 1);
            if let Some(id) = fused {
                parent = match of_fused.get(&id) {
                    Some(part) => *part,
                    None => self.part(Holds::Fused(id), format!("fused {id}"), parent),
                };
                of_fused.insert(id, parent);
            }
            let part = self.part(Holds::Unit(index), self.units[index].name.clone(), parent);
            self.of_unit.push(part);
        }
    }

    fn part(&mut self, holds: Holds, label: String, parent: usize) -> usize {
        let index = self.parts.len();
        self.parts.push(Part::new(holds, label, Some(parent)));
        self.parts[parent].children.push(index);
        index
    }

    /// The units under a part, in order.
    pub fn units_of(&self, part: usize) -> Vec<usize> {
        let mut units = Vec::new();
        let mut walk = vec![part];
        while let Some(at) = walk.pop() {
            match self.parts[at].holds {
                Holds::Unit(unit) => units.push(unit),
                _ => walk.extend(&self.parts[at].children),
            }
        }
        units.sort_unstable();
        units
    }

    fn open_parts(&mut self, wishes: &Wishes) {
        self.parts[ROOT].open = true;
        let mut shown = self.parts[ROOT].children.len();
        let mut level = self.parts[ROOT].children.clone();
        while !level.is_empty() {
            // What most of the graph consists of comes first.
            let share = |part: &usize| {
                let repeats = self.parts[*part].repeats.len().max(1);
                std::cmp::Reverse(repeats * self.units_of(*part).len())
            };
            level.sort_by_cached_key(share);
            let mut next = Vec::new();
            for part in level {
                let children = self.parts[part].children.len();
                let fused = matches!(self.parts[part].holds, Holds::Fused(_));
                if children == 0 || (fused && wishes.kernels) {
                    continue;
                }
                if wishes.expand_all || shown + children - 1 <= wishes.most_boxes {
                    shown += children - 1;
                    self.parts[part].open = true;
                    next.extend(&self.parts[part].children);
                }
            }
            level = next;
        }
        for name in &wishes.expand {
            let named = self.named(name);
            for part in &named {
                let mut at = Some(*part);
                while let Some(part) = at {
                    self.parts[part].open = !self.parts[part].children.is_empty();
                    at = self.parts[part].parent;
                }
            }
            if named.is_empty() {
                self.unknown.push(name.clone());
            }
        }
        for name in &wishes.collapse {
            let named = self.named(name);
            for part in &named {
                self.parts[*part].open = *part == ROOT;
            }
            if named.is_empty() {
                self.unknown.push(name.clone());
            }
        }
    }

    /// The parts of a name, which may be a path: `layer 0/attention`.
    fn named(&self, name: &str) -> Vec<usize> {
        let steps: Vec<&str> = name.split('/').map(str::trim).collect();
        let is_named = |part: &usize| {
            let mut at = Some(*part);
            steps.iter().rev().all(|step| {
                let Some(part) = at.map(|at| &self.parts[at]) else {
                    return false;
                };
                at = part.parent;
                part.label == *step || part.repeats.iter().any(|repeat| repeat == step)
            })
        };
        let parts = 1..self.parts.len();
        parts
            .filter(|part| !self.parts[*part].children.is_empty())
            .filter(is_named)
            .collect()
    }

    /// The names of all parts that can be opened, in order.
    pub fn part_names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        let mut walk = vec![ROOT];
        while let Some(part) = walk.pop() {
            if part != ROOT && !self.parts[part].children.is_empty() {
                names.push(self.parts[part].label.as_str());
            }
            walk.extend(self.parts[part].children.iter().rev());
        }
        names
    }

    /// The box that shows a part: itself, or the outermost closed part around it.
    pub fn shown(&self, part: usize) -> usize {
        let mut shown = part;
        let mut at = self.parts[part].parent;
        while let Some(around) = at {
            if !self.parts[around].open {
                shown = around;
            }
            at = self.parts[around].parent;
        }
        shown
    }

    /// The boxes, in the order of the graph.
    pub fn boxes(&self) -> Vec<usize> {
        let mut boxes = Vec::new();
        let mut walk = vec![ROOT];
        while let Some(part) = walk.pop() {
            if self.parts[part].open {
                walk.extend(self.parts[part].children.iter().rev());
            } else {
                boxes.push(part);
            }
        }
        boxes
    }

    /// The open parts within the whole, from the outside in.
    pub fn hulls(&self) -> Vec<usize> {
        let mut hulls = Vec::new();
        let mut walk = vec![ROOT];
        while let Some(part) = walk.pop() {
            if self.parts[part].open {
                walk.extend(self.parts[part].children.iter().rev());
                hulls.extend((part != ROOT).then_some(part));
            }
        }
        hulls
    }

    /// The links between boxes, each once. What one repeat gives to the next is not drawn: both are
    /// the same box.
    pub fn edges(&self) -> Vec<Edge> {
        let mut seen: HashMap<(usize, usize), usize> = HashMap::new();
        let mut edges: Vec<Edge> = Vec::new();
        let traces: Vec<Trace> = (0..self.units.len()).map(|unit| self.trace(unit)).collect();
        for (index, (unit, to)) in self.units.iter().zip(&traces).enumerate() {
            for input in &unit.inputs {
                let from = &traces[*input];
                if self.between_repeats(from, to) {
                    continue;
                }
                let late = self.late.contains(&(*input, index));
                let (from, to) = (self.shown(from.part), self.shown(to.part));
                if from == to {
                    continue;
                }
                let known = *seen.entry((from, to)).or_insert(edges.len());
                match edges.get_mut(known) {
                    Some(edge) => edge.late &= late,
                    None => edges.push(Edge { from, to, late }),
                }
            }
        }
        edges
    }

    /// The part that stands for a unit, and the repeats that it was folded out of.
    fn trace(&self, unit: usize) -> Trace {
        let mut trace = Trace {
            part: self.of_unit[unit],
            repeats: Vec::new(),
        };
        while let Some(alias) = &self.parts[trace.part].alias {
            trace.repeats.push((alias.stand_in, alias.repeat));
            trace.part = alias.part;
        }
        trace
    }

    /// The part of a unit, or the one that stands for it.
    pub fn stand_in(&self, unit: usize) -> usize {
        self.trace(unit).part
    }

    /// Whether a part is in the stage that is drawn.
    pub fn is_there(&self, part: usize) -> bool {
        let change = |unit: &usize| self.units[*unit].change;
        let units = self.units_of(part);
        units.is_empty() || units.iter().any(|unit| change(unit) != Change::Absent)
    }

    /// Whether a hull is in the stage that is drawn: a fused op is once its steps have joined it.
    pub fn has_hull(&self, part: usize) -> bool {
        match self.parts[part].holds {
            Holds::Fused(_) => self
                .units_of(part)
                .iter()
                .any(|unit| self.units[*unit].joined),
            _ => self.is_there(part),
        }
    }

    /// Whether any link from a box to one of these is drawn.
    pub fn has_link(&self, from: usize, to: &[usize]) -> bool {
        let Some(links) = &self.links else {
            return true;
        };
        to.iter().any(|to| links.contains(&(from, *to)))
    }

    /// Whether two units belong to different repeats of one part.
    fn between_repeats(&self, a: &Trace, b: &Trace) -> bool {
        let repeat = |trace: &Trace, stand_in: usize| {
            let known = trace.repeats.iter().find(|(part, _)| *part == stand_in);
            match known {
                Some((_, repeat)) => Some(*repeat),
                None => self.is_inside(trace.part, stand_in).then_some(0),
            }
        };
        let stand_ins = a.repeats.iter().chain(&b.repeats).map(|(part, _)| *part);
        let differ = |stand_in| match (repeat(a, stand_in), repeat(b, stand_in)) {
            (Some(a), Some(b)) => a != b,
            _ => false,
        };
        stand_ins.into_iter().any(differ)
    }

    fn is_inside(&self, part: usize, around: usize) -> bool {
        let mut at = Some(part);
        while let Some(part) = at {
            if part == around {
                return true;
            }
            at = self.parts[part].parent;
        }
        false
    }
}

impl Part {
    pub fn new(holds: Holds, label: String, parent: Option<usize>) -> Part {
        Part {
            holds,
            label,
            repeats: Vec::new(),
            parent,
            children: Vec::new(),
            open: false,
            alias: None,
        }
    }
}
