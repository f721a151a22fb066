//! Runs a specialized program over the memory that it owns.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Instant;

use candle_core::{Device, Tensor};

use super::bodies::Bodies;
use super::memory::ALIGNMENT;
use super::specialize::{Home, Operand, Source, Specialization, Step, view};
use super::task::{Data, MAX_READS, Out, Workspace};
use super::threads::Threads;
use crate::engine::control::{control, last_state};
use crate::engine::error::RunError;
use crate::engine::reference::{Context, Precision, eval};
use crate::graph::ops::Op;
use crate::graph::{DType, Graph, NodeId};

/// The memory of one run: kept from run to run.
#[derive(Debug, Default)]
pub struct Memory {
    arena: Vec<f32>,
    workspace: Workspace,
    kept: Vec<Option<Tensor>>,
}

impl Memory {
    pub fn new(program: &Specialization) -> Memory {
        Memory {
            arena: vec![0.0; program.arena + ALIGNMENT],
            workspace: Workspace::default(),
            kept: vec![None; program.kept],
        }
    }

    /// What the steps that have run needed besides the arena, in bytes.
    pub fn workspace(&self) -> usize {
        self.workspace.bytes()
    }

    /// Gives back what the reference made, once the outputs are taken.
    pub fn forget(&mut self) {
        self.kept.fill(None);
        self.workspace.loops.clear();
    }
}

/// What a run reads and writes besides its arena.
pub struct Surroundings<'r> {
    pub graph: &'r Graph,
    pub threads: &'r Threads,
    pub loaded: &'r [Tensor],
    /// The models of the bodies of nodes that have any.
    pub bodies: &'r HashMap<NodeId, Bodies>,
    /// In the order in which the graph declares them.
    pub inputs: &'r [Option<&'r Tensor>],
}

/// A named result that is written in place.
pub type Written<'r> = (&'r str, &'r mut [f32]);

