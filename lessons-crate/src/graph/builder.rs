//! Building graphs: in one closure, or growing over several notebook cells.

mod call;
mod random;

use std::collections::HashMap;
use std::panic::Location;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use super::dim::Dim;
use super::dtype::DType;
use super::error::{Broken, GraphError, Operand};
use super::ir::{Graph, Node, NodeId, Output, Parts, Scope};
use super::ops::{Constant, Input, Op, OpDef, Range, Values, Weight};
use super::shape::IntoShape;
use super::site::Site;
use super::tensor_type::TensorType;
use super::value::Value;

/// The graphs that are being built. [`Value`]s are ids into them, which is what makes values
/// `Copy`, usable twice, in loops, in plain functions and across notebook cells.
static OPEN: LazyLock<Mutex<Open>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Open {
    next: u32,
    graphs: HashMap<u32, Draft>,
}

struct Draft {
    parts: Parts,
    /// The scopes around what is being written now.
    around: Vec<usize>,
    /// The first mistake. After it every op gives a poisoned value.
    error: Option<GraphError>,
}

fn open() -> MutexGuard<'static, Open> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A graph that is being built. Made by [`Graph::build`] and [`Graph::start`].
///
/// Nothing here fails on the spot: the first mistake is kept, with the line that made it, and
/// returned by `build` or [`Builder::finish`].
#[derive(Debug)]
pub struct Builder {
    id: u32,
}

impl Graph {
    /// Builds a graph in one go.
    ///
    /// # Errors
    /// The first mistake that `describe` made: the op, its operands with their shapes and the lines
    /// that made them, the rule, and what to try.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let graph = Graph::build("linear", |g| {
    ///     let x = g.input("x", f32s(("batch", 4)));
    ///     let w = g.weight("fc.weight", f32s((2, 4)));
    ///     let b = g.weight("fc.bias", f32s((2,)));
    ///     g.output("y", (x.matmul(w.t()) + b).relu());
    /// })?;
    /// assert_eq!(graph.output("y").unwrap().ty, f32s(("batch", 2)));
    ///
    /// let error = Graph::build("wrong", |g| {
    ///     let x = g.input("x", f32s(("batch", 4)));
    ///     let w = g.weight("fc.weight", f32s((2, 4)));
    ///     g.output("y", x.matmul(w));
    /// })
    /// .unwrap_err();
    /// assert_eq!(error.suggestion(), Some("transpose the right side: x.matmul(fc.weight.t())"));
    /// # Ok::<(), lessons::Error>(())
    /// ```
    #[track_caller]
    pub fn build(name: &str, describe: impl FnOnce(&Builder)) -> Result<Graph, GraphError> {
        let builder = Graph::start(name);
        describe(&builder);
        builder.finish()
    }

    /// Starts a graph that grows step by step, for instance cell by cell; [`Builder::finish`]
    /// checks it and returns it. Shapes can be looked at on the way.
    ///
    /// ```
    /// use lessons::prelude::*;
    ///
    /// let g = Graph::start("affine");
    /// let x = g.input("x", f32s(("n",)));
    /// let y = 2 * x + 1.0;
    /// assert_eq!(y.shape().to_string(), "[n]");
    /// g.output("y", y.relu());
    /// let graph = g.finish()?;
    /// # Ok::<(), lessons::Error>(())
    /// ```
    pub fn start(name: &str) -> Builder {
        let parts = Parts {
            name: name.to_owned(),
            ..Parts::default()
        };
        let mut open = open();
        let id = open.next;
        open.next += 1;
        open.graphs.insert(
            id,
            Draft {
                parts,
                around: Vec::new(),
                error: None,
            },
        );
        Builder { id }
    }
}

impl Builder {
    /// Declares a tensor that every run is given. Dims may be symbolic: `f32s(("batch", 4))`.
    #[track_caller]
    pub fn input(&self, name: &str, ty: TensorType) -> Value {
        let input = Input {
            name: name.to_owned(),
            ty,
        };
        apply_in(self.id, input.into(), &[], Location::caller())
    }

    /// Declares a tensor that is given once, when the model is loaded, under the name that it has
    /// in the weights file.
    #[track_caller]
    pub fn weight(&self, name: &str, ty: TensorType) -> Value {
        let weight = Weight {
            name: name.to_owned(),
            ty,
        };
        apply_in(self.id, weight.into(), &[], Location::caller())
    }

