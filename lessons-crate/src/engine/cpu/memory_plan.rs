//! A memory plan to look at: when each value of a run is alive, and where it lies in the arena.

use std::collections::HashMap;
use std::ops::Range;

use super::specialize::{Home, Source, Specialization};
use crate::graph::{Bindings, Graph, NodeId};

/// Where the values between inputs and outputs lie in a run for concrete shapes, and when.
///
/// ```
/// use lessons::prelude::*;
///
/// let graph = Graph::build("rows", |g| {
///     let x = g.input("x", f32s(("n", 4)));
///     g.output("y", x.softmax(-1).sum(-1).exp());
/// })?;
/// let model = Session::cpu().load(&graph, &Weights::new())?;
/// let x = Tensor::zeros((8, 4), candle_core::DType::F32, &Cpu)?;
/// let plan = model.memory_plan([("x", &x)])?;
/// assert!(plan.bytes <= plan.separate && plan.values[0].bytes == 8 * 4 * 4);
/// # Ok::<(), lessons::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MemoryPlan {
    pub graph: Graph,
    /// The sizes of the graph's symbols.
    pub sizes: Bindings,
    /// How many kernels run, one after the other.
    pub steps: usize,
    /// In the order in which they are written.
    pub values: Vec<PlacedValue>,
    /// The size of the arena in bytes.
    pub bytes: usize,
    /// In bytes, if each value had a place of its own.
    pub separate: usize,
}

/// A value in the arena.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedValue {
    /// The node that it is the value of, or a copy for.
    pub node: NodeId,
    /// The kernel that writes it.
    pub kernel: &'static str,
    /// The step that writes it.
    pub first: usize,
    /// The last step that reads it and leaves it as it is; after it the place is free.
    pub last: usize,
    /// Whether it is written over an operand of its kernel, in whose place it lies.
    pub in_place: bool,
    /// In bytes from the start of the arena.
    pub offset: usize,
    pub bytes: usize,
}

impl MemoryPlan {
    pub(super) fn of(graph: &Graph, program: &Specialization) -> MemoryPlan {
        const ELEMENT: usize = size_of::<f32>();
        let mut values: Vec<PlacedValue> = Vec::new();
        // Which value a place holds.
        let mut held: HashMap<Range<usize>, usize> = HashMap::new();
        for (at, step) in program.steps.iter().enumerate() {
            let over = step.task.over();
            for (operand, read) in step.reads.iter().enumerate() {
                if over == Some(operand) {
                    continue;
                }
                if let Home::Arena(place) = &read.home
                    && let Some(value) = held.get(place)
                {
                    values[*value].last = at;
                }
            }
            if let Home::Arena(place) = &step.write {
                held.insert(place.clone(), values.len());
                values.push(PlacedValue {
                    node: step.node,
                    kernel: step.task.kernel(),
                    first: at,
                    last: at,
                    in_place: over.is_some(),
                    offset: ELEMENT * place.start,
                    bytes: ELEMENT * place.len(),
                });
            }
        }
        for (_, source) in &program.outputs {
            if let Source::Tensor(operand) = source
                && let Home::Arena(place) = &operand.home
                && let Some(value) = held.get(place)
            {
                values[*value].last = program.steps.len() - 1;
            }
        }
        let arena = program.arena();
        MemoryPlan {
            graph: graph.clone(),
            sizes: program.bindings.clone(),
            steps: program.steps.len(),
            values,
            bytes: arena.bytes,
            separate: arena.separate,
        }
    }

    /// The bytes of the values that are alive in each step.
    pub fn alive(&self) -> Vec<usize> {
        let mut alive = vec![0; self.steps];
        for value in &self.values {
            for step in &mut alive[value.first..=value.last] {
                *step += value.bytes;
            }
        }
        alive
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::cpu::memory::{self, Life};
    use crate::prelude::*;

    /// The plan as it is told is the one that was made: the same lives, placed anew, lie where it
    /// says.
    #[test]
    fn lives_and_places_are_those_of_the_planner() {
        let classifier = Classifier::embedded().unwrap();
        let (ids, mask) = classifier.inputs(&[&[101, 2023, 3185, 102]]).unwrap();
        let inputs = [("input_ids", &ids), ("attention_mask", &mask)];
        let plan = classifier.model().memory_plan(inputs).unwrap();
        assert!(plan.values.len() > 10 && plan.steps >= plan.values.len());
        // Values that lie over one another in one place live as one.
        let mut lives: Vec<Life> = Vec::new();
        let mut apart: Vec<Life> = Vec::new();
        let mut offsets: Vec<usize> = Vec::new();
        for value in &plan.values {
            let (first, last, len) = (value.first, value.last, value.bytes / 4);
            apart.push(Life { first, last, len });
            if value.in_place {
                let below = offsets.iter().rposition(|it| *it == value.offset / 4);
                lives[below.unwrap()].last = last;
            } else {
                lives.push(Life { first, last, len });
                offsets.push(value.offset / 4);
            }
        }
        let places = memory::place(&lives);
        assert_eq!(places.offsets, offsets);
        assert_eq!(
            [4 * places.len, 4 * memory::naive(&apart)],
            [plan.bytes, plan.separate]
        );
        let most = plan.alive().into_iter().max().unwrap();
        assert!(most <= plan.bytes && plan.bytes < plan.separate);
    }

    #[test]
    fn a_graph_of_one_kernel_needs_no_arena() {
        let graph = Graph::build("relu", |g| g.output("y", g.input("x", f32s(("n",))).relu()));
        let model = Session::cpu()
            .load(&graph.unwrap(), &Weights::new())
            .unwrap();
        let x = Tensor::new(&[-1f32, 2.0], &Cpu).unwrap();
        let plan = model.memory_plan([("x", &x)]).unwrap();
        assert_eq!(
            (plan.values.len(), plan.bytes, plan.alive()),
            (0, 0, vec![0])
        );
    }
}
