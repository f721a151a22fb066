//! A model on the CPU: what was loaded, and the plans for the shapes that were seen.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use candle_core::{Device, Tensor};

use super::bodies::{Bodies, bodies};
use super::load::Loaded;
use super::memory_plan::MemoryPlan;
use super::run::{self, Memory, Observer, Surroundings, Value, Written};
use super::specialize::{Source, Specialization, Step};
use super::threads::Threads;
use super::traffic::{self, Traffic};
use crate::debug;
use crate::engine::binding::bind;
use crate::engine::error::RunError;
use crate::engine::outputs::Outputs;
use crate::graph::{Bindings, Graph, NodeId};
use crate::weights::{ForGraph, to_candle};

/// Plans for more shapes than this push out the oldest, and its arena with it.
const MAX_PLANS: usize = 32;

/// Inputs and outputs up to this number are found without allocating.
const MAX_NAMES: usize = 16;

/// A loaded graph with its specialized programs.
#[derive(Debug)]
pub struct CpuModel {
    graph: Graph,
    threads: Threads,
    loaded: Loaded,
    /// For each node that runs graphs, such as the branches of a `cond`, the models of these.
    bodies: HashMap<NodeId, Bodies>,
    plans: Mutex<Vec<Arc<Cached>>>,
}

#[derive(Debug)]
struct Cached {
    program: Specialization,
    memory: Mutex<Memory>,
}

/// The memory that the values between inputs and outputs take in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arena {
    /// In bytes, where values that do not live at the same time share a place.
    pub bytes: usize,
    /// In bytes, if each value had a place of its own.
    pub separate: usize,
    /// What kernels need beside it while they run, such as the scores of a few rows of an attention,
    /// in bytes; 0 before the first run.
    pub workspace: usize,
}

impl std::fmt::Display for Arena {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (bytes, separate) = (self.bytes, self.separate);
        write!(f, "arena: {bytes} bytes, and {separate} without sharing")
    }
}

