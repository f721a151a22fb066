//! From steps to instructions: steps that nothing reads are dropped, and each of the rest gets a register for its result,
//! which is free again after the last instruction that reads it (linear scan over the lifetimes).

use super::program::{BinaryOp, Operand, Step, UnaryOp};

/// What an instruction reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Source {
    Input(usize),
    Register(usize),
    Scalar(f32),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operation {
    Unary(UnaryOp, Source),
    Binary(BinaryOp, Source, Source),
}

/// One operation over a block; `to` is the register that takes the result, `None` the output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Instruction {
    pub operation: Operation,
    pub to: Option<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Schedule {
    pub instructions: Vec<Instruction>,
    /// How many registers the instructions use.
    pub registers: usize,
}

impl Schedule {
    /// Schedules checked steps. An instruction never writes a register that it reads.
    pub fn new(steps: &[Step]) -> Schedule {
        let last_uses = last_uses(steps);
        let last = steps.len() - 1;
        let mut register_of = vec![usize::MAX; steps.len()];
        let mut free = Vec::new();
        let mut registers = 0;
        let mut instructions = Vec::new();
        for (n, step) in steps.iter().enumerate() {
            if n != last && last_uses[n].is_none() {
                continue;
            }
            let source = |operand| match operand {
                Operand::Input(input) => Source::Input(input),
                Operand::Step(step) => Source::Register(register_of[step]),
                Operand::Scalar(value) => Source::Scalar(value),
            };
            let operation = match *step {
                Step::Unary(op, a) => Operation::Unary(op, source(a)),
                Step::Binary(op, a, b) => Operation::Binary(op, source(a), source(b)),
            };
            let to = (n != last).then(|| {
                free.pop().unwrap_or_else(|| {
                    registers += 1;
                    registers - 1
                })
            });
            instructions.push(Instruction { operation, to });
            if let Some(register) = to {
                register_of[n] = register;
            }
            for read in reads(step) {
                if last_uses[read] == Some(n) && !free.contains(&register_of[read]) {
                    free.push(register_of[read]);
                }
            }
        }
        Schedule {
            instructions,
            registers,
        }
    }
}

fn reads(step: &Step) -> impl Iterator<Item = usize> {
    step.operands().filter_map(|operand| match operand {
        Operand::Step(read) => Some(read),
        _ => None,
    })
}

/// For each step, the last step that reads it and leads to the result.
fn last_uses(steps: &[Step]) -> Vec<Option<usize>> {
    let mut uses = vec![None; steps.len()];
    for (n, step) in steps.iter().enumerate().rev() {
        if n == steps.len() - 1 || uses[n].is_some() {
            for read in reads(step) {
                uses[read] = uses[read].max(Some(n));
            }
        }
    }
    uses
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relu(a: Operand) -> Step {
        Step::Unary(UnaryOp::Relu, a)
    }

    #[test]
    fn a_chain_needs_two_registers_however_long() {
        let mut steps = vec![relu(Operand::Input(0))];
        steps.extend((0..20).map(|n| relu(Operand::Step(n))));
        let schedule = Schedule::new(&steps);
        assert_eq!(schedule.registers, 2);
        assert_eq!(schedule.instructions.len(), 21);
        assert_eq!(schedule.instructions[20].to, None);
    }

    #[test]
    fn steps_that_nothing_reads_are_dropped() {
        let dead = relu(Operand::Input(0));
        let steps = [dead, relu(Operand::Step(0)), relu(Operand::Input(0))];
        let schedule = Schedule::new(&steps);
        assert_eq!(schedule.registers, 0);
        assert_eq!(schedule.instructions.len(), 1);
    }

    #[test]
    fn a_register_is_kept_until_its_last_reader() {
        let add = |a, b| Step::Binary(BinaryOp::Add, Operand::Step(a), Operand::Step(b));
        let steps = [
            relu(Operand::Input(0)),
            relu(Operand::Step(0)),
            relu(Operand::Step(1)),
            add(2, 2),
            add(0, 3),
        ];
        let schedule = Schedule::new(&steps);
        let to: Vec<_> = schedule.instructions.iter().map(|i| i.to).collect();
        assert_eq!(to, [Some(0), Some(1), Some(2), Some(1), None]);
    }
}
