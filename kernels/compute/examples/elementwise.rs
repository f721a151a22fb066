//! Times fused elementwise programs against plain Rust loops, taking turns, and prints the fastest of 21 runs each:
//! `cargo run --release -p lessons-compute --example elementwise`.

use std::hint::black_box;
use std::time::Instant;

use lessons_compute::elementwise::{BinaryOp, Operand, Program, Step, UnaryOp, View};
use lessons_compute::isa::Isa;
use lessons_compute::pool::Pool;

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
        "relu(x * 2 + 1) in µs, {} thread(s); the plain loop has one",
        Pool::global().threads()
    );
    heading("elements");
    for elements in [4, 64, 1024, 1 << 15, 1 << 17, 1 << 20, 1 << 23] {
        let times = race(&affine_relu, elements, |x| (x * 2.0 + 1.0).max(0.0))?;
        row(&elements.to_string(), &times);
    }

    println!("\none function over 16384 elements in the L1 and L2 caches, in ns per element");
    heading("op");
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

fn heading(first: &str) {
    let isas: Vec<_> = Isa::available()
        .iter()
        .map(|isa| format!("{:>10}", isa.name()))
        .collect();
    println!("{first:>10}  {:>10}  {}", "plain loop", isas.join("  "));
}

fn row(name: &str, times: &[f64]) {
    let times: Vec<_> = times.iter().map(|time| format!("{time:>10.3}")).collect();
    println!("{name:>10}  {}", times.join("  "));
}

fn compare(name: &str, program: &Program, plain: Plain) -> Result<(), Box<dyn std::error::Error>> {
    const ELEMENTS: usize = 1 << 14;
    let micros = race(program, ELEMENTS, plain)?;
    let per_element: Vec<_> = micros
        .iter()
        .map(|micros| micros * 1e3 / ELEMENTS as f64)
        .collect();
    row(name, &per_element);
    Ok(())
}

/// The shortest times in µs of the plain loop and of the program on each instruction set, over the same arrays, taking turns.
fn race(
    program: &Program,
    elements: usize,
    plain: impl Fn(f32) -> f32,
) -> Result<Vec<f64>, Box<dyn std::error::Error>> {
    let x: Vec<f32> = (0..elements)
        .map(|i| (i % 997) as f32 / 83.0 + 0.01)
        .collect();
    let mut out = vec![0.0; elements];
    // Short runs are timed many at a time.
    let repeats = (100_000 / elements).max(1);
    let isas = Isa::available();
    let mut best = vec![f64::INFINITY; 1 + isas.len()];
    let mut keep = |contestant: usize, start: Instant| {
        let micros = start.elapsed().as_secs_f64() * 1e6 / repeats as f64;
        best[contestant] = best[contestant].min(micros);
    };
    for _ in 0..21 {
        let start = Instant::now();
        for _ in 0..repeats {
            for (y, &x) in black_box(&mut out).iter_mut().zip(black_box(&x)) {
                *y = plain(x);
            }
        }
        keep(0, start);
        for (n, &isa) in isas.iter().enumerate() {
            let start = Instant::now();
            for _ in 0..repeats {
                let view = View {
                    data: black_box(&x),
                    strides: &[1],
                };
                program.run(isa, &[elements], &[view], black_box(&mut out))?;
            }
            keep(n + 1, start);
        }
    }
    Ok(best)
}
