//! From steps to instructions: steps that nothing reads are dropped, cheap ones in a row become one instruction, and each
//! instruction gets a register for its result, which is free again after the last one that reads it (linear scan over the
//! lifetimes).

use super::chain::{Link, MAX_LINKS, is_cheap_binary, is_cheap_unary};
use super::program::{BinaryOp, Operand, Step, UnaryOp};

/// What an instruction reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Source {
    Input(usize),
    Register(usize),
    Scalar(f32),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operation {
    Unary(UnaryOp, Source),
    Binary(BinaryOp, Source, Source),
    Select(Source, Source, Source),
    /// Cheap operations, the first on the source, each of the others on the result of the one before.
    Chain(Source, Vec<Link<Source>>),
}

/// One operation over a block; `to` is the register that takes the result, `None` the output.
#[derive(Clone, Debug, PartialEq)]
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
        let runs = runs(steps);
        // For each step, the last run that reads it.
        let mut last_uses = vec![None; steps.len()];
        for (n, run) in runs.iter().enumerate() {
            for read in run.iter().flat_map(|&step| reads(&steps[step])) {
                last_uses[read] = Some(n);
            }
        }
        let mut register_of = vec![usize::MAX; steps.len()];
        let mut free = Vec::new();
        let mut registers = 0;
        let mut instructions = Vec::new();
        for (n, run) in runs.iter().enumerate() {
            let source = |operand| match operand {
                Operand::Input(input) => Source::Input(input),
                Operand::Step(step) => Source::Register(register_of[step]),
                Operand::Scalar(value) => Source::Scalar(value),
            };
            let operation = operation(steps, run, source);
            let to = (n + 1 != runs.len()).then(|| {
                free.pop().unwrap_or_else(|| {
                    registers += 1;
                    registers - 1
                })
            });
            instructions.push(Instruction { operation, to });
            if let (Some(register), Some(&last)) = (to, run.last()) {
                register_of[last] = register;
            }
            for read in run.iter().flat_map(|&step| reads(&steps[step])) {
                let register = register_of[read];
                // What is read inside the run was never in a register.
                if last_uses[read] == Some(n)
                    && register != usize::MAX
                    && to != Some(register)
                    && !free.contains(&register)
                {
                    free.push(register);
                }
            }
        }
        Schedule {
            instructions,
            registers,
        }
    }
}

/// Groups the steps that lead to the result: each run becomes one instruction. A cheap step joins the run of the step before
/// it if it is the only one that reads that one, and reads it once.
fn runs(steps: &[Step]) -> Vec<Vec<usize>> {
    let uses = uses(steps);
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for n in (0..steps.len()).filter(|&n| uses[n] > 0) {
        let joins = |run: &&mut Vec<usize>| {
            let last = run[run.len() - 1];
            run.len() < MAX_LINKS
                && is_cheap(&steps[last])
                && is_cheap(&steps[n])
                && uses[last] == 1
                && reads(&steps[n]).any(|read| read == last)
        };
        match runs.last_mut().filter(joins) {
            Some(run) => run.push(n),
            None => runs.push(vec![n]),
        }
    }
    runs
}

fn is_cheap(step: &Step) -> bool {
    match *step {
        Step::Unary(op, _) => is_cheap_unary(op),
        Step::Binary(op, ..) => is_cheap_binary(op),
        Step::Select(..) => false,
    }
}

/// The instruction of a run.
fn operation(steps: &[Step], run: &[usize], source: impl Fn(Operand) -> Source) -> Operation {
    match steps[run[0]] {
        Step::Unary(op, a) if !is_cheap_unary(op) => return Operation::Unary(op, source(a)),
        Step::Binary(op, a, b) if !is_cheap_binary(op) => {
            return Operation::Binary(op, source(a), source(b));
        }
        Step::Select(mask, a, b) => {
            return Operation::Select(source(mask), source(a), source(b));
        }
        _ => {}
    }
    let mut value = match steps[run[0]] {
        Step::Unary(_, a) | Step::Binary(_, a, _) | Step::Select(_, a, _) => a,
    };
    let first = source(value);
    let links = run
        .iter()
        .map(|&n| {
            let link = match steps[n] {
                Step::Unary(op, _) => Link::Unary(op),
                Step::Binary(op, a, b) if a == value => Link::Right(op, source(b)),
                Step::Binary(op, a, _) => Link::Left(op, source(a)),
                Step::Select(..) => unreachable!("only cheap operations are made links"),
            };
            value = Operand::Step(n);
            link
        })
        .collect();
    Operation::Chain(first, links)
}

