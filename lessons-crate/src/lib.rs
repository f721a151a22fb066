//! Learn how a machine-learning graph compiler works by building one graph after another.
//!
//! Say *what* to compute ([`graph`]), let the compiler decide *how* ([`compile`]), run it *where*
//! you like ([`engine`]), and see all of it ([`figure`]). Read the crate in that order.

pub mod bench;
pub mod compile;
pub mod debug;
pub mod engine;
pub mod figure;
pub mod graph;
pub mod models;
pub mod nn;
pub mod notebook;
pub mod text;
pub mod train;
pub mod weights;

mod error;
mod interrupt;
mod nearest;

pub use candle_core::Tensor;
pub use error::{Error, Result};

/// What a notebook cell wants in scope.
pub mod prelude {
    /// candle's CPU, for making tensors: `Tensor::new(&[1f32, 2.0], &Cpu)?`.
    pub use candle_core::Device::Cpu;
    pub use candle_core::Tensor;

    pub use crate::bench;
    pub use crate::engine::{Device, Model, Plan, Session};
    pub use crate::error::{Error, Result};
    pub use crate::figure::{
        AttentionMaps, BarChart, BoxChart, ColorBy, Diagram, Direction, Distribution, Ecdf, Figure,
        FilmStrip, HeatMap, Images, IntervalChart, LineChart, LossCurve, Roofline, Show, Table,
        Timeline, TokenStrip,
    };
    pub use crate::graph::{
        Builder, Custom, DType, Dim, Graph, IntoShape, Shape, TensorType, Value, Window, concat,
        cond, f32s, i64s, stack, while_loop,
    };
    pub use crate::models::{Classification, Classifier};
    pub use crate::nn;
    pub use crate::notebook::{check, hint, widget};
    pub use crate::weights::Weights;
}
