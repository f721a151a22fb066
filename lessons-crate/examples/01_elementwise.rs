//! Lesson 01: `relu(x * multiplier + offset)`, written, compiled, run and timed.

mod common;

use lessons::bench;
use lessons::prelude::*;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    multiplier: f64,
    offset: f64,
    x: Vec<f32>,
    sizes: Vec<usize>,
}

fn main() -> std::process::ExitCode {
    common::finish(elementwise())
}

fn elementwise() -> common::Outcome<()> {
    let (session, parameters): (_, Parameters) = common::start("01_elementwise")?;
    let Parameters {
        multiplier,
        offset,
        x,
        sizes,
    } = parameters;

    let graph = Graph::build("elementwise", |g| {
        let x = g.input("x", f32s(("n",)));
        g.output("y", (x * multiplier + offset).relu());
    })?;
    println!("{graph}\n");

    let plan = session.compile(&graph)?;
    println!("{}\n", plan.report());

    let model = plan.load(&Weights::new())?;
    let y = model
        .call(&Tensor::new(x.as_slice(), &Cpu)?)?
        .to_device(&Cpu)?;
    println!("x = {x:?}\ny = {:?}\n", y.to_vec1::<f32>()?);

    let scaling = bench::over_sizes(&graph, &Weights::new(), &sizes)?;
    println!("{scaling}\n{}", scaling.verdict());
    Ok(())
}
