//! Where values come from: inputs, weights and constants.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample};
use crate::graph::dim::Dim;
use crate::graph::dtype::DType;
use crate::graph::error::Broken;
use crate::graph::shape::Shape;
use crate::graph::tensor_type::{TensorType, f32s};

/// A tensor that every run is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    pub name: String,
    pub ty: TensorType,
}

/// A tensor that is given once, when the model is loaded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weight {
    pub name: String,
    pub ty: TensorType,
}

/// A small tensor that is part of the graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Constant {
    pub dtype: DType,
    pub shape: Vec<usize>,
    /// Row-major elements, as many as the shape says.
    pub values: Values,
}

/// The elements of a constant: exact for every dtype.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Values {
    #[serde(with = "floats")]
    Floats(Vec<f64>),
    Ints(Vec<i64>),
}

impl Constant {
    /// A scalar of the given dtype.
    pub fn scalar(dtype: DType, value: f64) -> Constant {
        let values = if dtype.is_float() {
            Values::Floats(vec![value])
        } else {
            Values::Ints(vec![value as i64])
        };
        Constant {
            dtype,
            shape: Vec::new(),
            values,
        }
    }

    pub fn len(&self) -> usize {
        match &self.values {
            Values::Floats(values) => values.len(),
            Values::Ints(values) => values.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The one element, if there is one only.
    pub fn as_scalar(&self) -> Option<f64> {
        match &self.values {
            Values::Floats(values) if values.len() == 1 => Some(values[0]),
            Values::Ints(values) if values.len() == 1 => Some(values[0] as f64),
            _ => None,
        }
    }
}

impl OpDef for Input {
    fn name(&self) -> &str {
        "input"
    }

    fn attributes(&self) -> String {
        self.name.clone()
    }

    fn arity(&self, _given: usize) -> usize {
        0
    }

    fn rule(&self) -> &'static str {
        "input has the type that was declared"
    }

    fn infer(&self, _inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        Ok(self.ty.clone())
    }

    fn moves(&self) -> bool {
        true
    }

    fn samples() -> Vec<Sample> {
        let input = Input {
            name: "x".into(),
            ty: f32s(("batch", 4)),
        };
        vec![Sample {
            op: input.into(),
            inputs: vec![],
        }]
    }
}

impl OpDef for Weight {
    fn name(&self) -> &str {
        "weight"
    }

    fn attributes(&self) -> String {
        self.name.clone()
    }

    fn arity(&self, _given: usize) -> usize {
        0
    }

    fn rule(&self) -> &'static str {
        "weight has the type that was declared, without symbols"
    }

    fn infer(&self, _inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        match self.ty.shape.known() {
            Some(_) => Ok(self.ty.clone()),
            None => Err(
                Broken::new(format!("weight `{}` is declared as {}", self.name, self.ty))
                    .help("a weight has a fixed size: numbers only; symbolic dims are for inputs"),
            ),
        }
    }

    fn moves(&self) -> bool {
        true
    }

    fn samples() -> Vec<Sample> {
        let weight = Weight {
            name: "w".into(),
            ty: f32s((2, 4)),
        };
        vec![Sample {
            op: weight.into(),
            inputs: vec![],
        }]
    }
}

impl OpDef for Constant {
    fn name(&self) -> &str {
        "constant"
    }

    /// The values, if there are few.
    fn attributes(&self) -> String {
        let texts: Vec<String> = match &self.values {
            Values::Floats(values) => values
                .iter()
                .take(5)
                .map(|value| format!("{value}"))
                .collect(),
            Values::Ints(values) => values
                .iter()
                .take(5)
                .map(|value| format!("{value}"))
                .collect(),
        };
        match (self.len(), self.shape.is_empty()) {
            (_, true) => texts.concat(),
            (0..=4, _) => format!("[{}]", texts.join(", ")),
            _ => format!("[{}, …]", texts[..4].join(", ")),
        }
    }

    fn arity(&self, _given: usize) -> usize {
        0
    }

    fn rule(&self) -> &'static str {
        "constant has as many values as its shape says, of its dtype"
    }

    fn infer(&self, _inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        let elements = self
            .shape
            .iter()
            .try_fold(1usize, |product, size| product.checked_mul(*size));
        if elements != Some(self.len()) {
            let shape = Shape::new(self.shape.iter().map(|size| Dim::from(*size)).collect());
            return Err(Broken::new(format!(
                "{} values do not fill the shape {shape}",
                self.len()
            )));
        }
        if self.dtype.is_float() != matches!(self.values, Values::Floats(_)) {
            return Err(Broken::new(format!(
                "the values are not of the dtype {}",
                self.dtype
            )));
        }
        Ok(TensorType::new(self.dtype, self.shape.clone()))
    }

    fn moves(&self) -> bool {
        true
    }

    fn samples() -> Vec<Sample> {
        let halves = Constant {
            dtype: DType::F32,
            shape: vec![2],
            values: Values::Floats(vec![0.5, 1.5]),
        };
        vec![
            Sample {
                op: Constant::scalar(DType::F32, 2.0).into(),
                inputs: vec![],
            },
            Sample {
                op: halves.into(),
                inputs: vec![],
            },
        ]
    }
}

/// JSON knows no NaN and no infinities, so those are written as text.
mod floats {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Float {
        Number(f64),
        Text(String),
    }

    pub fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        let portable = values.iter().map(|value| {
            if value.is_finite() {
                Float::Number(*value)
            } else {
                Float::Text(value.to_string())
            }
        });
        serializer.collect_seq(portable)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        let portable = Vec::<Float>::deserialize(deserializer)?;
        let number = |float| match float {
            Float::Number(value) => Ok(value),
            Float::Text(text) => text.parse().map_err(serde::de::Error::custom),
        };
        portable.into_iter().map(number).collect()
    }
}