    /// A small `f32` tensor that is part of the graph: values in row-major order.
    #[track_caller]
    pub fn constant(&self, values: impl Into<Vec<f64>>, shape: impl IntoShape) -> Value {
        let site = Location::caller();
        let shape = shape.into_shape();
        match shape.known() {
            Some(shape) => {
                let values = Values::Floats(values.into());
                apply_in(
                    self.id,
                    Constant {
                        dtype: DType::F32,
                        shape,
                        values,
                    }
                    .into(),
                    &[],
                    site,
                )
            }
            None => {
                let what = format!("a constant cannot have the symbolic shape {shape}");
                self.fail(GraphError::new("constant", what).at(Some(site.into())));
                Value::poisoned(self.id)
            }
        }
    }

    /// The integers `0, 1, … end - 1` as `i64`; `end` may be symbolic.
    #[track_caller]
    pub fn range(&self, end: impl Into<Dim>) -> Value {
        apply_in(
            self.id,
            Range { end: end.into() }.into(),
            &[],
            Location::caller(),
        )
    }

    /// Names a result of the graph.
    #[track_caller]
    pub fn output(&self, name: &str, value: Value) {
        let site = Location::caller();
        let mut open = open();
        let Some(draft) = open.graphs.get_mut(&self.id) else {
            return;
        };
        match value.node_in(self.id) {
            Some(node) => draft.parts.outputs.push(Output {
                name: name.to_owned(),
                node,
            }),
            None if draft.error.is_some() => {}
            None => draft.error = Some(foreign("output", site.into())),
        }
    }

    /// Everything that `describe` makes belongs to the part of the graph called `name`; diagrams
    /// show it as one hull. Scopes nest, and equal names in a row (`layer 0`, `layer 1`) fold.
    ///
    /// ```
    /// use lessons::prelude::*;
    /// # let g = Graph::start("scopes");
    /// let x = g.input("x", f32s((4,)));
    /// let y = g.scope("activation", || x.relu());
    /// ```
    pub fn scope<T>(&self, name: &str, describe: impl FnOnce() -> T) -> T {
        self.enter(name);
        let result = describe();
        if let Some(draft) = open().graphs.get_mut(&self.id) {
            draft.around.pop();
        }
        result
    }

    fn enter(&self, name: &str) {
        if let Some(draft) = open().graphs.get_mut(&self.id) {
            let parent = draft.around.last().copied();
            draft.around.push(draft.parts.scopes.len());
            draft.parts.scopes.push(Scope {
                name: name.to_owned(),
                parent,
            });
        }
    }

    fn fail(&self, error: GraphError) {
        fail_in(self.id, error);
    }

    /// Checks the graph and returns it.
    ///
    /// # Errors
    /// The first mistake that was made while building.
    pub fn finish(self) -> Result<Graph, GraphError> {
        let draft = open().graphs.remove(&self.id);
        let Some(draft) = draft else {
            return Err(GraphError::new("graph", "it is finished already"));
        };
        match draft.error {
            Some(error) => Err(error),
            None => Graph::from_parts(draft.parts),
        }
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        open().graphs.remove(&self.id);
    }
}

/// Adds a node to the graph that `inputs` belong to.
pub(crate) fn apply(op: Op, inputs: &[Value], site: &Location<'_>) -> Value {
    apply_in(inputs[0].graph(), op, inputs, site)
}

/// Adds a constant to a graph.
pub(crate) fn constant_in(graph: u32, constant: Constant, site: &Location<'_>) -> Value {
    apply_in(graph, constant.into(), &[], site)
}

/// Adds a range to a graph.
pub(crate) fn range_in(graph: u32, end: Dim, site: &Location<'_>) -> Value {
    apply_in(graph, Range { end }.into(), &[], site)
}

/// Notes a mistake, unless there was one before.
pub(crate) fn fail_in(graph: u32, error: GraphError) {
    if let Some(draft) = open().graphs.get_mut(&graph) {
        draft.error.get_or_insert(error);
    }
}

/// Notes a mistake of an op that is made of others, in its own terms. The result is poisoned.
pub(crate) fn refuse(
    op: &str,
    broken: Broken,
    rule: &str,
    inputs: &[Value],
    site: &Location<'_>,
) -> Value {
    let graph = inputs.first().map_or(u32::MAX, |value| value.graph());
    if let Some(draft) = open().graphs.get_mut(&graph)
        && draft.error.is_none()
    {
        let nodes: Option<Vec<NodeId>> = inputs.iter().map(|value| value.node_in(graph)).collect();
        draft.error = Some(match nodes {
            None => foreign(op, site.into()),
            Some(nodes) => {
                let operands = nodes.iter().map(|node| draft.operand(*node)).collect();
                GraphError::broken(op, broken, rule, operands).at(Some(site.into()))
            }
        });
    }
    Value::poisoned(graph)
}

