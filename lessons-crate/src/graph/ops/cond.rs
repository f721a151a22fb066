//! A choice between two graphs.

use serde::{Deserialize, Serialize};

use super::{Binary, Body, OpDef, Sample, Tolerance, Unary};
use crate::graph::dim::Dim;
use crate::graph::dtype::DType;
use crate::graph::error::Broken;
use crate::graph::ir::{Graph, Node, NodeId, Output, Parts};
use crate::graph::tensor_type::{TensorType, f32s};

/// The result of one graph where the first input, one bool, is true, and of another one where it is not.
/// Both are given the other inputs; only one runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cond {
    pub then: Body,
    #[serde(rename = "else")]
    pub otherwise: Body,
}

impl OpDef for Cond {
    fn name(&self) -> &str {
        "cond"
    }

    fn attributes(&self) -> String {
        let (then, otherwise) = (self.then.summary(), self.otherwise.summary());
        format!("then={then}, else={otherwise}")
    }

    fn arity(&self, _given: usize) -> usize {
        1 + self.then.graph().inputs().count()
    }

    fn rule(&self) -> &'static str {
        "cond(p: bool[], ..x, then, else): both are given x, and both results have one type"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        scalar_bool(inputs[0]).map_err(|ty| {
            Broken::new(format!("the condition {{0}} is {ty}, not one bool")).help(
                match ty.dtype == DType::Bool {
                    true => "{0}.select(a, b) chooses element by element",
                    false => "compare it first: {0}.greater(0)",
                },
            )
        })?;
        let result = |body: &Body, what: &str| -> Result<TensorType, Broken> {
            let results = body.results(what, &inputs[1..], 1)?;
            let [one] = <[TensorType; 1]>::try_from(results)
                .map_err(|all| Broken::new(format!("the {what} has {} results", all.len())))?;
            Ok(one)
        };
        let (then, otherwise) = (
            result(&self.then, "then branch")?,
            result(&self.otherwise, "else branch")?,
        );
        if then != otherwise {
            return Err(Broken::new(format!(
                "the then branch gives {then}, and the else branch {otherwise}"
            ))
            .help("whatever comes after it must know the type: cast, reshape or pad one of them"));
        }
        Ok(then)
    }

    /// That of both branches, since it is not known which will run.
    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> Dim {
        self.then.flops(&inputs[1..]) + self.otherwise.flops(&inputs[1..])
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::ACCUMULATED
    }

    fn samples() -> Vec<Sample> {
        let branch = |name: &str, op: super::Op, operands: usize| {
            let node = |id: u32, op: super::Op, inputs: Vec<NodeId>| Node {
                id: NodeId(id),
                ty: f32s(("n", 3)),
                op,
                inputs,
                scope: None,
                site: None,
            };
            let input = super::Input {
                name: "in0".to_owned(),
                ty: f32s(("n", 3)),
            };
            let graph = Graph::from_parts(Parts {
                name: name.to_owned(),
                nodes: vec![
                    node(0, input.into(), vec![]),
                    node(1, op, vec![NodeId(0); operands]),
                ],
                outputs: vec![Output {
                    name: "out0".to_owned(),
                    node: NodeId(1),
                }],
                scopes: vec![],
            });
            Body::new(graph.expect("the graph of a sample is sound"))
        };
        let cond = Cond {
            then: branch("then", Unary::Relu.into(), 1),
            otherwise: branch("else", Binary::Mul.into(), 2),
        };
        vec![Sample {
            op: cond.into(),
            inputs: vec![TensorType::new(DType::Bool, ()), f32s(("n", 3))],
        }]
    }
}

/// Says no, with the type, unless it is one bool.
pub(super) fn scalar_bool(ty: &TensorType) -> Result<(), TensorType> {
    match ty.dtype == DType::Bool && ty.rank() == 0 {
        true => Ok(()),
        false => Err(ty.clone()),
    }
}
