//! Where the values of a plan lie.

use super::draft::{Draft, Root, Value};
use super::{Home, Operand, Step};
use crate::engine::cpu::memory::{self, Life};

/// Gives every step its place to write to.
pub fn placed(drafts: Vec<Draft>) -> (Vec<Step>, usize, usize, usize) {
    let in_arena = |draft: &Draft| draft.output.is_none() && !draft.task.makes_tensor();
    let lives: Vec<Life> = drafts
        .iter()
        .enumerate()
        .filter(|(_, draft)| in_arena(draft))
        .map(|(first, draft)| Life {
            first,
            last: draft.last,
            len: draft.len,
        })
        .collect();
    let places = memory::place(&lives);
    let mut offsets = places.offsets.iter();
    let mut kept = 0;
    let mut homes: Vec<Home> = Vec::with_capacity(drafts.len());
    for draft in &drafts {
        homes.push(match draft.output {
            Some(output) => Home::Output(output),
            None if draft.task.makes_tensor() => {
                kept += 1;
                Home::Kept(kept - 1)
            }
            None => {
                let start = offsets.next().copied().unwrap_or_default();
                Home::Arena(start..start + draft.len)
            }
        });
    }
    let mut drops: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    for (draft, home) in drafts.iter().zip(&homes) {
        if let (Home::Kept(kept), Some(drops)) = (home, drops.get_mut(draft.last)) {
            drops.push(*kept);
        }
    }
    let steps: Vec<Step> = drafts
        .into_iter()
        .zip(&homes)
        .zip(drops)
        .map(|((draft, home), drops)| Step {
            node: draft.node,
            task: draft.task,
            reads: draft
                .reads
                .iter()
                .map(|read| at_home(read, &homes))
                .collect(),
            write: home.clone(),
            drops,
        })
        .collect();
    (steps, places.len, memory::naive(&lives), kept)
}

fn at_home(value: &Value, homes: &[Home]) -> Operand {
    Operand {
        home: match value.root {
            Root::Step(step) => homes[step].clone(),
            Root::Loaded(at) => Home::Loaded(at),
            Root::Constant(at) => Home::Constant(at),
            Root::Input(at) => Home::Input(at),
        },
        layout: value.layout.clone(),
        dtype: value.dtype,
    }
}

pub fn operand(value: &Value, steps: &[Step]) -> Operand {
    let homes: Vec<Home> = steps.iter().map(|step| step.write.clone()).collect();
    at_home(value, &homes)
}
