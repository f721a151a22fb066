//! Our weights in dfdx's layers, which carry their shapes in their types.
//!
//! In dfdx a wrong shape is a compile error; with weights from a file there has to be one moment at
//! which the file's shapes are checked against the types, and that is here.

/// dfdx itself: `use lessons::train::typed::dfdx::prelude::*;` in cells that have no `:dep` on it.
pub use dfdx;
use dfdx::nn::modules::Linear;
use dfdx::prelude::{BuildOnDevice, Cpu, DeviceBuildExt, TensorFrom};

use crate::weights::{Weights, WeightsError};

/// The linear layer `{prefix}` of these weights as one of dfdx: `IN` inputs, `OUT` outputs.
///
/// ```
/// use dfdx::prelude::{AsArray, Cpu, Module, Rank2, Tensor, TensorFrom};
/// use lessons::prelude::{Cpu as OnCpu, Tensor as Candle, Weights};
///
/// let weights = Weights::from([
///     ("fc.weight", Candle::new(&[[1f32, 2.0], [3.0, 4.0], [5.0, 6.0]], &OnCpu)?),
///     ("fc.bias", Candle::new(&[0.5f32, 0.0, 0.0], &OnCpu)?),
/// ]);
/// let layer = lessons::train::typed::linear::<2, 3>(&weights, "fc")?;
/// let x: Tensor<Rank2<1, 2>, f32, Cpu> = Cpu::default().tensor([[1.0, 1.0]]);
/// let y: Tensor<Rank2<1, 3>, f32, Cpu> = layer.forward(x);
/// assert_eq!(y.array(), [[3.5, 7.0, 11.0]]);
///
/// let error = lessons::train::typed::linear::<4, 3>(&weights, "fc").unwrap_err();
/// assert!(error.to_string().contains("[3, 2], and the type says [3, 4]"));
/// # Ok::<(), lessons::Error>(())
/// ```
///
/// # Errors
/// When a weight is missing or its shape is not the type's.
pub fn linear<const IN: usize, const OUT: usize>(
    weights: &Weights,
    prefix: &str,
) -> crate::Result<Linear<IN, OUT, f32, Cpu>>
where
    dfdx::nn::builders::Linear<IN, OUT>: BuildOnDevice<Cpu, f32, Built = Linear<IN, OUT, f32, Cpu>>,
{
    let cpu = Cpu::default();
    let mut layer = cpu.build_module::<dfdx::nn::builders::Linear<IN, OUT>, f32>();
    let weight = values(weights, &format!("{prefix}.weight"), &[OUT, IN])?;
    layer.weight = cpu.tensor((weight, (dfdx::shapes::Const, dfdx::shapes::Const)));
    let bias = values(weights, &format!("{prefix}.bias"), &[OUT])?;
    layer.bias = cpu.tensor((bias, (dfdx::shapes::Const,)));
    Ok(layer)
}

fn values(weights: &Weights, name: &str, shape: &[usize]) -> crate::Result<Vec<f32>> {
    let tensor = weights.get(name)?;
    if tensor.dims() != shape {
        return Err(WeightsError::new(format!(
            "`{name}` has the shape {:?}, and the type says {shape:?}",
            tensor.dims()
        ))
        .help("Linear<IN, OUT> holds a weight of shape [OUT, IN] and a bias of shape [OUT]")
        .into());
    }
    let flat = tensor.to_dtype(candle_core::DType::F32)?.flatten_all()?;
    Ok(flat.to_vec1()?)
}

#[cfg(test)]
mod tests {
    use dfdx::prelude::{AsArray, Module, Rank2, Tensor};

    use super::*;
    use crate::engine::Session;
    use crate::graph::{Graph, f32s};
    use crate::nn;

    #[test]
    fn the_typed_layer_computes_what_ours_computes() {
        let graph = Graph::build("linear", |g| {
            let x = g.input("x", f32s(("batch", 4)));
            g.output("y", nn::linear(g, "fc", x, 4, 2));
        })
        .unwrap();
        let weights = Weights::random(&graph, 7).unwrap();
        let rows = [[1.0f32, 2.0, 3.0, 4.0], [-1.0, 0.5, 0.0, -2.0], [0.0; 4]];
        let x = candle_core::Tensor::new(&rows, &candle_core::Device::Cpu).unwrap();
        let ours = Session::cpu()
            .load(&graph, &weights)
            .unwrap()
            .call(&x)
            .unwrap();

        let layer = linear::<4, 2>(&weights, "fc").unwrap();
        let x: Tensor<Rank2<3, 4>, f32, Cpu> = Cpu::default().tensor(rows);
        let typed = layer.forward(x).array();
        for (ours, typed) in ours
            .to_vec2::<f32>()
            .unwrap()
            .iter()
            .flatten()
            .zip(typed.iter().flatten())
        {
            assert!((ours - typed).abs() < 1e-6, "{ours} and {typed}");
        }
    }

    #[test]
    fn missing_and_misshapen_weights_are_named() {
        let error = linear::<4, 2>(&Weights::new(), "fc")
            .unwrap_err()
            .to_string();
        assert!(error.contains("`fc.weight`"), "{error}");
    }
}
