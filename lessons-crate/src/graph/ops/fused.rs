//! Several elementwise ops as one: what the compiler makes of a chain.

use serde::{Deserialize, Serialize};

use super::{Binary, Cast, Compare, Logical, OpDef, Sample, Select, Tolerance, Unary};
use crate::graph::dim::Dim;
use crate::graph::dtype::DType;
use crate::graph::error::Broken;
use crate::graph::ir::NodeId;
use crate::graph::tensor_type::{TensorType, f32s};

/// A small program of elementwise steps, run in one loop over the elements. The last step is the
/// result; what the steps before it compute is never written to memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fused {
    /// The number of inputs that the steps may name.
    pub inputs: usize,
    pub steps: Vec<Step>,
}

/// One step: an op on arguments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub op: StepOp,
    pub arguments: Vec<Argument>,
    /// The node of the unfused graph that this step was.
    pub node: NodeId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOp {
    Unary(Unary),
    Binary(Binary),
    /// A mask, which only other steps read.
    Compare(Compare),
    /// Of masks.
    Logical(Logical),
    Select(Select),
    /// Of a mask, to the numbers 0 and 1.
    Cast(Cast),
}

/// Where a step takes an operand from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Argument {
    /// An input of the fused op.
    Input(usize),
    /// The result of an earlier step.
    Step(usize),
    /// A number that is part of the program.
    Scalar(f64),
}

impl StepOp {
    pub fn name(&self) -> &str {
        match self {
            StepOp::Unary(op) => op.name(),
            StepOp::Binary(op) => op.name(),
            StepOp::Compare(op) => op.name(),
            StepOp::Logical(op) => op.name(),
            StepOp::Select(op) => op.name(),
            StepOp::Cast(op) => op.name(),
        }
    }

    fn arity(&self) -> usize {
        match self {
            StepOp::Unary(_) | StepOp::Cast(_) | StepOp::Logical(Logical::Not) => 1,
            StepOp::Binary(_) | StepOp::Compare(_) | StepOp::Logical(_) => 2,
            StepOp::Select(_) => 3,
        }
    }

    fn infer(&self, arguments: &[&TensorType]) -> Result<TensorType, Broken> {
        match self {
            StepOp::Unary(op) => op.infer(arguments),
            StepOp::Binary(op) => op.infer(arguments),
            StepOp::Compare(op) => op.infer(arguments),
            StepOp::Logical(op) => op.infer(arguments),
            StepOp::Select(op) => op.infer(arguments),
            StepOp::Cast(op) => op.infer(arguments),
        }
    }
}

impl Fused {
    /// Whether the program is well formed: steps name earlier steps and inputs that exist.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.steps.is_empty() {
            return Err("a fused op without steps computes nothing".to_owned());
        }
        for (index, step) in self.steps.iter().enumerate() {
            if step.arguments.len() != step.op.arity() {
                return Err(format!(
                    "step {index} gives {} {} arguments",
                    step.op.name(),
                    step.arguments.len()
                ));
            }
            let exists = |argument: &Argument| match argument {
                Argument::Input(input) => *input < self.inputs,
                Argument::Step(step) => *step < index,
                Argument::Scalar(_) => true,
            };
            if !step.arguments.iter().all(exists) {
                return Err(format!(
                    "step {index} of a fused op uses what does not exist before it"
                ));
            }
        }
        Ok(())
    }

    /// The types of the steps, in order.
    ///
    /// # Errors
    /// When a step does not type.
    pub fn step_types(&self, inputs: &[&TensorType]) -> Result<Vec<TensorType>, Broken> {
        let dtype = inputs.first().map_or(DType::F32, |input| input.dtype);
        let mut types: Vec<TensorType> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let of = |argument: &Argument| match argument {
                Argument::Input(input) => inputs[*input].clone(),
                Argument::Step(step) => types[*step].clone(),
                Argument::Scalar(_) => TensorType::new(dtype, ()),
            };
            let arguments: Vec<_> = step.arguments.iter().map(of).collect();
            let arguments: Vec<_> = arguments.iter().collect();
            types.push(step.op.infer(&arguments)?);
        }
        Ok(types)
    }

    /// The names of the steps: `mul → add → relu`.
    pub fn summary(&self) -> String {
        self.steps
            .iter()
            .map(|step| step.op.name())
            .collect::<Vec<_>>()
            .join(" → ")
    }
}

impl OpDef for Fused {
    fn name(&self) -> &str {
        "fused"
    }

    fn attributes(&self) -> String {
        let argument = |argument: &Argument| match argument {
            Argument::Input(input) => format!("in{input}"),
            Argument::Step(step) => format!("t{step}"),
            Argument::Scalar(value) => format!("{value}"),
        };
        let steps = self.steps.iter().enumerate().map(|(index, step)| {
            let arguments: Vec<_> = step.arguments.iter().map(argument).collect();
            format!("t{index}={}({})", step.op.name(), arguments.join(", "))
        });
        format!("{{{}}}", steps.collect::<Vec<_>>().join("; "))
    }

    fn arity(&self, _given: usize) -> usize {
        self.inputs
    }

    fn rule(&self) -> &'static str {
        "fused(x, ..): each step follows the rule of its op"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        self.step_types(inputs)?
            .pop()
            .ok_or_else(|| Broken::new("a fused op without steps computes nothing"))
    }

    fn flops(&self, inputs: &[&TensorType], _output: &TensorType) -> Dim {
        let types = self.step_types(inputs).unwrap_or_default();
        types
            .iter()
            .fold(Dim::constant(0), |sum, ty| sum + ty.shape.elements())
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::ACCUMULATED
    }

    fn samples() -> Vec<Sample> {
        let steps = vec![
            Step {
                op: StepOp::Binary(Binary::Mul),
                arguments: vec![Argument::Input(0), Argument::Scalar(2.0)],
                node: NodeId(1),
            },
            Step {
                op: StepOp::Binary(Binary::Add),
                arguments: vec![Argument::Step(0), Argument::Input(1)],
                node: NodeId(2),
            },
            Step {
                op: StepOp::Unary(Unary::Relu),
                arguments: vec![Argument::Step(1)],
                node: NodeId(3),
            },
        ];
        vec![Sample {
            op: Fused { inputs: 2, steps }.into(),
            inputs: vec![f32s(("n", 3)), f32s((3,))],
        }]
    }
}
