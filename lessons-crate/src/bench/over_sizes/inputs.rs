//! What a graph is timed on: random inputs of each size of its one symbolic dim.

use candle_core::{DType, Device, Tensor};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::bench::error::BenchError;
use crate::graph::{Bindings, Graph};
use crate::weights::to_candle;

/// Inputs by name.
pub type Inputs = Vec<(String, Tensor)>;

/// The one symbolic dim of a graph's inputs.
///
/// # Errors
/// When there is none, or more than one.
pub fn only_symbol(graph: &Graph) -> Result<String, BenchError> {
    let mut symbols: Vec<String> = Vec::new();
    for (_, node) in graph.inputs() {
        for symbol in node.ty.shape.iter().flat_map(|dim| dim.symbols()) {
            if !symbols.iter().any(|known| known == symbol) {
                symbols.push(symbol.to_owned());
            }
        }
    }
    match symbols.as_slice() {
        [symbol] => Ok(symbol.clone()),
        [] => Err(
            BenchError::new(format!("{} has no symbolic dim to vary", graph.name()))
                .help("declare an input with a name for a dim: f32s((\"n\",))"),
        ),
        several => Err(BenchError::new(format!(
            "{} has {} symbolic dims: {}",
            graph.name(),
            several.len(),
            several.join(", ")
        ))
        .help("over_sizes_with(…, |size| …), which makes the inputs for each size")),
    }
}

/// Inputs of a size: floats between -1 and 1, of the same seed for the same size, and ones for other dtypes.
///
/// # Errors
/// When an input has no shape at this size, or candle cannot make a tensor.
pub fn random_inputs(graph: &Graph, symbol: &str, size: usize) -> crate::Result<Inputs> {
    let bindings = Bindings::from_iter([(symbol.to_owned(), size)]);
    let mut generator = StdRng::seed_from_u64(size as u64);
    let mut inputs = Vec::new();
    for (name, node) in graph.inputs() {
        let shape = node.ty.shape.bind(&bindings).ok_or_else(|| {
            BenchError::new(format!(
                "the input `{name}` has no shape where {symbol} is {size}"
            ))
        })?;
        let tensor = if node.ty.dtype.is_float() {
            let values: Vec<f32> = (0..shape.iter().product())
                .map(|_| generator.random_range(-1.0..1.0))
                .collect();
            Tensor::from_vec(values, shape, &Device::Cpu)?
        } else {
            Tensor::ones(shape, DType::U32, &Device::Cpu)?
        };
        inputs.push((name.to_owned(), tensor.to_dtype(to_candle(node.ty.dtype))?));
    }
    Ok(inputs)
}
