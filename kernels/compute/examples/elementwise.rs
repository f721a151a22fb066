//! Times fused elementwise programs against plain Rust loops, taking turns, and prints the fastest of 21 runs each:
//! `cargo run --release -p lessons-compute --example elementwise`.

use std::hint::black_box;
use std::time::Instant;

use lessons_compute::elementwise::{BinaryOp, Operand, Program, Step, UnaryOp, View};
use lessons_compute::isa::Isa;

type Plain = fn(f32) -> f32;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let affine_relu = Program::new(
        1,
        vec![
            Step::Binary(BinaryOp::Mul, Operand::Input(0), Operand::Scalar(2.0)),
            Step::Binary(BinaryOp::Add, Operand::Step(0), Operand::Scalar(1.0)),
            Step::Unary(UnaryOp::Relu, Operand::Step(1)),
        ],
    )?;
    println!(
        "relu(x * 2 + 1), {} thread(s)",
        rayon::current_num_threads()
    );
    println!(
        "{:>9}  {:>12}  {:>12}  {:>12}",
        "elements", "isa", "fused µs", "plain µs"
    );
    for elements in [4, 64, 1024, 1 << 15, 1 << 17, 1 << 20, 1 << 23] {
        for isa in Isa::available() {
            let (fused, plain) = race(&affine_relu, isa, elements, |x| (x * 2.0 + 1.0).max(0.0))?;
            println!(
                "{elements:>9}  {:>12}  {fused:>12.3}  {plain:>12.3}",
                isa.name()
            );
        }
    }

    println!("\none function over 16384 elements in the L1 and L2 caches, one thread");
    println!(
        "{:>10}  {:>12}  {:>12}  {:>12}",
        "op", "isa", "ours ns/el", "std ns/el"
    );
    let functions: [(UnaryOp, Plain); 9] = [
        (UnaryOp::Exp, f32::exp),
        (UnaryOp::Log, f32::ln),
        (UnaryOp::Tanh, f32::tanh),
        (UnaryOp::Sin, f32::sin),
        (UnaryOp::Cos, f32::cos),
        (UnaryOp::Erf, libm::erff),
        (UnaryOp::Sigmoid, |x| 1.0 / (1.0 + (-x).exp())),
        (UnaryOp::Gelu, |x| {
            0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2))
        }),
        (UnaryOp::Silu, |x| x / (1.0 + (-x).exp())),
    ];
    for (op, plain) in functions {
        let program = Program::new(1, vec![Step::Unary(op, Operand::Input(0))])?;
        compare(&format!("{op:?}"), &program, plain)?;
    }
    let pow = vec![Step::Binary(
        BinaryOp::Pow,
        Operand::Input(0),
        Operand::Scalar(1.7),
    )];
    compare("Pow", &Program::new(1, pow)?, |x| x.powf(1.7))
}

fn compare(name: &str, program: &Program, plain: Plain) -> Result<(), Box<dyn std::error::Error>> {
    const ELEMENTS: usize = 1 << 14;
    for isa in Isa::available() {
        let (ours, std) = race(program, isa, ELEMENTS, plain)?;
        let per_element = |micros: f64| micros * 1e3 / ELEMENTS as f64;
        println!(
            "{name:>10}  {:>12}  {:>12.3}  {:>12.3}",
            isa.name(),
            per_element(ours),
            per_element(std)
        );
    }
    Ok(())
}

/// The shortest times in µs of the program and of the plain loop over one array, taking turns.
fn race(
    program: &Program,
    isa: Isa,
    elements: usize,
    plain: impl Fn(f32) -> f32,
) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let x: Vec<f32> = (0..elements)
        .map(|i| (i % 997) as f32 / 83.0 + 0.01)
        .collect();
    let (mut fused_out, mut plain_out) = (vec![0.0; elements], vec![0.0; elements]);
    // Short runs are timed many at a time.
    let repeats = (100_000 / elements).max(1);
    let (mut fused, mut looped) = (Vec::new(), Vec::new());
    for _ in 0..21 {
        let start = Instant::now();
        for _ in 0..repeats {
            let view = View {
                data: black_box(&x),
                strides: &[1],
            };
            program.run(isa, &[elements], &[view], black_box(&mut fused_out))?;
        }
        fused.push(start.elapsed().as_secs_f64() * 1e6 / repeats as f64);
        let start = Instant::now();
        for _ in 0..repeats {
            for (y, &x) in black_box(&mut plain_out).iter_mut().zip(black_box(&x)) {
                *y = plain(x);
            }
        }
        looped.push(start.elapsed().as_secs_f64() * 1e6 / repeats as f64);
    }
    let fastest = |times: &[f64]| times.iter().copied().fold(f64::INFINITY, f64::min);
    Ok((fastest(&fused), fastest(&looped)))
}
