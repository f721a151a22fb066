//! Attention alone: what a layer of a transformer does between its projections.

use crate::bench::error::BenchError;
use crate::graph::{Graph, f32s};
use crate::nn;

/// Queries, keys and values of `[batch, seq, width]` in, attended values of the same shape out, in `heads`
/// heads, without a mask.
///
/// # Errors
/// When the width cannot be shared out among the heads.
pub fn graph(width: usize, heads: usize) -> crate::Result<Graph> {
    if heads == 0 || width == 0 || !width.is_multiple_of(heads) {
        return Err(
            BenchError::new(format!("{heads} heads cannot share a width of {width}"))
                .help("width = 768 and heads = 12")
                .into(),
        );
    }
    let graph = Graph::build("attention", |g| {
        let [queries, keys, values] =
            ["queries", "keys", "values"].map(|name| g.input(name, f32s(("batch", "seq", width))));
        let mask = g.constant([0.0], ());
        let attended = nn::attention(queries, keys, values, mask, heads);
        g.output("y", attended.output);
    });
    Ok(graph?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Session;

    /// What is timed is the kernel of attention, not its separate steps.
    #[test]
    fn it_is_one_kernel() {
        let plan = Session::cpu().compile(&graph(64, 4).unwrap()).unwrap();
        assert_eq!(plan.report().after.kernels, 1, "{}", plan.graph());
    }

    #[test]
    fn heads_that_do_not_share_the_width_are_refused() {
        for (width, heads) in [(768, 7), (768, 0), (0, 12)] {
            let error = graph(width, heads).unwrap_err().to_string();
            assert!(error.contains("heads = 12"), "{error}");
        }
    }
}
