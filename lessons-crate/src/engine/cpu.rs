//! The CPU backend: fused loops through lessons-compute, everything else through the reference.

use candle_core::{CpuStorage, Device, Storage, Tensor};
use lessons_compute::elementwise::{BinaryOp, Operand, Program, Step, UnaryOp, View};
use lessons_compute::isa::Isa;

use super::error::RunError;
use crate::compile::{Choice, Target};
use crate::graph::ops::{Argument, Binary, Fused, Op, OpDef, StepOp, Unary};
use crate::graph::{Graph, Node};

/// The kernels that this backend has of its own.
#[derive(Debug, Clone)]
pub enum Kernel {
    /// One loop over the elements.
    Elementwise(Program),
}

impl Kernel {
    /// The kernel for a node, if there is one; otherwise the reference runs it.
    pub fn for_node(node: &Node) -> Option<Kernel> {
        if node.ty.dtype != crate::graph::DType::F32 {
            return None;
        }
        let program = match &node.op {
            Op::Fused(fused) => program(fused),
            _ => None,
        };
        program.map(Kernel::Elementwise)
    }

    /// Runs the kernel into a new tensor of the given shape.
    ///
    /// # Errors
    /// When the inputs do not fit, which a verified graph rules out.
    pub fn run(&self, inputs: &[&Tensor], shape: &[usize]) -> Result<Tensor, RunError> {
        match self {
            Kernel::Elementwise(program) => elementwise(program, inputs, shape),
        }
    }
}

fn elementwise(program: &Program, inputs: &[&Tensor], shape: &[usize]) -> Result<Tensor, RunError> {
    let mut guards = Vec::with_capacity(inputs.len());
    for input in inputs {
        // Broadcasting is a matter of strides: the axis gets the stride 0.
        let view = input.broadcast_as(shape)?;
        let layout = view.layout().clone();
        guards.push((input.storage_and_layout().0, layout));
    }
    let mut views = Vec::with_capacity(inputs.len());
    for (storage, layout) in &guards {
        let Storage::Cpu(CpuStorage::F32(data)) = &**storage else {
            return Err(RunError::new(
                "the elementwise kernel takes f32 tensors in CPU memory",
            ));
        };
        let data = data.get(layout.start_offset()..).unwrap_or(&[]);
        views.push(View {
            data,
            strides: layout.stride(),
        });
    }
    let elements = shape.iter().product();
    let mut out = vec![0f32; elements];
    program
        .run(Isa::best(), shape, &views, &mut out)
        .map_err(|error| RunError::new(error.to_string()))?;
    Ok(Tensor::from_vec(out, shape, &Device::Cpu)?)
}

/// The fused op as a program of the compute crate.
fn program(fused: &Fused) -> Option<Program> {
    let operand = |argument: &Argument| match argument {
        Argument::Input(input) => Operand::Input(*input),
        Argument::Step(step) => Operand::Step(*step),
        Argument::Scalar(value) => Operand::Scalar(*value as f32),
    };
    let steps = fused
        .steps
        .iter()
        .map(|step| match (step.op, step.arguments.as_slice()) {
            (StepOp::Unary(op), [x]) => Some(Step::Unary(unary(op), operand(x))),
            (StepOp::Binary(op), [a, b]) => Some(Step::Binary(binary(op), operand(a), operand(b))),
            _ => None,
        });
    Program::new(fused.inputs, steps.collect::<Option<_>>()?).ok()
}

fn unary(op: Unary) -> UnaryOp {
    match op {
        Unary::Neg => UnaryOp::Neg,
        Unary::Abs => UnaryOp::Abs,
        Unary::Exp => UnaryOp::Exp,
        Unary::Log => UnaryOp::Log,
        Unary::Sqrt => UnaryOp::Sqrt,
        Unary::Rsqrt => UnaryOp::Rsqrt,
        Unary::Recip => UnaryOp::Recip,
        Unary::Sin => UnaryOp::Sin,
        Unary::Cos => UnaryOp::Cos,
        Unary::Tanh => UnaryOp::Tanh,
        Unary::Erf => UnaryOp::Erf,
        Unary::Sigmoid => UnaryOp::Sigmoid,
        Unary::Relu => UnaryOp::Relu,
        Unary::Gelu => UnaryOp::Gelu,
        Unary::GeluTanh => UnaryOp::GeluTanh,
        Unary::GeluQuick => UnaryOp::GeluQuick,
        Unary::Silu => UnaryOp::Silu,
    }
}

fn binary(op: Binary) -> BinaryOp {
    match op {
        Binary::Add => BinaryOp::Add,
        Binary::Sub => BinaryOp::Sub,
        Binary::Mul => BinaryOp::Mul,
        Binary::Div => BinaryOp::Div,
        Binary::Pow => BinaryOp::Pow,
        Binary::Max => BinaryOp::Max,
        Binary::Min => BinaryOp::Min,
    }
}

/// What the CPU backend tells the compiler.
pub struct CpuTarget;

impl Target for CpuTarget {
    fn name(&self) -> String {
        "cpu".to_owned()
    }

    fn choose(&self, _graph: &Graph, node: &Node) -> Choice {
        match Kernel::for_node(node) {
            Some(Kernel::Elementwise(_)) => Choice {
                kernel: format!("elementwise loop ({})", Isa::best().name()),
                why: "a chain of elementwise ops in f32".to_owned(),
            },
            None => Choice {
                kernel: "candle".to_owned(),
                why: format!(
                    "there is no kernel of our own for {} in {}",
                    node.op.name(),
                    node.ty.dtype
                ),
            },
        }
    }
}
