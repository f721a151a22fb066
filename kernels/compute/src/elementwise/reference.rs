//! The slow reference: one element at a time, every step in f64, rounded to f32 at the end.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI};

use super::error::RunError;
use super::program::{BinaryOp, Operand, Program, Step, UnaryOp, View};

impl Program {
    /// Computes what [`Program::run`] computes, slowly and in f64: the oracle that the fast path is held to.
    ///
    /// # Errors
    /// As [`Program::run`].
    pub fn run_reference(
        &self,
        shape: &[usize],
        inputs: &[View<'_>],
        out: &mut [f32],
    ) -> Result<(), RunError> {
        self.check_run(shape, inputs, None, out)?;
        let mut index = vec![0; shape.len()];
        let mut results = Vec::with_capacity(self.steps().len());
        for out in out {
            results.clear();
            for step in self.steps() {
                let value = |operand| match operand {
                    Operand::Input(input) => {
                        let View { data, strides } = inputs[input];
                        let at: usize = index
                            .iter()
                            .zip(strides)
                            .map(|(i, stride)| i * stride)
                            .sum();
                        f64::from(data[at])
                    }
                    Operand::Step(step) => results[step],
                    Operand::Scalar(value) => f64::from(value),
                };
                let result = match *step {
                    Step::Unary(op, a) => unary(op, value(a)),
                    Step::Binary(op, a, b) => binary(op, value(a), value(b)),
                    Step::Select(mask, a, b) => value(if value(mask) != 0.0 { a } else { b }),
                };
                results.push(result);
            }
            *out = results[results.len() - 1] as f32;
            advance(&mut index, shape);
        }
        Ok(())
    }
}

/// The next index in row-major order.
fn advance(index: &mut [usize], shape: &[usize]) {
    for (index, &dim) in index.iter_mut().zip(shape).rev() {
        *index += 1;
        if *index < dim {
            return;
        }
        *index = 0;
    }
}

fn unary(op: UnaryOp, x: f64) -> f64 {
    match op {
        UnaryOp::Neg => -x,
        UnaryOp::Abs => x.abs(),
        UnaryOp::Exp => x.exp(),
        UnaryOp::Log => x.ln(),
        UnaryOp::Log1p => x.ln_1p(),
        UnaryOp::Sqrt => x.sqrt(),
        UnaryOp::Rsqrt => 1.0 / x.sqrt(),
        UnaryOp::Recip => 1.0 / x,
        UnaryOp::Sin => x.sin(),
        UnaryOp::Cos => x.cos(),
        UnaryOp::Acos => x.acos(),
        UnaryOp::Tanh => x.tanh(),
        UnaryOp::Atanh => x.atanh(),
        UnaryOp::Erf => libm::erf(x),
        UnaryOp::Sigmoid => sigmoid(x),
        UnaryOp::Floor => x.floor(),
        UnaryOp::Ceil => x.ceil(),
        UnaryOp::Round => x.round_ties_even(),
        UnaryOp::Trunc => x.trunc(),
        UnaryOp::Relu => binary(BinaryOp::Max, 0.0, x),
        UnaryOp::Gelu => x * libm::erfc(-x * FRAC_1_SQRT_2) / 2.0,
        // (1 + tanh(z)) / 2 = sigmoid(2z), without the cancellation of the left side.
        UnaryOp::GeluTanh => x * sigmoid(2.0 * FRAC_2_PI.sqrt() * (x + 0.044715 * x * x * x)),
        UnaryOp::GeluQuick => x * sigmoid(1.702 * x),
        UnaryOp::Silu => x * sigmoid(x),
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn binary(op: BinaryOp, a: f64, b: f64) -> f64 {
    match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        BinaryOp::FloorDiv if b == 0.0 => a / b,
        // The remainder is exact, so that this is an integer but for the last rounding.
        BinaryOp::FloorDiv => {
            let quotient = ((a - a % b) / b).round();
            quotient - f64::from(u8::from(falls_short(a, b)))
        }
        BinaryOp::Mod if falls_short(a, b) => a % b + b,
        BinaryOp::Mod => a % b,
        BinaryOp::Pow => a.powf(b),
        BinaryOp::Max if a > b || a.is_nan() => a,
        BinaryOp::Min if a < b || a.is_nan() => a,
        BinaryOp::Max | BinaryOp::Min => b,
        BinaryOp::Equal => f64::from(a == b),
        BinaryOp::NotEqual => f64::from(a != b),
        BinaryOp::Less => f64::from(a < b),
        BinaryOp::LessEqual => f64::from(a <= b),
        BinaryOp::Greater => f64::from(a > b),
        BinaryOp::GreaterEqual => f64::from(a >= b),
    }
}

/// Whether a quotient that is cut off towards 0 is above the exact one.
fn falls_short(a: f64, b: f64) -> bool {
    let rest = a % b;
    rest != 0.0 && (rest < 0.0) != (b < 0.0)
}
