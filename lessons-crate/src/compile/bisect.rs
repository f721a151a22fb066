//! Finds the patch that breaks a graph.

use std::fmt;

use super::driver::{Options, compile_with};
use super::evaluate::Evaluate;
use super::pass::Pass;
use crate::graph::{Graph, GraphError};

/// The patch with which a graph goes wrong.
#[derive(Debug, Clone)]
pub struct Culprit {
    /// It is this one of all patches, counted from 1: with [`Options::stop_after`] at one less, the
    /// graph is right.
    pub number: usize,
    pub pass: &'static str,
    /// What the patch says that it does.
    pub patch: String,
    /// The last graph that is right.
    pub before: Graph,
    /// The first graph that is wrong.
    pub after: Graph,
    /// The first node of `after` that has another value than in `before`, if one was looked for.
    pub node: Option<String>,
}

impl fmt::Display for Culprit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, pass, patch) = (self.number, self.pass, &self.patch);
        write!(f, "patch {number} breaks the graph: {pass}, \"{patch}\"")?;
        match &self.node {
            Some(node) => write!(f, "; the first value that differs is {node}"),
            None => Ok(()),
        }
    }
}

/// Finds, by halving, the first patch after which `is_right` says no. `None` if the graph is right
/// when all passes have run.
///
/// # Errors
/// Where the graph is wrong before any pass has run, for then no patch broke it; where compiling
/// fails; and what `is_right` fails with.
pub fn bisect<E: From<GraphError>>(
    passes: &[Box<dyn Pass>],
    graph: &Graph,
    evaluate: &dyn Evaluate,
    is_right: &mut dyn FnMut(&Graph) -> Result<bool, E>,
) -> Result<Option<Culprit>, E> {
    let whole = compile_with(passes, graph, evaluate, &Options::default())?;
    if is_right(&whole.graph)? {
        return Ok(None);
    }
    if !is_right(graph)? {
        let what = format!("`{}` is wrong before any pass has run", graph.name());
        let error = GraphError::new("bisect", what)
            .help("no pass is to blame: look at the graph itself, or at the kernels");
        return Err(error.into());
    }
    let after = |patches: usize| {
        let options = Options {
            stop_after: Some(patches),
        };
        compile_with(passes, graph, evaluate, &options)
    };
    // Right after `right` patches, wrong after `wrong`.
    let (mut right, mut wrong) = (0, whole.patches().count());
    while wrong - right > 1 {
        let middle = right + (wrong - right) / 2;
        match is_right(&after(middle)?.graph)? {
            true => right = middle,
            false => wrong = middle,
        }
    }
    let (before, broken) = (after(right)?, after(wrong)?);
    let last = broken.patches().last();
    let (pass, patch) = last.map_or(("", String::new()), |(pass, patch)| {
        (pass, patch.to_owned())
    });
    Ok(Some(Culprit {
        number: wrong,
        pass,
        patch,
        before: before.graph,
        after: broken.graph,
        node: None,
    }))
}