fn reads(step: &Step) -> impl Iterator<Item = usize> {
    step.operands().filter_map(|operand| match operand {
        Operand::Step(read) => Some(read),
        _ => None,
    })
}

/// How often each step is read by steps that lead to the result; the last one's result is read once.
fn uses(steps: &[Step]) -> Vec<usize> {
    let mut uses = vec![0; steps.len()];
    if let Some(last) = uses.last_mut() {
        *last = 1;
    }
    for (n, step) in steps.iter().enumerate().rev() {
        if uses[n] > 0 {
            reads(step).for_each(|read| uses[read] += 1);
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

    fn exp(a: Operand) -> Step {
        Step::Unary(UnaryOp::Exp, a)
    }

    fn binary(op: BinaryOp, a: usize, b: usize) -> Step {
        Step::Binary(op, Operand::Step(a), Operand::Step(b))
    }

    #[test]
    fn costly_steps_need_two_registers_however_many() {
        let mut steps = vec![exp(Operand::Input(0))];
        steps.extend((0..20).map(|n| exp(Operand::Step(n))));
        let schedule = Schedule::new(&steps);
        assert_eq!(schedule.registers, 2);
        assert_eq!(schedule.instructions.len(), 21);
        assert_eq!(schedule.instructions[20].to, None);
    }

    #[test]
    fn cheap_steps_are_chained_as_far_as_a_chain_goes() {
        let mut steps = vec![relu(Operand::Input(0))];
        steps.extend((0..MAX_LINKS).map(|n| relu(Operand::Step(n))));
        let schedule = Schedule::new(&steps);
        assert_eq!(schedule.registers, 1);
        assert_eq!(schedule.instructions.len(), 2);
    }

    #[test]
    fn the_side_of_an_operand_is_kept() {
        let sub = |a, b| Step::Binary(BinaryOp::Sub, a, b);
        let steps = [
            sub(Operand::Input(0), Operand::Scalar(1.0)),
            sub(Operand::Scalar(2.0), Operand::Step(0)),
            sub(Operand::Step(1), Operand::Input(1)),
        ];
        let links = vec![
            Link::Right(BinaryOp::Sub, Source::Scalar(1.0)),
            Link::Left(BinaryOp::Sub, Source::Scalar(2.0)),
            Link::Right(BinaryOp::Sub, Source::Input(1)),
        ];
        let schedule = Schedule::new(&steps);
        assert_eq!(schedule.instructions.len(), 1);
        assert_eq!(
            schedule.instructions[0].operation,
            Operation::Chain(Source::Input(0), links)
        );
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
        let steps = [
            exp(Operand::Input(0)),
            exp(Operand::Step(0)),
            exp(Operand::Step(1)),
            binary(BinaryOp::Pow, 2, 2),
            binary(BinaryOp::Add, 0, 3),
        ];
        let schedule = Schedule::new(&steps);
        let to: Vec<_> = schedule.instructions.iter().map(|i| i.to).collect();
        assert_eq!(to, [Some(0), Some(1), Some(2), Some(1), None]);
    }

    #[test]
    fn what_is_read_twice_is_not_inside_a_chain() {
        let steps = [
            relu(Operand::Input(0)),
            binary(BinaryOp::Mul, 0, 0),
            binary(BinaryOp::Add, 1, 0),
        ];
        let schedule = Schedule::new(&steps);
        assert_eq!(schedule.instructions.len(), 2);
    }
}
