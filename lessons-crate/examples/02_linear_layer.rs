//! Lesson 02: a linear layer as a graph, and the same layer in dfdx, where shapes are types.

mod common;

use lessons::prelude::*;
use lessons::train::typed;

/// In dfdx shapes are part of the types, so a program decides them when it is compiled.
const INPUTS: usize = 4;
const OUTPUTS: usize = 2;
const BATCH: usize = 3;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    x: [[f32; INPUTS]; BATCH],
    weight: [[f32; INPUTS]; OUTPUTS],
    bias: [f32; OUTPUTS],
}

fn main() -> std::process::ExitCode {
    common::finish(linear_layer())
}

fn linear_layer() -> common::Outcome<()> {
    let (session, parameters): (_, Parameters) = common::start("02_linear_layer")?;
    let weights = Weights::from([
        ("fc.weight", Tensor::new(&parameters.weight, &Cpu)?),
        ("fc.bias", Tensor::new(&parameters.bias, &Cpu)?),
    ]);

    let graph = Graph::build("linear", |g| {
        let x = g.input("x", f32s(("batch", INPUTS)));
        g.output("y", nn::linear(g, "fc", x, INPUTS, OUTPUTS));
    })?;
    println!("{graph}\n");
    let model = session.load(&graph, &weights)?;
    let ours = model
        .call(&Tensor::new(&parameters.x, &Cpu)?)?
        .to_device(&Cpu)?
        .to_vec2::<f32>()?;
    println!("ours: {ours:?}");

    let typed = {
        use dfdx::prelude::*;
        let layer = typed::linear::<INPUTS, OUTPUTS>(&weights, "fc")?;
        let x: Tensor<Rank2<BATCH, INPUTS>, f32, Cpu> = Cpu::default().tensor(parameters.x);
        layer.forward(x).array()
    };
    println!("dfdx: {typed:?}");

    let pairs = ours.iter().flatten().zip(typed.iter().flatten());
    let apart = pairs
        .map(|(ours, typed)| (ours - typed).abs())
        .fold(0.0, f32::max);
    println!(
        "they agree to 1e-5: {}",
        if apart <= 1e-5 { "yes" } else { "no" }
    );
    Ok(())
}
