//! The program: operations, operands, and the check that every step reads only what is there.

use super::error::ProgramError;
use super::schedule::Schedule;

/// An operation on one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    Neg,
    Abs,
    Exp,
    /// Natural logarithm: NaN below 0, −∞ at 0.
    Log,
    /// `ln(1 + x)`, accurate for small x.
    Log1p,
    Sqrt,
    /// `1 / √x`.
    Rsqrt,
    /// `1 / x`.
    Recip,
    Sin,
    Cos,
    /// The angle between 0 and π whose cosine it is; NaN beyond ±1.
    Acos,
    Tanh,
    /// The inverse of tanh: ±∞ at ±1, NaN beyond.
    Atanh,
    Erf,
    /// `1 / (1 + e⁻ˣ)`.
    Sigmoid,
    /// The largest integer not above x.
    Floor,
    /// The smallest integer not below x.
    Ceil,
    /// The nearest integer, of two the even one.
    Round,
    /// The integer next to x towards 0.
    Trunc,
    /// `max(x, 0)`; NaN stays NaN.
    Relu,
    /// `x · (1 + erf(x / √2)) / 2`: the exact form (Hendrycks and Gimpel, 2016).
    Gelu,
    /// `x · (1 + tanh(√(2/π) · (x + 0.044715 x³))) / 2`: its approximation by tanh, from the same paper.
    GeluTanh,
    /// `x · sigmoid(1.702 x)`: its approximation by the logistic function, from the same paper.
    GeluQuick,
    /// `x · sigmoid(x)`, also called swish.
    Silu,
}

/// An operation on two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    /// The largest integer not above the quotient.
    FloorDiv,
    /// The remainder of that division, with the right operand's sign.
    Mod,
    /// The left to the power of the right.
    Pow,
    /// The larger of the two; NaN if either is.
    Max,
    /// The smaller of the two; NaN if either is.
    Min,
    /// 1 where they are equal, and 0 elsewhere: a mask, as all comparisons make one.
    Equal,
    /// As [`Equal`](BinaryOp::Equal); 1 if either is NaN, unlike all others.
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// What a step reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operand {
    /// The input of that number, counted from 0.
    Input(usize),
    /// The result of an earlier step, counted from 0.
    Step(usize),
    /// The same number for every element.
    Scalar(f32),
}

/// One operation of a program.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    Unary(UnaryOp, Operand),
    Binary(BinaryOp, Operand, Operand),
    /// The second operand where the first, a mask, is not 0, and the third elsewhere.
    Select(Operand, Operand, Operand),
}

impl Step {
    /// What the step reads: one to three operands.
    pub fn operands(&self) -> impl Iterator<Item = Operand> + use<> {
        match *self {
            Step::Unary(_, a) => [Some(a), None, None],
            Step::Binary(_, a, b) => [Some(a), Some(b), None],
            Step::Select(mask, a, b) => [Some(mask), Some(a), Some(b)],
        }
        .into_iter()
        .flatten()
    }
}

/// A checked and scheduled chain of elementwise operations; the last step is the result.
///
/// `relu(x * 2 + 1)`:
///
/// ```
/// use lessons_compute::elementwise::{BinaryOp, Operand, Program, Step, UnaryOp, View};
/// use lessons_compute::isa::Isa;
///
/// let program = Program::new(1, vec![
///     Step::Binary(BinaryOp::Mul, Operand::Input(0), Operand::Scalar(2.0)),
///     Step::Binary(BinaryOp::Add, Operand::Step(0), Operand::Scalar(1.0)),
///     Step::Unary(UnaryOp::Relu, Operand::Step(1)),
/// ])?;
/// let x = View { data: &[-1.0, 0.0, 1.0, 2.0], strides: &[1] };
/// let mut y = [0.0; 4];
/// program.run(Isa::best(), &[4], &[x], &mut y)?;
/// assert_eq!(y, [0.0, 1.0, 3.0, 5.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Program {
    inputs: usize,
    steps: Vec<Step>,
    pub(super) schedule: Schedule,
}

impl Program {
    /// Checks and schedules `steps` over `inputs` arrays. A step that does not lead to the last one costs nothing.
    ///
    /// # Errors
    /// If there is no step, or a step reads an input that is not there or a step that is not before it.
    pub fn new(inputs: usize, steps: Vec<Step>) -> Result<Program, ProgramError> {
        if steps.is_empty() {
            return Err(ProgramError::Empty);
        }
        for (step, operand) in (0..)
            .zip(&steps)
            .flat_map(|(n, step)| step.operands().map(move |operand| (n, operand)))
        {
            match operand {
                Operand::Input(input) if input >= inputs => {
                    return Err(ProgramError::UnknownInput {
                        step,
                        input,
                        inputs,
                    });
                }
                Operand::Step(read) if read >= step => {
                    return Err(ProgramError::UnknownStep { step, read });
                }
                _ => {}
            }
        }
        let schedule = Schedule::new(&steps);
        Ok(Program {
            inputs,
            steps,
            schedule,
        })
    }

    /// How many arrays the program reads.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The steps as they were given.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

/// An array as a program reads it: the element at index `(i, j, …)` of the output is `data[i·strides[0] + j·strides[1] + …]`.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The numbers.
    pub data: &'a [f32],
    /// One stride per axis of the output, in elements; 0 repeats the input along that axis.
    pub strides: &'a [usize],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_needs_a_step() {
        assert_eq!(Program::new(1, vec![]).unwrap_err(), ProgramError::Empty);
    }

    #[test]
    fn a_step_reads_only_what_is_there() {
        let add = |a, b| Step::Binary(BinaryOp::Add, a, b);
        let error = Program::new(1, vec![add(Operand::Input(0), Operand::Input(1))]).unwrap_err();
        assert_eq!(
            error,
            ProgramError::UnknownInput {
                step: 0,
                input: 1,
                inputs: 1
            }
        );
        let relu = |a| Step::Unary(UnaryOp::Relu, a);
        for read in [1, 2] {
            let steps = vec![relu(Operand::Input(0)), relu(Operand::Step(read))];
            let error = Program::new(1, steps).unwrap_err();
            assert_eq!(error, ProgramError::UnknownStep { step: 1, read });
            assert_eq!(
                error.to_string(),
                format!("step 1 reads step {read}, but a step can only read steps before it")
            );
        }
    }
}
