//! Where the values of a plan lie.

use super::draft::{Draft, Root, Value};
use super::{Home, Operand, Step};
use crate::engine::cpu::memory::{self, Life};
use crate::engine::cpu::task::{Task, words};

fn in_arena(draft: &Draft) -> bool {
    draft.output.is_none() && !draft.task.makes_tensor()
}

/// The operand that an elementwise step may overwrite, and the step that made it: a whole value of the
/// arena, laid out as the result is, that nothing else reads then or later.
fn overwritten(drafts: &[Draft], step: usize) -> Option<(usize, usize)> {
    let draft = &drafts[step];
    if !in_arena(draft) || !matches!(draft.task, Task::Elementwise { .. }) {
        return None;
    }
    let root = |value: &Value| match value.root {
        Root::Step(from) => Some(from),
        _ => None,
    };
    let mut reads = draft.reads.iter().enumerate();
    reads.find_map(|(at, read)| {
        let from = root(read).filter(|from| in_arena(&drafts[*from]))?;
        let alone = draft
            .reads
            .iter()
            .filter(|read| root(read) == Some(from))
            .count()
            == 1;
        let dies = drafts[from].last == step;
        let whole = read.layout.is_contiguous()
            && read.layout.offset == 0
            && read.layout.elements() == draft.len
            && read.dtype == draft.dtype
            && drafts[from].len == draft.len;
        (alone && dies && whole).then_some((at, from))
    })
}

/// Gives every step its place to write to.
pub fn placed(mut drafts: Vec<Draft>) -> (Vec<Step>, usize, usize, usize) {
    let mut separate = Vec::new();
    // Values that follow one another in one place live as one.
    let mut lives: Vec<Life> = Vec::new();
    let mut life_of = vec![0; drafts.len()];
    for first in 0..drafts.len() {
        let draft = &drafts[first];
        if !in_arena(draft) {
            continue;
        }
        let (last, len) = (draft.last, words(draft.dtype, draft.len));
        separate.push(Life { first, last, len });
        let over = overwritten(&drafts, first);
        if let Some((_, from)) = over {
            life_of[first] = life_of[from];
            lives[life_of[first]].last = last;
        } else {
            life_of[first] = lives.len();
            lives.push(Life { first, last, len });
        }
        if let Task::Elementwise { over: operand, .. } = &mut drafts[first].task {
            *operand = over.map(|(at, _)| at);
        }
    }
    let places = memory::place(&lives);
    let mut kept = 0;
    let mut homes: Vec<Home> = Vec::with_capacity(drafts.len());
    for (draft, life) in drafts.iter().zip(&life_of) {
        homes.push(match draft.output {
            Some(output) => Home::Output(output),
            None if draft.task.makes_tensor() => {
                kept += 1;
                Home::Kept(kept - 1)
            }
            None => {
                let start = places.offsets[*life];
                Home::Arena(start..start + words(draft.dtype, draft.len))
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
            dtype: draft.dtype,
            len: draft.len,
            drops,
        })
        .collect();
    (steps, places.len, memory::naive(&separate), kept)
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
