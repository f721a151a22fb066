//! Random numbers.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample, Tolerance};
use crate::graph::dim::Symbols;
use crate::graph::dtype::DType;
use crate::graph::error::Broken;
use crate::graph::shape::Shape;
use crate::graph::tensor_type::TensorType;

/// How the numbers are distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// From 0 up to 1, all as likely: multiples of 2 to the power of -24.
    Uniform,
    /// Normal, with mean 0 and variance 1: pairs of uniform ones by the method of Box and Muller (1958),
    /// whose logarithm, sine and cosine are those of the platform, rounded from `f64`.
    Normal,
}

/// Numbers that look random and depend on the seed alone: the same in every run, on every device, for
/// every number of threads. The number at a place is computed from seed and place, by Philox 4x32-10
/// (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Random {
    pub distribution: Distribution,
    pub seed: u64,
    pub shape: Shape,
}

impl OpDef for Random {
    fn name(&self) -> &str {
        match self.distribution {
            Distribution::Uniform => "random_uniform",
            Distribution::Normal => "random_normal",
        }
    }

    fn attributes(&self) -> String {
        format!("{}, seed={}", self.shape, self.seed)
    }

    fn arity(&self, _given: usize) -> usize {
        0
    }

    fn rule(&self) -> &'static str {
        "random(shape, seed) -> f32 of that shape"
    }

    fn substitute(&mut self, symbols: &Symbols) {
        self.shape = self.shape.substitute(symbols);
    }

    fn infer(&self, _inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        Ok(TensorType::new(DType::F32, self.shape.clone()))
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::ROUNDING
    }

    fn samples() -> Vec<Sample> {
        [Distribution::Uniform, Distribution::Normal]
            .map(|distribution| Sample {
                op: Random {
                    distribution,
                    seed: 7,
                    shape: Shape::new(vec!["n".into(), 3.into()]),
                }
                .into(),
                inputs: vec![],
            })
            .to_vec()
    }
}
