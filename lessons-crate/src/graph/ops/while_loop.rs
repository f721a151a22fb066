//! A loop.

use serde::{Deserialize, Serialize};

use super::cond::scalar_bool;
use super::{Binary, Body, Compare, Constant, Input, Op, OpDef, Sample, Tolerance};
use crate::graph::dim::Dim;
use crate::graph::dtype::DType;
use crate::graph::error::Broken;
use crate::graph::ir::{Graph, Node, NodeId, Output, Parts};
use crate::graph::tensor_type::{TensorType, f32s, i64s};

/// What becomes of a state, the inputs, while a condition holds: one graph says whether to go on, and
/// another one makes the next state. The value of the node is one element of the last state; a loop of
/// which several are used is several nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct While {
    pub condition: Body,
    pub step: Body,
    /// Which element of the state.
    pub result: usize,
}

impl OpDef for While {
    fn name(&self) -> &str {
        "while"
    }

    fn attributes(&self) -> String {
        let (condition, step) = (self.condition.summary(), self.step.summary());
        format!("{condition}, do={step}, result={}", self.result)
    }

    fn arity(&self, _given: usize) -> usize {
        self.step.graph().inputs().count()
    }

    fn rule(&self) -> &'static str {
        "while(..state, condition, step): the condition gives bool[], the step a state of the same types"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        let condition = self.condition.results("condition", inputs, 0)?;
        let goes_on = match condition.as_slice() {
            [one] => scalar_bool(one),
            _ => return Err(Broken::new("the condition has several results")),
        };
        goes_on.map_err(|ty| {
            Broken::new(format!("the condition is {ty}, not one bool"))
                .help("compare numbers without axes; of several elements take max or min first")
        })?;
        let next = self.step.results("step", inputs, 0)?;
        if next.len() != inputs.len() {
            let (state, next) = (inputs.len(), next.len());
            return Err(Broken::new(format!(
                "the state has {state} elements, and the step makes {next}"
            )));
        }
        let changed = inputs
            .iter()
            .zip(&next)
            .position(|(now, next)| *now != next);
        if let Some(at) = changed {
            return Err(Broken::new(format!(
                "the step makes {} of {{{at}}}, which is {}",
                next[at], inputs[at]
            ))
            .help("a state keeps its types from turn to turn: cast it, or give it its full size before"));
        }
        match inputs.get(self.result) {
            Some(ty) => Ok((*ty).clone()),
            None => Err(Broken::new(format!(
                "the state has no element {}",
                self.result
            ))),
        }
    }

    /// That of one turn, since it is not known how many there will be.
    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> Dim {
        self.condition.flops(inputs) + self.step.flops(inputs)
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::ACCUMULATED
    }

    /// `while i < 3 { i += 1; x *= x }`
    fn samples() -> Vec<Sample> {
        let graph = |name: &str, last: Vec<(Op, [u32; 2], TensorType)>, outputs: &[u32]| {
            let mut nodes: Vec<Node> = Vec::new();
            let mut add = |op: Op, inputs: &[u32], ty: TensorType| {
                nodes.push(Node {
                    id: NodeId(nodes.len() as u32),
                    op,
                    inputs: inputs.iter().map(|id| NodeId(*id)).collect(),
                    ty,
                    scope: None,
                    site: None,
                });
            };
            for (at, ty) in [i64s(()), f32s(("n", 3))].into_iter().enumerate() {
                let input = Input {
                    name: format!("in{at}"),
                    ty: ty.clone(),
                };
                add(input.into(), &[], ty);
            }
            for number in [1.0, 3.0] {
                add(Constant::scalar(DType::I64, number).into(), &[], i64s(()));
            }
            for (op, inputs, ty) in last {
                add(op, &inputs, ty);
            }
            let outputs = outputs.iter().enumerate().map(|(at, node)| Output {
                name: format!("out{at}"),
                node: NodeId(*node),
            });
            let graph = Graph::from_parts(Parts {
                name: name.to_owned(),
                outputs: outputs.collect(),
                nodes,
                scopes: vec![],
            });
            Body::new(graph.expect("the graph of a sample is sound"))
        };
        let bool = TensorType::new(DType::Bool, ());
        let op = While {
            condition: graph(
                "condition",
                vec![(Compare::Less.into(), [0, 3], bool)],
                &[4],
            ),
            step: graph(
                "step",
                vec![
                    (Binary::Add.into(), [0, 2], i64s(())),
                    (Binary::Mul.into(), [1, 1], f32s(("n", 3))),
                ],
                &[4, 5],
            ),
            result: 1,
        };
        vec![Sample {
            op: op.into(),
            inputs: vec![i64s(()), f32s(("n", 3))],
        }]
    }
}
