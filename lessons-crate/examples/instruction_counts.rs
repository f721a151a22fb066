//! A handful of workloads for `scripts/instruction-counts`, which has valgrind count the instructions of each: the AVX2
//! kernels on one thread, DistilBERT in the engine, and the compiler's passes. Prints the names in order, and runs each
//! once inside of [`counted`], by whose name valgrind knows when to count. Arguments are the names to run, instead of all.

use std::hint::black_box;
use std::process::ExitCode;

use lessons::models::distilbert::{Config, Options};
use lessons::prelude::*;
use lessons_compute::attention::{
    Attention, Heads, HeadsMut, Mask, Sequences, attention, workspace,
};
use lessons_compute::cpu::Cpu as Kernels;
use lessons_compute::elementwise::{BinaryOp, Operand, Program, Step, UnaryOp, View};
use lessons_compute::gemm::{Epilogue, PackedMatrix, Then, gemm};
use lessons_compute::isa::Isa;
use lessons_compute::matrix::{Matrix, MatrixMut};
use lessons_compute::norm::{Norm, NormKind, normalize};
use lessons_compute::pool::Pool;
use lessons_compute::softmax::{Softmax, softmax};

/// DistilBERT-base: six layers.
const BASE: &str = include_str!("../../data/bench/distilbert-base/config.json");

type Outcome = std::result::Result<(), Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match workloads() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What is counted: valgrind is told this name, so it is neither inlined nor generic.
#[inline(never)]
fn counted(work: &mut dyn FnMut() -> Outcome) -> Outcome {
    let outcome = work();
    black_box(&outcome);
    outcome
}

/// Runs once for whatever is set up by the first run, and once to be counted.
fn workload(name: &str, mut work: impl FnMut() -> Outcome) -> Outcome {
    let mut wanted = std::env::args().skip(1).peekable();
    if wanted.peek().is_some() && !wanted.any(|wanted| wanted == name) {
        return Ok(());
    }
    work()?;
    println!("{name}");
    counted(&mut work)
}

fn workloads() -> Outcome {
    let one_thread = Pool::new(1);
    let cpu = Kernels::new(Isa::Avx2, &one_thread).ok_or("this machine has no AVX2")?;
    gemm_with_epilogue(cpu)?;
    attention_of_heads(cpu)?;
    rows(cpu)?;
    fused_elementwise(cpu)?;
    if Isa::best() != Isa::Avx2 {
        println!(
            "# the engine is on {}, not AVX2: not under valgrind",
            Isa::best().name()
        );
    }
    distilbert()?;
    passes()
}

/// Numbers between -1 and 1, without a pattern that a branch could learn.
fn numbers(len: usize) -> Vec<f32> {
    let scrambled = (0..len as u32).map(|i| i.wrapping_mul(2_654_435_761) >> 8);
    scrambled
        .map(|bits| bits as f32 / (1 << 23) as f32 - 1.0)
        .collect()
}

/// `gelu(A W + b)`, 61 x 256 by 256 x 304: no multiples of a tile.
fn gemm_with_epilogue(cpu: Kernels<'_>) -> Outcome {
    let (m, k, n) = (61, 256, 304);
    let (a, w, bias) = (numbers(m * k), numbers(k * n), numbers(n));
    let weights = PackedMatrix::new(cpu, &w, [k, n], [n, 1])?;
    let mut c = vec![0.0; m * n];
    let epilogue = Epilogue {
        bias: Some(&bias),
        then: &[Then::Unary(UnaryOp::Gelu)],
    };
    workload("gemm with bias and gelu", || {
        let mut to = MatrixMut::dense(&mut c, m, n);
        Ok(gemm(
            cpu,
            Matrix::dense(&a, m, k),
            &weights,
            &mut to,
            &epilogue,
        )?)
    })?;
    workload("packing of weights", || {
        black_box(PackedMatrix::new(cpu, &w, [k, n], [n, 1])?);
        Ok(())
    })
}