fn apply_in(graph: u32, op: Op, inputs: &[Value], site: &Location<'_>) -> Value {
    let poisoned = Value::poisoned(graph);
    let mut open = open();
    let Some(draft) = open.graphs.get_mut(&graph) else {
        return poisoned;
    };
    if draft.error.is_some() {
        return poisoned;
    }
    match draft.apply(graph, op, inputs, site) {
        Ok(node) => Value::new(graph, node),
        Err(error) => {
            draft.error = Some(error);
            poisoned
        }
    }
}

impl Draft {
    fn apply(
        &mut self,
        graph: u32,
        op: Op,
        inputs: &[Value],
        site: &Location<'_>,
    ) -> Result<NodeId, GraphError> {
        let nodes: Option<Vec<NodeId>> = inputs.iter().map(|value| value.node_in(graph)).collect();
        let nodes = nodes.ok_or_else(|| foreign(op.name(), site.into()))?;
        let scope = self.around.last().copied();
        self.add(op, nodes, scope, site.into())
    }

    fn add(
        &mut self,
        op: Op,
        nodes: Vec<NodeId>,
        scope: Option<usize>,
        site: Site,
    ) -> Result<NodeId, GraphError> {
        let types: Vec<&TensorType> = nodes
            .iter()
            .map(|node| &self.parts.nodes[node.0 as usize].ty)
            .collect();
        let ty = op.infer(&types).map_err(|broken| {
            let operands = nodes.iter().map(|node| self.operand(*node)).collect();
            GraphError::broken(op.name(), broken, op.rule(), operands).at(Some(site.clone()))
        })?;
        if let Some(problem) = ty.shape.iter().find_map(|dim| dim.problem()) {
            let what = format!("{} would be {ty}: {problem}", op.attributes());
            return Err(GraphError::new(op.name(), what).at(Some(site)));
        }
        self.check_name(&op, &site)?;
        let id = NodeId(self.parts.nodes.len() as u32);
        self.parts.nodes.push(Node {
            id,
            op,
            inputs: nodes,
            ty,
            scope,
            site: Some(site),
        });
        Ok(id)
    }

    fn operand(&self, id: NodeId) -> Operand {
        let node = &self.parts.nodes[id.0 as usize];
        let name = match &node.op {
            Op::Input(input) => input.name.clone(),
            Op::Weight(weight) => weight.name.clone(),
            op => format!("{}(..)", op.name()),
        };
        Operand {
            name,
            ty: node.ty.clone(),
            site: node.site.clone(),
        }
    }

    fn check_name(&self, op: &Op, site: &Site) -> Result<(), GraphError> {
        let (Op::Input(Input { name, .. }) | Op::Weight(Weight { name, .. })) = op else {
            return Ok(());
        };
        let same = |node: &&Node| match (&node.op, op) {
            (Op::Input(other), Op::Input(_)) => other.name == *name,
            (Op::Weight(other), Op::Weight(_)) => other.name == *name,
            _ => false,
        };
        let Some(earlier) = self.parts.nodes.iter().find(same) else {
            return Ok(());
        };
        Err(GraphError::new(
            op.name(),
            format!("there is already {} named `{name}`", article(op.name())),
        )
        .with_operands(vec![self.operand(earlier.id)])
        .at(Some(site.clone()))
        .help("use the value that the first declaration returned, or another name"))
    }
}

fn article(noun: &str) -> String {
    let an = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if an { "an" } else { "a" })
}

fn foreign(op: &str, site: Site) -> GraphError {
    GraphError::new(op, "an operand belongs to another graph")
        .at(Some(site))
        .help(
            "declare it in this graph as an input, and give it the other graph's output when it runs; \
             a branch or loop is a graph too, so hand its closure all that it uses",
        )
}

/// What a value is, for as long as its graph is being built.
pub(crate) fn type_of(graph: u32, node: NodeId) -> Option<TensorType> {
    let open = open();
    let node = open.graphs.get(&graph)?.parts.nodes.get(node.0 as usize)?;
    Some(node.ty.clone())
}
