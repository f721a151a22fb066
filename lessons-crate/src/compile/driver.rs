//! Runs the passes: applies each patch, verifies the graph, and keeps the record.

use std::time::{Duration, Instant};

use super::cost::Cost;
use super::evaluate::Evaluate;
use super::fold_channels::FoldChannels;
use super::fold_constants::FoldConstants;
use super::fuse_elementwise::FuseElementwise;
use super::fuse_epilogue::FuseEpilogue;
use super::fuse_pool::FusePool;
use super::fuse_residual_norm::FuseResidualNorm;
use super::merge_projections::MergeProjections;
use super::optimize_bodies::OptimizeBodies;
use super::pass::{Pass, Tools};
use super::recognize_attention::RecognizeAttention;
use super::recognize_gelu::RecognizeGelu;
use super::recognize_layer_norm::RecognizeLayerNorm;
use super::recognize_softmax::RecognizeSoftmax;
use super::remove_dead::RemoveDead;
use super::share_subexpressions::ShareSubexpressions;
use super::simplify_algebra::SimplifyAlgebra;
use super::simplify_movement::SimplifyMovement;
use crate::debug;
use crate::graph::ops::OpDef;
use crate::graph::{Graph, GraphError, verify};

/// The passes, in the order in which they run.
pub fn passes() -> Vec<Box<dyn Pass>> {
    vec![
        Box::new(FoldConstants),
        Box::new(RemoveDead),
        Box::new(SimplifyAlgebra),
        Box::new(SimplifyMovement),
        Box::new(ShareSubexpressions),
        Box::new(RecognizeGelu),
        Box::new(RecognizeSoftmax),
        Box::new(RecognizeLayerNorm),
        Box::new(RecognizeAttention),
        Box::new(FuseResidualNorm),
        Box::new(FoldChannels),
        Box::new(FuseEpilogue),
        Box::new(FusePool),
        Box::new(MergeProjections),
        Box::new(FuseElementwise),
        Box::new(OptimizeBodies),
    ]
}

/// More patches than this from one pass mean that it undoes its own work.
const MAX_PATCHES: usize = 10_000;

/// More rounds than this mean that passes undo each other's work.
const MAX_ROUNDS: usize = 100;

/// How to compile.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Stop after this many patches, to find the one that breaks a graph; 0 leaves the graph as it is.
    pub stop_after: Option<usize>,
}

/// One pass, as it went.
#[derive(Debug, Clone)]
pub struct Stage {
    pub pass: &'static str,
    pub says: &'static str,
    /// What each patch did.
    pub patches: Vec<String>,
    /// The graph after the pass.
    pub graph: Graph,
    pub cost: Cost,
    pub time: Duration,
}

/// A graph, what the passes made of it, and how they went.
#[derive(Debug, Clone)]
pub struct Compiled {
    pub source: Graph,
    pub graph: Graph,
    pub stages: Vec<Stage>,
}

/// Compiles with the standard [`passes`].
///
/// # Errors
/// When the graph does not verify, or a pass fails or breaks it; the error names the pass and the
/// patch.
pub fn compile(
    graph: &Graph,
    evaluate: &dyn Evaluate,
    options: &Options,
) -> Result<Compiled, GraphError> {
    compile_with(&passes(), graph, evaluate, options)
}

/// Compiles with passes of one's own choice.
///
/// # Errors
/// As [`compile`].
pub fn compile_with(
    passes: &[Box<dyn Pass>],
    graph: &Graph,
    evaluate: &dyn Evaluate,
    options: &Options,
) -> Result<Compiled, GraphError> {
    verify::verify(graph)?;
    let mut left = options.stop_after.unwrap_or(usize::MAX);
    let mut stages = Vec::with_capacity(passes.len());
    let mut current = graph.clone();
    // What one pass did may give an earlier one something to do, so that all run again until none
    // has; a pass that changes nothing is recorded in the first round only.
    for round in 0.. {
        if round == MAX_ROUNDS {
            let what = format!("the passes do not come to an end in {MAX_ROUNDS} rounds");
            return Err(GraphError::new("compile", what));
        }
        let mut changed = false;
        for pass in passes {
            if !pass.concerns(&current) {
                continue;
            }
            let stage = run(&**pass, current, &Tools { evaluate }, &mut left)?;
            current = stage.graph.clone();
            changed |= !stage.patches.is_empty();
            if round == 0 || !stage.patches.is_empty() {
                stages.push(stage);
            }
        }
        if !changed {
            break;
        }
    }
    let compiled = Compiled {
        source: graph.clone(),
        graph: current,
        stages,
    };
    debug::say(1, || {
        let (before, after) = (graph.nodes().len(), compiled.graph.nodes().len());
        let patches = compiled.patches().count();
        let time: Duration = compiled.stages.iter().map(|stage| stage.time).sum();
        let ms = 1e3 * time.as_secs_f64();
        let name = graph.name();
        format!("compile {name}: {before} → {after} nodes in {patches} patches, {ms:.1} ms")
    });
    Ok(compiled)
}

fn run(
    pass: &dyn Pass,
    mut graph: Graph,
    tools: &Tools<'_>,
    left: &mut usize,
) -> Result<Stage, GraphError> {
    let start = Instant::now();
    let mut patches = Vec::new();
    while *left > 0 {
        let Some(patch) = pass.next(&graph, tools)? else {
            break;
        };
        if patches.len() == MAX_PATCHES {
            let what = format!("{} does not come to an end", pass.name());
            return Err(GraphError::new("compile", what));
        }
        graph = patch.apply(&graph).map_err(|error| {
            let what = format!(
                "{} broke the graph (\"{}\"): {}",
                pass.name(),
                patch.label,
                error.what()
            );
            GraphError::new("compile", what)
        })?;
        debug::say(2, || format!("  {}: {}", pass.name(), patch.label));
        patches.push(patch.label);
        *left -= 1;
    }
    if !patches.is_empty() {
        debug::say(3, || format!("after {}\n{graph}", pass.name()));
    }
    let cost = Cost::of(&graph);
    Ok(Stage {
        pass: pass.name(),
        says: pass.says(),
        patches,
        graph,
        cost,
        time: start.elapsed(),
    })
}

impl Compiled {
    /// All patches in the order in which they were applied, each with its pass.
    pub fn patches(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.stages.iter().flat_map(|stage| {
            let patches = stage.patches.iter();
            patches.map(|patch| (stage.pass, patch.as_str()))
        })
    }

    /// Inputs and weights that nothing uses, as sentences.
    pub fn warnings(&self) -> Vec<String> {
        let unused = self.source.unused().into_iter();
        unused
            .map(|name| format!("`{name}` is declared and no output depends on it"))
            .collect()
    }

    /// The names of the ops that run, in order.
    pub fn kernels(&self) -> Vec<&str> {
        let nodes = self
            .graph
            .nodes()
            .iter()
            .filter(|node| !node.op.is_source());
        nodes.map(|node| node.op.name()).collect()
    }
}
