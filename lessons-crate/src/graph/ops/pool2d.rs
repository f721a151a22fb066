//! Pooling of images.

use serde::{Deserialize, Serialize};

use super::{OpDef, Sample, Tolerance, Window, same_float};
use crate::graph::dim::Dim;
use crate::graph::error::Broken;
use crate::graph::shape::Shape;
use crate::graph::tensor_type::{TensorType, f32s};

/// What is computed of what a window covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolKind {
    /// The largest element, NaN if one is. Padding does not count; of padding alone it is −∞.
    Max,
    /// The mean, with padding as zeros.
    Mean,
    /// The mean of those that are no padding; NaN without any.
    MeanInside,
}

/// The largest element or the mean of what a window covers, in each channel by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool2d {
    pub kind: PoolKind,
    pub window: Window,
}

impl OpDef for Pool2d {
    fn name(&self) -> &str {
        match self.kind {
            PoolKind::Max => "max_pool2d",
            PoolKind::Mean | PoolKind::MeanInside => "avg_pool2d",
        }
    }

    fn attributes(&self) -> String {
        let inside = match self.kind {
            PoolKind::MeanInside => ", padding not counted",
            PoolKind::Max | PoolKind::Mean => "",
        };
        format!("{}{inside}", self.window)
    }

    fn arity(&self, _given: usize) -> usize {
        1
    }

    fn rule(&self) -> &'static str {
        "pool2d(x: [batch, c, h, w]) -> [batch, c, positions], with positions = (size + padding - dilation·(window - 1) - 1) / stride + 1"
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, Broken> {
        let x = inputs[0];
        let [rows, columns] = self.window.positions(x)?;
        same_float(inputs)?;
        Ok(TensorType {
            dtype: x.dtype,
            shape: Shape::new(vec![x.shape[0].clone(), x.shape[1].clone(), rows, columns]),
        })
    }

    fn flops(&self, _inputs: &[&TensorType], output: &TensorType) -> Dim {
        output.shape.elements() * Dim::from(self.window.area())
    }

    fn tolerance(&self) -> Tolerance {
        match self.kind {
            PoolKind::Max => Tolerance::EXACT,
            PoolKind::Mean | PoolKind::MeanInside => Tolerance::ACCUMULATED,
        }
    }

    fn samples() -> Vec<Sample> {
        let padded = Window {
            padding: [[1, 0], [1, 2]],
            ..Window::of([3, 2]).stride([2, 1]).dilation([1, 2])
        };
        let kinds = [PoolKind::Max, PoolKind::Mean, PoolKind::MeanInside].into_iter();
        let samples = kinds.flat_map(|kind| {
            [
                (Window::tiles(2), f32s(("n", 3, 4, 6))),
                (padded, f32s(("batch", 2, 5, "n"))),
            ]
            .map(|(window, ty)| Sample {
                op: Pool2d { kind, window }.into(),
                inputs: vec![ty],
            })
        });
        samples.collect()
    }
}
