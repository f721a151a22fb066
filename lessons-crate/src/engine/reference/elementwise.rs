//! Elementwise ops. Maximum, minimum and relu pass NaN on, which candle's own do not.

use candle_core::{DType, Tensor};

use super::Context;
use super::elements::Elements;
use crate::engine::error::RunError;
use crate::graph::ops::{Argument, Binary, Compare, Fused, Logical, StepOp, Unary};

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
        Unary::Log1p => by_element(x, f64::ln_1p)?,
        Unary::Sqrt => x.sqrt()?,
        Unary::Rsqrt => x.sqrt()?.recip()?,
        Unary::Recip => x.recip()?,
        Unary::Sin => x.sin()?,
        Unary::Cos => x.cos()?,
        Unary::Acos => by_element(x, f64::acos)?,
        Unary::Tanh => x.tanh()?,
        Unary::Atanh => by_element(x, f64::atanh)?,
        Unary::Erf => x.erf()?,
        Unary::Sigmoid => sigmoid(x)?,
        Unary::Floor => x.floor()?,
        Unary::Ceil => x.ceil()?,
        // candle rounds halves away from zero.
        Unary::Round => by_element(x, f64::round_ties_even)?,
        Unary::Trunc => by_element(x, f64::trunc)?,
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

/// A function that candle lacks, in `f64` whatever the dtype is.
fn by_element(x: &Tensor, function: fn(f64) -> f64) -> Run {
    let values = match Elements::of(x)? {
        Elements::Floats(values) => Elements::Floats(values.into_iter().map(function).collect()),
        // Integers are whole already; no other function takes them.
        ints => ints,
    };
    values.tensor(x.dims(), x.dtype(), x.device())
}

pub fn binary(op: Binary, a: &Tensor, b: &Tensor) -> Run {
    Ok(match op {
        Binary::Add => a.broadcast_add(b)?,
        Binary::Sub => a.broadcast_sub(b)?,
        Binary::Mul => a.broadcast_mul(b)?,
        Binary::Div => {
            no_integer_zero(b)?;
            a.broadcast_div(b)?
        }
        Binary::FloorDiv => by_pair(a, b, floor_div, |a, b| {
            let quotient = a.wrapping_div(b);
            quotient - i64::from(rounds_up(a, b))
        })?,
        Binary::Mod => by_pair(a, b, modulo, |a, b| {
            let rest = a.wrapping_rem(b);
            if rounds_up(a, b) { rest + b } else { rest }
        })?,
        Binary::Pow => pow(a, b)?,
        Binary::Max => with_nan(a, b, a.broadcast_maximum(b)?)?,
        Binary::Min => with_nan(a, b, a.broadcast_minimum(b)?)?,
    })
}

/// A function of two elements that candle lacks, in `f64` or `i64` whatever the dtype is.
fn by_pair(a: &Tensor, b: &Tensor, floats: fn(f64, f64) -> f64, ints: fn(i64, i64) -> i64) -> Run {
    no_integer_zero(b)?;
    let shape = a.shape().broadcast_shape_binary_op(b.shape(), "binary")?;
    let left = Elements::of(&a.broadcast_as(&shape)?)?;
    let right = Elements::of(&b.broadcast_as(&shape)?)?;
    let values = match (left, right) {
        (Elements::Floats(a), Elements::Floats(b)) => {
            Elements::Floats(a.into_iter().zip(b).map(|(a, b)| floats(a, b)).collect())
        }
        (Elements::Ints(a), Elements::Ints(b)) => {
            Elements::Ints(a.into_iter().zip(b).map(|(a, b)| ints(a, b)).collect())
        }
        _ => return Err(RunError::new("one operand holds floats and one does not")),
    };
    values.tensor(shape.dims(), a.dtype(), a.device())
}

/// candle computes `exp(b * log(a))`, which is NaN for every negative `a`.
fn pow(a: &Tensor, b: &Tensor) -> Run {
    by_pair(a, b, f64::powf, |_, _| 0)
}

/// By way of the remainder, which is exact, so that a quotient just below an integer is not taken for
/// the integer.
fn floor_div(a: f64, b: f64) -> f64 {
    if b == 0.0 {
        return a / b;
    }
    let toward_zero = ((a - a % b) / b).round();
    toward_zero - f64::from(u8::from(below_zero(a % b, b)))
}

fn modulo(a: f64, b: f64) -> f64 {
    let rest = a % b;
    if below_zero(rest, b) { rest + b } else { rest }
}

/// Whether a quotient with this remainder, cut off toward zero, is above the exact one.
fn below_zero(rest: f64, b: f64) -> bool {
    rest != 0.0 && (rest < 0.0) != (b < 0.0)
}

fn rounds_up(a: i64, b: i64) -> bool {
    let rest = a.wrapping_rem(b);
    rest != 0 && (rest < 0) != (b < 0)
}

fn no_integer_zero(b: &Tensor) -> Result<(), RunError> {
    match !b.dtype().is_float() && has_zero(b)? {
        true => Err(division_by_zero()),
        false => Ok(()),
    }
}

pub fn division_by_zero() -> RunError {
    RunError::new("division by zero, in integers").help("cast to floats to get infinity instead")
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

/// On bools as candle holds them: 0 and 1.
pub fn logical(op: Logical, inputs: &[&Tensor]) -> Run {
    let pair = |a: &Tensor, b: &Tensor| -> Result<_, RunError> {
        let shape = a.shape().broadcast_shape_binary_op(b.shape(), "logical")?;
        Ok((a.broadcast_as(&shape)?, b.broadcast_as(&shape)?))
    };
    Ok(match (op, inputs) {
        (Logical::Not, [a]) => a.eq(&a.zeros_like()?)?,
        (Logical::And, [a, b]) => {
            let (a, b) = pair(a, b)?;
            (a * b)?
        }
        (Logical::Or, [a, b]) => {
            let (a, b) = pair(a, b)?;
            (a + b)?.gt(0u8)?
        }
        (Logical::Xor, [a, b]) => {
            let (a, b) = pair(a, b)?;
            a.ne(&b)?
        }
        _ => return Err(RunError::new("it was given another number of operands")),
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
            StepOp::Compare(op) => compare(op, &arguments[0], &arguments[1])?,
            StepOp::Logical(op) => logical(op, &arguments.iter().collect::<Vec<_>>())?,
            StepOp::Select(_) => {
                let [mask, a, b] = arguments.as_slice() else {
                    return Err(RunError::new("a selection has three operands"));
                };
                let shape = a.shape().broadcast_shape_binary_op(b.shape(), "select")?;
                let shape = mask.shape().broadcast_shape_binary_op(&shape, "select")?;
                select(&[mask, a, b], shape.dims())?
            }
            StepOp::Cast(op) => cast(op.dtype, &arguments[0], context)?,
        });
    }
    values
        .pop()
        .ok_or_else(|| RunError::new("a fused op without steps computes nothing"))
}