/// What one step took.
pub struct StepTime {
    pub node: NodeId,
    pub kernel: &'static str,
    pub time: Duration,
    pub flops: usize,
    pub traffic: Traffic,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic in a kernel leaves memory that the next run writes anew.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CpuModel {
    /// Runs the load-time program.
    ///
    /// # Errors
    /// When an op cannot run on these weights, or their file cannot be read.
    pub fn new(graph: &Graph, weights: &ForGraph<'_>, threads: Threads) -> crate::Result<CpuModel> {
        let start = Instant::now();
        let loaded = threads.candle(|| Loaded::new(graph, weights, threads.cpu()))?;
        debug::say(1, || {
            let (name, known) = (graph.name(), loaded.known.len());
            let ms = 1e3 * start.elapsed().as_secs_f64();
            format!("load {name}: {known} values depend on weights alone, {ms:.1} ms")
        });
        Ok(CpuModel {
            bodies: bodies(graph, &threads)?,
            graph: graph.clone(),
            loaded,
            threads,
            plans: Mutex::default(),
        })
    }

    /// The plan for the shapes of these inputs, made if it is not there yet.
    fn plan(&self, inputs: &[(&str, &Tensor)]) -> Result<Arc<Cached>, RunError> {
        let mut plans = lock(&self.plans);
        if let Some(plan) = plans.iter().find(|plan| self.fits(plan, inputs)) {
            return Ok(Arc::clone(plan));
        }
        let by_name: BTreeMap<&str, &Tensor> = inputs.iter().copied().collect();
        let bindings = bind(&self.graph, &by_name)?;
        let program = Specialization::new(&self.graph, &self.loaded, bindings)?;
        debug::say(1, || self.describe(&program));
        let memory = Mutex::new(Memory::new(&program));
        let plan = Arc::new(Cached { program, memory });
        if plans.len() == MAX_PLANS {
            plans.remove(0);
        }
        plans.push(Arc::clone(&plan));
        Ok(plan)
    }

    fn describe(&self, program: &Specialization) -> String {
        let sizes = program.bindings.iter();
        let sizes: Vec<String> = sizes
            .map(|(symbol, size)| format!("{symbol} = {size}"))
            .collect();
        format!(
            "plan {} for {}: {} steps, {}",
            self.graph.name(),
            sizes.join(", "),
            program.steps.len(),
            program.arena()
        )
    }

    fn fits(&self, plan: &Cached, inputs: &[(&str, &Tensor)]) -> bool {
        let declared = plan.program.inputs.iter();
        declared.len() == inputs.len()
            && declared
                .zip(&plan.program.shapes)
                .all(|((name, dtype), shape)| {
                    let given = inputs.iter().find(|(other, _)| other == name);
                    given.is_some_and(|(_, tensor)| {
                        tensor.dtype() == to_candle(*dtype) && tensor.dims() == shape
                    })
                })
    }

    /// Runs the graph into new tensors.
    ///
    /// # Errors
    /// When the inputs do not fit the graph, or a kernel cannot run on them.
    pub fn run(
        &self,
        inputs: &[(&str, &Tensor)],
        observe: Option<Observer<'_>>,
    ) -> Result<Outputs, RunError> {
        let plan = self.plan(inputs)?;
        let program = &plan.program;
        let mut buffers: Vec<Vec<f32>> = program
            .outputs
            .iter()
            .map(|(shape, source)| match source {
                Source::Written => vec![0.0; shape.iter().product()],
                Source::Tensor(_) => Vec::new(),
            })
            .collect();
        let mut tensors: Vec<Option<Tensor>> = vec![None; buffers.len()];
        let names = self
            .graph
            .outputs()
            .iter()
            .map(|output| output.name.as_str());
        let mut written: Vec<Written<'_>> = names
            .zip(buffers.iter_mut().map(Vec::as_mut_slice))
            .collect();
        self.execute(
            &plan,
            inputs,
            &mut written,
            observe,
            &mut |number, tensor| {
                tensors[number] = Some(tensor);
                Ok(())
            },
        )?;
        drop(written);
        let mut outputs = Vec::with_capacity(buffers.len());
        let results = buffers.into_iter().zip(tensors).zip(&program.outputs);
        for (((buffer, tensor), (shape, _)), output) in results.zip(self.graph.outputs()) {
            let tensor = match tensor {
                Some(tensor) => tensor,
                None => Tensor::from_vec(buffer, shape.as_slice(), &Device::Cpu)?,
            };
            outputs.push((output.name.clone(), tensor));
        }
        Ok(Outputs::new(outputs.into_iter()))
    }

    /// Runs the graph on inputs, and gives its outputs, in the order in which it declares them.
    ///
    /// # Errors
    /// As [`CpuModel::run`].
    pub fn run_in_order(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>, RunError> {
        let names = self.graph.inputs().map(|(name, _)| name);
        let inputs: Vec<(&str, &Tensor)> = names.zip(inputs).collect();
        let outputs = self.run(&inputs, None)?;
        Ok(outputs.iter().map(|(_, tensor)| tensor.clone()).collect())
    }

    /// Runs the graph into memory of the caller's.
    ///
    /// # Errors
    /// As [`CpuModel::run`], and when the outputs are not those of the graph, `f32`, in their sizes.
    pub fn run_into(
        &self,
        inputs: &[(&str, &Tensor)],
        outputs: &mut [Written<'_>],
    ) -> Result<(), RunError> {
        let plan = self.plan(inputs)?;
        let declared = self.graph.outputs();
        if outputs.len() != declared.len() {
            return Err(self.misfit(outputs.len()));
        }
        for (at, output) in declared.iter().enumerate() {
            let given = outputs.iter().position(|(name, _)| *name == output.name);
            outputs.swap(at, given.ok_or_else(|| self.misfit(outputs.len()))?);
            let wanted = plan.program.outputs[at].0.iter().product::<usize>();
            if outputs[at].1.len() != wanted {
                return Err(RunError::new(format!(
                    "the output `{}` has {wanted} elements in this run, and was given place for {}",
                    output.name,
                    outputs[at].1.len()
                )));
            }
        }
        let mut late = |_: usize, _: Tensor| Ok(());
        self.execute(&plan, inputs, outputs, None, &mut late)
    }

    fn misfit(&self, given: usize) -> RunError {
        let names: Vec<_> = self
            .graph
            .outputs()
            .iter()
            .map(|output| format!("`{}`", output.name))
            .collect();
        RunError::new(format!(
            "{given} outputs were given that are not those of {}",
            self.graph.name()
        ))
        .help(format!("give each of {} by its name", names.join(", ")))
    }

    fn execute(
        &self,
        plan: &Cached,
        inputs: &[(&str, &Tensor)],
        outputs: &mut [Written<'_>],
        observe: Option<Observer<'_>>,
        tensor: &mut dyn FnMut(usize, Tensor) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let program = &plan.program;
        let usable = |tensor: &Tensor| tensor.is_contiguous() && tensor.device().is_cpu();
        if !inputs.iter().all(|(_, tensor)| usable(tensor)) {
            let moved: Vec<(&str, Tensor)> = inputs
                .iter()
                .map(|(name, tensor)| Ok((*name, tensor.to_device(&Device::Cpu)?.contiguous()?)))
                .collect::<Result<_, RunError>>()?;
            let moved: Vec<(&str, &Tensor)> =
                moved.iter().map(|(name, tensor)| (*name, tensor)).collect();
            return self.execute(plan, &moved, outputs, observe, tensor);
        }
        let find = |name: &str| {
            let given = inputs.iter().find(|(other, _)| *other == name);
            given.map(|(_, tensor)| *tensor)
        };
        let mut few = [None; MAX_NAMES];
        let many: Vec<Option<&Tensor>>;
        let ordered: &[Option<&Tensor>] = if program.inputs.len() <= MAX_NAMES {
            for (slot, (name, _)) in few.iter_mut().zip(&program.inputs) {
                *slot = find(name);
            }
            &few[..program.inputs.len()]
        } else {
            many = program.inputs.iter().map(|(name, _)| find(name)).collect();
            &many
        };
        let around = Surroundings {
            graph: &self.graph,
            threads: &self.threads,
            loaded: &self.loaded.tensors,
            bodies: &self.bodies,
            inputs: ordered,
        };
        // Whoever comes while another run uses the arena gets one of its own.
        let mut own;
        let mut shared;
        let memory: &mut Memory = match plan.memory.try_lock() {
            Ok(guard) => {
                shared = guard;
                &mut shared
            }
            Err(std::sync::TryLockError::Poisoned(guard)) => {
                shared = guard.into_inner();
                &mut shared
            }
            Err(std::sync::TryLockError::WouldBlock) => {
                own = Memory::new(program);
                &mut own
            }
        };
        let mut tell = |step: &Step, time: Duration, _: Value<'_>| {
            debug::say(4, || {
                let (node, kernel) = (self.graph.label(step.node), step.task.kernel());
                format!("  {:8.1} µs  {node}: {kernel}", 1e6 * time.as_secs_f64())
            });
        };
        match observe {
            None if debug::level() >= 4 => {
                run::run(program, &around, memory, outputs, Some(&mut tell))?;
            }
            observe => run::run(program, &around, memory, outputs, observe)?,
        }
        for (number, (_, source)) in program.outputs.iter().enumerate() {
            if let Source::Tensor(operand) = source {
                let value = run::output(program, &around, memory, number)?;
                if !outputs[number].1.is_empty() {
                    run::copy_output(&value, operand.dtype, outputs[number].1)?;
                }
                tensor(number, value)?;
            }
        }
        memory.forget();
        Ok(())
    }

    /// Runs the graph twice, since the first run may fetch weights and memory from far away, and says
    /// what each step of the second took, and what the symbols stood for.
    ///
    /// # Errors
    /// As [`CpuModel::run`].
    pub fn profile(
        &self,
        inputs: &[(&str, &Tensor)],
    ) -> Result<(Vec<StepTime>, Bindings), RunError> {
        self.run(inputs, None)?;
        let bindings = self.plan(inputs)?.program.bindings.clone();
        let mut times = Vec::new();
        let mut observe = |step: &Step, time, _: Value<'_>| {
            times.push(StepTime {
                node: step.node,
                kernel: step.task.kernel(),
                time,
                flops: traffic::flops(step, &self.graph, &bindings),
                traffic: Traffic::of(step, &self.graph, &bindings),
            });
        };
        self.run(inputs, Some(&mut observe))?;
        Ok((times, bindings))
    }

    /// How many plans are kept: one for the shapes of each run.
    #[cfg(test)]
    pub fn plans(&self) -> usize {
        lock(&self.plans).len()
    }

    pub fn threads(&self) -> &Threads {
        &self.threads
    }

    /// Where values lie in the plan for the shapes of these inputs.
    ///
    /// # Errors
    /// When the inputs do not fit the graph.
    pub fn memory_plan(&self, inputs: &[(&str, &Tensor)]) -> Result<MemoryPlan, RunError> {
        Ok(MemoryPlan::of(&self.graph, &self.plan(inputs)?.program))
    }

    /// The arena of the plan for the shapes of these inputs.
    ///
    /// # Errors
    /// When the inputs do not fit the graph.
    pub fn arena(&self, inputs: &[(&str, &Tensor)]) -> Result<Arena, RunError> {
        let plan = self.plan(inputs)?;
        let workspace = lock(&plan.memory).workspace();
        Ok(Arena {
            workspace,
            ..plan.program.arena()
        })
    }
}
