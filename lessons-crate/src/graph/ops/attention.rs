//! Scaled dot-product attention as one op.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample, Tolerance, broadcast_shapes, same_float};
use crate::graph::dim::Dim;
use crate::graph::error::Broken;
use crate::graph::shape::Shape;
use crate::graph::tensor_type::{TensorType, f32s};

/// `softmax(scale * q · kᵀ + mask) · v`, for each head by itself (Vaswani et al., 2017): what the
/// compiler makes of two products with a softmax between them, so that the scores of a head are
/// never written to memory. Inputs: q, k, v and, if there is one, the mask, which is added to the
/// scores and broadcasts to them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Attention {
    pub heads: Heads,
    pub scale: f64,
    pub mask: bool,
}

/// Where the heads of an attention are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heads {
    /// Side by side in the last axis: `[.., seq, heads * size]`.
    Joined(usize),
    /// Each in a matrix of its own, or there is one only: `[.., seq, size]`.
    Apart,
}

impl Attention {
    /// The shape of the scores: `[.., heads, queries, keys]`, without the axis of heads where they
    /// are apart.
    pub fn scores(&self, queries: &Shape, keys: &Shape) -> Option<Shape> {
        let (rows, columns) = (queries.rank().checked_sub(2)?, keys.rank().checked_sub(2)?);
        let mut dims = queries[..rows].to_vec();
        if let Heads::Joined(heads) = self.heads {
            dims.push(heads.into());
        }
        dims.extend([queries[rows].clone(), keys[columns].clone()]);
        Some(Shape::new(dims))
    }
}

impl OpDef for Attention {
    fn name(&self) -> &str {
        "attention"
    }

    fn attributes(&self) -> String {
        let heads = match self.heads {
            Heads::Joined(heads) => format!("heads={heads}, "),
            Heads::Apart => String::new(),
        };
        let mask = if self.mask { ", mask" } else { "" };
        format!("{heads}scale={}{mask}", self.scale)
    }

    fn arity(&self, _given: usize) -> usize {
        3 + usize::from(self.mask)
    }

    fn rule(&self) -> &'static str {
        "attention(q: [.., s, h*d], k: [.., t, h*d], v: [.., t, h*e], mask) -> [.., s, h*e]; the mask broadcasts to [.., h, s, t]"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        let (q, k, v) = (&inputs[0].shape, &inputs[1].shape, &inputs[2].shape);
        let rank = q.rank();
        if rank < 2 || k.rank() != rank || v.rank() != rank {
            return Err(Broken::new(
                "queries, keys and values have the same number of axes, two or more",
            ));
        }
        let outer = &q[..rank - 2];
        if k[..rank - 2] != *outer || v[..rank - 2] != *outer {
            return Err(Broken::new(format!(
                "{{0}}, {{1}} and {{2}} differ before their last two axes: {q}, {k}, {v}"
            )));
        }
        if q[rank - 1] != k[rank - 1] {
            return Err(Broken::new(format!(
                "the queries {{0}} are {} wide and the keys {{1}} {}",
                q[rank - 1],
                k[rank - 1]
            )));
        }
        if k[rank - 2] != v[rank - 2] {
            return Err(Broken::new(format!(
                "there are {} keys {{1}} and {} values {{2}}",
                k[rank - 2],
                v[rank - 2]
            )));
        }
        if let Heads::Joined(heads) = self.heads {
            let divides = |dim: &Dim| heads > 0 && dim.div_exact(&Dim::from(heads)).is_some();
            if !divides(&q[rank - 1]) || !divides(&v[rank - 1]) {
                return Err(Broken::new(format!(
                    "{heads} heads cannot share {} and {} evenly",
                    q[rank - 1],
                    v[rank - 1]
                )));
            }
        }
        if let (true, Some(scores)) = (self.mask, self.scores(q, k)) {
            let mask = &inputs[3].shape;
            if broadcast_shapes(mask, &scores)? != scores {
                return Err(Broken::new(format!(
                    "the mask {{3}} of shape {mask} does not broadcast to the scores {scores}"
                )));
            }
        }
        same_float(inputs)?;
        let mut dims = q[..rank - 1].to_vec();
        dims.push(v[rank - 1].clone());
        Ok(TensorType {
            dtype: inputs[0].dtype,
            shape: Shape::new(dims),
        })
    }

    /// Two products, and seven operations on each score: scale, mask, and softmax's five.
    fn flops(&self, inputs: &[&TensorType], output: &TensorType) -> Dim {
        let (q, k) = (&inputs[0].shape, &inputs[1].shape);
        let keys = k[k.rank() - 2].clone();
        let scores = self
            .scores(q, k)
            .map_or(Dim::constant(0), |scores| scores.elements());
        let products = (q.elements() + output.shape.elements()) * keys * Dim::constant(2);
        products + scores * Dim::constant(6 + i64::from(self.mask))
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::ACCUMULATED
    }

    fn samples() -> Vec<Sample> {
        let joined = Attention {
            heads: Heads::Joined(2),
            scale: 0.5,
            mask: true,
        };
        let apart = Attention {
            heads: Heads::Apart,
            scale: 1.0,
            mask: false,
        };
        let wide = f32s(("batch", "n", 8));
        vec![
            Sample {
                op: joined.into(),
                inputs: vec![wide.clone(), wide.clone(), wide, f32s(("batch", 1, 1, "n"))],
            },
            Sample {
                op: apart.into(),
                inputs: vec![f32s((3, 4)), f32s(("n", 4)), f32s(("n", 2))],
            },
        ]
    }
}
