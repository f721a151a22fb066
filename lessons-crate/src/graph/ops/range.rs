//! Counting.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample};
use crate::graph::dim::{Dim, Symbols};
use crate::graph::error::Broken;
use crate::graph::tensor_type::{TensorType, i64s};

/// The integers `0, 1, … end - 1` as `i64`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    pub end: Dim,
}

impl OpDef for Range {
    fn name(&self) -> &str {
        "range"
    }

    fn attributes(&self) -> String {
        format!("0..{}", self.end)
    }

    fn arity(&self, _given: usize) -> usize {
        0
    }

    fn rule(&self) -> &'static str {
        "range(n) -> i64[n]"
    }

    fn substitute(&mut self, symbols: &Symbols) {
        self.end = self.end.substitute(symbols);
    }

    fn infer(&self, _inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        Ok(i64s((self.end.clone(),)))
    }

    fn moves(&self) -> bool {
        true
    }

    fn samples() -> Vec<Sample> {
        vec![Sample {
            op: Range { end: "n".into() }.into(),
            inputs: vec![],
        }]
    }
}