/// Sees each step when it has run: the step, what it took, and its value where it is kept as a
/// tensor or asked for.
pub type Observer<'o> = &'o mut dyn FnMut(&Step, std::time::Duration, Value<'_>);

/// The value that a step has written, copied when it is asked for.
pub type Value<'v> = &'v mut dyn FnMut() -> Result<Tensor, RunError>;

/// Runs all steps. Outputs that steps write go to `outputs`, which has one for each output of the
/// graph; those that are tensors are left to [`output`].
///
/// # Errors
/// When a kernel cannot run on the data; the error names the node.
pub fn run(
    program: &Specialization,
    around: &Surroundings<'_>,
    memory: &mut Memory,
    outputs: &mut [Written<'_>],
    mut observe: Option<Observer<'_>>,
) -> Result<(), RunError> {
    let Memory {
        arena,
        workspace,
        kept,
    } = memory;
    // What a run that failed has left is of other inputs.
    workspace.loops.clear();
    let skip = unaligned(arena);
    let arena = &mut arena[skip..];
    for step in &program.steps {
        let start = observe.is_some().then(Instant::now);
        run_step(program, around, arena, workspace, kept, outputs, step)
            .map_err(|error| error.of(around.graph.label(step.node)))?;
        if let (Some(observe), Some(start)) = (&mut observe, start) {
            let time = start.elapsed();
            let mut value = || value(program, around, arena, kept, outputs, step);
            observe(step, time, &mut value);
        }
        for dead in &step.drops {
            kept[*dead] = None;
        }
    }
    Ok(())
}

/// How many words there are before the first cache line of an arena begins.
fn unaligned(arena: &[f32]) -> usize {
    arena.as_ptr().align_offset(64).min(ALIGNMENT)
}

fn run_step(
    program: &Specialization,
    around: &Surroundings<'_>,
    arena: &mut [f32],
    workspace: &mut Workspace,
    kept: &mut [Option<Tensor>],
    outputs: &mut [Written<'_>],
    step: &Step,
) -> Result<(), RunError> {
    match &step.write {
        Home::Arena(range) => {
            let (before, rest) = arena.split_at_mut(range.start);
            let (place, after) = rest.split_at_mut(range.len());
            let out = Out::in_arena(place, step.dtype, step.len);
            let shared = Shared {
                program,
                around,
                before,
                after,
                after_start: range.end,
                outputs,
                kept,
            };
            shared.run(step, out, workspace)
        }
        Home::Output(number) => {
            let out = std::mem::take(&mut outputs[*number].1);
            let shared = Shared::whole(program, around, arena, outputs, kept);
            let result = shared.run(step, Out::F32(out), workspace);
            outputs[*number].1 = out;
            result
        }
        Home::Kept(number) => {
            let shared = Shared::whole(program, around, arena, outputs, kept);
            let value = shared.value(step, workspace)?;
            kept[*number] = Some(value);
            Ok(())
        }
        Home::Loaded(_) | Home::Constant(_) | Home::Input(_) => {
            Err(RunError::new("a step writes what is only read"))
        }
    }
}

/// All memory but the place that the step at hand writes.
struct Shared<'r> {
    program: &'r Specialization,
    around: &'r Surroundings<'r>,
    before: &'r [f32],
    after: &'r [f32],
    /// Where `after` begins in the arena.
    after_start: usize,
    outputs: &'r [Written<'r>],
    kept: &'r [Option<Tensor>],
}

impl<'r> Shared<'r> {
    /// Where the step at hand writes nothing of the arena.
    fn whole(
        program: &'r Specialization,
        around: &'r Surroundings<'r>,
        arena: &'r [f32],
        outputs: &'r [Written<'r>],
        kept: &'r [Option<Tensor>],
    ) -> Shared<'r> {
        Shared {
            program,
            around,
            before: arena,
            after: &[],
            after_start: 0,
            outputs,
            kept,
        }
    }

    fn run(&self, step: &Step, out: Out<'_>, workspace: &mut Workspace) -> Result<(), RunError> {
        let guards: [_; MAX_READS] = std::array::from_fn(|at| {
            let tensor = self.tensor(&step.reads.get(at)?.home)?;
            let (storage, layout) = tensor.storage_and_layout();
            Some((storage, layout.start_offset()))
        });
        let mut data = [Data::F32(&[]); MAX_READS];
        for ((data, read), guard) in data.iter_mut().zip(&step.reads).zip(&guards) {
            let offset = read.layout.offset;
            *data = match guard {
                None => Data::in_arena(self.words(&read.home), read.dtype).from(offset),
                Some((storage, start)) => Data::stored(storage, start + offset)?,
            };
        }
        let cpu = self.around.threads.cpu();
        step.task
            .run(cpu, &data[..step.reads.len()], out, workspace)
    }

    /// The tensor that a value is in, if it is in one.
    fn tensor(&self, home: &Home) -> Option<&Tensor> {
        match home {
            Home::Loaded(at) => self.around.loaded.get(*at),
            Home::Constant(at) => self.program.constants.get(*at),
            Home::Input(at) => self.around.inputs.get(*at).copied().flatten(),
            Home::Kept(at) => self.kept.get(*at)?.as_ref(),
            Home::Arena(_) | Home::Output(_) => None,
        }
    }

    /// Of the arena, or of an output, which holds `f32`.
    fn words(&self, home: &Home) -> &[f32] {
        match home {
            Home::Arena(range) if range.end <= self.before.len() => &self.before[range.clone()],
            Home::Arena(range) => {
                let start = range.start.saturating_sub(self.after_start);
                self.after.get(start..start + range.len()).unwrap_or(&[])
            }
            Home::Output(number) => &*self.outputs[*number].1,
            _ => &[],
        }
    }

    /// Runs a step whose value is a tensor, on copies of what is in the arena: through the models of its
    /// bodies, or else through the reference.
    fn value(&self, step: &Step, workspace: &mut Workspace) -> Result<Tensor, RunError> {
        let node = self
            .around
            .graph
            .node(step.node)
            .ok_or_else(|| RunError::new("the node does not exist"))?;
        let reads: Vec<Tensor> = step
            .reads
            .iter()
            .map(|read| self.as_tensor(read))
            .collect::<Result<_, _>>()?;
        if let Some(bodies) = self.around.bodies.get(&step.node) {
            let run = |body: usize, inputs: &[Tensor]| bodies.models[body].run_in_order(inputs);
            let value = match (&node.op, bodies.shared_by) {
                (Op::While(op), Some(first)) => {
                    let state = match workspace.loops.entry(first) {
                        Entry::Occupied(known) => known.into_mut(),
                        Entry::Vacant(place) => place.insert(last_state(&reads, &run)?),
                    };
                    state[op.result].clone()
                }
                _ => control(&node.op, &reads, &run)?,
            };
            return Ok(value.contiguous()?);
        }
        let context = Context {
            bindings: &self.program.bindings,
            device: &Device::Cpu,
            precision: Precision::Declared,
        };
        self.around.threads.candle(|| {
            let value = eval(node, &reads.iter().collect::<Vec<_>>(), &context)?;
            Ok(value.contiguous()?)
        })
    }

    fn as_tensor(&self, read: &Operand) -> Result<Tensor, RunError> {
        match self.tensor(&read.home) {
            Some(tensor) => view(tensor, &read.layout),
            None => {
                let data = Data::in_arena(self.words(&read.home), read.dtype);
                view(&data.tensor()?, &read.layout)
            }
        }
    }
}

/// The value that a step has written, as a tensor of its own.
fn value(
    program: &Specialization,
    around: &Surroundings<'_>,
    arena: &[f32],
    kept: &[Option<Tensor>],
    outputs: &[Written<'_>],
    step: &Step,
) -> Result<Tensor, RunError> {
    let shared = Shared::whole(program, around, arena, outputs, kept);
    match shared.tensor(&step.write) {
        Some(tensor) => Ok(tensor.clone()),
        None => {
            let data = Data::in_arena(shared.words(&step.write), step.dtype);
            data.first(step.len).tensor()
        }
    }
}

/// The tensor of an output that no step has written in place.
///
/// # Errors
/// When the output is one that a step writes.
pub fn output(
    program: &Specialization,
    around: &Surroundings<'_>,
    memory: &Memory,
    number: usize,
) -> Result<Tensor, RunError> {
    let Some((_, Source::Tensor(operand))) = program.outputs.get(number) else {
        return Err(RunError::new("a step writes this output"));
    };
    let arena = &memory.arena[unaligned(&memory.arena)..];
    Shared::whole(program, around, arena, &[], &memory.kept).as_tensor(operand)
}

/// Copies an output that no step has written in place.
///
/// # Errors
/// When it does not hold `f32`.
pub fn copy_output(tensor: &Tensor, dtype: DType, out: &mut [f32]) -> Result<(), RunError> {
    let (storage, layout) = tensor.storage_and_layout();
    match Data::stored(&storage, layout.start_offset())? {
        Data::F32(values) if dtype == DType::F32 => {
            let values = values.get(..out.len()).unwrap_or(&[]);
            out.copy_from_slice(values);
            Ok(())
        }
        _ => Err(RunError::new(format!(
            "an output of {dtype} cannot be written as f32"
        ))),
    }
}
