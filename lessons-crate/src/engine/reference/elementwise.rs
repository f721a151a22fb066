//! Elementwise ops. Maximum, minimum and relu pass NaN on, which candle's own do not.

use candle_core::{DType, Tensor};

use super::Context;
use crate::engine::error::RunError;
use crate::graph::ops::{Argument, Binary, Compare, Fused, StepOp, Unary};

type Run = Result<Tensor, RunError>;

pub fn unary(op: Unary, x: &Tensor) -> Run {
    Ok(match op {
        // candle negates floats only.
        Unary::Neg if !x.dtype().is_float() => x.zeros_like()?.sub(x)?,
        Unary::Abs if !x.dtype().is_float() => x
            .lt(&x.zeros_like()?)?
            .where_cond(&x.zeros_like()?.sub(x)?, x)?,
        Unary::Neg => x.neg()?,
        Unary::Abs => x.abs()?,
        Unary::Exp => x.exp()?,
        Unary::Log => x.log()?,
        Unary::Sqrt => x.sqrt()?,
        Unary::Rsqrt => x.sqrt()?.recip()?,
        Unary::Recip => x.recip()?,
        Unary::Sin => x.sin()?,
        Unary::Cos => x.cos()?,
        Unary::Tanh => x.tanh()?,
        Unary::Erf => x.erf()?,
        Unary::Sigmoid => sigmoid(x)?,
        Unary::Relu => x.lt(&x.zeros_like()?)?.where_cond(&x.zeros_like()?, x)?,
        Unary::Gelu => ((x * std::f64::consts::FRAC_1_SQRT_2)?.erf()? + 1.0)?.mul(&(x * 0.5)?)?,
        Unary::GeluTanh => {
            let cubic = ((x * x)?.mul(x)? * 0.044715)?;
            let inner = ((x + cubic)? * (2.0 / std::f64::consts::PI).sqrt())?;
            (inner.tanh()? + 1.0)?.mul(&(x * 0.5)?)?
        }
        Unary::GeluQuick => sigmoid(&(x * 1.702)?)?.mul(x)?,
        Unary::Silu => sigmoid(x)?.mul(x)?,
    })
}

fn sigmoid(x: &Tensor) -> Result<Tensor, candle_core::Error> {
    (x.neg()?.exp()? + 1.0)?.recip()
}

pub fn binary(op: Binary, a: &Tensor, b: &Tensor) -> Run {
    Ok(match op {
        Binary::Add => a.broadcast_add(b)?,
        Binary::Sub => a.broadcast_sub(b)?,
        Binary::Mul => a.broadcast_mul(b)?,
        Binary::Div => {
            if !a.dtype().is_float() && has_zero(b)? {
                return Err(RunError::new("division by zero, in integers")
                    .help("cast to floats to get infinity instead"));
            }
            a.broadcast_div(b)?
        }
        Binary::Pow => pow(a, b)?,
        Binary::Max => with_nan(a, b, a.broadcast_maximum(b)?)?,
        Binary::Min => with_nan(a, b, a.broadcast_minimum(b)?)?,
    })
}

/// By element, since candle computes `exp(b * log(a))`, which is NaN for every negative `a`.
fn pow(a: &Tensor, b: &Tensor) -> Run {
    let shape = a.shape().broadcast_shape_binary_op(b.shape(), "pow")?;
    let flat = |x: &Tensor| x.broadcast_as(&shape)?.to_dtype(DType::F64)?.flatten_all();
    let (bases, exponents) = (flat(a)?.to_vec1::<f64>()?, flat(b)?.to_vec1::<f64>()?);
    let powers = bases.iter().zip(&exponents).map(|(a, b)| a.powf(*b));
    let powers = Tensor::from_vec(powers.collect::<Vec<_>>(), shape, a.device())?;
    Ok(powers.to_dtype(a.dtype())?)
}

fn has_zero(x: &Tensor) -> Result<bool, RunError> {
    let zeros = x.eq(&x.zeros_like()?)?.to_dtype(DType::U32)?;
    Ok(x.elem_count() > 0 && zeros.flatten_all()?.max(0)?.to_scalar::<u32>()? > 0)
}

/// `result`, with NaN wherever `a` or `b` is NaN.
fn with_nan(a: &Tensor, b: &Tensor, result: Tensor) -> Run {
    if !a.dtype().is_float() {
        return Ok(result);
    }
    let sum = a.broadcast_add(b)?;
    let (a, b) = (
        a.broadcast_as(result.shape())?,
        b.broadcast_as(result.shape())?,
    );
    let either = (a.ne(&a)? + b.ne(&b)?)?;
    Ok(either.where_cond(&sum, &result)?)
}

pub fn compare(op: Compare, a: &Tensor, b: &Tensor) -> Run {
    Ok(match op {
        Compare::Equal => a.broadcast_eq(b)?,
        Compare::NotEqual => a.broadcast_ne(b)?,
        Compare::Less => a.broadcast_lt(b)?,
        Compare::LessEqual => a.broadcast_le(b)?,
        Compare::Greater => a.broadcast_gt(b)?,
        Compare::GreaterEqual => a.broadcast_ge(b)?,
    })
}

pub fn select(inputs: &[&Tensor], shape: &[usize]) -> Run {
    let part = |index: usize| inputs[index].broadcast_as(shape);
    Ok(part(0)?.where_cond(&part(1)?.contiguous()?, &part(2)?.contiguous()?)?)
}

pub fn cast(dtype: crate::graph::DType, x: &Tensor, context: &Context<'_>) -> Run {
    match dtype {
        crate::graph::DType::Bool => Ok(x.ne(&x.zeros_like()?)?),
        dtype => Ok(x.to_dtype(context.dtype(dtype))?),
    }
}

/// The steps one after the other.
pub fn fused(op: &Fused, inputs: &[&Tensor], context: &Context<'_>) -> Run {
    let dtype = inputs.first().map_or(DType::F32, |input| input.dtype());
    let mut values: Vec<Tensor> = Vec::with_capacity(op.steps.len());
    for step in &op.steps {
        let argument = |argument: &Argument| -> Run {
            Ok(match argument {
                Argument::Input(input) => inputs[*input].clone(),
                Argument::Step(step) => values[*step].clone(),
                Argument::Scalar(value) => Tensor::new(*value, context.device)?.to_dtype(dtype)?,
            })
        };
        let arguments: Vec<Tensor> = step
            .arguments
            .iter()
            .map(argument)
            .collect::<Result<_, _>>()?;
        values.push(match step.op {
            StepOp::Unary(op) => unary(op, &arguments[0])?,
            StepOp::Binary(op) => binary(op, &arguments[0], &arguments[1])?,
        });
    }
    values
        .pop()
        .ok_or_else(|| RunError::new("a fused op without steps computes nothing"))
}
