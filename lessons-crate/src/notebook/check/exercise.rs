//! Runs the graph of an answer on many inputs, beside a plain computation of the same.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::panics::{caught, is_unfinished};
use super::verdict::{Verdict, compare};
use crate::engine::Session;
use crate::graph::{Builder, Graph};
use crate::weights::Weights;

/// A tensor as numbers: its dims, and its elements in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbers {
    pub dims: Vec<usize>,
    pub elements: Vec<f64>,
}

impl Numbers {
    pub fn of(tensor: &Tensor) -> candle_core::Result<Numbers> {
        let flat = tensor.to_device(&Device::Cpu)?.flatten_all()?;
        Ok(Numbers {
            dims: tensor.dims().to_vec(),
            elements: flat.to_dtype(DType::F64)?.to_vec1()?,
        })
    }
}

/// One set of inputs, with what is special about it.
pub struct Case {
    pub what: String,
    pub inputs: BTreeMap<&'static str, Tensor>,
}

impl Case {
    pub fn new<const N: usize>(what: &str, inputs: [(&'static str, Tensor); N]) -> Case {
        Case {
            what: what.to_owned(),
            inputs: inputs.into(),
        }
    }
}

/// A computation of what the answer should give, by plain candle ops, from inputs and weights by
/// name.
pub type Computation = fn(&BTreeMap<&str, Tensor>) -> candle_core::Result<Tensor>;

/// What is asked: the right computation, and wrong ones that people come up with.
pub struct Exercise {
    pub cases: Vec<Case>,
    pub weights: Weights,
    pub expected: Computation,
    pub traps: &'static [(Computation, &'static str)],
}

impl Exercise {
    /// Builds the answer's graph and runs it on every case.
    pub fn check(&self, describe: impl FnOnce(&Builder)) -> Verdict {
        let graph = match caught(|| Graph::build("answer", describe)) {
            Ok(Ok(graph)) => graph,
            Ok(Err(error)) => return Verdict::Failed(error.to_string()),
            Err(panic) if is_unfinished(&panic) => return Verdict::Unfinished,
            Err(panic) => return Verdict::Failed(format!("it panicked: {panic}")),
        };
        match caught(|| self.run(&graph)) {
            Ok(verdict) => verdict.unwrap_or_else(|error| Verdict::Failed(error.to_string())),
            Err(panic) => Verdict::Failed(format!("it panicked: {panic}")),
        }
    }

    fn run(&self, graph: &Graph) -> crate::Result<Verdict> {
        if self.weights.is_empty() {
            if let Some((name, _)) = graph.weights().next() {
                let what = format!("it declares the weight `{name}`, and this exercise needs none");
                return Ok(Verdict::Failed(what));
            }
        } else {
            self.weights.check(graph)?;
        }
        let model = Session::cpu().load(graph, &self.weights)?;
        for case in &self.cases {
            let got = Numbers::of(&model.run(&case.inputs)?.only()?)?;
            let mut named: BTreeMap<&str, Tensor> = case.inputs.clone();
            for (name, weight) in self.weights.iter() {
                named.insert(name, weight.tensor()?);
            }
            let Some(mismatch) = compare(&got, &Numbers::of(&(self.expected)(&named)?)?) else {
                continue;
            };
            let mut perhaps = None;
            for (trap, says) in self.traps {
                let trapped = Numbers::of(&trap(&named)?)?;
                if perhaps.is_none() && compare(&got, &trapped).is_none() {
                    perhaps = Some((*says).to_owned());
                }
            }
            return Ok(Verdict::Wrong {
                mismatch,
                on: Some(case.what.clone()),
                perhaps,
            });
        }
        Ok(Verdict::Right(format!(
            "right on all {} inputs",
            self.cases.len()
        )))
    }
}

/// Random floats from -2 to 2; the same seed gives the same ones.
pub fn random(seed: u64, shape: &[usize]) -> candle_core::Result<Tensor> {
    let mut generator = StdRng::seed_from_u64(seed);
    let elements = shape.iter().product();
    let values: Vec<f32> = (0..elements)
        .map(|_| generator.random_range(-2.0..2.0))
        .collect();
    Tensor::from_vec(values, shape, &Device::Cpu)
}