/// Four heads of 64 over 61 tokens, of which 50 are there.
fn attention_of_heads(cpu: Kernels<'_>) -> Outcome {
    let (heads, size, tokens) = (4, 64, 61);
    let given = Attention {
        heads,
        size,
        sequences: Sequences::Batch {
            batch: 1,
            queries: tokens,
            keys: tokens,
        },
        scale: 0.125,
        mask: Mask::Lengths(&[50]),
    };
    let [token, head] = [heads * size, size];
    let data = numbers(3 * tokens * token);
    let part = |index: usize| Heads {
        data: &data[index * tokens * token..],
        token,
        head,
    };
    let mut out = vec![0.0; tokens * token];
    let mut scratch = vec![0.0; workspace(cpu, &given)];
    workload("attention", || {
        let to = HeadsMut {
            data: &mut out,
            token,
            head,
        };
        Ok(attention(
            cpu,
            &given,
            [part(0), part(1), part(2)],
            to,
            &mut scratch,
        )?)
    })
}

/// Softmax and LayerNorm with a residual, over 64 rows of 765.
fn rows(cpu: Kernels<'_>) -> Outcome {
    let (rows, columns) = (64, 765);
    let (data, residual, scale) = (
        numbers(rows * columns),
        numbers(rows * columns),
        numbers(columns),
    );
    let mut out = vec![0.0; rows * columns];
    workload("softmax", || {
        let mut to = MatrixMut::dense(&mut out, rows, columns);
        Ok(softmax(
            cpu,
            Softmax::Probabilities,
            Matrix::dense(&data, rows, columns),
            &mut to,
        )?)
    })?;
    let norm = Norm {
        kind: NormKind::Layer,
        epsilon: 1e-5,
        scale: Some(&scale),
        bias: Some(&scale),
    };
    workload("layer norm with a residual", || {
        let mut to = MatrixMut::dense(&mut out, rows, columns);
        let residual = Some(Matrix::dense(&residual, rows, columns));
        Ok(normalize(
            cpu,
            &norm,
            Matrix::dense(&data, rows, columns),
            residual,
            &mut to,
        )?)
    })
}

/// `tanh(relu(x * 2 + 1) / y)` over 32,767 numbers.
fn fused_elementwise(cpu: Kernels<'_>) -> Outcome {
    let (step, input) = (Operand::Step, Operand::Input);
    let program = Program::new(
        2,
        vec![
            Step::Binary(BinaryOp::Mul, input(0), Operand::Scalar(2.0)),
            Step::Binary(BinaryOp::Add, step(0), Operand::Scalar(1.0)),
            Step::Unary(UnaryOp::Relu, step(1)),
            Step::Binary(BinaryOp::Div, step(2), input(1)),
            Step::Unary(UnaryOp::Tanh, step(3)),
        ],
    )?;
    let len = 32_767;
    let (x, y) = (numbers(len), numbers(len));
    let mut out = vec![0.0; len];
    let strides = &[1][..];
    workload("fused elementwise program", || {
        let inputs = [View { data: &x, strides }, View { data: &y, strides }];
        Ok(program.run_on(cpu, &[len], &inputs, &mut out)?)
    })
}

/// The built-in model, two layers of 128, on two rows of 16 tokens.
fn distilbert() -> Outcome {
    let session = Session::cpu().with_threads(1)?;
    let classifier = Classifier::embedded_on(&session)?;
    let row = |first: u32| (first..first + 16).collect::<Vec<u32>>();
    let (ids, mask) = classifier.inputs(&[row(100), row(900)])?;
    let model = classifier.model();
    workload("distilbert, 2 layers, 2x16 tokens", || {
        black_box(model.run([("input_ids", &ids), ("attention_mask", &mask)])?);
        Ok(())
    })
}

/// All passes over DistilBERT-base.
fn passes() -> Outcome {
    let graph = Config::from_json(BASE)?.graph(Options::default())?;
    let session = Session::cpu().with_threads(1)?;
    workload("compiling distilbert, 6 layers", || {
        black_box(session.compile(&graph)?);
        Ok(())
    })
}
