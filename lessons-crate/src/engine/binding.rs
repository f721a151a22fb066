//! Checks what a run is given against what the graph declares, and learns the symbolic dims.

use std::collections::BTreeMap;

use candle_core::Tensor;

use super::error::RunError;
use crate::graph::{Bindings, Dim, Graph, TensorType};
use crate::weights::to_candle;

/// What the symbols stand for, given the inputs of a run.
///
/// # Errors
/// When an input is missing, unknown, of another dtype or of a shape that does not fit, with the
/// input that fixed a symbol where two disagree.
pub fn bind(graph: &Graph, inputs: &BTreeMap<&str, &Tensor>) -> Result<Bindings, RunError> {
    check_names(graph, inputs)?;
    for (name, node) in graph.inputs() {
        if let Some(tensor) = inputs.get(name) {
            check_dtype(name, &node.ty, tensor)?;
        }
    }
    sizes(graph, inputs)
}

/// What the symbols stand for, whatever the dtypes are.
///
/// # Errors
/// When a shape does not fit.
pub fn sizes(graph: &Graph, inputs: &BTreeMap<&str, &Tensor>) -> Result<Bindings, RunError> {
    let mut bindings = Bindings::new();
    let mut fixed_by: BTreeMap<String, &str> = BTreeMap::new();
    for (name, node) in graph.inputs() {
        let Some(tensor) = inputs.get(name) else {
            continue;
        };
        let dims = tensor.dims();
        if dims.len() != node.ty.rank() {
            return Err(misfit(name, &node.ty, dims, String::new()));
        }
        for (dim, size) in node.ty.shape.iter().zip(dims) {
            if let Some(symbol) = dim.as_symbol() {
                if let Some(known) = bindings.get(symbol) {
                    if known != size {
                        let first = fixed_by.get(symbol).copied().unwrap_or_default();
                        let why = format!(", and `{first}` says that {symbol} is {known}");
                        return Err(misfit(name, &node.ty, dims, why));
                    }
                } else {
                    bindings.insert(symbol.to_owned(), *size);
                    fixed_by.insert(symbol.to_owned(), name);
                }
            }
        }
    }
    check_compound(graph, inputs, &bindings)?;
    Ok(bindings)
}

/// Checks the dims that are not single symbols, once all symbols are known.
fn check_compound(
    graph: &Graph,
    inputs: &BTreeMap<&str, &Tensor>,
    bindings: &Bindings,
) -> Result<(), RunError> {
    for (name, node) in graph.inputs() {
        let Some(tensor) = inputs.get(name) else {
            continue;
        };
        for (dim, size) in node.ty.shape.iter().zip(tensor.dims()) {
            if dim.bind(bindings) != Some(*size) {
                let why = unbound(dim, bindings).unwrap_or_default();
                return Err(misfit(name, &node.ty, tensor.dims(), why));
            }
        }
    }
    Ok(())
}

fn unbound(dim: &Dim, bindings: &Bindings) -> Option<String> {
    let symbol = dim
        .symbols()
        .into_iter()
        .find(|symbol| !bindings.contains_key(*symbol))?;
    Some(format!(", and no input has {symbol} as a dim of its own"))
}

fn misfit(name: &str, ty: &TensorType, dims: &[usize], why: String) -> RunError {
    RunError::new(format!(
        "the input `{name}` is declared as {ty} and was given the shape {dims:?}{why}"
    ))
    .help(format!("a tensor of shape {}", ty.shape))
}

fn check_names(graph: &Graph, inputs: &BTreeMap<&str, &Tensor>) -> Result<(), RunError> {
    let declared: Vec<&str> = graph.inputs().map(|(name, _)| name).collect();
    let list = || {
        declared
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    if let Some(missing) = declared.iter().find(|name| !inputs.contains_key(*name)) {
        return Err(
            RunError::new(format!("the input `{missing}` is missing")).help(format!(
                "give all inputs of {}: {}",
                graph.name(),
                list()
            )),
        );
    }
    if let Some(unknown) = inputs.keys().find(|name| !declared.contains(name)) {
        let help = if declared.is_empty() {
            "give it none".to_owned()
        } else {
            format!("its inputs are {}", list())
        };
        return Err(RunError::new(format!("{} has no input `{unknown}`", graph.name())).help(help));
    }
    Ok(())
}

fn check_dtype(name: &str, ty: &TensorType, tensor: &Tensor) -> Result<(), RunError> {
    let wanted = to_candle(ty.dtype);
    if tensor.dtype() == wanted {
        return Ok(());
    }
    let given = tensor.dtype().as_str();
    Err(RunError::new(format!(
        "the input `{name}` is declared as {ty} and was given {given}"
    ))
    .help(format!(
        "a tensor of {}: {name}.to_dtype(candle_core::DType::{wanted:?})?",
        ty.dtype
    )))
}
